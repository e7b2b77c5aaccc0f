"""`if_active`: calls on a thread that another run keeps busy, against a server with real runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from assistants_async import Message, Run, RunCall, ThreadBusyError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import Fail, Say, Stall
from assistants_async.workflows.runs.options import Rerun
from tests.support.busy_thread import ASKS, FORMS, finish, looked, say
from tests.support.embedded import drop, serving
from tests.support.steady_loop import MS


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_a_busy_thread_is_an_error_by_default(protocol: ProtocolVersion) -> None:
    """At once, with the run that the server names; nothing is requested or cancelled."""
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
async def test_a_bad_if_active_is_refused(bad: Any) -> None:
    """By name, before anything is sent."""
    async with serving() as served:
        before = len(served.server.requests)
        with pytest.raises(ValueError, match=r"^runs\.create: if_active is 'raise', 'wait' or 'cancel', not "):
            drop(served.start(if_active=bad))
        with pytest.raises(ValueError, match=r"^messages\.create: if_active is 'raise', 'wait' or 'cancel', not "):
            drop(say(served, if_active=bad))
        assert len(served.server.requests) == before


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("form", FORMS)
async def test_a_run_waits_for_the_active_one(
    form: Callable[[RunCall], Awaitable[Run]], protocol: ProtocolVersion
) -> None:
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
async def test_a_run_cancels_the_active_one(
    form: Callable[[RunCall], Awaitable[Run]], protocol: ProtocolVersion
) -> None:
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
async def test_a_message_waits_or_cancels(if_active: Any, protocol: ProtocolVersion) -> None:
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
