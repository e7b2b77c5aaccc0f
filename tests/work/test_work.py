"""What calls, items and events cost, counted: a slip shows here on any machine, where a benchmark needs a quiet one.

The bounds are what is done today. A change that does more raises them knowingly; one that does less lowers them.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Awaitable, Callable

import pytest

from assistants_async import AssistantsClient
from benchmarks.bodies import PAGE, answer, cut, frames
from tests.client.wire import KEY, RUN, Wire
from tests.client.wire import answer as sent
from tests.work.counting import Counting, Shelf, Work

JSON, SSE = "application/json", "text/event-stream"
CHUNK = 16 * 1024

Use = Callable[[AssistantsClient], Awaitable[object]]


def body(line: bytes) -> bytes:
    """The body of a whole answer of the benchmarks' server."""
    return answer(line).pieces[0].partition(b"\r\n\r\n")[2]


def page(number: int, pages: int) -> bytes:
    """A page of messages, of so many in all."""
    cursor = b"&after=msg_%d" % (number * PAGE - 1) if number else b""
    return body(b"GET /pages-%d/v1/threads/thread_1/messages?limit=100%b HTTP/1.1" % (pages, cursor))


RUN_BODY = body(b"GET /run/v1/threads/thread_1/runs/run_1 HTTP/1.1")


async def counted(shelf: Shelf, use: Use, warm: Use | None = None) -> Work:
    """What a use of a client costs, once it has been used before."""
    async with AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, transport=shelf) as client:
        await (warm or use)(client)
        with Counting() as counting:
            await use(client)
    return counting.work


async def calls(count: int) -> Work:
    """What so many calls cost."""

    async def use(client: AssistantsClient) -> None:
        for _ in range(count):
            await client.runs.retrieve("thread_1", "run_1")

    return await counted(Shelf(JSON, *[[RUN_BODY]] * count * 2), use)


async def pages(count: int) -> Work:
    """What iterating so many pages costs."""

    async def use(client: AssistantsClient) -> None:
        seen = [message async for message in client.messages.list("thread_1", limit=PAGE)]
        assert len(seen) == count * PAGE

    return await counted(Shelf(JSON, *[[page(number, count)] for number in range(count)] * 2), use)


async def one_page(items: int) -> Work:
    """What iterating one page of so many items costs."""
    data = b",".join(b'{"id":"msg_%d","object":"thread.message","role":"user"}' % number for number in range(items))
    text = b'{"object":"list","data":[' + data + b'],"has_more":false}'

    async def use(client: AssistantsClient) -> None:
        assert len(await client.messages.list("thread_1").collect()) == items

    return await counted(Shelf(JSON, [text], [text]), use)


async def events(deltas: int, read: Callable[[AssistantsClient], Awaitable[object]], size: int = CHUNK) -> Work:
    """What reading a stream of so many deltas costs, cut in pieces of one size."""
    pieces = list(cut(b"".join(frames(deltas)), size))
    return await counted(Shelf(SSE, pieces, pieces), read)


async def iterate(client: AssistantsClient) -> None:
    """Read every event."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for _ in channel:
            pass


async def text(client: AssistantsClient) -> None:
    """Read the text."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for _ in channel.text():
            pass


def within(work: Work, bound: Work) -> bool:
    """Whether nothing was done more often than the bound says."""
    return all(mine <= most for mine, most in zip(work, bound, strict=True))


async def test_a_call() -> None:
    """From the method to the value, the transport left out; the answer is decoded once."""
    work = (await calls(120)).for_each(await calls(20), 100)
    assert work.decodes == 1
    assert within(work, Work(42, 19, 1)), work


async def test_a_call_over_the_wire() -> None:
    """With what the transport and the pool of connections do beside aiohttp."""
    async with Wire().serve() as wire, AssistantsClient(base_url=wire.base_url, api_key=KEY) as client:
        wire.answer(sent(RUN))
        await client.runs.retrieve("thread_1", "run_1")
        with Counting() as counting:
            for _ in range(100):
                await client.runs.retrieve("thread_1", "run_1")
    work = counting.work.for_each(Work(0, 0, 0), 100)
    assert work.decodes == 1
    assert within(work, Work(60, 31, 1)), work


async def test_an_item_of_a_page() -> None:
    """Beyond what its page costs, which is decoded once."""
    work = (await one_page(1_100)).for_each(await one_page(100), 1_000)
    assert work.decodes == 0
    assert within(work, Work(1, 0, 0)), work


async def test_a_page() -> None:
    """A page of 100 items; the last of many costs what the first did."""
    few, some, many = [await pages(count) for count in (2, 12, 52)]
    work = some.for_each(few, 10)
    assert many.for_each(some, 40) == work
    assert work.decodes == 1
    assert within(work, Work(136, 26, 1)), work


async def test_an_event() -> None:
    """One decode each; the last of many costs what the first did, bar the odd piece."""
    few, some, many = [await events(count, iterate) for count in (1_000, 2_000, 12_000)]
    work = some.for_each(few, 1_000)
    assert work.decodes == 1
    assert within(work, Work(5.25, 12.25, 1)), work
    later = many.for_each(some, 10_000)
    assert later.calls == pytest.approx(work.calls, rel=0.01)
    assert later.builtins == pytest.approx(work.builtins, rel=0.01)


async def test_an_event_in_small_pieces() -> None:
    """A piece costs its own reading, and no decode."""
    work = (await events(300, iterate, 7)).for_each(await events(200, iterate, 7), 100)
    assert work.decodes == 1
    assert within(work, Work(340, 147, 1)), work


async def test_a_piece_of_text() -> None:
    """What the view adds to an event."""
    work = (await events(2_000, text)).for_each(await events(1_000, text), 1_000)
    assert work.decodes == 1
    assert within(work, Work(7.25, 13.25, 1)), work


async def test_counts_repeat() -> None:
    """The same work has the same counts, so the bounds above are no matter of luck."""
    assert len({await calls(10) for _ in range(20)}) == 1
    assert len({await events(100, iterate) for _ in range(20)}) == 1


async def test_calls_leave_nothing() -> None:
    """Memory after a thousand calls is what it was after the first hundred."""

    async def use(client: AssistantsClient) -> None:
        await client.runs.retrieve("thread_1", "run_1")

    shelf = Shelf(JSON, *[[RUN_BODY]] * 1_100)
    async with AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, transport=shelf) as client:
        for _ in range(100):
            await use(client)
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(1_000):
            await use(client)
        gc.collect()
        assert sys.getallocatedblocks() - before < 100


async def test_a_stream_holds_no_more_than_its_text() -> None:
    """A delta that was read is gone, but for the piece of text that the snapshot keeps."""
    held: list[int] = []
    pieces = list(cut(b"".join(frames(12_000)), CHUNK))
    shelf = Shelf(SSE, pieces)
    async with (
        AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, transport=shelf) as client,
        client.runs.create("thread_1", assistant_id="asst_1").stream() as channel,
    ):
        async for _ in channel:
            if channel.items_delivered in (2_000, 12_000):
                gc.collect()
                held.append(sys.getallocatedblocks())
    assert (held[1] - held[0]) / 10_000 < 1.1


async def test_garbage_is_not_made_in_circles() -> None:
    """What calls and streams leave behind is freed as they end, so the collector finds nothing of ours."""
    shelf = Shelf(JSON, *[[RUN_BODY]] * 50)
    async with AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, transport=shelf) as client:
        await client.runs.retrieve("thread_1", "run_1")
        gc.collect()
        gc.disable()
        try:
            for _ in range(49):
                await client.runs.retrieve("thread_1", "run_1")
            assert gc.collect() == 0
        finally:
            gc.enable()
