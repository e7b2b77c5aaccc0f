"""The outputs of tools, as the model gets them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.errors import ToolCallError
from assistants_async.models import Message, Thread, Usage
from assistants_async.models.decoding import decoder_for
from assistants_async.tools.outputs import cut, error_output, output_of, sendable


class Unit(Enum):
    """A unit."""

    C = "celsius"


class Point(msgspec.Struct):
    """A point."""

    x: int
    y: int


@dataclass
class Pair:
    """A pair."""

    a: int
    b: list[str]


@pytest.mark.parametrize(
    ("value", "output"),
    [
        ("sunny", "sunny"),
        ("", ""),
        ('{"a":1}', '{"a":1}'),
        (None, "null"),
        (3, "3"),
        (2.5, "2.5"),
        (True, "true"),
        (float("nan"), "null"),
        (2**100, str(2**100)),
        (b"text \xc3\xa9", "text é"),
        (b"\xff\x00", '"/wA="'),
        ({"raw": b"a"}, '{"raw":"YQ=="}'),
        ([1, "a", None], '[1,"a",null]'),
        ({3}, "[3]"),
        ((1, 2), "[1,2]"),
        ({1: "a"}, '{"1":"a"}'),
        (Point(1, 2), '{"x":1,"y":2}'),
        (Pair(1, ["b"]), '{"a":1,"b":["b"]}'),
        (Usage(total_tokens=3), '{"total_tokens":3}'),
        (Unit.C, '"celsius"'),
        (Decimal("1.50"), '"1.50"'),
        (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), '"2026-01-02T00:00:00Z"'),
        (dt.date(2026, 1, 2), '"2026-01-02"'),
    ],
    ids=repr,
)
def test_a_result_is_text_or_json(value: object, output: str) -> None:
    """Text as it is, anything else as msgspec encodes it."""
    assert output_of("f", value) == output


def test_members_that_no_model_names_are_written() -> None:
    """As they came, wherever the model stands in the result, and beside objects of pydantic's."""

    class Note(pydantic.BaseModel):
        """A model of the tool's own."""

        text: str

    raw = b'{"id":"thread_1","object":"thread","created_at":1,"metadata":{},"owner":{"name":"x"}}'
    thread = decoder_for(Thread).decode_keeping(raw)
    assert json.loads(output_of("f", thread))["owner"] == {"name": "x"}
    nested = json.loads(output_of("f", {"a": [thread], "b": Note(text="y")}))
    assert (nested["a"][0]["owner"], nested["b"]) == ({"name": "x"}, {"text": "y"})
    part = decoder_for(Message).decode(
        b'{"id":"m","object":"thread.message","content":[{"type":"audio","audio":{"id":1}}]}'
    )
    assert json.loads(output_of("f", part))["content"] == [{"type": "audio", "audio": {"id": 1}}]


def endless() -> list[Any]:
    """A list that contains itself."""
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        (1j, "complex"),
        ([1j], "list"),
        (ValueError("secret"), "ValueError"),
        ((number for number in range(3)), "generator"),
        (["\ud800"], "list"),
        (endless(), "list"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_result_that_is_no_json_is_an_error_that_names_its_type(value: object, kind: str) -> None:
    """And shows nothing of the value."""
    with pytest.raises(ToolCallError) as caught:
        output_of("f", value)
    assert str(caught.value) == f"the function's result, of type {kind}, cannot be written as JSON"
    assert (caught.value.kind, caught.value.name) == ("result", "f")
    assert caught.value.__cause__ is not None


def test_errors_are_written_as_json() -> None:
    """In one member, with any characters."""
    assert json.loads(error_output('no "city"\n\ud800')) == {"error": 'no "city"\n\ufffd'}


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    """UTF-8 cannot encode them; two that belong together become their character."""
    assert sendable("a\ud83d\ude00b\udc00c\ud800") == "a\U0001f600b\ufffdc\ufffd"


def test_a_long_output_is_cut_and_says_so() -> None:
    """Within the limit, between two characters."""
    whole = "é" * 1000
    short = cut(whole, 301)
    assert len(short.encode()) <= 301
    text, _, note = short.partition("\n")
    assert note == "[cut: the whole output has 2000 bytes, and this is its beginning]"
    assert text == "é" * len(text)
    assert len(text) > 100


@given(st.text(alphabet=st.characters(), max_size=600), st.integers(256, 700))
def test_any_output_fits(text: str, limit: int) -> None:
    """And one that fits is left as it is, but for what cannot be sent."""
    made = cut(text, limit)
    assert len(made.encode()) <= limit
    if len(sendable(text).encode()) <= limit:
        assert made == sendable(text)
    else:
        assert sendable(text).startswith(made.rpartition("\n[cut")[0])
