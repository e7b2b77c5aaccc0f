"""Tool calls answered once: `max_rounds`, runs that were taken over, and a ledger that outlives a crash."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient, RunError, RunFailedError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.models.runs import ToolCall
from assistants_async.server import CallTools, Fail, Say
from assistants_async.tools import Toolbox, ToolResult
from tests.support.embedded import TOOLS, Server, listed, required_calls, serving
from tests.support.http_server import Wire
from tests.support.run_events import message, run, step

ASK = CallTools([("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})])


class Book:
    """A ledger in memory, which may fail at a call."""

    def __init__(self, **kept: str) -> None:
        self.kept = kept
        self.heard: list[tuple[str, str]] = []
        self.fails: str | None = None

    async def recall(self, call_id: str, /) -> str | None:
        """Return the stored output."""
        self._note("recall", call_id)
        return self.kept.get(call_id)

    async def attempted(self, call: ToolCall, /) -> None:
        """Note it."""
        self._note("attempted", call.id)

    async def finished(self, result: ToolResult, /) -> None:
        """Keep it."""
        self._note("finished", result.call_id)
        self.kept[result.call_id] = result.output

    def _note(self, what: str, call_id: str) -> None:
        if self.fails == what:
            raise KeyError(what)
        self.heard.append((what, call_id))


class Counter:
    """A toolbox that counts its calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, int]] = []

        def add(a: int, b: int) -> int:
            self.calls.append((a, b))
            return a + b

        self.toolbox = Toolbox([add], max_concurrency=1)


def requires(*calls: tuple[str, str, str]) -> dict[str, Any]:
    """A run that waits for outputs."""
    return run("requires_action", required_action=required_calls(*calls))


# Runs that ask for too much


@pytest.mark.parametrize("stream", [True, False])
async def test_a_run_with_too_many_rounds_is_cancelled(stream: bool) -> None:
    """The error has the number of answered rounds, and the calls of the next."""
    async with serving(ASK, ASK, ASK) as served:
        with pytest.raises(RunError, match=r"asks for add, add, and max_rounds=2 rounds have been answered") as caught:
            await served.start().drive(TOOLS, stream=stream, max_rounds=2)
        assert caught.value.run.status == "requires_action"
        assert "it was cancelled" in caught.value.__notes__[0]
        assert await served.status() == "cancelled"
        assert served.sent("submitToolOuputsToRun") == 2


async def test_there_may_be_no_bound() -> None:
    """With `max_rounds=None`; with 0, no call is answered."""
    async with serving(*[ASK] * 20, Say("done"), ASK) as served:
        assert (await served.start().drive(TOOLS, max_rounds=None)).rounds == 20
        with pytest.raises(RunError, match="max_rounds=0"):
            await served.start().drive(TOOLS, max_rounds=0)


@pytest.mark.parametrize("leave", [True, False])
async def test_a_run_with_calls_and_no_toolbox(leave: bool) -> None:
    """The error names the functions; the run is cancelled, or left for others to answer."""
    async with serving(ASK) as served:
        with pytest.raises(RunError, match="asks for add, add, and there is no toolbox to answer it") as caught:
            await served.start().drive(on_deadline="leave" if leave else "cancel")
        assert len(caught.value.__notes__) == 2
        assert await served.status() == ("requires_action" if leave else "cancelled")


async def test_a_run_that_requires_nothing(wire: Wire, client: AssistantsClient) -> None:
    """There is no call to answer."""
    server = Server(wire, create=[run("requires_action")], cancel=[run("cancelling")])
    with pytest.raises(RunError, match="requires action, but names no tool calls"):
        await client.runs.create("t", assistant_id="a").drive(TOOLS, stream=False)
    assert server.cancels == 1


async def test_calls_without_a_function(wire: Wire, client: AssistantsClient) -> None:
    """The toolbox tells the model so."""
    paused = run("requires_action", required_action=required_calls())
    paused["required_action"]["submit_tool_outputs"]["tool_calls"] = [{"id": "c1", "type": "shell"}]
    server = Server(
        wire,
        create=[paused],
        submit=[run("completed")],
        steps=[listed()],
        messages=[listed()],
        cancel=[run("cancelling")],
    )
    await client.runs.create("t", assistant_id="a").drive(TOOLS, stream=False)
    assert "there is no function" in server.outputs[0][0]["output"]
    with pytest.raises(RunError, match=r"asks for \?, and there is no toolbox"):
        Server(wire, create=[paused], cancel=[run("cancelling")])
        await client.runs.create("t", assistant_id="a").drive(stream=False)


async def test_a_run_that_repeats_its_calls_for_ever(wire: Wire, client: AssistantsClient) -> None:
    """The tool is called once, its output sent six times; then the run is cancelled."""
    counter, paused = Counter(), requires(("c1", "add", '{"a":1,"b":2}'))
    server = Server(
        wire, create=[paused], submit=[run("queued")], get=[run("queued"), paused] * 6, cancel=[run("cancelling")]
    )
    with pytest.raises(RunError, match="keeps asking for add, which is answered already"):
        await client.runs.create("t", assistant_id="a").drive(counter.toolbox, stream=False, max_rounds=None)
    assert server.outputs == [[{"tool_call_id": "c1", "output": "3"}]] * 6
    assert (counter.calls, server.cancels) == ([(1, 2)], 1)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_state_that_lags_behind_a_submission(wire: Wire, client: AssistantsClient, stream: bool) -> None:
    """A server that answers with the run as it was before: the run is requested, and nothing is sent again."""
    paused = requires(("c1", "add", '{"a":1,"b":2}'))
    server = Server(
        wire, create=[paused], submit=[paused], get=[run("completed")], steps=[listed()], messages=[listed()]
    )
    result = await client.runs.create("t", assistant_id="a").drive(TOOLS, stream=stream)
    assert (result.run.status, result.rounds, len(server.outputs)) == ("completed", 1, 1)


async def test_calls_that_have_one_id(wire: Wire, client: AssistantsClient) -> None:
    """A repeated call is made once; with other arguments it is another call, and both are answered."""
    counter = Counter()
    one, other = ("c", "add", '{"a":1,"b":2}'), ("c", "add", '{"a":3,"b":4}')
    server = Server(
        wire, create=[requires(one, one, other)], submit=[run("completed")], steps=[listed()], messages=[listed()]
    )
    await client.runs.create("t", assistant_id="a").drive(counter.toolbox, stream=False)
    assert counter.calls == [(1, 2), (3, 4)]
    assert server.outputs == [[{"tool_call_id": "c", "output": "3"}, {"tool_call_id": "c", "output": "7"}]]


# Runs that were taken over


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_run_is_resumed_from_any_state(stream: bool, protocol: ProtocolVersion) -> None:
    """Queued, waiting for outputs, or over: the result is that of a drive, all it wrote before included."""
    async with serving([Say("Well."), ASK], Say("10"), [Say("Well."), ASK], Say("10"), protocol=protocol) as served:
        resume = served.client.runs.resume
        first = await served.start()
        result = await resume(served.thread, first, TOOLS, stream=stream)
        assert ([message.text for message in result.messages], result.rounds) == (["Well.", "10"], 1)
        assert len(result.steps) == 3
        again = await resume(served.thread, first, TOOLS, stream=stream)
        assert (again.messages, again.steps, again.rounds) == (result.messages, result.steps, 0)
        second = await served.start().poll()
        result = await resume(served.thread.id, second.id, TOOLS, stream=stream)
        assert ([message.text for message in result.messages], result.rounds) == (["Well.", "10"], 1)
        assert len(result.steps) == 3


async def test_the_events_of_a_run_that_was_taken_over() -> None:
    """The earlier events first, then the new ones."""
    async with serving([Say("Well."), ASK], Say("10")) as served:
        paused = await served.start().poll()
        async with served.client.runs.resume(served.thread, paused, TOOLS) as channel:
            assert await anext(channel.text()) == "Well."
            assert (await channel.result()).text == "10"


async def test_resume_raises_as_a_drive_does() -> None:
    """Also for a run that has ended long since."""
    async with serving(Fail("server_error", "boom")) as served:
        failed = await served.start().poll(raise_on=())
        with pytest.raises(RunFailedError, match="boom") as caught:
            await served.client.runs.resume(served.thread, failed)
        assert len(caught.value.steps) == 0
        with pytest.raises(TypeError, match="'dedline'"):
            served.client.runs.resume(served.thread, failed, dedline=1)  # type: ignore[call-overload]


@pytest.mark.parametrize("status", ["completed", "in_progress"])
async def test_outputs_that_were_submitted_are_not_made_again(
    wire: Wire, client: AssistantsClient, status: str
) -> None:
    """The run's steps have them: only the other call is made, and both are answered in one request."""
    counter = Counter()
    calls = ("c1", "add", '{"a":1,"b":2}'), ("c2", "add", '{"a":3,"b":4}')
    done = [
        {"id": call_id, "type": "function", "function": {"name": name, "arguments": text, "output": output}}
        for (call_id, name, text), output in zip(calls, ("three", None), strict=True)
    ]
    server = Server(
        wire,
        get=[requires(*calls), run("completed")],
        submit=[run("queued")],
        steps=[listed(step(status, type="tool_calls", tool_calls=done))],
        messages=[listed(), listed(message("completed", "10"))],
    )
    result = await client.runs.resume("thread_1", "run_1", counter.toolbox, stream=False)
    assert result.text == "10"
    assert counter.calls == [(3, 4)]
    assert server.outputs == [[{"tool_call_id": "c1", "output": "three"}, {"tool_call_id": "c2", "output": "7"}]]
