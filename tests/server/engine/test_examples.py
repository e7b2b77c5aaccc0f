"""Example values of JSON schemas."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from assistants_async.server.engine.examples import example_of

SCHEMAS: dict[str, tuple[Any, Any]] = {
    "text": ({"type": "string"}, "example"),
    "a long text": ({"type": "string", "minLength": 9}, "exampleee"),
    "a short text": ({"type": "string", "maxLength": 2}, "ex"),
    "a date": ({"type": "string", "format": "date"}, "2026-01-01"),
    "a whole number": ({"type": "integer"}, 1),
    "from a number on": ({"type": "integer", "minimum": 5}, 5),
    "above a number": ({"type": "integer", "exclusiveMinimum": 5}, 6),
    "up to a number": ({"type": "number", "maximum": -2}, -2),
    "below a number": ({"type": "integer", "exclusiveMaximum": 0}, -1),
    "a multiple": ({"type": "integer", "minimum": 7, "multipleOf": 5}, 10),
    "true or false": ({"type": "boolean"}, True),
    "null": ({"type": "null"}, None),
    "a value or null": ({"type": ["null", "integer"]}, 1),
    "an enumeration": ({"enum": ["b", "a"]}, "b"),
    "a constant": ({"const": 7}, 7),
    "a default": ({"type": "string", "default": "x"}, "x"),
    "its own example": ({"type": "string", "examples": ["Oslo"]}, "Oslo"),
    "a list": ({"type": "array", "items": {"type": "integer"}, "minItems": 2}, [1, 1]),
    "a list of anything": ({"type": "array"}, ["example"]),
    "an object": ({"type": "object", "properties": {"a": {"type": "integer"}, "b": {}}}, {"a": 1, "b": "example"}),
    "an object without a type": ({"properties": {"a": {"type": "integer"}}}, {"a": 1}),
    "one of several": ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, 1),
    "all of several": (
        {
            "allOf": [{"$ref": "#/$defs/a"}, {"properties": {"y": {"const": 2}}}],
            "$defs": {"a": {"properties": {"x": {"const": 1}}}},
        },
        {"x": 1, "y": 2},
    ),
    "a reference": ({"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"const": 1}}}, 1),
    "a reference elsewhere": ({"$ref": "https://x/y"}, None),
    "no schema": (True, None),
}


@pytest.mark.parametrize(("schema", "wanted"), SCHEMAS.values(), ids=SCHEMAS)
def test_examples(schema: Any, wanted: Any) -> None:
    """Each schema has this simplest value."""
    assert example_of(schema) == wanted


def test_a_recursive_schema_ends() -> None:
    """Its example has some levels, and ends."""
    schema = {"$ref": "#/$defs/n", "$defs": {"n": {"properties": {"next": {"$ref": "#/$defs/n"}}}}}
    assert json.dumps(example_of(schema)).count("next") < 12


class City(msgspec.Struct):
    name: str
    people: int
    founded: int | None
    kind: str = "city"


def test_an_example_decodes_to_its_type() -> None:
    """The example of a Struct's schema is one of the Struct."""
    assert msgspec.convert(example_of(msgspec.json.schema(City)), City) == City("example", 1, 1, "city")
