"""What a drive does not let a sloppy server, a stubborn hook or a second cancellation do to it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, RunDeadlineError, RunError, ToolFailedError
from assistants_async.tools import Toolbox
from tests.client.wire import Wire, failure, silent
from tests.conftest import MS
from tests.streams.told import run
from tests.workflows.served import TOOLS, Server, asking, listed
from tests.workflows.test_answers import Book

ADD = ("c1", "add", '{"a":1,"b":2}')


def asked(*calls: tuple[str, str, str]) -> dict[str, Any]:
    """A run that waits for the outputs of calls."""
    return run("requires_action", required_action=asking(*calls or (ADD,)))


def driven(client: AssistantsClient, toolbox: Toolbox, **options: Any) -> Any:
    """Drive a new run by polling, sending nothing again by itself."""
    call = client.runs.create("thread_1", assistant_id="asst_1").with_options(retry=None)
    return call.drive(toolbox, stream=False, **options)


async def test_a_run_that_asks_for_the_same_again_and_again(wire: Wire, client: AssistantsClient) -> None:
    """The outputs are sent a few times more, the functions are not called again, and then it is an error."""
    server = Server(wire, create=[asked()], submit=[asked()], get=[asked()], cancel=[run("cancelling")])
    with pytest.raises(RunError, match="asks again and again for add"):
        await driven(client, TOOLS, interval=MS)
    assert all(outputs == server.outputs[0] for outputs in server.outputs)
    assert len(server.outputs) == 6


async def test_a_run_that_goes_on_at_last(wire: Wire, client: AssistantsClient) -> None:
    """One that asked again for what was answered just was not quick to notice."""
    ends: dict[str, Any] = {"steps": [listed()], "messages": [listed()]}
    server = Server(wire, create=[asked()], submit=[asked()], get=[run("in_progress"), run("completed")], **ends)
    assert (await driven(client, TOOLS, interval=MS)).rounds == 1
    assert len(server.outputs) == 1


async def test_a_call_that_is_named_twice_is_made_once(wire: Wire, client: AssistantsClient) -> None:
    """And answered once."""
    called: list[int] = []

    def add(a: int, b: int) -> int:
        called.append(a)
        return a + b

    ends: dict[str, Any] = {"steps": [listed()], "messages": [listed()]}
    server = Server(wire, create=[asked(ADD, ADD)], submit=[run("completed")], **ends)
    assert (await driven(client, Toolbox([add]))).rounds == 1
    assert called == [1]
    assert server.outputs == [[{"tool_call_id": "c1", "output": "3"}]]


@pytest.mark.parametrize("ledger", [object(), {"c1": "3"}], ids=["object", "dict"])
def test_what_is_no_ledger_is_refused_at_once(client: AssistantsClient, ledger: Any) -> None:
    """Before anything is sent, with what it lacks."""
    call = client.runs.create("thread_1", assistant_id="asst_1")
    with pytest.raises(TypeError, match=r"drive\(\): ledger must have recall\(\), attempted\(\) and finished\(\)"):
        call.drive(TOOLS, ledger=ledger)  # type: ignore[unused-awaitable]  # refused
    call.close()


async def test_a_ledger_must_recall_text(wire: Wire, client: AssistantsClient) -> None:
    """What it kept goes to the server as it is."""
    Server(wire, create=[asked()], cancel=[run("cancelling")])
    with pytest.raises(TypeError, match=r"recall\(\) must return a text or None, not 3"):
        await driven(client, TOOLS, ledger=Book(c1=3))  # type: ignore[arg-type]


async def test_a_failure_that_ends_the_drive_is_not_kept(wire: Wire, client: AssistantsClient) -> None:
    """The model was never told of it, so the function is called again when the run is resumed."""

    def add(a: int, b: int) -> int:
        raise KeyError(a, b)

    Server(wire, create=[asked()], cancel=[run("cancelling")])
    book = Book()
    with pytest.raises(ToolFailedError):
        await driven(client, Toolbox([add], on_error="raise"), ledger=book)
    assert [what for what, _ in book.heard] == ["recall", "attempted"]
    assert not book.kept


async def test_a_hook_that_swallows_its_cancellation(wire: Wire, client: AssistantsClient) -> None:
    """The deadline goes on behind it."""

    async def stubborn(run: Run) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(9_000 * MS)

    server = Server(wire, create=[run("in_progress")], get=[run("in_progress")], cancel=[run("cancelling")])
    call = client.runs.create("thread_1", assistant_id="asst_1")
    with pytest.raises(RunDeadlineError):
        await call.poll(deadline=30 * MS, on_status=stubborn)
    assert (server.polls, server.cancels) == (0, 1)


async def test_a_second_cancellation_ends_no_grace_too_early(wire: Wire, client: AssistantsClient) -> None:
    """The run is cancelled at the server all the same, and the cancellation comes out."""
    server = Server(wire, create=[run("in_progress")], get=[run("in_progress")], cancel=[run("cancelling")])
    call = client.runs.create("thread_1", assistant_id="asst_1")
    task = asyncio.create_task(call.poll(interval=MS))
    while not server.polls:
        await asyncio.sleep(MS)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert server.cancels == 1


async def test_grace_is_all_there_is_after_the_deadline(wire: Wire, client: AssistantsClient) -> None:
    """A server that does not answer the cancel holds nobody for longer, cancelled again or not."""
    server = Server(wire, create=[run("in_progress")], get=[run("in_progress")], cancel=[silent])
    call = client.runs.create("thread_1", assistant_id="asst_1")
    task = asyncio.create_task(call.poll(interval=MS, grace=40 * MS))
    while not server.polls:
        await asyncio.sleep(MS)
    async with asyncio.timeout(5_000 * MS):
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(MS)
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_refusal_the_first_time_is_the_error(wire: Wire, client: AssistantsClient) -> None:
    """Where the run still waits; where it has gone on by itself, the drive goes on with it."""
    ends: dict[str, Any] = {"steps": [listed()], "messages": [listed()]}
    Server(wire, create=[asked()], submit=[failure(400, "expired")], get=[run("completed")], **ends)
    assert (await driven(client, TOOLS)).run.status == "completed"
