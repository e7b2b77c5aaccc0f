"""A ledger: the calls that it gets, and the outputs that it gives back after a crash."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, ServerError, ToolFailedError
from assistants_async.models.runs import ToolCall
from assistants_async.server import CallTools, Say
from assistants_async.tools import Toolbox, ToolResult, tool
from tests.support.drives import calls_of
from tests.support.embedded import TOOLS, Served, Server, drop, listed, serving
from tests.support.http_server import Wire, failure
from tests.support.run_events import run
from tests.support.steady_loop import MS
from tests.support.stepping import Moment, by_cancel
from tests.workflows.runs.test_tool_outputs import ASK, Book, Counter, requires


async def test_a_ledger_gets_each_call_before_and_after() -> None:
    """Recalled first, then noted, call by call; the submission comes last."""
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
        paused = (await served.runs())[-1]
        assert paused.status == "requires_action"
        result = await served.client.runs.resume(served.thread, paused, counter.toolbox, ledger=book)
        assert (result.text, result.rounds) == ("10", 1)
        assert counter.calls == [(1, 2), (3, 4)]


@pytest.mark.parametrize("moment", ["waiting", "woken"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_crash_at_any_moment(stream: bool, moment: Moment) -> None:
    """For any work done by then, the run can be resumed, and no tool is called twice."""
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
    """No function is called, and the ledger is only read."""
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
async def test_an_error_of_a_ledger_is_raised(what: str) -> None:
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
    """Its output of an id is not taken for that of another call with the same id."""
    counter, book = Counter(), Book()
    rounds = [requires(("c", "add", f'{{"a":{n},"b":0}}')) for n in (1, 2)]
    server = Server(
        wire, create=[rounds[0]], submit=[rounds[1], run("completed")], steps=[listed()], messages=[listed()]
    )
    await client.runs.create("t", assistant_id="a").drive(counter.toolbox, ledger=book, stream=False)
    assert counter.calls == [(1, 0), (2, 0)]
    assert [outputs[0]["output"] for outputs in server.outputs] == ["1", "2"]


@pytest.mark.parametrize("on_error", ["raise", "tell"])
async def test_a_ledger_gets_failures_that_the_model_gets(on_error: Any) -> None:
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
    """The ledger has the finished calls; the run waits as before."""
    counter, book = Counter(), Book()
    paused = requires(("c1", "add", '{"a":1,"b":2}'))
    Server(wire, create=[paused], submit=[failure(500, retry_after_ms="1")], get=[paused])
    with pytest.raises(ServerError):
        call = client.runs.create("thread_1", assistant_id="a").with_options(retry=None)
        await call.drive(counter.toolbox, ledger=book, stream=False)
    Server(wire, get=[paused, run("completed")], submit=[run("queued")], steps=[listed()], messages=[listed()])
    result = await client.runs.resume("thread_1", Run(id="run_1"), ledger=book, stream=False)
    assert (result.run.status, counter.calls) == ("completed", [(1, 2)])


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "polled"])
async def test_a_ledger_need_not_be_async(stream: bool) -> None:
    """Its methods are awaited where there is something to await."""
    kept: dict[str, str] = {}
    heard: list[str] = []

    class Plain:
        def recall(self, call_id: str, /) -> str | None:
            return kept.get(call_id)

        def attempted(self, call: ToolCall, /) -> None:
            heard.append("attempted")

        def finished(self, result: ToolResult, /) -> None:
            kept[result.call_id] = result.output

    ledger: Any = Plain()
    async with serving(ASK, Say("done")) as served:
        assert (await served.start().drive(TOOLS, ledger=ledger, stream=stream)).text == "done"
    assert (sorted(kept.values()), heard) == (["3", "7"], ["attempted"] * 2)


def test_a_ledger_whose_methods_take_something_else(client: AssistantsClient) -> None:
    """It is refused before anything is sent."""

    class Odd(Book):
        async def recall(self) -> str | None:  # type: ignore[override]  # the slip
            raise NotImplementedError

    ledger: Any = Odd()
    with pytest.raises(TypeError, match=r"drive\(\): the ledger's recall\(\) must be a function of 1 argument"):
        drop(client.runs.create("t", assistant_id="a").drive(TOOLS, ledger=ledger))
