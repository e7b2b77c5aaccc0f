"""Refusals of streaming, in the words and forms of many servers, beside errors that only speak of streams."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from assistants_async import Headers, HTTPResponse
from assistants_async.core.responses.decode import error_for
from assistants_async.core.runs.stream_refusal import refuses_streams

REFUSED_IN_WORDS = [
    "Unknown parameter: 'stream'.",
    'json: unknown field "stream"',
    "unknown field `stream`, expected one of `assistant_id`, `model`",
    "Additional properties are not allowed ('stream' was unexpected)",
    "Unrecognized request argument supplied: stream",
    "Unrecognized request arguments supplied: stream",
    "unexpected property stream",
    "invalid option: stream",
    "body.Stream: extra fields not permitted",
    "body.stream: Extra inputs are not permitted",
    "$.stream: additional property",
    "\u2018stream\u2019 cannot be used here",
    "Streaming is not supported.",
    "streaming is not supported for this model",
    "Stream mode is not yet supported",
    "stream=true is not supported on this server",
    "'stream': true is not supported",
    "streaming has not been implemented",
    "Streaming runs are currently disabled",
    "This server does not support streaming",
    "this deployment doesn't support run streams",
    "we do not support streamed responses",
    "the upstream server does not support streaming",
    "stream must be false",
    "cannot stream runs",
    "unsupported: stream",
    "Unsupported parameter: stream",
    "no streaming here",
    "event streams are not available",
]
OTHER_WORDS = [
    "no such assistant",
    "upstream timed out",
    "Bad request from upstream: connection was not accepted",
    "upstream is not available",
    "downstream service disabled",
    "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
    "Unknown parameter: 'stream_options'.",
    "unsupported: stream_options.include_usage",
    "unknown field `foo`, expected one of `assistant_id`, `stream`",
    'Unrecognized field "foo" (3 known properties: "assistant_id", "stream")',
    "Missing 'assistant_id' in {'assistant_id': None, 'stream': True}",
    'cannot read {"stream": true, "model": 1}',
    "The input stream could not be parsed as JSON",
    "a required field is missing in the input stream",
    "the request stream was closed",
    "error while reading the stream of the body",
    "streamlit is not supported",
    "mainstream models are not allowed",
    "stream-json is an unknown tool",
    "no such livestream",
    "model 'stream-large' is not known. Choose another one",
    "",
]
REFUSED: dict[str, Any] = {
    "param": {"error": {"message": "Unknown parameter.", "param": "stream", "code": "unknown_parameter"}},
    "param by path": {"error": {"message": "no", "param": "body.stream"}},
    "param of all": {"error": {"message": "streaming is not supported", "param": "body"}},
    "param of the model": {"error": {"message": "Streaming is not supported.", "param": "model"}},
    "pydantic": {
        "detail": [{"type": "extra_forbidden", "loc": ["body", "stream"], "msg": "Extra inputs", "input": True}]
    },
    "pydantic of a union": {"detail": [{"loc": ["body", "CreateRun", "stream"], "msg": "extra"}]},
    "second problem": {"detail": [{"loc": ["body", "x"], "msg": "extra"}, {"loc": ["body", "stream"], "msg": "extra"}]},
    "zod": {"issues": [{"code": "unrecognized_keys", "keys": ["stream"], "path": []}]},
    "ajv": {"errors": [{"message": "must NOT have additional", "params": {"additionalProperty": "stream"}}]},
    "pointer": {"errors": [{"title": "not allowed", "source": {"pointer": "/stream"}}]},
    "brackets": {"errors": [{"field": "$['stream']"}]},
    "problem document": {"title": "Bad Request", "status": 400, "detail": "Streaming is not supported."},
    "a text as error": {"error": "stream is not allowed"},
}
OTHER: dict[str, Any] = {
    "param of another": {"error": {"message": "tools are not allowed with 'stream'", "param": "tools"}},
    "param of options": {"error": {"message": "only allowed when 'stream' is set", "param": "stream_options"}},
    "a whole body as input": {
        "detail": [{"loc": ["body", "assistant_id"], "msg": "missing", "input": {"x": "stream"}}]
    },
    "a list of what is right": {"error": {"message": "unknown field", "allowed": ["model", "stream"]}},
    "location of options": {"detail": [{"loc": ["body", "stream_options"], "msg": "extra fields not permitted"}]},
    "location of another": {"detail": [{"loc": ["body", "upstream"], "msg": "extra fields not permitted"}]},
    "no object": [],
    "null": None,
}


def refuses(body: bytes, status: int = 400, kind: str = "application/json") -> bool:
    """Read an answer to its error, and ask."""
    head = Headers([("content-type", kind)])
    return refuses_streams(error_for(HTTPResponse(status, "", head, body, "POST", "http://x/v1/threads"), 0.0))


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("text", REFUSED_IN_WORDS, ids=range(len(REFUSED_IN_WORDS)))
def test_a_refusal_in_words(text: str, status: int) -> None:
    """In an error object, and as plain text."""
    assert refuses(msgspec.json.encode({"error": {"message": text}}), status)
    assert refuses(text.encode(), status, "text/plain")


@pytest.mark.parametrize("text", OTHER_WORDS, ids=range(len(OTHER_WORDS)))
def test_other_errors_that_speak_of_streams(text: str) -> None:
    """They are raised, since they would come again."""
    assert not refuses(msgspec.json.encode({"error": {"message": text}}))
    assert not refuses(text.encode(), 422, "text/plain")


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED)
def test_a_refusal_by_its_members(body: Any) -> None:
    """The place of the member, as frameworks write it."""
    assert refuses(msgspec.json.encode(body))
    assert not refuses(msgspec.json.encode(body), 404)
    assert not refuses(msgspec.json.encode(body), 500)


@pytest.mark.parametrize("body", OTHER.values(), ids=OTHER)
def test_errors_about_other_members(body: Any) -> None:
    """A quote of the request, or a list of the right names, names no problem."""
    assert not refuses(msgspec.json.encode(body))


def test_a_refusal_far_behind() -> None:
    """64 KiB are looked at."""
    assert not refuses(b" " * 70_000 + b"'stream' is not supported", kind="text/plain")
    assert refuses(b"'stream' is not supported" + b" " * 70_000, kind="text/plain")


@pytest.mark.parametrize(
    "part", ["stream ", "'stream", "streaming not ", "field stream", "not support a ", "unknown ("]
)
def test_the_worst_of_texts(part: str) -> None:
    """Each pattern is linear: any other would run into the limit of the tests."""
    refuses((part * 70_000)[:60_000].encode(), kind="text/plain")
    refuses(msgspec.json.encode({"error": {"message": (part * 70_000)[:60_000]}}))
