"""The limit of the wait for a busy thread, and its early ends."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from assistants_async import ClientClosedError, Run, RunCall, RunDeadlineError, ThreadBusyError, Timeout
from assistants_async.server import Say, Stall
from tests.support.busy_thread import ASKS, FORMS, finish, looked, poll, respond, say, stream
from tests.support.embedded import GRACE, serving
from tests.support.steady_loop import MS


@pytest.mark.parametrize("form", FORMS)
async def test_the_total_limit_ends_the_wait(form: Callable[[RunCall], Awaitable[Run]]) -> None:
    """The error names the run, its status and the time."""
    async with serving(ASKS) as served:
        active = await served.start().poll()
        call = served.start(if_active="wait").with_options(timeout=Timeout(total=200 * MS))
        with pytest.raises(
            ThreadBusyError, match=rf" active run {active.id}.*; after .* s run {active.id} was requir"
        ) as caught:
            await form(call)
        error = caught.value
        assert (error.run, error.run_id) == (active, active.id)
        assert error.waited is not None
        assert error.waited >= 200 * MS
        assert error.__cause__ is None
        assert error.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), again.run, again.waited) == (str(error), active, error.waited)
        assert served.sent("createRun") == 2


@pytest.mark.parametrize("form", [respond, poll])
async def test_the_limit_is_an_error_where_statuses_are_none(form: Callable[[RunCall], Awaitable[Run]]) -> None:
    """Like any other limit."""
    async with serving(ASKS) as served:
        active = await served.start().poll()
        call = served.start(if_active="wait").with_options(timeout=200 * MS, raise_for_status=False)
        with pytest.raises(ThreadBusyError, match=f"run {active.id} was requires_action"):
            await form(call)


async def test_a_stream_with_a_limit_of_its_own() -> None:
    """The shorter of the two ends the wait."""
    async with serving(ASKS) as served:
        active = await served.start().poll()
        call = served.start(if_active="wait").with_options(timeout=Timeout(total=None, stream=200 * MS))
        with pytest.raises(ThreadBusyError) as caught:
            await stream(call)
        assert caught.value.run == active


@pytest.mark.parametrize("form", FORMS)
async def test_a_cancelled_task_is_out_at_once(form: Callable[[RunCall], Awaitable[Run]]) -> None:
    """Without any limit it waits for as long as it takes; the cancellation gets out, and nothing is sent any more."""
    async with serving(ASKS, Say("3")) as served:
        active = await served.start().poll()
        task = asyncio.ensure_future(form(served.start(if_active="wait").with_options(timeout=None)))
        await looked(served, task)
        task.cancel()
        started = asyncio.get_running_loop().time()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.get_running_loop().time() - started < GRACE / 2
        await finish(served, active)
        assert [run.id for run in await served.runs()] == [active.id]
        assert served.sent("createRun") == 2


async def test_closing_the_client_ends_the_wait() -> None:
    """With the error that every call under way gets."""
    async with serving(ASKS) as served:
        await served.start().poll()
        task = asyncio.ensure_future(say(served, if_active="wait").response())
        await looked(served, task)
        await served.client.close()
        with pytest.raises(ClientClosedError, match="the client was closed") as caught:
            await task
        assert caught.value.__notes__ == ["while calling messages.create: POST /threads/{thread_id}/messages"]


@pytest.mark.parametrize("on_deadline", ["cancel", "leave"])
@pytest.mark.parametrize("way", ["poll", "drive"])
async def test_a_deadline_that_passes_in_the_wait(way: str, on_deadline: Any) -> None:
    """Nothing was made, so the refusal is the error; no `grace` is spent."""
    reports: list[Exception] = []
    async with serving(ASKS) as served:
        active = await served.start().poll()
        call = served.start(if_active="wait").with_options(on_error=reports.append)
        started = asyncio.get_running_loop().time()
        with pytest.raises(ThreadBusyError, match=f"run {active.id} was requires_action") as caught:
            await getattr(call, way)(deadline=200 * MS, on_deadline=on_deadline, grace=10 * GRACE)
        assert asyncio.get_running_loop().time() - started < GRACE
        assert reports == [caught.value]
        assert caught.value.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]
        assert [run.status for run in await served.runs()] == ["requires_action"]


async def test_a_deadline_that_passes_after_the_wait() -> None:
    """The run that was made is cancelled like any other."""
    async with serving(ASKS, Say("3"), Stall()) as served:
        active = await served.start().poll()
        task = asyncio.ensure_future(served.start(if_active="wait").poll(deadline=400 * MS, grace=GRACE))
        await looked(served, task)
        await finish(served, active)
        with pytest.raises(RunDeadlineError) as caught:
            await task
        assert caught.value.run.id != active.id
        assert await served.status() == "cancelled"
