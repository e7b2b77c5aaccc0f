"""Example values of JSON schemas: the echo answers with them where a run wants a call or an object, without a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._typing import is_array, is_object

# Levels that an example goes down; schemas that hold themselves would go on for ever.
_DEPTH = 12
# Items that an example list has at the most, whatever `minItems` says.
_ITEMS = 64
_WORDS: Mapping[str, str] = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "user@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


def example_of(schema: object) -> Any:
    """Return the simplest value that a schema allows: its own example, else what its type and bounds say.

    Every property is there, required or not, so that a reader sees the whole shape. `pattern`, `not` and conditions
    are not read.
    """
    return _example(schema, schema, _DEPTH)


def _example(schema: object, root: object, depth: int) -> Any:
    if not is_object(schema) or depth == 0:
        return None
    for name in ("const", "default"):
        if name in schema:
            return schema[name]
    for name in ("enum", "examples"):
        if is_array(schema.get(name)) and schema[name]:
            return schema[name][0]
    if isinstance(schema.get("$ref"), str):
        return _example(_resolved(schema["$ref"], root), root, depth - 1)
    for name in ("anyOf", "oneOf"):
        if is_array(schema.get(name)) and schema[name]:
            return _example(_first(schema[name]), root, depth - 1)
    if is_array(schema.get("allOf")):
        return _example(_joined(schema, root), root, depth - 1)
    return _typed(schema, root, depth)


def _typed(schema: Mapping[str, Any], root: object, depth: int) -> Any:
    guess = "object" if "properties" in schema else "array" if "items" in schema else "string"
    kind: object = schema.get("type", guess)
    if is_array(kind):
        # A value shows the reader more than null does.
        kind = next((one for one in kind if one != "null"), "null")
    match kind:
        case "object":
            properties: object = schema.get("properties")
            pairs = properties.items() if is_object(properties) else ()
            return {name: _example(inner, root, depth - 1) for name, inner in pairs}
        case "array":
            # One at the least, so that a reader sees the shape of an item.
            count = min(max(_bound(schema, "minItems", 1), 1), _ITEMS)
            return [_example(schema.get("items", {}), root, depth - 1)] * count
        case "integer" | "number":
            return _number(schema, whole=kind == "integer")
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return _string(schema)


def _number(schema: Mapping[str, Any], *, whole: bool) -> float:
    step = schema.get("multipleOf", 1)
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and isinstance(schema.get("exclusiveMinimum"), (int, float)):
        low = schema["exclusiveMinimum"] + (1 if whole else 0.5)
    if high is None and isinstance(schema.get("exclusiveMaximum"), (int, float)):
        high = schema["exclusiveMaximum"] - (1 if whole else 0.5)
    value: float = step if isinstance(step, (int, float)) and step else 1
    if isinstance(low, (int, float)) and value < low:
        value = low if step == 1 else -(-low // step) * step
    if isinstance(high, (int, float)) and value > high:
        value = high if step == 1 else high // step * step
    return int(value) if whole else value


def _string(schema: Mapping[str, Any]) -> str:
    text = _WORDS.get(schema.get("format", ""), "example")
    least, most = _bound(schema, "minLength", 0), _bound(schema, "maxLength", len(text))
    # A bound: a schema may want a text of any length.
    return text.ljust(min(least, 1000), "e")[: max(most, least)]


def _bound(schema: Mapping[str, Any], name: str, default: int) -> int:
    value: object = schema.get(name)
    return value if isinstance(value, int) else default


def _resolved(reference: str, root: object) -> object:
    """Find the schema that a reference inside of the document names; None for any other reference."""
    found = root
    for part in reference.removeprefix("#").strip("/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if key:
            found = found.get(key) if is_object(found) else None
    return found if reference.startswith("#") else None


def _first(schemas: list[Any]) -> object:
    """Return the first of some schemas that is not null's."""
    return next((one for one in schemas if not (is_object(one) and one.get("type") == "null")), schemas[0])


def _joined(schema: Mapping[str, Any], root: object) -> dict[str, Any]:
    """Make one schema out of those that must all hold."""
    joined: dict[str, Any] = {name: value for name, value in schema.items() if name != "allOf"}
    for part in schema["allOf"]:
        resolved = _resolved(part["$ref"], root) if is_object(part) and isinstance(part.get("$ref"), str) else part
        if is_object(resolved):
            properties: dict[str, Any] = {**(joined.get("properties") or {}), **(resolved.get("properties") or {})}
            joined = {**joined, **resolved, **({"properties": properties} if properties else {})}
    return joined
