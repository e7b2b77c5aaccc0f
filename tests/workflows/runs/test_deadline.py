"""Deadlines and cancellations: the end of the run at the server, and the caller's error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient, Run, RunDeadlineError, RunFailedError, TimedOutError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import Say, Stall
from tests.support.embedded import GRACE, Served, Server, listed, serving
from tests.support.http_server import Wire, answer, failure, silent
from tests.support.run_events import run
from tests.support.steady_loop import MS
from tests.support.stepping import STOPPED, Moment, by_cancel_twice

Work = Callable[[Served, dict[str, Any]], Coroutine[Any, Any, Any]]


async def poll(served: Served, options: dict[str, Any]) -> Any:
    """Poll a new run."""
    return await served.start().poll(**options)


async def drive_streamed(served: Served, options: dict[str, Any]) -> Any:
    """Drive a new run by its stream."""
    return await served.start().drive(**options)


async def drive_polled(served: Served, options: dict[str, Any]) -> Any:
    """Drive a new run by polling."""
    return await served.start().drive(stream=False, **options)


async def enter_drive(served: Served, options: dict[str, Any]) -> Any:
    """Read the events of a drive."""
    async with served.start().drive(**options) as channel:
        return await channel.result()


async def resume(served: Served, options: dict[str, Any]) -> Any:
    """Take over a run that was started before."""
    return await served.client.runs.resume(served.thread, await served.start(), **options)


WAYS: list[Work] = [poll, drive_streamed, drive_polled, enter_drive, resume]
PLACES: dict[Work, int] = {drive_streamed: 3, enter_drive: 6}
"""The number of waits of streaming forms, before a stalled run wakes them no more."""


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("work", WAYS)
async def test_the_deadline_cancels_the_run(work: Work, protocol: ProtocolVersion) -> None:
    """The error says so, and how the run was left; the thread is free again."""
    async with serving(Stall("half"), protocol=protocol) as served:
        with pytest.raises(RunDeadlineError, match=r"the deadline of .* passed: run run_.* was cancel") as caught:
            await work(served, {"deadline": 150 * MS, "grace": GRACE})
        error = caught.value
        assert isinstance(error, TimeoutError)
        assert error.run.status in ("cancelling", "cancelled")
        assert (error.deadline, error.thread_id) == (150 * MS, served.thread.id)
        assert await served.status() == "cancelled"
        assert len(error.__notes__) == 1


@pytest.mark.parametrize("work", WAYS)
async def test_the_deadline_may_leave_the_run(work: Work) -> None:
    """It goes on, and the error says in which state it was."""
    async with serving(Stall("half")) as served:
        with pytest.raises(RunDeadlineError, match="was in_progress, and was left so") as caught:
            await work(served, {"deadline": 150 * MS, "on_deadline": "leave"})
        assert caught.value.run.status == "in_progress"
        assert await served.status() == "in_progress"
        assert served.sent("cancelRun") == 0


@pytest.mark.parametrize("work", WAYS)
async def test_a_cancelled_task_cancels_the_run(work: Work) -> None:
    """The cancellation comes out as one, with a note of how the run was left."""
    async with serving(Stall("half")) as served:
        started = asyncio.Event()

        def see(run: Run) -> None:
            if run.status == "in_progress":
                started.set()

        task = asyncio.ensure_future(work(served, {"on_status": see, "grace": GRACE}))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await served.status() == "cancelled"
        assert served.sent("cancelRun") == 1


@pytest.mark.parametrize("work", WAYS)
async def test_a_cancelled_scope_cancels_the_run(work: Work) -> None:
    """anyio cancels again and again: the request that cancels the run is shielded."""
    async with serving(Stall("half")) as served:
        with anyio.move_on_after(150 * MS) as scope:
            await work(served, {"grace": GRACE})
        assert scope.cancelled_caught
        assert await served.status() == "cancelled"


@pytest.mark.parametrize("work", WAYS)
async def test_a_time_out_around_it_is_a_cancellation(work: Work) -> None:
    """`asyncio.timeout` and the deadline do not take each other's place."""
    async with serving(Stall("half")) as served:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(150 * MS):
                await work(served, {"deadline": 3600, "grace": GRACE})
        assert not isinstance(caught.value, RunDeadlineError)
        assert await served.status() == "cancelled"


async def test_waiting_leaves_the_run_of_others() -> None:
    """Neither deadline nor cancellation touches it, unless an option says so."""
    async with serving(Stall()) as served:
        other = await served.start()
        with pytest.raises(RunDeadlineError, match="left so"):
            await served.client.runs.wait(served.thread, other, deadline=30 * MS)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(served.client.runs.wait(served.thread, other), 30 * MS)
        assert await served.status() == "in_progress"
        with pytest.raises(RunDeadlineError, match="it was cancelled"):
            await served.client.runs.wait(served.thread, other, deadline=30 * MS, on_deadline="cancel")
        assert await served.status() == "cancelled"


@pytest.mark.parametrize("hook", ["sync", "async"])
@pytest.mark.parametrize("work", WAYS)
async def test_an_error_of_a_hook_cancels_the_run(work: Work, hook: str) -> None:
    """It is raised unchanged, with a note; the same rule as for a cancellation."""
    fault = KeyError("mine")

    def fail(run: Run) -> None:
        if run.status == "in_progress":
            raise fault

    async def fail_later(run: Run) -> None:
        await asyncio.sleep(0)
        fail(run)

    async with serving(Stall("half")) as served:
        with pytest.raises(KeyError) as caught:
            await work(served, {"on_status": fail if hook == "sync" else fail_later, "grace": GRACE})
        assert caught.value is fault
        assert [note for note in fault.__notes__ if "it was cancelled" in note]
        assert await served.status() == "cancelled"


async def test_an_error_of_ours_that_a_hook_raises_is_the_hooks() -> None:
    """A request that fails in a hook cancels the run; one of the wait itself would leave it."""
    async with serving(Stall()) as served:

        async def look_up(run: Run) -> None:
            await served.client.threads.retrieve("thread_none")

        with pytest.raises(Exception, match="thread_none") as caught:
            await served.start().poll(on_status=look_up)
        assert "it was cancelled" in caught.value.__notes__[-1]
        assert await served.status() == "cancelled"


async def test_a_time_out_of_a_hook_is_no_deadline() -> None:
    """Though both are `TimeoutError`s."""
    async with serving(Stall()) as served:

        def fail(run: Run) -> None:
            raise TimeoutError("the hook's own")

        with pytest.raises(TimeoutError, match="the hook's own") as caught:
            await served.start().poll(on_status=fail, deadline=3600)
        assert not isinstance(caught.value, RunDeadlineError)


async def test_a_slow_hook_does_not_delay_the_deadline() -> None:
    """It is cancelled like the rest."""
    async with serving(Stall()) as served:

        async def hang(run: Run) -> None:
            await asyncio.Event().wait()

        with pytest.raises(RunDeadlineError):
            await served.start().poll(on_status=hang, deadline=50 * MS)
        assert await served.status() == "cancelled"


async def test_a_hook_that_swallows_the_deadline_does_not_delay_it() -> None:
    """It goes on where the hook returns."""
    async with serving(Stall()) as served:

        async def deaf(run: Run) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

        with pytest.raises(RunDeadlineError):
            await served.start().poll(on_status=deaf, deadline=50 * MS)
        assert await served.status() == "cancelled"


async def test_a_hook_for_errors_does_not_delay_the_deadline(wire: Wire, client: AssistantsClient) -> None:
    """It is left behind after the grace; without a deadline it has its time."""
    heard: list[Exception] = []

    async def hang(error: Exception) -> None:
        heard.append(error)
        await asyncio.Event().wait()

    async def note(error: Exception) -> None:
        await asyncio.sleep(0)
        heard.append(error)

    Server(wire, create=[run("failed")], steps=[listed()])
    call = client.runs.create("thread_1", assistant_id="a")
    with pytest.raises(RunFailedError):
        await call.with_options(on_error=hang).poll(deadline=20 * MS, grace=20 * MS)
    with pytest.raises(RunFailedError):
        await client.runs.create("thread_1", assistant_id="a").with_options(on_error=note).poll()
    assert [type(error) for error in heard] == [RunFailedError] * 2


@pytest.mark.parametrize("work", WAYS)
async def test_a_hook_with_tasks_of_its_own(work: Work) -> None:
    """One of them fails: the error of the hook is raised, and no cancellation."""

    async def fail() -> None:
        raise KeyError("mine")

    async def hook(run: Run) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    async def quiet(run: Run) -> None:
        with contextlib.suppress(ExceptionGroup):
            await hook(run)

    async with serving(*[Say("done")] * 2) as served:
        with pytest.raises(ExceptionGroup) as caught:
            await work(served, {"on_status": hook})
        assert [type(error) for error in caught.value.exceptions] == [KeyError]
        while not (await served.runs())[-1].is_terminal:
            await asyncio.sleep(MS)
        await work(served, {"on_status": quiet, "deadline": 3600})


@pytest.mark.parametrize("moment", ["waiting", "woken"])
@pytest.mark.parametrize("work", WAYS[:-1])
async def test_cancelled_twice_the_run_is_cancelled_once(work: Work, moment: Moment) -> None:
    """As by a time-out around it that comes just after the deadline: what cancels the run is not cancelled itself."""
    # The comments wake a reader of the stalled run, which would never be woken again otherwise.
    async with serving(*[Stall("half")] * 20, pace=0, keepalive=1.0) as served:
        for place in range(1, PLACES.get(work, 10) + 1):
            result = await by_cancel_twice(lambda: work(served, {"grace": GRACE}), place, moment)
            assert result == (STOPPED, True)
            if await served.runs():
                assert await served.status() == "cancelled"
            assert served.sent("cancelRun") == len(await served.runs())


# Servers that do not answer


def start(client: AssistantsClient, **options: Any) -> Awaitable[Run]:
    """Poll a new run, sending nothing again by itself."""
    return client.runs.create("thread_1", assistant_id="asst_1").with_options(retry=None).poll(**options)


async def test_the_deadline_passes_while_a_request_hangs(wire: Wire, client: AssistantsClient) -> None:
    """For any limits of the request; the cancelling takes `grace` at the most."""
    server = Server(wire, create=[run("queued")], get=[silent], cancel=[silent])
    with pytest.raises(RunDeadlineError, match="was queued, and did not answer when it was cancelled") as caught:
        await start(client, deadline=50 * MS, grace=50 * MS)
    assert (server.cancels, caught.value.run.status) == (1, "queued")


async def test_making_and_cancelling_share_the_grace(wire: Wire, client: AssistantsClient) -> None:
    """All of it takes the deadline and the grace, and no more."""

    async def slow(seen: Any, peer: Any) -> None:
        await asyncio.sleep(200 * MS)
        await peer.send(answer(run("queued")))

    server = Server(wire, create=[slow], cancel=[silent])
    clock = asyncio.get_running_loop().time
    began = clock()
    with pytest.raises(RunDeadlineError, match="was queued, and did not answer when it was cancelled"):
        await start(client, deadline=100 * MS, grace=300 * MS)
    assert 400 * MS <= clock() - began < 480 * MS
    assert server.cancels == 1


async def test_a_bad_end_is_more_than_a_deadline(wire: Wire, client: AssistantsClient) -> None:
    """One that passes while the error's steps are looked up."""
    failed = run("failed", last_error={"code": "server_error", "message": "boom"})
    Server(wire, create=[failed], steps=[silent])
    with pytest.raises(RunFailedError, match="boom") as caught:
        await start(client, deadline=50 * MS)
    assert caught.value.steps == ()


async def test_the_deadline_passes_while_the_run_is_made(wire: Wire, client: AssistantsClient) -> None:
    """No run is known then: the time-out says that there may be one."""
    Server(wire, create=[silent])
    for way in ("cancel", "leave"):
        with pytest.raises(TimedOutError, match="total time-out of") as caught:
            await start(client, deadline=50 * MS, grace=50 * MS, on_deadline=way)
        assert caught.value.maybe_processed


async def test_a_run_that_is_being_made_is_not_lost(wire: Wire, client: AssistantsClient) -> None:
    """A wait that is cancelled meanwhile hears which run it was, and cancels it."""
    made = asyncio.Event()

    async def slow(seen: Any, peer: Any) -> None:
        await made.wait()
        await peer.send(answer(run("queued")))

    server = Server(wire, cancel=[run("cancelling")])

    async def handle(seen: Any, peer: Any) -> None:
        await (slow if seen.path.endswith("/runs") else server)(seen, peer)

    wire.answer(handle)
    task = asyncio.ensure_future(start(client))
    await wire.until_seen(1)
    task.cancel()
    await asyncio.sleep(5 * MS)
    assert not task.done()
    made.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.cancels == 1


async def test_a_run_that_could_not_be_made_is_no_loss(wire: Wire, client: AssistantsClient) -> None:
    """A wait that is cancelled meanwhile is cancelled, whatever the answer was."""
    refused = asyncio.Event()

    async def slow(seen: Any, peer: Any) -> None:
        await refused.wait()
        await peer.send(failure(400))

    wire.answer(slow)
    task = asyncio.ensure_future(start(client))
    await wire.until_seen(1)
    task.cancel()
    await asyncio.sleep(5 * MS)
    refused.set()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize(
    ("get", "text"),
    [
        ([run("queued"), run("completed")], "run run_1 of thread thread_1 was completed by then"),
        ([run("queued")], "was queued, and could not be cancelled: 400 Error: no such luck"),
        ([run("queued"), failure(404)], "was queued, and could not be cancelled: 400 Error: no such luck"),
    ],
)
async def test_a_run_that_cannot_be_cancelled(wire: Wire, client: AssistantsClient, get: list[Any], text: str) -> None:
    """It may have ended by itself: the error has the state that was seen last."""
    Server(wire, create=[run("queued")], get=get, cancel=[failure(400, "no such luck")])
    with pytest.raises(RunDeadlineError, match=text):
        await start(client, interval=100 * MS, deadline=150 * MS)


async def test_no_secret_and_no_control_character_in_messages(wire: Wire, client: AssistantsClient) -> None:
    """Ids and statuses are a server's text like any other."""
    odd = {"id": "run_\x1b[2J", "status": "sk-abcdefghijkl", "thread_id": "thread_\n1"}
    Server(wire, create=[answer(odd)])
    with pytest.raises(RunDeadlineError, match=r"could not be cancelled: .*expected an id without control") as caught:
        await client.threads.create_and_run(assistant_id="a").poll(deadline=20 * MS)
    assert "sk-abcdef" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("work", WAYS[:-1])
async def test_cancelled_at_any_moment_no_run_is_left(work: Work) -> None:
    """A run that was made is cancelled, wherever the task was; the client works on, and no task is left."""
    async with serving(*[Say("a b c d")] * 100) as served:
        for place in range(0, 40, 2):
            task = asyncio.ensure_future(work(served, {"grace": GRACE}))
            for _ in range(place):
                await asyncio.sleep(MS / 4)
            task.cancel()
            await asyncio.wait([task])
            if place and await served.runs():
                assert await served.status() in ("cancelled", "completed")
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in tasks if "assistants_async/workflows" in repr(task)]
        assert (await served.start().poll()).status == "completed"
