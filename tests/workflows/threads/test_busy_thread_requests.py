"""`if_active` belongs to the one request that makes the run: no other request of the call waits for a busy thread."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient, StreamInterruptedError, ThreadBusyError
from assistants_async.workflows.runs.options import Rerun
from tests.support.busy_thread import BUSY, CREATE, GET, LIST, MADE, SOON, Busy, other, start
from tests.support.byte_server import RESET, Body, frame
from tests.support.embedded import TOOLS, listed, required_calls
from tests.support.http_server import Wire, answer
from tests.support.run_events import DONE, message, run
from tests.support.steady_loop import MS

OWN = GET + "run_1"
SUBMIT = "POST /threads/thread_1/runs/run_1/submit_tool_outputs"
ASKS = run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}')))


async def test_a_look_up_of_the_wait_does_not_wait(wire: Wire, client: AssistantsClient) -> None:
    """A refusal of the look-up in the words of a busy thread is an id that the server does not know."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", BUSY)
    busy.routes.on(LIST, answer(listed()))
    assert (await start(client)).id == "run_1"
    assert busy.places == [CREATE, GET + "run_7", LIST, CREATE]


async def test_recovery_of_a_stream_does_not_wait(wire: Wire, client: AssistantsClient) -> None:
    """The refusal ends the stream: nothing is sent after it."""
    busy = Busy(wire, Body(frame("thread.run.created", run("queued")), RESET))
    busy.routes.on(OWN, BUSY, other("completed", "run_1"))
    with pytest.raises(StreamInterruptedError, match="already has an active run") as caught:
        async with start(client).stream(recover=True) as channel:
            await channel.until_done()
    assert isinstance(caught.value.__cause__, ThreadBusyError)
    assert busy.places == [CREATE, OWN]


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "polled"])
async def test_a_submission_does_not_wait(wire: Wire, client: AssistantsClient, stream: bool) -> None:
    """A refused submission is looked up in its own run."""
    waiting = frame("thread.run.created", run("queued")), frame("thread.run.requires_action", ASKS), DONE
    busy = Busy(wire, Body(*waiting) if stream else answer(ASKS))
    busy.routes.on(SUBMIT, BUSY)
    busy.routes.on(OWN, other("completed", "run_1"))
    busy.routes.on(OWN + "/steps", answer(listed()))
    busy.routes.on("GET /threads/thread_1/messages", answer(listed(message("completed", "3"))))
    assert (await start(client).drive(TOOLS, stream=stream)).text == "3"
    assert busy.places[:3] == [CREATE, SUBMIT, OWN]
    assert busy.places.count(SUBMIT) == 1


@pytest.mark.parametrize("way", ["poll", "drive"])
async def test_a_poll_does_not_wait(wire: Wire, client: AssistantsClient, way: str) -> None:
    """A refused look-up of the own run is an error at once."""
    busy = Busy(wire, answer(run("queued"), **SOON))
    busy.routes.on(OWN, BUSY)
    options: dict[str, Any] = {"stream": False} if way == "drive" else {}
    with pytest.raises(ThreadBusyError):
        await getattr(start(client), way)(**options)
    assert busy.places == [CREATE, OWN]


@pytest.mark.parametrize("way", ["poll", "drive"])
async def test_another_run_waits_as_the_first_did(wire: Wire, client: AssistantsClient, way: str) -> None:
    """`rerun` makes a run too: a thread that is busy by then is waited for."""
    limited = run("failed", last_error={"code": "rate_limit_exceeded", "message": "slow down"})
    busy = Busy(wire, answer(limited), BUSY, MADE)
    busy.routes.on(OWN, other("completed", "run_1"))
    busy.routes.on(OWN + "/steps", answer(listed()))
    busy.routes.on("GET /threads/thread_1/messages", answer(listed(message("completed", "3"))))
    options: dict[str, Any] = {"stream": False} if way == "drive" else {}
    await getattr(start(client), way)(rerun=Rerun(delay=MS), **options)
    assert [place for place in busy.places if place in (CREATE, GET + "run_7")] == [
        CREATE,
        CREATE,
        GET + "run_7",
        GET + "run_7",
        CREATE,
    ]
