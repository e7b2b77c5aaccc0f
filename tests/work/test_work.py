"""The counted cost of calls, items and events: a slip shows on any machine, a benchmark needs a quiet one."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

import pytest

from benchmarks.canned import Canned
from tests.work.counting import Counting, Work
from tests.work.works import (
    WORKS,
    Use,
    a_run,
    calls,
    client_of,
    events,
    iterate,
    pages,
    retrieve,
    stream,
    streamed,
)


@pytest.mark.parametrize("name", WORKS)
async def test_work_is_bounded(name: str) -> None:
    """Nothing is done more often than the bound says, and what is sent once is decoded once."""
    bounded = WORKS[name]
    found = await bounded.each()
    assert found.decodes == bounded.most.decodes
    assert all(value <= most for value, most in zip(found, bounded.most, strict=True)), found


async def test_the_last_page_costs_as_much_as_the_first() -> None:
    """For any number of pages."""
    few, some, many = [await pages(count) for count in (2, 12, 52)]
    assert many.for_each(some, 40) == some.for_each(few, 10)


async def test_the_last_event_costs_as_much_as_the_first() -> None:
    """For any number of events, bar the odd piece."""
    few, some, many = [await events(count) for count in (1_000, 2_000, 12_000)]
    early, late = some.for_each(few, 1_000), many.for_each(some, 10_000)
    assert late.calls == pytest.approx(early.calls, rel=0.01)
    assert late.builtins == pytest.approx(early.builtins, rel=0.01)


async def test_counts_repeat() -> None:
    """The same work has the same counts, so the bounds are no matter of luck."""
    assert len({await calls(10) for _ in range(20)}) == 1
    assert len({await events(100) for _ in range(20)}) == 1


async def test_who_watches_already_goes_on() -> None:
    """A profiler that was there before is there again."""

    def seen(*_: object) -> None:
        pass

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        with Counting() as counting:
            pass
        assert sys.getprofile() is seen
    finally:
        sys.setprofile(before)
    assert counting.work == Work(0, 0, 0)


async def test_calls_leave_nothing() -> None:
    """Memory after a thousand calls is that after the first hundred."""
    async with client_of(*(a_run() for _ in range(1_100))) as client:
        for _ in range(100):
            await retrieve(client)
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(1_000):
            await retrieve(client)
        gc.collect()
        assert sys.getallocatedblocks() - before < 100


async def test_a_stream_keeps_no_more_than_its_text() -> None:
    """A delta that was read is gone, but for the piece of text that the snapshot keeps."""
    blocks: list[int] = []
    async with client_of(streamed(12_000)) as client, stream(client) as channel:
        async for _ in channel:
            if channel.items_delivered in (2_000, 12_000):
                gc.collect()
                blocks.append(sys.getallocatedblocks())
    assert (blocks[1] - blocks[0]) / 10_000 < 1.1


@pytest.mark.parametrize(("use", "make"), [(retrieve, a_run), (iterate, lambda: streamed(10))])
async def test_garbage_is_not_made_in_circles(use: Use, make: Callable[[], Canned]) -> None:
    """A call and a stream are freed as they end, so the collector finds nothing of ours."""
    async with client_of(*(make() for _ in range(50))) as client:
        await use(client)
        gc.collect()
        gc.disable()
        try:
            for _ in range(49):
                await use(client)
            assert gc.collect() == 0
        finally:
            gc.enable()
