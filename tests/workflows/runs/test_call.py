"""`poll` and `wait`: a run to its end, with any form of answers."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Coroutine
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    BadRequestError,
    ClientClosedError,
    NotFoundError,
    Run,
    RunCancelledError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
    ServerError,
    Timeout,
)
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.core.runs.status import BAD_ENDS
from assistants_async.server import CallTools, Fail, Incomplete, Say, Stall
from tests.support.embedded import GRACE, Server, drop, listed, serving
from tests.support.http_server import Wire, answer, failure
from tests.support.run_events import run, step
from tests.support.steady_loop import MS

ENDS: dict[str, tuple[Any, type[RunError]]] = {
    "failed": (Fail("rate_limit_exceeded", "too much", "half"), RunFailedError),
    "incomplete": (Incomplete("max_completion_tokens", "half"), RunIncompleteError),
}


def start(client: AssistantsClient, **options: Any) -> Coroutine[Any, Any, Run]:
    """Poll a new run, sending nothing again by itself."""
    return client.runs.create("thread_1", assistant_id="asst_1").with_options(retry=None).poll(**options)


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_a_run_that_completes(protocol: ProtocolVersion) -> None:
    """Each status is reported once, in order, and the ended run is returned."""
    reports: list[str | None] = []
    async with serving(Say("hello"), protocol=protocol) as served:
        ended = await served.start().poll(on_status=lambda run: reports.append(run.status))
        assert ended == (await served.runs())[-1]
    assert ended.status == "completed"
    assert reports in (["queued", "in_progress", "completed"], ["queued", "completed"])


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("end", ENDS)
async def test_each_bad_end_raises(end: str, protocol: ProtocolVersion) -> None:
    """Typed, with the run and its steps, and one note; unless `raise_on` leaves it out."""
    action, kind = ENDS[end]
    async with serving(action, action, protocol=protocol) as served:
        with pytest.raises(kind) as caught:
            await served.start().poll()
        error = caught.value
        assert error.run == (await served.runs())[-1]
        assert [step.run_id for step in error.steps] == [error.run.id]
        assert error.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]
        left: Any = BAD_ENDS - {end}
        assert (await served.start().poll(raise_on=left)).is_terminal
    if isinstance(error, RunFailedError):
        assert (error.code, error.message) == ("rate_limit_exceeded", "too much")
    if isinstance(error, RunIncompleteError):
        assert error.reason == "max_completion_tokens"


async def test_a_run_that_expires() -> None:
    """Nobody waits for longer than the server does."""
    now = [1000.0]
    async with serving(Stall(), clock=lambda: now[0]) as served:

        async def pass_time(run: Run) -> None:
            if run.status == "in_progress":
                now[0] += 601

        with pytest.raises(RunExpiredError, match="expired") as caught:
            await served.start().poll(on_status=pass_time)
    assert caught.value.run.status == "expired"


async def test_a_run_that_somebody_cancels() -> None:
    """The cancellation of another shows as the run's end."""
    async with serving(Stall()) as served:

        async def cancel(run: Run) -> None:
            if run.status == "in_progress":
                await served.client.runs.cancel(served.thread, run)

        with pytest.raises(RunCancelledError, match="was cancelled"):
            await served.start().poll(on_status=cancel)
        assert served.sent("cancelRun") == 1


async def test_a_run_that_requires_tool_outputs_ends_the_wait() -> None:
    """It is returned unchanged, to be answered."""
    async with serving(CallTools({"add": {"a": 1, "b": 2}}), Say("3")) as served:
        left = await served.start().poll()
        assert (left.status, served.sent("cancelRun")) == ("requires_action", 0)
        outputs = [{"tool_call_id": call.id, "output": "3"} for call in left.tool_calls]
        submission = served.client.runs.submit_tool_outputs(served.thread, left, tool_outputs=outputs)
        assert (await submission.poll()).status == "completed"


async def test_others_may_answer_the_tools() -> None:
    """With `stop_at_action=False` it is waited on."""
    async with serving(CallTools({"add": {"a": 1, "b": 2}}), Say("3")) as served:

        async def answer_elsewhere(run: Run) -> None:
            if run.needs_action:
                outputs = [{"tool_call_id": call.id, "output": "3"} for call in run.tool_calls]
                await served.client.runs.submit_tool_outputs(served.thread, run, tool_outputs=outputs)

        ended = await served.start().poll(stop_at_action=False, on_status=answer_elsewhere)
    assert ended.status == "completed"


async def test_a_thread_made_with_its_run() -> None:
    """`threads.create_and_run` polls as well: the run names the thread."""
    async with serving(Say("hello")) as served:
        ended = await served.client.threads.create_and_run(assistant_id=served.assistant).poll()
        assert ended.status == "completed"
        assert ended.thread_id not in (None, served.thread.id)


async def test_waiting_for_a_run_that_was_started_elsewhere() -> None:
    """By ids or objects, to its end, with the errors of `poll`."""
    async with serving(Say("hello"), Fail()) as served:
        first = await served.start()
        assert (await served.client.runs.wait(served.thread, first)).status == "completed"
        assert (await served.client.runs.wait(served.thread.id, first.id)).status == "completed"
        second = await served.start()
        with pytest.raises(RunFailedError) as caught:
            await served.client.runs.wait(served.thread, second, deadline=30)
        assert caught.value.__notes__ == ["while calling runs.retrieve: GET /threads/{thread_id}/runs/{run_id}"]
        with pytest.raises(NotFoundError):
            await served.client.runs.wait(served.thread, "run_none")


# What servers do


@pytest.mark.parametrize("hint", ["", "soon", "-5", "0", "nan", "1e999", "\u0660"])
async def test_a_hint_that_is_no_time_is_ignored(wire: Wire, client: AssistantsClient, hint: str) -> None:
    """Garbage changes nothing, and hinders nothing."""
    shown = answer(run("queued"), openai_poll_after_ms=hint.encode().decode("latin-1"))
    Server(wire, create=[shown], get=[shown, run("completed")])
    assert (await start(client, interval=MS)).status == "completed"
    Server(wire, create=[run("queued")], get=[shown, run("completed")])
    assert (await start(client)).status == "completed"


async def test_the_servers_hint_is_read_each_time(wire: Wire, client: AssistantsClient) -> None:
    """Each answer has the next interval: here a millisecond, a hundred times."""
    server = Server(wire, create=[run("queued")], get=[*[run("in_progress")] * 100, run("completed")])
    async with asyncio.timeout(10_000 * MS):  # without the hint it would be minutes
        assert (await start(client)).status == "completed"
    assert server.polls == 101


@pytest.mark.parametrize("status", ["paused", "", None, "requires_human"])
async def test_an_unknown_status_is_waited_on_without_spinning(
    wire: Wire, client: AssistantsClient, status: str | None
) -> None:
    """It is polled with growing pauses, until it is another or the deadline has passed."""
    shown = answer({**run("queued"), "status": status})
    server = Server(wire, create=[shown], get=[shown], cancel=[run("cancelling")])
    with pytest.raises(TimeoutError):
        await start(client, deadline=400 * MS)
    assert server.polls <= 3
    Server(wire, create=[shown], get=[shown, run("completed")])
    assert (await start(client, interval=MS)).status == "completed"


async def test_polls_that_fail_are_sent_again(wire: Wire, client: AssistantsClient) -> None:
    """Five in a row are borne, as often as it happens."""
    now = {"retry_after_ms": "1"}
    bad = [failure(500, **now), failure(503, **now), failure(429, **now), failure(502, **now), failure(408, **now)]
    server = Server(wire, create=[run("queued")], get=[*bad, run("in_progress"), *bad, run("completed")])
    assert (await start(client)).status == "completed"
    assert server.polls == 12


async def test_polls_that_go_on_failing_end_the_wait(wire: Wire, client: AssistantsClient) -> None:
    """The sixth error is raised; the run is left as it is, and the error says which it was."""
    server = Server(wire, create=[run("queued")], get=[failure(500, "down", retry_after_ms="1")])
    with pytest.raises(ServerError, match="down") as caught:
        await start(client)
    assert (server.polls, server.cancels) == (6, 0)
    assert caught.value.__notes__[-1] == "run run_1 of thread thread_1 was queued, and was left so"


async def test_a_poll_that_is_refused_ends_the_wait(wire: Wire, client: AssistantsClient) -> None:
    """A repeat would not help."""
    server = Server(wire, create=[run("queued")], get=[failure(404, "gone")])
    with pytest.raises(NotFoundError, match="gone"):
        await start(client)
    assert server.polls == 1


async def test_the_connection_may_break_between_polls(wire: Wire, client: AssistantsClient) -> None:
    """A reset is an error that passes; without a hint the next poll follows by itself."""
    Server(wire, create=[run("queued")], get=[b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", run("completed")])
    slow = client.runs.create("thread_1", assistant_id="asst_1").with_options(retry=None, timeout=Timeout(idle=50 * MS))
    assert (await slow.poll()).status == "completed"


async def test_a_run_that_has_ended_when_it_is_made(wire: Wire, client: AssistantsClient) -> None:
    """Some servers do the work before they answer: nothing is polled."""
    server = Server(wire, create=[run("completed")])
    assert (await start(client)).status == "completed"
    assert server.polls == 0


async def test_the_steps_of_an_error_are_not_worth_an_error(wire: Wire, client: AssistantsClient) -> None:
    """Without readable steps the error has none."""
    Server(wire, create=[run("failed")], steps=[failure(500)])
    with pytest.raises(RunFailedError) as caught:
        await start(client)
    assert caught.value.steps == ()
    Server(wire, create=[run("failed")], steps=[listed(step("failed"))])
    with pytest.raises(RunFailedError) as caught:
        await start(client)
    assert [step.id for step in caught.value.steps] == ["step_1"]


async def test_servers_that_leave_the_thread_out(wire: Wire, client: AssistantsClient) -> None:
    """The request's own thread is polled."""
    bare = {"id": "run_1", "status": "queued"}
    Server(wire, create=[bare], get=[{**bare, "status": "completed"}])
    assert (await client.runs.create("thread/1", assistant_id="a").poll()).status == "completed"
    assert wire.last.path == "/v1/threads/thread%2F1/runs/run_1"


async def test_a_refused_run_is_no_wait(wire: Wire, client: AssistantsClient) -> None:
    """The error of its creation is raised."""
    Server(wire, create=[failure(400, "no such model")])
    with pytest.raises(BadRequestError, match="no such model"):
        await start(client)


async def test_options_that_hide_errors_do_not_reach_a_wait(wire: Wire, client: AssistantsClient) -> None:
    """`raise_for_status=False` and `resolve_type` are for answers that the caller looks at."""
    Server(wire, create=[failure(400, "no")])
    odd = client.with_options(raise_for_status=False, resolve_type=lambda operation, http: dict)
    with pytest.raises(BadRequestError):
        await odd.runs.create("t", assistant_id="a").poll()
    Server(wire, create=[run("queued")], get=[run("completed")])
    assert (await odd.runs.create("t", assistant_id="a").poll()).status == "completed"


async def test_the_client_is_closed_under_a_wait(wire: Wire, client: AssistantsClient) -> None:
    """Also between two polls."""
    Server(wire, create=[run("queued")], get=[run("in_progress")])
    waiting = asyncio.ensure_future(start(client, interval=3600))
    await wire.until_seen(1)
    await asyncio.sleep(5 * MS)
    await client.close()
    with pytest.raises(ClientClosedError):
        await waiting


async def test_the_hook_gets_errors(wire: Wire, client: AssistantsClient) -> None:
    """`on_error` gets a bad end like any other error."""
    heard: list[Exception] = []
    Server(wire, create=[run("failed")], steps=[listed()])
    with pytest.raises(RunFailedError) as caught:
        await client.runs.create("t", assistant_id="a").with_options(on_error=heard.append).poll()
    assert heard == [caught.value]


# Misuse


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"dedline": 5}, TypeError, r"poll\(\) got an unexpected keyword argument 'dedline', did you mean 'deadline'"),
        ({"toolbox": 5}, TypeError, r"unexpected keyword argument 'toolbox'$"),
        ({"max_rounds": 5}, TypeError, "unexpected keyword argument 'max_rounds'"),
        ({"deadline": 0}, ValueError, "deadline must be a positive number of seconds, not 0"),
        ({"deadline": float("inf")}, ValueError, "deadline must be a positive number of seconds, not inf"),
        ({"interval": -1}, ValueError, "interval must be"),
        ({"interval": "1"}, ValueError, "interval must be .*, not '1'"),
        ({"grace": None}, ValueError, "grace must be"),
        ({"grace": True}, ValueError, "grace must be .*, not True"),
        ({"on_deadline": "stop"}, ValueError, "on_deadline is 'cancel' or 'leave', not 'stop'"),
        ({"raise_on": {"fialed"}}, ValueError, "did you mean 'failed'"),
        ({"raise_on": [["failed"]]}, ValueError, r"not \['failed'\]"),
        ({"stop_at_action": "no"}, TypeError, "stop_at_action must be True or False, not 'no'"),
        ({"raise_on": "failed"}, TypeError, "raise_on must be a set"),
        ({"on_status": "print"}, TypeError, r"poll\(\): on_status must be a function or None, not str"),
        ({"on_status": lambda: None}, TypeError, r"poll\(\): on_status must be a function of 1 argument"),
        ({"rerun": 3}, TypeError, "rerun must be a Rerun, not 3"),
    ],
)
def test_keywords_that_cannot_work_are_refused_at_once(
    options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    """Before anything is awaited or sent, and without a warning that nothing was awaited."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(kind, match=text):
            drop(AssistantsClient(api_key="k").runs.create("t", assistant_id="a").poll(**options))


async def test_a_wait_is_used_once(wire: Wire, client: AssistantsClient) -> None:
    """Like any call."""
    Server(wire, create=[run("completed")])
    call = client.runs.create("t", assistant_id="a")
    assert (await call.poll(grace=GRACE)).status == "completed"
    with pytest.raises(RuntimeError, match="used only once"):
        drop(call.poll())
    with pytest.raises(RuntimeError, match="used only once"):
        await call


def test_a_wait_that_is_never_awaited_warns() -> None:
    """As Python's own coroutines do."""
    with pytest.warns(RuntimeWarning, match="was never awaited"):
        drop(AssistantsClient(api_key="k").runs.create("t", assistant_id="a").poll())
