"""Models of pydantic's as types of answers and arguments, alone and among types that msgspec reads."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, NotRequired, TypedDict, TypeVar

import msgspec
import pydantic
import pytest
from pydantic import BaseModel, Field, field_validator

from assistants_async.errors import AnswerDecodeError, ToolCallError
from assistants_async.tools import answer_format, schema_of, tool
from assistants_async.tools.pydantic_types import is_pydantic

T = TypeVar("T")


class Home(BaseModel):
    """A place."""

    zip: str = Field(pattern="^[0-9]{5}$", description="The postal code.")


class Person(BaseModel):
    """A person."""

    name: str
    home: Home | None = None
    age: int = 5
    friends: list[Person] = []

    @field_validator("age")
    @classmethod
    def _possible(cls, age: int) -> int:
        if age == 13:
            raise ValueError("no such age")
        return age


class Shop(msgspec.Struct):
    """A shop."""

    owner: Person
    branches: list[Shop] = []
    helpers: dict[str, Person | str] = {}


class Cat(msgspec.Struct, tag="cat", forbid_unknown_fields=True):
    """A cat."""

    owner: Person | None = None


@dataclass
class Team:
    """A team."""

    members: tuple[Person, ...]
    lead: tuple[Person, int]


class Note(TypedDict):
    """A note."""

    by: Person
    to: NotRequired[Person]


class Box(msgspec.Struct, Generic[T]):
    """A box."""

    item: T


@pydantic.dataclasses.dataclass
class Point:
    """A point."""

    x: int = Field(gt=0)


ANN = Person(name="Ann")
PERSON = {"name": "Ann"}


@pytest.mark.parametrize(
    ("kind", "value", "wanted"),
    [
        pytest.param(Person, PERSON, ANN, id="model"),
        pytest.param(list[Person], {"value": [PERSON]}, [ANN], id="list"),
        pytest.param(Person | None, {"value": None}, None, id="optional"),
        pytest.param(Person | Shop, {"value": {"owner": PERSON}}, Shop(ANN), id="union, Struct"),
        pytest.param(Person | Shop, {"value": PERSON}, ANN, id="union, model"),
        pytest.param(Shop | Person | int, {"value": 3}, 3, id="union, number"),
        pytest.param(
            Shop,
            {"owner": PERSON, "branches": [{"owner": PERSON}], "helpers": {"a": "Bo", "b": PERSON}},
            Shop(ANN, [Shop(ANN)], {"a": "Bo", "b": ANN}),
            id="Struct",
        ),
        pytest.param(Team, {"members": [PERSON], "lead": [PERSON, 2]}, Team((ANN,), (ANN, 2)), id="dataclass"),
        pytest.param(Note, {"by": PERSON}, {"by": ANN}, id="TypedDict"),
        pytest.param(Cat, {"type": "cat"}, Cat(), id="tagged Struct"),
        pytest.param(Box[Person], {"item": PERSON}, Box(ANN), id="generic Struct"),
        pytest.param(Point, {"x": 1}, Point(x=1), id="dataclass of pydantic's"),
        pytest.param(Annotated[int, Field(gt=3)], {"value": 4}, 4, id="marked type"),
        pytest.param(
            Annotated[list[Person], msgspec.Meta(max_length=1)], {"value": [PERSON]}, [ANN], id="limited list"
        ),
    ],
)
def test_an_answer_is_read(kind: Any, value: Any, wanted: Any) -> None:
    """Each library makes the objects of its own classes."""
    assert answer_format(kind).decode(json.dumps(value)) == wanted


@pytest.mark.parametrize(
    ("kind", "value", "rule", "path"),
    [
        (Person, {"name": "Ann", "home": {"zip": "1"}}, "string should match pattern", "$.home.zip"),
        (Person, {"name": "Ann", "home": {}}, "object missing required field `zip`", "$.home"),
        (Person, {"name": "Ann", "age": 13}, "no such age", "$.age"),
        (
            Person,
            {"name": "Ann", "friends": [PERSON, {"name": 1}]},
            "input should be a valid string",
            "$.friends[1].name",
        ),
        (Person, {"name": None}, "input should be a valid string", "$.name"),
        (Shop, {"owner": {"name": 2}}, "input should be a valid string", "$.owner.name"),
        (Shop, {}, "object missing required field `owner`", "$"),
        (Shop, [], "expected `object`, got `array`", "$"),
        (Shop, {"owner": PERSON, "branches": [{}]}, "object missing required field `owner`", "$.branches[0]"),
        (Team, {"members": [PERSON], "lead": [PERSON]}, "expected `array` of length 2, got 1", "$.lead"),
        (Cat, {"type": "dog"}, "invalid value 'dog'", "$.type"),
        (Cat, {}, "object missing required field `type`", "$"),
        (Cat, {"type": "cat", "lives": 9}, "object contains unknown field `lives`", "$"),
        (list[Person], {"value": {}}, "expected `array`, got `object`", "$.value"),
        (Person | Shop, {"value": {"owner": {"name": 2}}}, "input should be a valid string", "$.value.owner.name"),
        (Annotated[list[Person], msgspec.Meta(max_length=1)], {"value": [PERSON] * 2}, "length <= 1", "$.value"),
    ],
    ids=str,
)
def test_the_place_of_a_mistake_is_named(kind: Any, value: Any, rule: str, path: str) -> None:
    """By the same paths as for types of msgspec's; a missing member is reported at its parent."""
    with pytest.raises(AnswerDecodeError) as caught:
        answer_format(kind).decode(json.dumps(value))
    assert (rule in caught.value.rule, caught.value.path) == (True, path)


@pytest.mark.parametrize("text", ["", "{", "nul", "\ud800"], ids=["empty", "cut", "word", "surrogate"])
def test_bad_json_is_refused(text: str) -> None:
    """By the same error as for other types."""
    with pytest.raises(AnswerDecodeError):
        answer_format(Person).decode(text)


def test_null_leaves_a_member_out() -> None:
    """A strict schema has no optional members, so null leaves one out."""
    read = answer_format(Person).decode('{"name":"Ann","home":null,"age":null,"friends":[{"name":"Bo","age":null}]}')
    assert read == Person(name="Ann", friends=[Person(name="Bo")])
    assert answer_format(Shop).decode('{"owner":{"name":"Ann","age":null},"branches":null}') == Shop(ANN)


def test_the_schema_of_a_model() -> None:
    """Strict as other types' are, with pydantic's own descriptions and limits."""
    wanted = answer_format(Box[Home]).response_format["json_schema"]
    place = {
        "type": "object",
        "description": "A place.",
        "properties": {"zip": {"type": "string", "description": "The postal code. (matches ^[0-9]{5}$)"}},
        "required": ["zip"],
        "additionalProperties": False,
    }
    assert wanted["schema"]["properties"] == {"item": place}
    assert wanted["strict"] is True


def test_two_classes_of_one_name_are_kept_apart() -> None:
    """Each reference leads to the schema that it was written for."""

    def other() -> type[BaseModel]:
        class Person(BaseModel):
            shoes: int
            twin: Person | None = None

        Person.model_rebuild()
        return Person

    made: Any = Person | other()
    schema = schema_of(list[made])
    first, second = schema["items"]["anyOf"]
    defs = schema["$defs"]
    assert "name" in defs[first["$ref"].removeprefix("#/$defs/")]["properties"]
    found = defs[second["$ref"].removeprefix("#/$defs/")]
    assert "shoes" in found["properties"]
    assert found["properties"]["twin"]["anyOf"][0] == second


def test_a_type_that_has_no_schema_is_refused() -> None:
    """In one sentence, as for other types."""
    made = pydantic.create_model("Made", call=(Callable[[], int], ...))
    with pytest.raises(TypeError, match="Callable"):
        answer_format(made)


@tool
def visit(who: Person, days: Annotated[int, Field(gt=3)] = 4, other: Person | Cat | None = None) -> Person:
    """Visit someone.

    Args:
        who: The host.
    """
    del days, other
    return who


def test_a_tool_takes_models() -> None:
    """Its schema has their members, its function the objects."""
    parameters = visit.definition["function"]["parameters"]
    assert visit.strict
    assert parameters["properties"]["who"] == {"description": "The host.", "anyOf": [{"$ref": "#/$defs/Person"}]}
    assert parameters["properties"]["days"]["description"] == "more than 3; default 4"
    read = visit.read('{"who":{"name":"Ann"},"days":null,"other":{"type":"cat","owner":{"name":"Ann"}}}', 1000)
    assert read == {"who": ANN, "other": Cat(ANN)}


@pytest.mark.parametrize(
    ("text", "path"),
    [('{"who":{"name":1}}', "$.who.name"), ('{"who":{"name":"Ann"},"days":1}', "$.days"), ("{}", "$")],
    ids=["member", "limit", "missing"],
)
def test_arguments_that_do_not_fit(text: str, path: str) -> None:
    """The model reads where and why."""
    with pytest.raises(ToolCallError) as caught:
        visit.read(text, 1000)
    assert (caught.value.kind, caught.value.path) == ("arguments", path)


class Trip(msgspec.Struct):
    """A trip."""

    days: int = 4


@dataclass
class Stay:
    """A stay that checks itself."""

    host: Home
    trip: Trip
    nights: int = 1

    def __post_init__(self) -> None:
        if self.nights > self.trip.days:
            raise ValueError("longer than the trip")


STAY = answer_format(Stay)


def test_a_null_in_a_plain_part_is_left_out() -> None:
    """A member that may be left out and takes no null has its default, beside a model of pydantic's."""
    read = STAY.decode('{"host":{"zip":"12345"},"trip":{"days":null},"nights":2}')
    assert read == Stay(Home(zip="12345"), Trip(4), 2)


def test_an_object_that_refuses_its_members() -> None:
    """The error of its own check has the place of the object."""
    with pytest.raises(AnswerDecodeError, match="longer than the trip") as caught:
        STAY.decode('{"host":{"zip":"12345"},"trip":{"days":1},"nights":2}')
    assert caught.value.path == "$"


class Mall(msgspec.Struct):
    """A mall."""

    shop: Annotated[Shop, msgspec.Meta(description="The one.")]


def test_marks_on_a_mixed_class() -> None:
    """They change nothing about how its values are read."""
    assert answer_format(Mall).decode('{"shop":{"owner":{"name":"Ann"}}}') == Mall(Shop(ANN))


def test_pydantic_need_not_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """Types that are not its own are described without it, and it is not imported for them."""
    with monkeypatch.context() as context:
        context.delitem(sys.modules, "pydantic")
        assert not is_pydantic(Trip)
        assert schema_of(Trip)["properties"]["days"]["type"] == "integer"
        assert "pydantic" not in sys.modules


def test_a_description_beside_a_mark_of_pydantics() -> None:
    """The schema has it, and the limit of pydantic's too."""
    schema = schema_of(list[Annotated[int, Field(gt=3), msgspec.Meta(description="Days.")]])
    assert schema["items"]["description"].startswith("Days.")
