"""A tool with a time limit: results and errors in time, and cancellations while it runs."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from assistants_async.tools.round import run_limited


async def test_a_tool_that_is_done_in_time() -> None:
    """Its value is returned as it is."""

    async def quick() -> str:
        await asyncio.sleep(0)
        return "done"

    assert await run_limited(60, quick, "quick") == "done"


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)], ids=["error", "exit"])
async def test_a_tool_that_fails_in_time(error: BaseException) -> None:
    """The very error is raised to the caller."""

    async def failing() -> None:
        await asyncio.sleep(0)
        raise error

    with pytest.raises(type(error)) as caught:
        await run_limited(60, failing, "failing")
    assert caught.value is error


async def test_a_cancellation_within_the_time_limit() -> None:
    """The tool has ended before the cancellation goes on."""
    begun, ended = asyncio.Event(), asyncio.Event()

    async def waiting() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.set()

    task = asyncio.create_task(run_limited(60, waiting, "waiting"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_a_cancellation_while_a_late_tool_cleans_up() -> None:
    """It goes on once the tool has cleaned up, in place of the time limit."""
    cleaning, release, cleaned = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cleaning.set()
            while not release.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await release.wait()
            cleaned.set()

    task = asyncio.create_task(run_limited(0.001, tidy, "tidy"))
    await cleaning.wait()
    task.cancel()
    await asyncio.sleep(0)
    release.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert cleaned.is_set()
