"""`if_active`: what a call does about a thread that another run keeps busy, against a server whose runs are alive."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from assistants_async import (
    ClientClosedError,
    Message,
    Run,
    RunCall,
    RunDeadlineError,
    ThreadBusyError,
    Timeout,
)
from assistants_async.core.endpoint import Protocol
from assistants_async.server import CallTools, Fail, Say, Stall
from assistants_async.workflows.policy import Rerun
from tests.conftest import MS
from tests.workflows.served import GRACE, TOOLS, Served, drop, serving

ASKS = CallTools({"add": {"a": 1, "b": 2}})
"""A run that stays active until somebody submits the output."""


async def poll(call: RunCall) -> Run:
    """To its end."""
    return await call.poll(grace=GRACE)


async def respond(call: RunCall) -> Run:
    """With its answer."""
    return (await call.response()).value


async def stream(call: RunCall) -> Run:
    """By its events."""
    async with call.stream() as channel:
        return await channel.final_run()


async def drive(call: RunCall) -> Run:
    """By its stream, to its end."""
    return (await call.drive(TOOLS)).run


async def drive_polled(call: RunCall) -> Run:
    """The same without a stream."""
    return (await call.drive(TOOLS, stream=False)).run


async def enter_drive(call: RunCall) -> Run:
    """By the events of all rounds."""
    async with call.drive(TOOLS) as channel:
        return (await channel.result()).run


async def plain(call: RunCall) -> Run:
    """As it is at first."""
    return await call


FORMS: list[Callable[[RunCall], Awaitable[Run]]] = [plain, respond, stream, poll, drive, drive_polled, enter_drive]


def say(served: Served, **options: Any) -> Any:
    """A call that adds a message."""
    return served.client.messages.create(served.thread, role="user", content="more", **options)


async def looked(served: Served, task: asyncio.Task[Any]) -> None:
    """Wait until the call has been refused, and waits for the run."""
    before = served.sent("getRun")
    while served.sent("getRun") < before + 2 and not task.done():
        await asyncio.sleep(MS)


async def finish(served: Served, run: Run) -> None:
    """Submit what a run waits for."""
    outputs = [{"tool_call_id": call.id, "output": "3"} for call in run.tool_calls]
    await served.client.runs.submit_tool_outputs(served.thread, run, tool_outputs=outputs)


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_a_busy_thread_is_an_error_unless_told_otherwise(protocol: Protocol) -> None:
    """At once, with the run that the server names; nothing is asked or cancelled."""
    async with serving(Stall(), protocol=protocol) as served:
        active = await served.start()
        for call in (served.start(), served.start(if_active="raise"), say(served), say(served, if_active="raise")):
            with pytest.raises(ThreadBusyError) as caught:
                await call
            assert (caught.value.run_id, caught.value.run, caught.value.waited) == (active.id, None, None)
            assert len(caught.value.__notes__) == 1
        operations = [record.operation for record in served.server.requests][-4:]
        assert operations == ["createRun"] * 2 + ["createMessage"] * 2


@pytest.mark.parametrize("bad", ["", "WAIT", "ignore", None, True, 1, ["wait"], b"wait"])
async def test_an_if_active_that_is_none(bad: Any) -> None:
    """It is refused before anything is sent, by name."""
    async with serving() as served:
        before = len(served.server.requests)
        with pytest.raises(ValueError, match=r"^runs\.create: if_active is 'raise', 'wait' or 'cancel', not "):
            drop(served.start(if_active=bad))
        with pytest.raises(ValueError, match=r"^messages\.create: if_active is 'raise', 'wait' or 'cancel', not "):
            drop(say(served, if_active=bad))
        assert len(served.server.requests) == before


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("form", FORMS)
async def test_a_run_waits_for_the_active_one(form: Callable[[RunCall], Awaitable[Run]], protocol: Protocol) -> None:
    """In every form of the call; then it is made, once."""
    async with serving(ASKS, Say("3"), Say("mine"), protocol=protocol) as served:
        active = await served.start().poll()
        task = asyncio.ensure_future(form(served.start(if_active="wait")))
        await looked(served, task)
        assert [run.id for run in await served.runs()] == [active.id]
        await finish(served, active)
        made = await task
        assert [run.id for run in await served.runs()] == [active.id, made.id]
        assert (await served.runs())[0].status == "completed"
        assert served.sent("cancelRun") == 0


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("form", FORMS)
async def test_a_run_cancels_the_active_one(form: Callable[[RunCall], Awaitable[Run]], protocol: Protocol) -> None:
    """Once, and waits for its end before it is made."""
    async with serving(ASKS, Say("mine"), protocol=protocol) as served:
        active = await served.start().poll()
        made = await form(served.start(if_active="cancel"))
        runs = await served.runs()
        assert [run.id for run in runs] == [active.id, made.id]
        assert runs[0].status == "cancelled"
        assert served.sent("cancelRun") == 1


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("if_active", ["wait", "cancel"])
async def test_a_message_waits_or_cancels(if_active: Any, protocol: Protocol) -> None:
    """In every form of its call: it is added once, when the run has ended."""
    turns = [ASKS, Say("3")] * 4 if if_active == "wait" else [ASKS] * 4
    async with serving(*turns, protocol=protocol) as served:

        async def items() -> Any:
            async with say(served, if_active=if_active).stream() as channel:
                (added,) = [item async for item in channel]
            return added

        async def respond() -> Any:
            value, http = await say(served, if_active=if_active).response()
            assert (http.status, http.attempts) == (200, 1)
            return value

        async def plainly() -> Any:
            return Message(id=(await say(served, if_active=if_active).as_type(dict))["id"])

        for form in (lambda: say(served, if_active=if_active), respond, items, plainly):
            active = await served.start().poll()
            task = asyncio.ensure_future(form())
            if if_active == "wait":
                await looked(served, task)
                assert not task.done()
                await finish(served, active)
            added = await task
            newest = await served.client.messages.list(served.thread).first()
            assert newest is not None
            assert newest.id == added.id
        assert served.sent("cancelRun") == (4 if if_active == "cancel" else 0)


async def test_a_free_thread_costs_nothing() -> None:
    """One request, as without it."""
    async with serving(Say("hello")) as served:
        before = len(served.server.requests)
        await say(served, if_active="wait")
        await served.start(if_active="cancel")
        operations = [record.operation for record in served.server.requests[before:]]
        assert operations == ["createMessage", "createRun"]


async def test_many_wait_for_their_turn() -> None:
    """Each run gets in, one after the other, however many wait."""
    async with serving(*[Say("mine")] * 6) as served:
        made = await asyncio.gather(*(served.start(if_active="wait").poll() for _ in range(6)))
        assert sorted(run.id for run in made) == sorted(run.id for run in await served.runs())
        assert {run.status for run in made} == {"completed"}


# Limits


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("form", FORMS)
async def test_the_total_limit_ends_the_wait(form: Callable[[RunCall], Awaitable[Run]], raises: bool) -> None:
    """The error names the run, its status and the time, whether statuses are errors or not."""
    async with serving(ASKS) as served:
        active = await served.start().poll()
        call = served.start(if_active="wait").with_options(timeout=Timeout(total=80 * MS), raise_for_status=raises)
        with pytest.raises(
            ThreadBusyError, match=rf" active run {active.id}.*; after .* s run {active.id} was requir"
        ) as caught:
            await form(call)
        error = caught.value
        assert (error.run, error.run_id) == (active, active.id)
        assert error.waited is not None
        assert error.waited >= 80 * MS
        assert error.__cause__ is None
        assert error.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]
        again = pickle.loads(pickle.dumps(error))
        assert (str(again), again.run, again.waited) == (str(error), active, error.waited)
        assert served.sent("createRun") == 2


async def test_a_stream_with_a_limit_of_its_own() -> None:
    """The shorter of the two ends the wait."""
    async with serving(ASKS) as served:
        active = await served.start().poll()
        call = served.start(if_active="wait").with_options(timeout=Timeout(total=None, stream=50 * MS))
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
    """Nothing was made, so the refusal is what there is to say; nobody waits for `grace`."""
    told: list[Exception] = []
    async with serving(ASKS) as served:
        active = await served.start().poll()
        call = served.start(if_active="wait").with_options(on_error=told.append)
        started = asyncio.get_running_loop().time()
        with pytest.raises(ThreadBusyError, match=f"run {active.id} was requires_action") as caught:
            await getattr(call, way)(deadline=60 * MS, on_deadline=on_deadline, grace=10 * GRACE)
        assert asyncio.get_running_loop().time() - started < GRACE
        assert told == [caught.value]
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


async def test_another_run_of_a_drive_waits_as_the_first_did() -> None:
    """`rerun` makes it by the same rule."""
    async with serving(Fail("server_error", "no"), ASKS, Say("3"), Say("mine")) as served:
        others: list[Run] = []

        async def get_in_between(run: Run) -> None:
            if run.status == "failed":
                others.append(await served.start().poll())

        call = served.start(if_active="wait")
        task = asyncio.ensure_future(call.poll(rerun=Rerun(delay=0.0), on_status=get_in_between))
        while not others:
            await asyncio.sleep(MS)
        await looked(served, task)
        await finish(served, others[0])
        assert (await task).status == "completed"
        assert [run.status for run in await served.runs()] == ["failed", "completed", "completed"]
