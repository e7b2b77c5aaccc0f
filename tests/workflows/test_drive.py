"""`drive`: a run to its end through all rounds of tool calls, awaited or entered, streamed or polled."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistants_async import (
    AssistantsClient,
    BadRequestError,
    NotFoundError,
    Run,
    RunCancelledError,
    RunDeadlineError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
    ServerError,
    StreamError,
    StreamInterruptedError,
    ThreadBusyError,
    TimedOutError,
    Timeout,
    ToolError,
)
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.models.events import MessageDeltaEvent, RunEvent
from assistants_async.models.messages import Message
from assistants_async.models.runs import ToolCall
from assistants_async.models.steps import FunctionToolCall, RunStep
from assistants_async.server import CallTools, Fail, Incomplete, Say, Stall
from assistants_async.tools import Toolbox, ToolEvent, ToolFailed, ToolFinished, ToolResult, ToolStarted
from assistants_async.workflows.runs.drive import Drive, DriveChannel
from assistants_async.workflows.runs.event_handler import EventHandler
from assistants_async.workflows.runs.result import DriveEvent, RunResult
from tests.conftest import MS
from tests.support.byte_server import RESET, STALL, Body, frame
from tests.support.embedded import GRACE, TOOLS, Server, asking, drop, listed, serving
from tests.support.http_server import Wire, failure, silent
from tests.support.run_events import DONE, TEXT, message, run, step, told

ROUNDS: list[Any] = [
    [Say("Let me see."), CallTools([("get_weather", {"city": "Rome"}), ("add", {"a": 1, "b": 2})])],
    CallTools({"get_weather": {"city": "Oslo"}}),
    Say("Sunny in both."),
]

WHOLE = "".join(TEXT)


def calls_of(steps: tuple[RunStep, ...]) -> list[tuple[str | None, str | None, str | None]]:
    """Names, arguments and outputs of the function calls of steps."""
    calls = [call for step in steps for call in step.tool_calls if isinstance(call, FunctionToolCall)]
    return [(call.function.name, call.function.arguments, call.function.output) for call in calls if call.function]


def start(client: AssistantsClient, toolbox: Toolbox | None = None, **options: Any) -> Drive[None]:
    """Drive a new run, sending nothing again by itself."""
    return client.runs.create("thread_1", assistant_id="asst_1").with_options(retry=None).drive(toolbox, **options)


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
async def test_a_run_that_asks_already(stream: bool) -> None:
    """A submission can be driven on."""
    async with serving(*ROUNDS) as served:
        asked = await served.start().poll()
        outputs = [{"tool_call_id": call.id, "output": "x"} for call in asked.tool_calls]
        call = served.client.runs.submit_tool_outputs(served.thread, asked, tool_outputs=outputs)
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
    """What the model is told goes on to it; the run goes on."""

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
    """A tool's start is told before its end is there, and the reader's own pace holds nothing up."""
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


# Its ends


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (Fail("server_error", "boom", "half"), RunFailedError),
        (Incomplete("max_prompt_tokens", "half"), RunIncompleteError),
    ],
)
async def test_bad_ends_raise_after_the_events(
    action: Any, kind: type[RunError], stream: bool, protocol: ProtocolVersion
) -> None:
    """Awaited, and read; `raise_on` lets them pass, with what had been written."""
    async with serving(*[action] * 4, protocol=protocol) as served:
        with pytest.raises(kind) as caught:
            await served.start().drive(stream=stream)
        assert caught.value.run == (await served.runs())[-1]
        assert len(caught.value.steps) == 1
        assert caught.value.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]
        async with served.start().drive(stream=stream) as channel:
            names: list[str] = []
            with pytest.raises(kind):
                names += [event.event async for event in channel]
            assert channel.outcome == "failed"
            with pytest.raises(StopAsyncIteration):
                await anext(channel)
            with pytest.raises(kind):
                await channel.result()
        result = await served.start().drive(stream=stream, raise_on=())
        assert (result.text, result.run.is_terminal) == ("half", True)
        assert served.sent("cancelRun") == 0


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("failed", RunFailedError),
        ("expired", RunExpiredError),
        ("cancelled", RunCancelledError),
        ("incomplete", RunIncompleteError),
    ],
)
async def test_ends_without_a_reason(
    wire: Wire, client: AssistantsClient, end: Any, kind: type[RunError], stream: bool
) -> None:
    """Some servers do not give one: the end itself is told all the same."""
    frames = frame("thread.run.created", run("queued")), frame(f"thread.run.{end}", run(end))
    create = Body(*frames, DONE) if stream else run(end)
    for raise_on in ({end}, {"failed", "expired", "cancelled", "incomplete"} - {end}):
        Server(wire, create=[create], steps=[listed()], messages=[listed()])
        if end not in raise_on:
            result = await start(client, stream=stream, raise_on=raise_on)
            assert (result.run.status, result.messages, result.text) == (end, (), "")
            continue
        with pytest.raises(kind) as caught:
            await start(client, stream=stream, raise_on=raise_on)
        assert (caught.value.run.id, caught.value.steps) == ("run_1", ())


@pytest.mark.parametrize("stream", [True, False])
async def test_a_run_that_expires_while_it_waits_for_a_tool(stream: bool) -> None:
    """The submission is refused: the run has ended by itself, and that is what is raised."""
    now = [1000.0]

    def slow(city: str) -> str:
        now[0] += 601
        return city

    toolbox = Toolbox([slow])
    async with serving(CallTools({"slow": {"city": "x"}}), clock=lambda: now[0]) as served:
        with pytest.raises(RunExpiredError):
            await served.start(tools=toolbox.definitions).drive(toolbox, stream=stream)
        assert (await served.runs())[-1].status == "expired"


async def test_entering_raises_what_the_first_request_does() -> None:
    """Before any event: a busy thread, an unknown one."""
    async with serving(Stall()) as served:
        other = await served.start()
        with pytest.raises(ThreadBusyError) as caught:
            async with served.start().drive():
                raise AssertionError("not entered")
        assert caught.value.run_id == other.id
        with pytest.raises(NotFoundError):
            async with served.client.runs.create("thread_none", assistant_id="a").drive(stream=False):
                raise AssertionError("not entered")


async def test_leaving_early_cancels_the_run() -> None:
    """By `break` or by an error, which comes out as it is; unless it is to be left."""
    async with serving(*[Stall("half")] * 3) as served:
        async with served.start().drive() as channel:
            async for event in channel:
                if event.event == "thread.message.delta":
                    break
        assert channel.outcome == "closed"
        assert await served.status() == "cancelled"
        with pytest.raises(StreamError, match=r"runs\.create: the drive was left before its end"):
            await channel.result()
        with pytest.raises(KeyError):
            async with served.start().drive() as channel:
                await anext(channel)
                raise KeyError
        assert await served.status() == "cancelled"
        async with served.start().drive(on_deadline="leave") as channel:
            await channel.wait_for("thread.message.delta")
        assert await served.status() == "in_progress"


async def test_closing_from_another_task_ends_a_read_that_waits() -> None:
    """As if nothing followed; the block is left when the run has been cancelled."""
    async with serving(Stall()) as served:
        async with served.start().drive(grace=GRACE) as channel:
            await channel.wait_for("thread.run.in_progress")
            reading = asyncio.ensure_future(anext(channel, None))
            await asyncio.sleep(MS)
            with pytest.raises(RuntimeError, match="another task is reading"):
                await anext(channel)
            await channel.aclose()
            assert await reading is None
            assert channel.outcome == "closed"
        assert await served.status() == "cancelled"


async def test_a_tool_that_raises_may_end_the_drive() -> None:
    """With `on_error="raise"` the run is cancelled, and the error is the tool's."""

    def broken(city: str) -> str:
        raise ZeroDivisionError(city)

    toolbox = Toolbox([broken], on_error="raise")
    async with serving(*[CallTools({"broken": {"city": "x"}})] * 2) as served:
        for stream in (True, False):
            with pytest.raises(Exception, match="tool 'broken' failed") as caught:
                await served.start(tools=toolbox.definitions).drive(toolbox, stream=stream)
            assert isinstance(caught.value.__cause__, ZeroDivisionError)
            assert "it was cancelled" in caught.value.__notes__[0]
            assert await served.status() == "cancelled"


@pytest.mark.parametrize("kind", [asyncio.CancelledError, SystemExit, KeyError])
async def test_what_is_raised_within_comes_out_as_it_is(kind: type[BaseException]) -> None:
    """Alone, in no group, and in the reader's own task; also what is no `Exception`."""

    class Raising:
        async def recall(self, call_id: str, /) -> str | None:
            raise kind("mine")

        async def attempted(self, call: ToolCall, /) -> None:
            raise NotImplementedError

        async def finished(self, result: ToolResult, /) -> None:
            raise NotImplementedError

    async with serving(*[ROUNDS[1]] * 2) as served:
        with pytest.raises(kind, match="mine"):
            await served.start().drive(TOOLS, ledger=Raising(), on_deadline="leave")
        await served.client.runs.cancel(served.thread, (await served.runs())[-1])
        assert await served.status() == "cancelled"
        async with served.start().drive(TOOLS, ledger=Raising(), on_deadline="leave") as channel:
            with pytest.raises(kind, match="mine"):
                await channel.until_done()
            assert channel.outcome == "failed"
            with pytest.raises(kind, match="mine"):
                await channel.result()


async def test_a_drive_that_is_closed_before_its_end() -> None:
    """As by an event loop that stops: nothing hangs."""
    async with serving(Stall(), pace=50 * MS) as served:
        for work in (served.start().drive(stream=False), served.client.threads.create_and_run(assistant_id="a").poll()):
            work.send(None)
            work.close()
        await asyncio.sleep(5 * MS)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not [task for task in left if "workflows" in repr(task)]


@pytest.mark.parametrize("stream", [True, False])
async def test_the_deadline_counts_the_tools(stream: bool) -> None:
    """One that hangs does not hold it."""

    async def hang(city: str) -> str:
        await asyncio.Event().wait()
        return city

    toolbox = Toolbox([hang])
    async with serving(CallTools({"hang": {"city": "x"}})) as served:
        with pytest.raises(RunDeadlineError) as caught:
            await served.start(tools=toolbox.definitions).drive(toolbox, stream=stream, deadline=150 * MS)
        assert caught.value.run.status in ("cancelling", "cancelled")
        assert await served.status() == "cancelled"


# Servers that stream badly, or not at all


def server_of(wire: Wire, *frames: Any, **more: list[Any]) -> Server:
    """A server whose stream of a new run is made of these frames, and which can be polled for the rest."""
    more.setdefault("get", [run("in_progress"), run("completed", usage={"total_tokens": 3})])
    more.setdefault("steps", [listed(step("completed"))])
    more.setdefault("messages", [listed(message("completed", WHOLE))])
    return Server(wire, create=[Body(*frames)], **more)


@pytest.mark.parametrize("place", range(1, 14))
async def test_a_stream_that_is_cut_is_polled_on(wire: Wire, client: AssistantsClient, place: int) -> None:
    """Once the run is known; the text comes once, whole, and no second run is made."""
    server = server_of(wire, *told(*TEXT)[:place], RESET)
    async with start(client) as channel:
        assert "".join([text async for text in channel.text()]) == WHOLE
        result = await channel.result()
    assert (result.text, [step.id for step in result.steps], result.run.status) == (WHOLE, ["step_1"], "completed")
    assert (server.polls, wire.seen[0].json["stream"]) == (2, True)
    assert sum(seen.method == "POST" for seen in wire.seen) == 1


async def test_a_stream_that_is_cut_before_its_run(wire: Wire, client: AssistantsClient) -> None:
    """Nobody knows which run it was: that is the error."""
    server_of(wire, b": hello\n\n", RESET)
    with pytest.raises(StreamInterruptedError) as caught:
        await start(client)
    assert caught.value.run_id is None


async def test_a_stream_without_a_run(wire: Wire, client: AssistantsClient) -> None:
    """It ends well, but tells of none."""
    server_of(wire, DONE)
    with pytest.raises(StreamInterruptedError, match="no run event"):
        await start(client)


async def test_a_server_that_does_not_stream(wire: Wire, client: AssistantsClient) -> None:
    """It answers with the run, which is polled."""
    server = Server(
        wire,
        create=[run("queued")],
        get=[run("requires_action", required_action=asking(("c1", "add", '{"a":1,"b":2}'))), run("completed")],
        submit=[run("queued")],
        steps=[listed(), listed(step("completed"))],
        messages=[listed(), listed(message("completed", "3"))],
    )
    result = await start(client, TOOLS)
    assert (result.text, result.rounds) == ("3", 1)
    assert server.outputs == [[{"tool_call_id": "c1", "output": "3"}]]


async def test_a_server_that_does_it_all_before_it_answers(wire: Wire, client: AssistantsClient) -> None:
    """The answer is the run at its end; its messages are looked up."""
    for stream in (True, False):
        Server(wire, create=[run("completed")], steps=[listed()], messages=[listed(message("completed", "hi"))])
        assert (await start(client, stream=stream)).text == "hi"


async def test_a_submission_whose_answer_is_lost(wire: Wire, client: AssistantsClient) -> None:
    """The run tells whether it was taken; where it was not, the same outputs are sent, and no tool is called twice."""
    called: list[str] = []

    def note(city: str) -> str:
        called.append(city)
        return city

    asked = run("requires_action", required_action=asking(("c1", "note", '{"city":"x"}')))
    lost = failure(500, "lost", retry_after_ms="1")
    common: dict[str, Any] = {"steps": [listed()], "messages": [listed()]}
    server = Server(wire, create=[asked], submit=[lost, run("completed")], get=[asked], **common)
    assert (await start(client, Toolbox([note]), stream=False)).rounds == 1
    assert server.outputs == [[{"tool_call_id": "c1", "output": "x"}]] * 2
    server = Server(wire, create=[asked], submit=[lost], get=[run("completed")], **common)
    assert (await start(client, Toolbox([note]), stream=False)).rounds == 1
    assert len(server.outputs) == 1
    taken = failure(400, "taken", retry_after_ms="1")
    Server(wire, create=[asked], submit=[lost, taken], get=[asked, run("completed")], **common)
    assert (await start(client, Toolbox([note]), stream=False)).rounds == 1
    Server(wire, create=[asked], submit=[taken], get=[asked])
    with pytest.raises(BadRequestError, match="taken"):  # the first time, it is a refusal like any other
        await start(client, Toolbox([note]), stream=False)
    assert called == ["x"] * 4


async def test_submissions_that_fail_once_in_each_round(wire: Wire, client: AssistantsClient) -> None:
    """Each round has its own tries: in a long run, failures that pass do not add up."""
    rounds = [run("requires_action", required_action=asking(("c", "add", f'{{"a":{n},"b":0}}'))) for n in range(8)]
    lost = failure(500, "lost", retry_after_ms="1")
    server = Server(
        wire,
        create=[rounds[0]],
        submit=[each for after in [*rounds[1:], run("completed")] for each in (lost, after)],
        get=[*rounds],
        steps=[listed()],
        messages=[listed()],
    )
    assert (await start(client, TOOLS, stream=False)).rounds == 8
    assert len(server.outputs) == 16


async def test_a_submission_that_others_sent(wire: Wire, client: AssistantsClient) -> None:
    """It is refused, and the run goes on: so does the drive."""
    asked = run("requires_action", required_action=asking(("c1", "add", '{"a":1,"b":2}')))
    common: dict[str, Any] = {"steps": [listed()], "messages": [listed(message("completed", "3"))]}
    for stream in (True, False):
        server = Server(
            wire, create=[asked], submit=[failure(400, "sent")], get=[run("in_progress"), run("completed")], **common
        )
        assert (await start(client, TOOLS, stream=stream)).text == "3"
        assert len(server.outputs) == 1


async def test_a_submission_whose_stream_says_nothing(wire: Wire, client: AssistantsClient) -> None:
    """The state before it is not taken for the state after it: the run is asked for."""
    asked = run("requires_action", required_action=asking(("c1", "add", '{"a":1,"b":2}')))
    server = server_of(
        wire,
        frame("thread.run.created", run("queued")),
        frame("thread.run.requires_action", asked),
        DONE,
        submit=[Body(DONE)],
    )
    assert (await start(client, TOOLS)).text == WHOLE
    assert len(server.outputs) == 1


async def test_a_step_that_the_server_never_ends(wire: Wire, client: AssistantsClient) -> None:
    """It is in the result all the same, as it was at the run's end."""
    Server(wire, create=[run("cancelled")], steps=[listed(step("in_progress"))], messages=[listed()])
    result = await start(client, stream=False, raise_on=())
    assert [step.status for step in result.steps] == ["in_progress"]


async def test_a_submission_that_goes_on_failing(wire: Wire, client: AssistantsClient) -> None:
    """After five more tries it is the error; the run is left, to be resumed."""
    asked = run("requires_action", required_action=asking(("c1", "add", '{"a":1,"b":2}')))
    server = Server(wire, create=[asked], submit=[failure(500, "down", retry_after_ms="1")], get=[asked])
    with pytest.raises(ServerError, match="down") as caught:
        await start(client, TOOLS, stream=False)
    assert (len(server.outputs), server.cancels) == (6, 0)
    assert "was requires_action, and was left so" in caught.value.__notes__[-1]


async def test_ids_that_begin_anew_in_each_round(wire: Wire, client: AssistantsClient) -> None:
    """Other arguments are another call."""
    rounds = [run("requires_action", required_action=asking(("c", "add", f'{{"a":{n},"b":0}}'))) for n in (1, 2)]
    server = Server(
        wire, create=[rounds[0]], submit=[rounds[1], run("completed")], steps=[listed()], messages=[listed()]
    )
    assert (await start(client, TOOLS, stream=False)).rounds == 2
    assert [outputs[0]["output"] for outputs in server.outputs] == ["1", "2"]


async def test_a_server_that_falls_silent(wire: Wire, client: AssistantsClient) -> None:
    """The deadline holds; the run that is known is cancelled, and where none is, the time-out says so."""
    server = server_of(wire, *told(*TEXT)[:5], STALL, cancel=[run("cancelling")])
    with pytest.raises(RunDeadlineError, match="was cancelling: it was cancelled"):
        await start(client, deadline=30 * MS)
    assert server.cancels == 1
    for stream in (True, False):
        Server(wire, create=[silent])
        with pytest.raises(TimedOutError):
            await start(client, stream=stream, deadline=30 * MS, grace=30 * MS)


async def test_a_silent_stream_is_polled_on(wire: Wire, client: AssistantsClient) -> None:
    """After the idle limit."""
    server_of(wire, *told(*TEXT)[:9], STALL)
    slow = client.with_options(timeout=Timeout(idle=30 * MS))
    assert (await start(slow)).text == WHOLE


# Polled and streamed


TEXTS = st.text("ab é😀\n", min_size=1, max_size=12).filter(str.strip)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("get_weather"), st.fixed_dictionaries({"city": TEXTS})),
        st.tuples(st.just("add"), st.fixed_dictionaries({"a": st.integers(-9, 9), "b": st.integers(-9, 9)})),
        st.tuples(st.just("add"), st.just({"a": "no number"})),
        st.tuples(st.just("unknown"), st.just({})),
        st.tuples(st.just("broken"), st.fixed_dictionaries({"how": st.sampled_from(["told", "kept"])})),
        st.tuples(st.just("later"), st.fixed_dictionaries({"text": TEXTS})),
    ),
    min_size=1,
    max_size=3,
).map(CallTools)
SAYS = st.builds(Say, TEXTS)
TURNS = st.lists(st.tuples(st.lists(SAYS, max_size=2), CALLS).map(lambda turn: [*turn[0], turn[1]]), max_size=4)
LAST = st.one_of(
    st.lists(SAYS, min_size=1, max_size=3),
    st.builds(Fail, text=TEXTS).map(lambda one: [one]),
    st.builds(Incomplete, text=TEXTS).map(lambda one: [one]),
)


def broken(how: str) -> None:
    """Fail, in words for the model or not."""
    raise ToolError("no luck") if how == "told" else ZeroDivisionError("hunter2")


async def later(text: str) -> dict[str, str]:
    """Give a text back after other tasks had their turn."""
    await asyncio.sleep(0)
    return {"text": text}


MORE_TOOLS = Toolbox([*TOOLS, broken, later])


def shape(result: RunResult[None]) -> Any:
    """All that does not depend on ids and times."""

    def said(message: Message) -> Any:
        return message.role, message.status, message.text

    steps = [(step.type, step.status, step.usage) for step in result.steps]
    run = result.run
    rest = (run.status, run.usage, run.last_error, run.incomplete_details, result.usage, result.rounds, result.text)
    return [said(message) for message in result.messages], steps, calls_of(result.steps), rest


def happened(event: DriveEvent) -> list[tuple[str, str, str]]:
    """What a tool's event tells, but for the call's id; nothing for another."""
    match event:
        case ToolStarted(call):
            assert call.function is not None
            return [(event.event, call.function.name or "", call.function.arguments or "")]
        case ToolFinished(result) | ToolFailed(result):
            return [(event.event, result.name, result.output)]
        case _:
            return []


@settings(max_examples=25)
@given(st.tuples(TURNS, LAST), st.sampled_from(["v1", "v2"]))
async def test_polled_and_streamed_drives_come_to_the_same(
    script: tuple[list[Any], Any], protocol: ProtocolVersion
) -> None:
    """Messages, steps and tool calls, awaited or read, whatever happens in the run."""
    turns, last = script
    shapes: list[Any] = []
    calls: list[Any] = []
    for stream in (True, False):
        async with serving(*[*turns, last] * 2, protocol=protocol) as served:
            shapes.append(shape(await served.start().drive(MORE_TOOLS, stream=stream, raise_on=())))
            thread = await served.client.threads.create(messages=[{"role": "user", "content": "hi"}])
            call = served.client.runs.create(thread, assistant_id=served.assistant)
            async with call.drive(MORE_TOOLS, stream=stream, raise_on=()) as channel:
                events = [event async for event in channel]
                result = await channel.result()
                assert [event.data.status for event in events if isinstance(event, RunEvent)][-1] == result.run.status
                calls.append(sorted(told for event in events for told in happened(event)))
                texts = [event.text for event in events if isinstance(event, MessageDeltaEvent)]
                assert "".join(texts) == "".join(message.text for message in result.messages)
                assert (channel.snapshot.messages, channel.snapshot.steps) == (result.messages, result.steps)
                shapes.append(shape(result))
    assert shapes == [shapes[0]] * 4
    assert calls[0] == calls[1]


# The object


async def test_a_drive_is_a_coroutine_for_whoever_takes_one() -> None:
    """`create_task`, `gather`, `TaskGroup`; once."""
    async with serving(*[Say("a")] * 3) as served:
        call = served.start().drive()
        assert repr(call) == "<Drive of runs.create, not begun>"
        task = asyncio.create_task(call)
        assert (await task).text == "a"
        assert repr(call) == "<Drive of runs.create, used>"
        with pytest.raises(RuntimeError, match="used only once"):
            await call
        with pytest.raises(RuntimeError, match="used only once"):
            async with call:
                raise AssertionError("not entered")
        (result,) = await asyncio.gather(served.start().drive())
        assert result.text == "a"
        async with served.start().drive() as channel:
            assert isinstance(channel, DriveChannel)
            await channel.until_done()


class Keeping:
    """A ledger, and not one before it is made."""

    async def recall(self, call_id: str, /) -> str | None:
        """Nothing."""
        raise NotImplementedError

    attempted = finished = recall


def test_a_drive_that_is_never_awaited_warns() -> None:
    """With the name of its call."""
    with pytest.warns(RuntimeWarning, match=r"runs\.create\(\)\.drive\(\) was never awaited"):
        drop(AssistantsClient(api_key="k").runs.create("t", assistant_id="a").drive())
        gc.collect()


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        (
            (),
            {"steram": True},
            TypeError,
            r"drive\(\) got an unexpected keyword argument 'steram', did you mean 'stream'",
        ),
        ((), {"stop_at_action": True}, TypeError, "unexpected keyword argument 'stop_at_action'"),
        ((), {"max_rounds": -1}, ValueError, "max_rounds must be a whole number from 0, not -1"),
        ((), {"max_rounds": 1.5}, ValueError, "max_rounds must be"),
        ((), {"stream": "no"}, TypeError, "stream must be True or False, not 'no'"),
        ((), {"ledger": {}}, TypeError, r"ledger must have recall\(\), attempted\(\) and finished\(\), not {}"),
        ((), {"ledger": Keeping}, TypeError, "ledger must have .*, not <class"),
        (([print],), {}, TypeError, r"a Toolbox answers tool calls, not \[.*\]: pass Toolbox"),
        ((), {"deadline": -1}, ValueError, "deadline must be"),
    ],
)
def test_arguments_that_cannot_work_are_refused_at_once(
    arguments: tuple[Any, ...], options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    """Before anything is sent."""
    with pytest.raises(kind, match=text):
        drop(AssistantsClient(api_key="k").runs.create("t", assistant_id="a").drive(*arguments, **options))


async def test_states_are_told_in_a_drive() -> None:
    """`on_status` hears of each, streamed and polled."""
    for stream in (True, False):
        states: list[str | None] = []

        async def note(run: Run, states: list[str | None] = states) -> None:
            states.append(run.status)

        async with serving(*ROUNDS[1:]) as served:
            await served.start().drive(TOOLS, stream=stream, on_status=note)
        kept = [state for state in states if state != "in_progress"]
        assert kept == ["queued", "requires_action", "queued", "completed"]
