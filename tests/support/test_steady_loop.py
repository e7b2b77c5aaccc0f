"""The clock of the tests' event loop."""

from __future__ import annotations

import asyncio
import time

from tests.support.steady_loop import TURN


async def test_busy_time_of_the_machine_is_not_counted() -> None:
    """A processor that is busy with something else for 50 ms is no time for this loop."""
    clock = asyncio.get_running_loop().time
    began = clock()
    async with asyncio.timeout(0.02):
        time.sleep(0.05)  # noqa: ASYNC251  # as if the process had not been given the processor
        await asyncio.sleep(0)
    assert clock() - began < 0.01


async def test_pauses_are_counted_in_order() -> None:
    """The shorter one ends first, however late both are noticed."""
    loop = asyncio.get_running_loop()
    began, ended = loop.time(), list[int]()
    loop.call_later(0.03, ended.append, 3)
    loop.call_later(0.01, time.sleep, 0.05)
    loop.call_later(0.02, ended.append, 2)
    await asyncio.sleep(0.04)
    assert ended == [2, 3]
    assert 0.04 <= loop.time() - began < 0.05


async def test_work_without_a_pause_reaches_a_limit() -> None:
    """A loop that never rests has a clock all the same."""
    turns = 0
    try:
        async with asyncio.timeout(100 * TURN):
            while True:
                turns += 1
                await asyncio.sleep(0)
    except TimeoutError:
        pass
    assert 90 <= turns <= 110


async def test_data_from_a_thread_ends_a_pause() -> None:
    """Data from outside the loop arrives before the limit, after any time."""
    async with asyncio.timeout(5):
        assert await asyncio.to_thread(lambda: "done") == "done"
