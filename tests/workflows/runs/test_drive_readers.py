"""Readers of a drive that are slow, or that have closed it before it came to anything."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    ClientClosedError,
    RetryPolicy,
    RunFailedError,
    StreamError,
    StreamInterruptedError,
    Toolbox,
)
from assistants_async.server import CallTools, Say, Stall
from assistants_async.tools import ToolFinished
from tests.support.byte_server import Body, Gate, frame
from tests.support.drives import start
from tests.support.embedded import GRACE, Server, listed, serving
from tests.support.http_server import Wire, failure, silent
from tests.support.run_events import DONE, delta, message, run
from tests.support.steady_loop import MS


async def test_a_reader_that_is_far_behind(wire: Wire, client: AssistantsClient) -> None:
    """It gets every event once it reads, in order, though more have come than may wait for it."""
    pieces = [f"{number} " for number in range(300)]
    body = Body(
        *(frame(f"thread.run.{status}", run(status)) for status in ("queued", "in_progress")),
        frame("thread.message.created", message("in_progress")),
        *(frame("thread.message.delta", delta(piece)) for piece in pieces),
        frame("thread.message.completed", message("completed", "".join(pieces))),
        frame("thread.run.completed", run("completed")),
        DONE,
    )
    Server(wire, create=[body], steps=[listed()])
    async with start(client) as channel:
        await asyncio.sleep(50 * MS)
        assert [piece async for piece in channel.text()] == pieces


async def test_many_tools_that_wait_for_the_same_reader() -> None:
    """Each goes on once there is room for its event, though all of them had waited at the same time."""

    async def number(value: int) -> int:
        return value

    calls = [("number", {"value": value}) for value in range(100)]
    async with serving(CallTools(calls), Say("Counted.")) as served:
        drive = served.start().drive(Toolbox([number], max_concurrency=100))
        async with asyncio.timeout(MS * 20_000), drive as channel:
            await asyncio.sleep(200 * MS)
            events = [event async for event in channel]
    assert sum(isinstance(event, ToolFinished) for event in events) == 100


async def test_the_result_of_a_drive_that_was_closed() -> None:
    """There is none, and the error says why."""
    async with serving(Stall()) as served, served.start().drive(grace=GRACE) as channel:
        channel.close()
        with pytest.raises(StreamError, match="the drive was left before its end"):
            await channel.result()


async def test_the_head_of_a_drive_that_was_closed_before_it() -> None:
    """No answer has come, so there is none to show."""
    async with serving(Stall(), pace=0) as served:
        drive = served.start().drive(grace=GRACE)

        async def enter() -> None:
            async with drive as channel:
                with pytest.raises(RuntimeError, match="the drive was closed before its head"):
                    assert channel.http

        task = asyncio.ensure_future(enter())
        await asyncio.sleep(0)
        await drive.aclose()
        await task


@pytest.mark.parametrize("on_deadline", ["cancel", "leave"])
@pytest.mark.parametrize("held", ["head", "hook", "retry"])
async def test_a_drive_that_is_closed_while_it_is_entered(
    wire: Wire, client: AssistantsClient, held: str, on_deadline: str
) -> None:
    """Its block is entered at once, without events; a run that may have been made is looked after on leaving it."""
    Server(wire, create=[failure(503) if held == "retry" else silent])
    waiting, entered = asyncio.Event(), asyncio.Event()

    async def reached(_: object) -> None:
        waiting.set()
        if held == "hook":
            await asyncio.sleep(3600)

    view = client.with_options(on_send=reached, retry=RetryPolicy(initial_delay=3600, max_delay=3600))
    call: Any = view.runs.create("thread_1", assistant_id="asst_1")
    drive = call.drive(grace=GRACE, on_deadline=on_deadline)

    async def enter() -> list[Any]:
        async with drive as channel:
            entered.set()
            return [event async for event in channel]

    task = asyncio.ensure_future(enter())
    await waiting.wait()
    await asyncio.sleep(20 * MS)
    assert not entered.is_set()
    await drive.aclose()
    for _ in range(3):
        await asyncio.sleep(0)
    assert entered.is_set()
    assert await task == []
    await drive.aclose()


async def test_a_drive_that_is_closed_before_it_is_entered(client: AssistantsClient) -> None:
    """It sends nothing any more."""
    drive = start(client)
    await drive.aclose()
    with pytest.raises(RuntimeError, match="a call can be used only once"):
        await drive.__aenter__()


async def test_a_hook_for_errors_that_fails(wire: Wire, client: AssistantsClient) -> None:
    """Its own error is raised, from the program that made it."""
    Server(wire, create=[run("failed")], steps=[listed()])

    async def hook(error: object) -> None:
        raise KeyError("hook")

    call = client.runs.create("thread_1", assistant_id="a").with_options(on_error=hook)
    with pytest.raises(KeyError, match="hook"):
        await call.poll()


async def test_a_cancellation_while_a_hook_for_errors_runs(wire: Wire, client: AssistantsClient) -> None:
    """The hook is ended, and the cancellation goes on in place of the run's error."""
    Server(wire, create=[run("failed")], steps=[listed()])
    begun, ended = asyncio.Event(), asyncio.Event()

    async def hook(error: object) -> None:
        assert isinstance(error, RunFailedError)
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    call = client.runs.create("thread_1", assistant_id="a").with_options(on_error=hook)
    task = asyncio.ensure_future(call.poll())
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert ended.is_set()


async def test_a_client_that_is_closed_while_steps_are_looked_up(wire: Wire, client: AssistantsClient) -> None:
    """It is the caller's own doing, so it is raised though the run has completed."""
    gate = Gate()

    async def slow(seen: Any, peer: Any) -> None:
        gate.reached.set()
        await gate.wait()

    Server(wire, create=[run("completed")], steps=[slow], messages=[listed()])

    async def read() -> None:
        async with start(client, stream=False) as channel:
            await channel.until_done()

    task = asyncio.ensure_future(read())
    await gate.reached.wait()
    await client.close()
    gate.set()
    with pytest.raises(ClientClosedError):
        await task


async def test_a_question_is_no_answer(wire: Wire, client: AssistantsClient) -> None:
    """A message of the user's gives no value, though it is JSON as well."""
    question = {**message("completed", "[1]", "msg_0"), "role": "user"}
    body = Body(
        frame("thread.run.queued", run("queued")),
        frame("thread.message.created", question),
        frame("thread.message.created", message("in_progress")),
        frame("thread.message.delta", delta("[2]")),
        frame("thread.message.completed", message("completed", "[2]")),
        frame("thread.run.completed", run("completed")),
        DONE,
    )
    wire.answer(body)
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        assert [value async for value in channel.partial()] == [[2]]


async def test_a_message_under_way_is_not_shown_while_tools_are_called(wire: Wire, client: AssistantsClient) -> None:
    """It comes whole, once the run has completed."""
    ask = {"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}
    action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [ask]}}
    Server(
        wire,
        create=[run("requires_action", required_action=action)],
        submit=[run("completed")],
        steps=[listed()],
        messages=[listed(message("in_progress", "Hel")), listed(message("completed", "Hello"))],
    )

    def now() -> str:
        return "noon"

    async with start(client, Toolbox([now]), stream=False) as channel:
        names = [event.event async for event in channel]
    assert "thread.message.in_progress" not in names
    assert channel.snapshot.messages[-1].text == "Hello"
    assert names.index("tool.finished") < names.index("thread.message.completed")


@pytest.mark.parametrize(
    "events", [(), (frame("thread.message.created", message("completed", "Hi")),)], ids=["nothing", "a message"]
)
async def test_a_stream_that_names_no_run(wire: Wire, client: AssistantsClient, events: tuple[bytes, ...]) -> None:
    """There is nothing to go on with, though the stream has its end mark."""
    Server(wire, create=[Body(*events, DONE)])
    with pytest.raises(StreamInterruptedError):
        await start(client)
