"""Servers without the steps of runs: every form still gives the answer, and no failure of a look-up takes it away."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    PermissionDeniedError,
    Run,
    RunFailedError,
    RunResult,
    StreamInterruptedError,
    Toolbox,
)
from tests.support.byte_server import RESET, Body, dumps, whole
from tests.support.http_server import KEY, Wire, answer, failure
from tests.support.routes import Routes
from tests.support.run_events import TEXT, message, page, run, run_frames

WHOLE = "".join(TEXT)
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a":1,"b":2}'}}
ASKING = run(
    "requires_action", required_action={"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}}
)


def add(a: int, b: int) -> int:
    """Add numbers."""
    return a + b


async def poll(client: AssistantsClient) -> Any:
    """Poll a new run."""
    return await client.runs.create("thread_1", assistant_id="asst_1").poll(interval=0.001)


async def wait(client: AssistantsClient) -> Any:
    """Wait for a run."""
    return await client.runs.wait("thread_1", "run_1", interval=0.001)


async def drive_polled(client: AssistantsClient) -> Any:
    """Drive a new run by polling."""
    return await client.runs.create("thread_1", assistant_id="asst_1").drive(Toolbox([add]), stream=False)


async def drive_streamed(client: AssistantsClient) -> Any:
    """Drive a new run by its stream."""
    return await client.runs.create("thread_1", assistant_id="asst_1").drive(Toolbox([add]), interval=0.001)


async def resume(client: AssistantsClient) -> Any:
    """Take a run over."""
    return await client.runs.resume("thread_1", "run_1", Toolbox([add]))


async def recover(client: AssistantsClient) -> Any:
    """Go on behind a stream that is cut."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream(recover=True) as channel:
        text = "".join([piece async for piece in channel.text()])
        assert channel.run is not None
        return text, channel.run.status


FORMS: dict[str, Callable[[AssistantsClient], Awaitable[Any]]] = {
    form.__name__: form for form in (poll, wait, drive_polled, drive_streamed, resume, recover)
}
STREAMS: dict[str, Any] = {
    "json": whole(dumps(run("completed"))),
    "queued": whole(dumps(run("queued"))),
    "cut": Body(*run_frames(*TEXT)[:8], RESET),
}
GONE: dict[str, tuple[Any, ...]] = {
    "404": (failure(404),),
    "405": (failure(405),),
    "404 of FastAPI": (answer({"detail": "Not Found"}, 404),),
    "403": (failure(403),),
    "undecodable": (whole(b"<html></html>", kind="text/html"),),
    "an object": (answer({"object": "nothing"}),),
}


def routes(stream: str, steps: tuple[Any, ...], ended: dict[str, Any]) -> Routes:
    """A server whose run ends so, and that answers so to a stream and to the list of steps."""
    made = Routes()
    made.on("POST /threads/thread_1/runs", STREAMS[stream])
    made.on("GET /threads/thread_1/runs/run_1", answer(run("in_progress")), answer(ended))
    made.on("GET /threads/thread_1/runs/run_1/steps", *steps)
    made.on("GET /threads/thread_1/messages", whole(page(message("completed", WHOLE))))
    return made


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("stream", STREAMS)
@pytest.mark.parametrize("steps", GONE)
async def test_the_answer_is_there_without_steps(
    wire: Wire, client: AssistantsClient, steps: str, stream: str, form: str
) -> None:
    """For any answer to the list of steps, once the run has ended; `on_error` gets nothing of it."""
    if stream == "cut" and form in ("poll", "drive_polled"):
        stream = "queued"
    server = routes(stream, GONE[steps], run("completed"))
    if form == "resume" and steps[:3] not in ("404", "405"):
        # What was answered of a run that is under way can only be learned from its steps.
        server.on("GET /threads/thread_1/runs/run_1", answer(run("completed")))
    wire.answer(server)
    heard: list[Exception] = []
    result = await FORMS[form](client.with_options(on_error=heard.append))
    if isinstance(result, RunResult):
        assert (result.text, result.run.status) == (WHOLE, "completed")
        assert stream == "cut" or result.steps == ()
    elif isinstance(result, Run):
        assert result.status == "completed"
    else:
        assert result == (WHOLE, "completed")
    assert {type(error) for error in heard} <= {StreamInterruptedError}


@pytest.mark.parametrize("form", ["poll", "wait", "drive_polled", "drive_streamed", "resume"])
async def test_a_bad_end_is_raised_without_steps(wire: Wire, client: AssistantsClient, form: str) -> None:
    """The run's error, and no other."""
    ended = run("failed", last_error={"code": "server_error", "message": "boom"})
    wire.answer(routes("queued", GONE["404"], ended))
    with pytest.raises(RunFailedError, match="boom") as caught:
        await FORMS[form](client)
    assert caught.value.steps == ()


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("form", ["drive_polled", "drive_streamed", "resume"])
async def test_tools_are_answered_without_steps(wire: Wire, client: AssistantsClient, form: str, status: int) -> None:
    """A run that requires outputs gets them although its earlier outputs are unknown."""
    made = routes("queued", (failure(status),), run("completed"))
    made.on("GET /threads/thread_1/runs/run_1", answer(ASKING), answer(run("completed")))
    made.on("POST /threads/thread_1/runs/run_1/submit_tool_outputs", whole(dumps(run("queued"))))
    wire.answer(made)
    result = await FORMS[form](client)
    assert (result.text, result.rounds) == (WHOLE, 1)
    (sent,) = [seen.json for seen in wire.seen if seen.path.endswith("/submit_tool_outputs")]
    assert sent["tool_outputs"] == [{"tool_call_id": "call_1", "output": "3"}]


async def test_steps_that_fail_for_a_while_are_listed_again(wire: Wire) -> None:
    """A failure that passes costs no step."""
    listed = whole(page({"id": "step_1", "object": "thread.run.step", "status": "completed"}))
    wire.answer(routes("cut", (failure(500, retry_after="0"), listed), run("completed")))
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None) as client:
        result = await resume(client)
    assert [step.id for step in result.steps] == ["step_1"]


async def test_steps_of_a_run_under_way_are_needed(wire: Wire, client: AssistantsClient) -> None:
    """Only they show its earlier outputs: the error is raised, and `on_error` gets it."""
    heard: list[Exception] = []
    wire.answer(routes("queued", (failure(403),), run("completed")))
    with pytest.raises(PermissionDeniedError) as caught:
        await resume(client.with_options(on_error=heard.append))
    assert heard == [caught.value]
