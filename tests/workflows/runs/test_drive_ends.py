"""The ends of a drive: bad ones, early ones, and its deadline."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    NotFoundError,
    RunCancelledError,
    RunDeadlineError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
    StreamError,
    ThreadBusyError,
)
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.models.runs import ToolCall
from assistants_async.server import CallTools, Fail, Incomplete, Stall
from assistants_async.tools import Toolbox, ToolResult
from tests.support.byte_server import Body, frame
from tests.support.drives import ROUNDS, start
from tests.support.embedded import GRACE, TOOLS, Server, listed, serving
from tests.support.http_server import Wire
from tests.support.run_events import DONE, run
from tests.support.steady_loop import MS


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
    """Some servers give none: the error has the end all the same."""
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


async def test_entering_raises_the_error_of_the_first_request() -> None:
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
async def test_errors_inside_the_block_are_raised_unchanged(kind: type[BaseException]) -> None:
    """Alone, in no group, and in the reader's own task; also one that is no `Exception`."""

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
    """A tool that hangs does not delay it."""

    async def hang(city: str) -> str:
        await asyncio.Event().wait()
        return city

    toolbox = Toolbox([hang])
    async with serving(CallTools({"hang": {"city": "x"}})) as served:
        with pytest.raises(RunDeadlineError) as caught:
            await served.start(tools=toolbox.definitions).drive(toolbox, stream=stream, deadline=150 * MS)
        assert caught.value.run.status in ("cancelling", "cancelled")
        assert await served.status() == "cancelled"
