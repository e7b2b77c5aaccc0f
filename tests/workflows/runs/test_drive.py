"""`drive`: a run to its end through all rounds of tool calls, and its events."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import CallTools, Say
from assistants_async.tools import Toolbox, ToolEvent, ToolFailed, ToolFinished, ToolStarted
from assistants_async.workflows.runs.event_handler import EventHandler
from tests.support.drives import ROUNDS, calls_of
from tests.support.embedded import TOOLS, serving
from tests.support.steady_loop import MS


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("stream", [True, False])
async def test_all_rounds_of_a_run(stream: bool, protocol: ProtocolVersion) -> None:
    """The tools are called, every round is answered in one request, and the result has all of it."""
    async with serving(*ROUNDS, protocol=protocol) as served:
        result = await served.start().drive(TOOLS, stream=stream)
        assert result.run == (await served.runs())[-1]
        assert [message.text for message in result.messages] == ["Let me see.", "Sunny in both."]
        assert (result.text, result.rounds, result.parsed) == ("Sunny in both.", 2, None)
        assert calls_of(result.steps) == [
            ("get_weather", '{"city":"Rome"}', "sunny in Rome"),
            ("add", '{"a":1,"b":2}', "3"),
            ("get_weather", '{"city":"Oslo"}', "sunny in Oslo"),
        ]
        assert result.usage == result.run.usage
        assert result.usage is not None
        assert [
            len(record.body["tool_outputs"])
            for record in served.server.requests
            if record.body and "tool_outputs" in record.body
        ] == [2, 1]
        assert served.sent("getRun") == 0 if stream else served.sent("getRun") > 0
        assert served.sent("cancelRun") == 0


@pytest.mark.parametrize("stream", [True, False])
async def test_a_thread_made_with_its_run(stream: bool) -> None:
    """`threads.create_and_run` is driven as well."""
    async with serving(*ROUNDS) as served:
        call = served.client.threads.create_and_run(assistant_id=served.assistant)
        result = await call.drive(TOOLS, stream=stream)
    assert (result.text, result.rounds) == ("Sunny in both.", 2)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_run_that_requires_action_already(stream: bool) -> None:
    """A submission can be driven on."""
    async with serving(*ROUNDS) as served:
        waiting = await served.start().poll()
        outputs = [{"tool_call_id": call.id, "output": "x"} for call in waiting.tool_calls]
        call = served.client.runs.submit_tool_outputs(served.thread, waiting, tool_outputs=outputs)
        result = await call.drive(TOOLS, stream=stream)
    assert (result.text, result.rounds) == ("Sunny in both.", 1)


# The events


async def test_the_events_of_all_rounds_in_one_iterator() -> None:
    """The tools' between the run's, in the order in which things happen."""
    async with serving(*ROUNDS[1:]) as served, served.start().drive(TOOLS) as channel:
        events = [event async for event in channel]
        assert channel.items_delivered == len(events)
        assert (channel.outcome, channel.http.status) == ("completed", 200)
        result = await channel.result()
        assert channel.run == result.run
        assert (channel.snapshot.messages, channel.snapshot.steps) == (result.messages, result.steps)
    happened = [event.event for event in events if not event.event.endswith(".delta")]
    assert happened == [
        "thread.run.created",
        "thread.run.queued",
        "thread.run.in_progress",
        "thread.run.step.created",
        "thread.run.step.in_progress",
        "thread.run.requires_action",
        "tool.started",
        "tool.finished",
        "thread.run.step.completed",
        "thread.run.queued",
        "thread.run.in_progress",
        "thread.run.step.created",
        "thread.run.step.in_progress",
        "thread.message.created",
        "thread.message.in_progress",
        "thread.message.completed",
        "thread.run.step.completed",
        "thread.run.completed",
    ]
    (finished,) = [event for event in events if isinstance(event, ToolFinished)]
    assert (finished.result.name, finished.result.output) == ("get_weather", "sunny in Oslo")


async def test_the_events_of_a_polled_drive() -> None:
    """States as they are seen, steps and messages when they are there, before the state that they led to."""
    async with serving(*ROUNDS[1:]) as served, served.start().drive(TOOLS, stream=False) as channel:
        events = [event async for event in channel]
    happened = [event.event for event in events if event.event not in ("thread.run.queued", "thread.run.in_progress")]
    assert happened == [
        "thread.run.requires_action",
        "tool.started",
        "tool.finished",
        "thread.run.step.completed",
        "thread.run.step.completed",
        "thread.message.created",
        "thread.message.delta",
        "thread.message.completed",
        "thread.run.completed",
    ]
    assert events[0].event == "thread.run.queued"


@pytest.mark.parametrize("stream", [True, False])
async def test_the_views_know_the_run_alone(stream: bool) -> None:
    """Text once, each message and step once, the states, over all rounds."""
    async with serving(*ROUNDS * 5) as served:
        async with served.start().drive(TOOLS, stream=stream) as channel:
            assert "".join([text async for text in channel.text()]) == "Let me see.Sunny in both."
        async with served.start().drive(TOOLS, stream=stream) as channel:
            assert [message.text async for message in channel.messages()] == ["Let me see.", "Sunny in both."]
            assert [message.text for message in await channel.final_messages()] == ["Let me see.", "Sunny in both."]
        async with served.start().drive(TOOLS, stream=stream) as channel:
            assert len([step async for step in channel.steps()]) == 4
        async with served.start().drive(TOOLS, stream=stream) as channel:
            states = [run.status async for run in channel.runs()]
            assert (states.count("requires_action"), states[-1]) == (2, "completed")
        async with served.start().drive(TOOLS, stream=stream) as channel:
            assert (await channel.wait_for("tool.finished")).event == "tool.finished"
            assert (await channel.final_run()).status == "completed"


async def test_server_sent_events_of_a_drive() -> None:
    """For a browser: the run's events over all rounds, without the tools'."""
    async with serving(*ROUNDS[1:]) as served, served.start().drive(TOOLS) as channel:
        frames = [frame async for frame in channel.sse()]
    assert not [frame for frame in frames if b"tool." in frame.split(b"\n")[0]]
    assert frames[0].startswith(b"event: thread.run.created\n")
    assert frames[-1] == b"event: done\ndata: [DONE]\n\n"


async def test_a_handler_hears_of_the_tools() -> None:
    """`on_tool` beside the methods for the run."""
    heard: list[str] = []

    class Heard(EventHandler):
        async def on_tool(self, event: ToolEvent) -> None:
            heard.append(event.event)

        async def on_text_done(self, text: Any) -> None:
            heard.append(text.value)

    async with serving(*ROUNDS[1:]) as served, served.start().drive(TOOLS) as channel:
        await channel.handle(Heard())
    assert heard == ["tool.started", "tool.finished", "Sunny in both."]


async def test_a_tool_that_failed_shows_among_the_events() -> None:
    """The model gets its error as the output; the run goes on."""

    def broken(city: str) -> str:
        raise ZeroDivisionError(city)

    toolbox = Toolbox([broken])
    async with (
        serving(CallTools({"broken": {"city": "x"}}), Say("well")) as served,
        served.start(tools=toolbox.definitions).drive(toolbox) as channel,
    ):
        events = [event async for event in channel if isinstance(event, (ToolStarted, ToolFailed))]
        assert (await channel.result()).text == "well"
    failed = events[-1]
    assert isinstance(failed, ToolFailed)
    assert isinstance(failed.result.error, ZeroDivisionError)


async def test_events_come_while_the_tools_run() -> None:
    """A tool's start is given before its end is there, and the reader's own pace delays no tool."""
    go = asyncio.Event()

    async def wait(city: str) -> str:
        await go.wait()
        return city

    toolbox = Toolbox([wait])
    async with (
        serving(CallTools({"wait": {"city": "Rome"}}), Say("done")) as served,
        served.start(tools=toolbox.definitions).drive(toolbox) as channel,
    ):
        assert (await channel.wait_for("tool.started")).event == "tool.started"
        go.set()
        assert (await channel.result()).text == "done"


async def test_a_read_that_is_cancelled_loses_nothing() -> None:
    """Time-outs around single reads are as good as none."""
    async with serving(*ROUNDS[1:]) as served, served.start().drive(TOOLS) as channel:
        names: list[str] = []
        while True:
            try:
                async with asyncio.timeout(MS / 2):
                    names.append((await anext(channel)).event)
            except TimeoutError:
                continue
            except StopAsyncIteration:
                break
        assert (names[0], names[-1]) == ("thread.run.created", "thread.run.completed")
        assert (await channel.result()).text == "Sunny in both."
        assert served.sent("cancelRun") == 0
