"""Chunks of a chat completion: bytes of events in, actions out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from assistants_async.server.backend.chunks import AnswerReader, BackendError, ChunkAction, error_text
from assistants_async.server.engine.actions import CallPiece, Ended, Piece, RefusalPiece, Used

USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
USED = Used(7, 3)


def delta(_finish: str | None = None, **members: Any) -> bytes:
    """A chunk with one choice."""
    return json.dumps({"choices": [{"index": 0, "delta": members, "finish_reason": _finish}]}).encode()


def call(index: Any = None, id: Any = None, name: Any = None, arguments: Any = None) -> bytes:
    """A chunk with a piece of one tool call, without the members that are None."""
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    piece = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return delta(tool_calls=[{**piece, "type": "function", "function": function}])


def read(*chunks: bytes, taken: Sequence[str] = ()) -> list[ChunkAction]:
    """All actions of an answer."""
    reader = AnswerReader(taken)
    found = [action for chunk in chunks for action in reader.feed(chunk)]
    return found + reader.finish()


STOP = delta("stop")

ANSWERS: dict[str, tuple[Sequence[bytes], list[ChunkAction]]] = {
    "text": (
        [delta(role="assistant", content=""), delta(content="Hel"), delta(content="lo"), STOP],
        [Piece("Hel"), Piece("lo"), Ended("stop")],
    ),
    "usage in a chunk of its own": (
        [delta(content="x"), STOP, json.dumps({"choices": [], "usage": USAGE}).encode(), b"[DONE]"],
        [Piece("x"), USED, Ended("stop")],
    ),
    "usage in each chunk: the last counts": (
        [
            b'{"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":7,"completion_tokens":1}}',
            b'{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}',
        ],
        [Piece("x"), USED, Ended("stop")],
    ),
    "cached tokens": (
        [STOP, b'{"usage":{"prompt_tokens":7,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":5}}}'],
        [Used(7, 3, 5), Ended("stop")],
    ),
    "usage that is null or odd": (
        [STOP, b'{"choices":[],"usage":null}', b'{"usage":{"prompt_tokens":null,"completion_tokens":-1}}'],
        [Used(0, 0), Ended("stop")],
    ),
    "done without a finish reason, but with usage": (
        [delta(content="x"), json.dumps({"usage": USAGE}).encode(), b"[DONE]"],
        [Piece("x"), USED, Ended("stop")],
    ),
    "length": ([delta(content="x"), delta("length")], [Piece("x"), Ended("length")]),
    "content filter": ([delta(content="x"), delta("content_filter")], [Piece("x"), Ended("content_filter")]),
    "a reason of the server's own": ([delta("eos")], [Ended("stop")]),
    "nothing written": ([STOP], [Ended("stop")]),
    "refusal": (
        [delta(refusal="No"), delta(refusal=".", content=None), STOP],
        [RefusalPiece("No"), RefusalPiece("."), Ended("stop")],
    ),
    "reasoning members are dropped": (
        [delta(reasoning_content="hm"), delta(reasoning="hm"), delta(content="x"), STOP],
        [Piece("x"), Ended("stop")],
    ),
    "content as parts": ([delta(content=[{"type": "text", "text": "a"}, {"text": "b"}]), STOP], [Piece("ab"), Ended()]),
    "other choices are not read": (
        [b'{"choices":[{"index":1,"delta":{"content":"no"}},{"index":0,"delta":{"content":"x"}}]}', STOP],
        [Piece("x"), Ended()],
    ),
    "a whole JSON answer": (
        [
            b'{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}'
        ],
        [Piece("x"), USED, Ended()],
    ),
    "what follows the end mark is not read": ([delta(content="x"), STOP, b"[DONE]", b"junk"], [Piece("x"), Ended()]),
    "one call in pieces": (
        [call(0, "a", "f", ""), call(0, arguments='{"x"'), call(0, arguments=":1}"), delta("tool_calls")],
        [CallPiece(0, "a", "f"), CallPiece(0, arguments='{"x"'), CallPiece(0, arguments=":1}"), Ended("tool_calls")],
    ),
    "two calls, numbered": (
        [call(0, "a", "f", "1"), call(1, "b", "g", "2"), STOP],
        [CallPiece(0, "a", "f", "1"), CallPiece(1, "b", "g", "2"), Ended("tool_calls")],
    ),
    "pieces of two calls in turns": (
        [call(0, "a", "f"), call(1, "b", "g"), call(0, arguments="1"), call(1, arguments="2"), STOP],
        [
            CallPiece(0, "a", "f"),
            CallPiece(1, "b", "g"),
            CallPiece(0, arguments="1"),
            CallPiece(1, arguments="2"),
            Ended("tool_calls"),
        ],
    ),
    "all numbered 0, separated by id": (
        [call(0, "a", "f", "1"), call(0, "b", "f", "2"), STOP],
        [CallPiece(0, "a", "f", "1"), CallPiece(1, "b", "f", "2"), Ended("tool_calls")],
    ),
    "all numbered 0, the pieces go on with the last": (
        [call(0, "a", "f", "1"), call(0, "b", "f"), call(0, arguments="2"), STOP],
        [CallPiece(0, "a", "f", "1"), CallPiece(1, "b", "f"), CallPiece(1, arguments="2"), Ended("tool_calls")],
    ),
    "all numbered 0 and no ids, separated by name": (
        [call(0, name="f", arguments="1"), call(0, name="g", arguments="2"), STOP],
        [CallPiece(0, "", "f", "1"), CallPiece(1, "", "g", "2"), Ended("tool_calls")],
    ),
    "no numbers, separated by id": (
        [call(None, "a", "f", "1"), call(None, "b", "f", "2"), call(None, "a", None, "3"), STOP],
        [
            CallPiece(0, "a", "f", "1"),
            CallPiece(1, "b", "f", "2"),
            CallPiece(0, arguments="3"),
            Ended("tool_calls"),
        ],
    ),
    "no numbers and no ids, separated by name": (
        [call(name="f", arguments="1"), call(arguments="2"), call(name="g", arguments="3"), STOP],
        [
            CallPiece(0, "", "f", "1"),
            CallPiece(0, arguments="2"),
            CallPiece(1, "", "g", "3"),
            Ended("tool_calls"),
        ],
    ),
    "numbered from 1": (
        [call(1, "a", "f", "1"), call(2, "b", "g", "2"), STOP],
        [CallPiece(0, "a", "f", "1"), CallPiece(1, "b", "g", "2"), Ended("tool_calls")],
    ),
    "a number that makes no sense": (
        [call(-1, "a", "f", "1"), call("x", "a", None, "2"), STOP],
        [CallPiece(0, "a", "f", "1"), CallPiece(0, arguments="2"), Ended("tool_calls")],
    ),
    "the name in each piece": (
        [call(0, "a", "f", "1"), call(0, "a", "f", "2"), STOP],
        [CallPiece(0, "a", "f", "1"), CallPiece(0, arguments="2"), Ended("tool_calls")],
    ),
    "the name after the id": (
        [call(0, "a"), call(0, arguments="1"), call(0, name="f"), STOP],
        [CallPiece(0, "a", "f", "1"), Ended("tool_calls")],
    ),
    "no arguments": (
        [call(0, "a", "f"), STOP],
        [CallPiece(0, "a", "f"), CallPiece(0, arguments="{}"), Ended("tool_calls")],
    ),
    "arguments as an object": (
        [call(0, "a", "f", {"x": 1}), STOP],
        [CallPiece(0, "a", "f", '{"x":1}'), Ended("tool_calls")],
    ),
    "arguments that are no JSON are passed on": (
        [call(0, "a", "f", '{"x'), STOP],
        [CallPiece(0, "a", "f", '{"x'), Ended("tool_calls")],
    ),
    "an id that the run has already": (
        [call(0, "old", "f", "1"), STOP],
        [CallPiece(0, "", "f", "1"), Ended("tool_calls")],
    ),
    "text, then a call": (
        [delta(content="Wait."), call(0, "a", "f", "1"), delta("tool_calls")],
        [Piece("Wait."), CallPiece(0, "a", "f", "1"), Ended("tool_calls")],
    ),
    "text behind a call is dropped": (
        [call(0, "a", "f", "1"), delta(content="junk"), STOP],
        [CallPiece(0, "a", "f", "1"), Ended("tool_calls")],
    ),
    "a thought": (
        [delta(content="<thi"), delta(content="nk>hm</th"), delta(content="ink>\n\n"), delta(content=" Yes"), STOP],
        [Piece("Yes"), Ended()],
    ),
    "a thought without an end": ([delta(content="<think>hm"), STOP], [Ended()]),
    "a thought later in the text stays": (
        [delta(content="a <think>b</think>"), STOP],
        [Piece("a <think>b</think>"), Ended()],
    ),
    "a text that begins like a thought": ([delta(content="<"), delta(content="b>"), STOP], [Piece("<b>"), Ended()]),
    "a text that is the begin of a thought": ([delta(content=" <thin"), STOP], [Piece(" <thin"), Ended()]),
    "the begin of a thought, then a call": (
        [delta(content="<"), call(0, "a", "f", "1"), STOP],
        [Piece("<"), CallPiece(0, "a", "f", "1"), Ended("tool_calls")],
    ),
}


@pytest.mark.parametrize(("chunks", "wanted"), ANSWERS.values(), ids=ANSWERS)
def test_chunks_become_actions(chunks: Sequence[bytes], wanted: list[ChunkAction]) -> None:
    """Each form of an answer gives these actions."""
    assert read(*chunks, taken=["old"]) == wanted


CUTS: dict[str, tuple[Sequence[bytes], str]] = {
    "no finish reason, no usage": ([delta(content="x")], "without a finish reason"),
    "only the end mark": ([b"[DONE]"], "without a finish reason"),
    "nothing": ([], "without a finish reason"),
    "not JSON": ([b"<html>"], "not JSON"),
    "not an object": ([b"[1]"], "not a JSON object"),
    "an error frame": ([b'{"error":{"message":"overloaded","code":503}}'], "overloaded"),
    "an error frame that is text": ([b'{"error":"overloaded"}'], "overloaded"),
    "a call without a name": ([call(0, "a", None, "1"), STOP], "without a name"),
    "nested too deep": ([b"[" * 100_000], "not JSON"),
}


@pytest.mark.parametrize(("chunks", "words"), CUTS.values(), ids=CUTS)
def test_data_in_no_known_form_is_an_error(chunks: Sequence[bytes], words: str) -> None:
    """Each case raises an error with a message."""
    with pytest.raises(BackendError, match=words):
        read(*chunks)


def test_output_is_seen_at_once() -> None:
    """The first text or call forbids a retry; reasoning does not."""
    reader = AnswerReader()
    reader.feed(delta(reasoning_content="hm"))
    reader.feed(delta(content="<think>hm</think>"))
    assert not reader.has_output
    reader.feed(delta(content="x"))
    assert reader.has_output


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        pytest.param(b'{"error":{"message":"m","code":"c","type":"t"}}', ("m", "c"), id="the vendor's"),
        pytest.param(b'{"error":{"message":"m","type":"t"}}', ("m", "t"), id="by type"),
        pytest.param(b'{"error":"m"}', ("m", ""), id="text"),
        pytest.param(b'{"detail":"m"}', ("m", ""), id="detail"),
        pytest.param(b'{"message":"m","statusCode":400}', ("m", ""), id="message"),
        pytest.param(b"Bad gateway\n", ("Bad gateway", ""), id="plain"),
        pytest.param(b"\xff\xfe", ("\ufffd\ufffd", ""), id="bytes"),
        pytest.param(b'"m"', ("m", ""), id="a JSON text"),
    ],
)
def test_refusals_in_any_form(body: bytes, wanted: tuple[str, str]) -> None:
    """Message and code are found wherever the server puts them."""
    assert error_text(body) == wanted
