"""A megabyte of the worst text for every pattern and loop that reads what a server sent.

Nothing here looks at a clock: what is not linear takes minutes to days, and runs into the time limit of the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from assistants_async import DecodeError, Headers, HTTPResponse, Message, Run, RunStep, StatusError
from assistants_async.core.citations import names_in_text, rendered
from assistants_async.core.filenames import safe_name, suggested_name
from assistants_async.core.requests.retry import retry_after
from assistants_async.core.responses.decode import error_for
from assistants_async.core.runs.snapshot import MessageFold
from assistants_async.core.streams.json_framers import ConcatenatedJSON, JSONSequence
from assistants_async.core.streams.list_framer import ListElements
from assistants_async.core.streams.sse import SSEDecoder
from assistants_async.errors import StreamError
from assistants_async.models.dates import to_datetime
from assistants_async.models.decoding import decoder_for, rule_and_path
from assistants_async.models.deltas import MessageDelta
from assistants_async.models.messages import Text, TextContent
from assistants_async.tools.docstrings import read_docstring
from assistants_async.tools.schema import fault
from tests.support.raw_answers import read

MIB = 1024 * 1024
SEPARATOR = " - at `"


def filled(text: str, size: int = MIB) -> str:
    """A text repeated to a size."""
    return text * (size // len(text))


def http(message: object, status: int = 400) -> HTTPResponse:
    """An answer with an error's message."""
    body = msgspec.json.encode({"error": {"message": message}})
    return HTTPResponse(status, "", Headers([("content-type", "application/json")]), body, "GET", "http://x/v1/x")


MESSAGES = {
    "one half of a busy thread": filled("while a run "),
    "both halves, the other way round": filled("is active ") + filled("while a run "),
    "runs": filled("run run "),
    "runs that are": "already has an active run " + filled("run is "),
    "dashes of a key": filled("sk-"),
    "controls": filled("\x1b\n"),
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES.keys())
def test_an_errors_message(message: str) -> None:
    """It is read for the kind of the error and the id of a run, and shown in a line."""
    error = error_for(http(message), 0.0)
    assert isinstance(error, StatusError)
    assert error.message == message
    assert len(str(error)) < 1000


def test_many_problems_in_one_answer() -> None:
    """FastAPI's form of an error, a problem a line."""
    body = msgspec.json.encode({"detail": [{"msg": "while a run "}] * 40_000})
    error = error_for(HTTPResponse(422, "", Headers(), body, "GET", "http://x/v1/x"), 0.0)
    assert error.message.startswith("while a run ; ")


@pytest.mark.parametrize("tag", [filled(SEPARATOR), filled("` - at "), filled("`")], ids=["places", "halves", "ticks"])
def test_a_decoders_words_that_quote_the_server(tag: str) -> None:
    """The rule quotes the value; the path is the last thing said."""
    error = msgspec.ValidationError(f"Invalid value '{tag}' - at `$.tools[0].type`")
    assert rule_and_path(error) == (f"invalid value '{tag}'", "$.tools[0].type")
    assert fault(error) == rule_and_path(error)
    assert rule_and_path(msgspec.ValidationError(f"Invalid value '{tag}'"))[1] == "$"
    body = msgspec.json.encode({"id": "a", "tools": [{"type": tag}]})
    answer = HTTPResponse(200, "", Headers(), body, "GET", "http://x/v1/x")
    with pytest.raises(DecodeError) as caught:
        read(Strict, answer)
    assert caught.value.path == "$.tools[0].type"


class Strict(msgspec.Struct, tag_field="type", tag="strict"):
    """A union that knows one type of tool."""

    tools: list[Strict] = []


HEADERS = {
    "an open name": 'attachment; filename="' + filled("a"),
    "open names with escapes": 'attachment; filename="' + filled('\\";filename=\\"'),
    "names that never come": filled("; filename "),
    "spaces": "attachment;" + filled(" ") + "filename" + filled(" ") + "=" + filled(" "),
    "semicolons and spaces": filled("; "),
    "open charsets": filled("; filename*=a'"),
    "a long charset": "; filename*=" + filled("a"),
    "bad bytes": "; filename*=UTF-8''" + filled("%FF%"),
    "folders": "; filename=" + filled("a/"),
    "dots": '; filename="' + filled(".") + '"',
    "a reserved name": '; filename="con' + filled(".") + '"',
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS.keys())
def test_a_downloads_name(header: str) -> None:
    """A short safe name comes out of it."""
    name = suggested_name(Headers([("content-disposition", header)]))
    assert 0 < len(name.encode()) <= 200
    assert safe_name(header) == safe_name(safe_name(header))


@pytest.mark.parametrize(
    "text",
    [filled("9"), filled(" "), filled("Mon, "), filled("1:")],
    ids=["digits", "spaces", "days", "hours"],
)
def test_a_time_to_wait(text: str) -> None:
    """A text that is no time gives None."""
    assert retry_after(Headers([("retry-after", text), ("retry-after-ms", text)]), 0.0) is None


@pytest.mark.parametrize(
    "text", [filled("9"), filled("."), filled(".1:"), filled(" ")], ids=["9", "dots", "1", "spaces"]
)
def test_a_time(text: str) -> None:
    """A text that is no time is an error."""
    with pytest.raises(ValueError, match=r"has no time of day|isoformat"):
        to_datetime(text)


DOCUMENTS: dict[str, tuple[type[Any], Any]] = {
    "tools of the server's own": (Run, {"id": "r", "tools": [{"type": "new", "x": n} for n in range(40_000)]}),
    "texts for times": (Run, {"id": "r", "created_at": filled("9")}),
    "parts within parts": (
        RunStep,
        {
            "id": "s",
            "step_details": {
                "type": "tool_calls",
                "tool_calls": [
                    {
                        "type": "code_interpreter",
                        "id": "c",
                        "code_interpreter": {"input": "", "outputs": [{"type": "new"}] * 200},
                    }
                ]
                * 200,
            },
        },
    ),
}


@pytest.mark.parametrize(("kind", "value"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_a_document_that_is_mended(kind: type[Any], value: Any) -> None:
    """It is read, or refused."""
    try:
        assert decoder_for(kind).decode(msgspec.json.encode(value)).id == value["id"]
    except msgspec.ValidationError as error:
        assert rule_and_path(error)[1] == "$.created_at"


NEST = MIB // 2
SCRIPTS: dict[str, tuple[Callable[[], Any], bytes]] = {
    "open brackets": (ConcatenatedJSON, b"[" * MIB),
    "open objects": (ConcatenatedJSON, b'{"a":' * (MIB // 5)),
    "nested": (ConcatenatedJSON, b"[" * NEST + b"]" * NEST),
    "quotes": (ConcatenatedJSON, b'"' * MIB),
    "an open string of escapes": (ConcatenatedJSON, b'["' + b"\\" * MIB),
    "records": (JSONSequence, b"\x1e" * MIB),
    "spoiled records": (JSONSequence, b"\x1ex" * NEST),
    "elements of two sizes": (
        ListElements,
        b'{"data":[' + b",".join([b'{"a":"%b"}' % (b"x" * 5000), b'{"a":{"b":[{}]}}'] * 200) + b"]}",
    ),
    "elements that look like two": (ListElements, b'{"data":[' + b",".join([b'{"a":"},{"}'] * 80_000) + b"]}"),
    "open elements": (ListElements, b'{"data":[' + b"[" * MIB),
    "members": (ListElements, b"{" + b'"a":1,' * (MIB // 6) + b'"data":[]}'),
    "colons": (SSEDecoder, b":" * MIB),
    "empty lines": (SSEDecoder, b"\n" * MIB),
    "events without an end": (SSEDecoder, b"event: a\n" * (MIB // 9)),
    "data without an end": (SSEDecoder, b"data:\n" * (MIB // 6)),
    "a name that goes on": (SSEDecoder, b"event: " + b"a" * MIB),
}


@pytest.mark.parametrize(("make", "data"), SCRIPTS.values(), ids=SCRIPTS.keys())
@pytest.mark.parametrize("size", [MIB, 1000], ids=["large pieces", "small pieces"])
def test_a_body(make: Callable[[], Any], data: bytes, size: int) -> None:
    """In large pieces and in small ones: each byte of it is looked at a bounded number of times."""
    framer = make()
    fed = 0
    try:
        for start in range(0, len(data), size):
            framer.feed(data[start : start + size])
            fed += len(data[start : start + size])
        framer.finish()
    except StreamError:
        pass
    assert fed > 0


def test_a_message_that_is_shown_whole_between_its_pieces() -> None:
    """The text before it is measured each time, and not counted anew."""
    fold = MessageFold("m")
    more = MessageDelta.from_dict(
        {"id": "m", "delta": {"content": [{"index": 0, "type": "text", "text": {"value": "ab"}}]}}
    )
    empty = Message(id="m")
    for _ in range(100_000):
        fold.add(more)
        fold.replace(empty)
    assert fold.text_length_before == 200_000


def marked(value: str, marks: list[str]) -> Message:
    """A message that cites a file by each of the marks, none of them where it says."""
    annotations = [
        {"type": "file_citation", "text": mark, "file_citation": {"file_id": "f"}, "start_index": 1, "end_index": 2}
        for mark in marks
    ]
    text = Text.from_dict({"value": value, "annotations": annotations})
    return Message(id="m", content=(TextContent(text=text),))


@pytest.mark.parametrize(
    ("value", "marks"),
    [
        (filled("a"), [f"b{n}" for n in range(20_000)]),
        (filled("a"), ["a" * 1000 + f"b{n}" for n in range(2_000)]),
        (filled("【1】"), ["【1】"] * 20_000),
        (filled("a"), ["a"] * 20_000),
    ],
    ids=["nowhere", "nearly", "many of one", "everywhere"],
)
def test_citations(value: str, marks: list[str]) -> None:
    """However many marks are looked for in however long a text: the file is listed, and the text is there."""
    shown = rendered(marked(value, marks), {"f": "a.txt"}, "footnotes")
    assert shown.endswith("[1] a.txt")
    assert names_in_text(marked("", marks)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "Do.\n\nArgs:\n    a" + filled(" ") + "!",
        ":param" + filled(" "),
        "Args:\n    a (" + filled(") "),
        filled("Args: "),
    ],
    ids=["entry", "field", "brackets", "heads"],
)
def test_a_docstring(text: str) -> None:
    """Docstrings may be made from files."""
    assert isinstance(read_docstring(text).text, str)
