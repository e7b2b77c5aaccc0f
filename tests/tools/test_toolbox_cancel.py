"""Cancellation while a `Toolbox` answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

import anyio
import pytest

from assistants_async.errors import ToolCallError, ToolFailedError
from assistants_async.tools import Toolbox, tool
from tests.support.failing_functions import NEUTRAL, angry, fail, wait_for_ever
from tests.support.functions import call


async def cancelled() -> None:
    """Await a task that other code has cancelled."""
    inner = asyncio.create_task(asyncio.Event().wait())
    inner.cancel()
    await inner


# Cancellation


@pytest.mark.parametrize("many", [True, False])
async def test_cancellation_gets_out_at_once(many: bool) -> None:
    """As itself, after the functions' own cleaning up, and nothing is left behind."""
    started, ended = asyncio.Event(), asyncio.Event()

    async def patient() -> None:
        """Wait, and note the end."""
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    box = Toolbox([patient], on_error=angry)
    work: Awaitable[object] = box.answer([call("patient")] * 3) if many else box.call(call("patient"))
    task = asyncio.ensure_future(work)
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


@pytest.mark.parametrize("native", [True, False], ids=["a task", "a scope"])
@pytest.mark.parametrize("by", ["an error", "a result"])
@pytest.mark.parametrize("many", [True, False])
async def test_a_function_cannot_swallow_cancellation(many: bool, by: str, native: bool) -> None:
    """Neither that of a task nor that of a scope around it."""
    started = asyncio.Event()

    async def stubborn() -> str:
        """Go on where cancelled."""
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if by == "an error":
                raise ValueError("never") from None
        return "done"

    box = Toolbox([stubborn], on_error="raise")

    async def work(scope: anyio.CancelScope) -> None:
        with scope:
            await (box.answer([call("stubborn")]) if many else box.call(call("stubborn")))

    scope = anyio.CancelScope()
    task = asyncio.create_task(work(scope))
    await started.wait()
    if native:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    else:
        scope.cancel()
        await task
        assert scope.cancelled_caught


@pytest.mark.parametrize("many", [True, False])
async def test_a_function_with_tasks_of_its_own_has_failed(many: bool) -> None:
    """One of them fails: the caller was not cancelled, though before Python 3.13 the task counts it so."""

    async def broken(how: str) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail(how))

    box = Toolbox([broken])
    made = call("broken", '{"how": "own"}')
    results = await box.answer([made, made]) if many else [await box.call(made)]
    assert [result.output for result in results] == [NEUTRAL] * len(results)
    assert isinstance(results[0].error, ExceptionGroup)


@pytest.mark.parametrize("many", [True, False])
async def test_a_function_that_cancels_itself_has_failed(many: bool) -> None:
    """The round goes on."""

    async def leave() -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(0)

    box = Toolbox([leave])
    results = await box.answer([call("leave", "{}")] * 2) if many else [await box.call(call("leave", "{}"))]
    assert {result.output for result in results} == {'{"error":"the function was cancelled"}'}


@pytest.mark.parametrize("many", [True, False])
async def test_a_function_that_is_cancelled_from_within_has_failed(many: bool) -> None:
    """Nobody cancelled the caller: it is an error like another."""
    box, made = Toolbox([cancelled]), call("cancelled")
    result = (await box.answer([made]))[0] if many else await box.call(made)
    assert result.output == '{"error":"the function was cancelled"}'
    assert isinstance(result.error, ToolCallError)
    assert (result.error.kind, type(result.error.__cause__)) == ("cancelled", asyncio.CancelledError)
    with pytest.raises(ToolFailedError):
        await Toolbox([cancelled], on_error="raise").answer([made])


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("many", [True, False])
def test_an_interrupt_is_no_output(error: type[BaseException], sync: bool, many: bool) -> None:
    """It ends the program as ever, plain."""

    def interrupt() -> None:
        """Press Ctrl-C."""
        raise error

    async def interrupt_loop() -> None:
        """Press Ctrl-C in the loop's thread."""
        raise error

    box = Toolbox([tool(interrupt, name="stop") if sync else tool(interrupt_loop, name="stop"), wait_for_ever])

    async def main() -> None:
        if many:
            await box.answer([call("wait_for_ever"), call("stop")])
        else:
            await box.call(call("stop"))

    with pytest.raises(error):
        asyncio.run(main())
