"""The thread of a store: jobs in their order, results and errors to those who wait, and an end of its own."""

from __future__ import annotations

import asyncio
import threading

import pytest

from assistants_async.server.storage.job_thread import JobThread


async def test_jobs_are_done_in_order() -> None:
    """One after the other, in one thread that is not the loop's; an error is raised where the job is waited for."""
    thread = JobThread("jobs")
    seen: list[int] = []
    slow = threading.Event()
    assert thread.is_idle
    first = thread.submit(slow.wait)
    futures = [thread.submit(seen.append, number) for number in range(100)]
    wrong = thread.submit(int, "x")
    name = thread.submit(lambda: threading.current_thread().name)
    assert (seen, thread.is_idle) == ([], False)
    slow.set()
    assert await first is True
    await asyncio.gather(*futures)
    assert seen == list(range(100))
    with pytest.raises(ValueError, match="invalid literal"):
        await wrong
    assert await name == "jobs"
    assert thread.is_idle
    thread.stop()


async def test_what_nobody_waits_for_any_more() -> None:
    """A job that is cancelled before it begins is left out; one that has begun is done, and its result is dropped."""
    thread = JobThread("jobs")
    seen: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait()
        seen.append("begun")

    running, waiting = thread.submit(work), thread.submit(seen.append, "waiting")
    while not begun.is_set():
        await asyncio.sleep(0.001)
    running.cancel()
    waiting.cancel()
    go_on.set()
    await thread.submit(seen.append, "last")
    assert seen == ["begun", "last"]
    assert thread.is_idle
    thread.stop()


async def test_it_ends_behind_its_jobs() -> None:
    """What was given to it before is done."""
    thread = JobThread("the end")
    seen: list[int] = []
    last = [thread.submit(seen.append, number) for number in range(3)][-1]
    thread.stop()
    await last
    assert seen == [0, 1, 2]
    while any(other.name == "the end" for other in threading.enumerate()):
        await asyncio.sleep(0.001)


async def test_a_loop_that_is_closed() -> None:
    """The thread does what it has and ends without a word."""
    go_on = threading.Event()
    seen: list[bool] = []

    async def leave() -> None:
        thread = JobThread("left behind")
        _ = thread.submit(lambda: seen.append(go_on.wait()))
        thread.stop()

    await asyncio.to_thread(lambda: asyncio.run(leave()))
    go_on.set()
    while any(other.name == "left behind" for other in threading.enumerate()):
        await asyncio.sleep(0.001)
    assert seen == [True]
