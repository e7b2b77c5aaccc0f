"""Inputs found by fuzzing, kept so that their faults stay mended."""

from __future__ import annotations

import pytest

from assistants_async import (
    AssistantsClient,
    ConnectionLostError,
    DecodeError,
    Headers,
    HTTPResponse,
    Page,
    Run,
    ServerError,
    StatusError,
)
from assistants_async.core.responses.decode import error_for
from tests.support.byte_server import Body
from tests.support.cuts import cut, steps
from tests.support.http_server import KEY, Wire, raw
from tests.support.raw_answers import read
from tests.support.run_events import DONE, TEXT, run_frames

CSI = "\x9b"
"""Moves a terminal's cursor; in a header it arrives as two bytes of UTF-8."""


@pytest.mark.parametrize("body", [b'{"\xff": 1}', b'{"x": 1, "dat\xc3": []}'])
def test_a_page_with_a_key_that_is_no_utf_8(body: bytes) -> None:
    """A `DecodeError` like any other bad body, not the decoder's own."""
    with pytest.raises(DecodeError):
        read(Page[Run], HTTPResponse(200, "OK", Headers(), body, "GET", "http://h/v1/x"))


def test_the_decoders_words_are_shown_unchanged() -> None:
    """The name of the format keeps its capitals."""
    with pytest.raises(DecodeError, match=r"^JSON is malformed"):
        read(Run, HTTPResponse(200, "OK", Headers(), b'{"id": "run_1",}', "GET", "http://h/v1/x"))


@pytest.mark.parametrize("status", [200, 500])
def test_a_content_type_that_is_long_or_has_controls(status: int) -> None:
    """It is escaped and cut in the text of an error, as all that a server says."""
    headers = Headers([("content-type", f"text/{CSI}2J{'x' * 5000}")])
    http = HTTPResponse(status, "", headers, b"<html>", "GET", "http://h/v1/x")
    error: DecodeError | StatusError = error_for(http, 0) if status == 500 else DecodeError("no", http)
    assert isinstance(error, (DecodeError, ServerError))
    assert CSI not in str(error)
    assert r"text/\x9b2jxxx" in str(error)
    assert len(str(error)) < 300


async def test_a_coding_that_is_long(wire: Wire, client: AssistantsClient) -> None:
    """The error that refuses it shows no more than its beginning."""
    wire.answer(raw(b"x", content_encoding="x" * 5000))
    with pytest.raises(ConnectionLostError, match="coding 'xxx") as caught:
        await client.threads.retrieve("thread_1")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("pieces", [1, 2, 7])
async def test_bytes_after_the_end_mark_are_not_read(wire: Wire, pieces: int) -> None:
    """Even too large for an event, and in one piece with the mark or not."""
    body = b"".join([*run_frames(*TEXT), DONE]) + b"data: " + b"x" * 10_000 + b"\n\n"
    sent = {1: [body], 2: cut(body, [len(body) - 10_009]), 7: steps(body, 7)}[pieces]
    wire.answer(Body(*sent))
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY, max_item_bytes=5000) as client,
        client.runs.create("thread_1", assistant_id="asst_1").stream() as channel,
    ):
        await channel.until_done()
    assert channel.outcome == "completed"
    assert channel.terminal_marker_seen
