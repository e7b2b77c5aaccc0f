"""Order and memory of a response stream, and ways to leave it."""

from __future__ import annotations

import asyncio
import operator
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from assistants_async import (
    AssistantsClient,
    TimedOutError,
    Timeout,
)
from assistants_async.calls.channel import Channel
from assistants_async.errors import (
    ItemTooLargeError,
)
from tests.support.byte_server import STALL, Body, Gate
from tests.support.channels import JSON, LINES, SEQ, ending, ids
from tests.support.http_server import Peer, Seen, Wire
from tests.support.steady_loop import MS


async def read(channel: Channel[Any], count: int) -> list[Any]:
    """The next items, so many of them."""
    return [await anext(channel) for _ in range(count)]


# Order, memory, backpressure (R6 to R8)


@pytest.mark.parametrize("kind", [JSON, LINES])
async def test_r06_items_come_in_order_and_once(wire: Wire, client: AssistantsClient, kind: str) -> None:
    """Thousands of items in pieces of odd lengths keep their order."""
    body = b"".join(b'{"id":"%d"}\n' % number for number in range(5000))
    wire.answer(Body(*(body[place : place + 997] for place in range(0, len(body), 997)), kind=kind))
    async with client.threads.retrieve("t").stream() as channel:
        assert await ids(channel) == [str(number) for number in range(5000)]
        assert (channel.items_delivered, channel.bytes_received) == (5000, len(body))


@pytest.mark.parametrize("kind", [JSON, LINES, SEQ, "text/event-stream", "list"])
async def test_r07_an_item_past_the_limit_ends_the_stream(wire: Wire, client: AssistantsClient, kind: str) -> None:
    """The items before it are delivered, then `ItemTooLargeError`, whether or not the item ever ends."""
    small, open_end = b'{"id":"a"}', b'{"id":"' + b"x" * 100
    starts = {SEQ: b"\x1e", "text/event-stream": b"data: ", "list": b'{"data":['}
    between = {LINES: b"\n", "text/event-stream": b"\n\ndata: ", SEQ: b"\n\x1e", "list": b","}
    body = starts.get(kind, b"") + small + between.get(kind, b"") + open_end
    wire.answer(Body(body, STALL, kind=JSON if kind == "list" else kind))
    call: Any = client.threads.list() if kind == "list" else client.threads.retrieve("t")
    async with call.with_options(max_item_bytes=64).stream() as channel:
        got, error = await ending(channel)
        assert (got, type(error), channel.outcome) == (["a"], ItemTooLargeError, "failed")
        assert isinstance(error, ItemTooLargeError)
        assert error.limit == 64


async def test_r07_many_items_need_the_memory_of_one_read(wire: Wire, client: AssistantsClient) -> None:
    """Over a long stream with a slow reader, the channel stores the items of one read at most."""
    item = b'{"id":"%d"}\n' % (10**20)
    wire.answer(Body(*[item * 1000] * 100, kind=LINES))
    stored = 0
    async with client.threads.retrieve("t").stream() as channel:
        async for _ in channel:
            if channel.items_delivered % 100 == 0:
                stored = max(stored, operator.length_hint(channel._frames))
                await asyncio.sleep(0)
    assert channel.items_delivered == 100_000
    assert stored < 20_000


async def test_r08_an_idle_reader_stops_the_server(wire: Wire, client: AssistantsClient) -> None:
    """The server's writes stop when the sockets' buffers are full, and go on when the reader does."""
    sent = 0
    piece = b'{"id":"%s"}\n' % (b"x" * 65000)

    async def flood(seen: Seen, peer: Peer) -> None:
        nonlocal sent
        for _ in range(400):
            await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            sent += 1

    wire.answer(Body(flood, kind=LINES))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(100 * MS)
        assert sent < 400
        assert len(await ids(channel)) == 399
    assert sent == 400


# Leaving (R9 to R11)


async def test_r09_closing_ends_a_read_that_waits(wire: Wire, client: AssistantsClient) -> None:
    """Closed from another task, the read ends as if nothing followed, and the server sees it."""
    body = Body(b'{"id":"a"}', STALL, kind=JSON)
    wire.answer(body)
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        waiting = asyncio.ensure_future(ids(channel))
        await asyncio.sleep(5 * MS)
        await channel.aclose()
        assert await asyncio.wait_for(waiting, 30) == []
        await asyncio.wait_for(body.left.wait(), 30)
        await channel.aclose()
        assert channel.outcome == "closed"
        with pytest.raises(StopAsyncIteration):
            await anext(channel)


async def test_r09_closing_needs_no_polling(wire: Wire, client: AssistantsClient) -> None:
    """While a read waits nothing runs: the loop makes no step of its own until the stream is closed."""
    wire.answer(Body(b'{"id":"a"}', STALL, kind=JSON))
    loop = asyncio.get_running_loop()
    async with client.threads.retrieve("t").with_options(timeout=Timeout(idle=None)).stream() as channel:
        await anext(channel)
        waiting = asyncio.ensure_future(ids(channel))
        await asyncio.sleep(20 * MS)
        steps = 0
        original = loop._run_once  # type: ignore[attr-defined]  # counts the turns of the loop itself

        def counted() -> None:
            nonlocal steps
            steps += 1
            original()

        loop._run_once = counted  # type: ignore[attr-defined]
        try:
            await asyncio.sleep(50 * MS)
        finally:
            del loop._run_once  # type: ignore[attr-defined]
        assert steps < 10
        await channel.aclose()
        assert await waiting == []


async def test_r09_items_that_were_not_taken_are_dropped(wire: Wire, client: AssistantsClient) -> None:
    """Closing drops the items that were read ahead."""
    wire.answer(Body(b'{"id":"a"}{"id":"b"}{"id":"c"}', kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
        await channel.aclose()
        assert await ids(channel) == []
        assert (channel.outcome, channel.items_delivered) == ("closed", 1)


async def test_r09_closing_before_entering_sends_nothing(wire: Wire, client: AssistantsClient) -> None:
    """A stream that was closed first cannot be entered, and does not warn."""
    channel = client.threads.retrieve("t").stream()
    await channel.aclose()
    with pytest.raises(RuntimeError, match="only once"):
        await channel.__aenter__()
    assert wire.connections == 0


@pytest.mark.parametrize("way", ["break", "raise", "return", "cancel"])
async def test_r10_leaving_the_block_closes(wire: Wire, client: AssistantsClient, way: str) -> None:
    """However the block is left, the server sees the connection close while the test still runs."""
    body = Body(b'{"id":"a"}{"id":"b"}', STALL, kind=JSON)
    wire.answer(body)

    async def leave() -> str:
        async with client.threads.retrieve("t").stream() as channel:
            async for item in channel:
                if way == "break":
                    break
                if way == "raise":
                    raise KeyError("mine")
                if way == "return":
                    return item.id
                await asyncio.Event().wait()
        return "left"

    task = asyncio.ensure_future(leave())
    if way == "cancel":
        while not (wire.seen and wire.open):
            await asyncio.sleep(MS)
        await asyncio.sleep(5 * MS)
        task.cancel()
    result = (await asyncio.gather(task, return_exceptions=True))[0]
    await asyncio.wait_for(body.left.wait(), 30)
    expected = {"break": "left", "return": "a"}
    assert result == expected[way] if way in expected else isinstance(result, (KeyError, asyncio.CancelledError))


def test_r10_a_channel_is_a_class() -> None:
    """A generator that is broken off does not run its cleanup; a channel has none to run."""
    assert not hasattr(Channel, "asend")
    assert not hasattr(Channel, "athrow")


async def test_r11_a_cancelled_read_loses_nothing(wire: Wire, client: AssistantsClient) -> None:
    """Time-outs around single reads, many of them, leave every byte where it was."""
    go = [Gate() for _ in range(6)]
    body = b'{"id":"abc"}{"id":"def"}'
    pieces: list[Any] = []
    for place, gate in enumerate(go):
        pieces += [gate, body[place * 4 : place * 4 + 4]]
    wire.answer(Body(*pieces, kind=JSON))
    got: list[str] = []
    cancelled = 0
    async with client.threads.retrieve("t").stream() as channel:
        for gate in go:
            await gate.reached.wait()
            for _ in range(3):
                try:
                    async with asyncio.timeout(2 * MS):
                        got.append((await anext(channel)).id)
                except TimeoutError:
                    cancelled += 1
            gate.set()
        got += await ids(channel)
    assert (got, cancelled) == (["abc", "def"], 17)


@pytest.mark.parametrize("scope", [asyncio.timeout, anyio.fail_after])
async def test_r11_a_time_out_around_the_block_is_its_own(
    wire: Wire, client: AssistantsClient, scope: Callable[[float], Any]
) -> None:
    """The scope's own error comes out, the task is not left cancelled, and the connection is cut."""
    body = Body(b'{"id":"a"}', STALL, kind=JSON)
    wire.answer(body)
    task = asyncio.current_task()
    assert task is not None
    got: list[str] = []
    with pytest.raises(TimeoutError) as caught:
        await in_scope(scope(50 * MS), client.threads.retrieve("t").stream(), got)
    assert not isinstance(caught.value, TimedOutError)
    assert (got, task.cancelling()) == (["a"], 0)
    await asyncio.wait_for(body.left.wait(), 30)


async def in_scope(scope: Any, channel: Channel[Any], got: list[str]) -> None:
    """Read a stream to its end inside a scope that is sync or async."""

    async def inside() -> None:
        async with channel:
            async for item in channel:
                got.append(getattr(item, "id", ""))  # noqa: PERF401  # what came before the error is the point

    if hasattr(scope, "__aenter__"):
        async with scope:
            await inside()
    else:
        with scope:
            await inside()


async def test_r11_cancellation_passes_through_untouched(wire: Wire, client: AssistantsClient) -> None:
    """The task ends cancelled with the message it was cancelled with."""
    wire.answer(Body(b'{"id":"a"}', STALL, kind=JSON))

    async def reading() -> None:
        async with client.threads.retrieve("t").stream() as channel:
            await read(channel, 2)

    task = asyncio.create_task(reading())
    while not wire.seen:
        await asyncio.sleep(MS)
    await asyncio.sleep(5 * MS)
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await task
    assert task.cancelled()
