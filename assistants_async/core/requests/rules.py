"""Rules in words: the values that a vocabulary allows, and the place of a value that is no JSON."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from ..._typing import is_mapping, is_sequence

_PLAIN = (float, bool, bytes, type(None))


def in_words(rule: str, params: Any, path: str) -> str:
    """Put a rule of msgspec's into words that the value can follow: `expected 'user' or 'assistant'`."""
    if rule.startswith(("invalid enum value", "invalid value")):
        allowed = dict.fromkeys(_literals(params, re.findall(r"[^.\[\]]+", path)))
        if allowed:
            *first, last = map(repr, allowed)
            return f"expected {', '.join(first)} or {last}" if first else f"expected {last}"
    # The value follows anyway: "expected `str`, got `int`, not 5" would say "not" twice.
    return rule.partition(", got `")[0]


def unencodable(values: Any) -> tuple[str, object] | None:
    """Find the first value that is no JSON, and the path to it; None where there is none."""
    waiting: list[tuple[str, Any, int]] = [("", values, 0)]
    while waiting:
        path, value, depth = waiting.pop()
        if depth > _DEEPEST and (is_mapping(value) or is_sequence(value)):
            return path, value
        if is_mapping(value):
            half = next((key for key in value if not _encodes(key)), None)
            if half is not None:
                return path or "arguments", half
            inner = [(f"{path}.{key}" if path else str(key), item, depth + 1) for key, item in value.items()]
            waiting += reversed(inner)
        elif is_sequence(value):
            waiting += reversed([(f"{path}[{place}]", item, depth + 1) for place, item in enumerate(value)])
        elif isinstance(value, msgspec.Struct) and value.__struct_fields__ and not _encodes(value):
            members = [(name, getattr(value, name)) for name in value.__struct_fields__]
            set_ones = [(f"{path}.{name}", item, depth + 1) for name, item in members if item is not msgspec.UNSET]
            waiting += reversed(set_ones)
        elif not isinstance(value, _PLAIN) and not _encodes(value):
            return path, value
    return None


_DEEPEST = 512
"""Levels after which a value is taken for one that contains itself."""


def _encodes(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError):
        return False
    return True


def _literals(annotation: Any, steps: list[str]) -> Iterator[object]:
    """The values of all `Literal`s at the end of a path through TypedDicts, lists, maps and unions."""
    origin = get_origin(annotation)
    if origin in (Annotated, NotRequired, Required):
        yield from _literals(get_args(annotation)[0], steps)
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _literals(member, steps)
    elif origin is Literal:
        if not steps:
            yield from get_args(annotation)
    elif steps and hasattr(annotation, "__required_keys__"):
        yield from _literals(get_type_hints(annotation, include_extras=True).get(steps[0]), steps[1:])
    elif steps and isinstance(origin, type) and get_args(annotation):
        # A list goes on in its items, a map in its values; of an item its place is a step.
        yield from _literals(get_args(annotation)[-1 if issubclass(origin, Mapping) else 0], steps[1:])
    elif steps and isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        yield from _of_struct(annotation, steps)


def _of_struct(kind: type[msgspec.Struct], steps: list[str]) -> Iterator[object]:
    config = kind.__struct_config__
    if steps == [config.tag_field] and config.tag is not None:
        yield config.tag
    else:
        yield from _literals(get_type_hints(kind, include_extras=True).get(steps[0]), steps[1:])
