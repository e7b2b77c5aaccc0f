"""Tool calls answered once: `max_rounds`, runs that were taken over, and a ledger that outlives a crash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, RunError, RunFailedError, ServerError, ToolFailedError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.models.runs import ToolCall
from assistants_async.server import CallTools, Fail, Say
from assistants_async.tools import Toolbox, ToolResult, tool
from tests.conftest import MS
from tests.support.embedded import TOOLS, Served, Server, asking, listed, serving
from tests.support.http_server import Wire, failure
from tests.support.run_events import message, run, step
from tests.support.stepping import Moment, by_cancel
from tests.workflows.test_drive import calls_of

ASK = CallTools([("add", {"a": 1, "b": 2}), ("add", {"a": 3, "b": 4})])


class Book:
    """A ledger in memory, which may fail at a call."""

    def __init__(self, **kept: str) -> None:
        self.kept = kept
        self.heard: list[tuple[str, str]] = []
        self.fails: str | None = None

    async def recall(self, call_id: str, /) -> str | None:
        """What was kept."""
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
    return run("requires_action", required_action=asking(*calls))


# Runs that ask for too much


@pytest.mark.parametrize("stream", [True, False])
async def test_a_run_that_asks_too_often_is_cancelled(stream: bool) -> None:
    """The error says how many rounds were answered, and what it asked for."""
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
async def test_a_run_that_asks_without_a_toolbox(leave: bool) -> None:
    """The error names the functions; the run is cancelled, or left for others to answer."""
    async with serving(ASK) as served:
        with pytest.raises(RunError, match="asks for add, add, and there is no toolbox to answer it") as caught:
            await served.start().drive(on_deadline="leave" if leave else "cancel")
        assert len(caught.value.__notes__) == 2
        assert await served.status() == ("requires_action" if leave else "cancelled")


async def test_a_run_that_asks_for_nothing(wire: Wire, client: AssistantsClient) -> None:
    """Nobody can answer that."""
    server = Server(wire, create=[run("requires_action")], cancel=[run("cancelling")])
    with pytest.raises(RunError, match="requires action, but names no tool calls"):
        await client.runs.create("t", assistant_id="a").drive(TOOLS, stream=False)
    assert server.cancels == 1


async def test_calls_without_a_function(wire: Wire, client: AssistantsClient) -> None:
    """The model is told so by the toolbox."""
    asked = run("requires_action", required_action=asking())
    asked["required_action"]["submit_tool_outputs"]["tool_calls"] = [{"id": "c1", "type": "shell"}]
    server = Server(
        wire,
        create=[asked],
        submit=[run("completed")],
        steps=[listed()],
        messages=[listed()],
        cancel=[run("cancelling")],
    )
    await client.runs.create("t", assistant_id="a").drive(TOOLS, stream=False)
    assert "there is no function" in server.outputs[0][0]["output"]
    with pytest.raises(RunError, match=r"asks for \?, and there is no toolbox"):
        Server(wire, create=[asked], cancel=[run("cancelling")])
        await client.runs.create("t", assistant_id="a").drive(stream=False)


async def test_a_run_that_asks_for_the_same_for_ever(wire: Wire, client: AssistantsClient) -> None:
    """The tool is called once, its output sent six times; then the run is cancelled."""
    counter, asked = Counter(), requires(("c1", "add", '{"a":1,"b":2}'))
    server = Server(
        wire, create=[asked], submit=[run("queued")], get=[run("queued"), asked] * 6, cancel=[run("cancelling")]
    )
    with pytest.raises(RunError, match="asks again and again for add, though that is answered"):
        await client.runs.create("t", assistant_id="a").drive(counter.toolbox, stream=False, max_rounds=None)
    assert server.outputs == [[{"tool_call_id": "c1", "output": "3"}]] * 6
    assert (counter.calls, server.cancels) == ([(1, 2)], 1)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_state_that_lags_behind_a_submission(wire: Wire, client: AssistantsClient, stream: bool) -> None:
    """A server whose answer shows the run as it was before: it is asked for, and nothing is sent again."""
    asked = requires(("c1", "add", '{"a":1,"b":2}'))
    server = Server(wire, create=[asked], submit=[asked], get=[run("completed")], steps=[listed()], messages=[listed()])
    result = await client.runs.create("t", assistant_id="a").drive(TOOLS, stream=stream)
    assert (result.run.status, result.rounds, len(server.outputs)) == ("completed", 1, 1)


async def test_calls_that_have_one_id(wire: Wire, client: AssistantsClient) -> None:
    """What is named twice is called once; with other arguments it is another call, and both are answered."""
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
    """What happened before comes first, then what happens."""
    async with serving([Say("Well."), ASK], Say("10")) as served:
        asked = await served.start().poll()
        async with served.client.runs.resume(served.thread, asked, TOOLS) as channel:
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


# A ledger


async def test_a_ledger_hears_of_each_call_before_and_after() -> None:
    """Asked first, then told, call by call; the submission comes last."""
    counter, book = Counter(), Book()
    async with serving(ASK, Say("10")) as served:
        await served.start().drive(counter.toolbox, ledger=book)
    ids = [name for what, name in book.heard if what == "recall"]
    assert book.heard == [
        *(("recall", name) for name in ids),
        *((what, name) for name in ids for what in ("attempted", "finished")),
    ]
    assert list(book.kept.values()) == ["3", "7"]


async def test_after_a_crash_no_finished_tool_is_called_again() -> None:
    """Between the tools and the submission the process died: another one finishes the run from the ledger."""
    counter, book = Counter(), Book()
    async with serving(ASK, Say("10")) as served:

        class Crash(Book):
            async def finished(self, result: ToolResult, /) -> None:
                await super().finished(result)
                raise asyncio.CancelledError

        crashing = Crash()
        crashing.kept = book.kept
        with pytest.raises(asyncio.CancelledError):
            await served.start().drive(counter.toolbox, ledger=crashing, on_deadline="leave")
        assert counter.calls == [(1, 2)]
        asked = (await served.runs())[-1]
        assert asked.status == "requires_action"
        result = await served.client.runs.resume(served.thread, asked, counter.toolbox, ledger=book)
        assert (result.text, result.rounds) == ("10", 1)
        assert counter.calls == [(1, 2), (3, 4)]


@pytest.mark.parametrize("moment", ["waiting", "woken"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_crash_at_any_moment(stream: bool, moment: Moment) -> None:
    """Whatever was done by then, the run can be resumed, and no tool is called twice."""
    place, reached = 0, True
    while reached:
        place += 1
        called: list[tuple[int, int]] = []

        async def add(a: int, b: int, called: list[tuple[int, int]] = called) -> int:
            called.append((a, b))
            return a + b

        book, toolbox = Book(), Toolbox([tool(add, strict=False)])
        async with serving([Say("Well."), ASK], Say("10")) as served:

            async def crash(served: Served = served, toolbox: Toolbox = toolbox, book: Book = book) -> None:
                call = served.start()
                await call.drive(toolbox, ledger=book, stream=stream, interval=MS, on_deadline="leave")

            _, reached = await by_cancel(crash, place, moment)
            for left in await served.runs():
                result = await served.client.runs.resume(served.thread, left, toolbox, ledger=book, stream=stream)
                assert [message.text for message in result.messages] == ["Well.", "10"]
                assert called == [(1, 2), (3, 4)]
                assert [output for _, _, output in calls_of(result.steps)] == ["3", "7"]
    assert place > 8


async def test_a_ledger_that_knows_all_needs_no_toolbox(wire: Wire, client: AssistantsClient) -> None:
    """Nothing is called, and nothing is told but that it was asked."""
    book = Book(c1="three")
    server = Server(
        wire,
        create=[requires(("c1", "add", "{}"))],
        submit=[run("completed")],
        steps=[listed()],
        messages=[listed()],
    )
    await client.runs.create("t", assistant_id="a").drive(ledger=book, stream=False)
    assert server.outputs == [[{"tool_call_id": "c1", "output": "three"}]]
    assert book.heard == [("recall", "c1")]


@pytest.mark.parametrize("what", ["recall", "attempted", "finished"])
async def test_what_a_ledger_raises_comes_out(what: str) -> None:
    """Unchanged, and the run is cancelled: a call that cannot be noted is not made."""
    counter, book = Counter(), Book()
    book.fails = what
    async with serving(ASK) as served:
        with pytest.raises(KeyError, match=what):
            await served.start().drive(counter.toolbox, ledger=book)
        assert len(counter.calls) == (what == "finished")
        assert await served.status() == "cancelled"


async def test_a_ledger_that_gives_no_text(wire: Wire, client: AssistantsClient) -> None:
    """Nothing is sent in its place."""

    class Odd(Book):
        async def recall(self, call_id: str, /) -> Any:
            return b"three"

    server = Server(wire, create=[requires(("c1", "add", "{}"))], cancel=[run("cancelling")])
    with pytest.raises(TypeError, match=r"recall\(\) must return a text or None, not b'three'"):
        await client.runs.create("t", assistant_id="a").drive(TOOLS, ledger=Odd(), stream=False)
    assert (server.outputs, server.cancels) == ([], 1)


async def test_a_ledger_where_ids_begin_anew(wire: Wire, client: AssistantsClient) -> None:
    """What it kept of an id is not taken for the output of another call of that id."""
    counter, book = Counter(), Book()
    rounds = [requires(("c", "add", f'{{"a":{n},"b":0}}')) for n in (1, 2)]
    server = Server(
        wire, create=[rounds[0]], submit=[rounds[1], run("completed")], steps=[listed()], messages=[listed()]
    )
    await client.runs.create("t", assistant_id="a").drive(counter.toolbox, ledger=book, stream=False)
    assert counter.calls == [(1, 0), (2, 0)]
    assert [outputs[0]["output"] for outputs in server.outputs] == ["1", "2"]


@pytest.mark.parametrize("on_error", ["raise", "tell"])
async def test_a_ledger_hears_of_failures_that_the_model_is_told(on_error: Any) -> None:
    """A function whose failure ends the drive has not finished: it is called again when the run is resumed."""

    def broken(city: str) -> str:
        raise ZeroDivisionError(city)

    book, toolbox = Book(), Toolbox([broken], on_error=on_error)
    script = CallTools([("broken", {"city": "x"}), ("broken", {})])
    async with serving(script, Say("well")) as served:
        call = served.start(tools=toolbox.definitions)
        if on_error == "tell":
            await call.drive(toolbox, ledger=book)
        else:
            with pytest.raises(ToolFailedError):
                await call.drive(toolbox, ledger=book, on_deadline="leave")
    finished = sorted(output for output in book.kept.values() if output != '{"error":"the function failed"}')
    assert [what for what, _ in book.heard].count("attempted") == 1
    assert len(finished) == 1
    assert "city" in finished[0]
    assert len(book.kept) == (2 if on_error == "tell" else 1)


async def test_a_request_that_fails_leaves_the_run_to_be_resumed(wire: Wire, client: AssistantsClient) -> None:
    """What was done is in the ledger; the run waits as before."""
    counter, book = Counter(), Book()
    asked = requires(("c1", "add", '{"a":1,"b":2}'))
    Server(wire, create=[asked], submit=[failure(500, retry_after_ms="1")], get=[asked])
    with pytest.raises(ServerError):
        call = client.runs.create("thread_1", assistant_id="a").with_options(retry=None)
        await call.drive(counter.toolbox, ledger=book, stream=False)
    Server(wire, get=[asked, run("completed")], submit=[run("queued")], steps=[listed()], messages=[listed()])
    result = await client.runs.resume("thread_1", Run(id="run_1"), ledger=book, stream=False)
    assert (result.run.status, counter.calls) == ("completed", [(1, 2)])
