"""Pushing that is cut, closed or left: the same error at both ends."""

from __future__ import annotations

import asyncio
import gc
import math
from collections.abc import Awaitable
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient, ConnectionLostError, HTTPResponse, NotFoundError, ValidationError
from assistants_async.calls.pipe import open_pipe
from assistants_async.errors import ItemDecodeError, StreamEventError, StreamInterruptedError, StreamTruncatedError
from tests.support.byte_server import RESET, STALL, Body, Gate, dumps, frame, whole
from tests.support.channels import JSON, LINES
from tests.support.http_server import Wire, failure
from tests.support.run_events import ERROR, run_frames
from tests.support.steady_loop import MS


async def gather(receiver: Any) -> list[Any]:
    """Everything that comes out of a receiving end."""
    return [item async for item in receiver]


async def status(head: Awaitable[HTTPResponse | None]) -> int:
    """The status of a head that must have come."""
    http = await head
    assert http is not None
    return http.status


# T50, T51 and the ends


async def test_t50_one_object_into_a_channel(wire: Wire, client: AssistantsClient) -> None:
    """The head comes back, the typed object is in the channel, and the channel is closed without an error."""
    wire.answer(whole(dumps({"id": "a"}), x_request_id="req_1"))
    send, receive = anyio.create_memory_object_stream[Any](1)
    http = await client.threads.retrieve("t").into(send)
    assert http is not None
    assert (http.status, http.request_id) == (200, "req_1")
    assert [item.id for item in await gather(receive)] == ["a"]
    with pytest.raises(anyio.ClosedResourceError):
        await send.send(None)
    receive.close()


async def test_t51_a_channel_that_nobody_reads_never_hangs(wire: Wire, client: AssistantsClient) -> None:
    """A full channel makes the pump wait; when its reader goes away, the pump ends well and the connection goes."""
    body = Body(b'{"id":"a"}{"id":"b"}{"id":"c"}', STALL, kind=JSON)
    wire.answer(body)
    send, receive = anyio.create_memory_object_stream[Any](1)
    pump = asyncio.ensure_future(client.threads.retrieve("t").into(send))
    assert (await receive.receive()).id == "a"
    await asyncio.sleep(5 * MS)
    assert not pump.done()
    receive.close()
    assert await status(asyncio.wait_for(pump, 30)) == 200
    await asyncio.wait_for(body.left.wait(), 30)


async def test_r09_a_pipes_reader_that_closes_ends_a_pump_that_waits_for_bytes(
    wire: Wire, client: AssistantsClient
) -> None:
    """With a silent server no send would fail, and the pump ends all the same."""
    body = Body(b'{"id":"a"}', STALL, kind=JSON)
    wire.answer(body)
    send, receive = open_pipe(4)
    pump = asyncio.ensure_future(client.threads.retrieve("t").into(send))
    assert (await anext(receive)).id == "a"
    await asyncio.sleep(5 * MS)
    receive.close()
    assert receive.closed
    assert await status(asyncio.wait_for(pump, 30)) == 200
    await asyncio.wait_for(body.left.wait(), 30)


async def test_r02_an_error_status_reaches_both_ends(wire: Wire, client: AssistantsClient) -> None:
    """The pump raises it, and so does the reader of a pipe."""
    wire.answer(failure(404, "gone"))
    send, receive = open_pipe(1)
    with pytest.raises(NotFoundError) as caught:
        await client.threads.retrieve("t").into(send)
    with pytest.raises(NotFoundError) as read:
        await anext(receive)
    assert caught.value is read.value
    receive.close()


async def test_t49_arguments_are_checked_before_any_form(wire: Wire, client: AssistantsClient) -> None:
    """A value out of range is refused when the call is made, so before every form of it."""
    with pytest.raises(ValidationError):
        await client.threads.list(limit=0)
    assert wire.connections == 0


async def test_n13_buffered_items_come_before_the_error(wire: Wire, client: AssistantsClient) -> None:
    """The reader gets the buffered items first, then the same error that the pump raised, once, with its cause."""
    wire.answer(Body(b'{"id":"a"}{"id":"b"}{"id":', RESET, kind=JSON))
    send, receive = open_pipe(8)
    with pytest.raises(StreamTruncatedError) as at_pump:
        await client.threads.retrieve("t").into(send)
    assert [(await anext(receive)).id, (await anext(receive)).id] == ["a", "b"]
    with pytest.raises(StreamTruncatedError) as at_reader:
        await anext(receive)
    assert at_reader.value is at_pump.value
    assert isinstance(at_reader.value.__cause__, ConnectionLostError)
    with pytest.raises(StopAsyncIteration):
        await anext(receive)
    receive.close()


@pytest.mark.parametrize("capacity", [0, 1, 3, math.inf])
@pytest.mark.parametrize("own", [False, True])
async def test_n12_every_capacity_gives_every_item(
    wire: Wire, client: AssistantsClient, capacity: float, own: bool
) -> None:
    """Rendezvous, bounded and unbounded, into anyio's streams and into pipes."""
    body = b"".join(b'{"id":"%d"}\n' % number for number in range(50))
    wire.answer(Body(body, kind=LINES))
    ends: Any = open_pipe(capacity) if own else anyio.create_memory_object_stream[Any](capacity)
    send, receive = ends
    pump = asyncio.ensure_future(client.threads.retrieve("t").into(send))
    got = [item.id for item in await gather(receive)]
    assert got == [str(number) for number in range(50)]
    assert await status(pump) == 200
    receive.close()


async def test_n12_a_rendezvous_buffers_nothing(wire: Wire, client: AssistantsClient) -> None:
    """With capacity 0 the pump is never more than the item in its hand ahead."""
    wire.answer(Body(b'{"id":"a"}{"id":"b"}{"id":"c"}', kind=JSON))
    send, receive = anyio.create_memory_object_stream[Any](0)
    pump = asyncio.ensure_future(client.threads.retrieve("t").into(send))
    for name in "abc":
        while not receive.statistics().tasks_waiting_send:
            await asyncio.sleep(MS)
        await asyncio.sleep(2 * MS)
        assert receive.statistics().current_buffer_used == 0
        assert receive.statistics().tasks_waiting_send == 1
        assert (await receive.receive()).id == name
    await pump
    receive.close()


async def test_r07_the_reader_of_a_channel_sets_the_pace(wire: Wire, client: AssistantsClient) -> None:
    """A bounded channel that is full stops the server: the pump does not read on."""
    piece = b'{"id":"%s"}\n' % (b"x" * 65000)
    body = Body(*[piece] * 400, kind=LINES)
    wire.answer(body)
    send, receive = anyio.create_memory_object_stream[Any](2)
    pump = asyncio.ensure_future(client.threads.retrieve("t").into(send))
    await receive.receive()
    await asyncio.sleep(50 * MS)
    assert receive.statistics().current_buffer_used == 2
    assert not body.finished
    assert len(await gather(receive)) == 399
    await pump
    receive.close()


async def test_n11_three_calls_feed_one_channel(wire: Wire, client: AssistantsClient) -> None:
    """With `close=False` each leaves the channel open, and its maker closes it once."""
    wire.answer(
        *(
            Body(b"".join(b'{"id":"%s%d"}' % (name, place) for place in range(9)), kind=JSON)
            for name in (b"a", b"b", b"c")
        )
    )
    send, receive = anyio.create_memory_object_stream[Any](2)
    got: list[str] = []

    async def consume() -> None:
        got.extend([item.id async for item in receive])

    async with anyio.create_task_group() as group:
        group.start_soon(consume)
        async with send, anyio.create_task_group() as calls:
            for number in range(3):
                calls.start_soon(into_open, client, number, send)
    for name in "abc":
        assert [one for one in got if one[0] == name] == [f"{name}{place}" for place in range(9)]
    receive.close()


async def into_open(client: AssistantsClient, number: int, send: Any) -> None:
    """One of several calls that feed a channel."""
    await client.threads.retrieve(f"t{number}").into(send, close=False)


async def test_n11_one_error_of_three_calls_reaches_the_reader(wire: Wire, client: AssistantsClient) -> None:
    """The pipe ends with the error of the call that failed, whatever `close` says, and the others stop."""
    fail = Gate()
    good = Body(b'{"id":"a"}', STALL, kind=JSON)
    wire.answer(good, Body(fail, b'{"id":7}', kind=JSON))
    send, receive = open_pipe(4)
    first = asyncio.ensure_future(client.threads.retrieve("t").into(send, close=False))
    assert (await anext(receive)).id == "a"
    second = asyncio.ensure_future(client.threads.retrieve("t").into(send, close=False))
    await fail.reached.wait()
    fail.set()
    with pytest.raises(ItemDecodeError):
        await anext(receive)
    with pytest.raises(ItemDecodeError):
        await second
    receive.close()
    assert await status(asyncio.wait_for(first, 30)) == 200


async def test_r11_a_cancelled_pump_closes_both_ends(wire: Wire, client: AssistantsClient) -> None:
    """Its reader gets an error, since the answer may not be whole, and the server sees the connection close."""
    body = Body(b'{"id":"a"}', STALL, kind=JSON)
    wire.answer(body)
    send, receive = open_pipe(1)
    pump = asyncio.ensure_future(client.threads.retrieve("t").into(send))
    assert (await anext(receive)).id == "a"
    pump.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pump
    with pytest.raises(StreamInterruptedError, match="the call into this pipe was cancelled") as caught:
        await anext(receive)
    assert caught.value.items == 1
    with pytest.raises(StopAsyncIteration):
        await anext(receive)
    receive.close()
    await asyncio.wait_for(body.left.wait(), 30)


async def test_a_time_out_around_a_pump_is_no_clean_end(wire: Wire, client: AssistantsClient) -> None:
    """Another call that is to follow into the pipe is not disturbed by it."""
    body = Body(b'{"id":"a"}', STALL, kind=JSON)
    for close in (True, False):
        wire.answer(body)
        send, receive = open_pipe(5)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(None) as limit:
                pump = asyncio.ensure_future(client.threads.retrieve("t").into(send, close=close))
                assert (await anext(receive)).id == "a"
                limit.reschedule(0)
                await pump
        if close:
            with pytest.raises(StreamInterruptedError):
                await anext(receive)
        else:
            await send.send("next")
            assert await anext(receive) == "next"
        send.close()
        receive.close()


async def test_r11_a_cancelled_receive_loses_nothing(wire: Wire, client: AssistantsClient) -> None:
    """A time-out around one receive of a pipe leaves the next item where it was."""
    more = Gate()
    wire.answer(Body(b'{"id":"a"}', more, b'{"id":"b"}', kind=JSON))
    send, receive = open_pipe()
    pump = asyncio.ensure_future(client.threads.retrieve("t").into(send))
    async with receive:
        assert (await anext(receive)).id == "a"
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2 * MS):
                    await anext(receive)
        more.set()
        assert [item.id async for item in receive] == ["b"]
    await pump


async def test_r15_the_events_of_a_run_are_pushed_with_their_error(wire: Wire, client: AssistantsClient) -> None:
    """An error event and an early end come out of the pipe after the events before them."""
    for tail, kind in ((frame("error", ERROR), StreamEventError), (b"", StreamInterruptedError)):
        wire.answer(Body(*run_frames("ab")[:8], tail or b": end\n\n"))
        send, receive = open_pipe(100)
        with pytest.raises(kind):
            await client.runs.create("thread_1", assistant_id="a").into(send)
        got = []
        with pytest.raises(kind):
            async for event in receive:
                got.append(event.event)  # noqa: PERF401  # an error comes in between
        assert len(got) == 8
        receive.close()


async def test_a_pipe_that_was_read_to_its_end_needs_no_closing() -> None:
    """Every further read says so, and no warning follows."""
    send, receive = open_pipe(2)
    await send.send("a")
    send.close()
    assert [item async for item in receive] == ["a"]
    assert [item async for item in receive] == []
    del receive
    gc.collect()
