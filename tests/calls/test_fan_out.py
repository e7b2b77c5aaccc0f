"""One stream for several readers: every item to each, the slowest sets the pace, and nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import pytest

from assistants_async import AssistantsClient, ClientClosedError, ConnectionLostError
from assistants_async.errors import StreamEventError
from tests.support.byte_server import RESET, STALL, Body, frame
from tests.support.http_server import KEY, Wire
from tests.support.run_events import DONE, ERROR, names, run_frames
from tests.support.steady_loop import MS

LINES = "application/x-ndjson"


async def ids(receiver: Any) -> list[str]:
    """The ids of all items of one reader."""
    return [item.id async for item in receiver]


def numbered(count: int) -> bytes:
    """So many items."""
    return b"".join(b'{"id":"%d"}\n' % number for number in range(count))


@pytest.mark.parametrize("readers", [1, 2, 5])
@pytest.mark.parametrize("capacity", [0, 1, 16])
async def test_every_reader_gets_every_item(wire: Wire, client: AssistantsClient, readers: int, capacity: int) -> None:
    """In order and once, for any capacity."""
    wire.answer(Body(numbered(60), kind=LINES))
    async with (
        client.threads.retrieve("t").stream() as channel,
        channel.fan_out(readers, capacity=capacity) as receivers,
    ):
        got = await asyncio.gather(*(ids(receiver) for receiver in receivers))
    assert got == [[str(number) for number in range(60)]] * readers
    assert channel.outcome == "completed"


async def test_the_slowest_reader_sets_the_pace(wire: Wire, client: AssistantsClient) -> None:
    """A quick reader gets no further ahead than the room of the slow one, and the item in the pump's hand."""
    wire.answer(Body(numbered(200), kind=LINES))
    async with client.threads.retrieve("t").stream() as channel, channel.fan_out(2, capacity=4) as (quick, slow):
        ahead = asyncio.ensure_future(ids(quick))
        for taken in range(20):
            for _ in range(12):
                await asyncio.sleep(0)
            assert channel.items_delivered <= taken + 4 + 1 + 1
            assert not ahead.done()
            await anext(slow)
        assert len(await ids(slow)) == 180
        assert len(await ahead) == 200


async def test_a_reader_that_closes_is_left_out(wire: Wire, client: AssistantsClient) -> None:
    """The others go on at their own pace, also where the pump was waiting for it."""
    wire.answer(Body(numbered(100), kind=LINES))
    async with client.threads.retrieve("t").stream() as channel, channel.fan_out(3, capacity=2) as (one, two, gone):
        assert (await anext(gone)).id == "0"
        both = asyncio.ensure_future(asyncio.gather(ids(one), ids(two)))
        await asyncio.sleep(2 * MS)
        assert not both.done()
        gone.close()
        assert [len(got) for got in await asyncio.wait_for(both, 30)] == [100, 100]
    gc.collect()


async def test_the_last_reader_that_closes_closes_the_stream(wire: Wire, client: AssistantsClient) -> None:
    """Nobody is left to read for, so the server sees it, though it is silent and the block is open."""
    body = Body(numbered(3), STALL, kind=LINES)
    wire.answer(body)
    async with client.threads.retrieve("t").stream() as channel, channel.fan_out(2) as (one, two):
        await anext(one)
        one.close()
        await asyncio.sleep(2 * MS)
        assert channel.items_delivered == 3
        two.close()
        await asyncio.wait_for(body.left.wait(), 30)
        assert channel.outcome == "closed"


async def test_an_error_reaches_every_reader(wire: Wire, client: AssistantsClient) -> None:
    """After the items before it, with its cause, and the block ends without an error of its own."""
    wire.answer(Body(numbered(3), RESET, kind=LINES))
    async with client.threads.retrieve("t").stream() as channel, channel.fan_out(3) as receivers:
        for receiver in receivers:
            assert [(await anext(receiver)).id for _ in range(3)] == ["0", "1", "2"]
            with pytest.raises(ConnectionLostError) as caught:
                await anext(receiver)
            assert caught.value.__cause__ is not None
            with pytest.raises(StopAsyncIteration):
                await anext(receiver)


async def test_events_of_a_run_for_several_readers(wire: Wire, client: AssistantsClient) -> None:
    """Each has all events, the snapshot is built once, and each gets an error event."""
    wire.answer(Body(*run_frames("a", "b"), DONE))
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        async with channel.fan_out(2) as (one, two):
            first, second = await asyncio.gather(list_of(one), list_of(two))
        assert first == second == names(run_frames("a", "b"))
        assert channel.snapshot.messages[0].text == "ab"
    wire.answer(Body(*run_frames("a")[:3], frame("error", ERROR)))
    async with client.runs.create("t", assistant_id="a").stream() as channel, channel.fan_out(2) as receivers:
        for receiver in receivers:
            with pytest.raises(StreamEventError):
                await list_of(receiver)


async def list_of(receiver: Any) -> list[str]:
    """The names of all events of one reader."""
    return [event.event async for event in receiver]


@pytest.mark.parametrize("way", ["break", "raise", "cancel", "end"])
async def test_leaving_leaves_nothing_behind(wire: Wire, client: AssistantsClient, way: str) -> None:
    """Early or not: no task, no open stream, no warning, and the caller's own error as itself."""
    body = Body(numbered(50), *([] if way == "end" else [STALL]), kind=LINES)
    wire.answer(body)
    before = asyncio.all_tasks()

    async def leave() -> None:
        async with client.threads.retrieve("t").stream() as channel, channel.fan_out(3, capacity=1) as (one, two, _):
            await anext(one)
            if way == "raise":
                raise KeyError("mine")
            if way == "cancel":
                async with asyncio.timeout(5 * MS):
                    await asyncio.gather(ids(one), ids(two))

    if way == "raise":
        with pytest.raises(KeyError, match="mine"):
            await leave()
    elif way == "cancel":
        with pytest.raises(TimeoutError):
            await leave()
    else:
        await leave()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert {left for left in asyncio.all_tasks() - before if "Wire" not in repr(left)} == set()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
    if way != "end":
        await asyncio.wait_for(body.left.wait(), 30)


async def test_the_client_closes_under_a_fan_out(wire: Wire) -> None:
    """Each reader gets `ClientClosedError`."""
    wire.answer(Body(numbered(1), STALL, kind=LINES))
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    async with client.threads.retrieve("t").stream() as channel, channel.fan_out(2) as receivers:
        for receiver in receivers:
            await anext(receiver)
        await client.close()
        for receiver in receivers:
            with pytest.raises(ClientClosedError):
                await anext(receiver)


async def test_no_readers_are_refused(wire: Wire, client: AssistantsClient) -> None:
    """A stream without readers would run on without any limit."""
    wire.answer(Body(numbered(1), kind=LINES))
    async with client.threads.retrieve("t").stream() as channel:
        with pytest.raises(ValueError, match="readers must be a whole number of at least 1, not 0"):
            channel.fan_out(0)
