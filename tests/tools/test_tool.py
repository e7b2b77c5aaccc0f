"""Functions made into tools: definitions, arguments, and what cannot be one."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import inspect
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from assistants_async.errors import ToolCallError
from assistants_async.tools import Tool, tool
from tests.support.functions import Database, Unit, Unknown, lookup, maybe, weather

NULL = {"type": "null"}


def test_a_definition_comes_from_signature_and_docstring() -> None:
    """Strict where the types allow: optional parameters are nullable, limits and defaults are in the description."""
    assert tool(weather).definition == {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "Tell the weather.",
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string", "description": "Name of the city."},
                    "unit": {
                        "description": "Degrees. (default celsius)",
                        "anyOf": [{"$ref": "#/$defs/Unit"}, NULL],
                    },
                    "days": {
                        "description": "at least 1; at most 14; default 3",
                        "anyOf": [{"type": "integer"}, NULL],
                    },
                },
                "required": ["city", "unit", "days"],
                "additionalProperties": False,
                "$defs": {
                    "Unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "Of temperature."}
                },
            },
        },
    }


def test_without_strictness_json_schema_says_it_all() -> None:
    """Limits and defaults are keywords, and `strict` is not there for servers that do not know it."""
    function = tool(weather, strict=False).definition["function"]
    assert "strict" not in function
    assert function["parameters"]["required"] == ["city"]
    assert function["parameters"]["properties"]["days"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 14,
        "default": 3,
    }


def test_a_definition_is_the_callers_own() -> None:
    """Changing it does not change the tool."""
    made = tool(weather)
    made.definition["function"]["parameters"]["properties"].clear()
    assert len(made.definition["function"]["parameters"]["properties"]) == 3


def test_a_tool_is_called_as_the_function_was() -> None:
    """And looks like it."""

    @tool
    def double(number: int) -> int:
        """Double it."""
        return 2 * number

    @tool(name="Twice", description="As the model reads it.", timeout=2, approve=True)
    def other(number: int) -> int:
        """Double it."""
        return 2 * number

    assert (double(4), other(number=4)) == (8, 8)
    assert (double.__name__, double.__doc__, double.name) == ("double", "Double it.", "double")
    assert (other.__name__, other.name, other.timeout, other.approve) == ("other", "Twice", 2, True)
    assert other.definition["function"]["description"] == "As the model reads it."
    assert repr(other) == "Tool(Twice)"
    assert inspect.unwrap(double) is not double
    assert list(inspect.signature(double).parameters) == ["number"]


def test_attributes_of_the_function_are_taken_over() -> None:
    """But for those that a tool has itself."""

    def ping() -> str:
        return "pong"

    vars(ping).update(team="sea", name="admiral", timeout="soon")
    made = tool(ping)
    assert vars(made)["team"] == "sea"
    assert (made.name, made.timeout) == ("ping", None)


def test_a_function_without_parameters_or_docstring_is_a_tool() -> None:
    """With no description, and an object without members."""

    def ping() -> str:
        return "pong"

    assert tool(ping).definition["function"] == {
        "name": "ping",
        "strict": True,
        "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    }


def test_bound_methods_and_wrapped_functions_are_tools() -> None:
    """With the signature and the name of the wrapped function."""
    find = tool(Database("Ann").find)
    assert (find.name, find(name="Ann")) == ("find", True)
    assert find.definition["function"]["parameters"]["properties"]["name"]["description"] == "Whom to look for."

    def logged(function: Callable[..., str]) -> Callable[..., str]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> str:
            return function(*args, **kwargs)

        return wrapper

    assert tool(logged(weather)).definition == tool(weather).definition
    assert tool(functools.cache(weather)).definition == tool(weather).definition


def test_times_say_their_format() -> None:
    """Though msgspec takes them with a zone and without."""

    def remind(at: Annotated[dt.datetime, Meta(description="When")], daily: dt.time | None = None) -> None:
        """Remind."""

    properties = tool(remind, strict=False).definition["function"]["parameters"]["properties"]
    assert properties["at"] == {"type": "string", "description": "When", "format": "date-time"}
    assert properties["daily"] == {"anyOf": [{"type": "string"}, NULL], "format": "time"}


def test_open_types_are_not_strict_by_default() -> None:
    """With `strict=True` the error names tool, parameter and the way out."""

    def count(words: dict[str, int], more: list[dict[str, int]] | None = None) -> None:
        """Count."""

    assert not tool(count).strict
    assert tool(weather).strict
    with pytest.raises(ValueError, match=r"tool 'count', parameter 'words': has keys of any name, .*strict=False"):
        tool(count, strict=True)


def test_a_default_may_be_of_another_type_and_no_json() -> None:
    """It is the function's own: the model only never sees it."""
    nothing: Any = object()

    def run(a: int = nothing, b: str = 5, c: float | None = None) -> list[Any]:  # type: ignore[assignment]
        """Run."""
        return [a, b, c]

    made = tool(run, strict=False)
    properties = made.definition["function"]["parameters"]["properties"]
    assert properties["a"] == {"type": "integer"}
    assert properties["b"] == {"type": "string", "default": 5}
    assert properties["c"] == {"anyOf": [{"type": "number"}, NULL]}
    assert made.read("{}", 100) == {}


def test_injected_parameters_are_not_in_the_schema() -> None:
    """A parameter with a default needs no injection."""
    assert list(tool(lookup).definition["function"]["parameters"]["properties"]) == ["name", "place"]
    assert (tool(lookup).wants, tool(maybe).wants) == (("database",), ())
    database = Database()
    assert tool(lookup).injected(database) == {"database": database}
    assert tool(maybe).injected(None) == {}


# Arguments


@pytest.mark.parametrize("text", [None, "", "  \n", "null", "{}", " null "])
def test_no_arguments_have_many_forms(text: str | None) -> None:
    """Some servers send nothing where there is nothing."""
    assert tool(maybe).read(text, 100) == {}


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"city":"Pau"}', {"city": "Pau"}),
        ('{"city":"Pau","unit":null,"days":null}', {"city": "Pau"}),
        ('{"city":"Pau","unit":"fahrenheit","days":14}', {"city": "Pau", "unit": Unit.F, "days": 14}),
    ],
)
def test_arguments_are_decoded(text: str, values: dict[str, Any]) -> None:
    """Null for an optional parameter leaves it to the function's default."""
    assert tool(weather).read(text, 100) == values


@pytest.mark.parametrize(
    ("text", "path", "rule"),
    [
        ("{", "$", "input data was truncated"),
        ("{'city': 'Pau'}", "$", r"JSON is malformed: .* \(byte 1\)"),
        ('{"city":3}', "$.city", "expected `str`, got `int`"),
        ('{"city":null}', "$.city", "expected `str`, got `null`"),
        ('{"city":"Pau","days":15}', "$.days", "expected `int` <= 14"),
        ('{"city":"Pau","unit":"kelvin"}', "$.unit", "invalid enum value 'kelvin'"),
        ('{"city":"Pau","key":"x"}', "$", "object contains unknown field `key`"),
        ('{"days":3}', "$", "object missing required field `city`"),
        ("[]", "$", "expected `object`, got `array`"),
        ('"{}"', "$", "expected `object`, got `str`"),
        ("3", "$", "expected `object`, got `int`"),
        ("[" * 100_000, "$", "nested too deeply"),
        ('{"city":' * 100_000, "$", "nested too deeply"),
        ('{"city":"\ud800"}', "$", "no valid Unicode"),
        ('{"city":"\\ud800"}', "$", "input data was truncated"),
        ('{"city":"\\ud800 lone"}', "$", r"JSON is malformed: .*surrogate.*"),
        ('{"city":"' + "x" * 2_000_000 + '"}', "$", "longer than 1000000 bytes"),
        ('{"city":"' + "é" * 600_000 + '"}', "$", "longer than 1000000 bytes"),
    ],
    ids=lambda value: str(value)[:30].encode("ascii", "replace").decode(),
)
def test_arguments_that_do_not_fit_are_refused(text: str, path: str, rule: str) -> None:
    """With the path and the rule, in words that the model can read."""
    with pytest.raises(
        ToolCallError, match=rf"^arguments of weather: {path.replace('$', '[$]')}: (?i:{rule})$"
    ) as caught:
        tool(weather).read(text, 1_000_000)
    error = caught.value
    assert (error.kind, error.name, error.path) == ("arguments", "weather", path)


@given(
    st.text(max_size=60)
    | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["city", "days", "x"]), inner),
    ).map(json.dumps)
)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else happens."""
    with contextlib.suppress(ToolCallError):
        values = tool(weather).read(text, 1000)
        assert set(values) <= {"city", "unit", "days"}
        assert isinstance(values["city"], str)


# What cannot be a tool


def bare(a) -> None:  # type: ignore[no-untyped-def]
    """No annotation."""


def many(*a: int) -> None:
    """Any number."""


def named(**a: int) -> None:
    """Any names."""


def placed(a: int, /) -> None:
    """By place."""


def missing(a: Nowhere) -> None:  # type: ignore[name-defined]  # noqa: F821
    """A type that is not there."""


def broken(a: Literal["int["], b: "int[" = 3) -> None:  # type: ignore[valid-type]  # noqa: F722
    """No type at all."""


def foreign(a: int, b: list[Unknown]) -> None:
    """A type that JSON does not have."""


def wrong(a: 5 = 5) -> None:  # type: ignore[valid-type]
    """A value for a type."""


def numbers(a: int = 3) -> Iterator[int]:
    """A generator."""
    yield a


async def later(a: int = 3) -> AsyncIterator[int]:
    """An async generator."""
    yield a


def größe(a: int) -> None:  # noqa: PLC2401
    """A name that no server takes."""


class Thing:
    """Has a method."""

    def method(self, a: int) -> int:
        """Give it back."""
        return a


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (bare, "tool 'bare', parameter 'a': has no annotation"),
        (Thing.method, r"parameter 'self': has no annotation.*tool\(thing.method\)"),
        (many, r"tool 'many', parameter 'a': a model cannot fill \*a"),
        (named, r"tool 'named', parameter 'a': a model cannot fill \*\*a"),
        (placed, "tool 'placed', parameter 'a': positional-only"),
        (missing, "tool 'missing' has an annotation that cannot be resolved: name 'Nowhere' is not defined"),
        (broken, "tool 'broken' has an annotation that is no type"),
        (foreign, "tool 'foreign', parameter 'b': type <class '.*Unknown'> is not supported"),
        (wrong, "tool 'wrong', parameter 'a': Type '5' is not supported"),
        (numbers, "tool 'numbers' is a generator: return a list"),
        (later, "tool 'later' is a generator: return a list"),
        (lambda: 3, "tool '<lambda>' is a lambda, which has no annotations"),
        (Thing, "tool 'Thing' is a class"),
        (functools.partial(weather, "Pau"), "tool 'partial' is a functools.partial"),
        (len, "tool 'len' must be a function or a bound method, not builtin"),
        (Thing(), "tool 'Thing' must be a function or a bound method, not Thing"),
        (3, "tool 'int' must be a function"),
        (tool(weather), "'weather' is a tool already"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_tools_are_refused_at_once(function: Any, message: str) -> None:
    """At the decorator, by name and parameter."""
    with pytest.raises(TypeError, match=message):
        tool(function)


@pytest.mark.parametrize("option", ["strict", "approve"])
def test_options_are_yes_or_no(option: str) -> None:
    """A word is neither."""
    options: dict[str, Any] = {option: "yes"}
    with pytest.raises(TypeError, match=f"{option} must be True, False or None, not 'yes'"):
        tool(weather, **options)


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (größe, {}, "a tool's name must be 1 to 64 of a-z A-Z 0-9 _ -, not 'größe': pass name="),
        (weather, {"name": ""}, "not ''"),
        (weather, {"name": "a" * 65}, "a tool's name"),
        (weather, {"name": "a\n"}, "a tool's name"),
        (weather, {"name": 3}, "not 3"),
        (weather, {"description": "x" * 1025}, "tool 'weather': its description has 1025 characters of at most 1024"),
        (weather, {"timeout": 0}, "tool 'weather': timeout must be a positive number of seconds, not 0"),
        (weather, {"timeout": float("inf")}, "not inf"),
        (weather, {"timeout": True}, "not True"),
        (weather, {"timeout": "5"}, "not '5'"),
    ],
)
def test_options_are_checked_at_once(function: Any, options: dict[str, Any], message: str) -> None:
    """With the given value."""
    with pytest.raises(ValueError, match=message):
        tool(**options)(function)


async def test_a_function_that_gives_an_awaitable_is_awaited() -> None:
    """As a wrapper around an async function does."""

    def soon(name: str) -> Awaitable[dict[str, Any]]:
        return lookup(name, Database("Ann"))

    assert await tool(soon).run({"name": "Ann"}) == {"found": True, "place": None}
    assert isinstance(tool(soon), Tool)
