"""The check of a strict server: strings and types that no document has, in members whose vocabulary servers may extend.

The client sends such values as they are, since servers have words of their own; so a misspelt one, such as the tool
type `funtion`, passes everywhere until a real server refuses it.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from functools import cache
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from ..._typing import is_array, is_object
from ...core.requests.endpoint import Endpoint, ProtocolVersion
from ...errors import did_you_mean, printable
from ...models.hosted_calls import HostedCall
from ...models.unions import Unknown
from ..engine.turn import Dialect
from ..errors import invalid
from ..storage.documents import TOOL_TYPES

# Members that may be a word or an object: their types say `str`, since msgspec takes no literals beside structs.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "tool_choice": ("none", "auto", "required"),
    "response_format": ("auto", "none"),
}
_MARKS = (Annotated, Required, NotRequired)
_FOUNDRYS = tuple(str(each.__struct_config__.tag) for each in get_args(HostedCall))
"""Foundry's own tools."""


class _Union(NamedTuple):
    """A member of a request, as far as it has words: the types that its value may have."""

    words: tuple[str, ...]
    is_open: bool
    """True where other words are taken than these."""
    tagged: Mapping[str, Any]
    """The types of its objects, by their `type`."""
    others: tuple[Any, ...]
    """The types of its objects without one, its lists and its maps."""


def check_words(
    endpoint: Endpoint[Any, Any], values: Mapping[str, Any], protocol: ProtocolVersion, dialect: Dialect | None
) -> None:
    """Raise the 400 for the first word in a request that no document has."""
    if endpoint.params is None:
        return
    more = _FOUNDRYS if dialect == "foundry" else ()
    for path, given, known in _unknown(endpoint.params, values, "", more):
        # The name that the other version has for the search tool is no hint here.
        words = [word for word in known if word not in TOOL_TYPES[protocol]]
        hint, shown = did_you_mean(given, words) or ".", printable(given, 80)
        text = f"Invalid value: '{shown}'{hint} Supported values are: {', '.join(map(repr, words))}."
        raise invalid(text, path, "invalid_value")


def _unknown(kind: Any, value: Any, path: str, more: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield the words that are not known, each with its path and the words that are."""
    union = _union(kind, path.rpartition(".")[2])
    if isinstance(value, str):
        known = (*union.words, *more) if path.endswith("tool_choice.type") else union.words
        if union.is_open and union.words and value not in known:
            yield path, value, known
    elif is_array(value):
        for inner in filter(_is_list, union.others):
            for place, item in enumerate(value):
                yield from _unknown(get_args(inner)[0], item, f"{path}[{place}]", more)
    elif is_object(value):
        yield from _in_object(union, value, path, more)


def _in_object(
    union: _Union, value: dict[str, Any], path: str, more: tuple[str, ...]
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    kinds = union.others
    if union.tagged:
        tag = str(value.get("type"))
        known = (*union.tagged, *(more if "function" in union.tagged else ()))
        if tag not in known:
            yield f"{path}.type", tag, known
        kinds = (*kinds, union.tagged.get(tag))
    for kind in kinds:
        for name, inner in _members(kind).items():
            if name in value:
                yield from _unknown(inner, value[name], f"{path}.{name}" if path else name, more)


def _is_list(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and not issubclass(origin, Mapping)


@cache
def _union(kind: Any, name: str) -> _Union:
    words: list[str] = []
    is_open = False
    tagged: dict[str, Any] = {}
    others: list[Any] = []
    for member in _flat(kind):
        if get_origin(member) is Literal:
            words += get_args(member)
        elif member is str:
            is_open = True
        elif isinstance(member, type) and issubclass(member, msgspec.Struct) and member.__struct_config__.tag:
            # The open end of the union, which has no word of its own.
            if member is not Unknown:
                tagged[str(member.__struct_config__.tag)] = member
        elif member is not type(None):
            others.append(member)
    return _Union(tuple(words or _WORDS.get(name, ())), is_open, tagged, tuple(others))


def _flat(kind: Any) -> Iterator[Any]:
    """Yield the members of a union, or the type itself, without marks."""
    origin = get_origin(kind)
    if origin in _MARKS:
        yield from _flat(get_args(kind)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(kind):
            yield from _flat(member)
    else:
        yield kind


@cache
def _members(kind: Any) -> Mapping[str, Any]:
    """Return the types of an object's members; none for what is no object of the documents."""
    if not (hasattr(kind, "__required_keys__") or hasattr(kind, "__struct_fields__")):
        return {}
    return get_type_hints(kind, include_extras=True)
