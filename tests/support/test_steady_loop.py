"""The clock of the tests' event loop."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

from tests.support.steady_loop import GLANCE, LONGEST_LEAP, TURN


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


async def test_a_pause_in_which_nothing_can_come_is_cut_short() -> None:
    """Its time is counted all the same: 100 s take 20 glances."""
    loop = asyncio.get_running_loop()
    began, really = loop.time(), time.monotonic()
    for _ in range(20):
        await asyncio.sleep(LONGEST_LEAP)
    assert loop.time() - began >= 20 * LONGEST_LEAP
    assert time.monotonic() - really < 20 * LONGEST_LEAP


async def test_a_pause_beside_a_thread_is_a_real_one() -> None:
    """What the thread does may take as long."""
    done = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()
    thread = threading.Timer(10 * GLANCE, lambda: loop.call_soon_threadsafe(done.set_result, "done"))
    thread.start()
    async with asyncio.timeout(LONGEST_LEAP):
        assert await done == "done"
    thread.join()


async def test_a_pause_beside_a_child_is_a_real_one() -> None:
    """So is one in which a process may still write."""
    program = f"import time; time.sleep({10 * GLANCE}); print('done')"
    child = await asyncio.create_subprocess_exec(sys.executable, "-S", "-c", program, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    async with asyncio.timeout(LONGEST_LEAP):
        assert await child.stdout.readline() == b"done\n"
    assert await child.wait() == 0
