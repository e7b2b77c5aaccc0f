"""JSON schemas of types, plain and strict, and answers decoded by them."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Literal, NamedTuple, Optional, Required, TypedDict

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from assistants_async.errors import AnswerDecodeError
from assistants_async.tools import answer_format, schema_of
from assistants_async.tools.schema import decoded


class Unit(Enum):
    """Of temperature."""

    C = "celsius"
    F = "fahrenheit"


class Level(IntEnum):
    """A degree of pain."""

    LOW = 1
    HIGH = 2


class Point(msgspec.Struct):
    """A place on the map."""

    x: float
    y: Annotated[float, Meta(ge=0, description="Upwards")] = 2.0


class Node(msgspec.Struct):
    """A tree."""

    value: int
    left: Optional[Node] = None  # noqa: UP045  msgspec resolves it in 3.11
    kids: list[Node] = []


class Cat(msgspec.Struct, tag="cat"):
    """Meows."""

    lives: int = 9


class Dog(msgspec.Struct, tag="dog"):
    """Barks."""

    name: str = "Rex"


@dataclass
class Order:
    """An order."""

    item: str
    tags: list[str] = field(default_factory=list)


class Note(TypedDict, total=False):
    """A note."""

    text: Required[str]
    title: str


class Pair(NamedTuple):
    """Two places."""

    a: int
    b: str = "b"


class Maybe(msgspec.Struct):
    """Members that may be left out, some of which may be null."""

    gone: int | UnsetType = UNSET
    null: int | None = 5
    choice: Literal["a", None] = "a"  # noqa: PYI061  another type than that with `|`
    anything: Any = 3
    limited: Annotated[Annotated[int, Meta(ge=0)] | None, Meta(description="d")] = 7


ONE_OF = Literal["a", 1, None]  # noqa: PYI061  another type than that with `|`
NULL = {"type": "null"}
POINT = {
    "type": "object",
    "description": "A place on the map.",
    "properties": {
        "x": {"type": "number"},
        "y": {
            "description": "Upwards (at least 0; default 2.0)",
            "anyOf": [{"type": "number"}, NULL],
        },
    },
    "required": ["x", "y"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (None, NULL),
        (int | None, {"anyOf": [{"type": "integer"}, NULL]}),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        (Literal["b", "a"], {"enum": ["a", "b"], "type": "string"}),
        (ONE_OF, {"enum": [None, 1, "a"], "type": ["integer", "null", "string"]}),
        (Unit, {"description": "Of temperature.", "enum": ["celsius", "fahrenheit"], "type": "string"}),
        (Level, {"description": "A degree of pain.", "enum": [1, 2], "type": "integer"}),
        (list[int], {"type": "array", "items": {"type": "integer"}}),
        (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (set[int], {"type": "array", "items": {"type": "integer"}, "description": "no item twice"}),
        (dt.date, {"type": "string", "description": "format date"}),
        (uuid.UUID, {"type": "string", "description": "format uuid"}),
        (Decimal, {"type": "string", "description": "format decimal"}),
        (bytes, {"type": "string", "description": "base64 encoded"}),
        (
            Annotated[str, Meta(pattern="^a", max_length=3, title="T")],
            {"type": "string", "description": "matches ^a; at most 3 characters"},
        ),
        (
            Annotated[int, Meta(description="d", gt=1, lt=9, multiple_of=2)],
            {"type": "integer", "description": "d (more than 1; less than 9; a multiple of 2)"},
        ),
        (
            Annotated[list[int], Meta(min_length=1, max_length=2)],
            {"type": "array", "items": {"type": "integer"}, "description": "at least 1 items; at most 2 items"},
        ),
        (Point, POINT),
        (
            Annotated[Point, Meta(description="where")],
            {"description": "where", "anyOf": [{"$ref": "#/$defs/Point"}], "$defs": {"Point": POINT}},
        ),
    ],
    ids=str,
)
def test_strict_schemas_have_common_keywords_only(kind: Any, schema: dict[str, Any]) -> None:
    """Limits are in the description; objects are closed, and all their members required."""
    assert schema_of(kind, strict=True) == schema


def test_plain_schemas_keep_limits_and_defaults() -> None:
    """In the keywords of JSON schema, and optional members are not required."""
    schema = schema_of(Point)
    assert schema["properties"]["y"] == {"description": "Upwards", "type": "number", "minimum": 0, "default": 2.0}
    assert schema["required"] == ["x"]
    assert "additionalProperties" not in schema


def test_a_recursive_type_refers_to_itself() -> None:
    """From the root, too, which is no reference itself."""
    schema = schema_of(Node, strict=True)
    assert schema["properties"]["left"] == {"anyOf": [{"$ref": "#/$defs/Node"}, NULL]}
    assert schema["$defs"]["Node"]["properties"] == schema["properties"]
    assert list(schema["$defs"]) == ["Node"]


def test_tagged_unions_need_no_discriminator() -> None:
    """Strict mode does not know it: the tag is an enum of one."""
    schema = schema_of(Cat | Dog, strict=True)
    assert schema["anyOf"] == [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}]
    assert schema.keys() == {"anyOf", "$defs"}
    assert schema["$defs"]["Cat"]["properties"]["type"] == {"enum": ["cat"], "type": "string"}


def test_nullable_types_stay_as_they_are() -> None:
    """In each way in which a type can have null."""
    properties = schema_of(msgspec.defstruct("S", [("a", ONE_OF, None), ("b", None, None)]), strict=True)
    assert properties["properties"] == {"a": {"enum": [None, 1, "a"], "type": ["integer", "null", "string"]}, "b": NULL}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Any, r"\$ may be anything"),
        (dict[str, int], r"\$ has keys of any name"),
        (list, r"\$ has items that may be anything"),
        (list[dict[str, Any]], r"\$\[\] has keys of any name"),
        (tuple[int, str], r"\$ has items of different types by their place"),
        (Pair, r"\$ has items of different types by their place"),
        (Maybe, r"\$\.anything may be anything"),
        (msgspec.defstruct("S", [("a", int), ("b", list[Node] | dict[str, int])]), r"\$\.b has keys of any name"),
    ],
    ids=str,
)
def test_open_types_cannot_be_strict(kind: Any, message: str) -> None:
    """The error names the place, the type, and the way out."""
    with pytest.raises(ValueError, match=message + ", which strict mode cannot express: use strict=False"):
        schema_of(kind, strict=True)
    assert schema_of(kind) == schema_of(kind, strict=False)


def test_two_types_of_one_name_are_refused() -> None:
    """Even of one module, since one name is for one type."""
    one, other = (msgspec.defstruct("Twin", [(name, int)]) for name in "ab")
    with pytest.raises(TypeError, match=r"two types of the name .*Twin"):
        schema_of(msgspec.defstruct("S", [("one", one), ("other", other)]))


@pytest.mark.parametrize("kind", [complex, object, list[complex], Point | Order])
def test_types_that_are_no_json_are_refused(kind: Any) -> None:
    """By name."""
    with pytest.raises(TypeError, match="is not supported"):
        schema_of(kind)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Point, '{"x":1,"y":null}', Point(1.0)),
        (Node, '{"value":1,"left":{"value":2,"kids":null},"kids":null}', Node(1, Node(2))),
        (Order, '{"item":"a","tags":null}', Order("a")),
        (Note, '{"text":"a","title":null}', {"text": "a"}),
        (Cat | Dog | None, '{"type":"dog","name":null}', Dog()),
        (dict[str, Point], '{"a":{"x":1,"y":null}}', {"a": Point(1.0)}),
        (tuple[int, Point], '[1,{"x":1,"y":null}]', (1, Point(1.0))),
        (list[Point] | dict[str, Note], '[{"x":1,"y":null}]', [Point(1.0)]),
        (list[Point] | dict[str, Note], '{"a":{"text":"","title":null}}', {"a": {"text": ""}}),
        (frozenset[int] | Point, '{"x":1,"y":null,"more":null}', Point(1.0)),
        (Annotated[tuple[Point, ...], Meta(min_length=1)], '[{"x":1,"y":null}]', (Point(1.0),)),
        (dict[int, str], '{"1":"a"}', {1: "a"}),
        (
            Maybe,
            '{"gone":null,"null":null,"choice":null,"anything":null,"limited":null}',
            Maybe(null=None, choice=None, anything=None, limited=None),
        ),
    ],
    ids=str,
)
def test_null_leaves_members_out(kind: Any, text: str, value: object) -> None:
    """In members where null has no meaning of its own."""
    assert decoded(kind, text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Point, '{"x":null}'),
        (list[Point], '[{"x":null}, null]'),
        (list[Point], '{"x":null}'),
        (tuple[int, Point], "[null]"),
        (dict[str, Point], "[null]"),
        (Cat | Dog, '{"type":"cow","lives":null}'),
        (Cat | Dog, "null"),
    ],
    ids=str,
)
def test_null_in_a_required_member_is_an_error(kind: Any, text: str) -> None:
    """Only optional members are mended."""
    with pytest.raises(msgspec.ValidationError):
        decoded(kind, text)


TREES: st.SearchStrategy[Node] = st.recursive(
    st.builds(Node, st.integers(-9, 9)),
    lambda inner: st.builds(Node, st.integers(-9, 9), st.none() | inner, st.lists(inner, max_size=2)),
    max_leaves=6,
)


@given(TREES)
def test_any_tree_survives_json(tree: Node) -> None:
    """With nulls for its absent members."""
    assert decoded(Node, msgspec.json.encode(tree).decode()) == tree
    assert decoded(Node, msgspec.json.encode(tree).decode().replace('"kids":[]', '"kids":null')) == tree


# Answers


def test_an_answer_of_a_struct_has_its_schema() -> None:
    """Under its name."""
    form = answer_format(Point)
    assert form.response_format == {
        "type": "json_schema",
        "json_schema": {"name": "Point", "strict": True, "schema": POINT},
    }
    assert form.decode('{"x":1,"y":null}') == Point(1.0)
    assert form.kind is Point


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (list[Point], '{"value":[{"x":1,"y":3}]}', [Point(1, 3)]),
        (int, '{"value":3}', 3),
        (Cat | Dog, '{"value":{"type":"cat","lives":null}}', Cat()),
        (Order, '{"item":"a","tags":[]}', Order("a")),
        (Note, '{"text":"a","title":"b"}', {"text": "a", "title": "b"}),
    ],
    ids=str,
)
def test_answers_decode_as_their_type(kind: Any, text: str, value: object) -> None:
    """Other values than objects are sent as the member `value` of one."""
    form = answer_format(kind)
    schema = form.response_format["json_schema"]
    assert schema["schema"]["type"] == "object"
    assert schema["strict"] is True
    assert form.decode(text) == value


def test_the_beginning_of_an_answer_is_unwrapped_like_the_whole() -> None:
    """None before there is anything of it."""
    points = answer_format(list[Point])
    assert [points.partial(value) for value in ({"value": [{"x": 1}]}, {}, None)] == [[{"x": 1}], None, None]
    assert answer_format(Point).partial({"x": 1}) == {"x": 1}


def test_an_open_type_is_not_strict() -> None:
    """Unless the caller insists."""
    form = answer_format(dict[str, int], name="counts")
    assert form.response_format["json_schema"] == {
        "name": "counts",
        "strict": False,
        "schema": {"type": "object", "additionalProperties": {"type": "integer"}},
    }
    assert form.decode('{"a":1}') == {"a": 1}
    with pytest.raises(ValueError, match="use strict=False"):
        answer_format(dict[str, int], strict=True)


def test_names_of_formats_are_fit_for_the_protocol() -> None:
    """For any name of the type."""
    assert answer_format(list[Point]).response_format["json_schema"]["name"] == "list"
    odd = msgspec.defstruct("Straße", [("a", int)])
    assert answer_format(odd).response_format["json_schema"]["name"] == "Stra_e"
    union: Any = Cat | None
    assert answer_format(union).response_format["json_schema"]["name"] == "answer"


@pytest.mark.parametrize(
    ("text", "rule", "path"),
    [
        ('{"x":"a"}', "expected `float`, got `str`", "$.x"),
        ('{"x":1,"y":-1}', "expected `float` >= 0.0", "$.y"),
        ("{}", "object missing required field `x`", "$"),
        ("I cannot.", "JSON is malformed: invalid character (byte 0)", "$"),
        ("", "input data was truncated", "$"),
        ("[" * 100_000, "nested too deeply", "$"),
        ("\ud800", "no valid Unicode", "$"),
    ],
)
def test_an_answer_that_does_not_fit_says_where(text: str, rule: str, path: str) -> None:
    """With the whole text, which the error's own text shows the beginning of."""
    with pytest.raises(AnswerDecodeError) as caught:
        answer_format(Point).decode(text)
    error = caught.value
    assert (error.rule.lower(), error.path, error.text) == (rule.lower(), path, text)
    assert f"at {path}" in str(error)
    assert len(str(error)) < 500
    assert error.__cause__ is None
