"""Reading a model by path, and describing it, for code that gets the names at run time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from .._typing import is_array, is_object, is_sequence
from .decoding import EXTRA

Path = str | Sequence[str | int]
"""`"data[0].id"`, `"data.0.id"` or `("data", 0, "id")`."""

_STEP = r"[^.\[\]]+"


def find(value: Any, path: Path) -> Any:
    """Follow a path through models, mappings and lists; a name applied to a list maps over its items.

    Raises `LookupError` naming the step that leads nowhere.
    """
    steps: list[str | int] = list(re.findall(_STEP, path)) if isinstance(path, str) else list(path)
    for place, step in enumerate(steps):
        if is_sequence(value) and not _is_index(step):
            rest = steps[place:]
            return tuple(find(item, rest) for item in value)
        value = _step(value, step, path)
    return value


def holds(value: Any, path: Path) -> bool:
    """Check whether the path leads to a value that is not None (for a list mapped over: to at least one)."""
    try:
        found = find(value, path)
    except LookupError:
        return False
    if is_sequence(found) and found:
        return any(item is not None for item in found)
    return found is not None


def _is_index(step: str | int) -> bool:
    return isinstance(step, int) or step.lstrip("-").isdigit()


def _step(value: Any, step: str | int, path: Path) -> Any:
    try:
        if is_sequence(value):
            return value[int(step)]
        if is_object(value) and isinstance(step, str):
            return value[step]
        if isinstance(value, msgspec.Struct):
            if step in value.__struct_fields__:
                return getattr(value, str(step))
            return getattr(value, "extra", {})[step]
    except (IndexError, KeyError, ValueError):
        pass
    raise LookupError(f"no {step!r} on the way of {path!r} in {type(value).__name__}")


def inlined_schema(model: type) -> dict[str, Any]:
    """JSON schema of a model without references, for other schema makers to embed."""
    (schema,), components = msgspec.json.schema_components([model], ref_template="{name}")

    def inline(node: Any, seen: tuple[str, ...] = ()) -> Any:
        if is_array(node):
            return [inline(item, seen) for item in node]
        if not is_object(node):
            return node
        name = node.get("$ref")
        if name == "Unknown":  # its tag is no server's
            return {"type": "object"}
        if isinstance(name, str):
            return {} if name in seen else inline(components[name], (*seen, name))
        return {key: inline(item, seen) for key, item in node.items() if key not in ("discriminator", EXTRA)}

    inlined: dict[str, Any] = inline(schema)
    return inlined
