"""A run's events read from bytes that come from elsewhere, and written for a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from assistants_async import AssistantsClient
from assistants_async.calls.chunk_stream import ChunkStream
from assistants_async.core.streams.run_events import frame_of
from assistants_async.errors import (
    StreamInterruptedError,
)
from assistants_async.models.events import (
    EVENTS,
)
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import STALL, Body, Gate, cuts, dumps, frame
from tests.support.http_server import Wire
from tests.support.run_channels import events, pieces, start
from tests.support.run_events import DONE, TEXT, payload, run, run_frames
from tests.support.steady_loop import MS


async def again(channel: RunChannel) -> list[bytes]:
    """The bytes that a channel is re-emitted as."""
    return [piece async for piece in channel.sse()]


async def test_sse_is_read_back_as_the_same_events(wire: Wire, client: AssistantsClient) -> None:
    """Each event is one frame with its name, unknown ones unchanged, and the closing frame is the last."""
    odd = frame("odd", b"two\ndata: lines")
    expected = await events(wire, client, *run_frames(*TEXT), odd, DONE)
    wire.answer(Body(*run_frames(*TEXT), odd, DONE))
    async with start(client) as channel:
        written = await again(channel)
    assert written[-1] == DONE
    assert written[:-1] == [*run_frames(*TEXT), odd]
    async with RunChannel.from_sse(pieces(*written)) as back:
        assert back.http.content_type == "text/event-stream"
        assert [event async for event in back] == expected
        assert (back.outcome, back.run) == ("completed", expected[-2].data)


async def test_sse_of_frames_named_inside_has_event_lines(wire: Wire, client: AssistantsClient) -> None:
    """Browsers listen for names of events, so each name is in its own line."""
    inside = b"data: " + dumps({"event": "thread.run.completed", "data": run("completed")}) + b"\n\n"
    wire.answer(Body(inside))
    async with start(client) as channel:
        first, last = await again(channel)
    assert first.startswith(b"event: thread.run.completed\ndata: {")
    assert last == DONE


async def test_sse_can_be_cut_at_every_place(wire: Wire, client: AssistantsClient) -> None:
    """Re-cut at each byte, with empty pieces between, the events stay the same."""
    body = b"".join([*run_frames("é"), DONE])
    async with RunChannel.from_sse(pieces(body)) as whole_body:
        expected = [event async for event in whole_body]
    for first, second in cuts(body):
        async with RunChannel.from_sse(pieces(b"", first, b"", second)) as channel:
            assert [event async for event in channel] == expected
    one_by_one = (body[place : place + 1] for place in range(len(body)))
    async with RunChannel.from_sse(pieces(*one_by_one)) as channel:
        assert [event async for event in channel] == expected


async def test_every_event_survives_the_way_to_a_browser() -> None:
    """All kinds of events, written and read back, are equal."""
    body = b"".join(frame(name, payload(name)) for name in EVENTS)
    async with RunChannel.from_sse(pieces(body, DONE)) as channel:
        first = [event async for event in channel]
    async with RunChannel.from_sse(pieces(*(frame_of(event) for event in first), DONE)) as channel:
        assert [event async for event in channel] == first
    assert len(first) == len(EVENTS)


async def test_from_sse_that_ends_early_is_an_interruption() -> None:
    """The same rules apply to bytes from elsewhere: no end, no completion."""
    async with RunChannel.from_sse(pieces(*run_frames("a")[:5])) as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    assert caught.value.run_id == "run_1"


async def test_sse_of_a_closed_stream_does_not_say_done(wire: Wire, client: AssistantsClient) -> None:
    """The browser must not believe that the run is over where the stream was only left."""
    wire.answer(Body(*run_frames("a")[:3], STALL))
    written: list[bytes] = []
    async with start(client) as channel:
        async for piece in channel.sse():
            written.append(piece)
            if len(written) == 3:
                asyncio.get_running_loop().call_later(2 * MS, channel.close)
    assert len(written) == 3
    assert DONE not in written


async def test_r09_closing_wakes_a_reader_of_bytes_from_elsewhere() -> None:
    """Closing ends the read even where the source of the bytes is silent."""

    async def silent() -> AsyncIterator[bytes]:
        yield run_frames("a")[0]
        await asyncio.Event().wait()

    async with RunChannel.from_sse(silent()) as channel:
        await anext(channel)
        waiting = asyncio.ensure_future(channel.until_done())
        await asyncio.sleep(2 * MS)
        await channel.aclose()
        await asyncio.wait_for(waiting, 30)
        assert channel.outcome == "closed"


async def test_bytes_from_elsewhere_have_a_head_of_their_own() -> None:
    """A source of bytes ends where they end, drains nothing, and reads no more once closed."""
    source = ChunkStream(pieces(b"a", b"", b"b"))
    assert [await source.read(), await source.read(), await source.read()] == [b"a", b"b", b""]
    await source.drain()
    closed = ChunkStream(pieces(b"a"))
    closed.close()
    assert await closed.read() == b""


async def test_from_sse_can_be_read_on_after_a_time_out() -> None:
    """A cancelled read of a source that survives it loses nothing."""
    more = Gate()

    class Slow(AsyncIterator[bytes]):
        given = 0

        async def __anext__(self) -> bytes:
            if self.given:
                await more.wait()
            self.given += 1
            return [b"".join(run_frames("a")), DONE][self.given - 1]

    async with RunChannel.from_sse(Slow()) as channel:
        for _ in run_frames("a"):
            await anext(channel)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * MS):
                await anext(channel)
        more.set()
        with pytest.raises(StopAsyncIteration):
            await anext(channel)
        assert channel.terminal_marker_seen
