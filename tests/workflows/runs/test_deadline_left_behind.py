"""Functions of the user's that do not end when they are cancelled: the wait ends without them, and says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient, Run, RunDeadlineError, RunFailedError, TimedOutError
from assistants_async.models.runs import ToolCall
from assistants_async.server import CallTools, Say, Stall
from assistants_async.tools import Toolbox, ToolResult
from tests.support.embedded import GRACE, Served, Server, listed, serving
from tests.support.http_server import Wire, answer, silent
from tests.support.run_events import run
from tests.support.steady_loop import MS

SHORT: dict[str, Any] = {"deadline": 150 * MS, "grace": 150 * MS}


class Stubborn:
    """Functions that refuse every cancellation until they are released."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        """Set when one has begun."""
        self.release = asyncio.Event()
        self.ended = 0
        """The number of functions that have returned."""

    async def wait(self) -> None:
        """Wait, and go on waiting when cancelled."""
        self.begun.set()
        while not self.release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.release.wait()
        self.ended += 1

    async def tool(self, city: str) -> str:
        """Refuse to end."""
        await self.wait()
        return city

    async def hook(self, value: object) -> None:
        """Refuse to end."""
        await self.wait()

    async def recall(self, call_id: str, /) -> str | None:
        """Refuse to end."""
        await self.wait()
        return None

    async def attempted(self, call: ToolCall, /) -> None:
        """Never called."""
        raise NotImplementedError

    async def finished(self, result: ToolResult, /) -> None:
        """Never called."""
        raise NotImplementedError


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    """Make one, and let all its work end with the test."""
    made = Stubborn()
    yield made
    made.release.set()
    for _ in range(10):
        await asyncio.sleep(0)


def start(served: Served, stubborn: Stubborn, way: str, **options: Any) -> Any:
    """Begin a run in which one of the functions is called."""
    toolbox = Toolbox([stubborn.tool])
    call = served.start(tools=toolbox.definitions)
    if way == "on_status":
        return call.poll(on_status=stubborn.hook, **options)
    if way == "on_response":
        return call.with_options(on_response=stubborn.hook).poll(**options)
    if way == "ledger":
        return call.drive(toolbox, ledger=stubborn, **options)
    return call.drive(toolbox, stream=way == "streamed", **options)


NAMES = {
    "streamed": "tool 'tool'",
    "polled": "tool 'tool'",
    "ledger": r"the ledger's recall\(\)",
    "on_status": "on_status",
}
CALLS = CallTools({"tool": {"city": "Rome"}})


@pytest.mark.parametrize("way", NAMES)
async def test_the_deadline_passes(stubborn: Stubborn, way: str) -> None:
    """The function is named in the error and in a warning; the run is cancelled at the server all the same."""
    text = f"{NAMES[way]} did not end when it was cancelled, and was left behind"
    async with serving(CALLS) as served:
        with pytest.warns(RuntimeWarning, match=text), pytest.raises(RunDeadlineError, match=text) as caught:
            await start(served, stubborn, way, deadline=150 * MS, grace=GRACE / 2)
        assert stubborn.begun.is_set()
        assert caught.value.run.status in ("cancelling", "cancelled")
        assert await served.status() == "cancelled"
        before = len(served.server.requests)
        stubborn.release.set()
        await asyncio.sleep(20 * MS)
        assert stubborn.ended == 1
        assert len(served.server.requests) == before  # what was left behind does nothing more about the run


@pytest.mark.parametrize("way", NAMES)
async def test_a_cancellation_comes_through(stubborn: Stubborn, way: str) -> None:
    """By the task, with a note that names the function."""
    async with serving(CALLS) as served:
        task = asyncio.ensure_future(start(served, stubborn, way, grace=GRACE / 2))
        await stubborn.begun.wait()
        with pytest.warns(RuntimeWarning, match=f"{NAMES[way]} did not end"):
            task.cancel()
            await asyncio.wait([task])
        assert task.cancelled()
        assert await served.status() == "cancelled"


async def test_a_cancelled_scope_ends(stubborn: Stubborn) -> None:
    """Though anyio cancels again and again."""
    async with serving(CALLS) as served:
        with pytest.warns(RuntimeWarning, match="left behind"), anyio.move_on_after(300 * MS) as scope:
            await start(served, stubborn, "streamed", grace=GRACE / 2)
        assert scope.cancelled_caught
        assert await served.status() == "cancelled"


async def test_a_block_can_be_left(stubborn: Stubborn) -> None:
    """A drive that is entered, left while a tool refuses to end."""
    toolbox = Toolbox([stubborn.tool])
    async with serving(CALLS) as served:
        with pytest.warns(RuntimeWarning, match="tool 'tool' did not end"):
            async with served.start(tools=toolbox.definitions).drive(toolbox, grace=GRACE / 2) as channel:
                await channel.wait_for("tool.started")
                await stubborn.begun.wait()
        assert channel.outcome == "closed"
        assert await served.status() == "cancelled"


async def test_a_run_that_is_left_alone(stubborn: Stubborn) -> None:
    """`on_deadline="leave"` waits no longer for the function."""
    async with serving(CALLS) as served:
        with (
            pytest.warns(RuntimeWarning, match="left behind"),
            pytest.raises(RunDeadlineError, match="was left so; tool 'tool' did not end"),
        ):
            await start(served, stubborn, "polled", on_deadline="leave", **SHORT)
        assert await served.status() == "requires_action"
        assert served.sent("cancelRun") == 0


async def test_a_hook_of_a_request(wire: Wire, client: AssistantsClient, stubborn: Stubborn) -> None:
    """Its name is unknown, but it delays nothing."""
    Server(wire, create=[run("queued")])
    call = client.runs.create("thread_1", assistant_id="a").with_options(on_response=stubborn.hook)
    with pytest.warns(RuntimeWarning, match="a hook did not end"), pytest.raises(TimedOutError):
        await call.poll(**SHORT)


async def test_a_hook_for_errors(wire: Wire, client: AssistantsClient, stubborn: Stubborn) -> None:
    """It has its time until the deadline and its grace are over; the error is the run's."""
    Server(wire, create=[run("failed")], steps=[listed()])
    call = client.runs.create("thread_1", assistant_id="a").with_options(on_error=stubborn.hook)
    with pytest.warns(RuntimeWarning, match="on_error did not end"), pytest.raises(RunFailedError):
        await call.poll(**SHORT)


async def test_a_tool_that_cleans_up_has_time_to(stubborn: Stubborn) -> None:
    """Half of the grace; nothing is left behind then."""
    cleaned: list[str] = []

    async def tidy(city: str) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(20 * MS)
            cleaned.append(city)
        return city

    toolbox = Toolbox([tidy])
    async with serving(CallTools({"tidy": {"city": "Rome"}})) as served:
        call = served.start(tools=toolbox.definitions)
        with pytest.raises(RunDeadlineError, match=r"it was cancelled\nwhile calling"):
            await call.drive(toolbox, deadline=150 * MS, grace=GRACE)
        assert cleaned == ["Rome"]


# A run that is being made when the deadline passes


async def test_a_run_that_is_named_late_is_cancelled(wire: Wire, client: AssistantsClient) -> None:
    """Its request goes on for a part of the grace; nothing else is done with the run, not even a hook called."""

    async def slow(seen: Any, peer: Any) -> None:
        await asyncio.sleep(150 * MS)
        await peer.send(answer(run("queued")))

    server = Server(wire, create=[slow], cancel=[run("cancelling")])
    seen: list[Run] = []
    call = client.runs.create("thread_1", assistant_id="a")
    with pytest.raises(RunDeadlineError, match="was cancelling: it was cancelled"):
        await call.poll(deadline=50 * MS, on_status=seen.append)
    assert (server.cancels, server.polls, seen) == (1, 0, [])


async def test_a_create_that_hangs_does_not_use_the_whole_grace(wire: Wire, client: AssistantsClient) -> None:
    """A caller with a short deadline waits a second more at the most, though the grace is an hour."""
    for stream in (True, False):
        Server(wire, create=[silent])
        async with asyncio.timeout(30):
            with pytest.raises(TimedOutError, match="total time-out"):
                await client.runs.create("thread_1", assistant_id="a").drive(
                    deadline=50 * MS, grace=3600, stream=stream
                )


async def test_a_drive_that_is_closed_before_its_head() -> None:
    """By another task: the block is entered without events, and the run, once it is named, is cancelled."""
    async with serving(Stall(), Say("next"), pace=0) as served:
        drive = served.start().drive(grace=GRACE)

        async def enter() -> list[Any]:
            async with drive as channel:
                return [event async for event in channel]

        task = asyncio.ensure_future(enter())
        await asyncio.sleep(0)
        assert drive._channel is not None  # pyright: ignore[reportPrivateUsage]  nobody else has it yet
        drive._channel.close()  # pyright: ignore[reportPrivateUsage]  the same
        assert await task == []
        for each in await served.runs():
            assert each.status in ("cancelling", "cancelled")


async def test_a_decision_that_does_not_end(wire: Wire, client: AssistantsClient, stubborn: Stubborn) -> None:
    """The function that was to approve a call is named."""
    wanted = [{"id": "call_9", "type": "mcp", "server_label": "gh", "name": "search", "arguments": "{}"}]
    action = {"type": "submit_tool_approval", "submit_tool_approval": {"tool_calls": wanted}}
    Server(wire, create=[run("requires_action", required_action=action)], cancel=[run("cancelling")])

    async def decide(call: object, arguments: object) -> bool:
        await stubborn.wait()
        return True

    drive = client.runs.create("thread_1", assistant_id="a").drive(approve_mcp=decide, stream=False, **SHORT)
    with pytest.warns(RuntimeWarning, match="approve_mcp did not end"), pytest.raises(RunDeadlineError):
        await drive
