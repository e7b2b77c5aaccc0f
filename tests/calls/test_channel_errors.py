"""Response streams that end too early, and errors in the middle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    ConnectionLostError,
)
from assistants_async.errors import (
    ItemDecodeError,
    StreamInterruptedError,
    StreamTruncatedError,
)
from tests.support.byte_server import CLOSE, RESET, STALL, Body, named
from tests.support.channels import JSON, LINES, SEQ, ending, ids
from tests.support.http_server import Wire
from tests.support.run_events import DONE, page, run_frames


@pytest.mark.parametrize("end", ["cut", "fin", "short", "closed"])
@pytest.mark.parametrize("kind", [JSON, SEQ, "list", "text/event-stream"])
async def test_r12_a_body_that_ends_inside_an_item(wire: Wire, client: AssistantsClient, kind: str, end: str) -> None:
    """All whole items first, then `StreamTruncatedError` with the unfinished bytes and what cut them."""
    starts = {SEQ: b"\x1e", "list": b'{"data":[', "text/event-stream": b"data: "}
    between = {SEQ: b"\n\x1e", "list": b",", "text/event-stream": b"\n\ndata: "}
    body = starts.get(kind, b"") + b'{"id":"a"}' + between.get(kind, b" ") + b'{"id":"bc'
    content_type = JSON if kind == "list" else kind
    wire.answer(
        {
            "cut": Body(body, RESET, kind=content_type),
            "fin": Body(body, CLOSE, kind=content_type),
            "short": Body(body, CLOSE, kind=content_type, framed="length", length=len(body) + 9),
            "closed": Body(body, kind=content_type, framed="close"),
        }[end]
    )
    call: Any = client.threads.list() if kind == "list" else client.threads.retrieve("t")
    async with call.stream() as channel:
        got, error = await ending(channel)
        assert channel.outcome == "failed"
    assert isinstance(error, StreamTruncatedError)
    assert (got, error.items, channel.items_delivered) == (["a"], 1, 1)
    assert error.partial.endswith(b'{"id":"bc') or error.partial == b'data: {"id":"bc\n' or kind == "text/event-stream"
    assert error.partial
    assert isinstance(error.__cause__, ConnectionLostError) == (end != "closed")
    (note,) = error.__notes__
    assert note == f"while streaming {'threads.list' if kind == 'list' else 'threads.retrieve'}"


async def test_r12_truncation_is_never_silent_in_lines(wire: Wire, client: AssistantsClient) -> None:
    """A last line that is cut is a truncation; one that is whole without its line end is an item."""
    wire.answer(Body(b'{"id":"a"}\n{"id":"b', kind=LINES, framed="close"))
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error)) == (["a"], StreamTruncatedError)
    wire.answer(Body(b'{"id":"a"}\n{"id":"b"}', kind=LINES, framed="close"))
    async with client.threads.retrieve("t").stream() as channel:
        assert await ids(channel) == ["a", "b"]


async def test_r13_between_items_the_transport_decides(wire: Wire, client: AssistantsClient) -> None:
    """A cut chunked or counted body is an error after the items; one that ends by closing has ended well."""
    body = b'{"id":"a"}\n'
    for broken in (
        Body(body, RESET, kind=LINES),
        Body(body, CLOSE, kind=LINES),
        Body(body, CLOSE, kind=LINES, framed="length", length=99),
    ):
        wire.answer(broken)
        async with client.threads.retrieve("t").stream() as channel:
            got, error = await ending(channel)
            assert (got, type(error), channel.outcome) == (["a"], ConnectionLostError, "failed")
    for well in (Body(body, kind=LINES), Body(body, kind=LINES, framed="close")):
        wire.answer(well)
        async with client.threads.retrieve("t").stream() as channel:
            assert await ids(channel) == ["a"]
            assert (channel.outcome, channel.terminal_marker_seen) == ("completed", False)


async def test_r13_an_end_mark_is_missed_where_there_is_one(wire: Wire, client: AssistantsClient) -> None:
    """A list without its closing brace and a run without its end are interruptions, however well the body ends."""
    wire.answer(Body(b'{"data":[{"id":"a"}', kind=JSON))
    async with client.threads.list().stream() as channel:
        got, error = await ending(channel)
        assert (got, type(error), channel.terminal_marker_seen) == (["a"], StreamTruncatedError, False)
    wire.answer(Body(b"".join(run_frames("x")[:5])))
    async with client.runs.create("thread_1", assistant_id="a").stream() as events:
        with pytest.raises(StreamInterruptedError):
            await events.until_done()
        assert (events.outcome, events.terminal_marker_seen) == ("failed", False)


async def test_r13_the_outcome_says_how_it_ended(wire: Wire, client: AssistantsClient) -> None:
    """Completed with the mark seen, where the framing has one."""
    wire.answer(Body(page(*named("a")), kind=JSON))
    async with client.threads.list().stream() as channel:
        assert await ids(channel) == ["a"]
        assert (channel.outcome, channel.terminal_marker_seen) == ("completed", True)
    wire.answer(Body(b"".join(run_frames("x")), DONE))
    async with client.runs.create("thread_1", assistant_id="a").stream() as events:
        await events.until_done()
        assert (events.outcome, events.terminal_marker_seen) == ("completed", True)


# Errors in the middle (R14, R15)


async def test_r14_a_bad_item_ends_the_stream(wire: Wire, client: AssistantsClient) -> None:
    """`ItemDecodeError` with place, bytes, path and cause, and the server sees the stream close."""
    body = Body(b'{"id":"a"}\n{"id":[]}\n{"id":"c"}\n', STALL, kind=LINES)
    wire.answer(body)
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
        await asyncio.wait_for(body.left.wait(), 30)
    assert isinstance(error, ItemDecodeError)
    assert (got, error.index, error.raw, error.path) == (["a"], 1, b'{"id":[]}', "$.id")
    assert error.__cause__ is not None


SKIPPING = [
    (LINES, b'{"id":"a"}\n{oops\n{"id":7}\n{"id":"c"}\n'),
    (SEQ, b'\x1e{"id":"a"}\n\x1eoops\n\x1e{"id":7}\n\x1e{"id":"c"}\n'),
    ("text/event-stream", b'data: {"id":"a"}\n\ndata: oops\n\ndata: {"id":7}\n\ndata: {"id":"c"}\n\n'),
]


@pytest.mark.parametrize(("kind", "body"), SKIPPING)
async def test_r14_bad_items_can_be_left_out(wire: Wire, client: AssistantsClient, kind: str, body: bytes) -> None:
    """`on_bad_item` gets each, and the stream goes on where the framing finds its place again."""
    bad: list[ItemDecodeError] = []
    wire.answer(Body(body, kind=kind))
    async with client.threads.retrieve("t").with_options(on_bad_item=bad.append).stream() as channel:
        assert await ids(channel) == ["a", "c"]
        assert channel.outcome == "completed"
    assert [error.raw.strip() for error in bad][1] == b'{"id":7}'
    assert len(bad) == 2


async def test_r14_documents_that_lost_their_place_cannot_go_on(wire: Wire, client: AssistantsClient) -> None:
    """Concatenated JSON has nothing to find the next item by, so garbage ends it whatever the options say."""
    wire.answer(Body(b'{"id":"a"}}{"id":"c"}', kind=JSON))
    skipped: list[ItemDecodeError] = []
    async with client.threads.retrieve("t").with_options(on_bad_item=skipped.append).stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error), skipped) == (["a"], ItemDecodeError, [])


async def test_r14_an_error_of_the_callback_is_raised(wire: Wire, client: AssistantsClient) -> None:
    """The caller's own exception is not wrapped, and leaving the block closes the stream."""
    body = Body(b'{"id":7}\n', STALL, kind=LINES)
    wire.answer(body)

    def refuse(error: ItemDecodeError) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        async with client.threads.retrieve("t").with_options(on_bad_item=refuse).stream() as channel:
            await anext(channel)
    await asyncio.wait_for(body.left.wait(), 30)


async def test_r15_an_error_is_raised_once(wire: Wire, client: AssistantsClient) -> None:
    """After it the stream is at its end, and closing it changes nothing."""
    wire.answer(Body(b'{"id":"a"}', RESET, kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
        assert (got, type(error)) == (["a"], ConnectionLostError)
        await channel.aclose()
        assert channel.outcome == "failed"
        assert await ids(channel) == []
