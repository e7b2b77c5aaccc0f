"""Answers in the form of the schema: text as it comes, calls when they are whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistants_async.server.backend.chunks import BackendError
from assistants_async.server.backend.schema_reader import SchemaReader
from assistants_async.server.engine.actions import CallPiece, Ended, Piece, RefusalPiece, Used


def chunk(text: str) -> bytes:
    """An event with a piece of the object."""
    return json.dumps({"choices": [{"delta": {"content": text}}]}).encode()


def read(text: str, *, reason: str = "stop", size: int = 3) -> list[Any]:
    """The actions of an answer in pieces, with neighbouring texts joined."""
    reader = SchemaReader()
    found: list[Any] = []
    for place in range(0, len(text), size):
        found += reader.feed(chunk(text[place : place + size]))
    end = {"choices": [{"finish_reason": reason}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}
    found += [*reader.feed(json.dumps(end).encode()), *reader.finish()]
    joined = "".join(action.text for action in found if isinstance(action, Piece))
    return [*([joined] if joined else []), *(action for action in found if not isinstance(action, Piece))]


CALLS = '{"calls": [{"tool": "f", "arguments": {"x": 1}}, {"tool": "g"}]}'
CALLED = [CallPiece(0, "", "f", '{"x": 1}'), CallPiece(1, "", "g", "{}"), Used(1, 2), Ended("tool_calls")]


@pytest.mark.parametrize(
    "size", [pytest.param(1, id="by one"), pytest.param(7, id="by 7"), pytest.param(999, id="whole")]
)
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param('{"answer": "Hi\\n\\u00e9\\ud83d\\ude00"}', ["Hi\né😀"], id="answer"),
        pytest.param(' {\n  "answer" : "Hi"\n}\n', ["Hi"], id="an answer with white space"),
        pytest.param('{"answer": ""}', [], id="an empty answer"),
        pytest.param('{"answer": {"x": 1}}', ['{"x": 1}'], id="an answer that is JSON"),
        pytest.param("Hi there", ["Hi there"], id="no object"),
        pytest.param('{"x": 1}', ['{"x": 1}'], id="another object"),
    ],
)
def test_answers(text: str, wanted: list[Any], size: int) -> None:
    """However they are cut."""
    assert read(text, size=size) == [*wanted, Used(1, 2), Ended()]


@pytest.mark.parametrize("size", [pytest.param(1, id="by one"), pytest.param(999, id="whole")])
def test_calls(size: int) -> None:
    """Calls are the end of the answer, whatever the finish reason says."""
    assert read(CALLS, size=size) == CALLED


def test_an_answer_and_calls() -> None:
    """A backend that ignores the schema may write both: text, then calls."""
    assert read('{"answer": "Wait.", ' + CALLS[1:]) == ["Wait.", *CALLED]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param('{"answer": "Once upon a \\u00', ["Once upon a "], id="answer"),
        pytest.param('{"answer": {"x": [1, 2', ['{"x": [1, 2'], id="an answer that is JSON"),
        pytest.param('{"calls": [{"tool": "f"', [], id="calls"),
        pytest.param('{"ca', [], id="before the colon of calls"),
        pytest.param('{ "ans', [], id="before the colon of an answer"),
        pytest.param("Once upon", ["Once upon"], id="no object"),
    ],
)
def test_the_limit_cuts_the_object(text: str, wanted: list[Any]) -> None:
    """What there is of the answer is text; the object around it is not, and half a call is no call."""
    assert read(text, reason="length") == [*wanted, Used(1, 2), Ended("length")]


def test_text_goes_out_as_it_comes() -> None:
    """From then on the request must not be repeated, whatever comes later."""
    reader = SchemaReader()
    assert reader.feed(chunk('{"answer"')) == []
    assert not reader.has_output
    assert reader.feed(chunk(': "On')) == [Piece("On")]
    assert reader.feed(chunk("ce\\")) == [Piece("ce")]
    assert reader.feed(chunk('n"')) == [Piece("\n")]
    assert reader.feed(chunk("}")) == []
    assert reader.has_output
    with pytest.raises(BackendError, match="without a finish reason"):
        reader.finish()


def test_white_space_without_an_end() -> None:
    """Some models write it: an answer behind it is read, and what was read is not read again for each piece."""
    reader = SchemaReader()
    for _ in range(20_000):
        assert reader.feed(chunk("\n")) == []
    assert reader.feed(chunk('{ "answer" : "Hi"}')) == [Piece("Hi")]


def test_calls_are_kept_until_they_are_whole() -> None:
    """Up to then the request may be repeated."""
    reader = SchemaReader()
    assert reader.feed(chunk(CALLS)) == []
    assert not reader.has_output


def test_a_refusal_goes_out_as_it_comes() -> None:
    """It is no part of the object."""
    reader = SchemaReader()
    assert reader.feed(b'{"choices":[{"delta":{"refusal":"No"}}]}') == [RefusalPiece("No")]
    assert reader.feed(chunk("{")) == []
    assert reader.has_output
