"""A round of tool calls: its arguments, and tools that do not end."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, cast

import pytest

from assistants_async.errors import ToolCallError
from assistants_async.tools import Toolbox, ToolEvent
from assistants_async.tools.round import run_limited
from tests.support.functions import call, weather
from tests.support.steady_loop import MS


async def test_the_arguments_of_answer() -> None:
    """Tool calls and a function of an event; other values are refused before a function is called."""
    box, odd = Toolbox([weather]), cast("Any", {"id": "c1"})
    with pytest.raises(TypeError, match=r"a Toolbox answers tool calls, such as those of run\.tool_calls, not {'id'"):
        await box.answer([call("weather"), odd])
    with pytest.raises(TypeError, match="notify must be a function of an event, not 'print'"):
        await box.answer([], notify=cast("Any", "print"))


async def test_notify_need_not_be_async() -> None:
    """The events come to a plain function too."""
    events: list[ToolEvent] = []
    await Toolbox([weather]).answer([call("weather", '{"city":"Rome"}')], notify=events.append)
    assert [event.event for event in events] == ["tool.started", "tool.finished"]


async def test_a_tool_that_ignores_its_time_limit_is_left_behind() -> None:
    """Its later result is not used."""
    release = asyncio.Event()
    ended: list[str] = []

    async def stubborn() -> str:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()
        ended.append("late")
        return "late"

    text = "tool 'stubborn' did not end when it was cancelled, and was left behind"
    with pytest.warns(RuntimeWarning, match=text), pytest.raises(ToolCallError, match="longer than") as caught:
        await run_limited(5 * MS, stubborn, "stubborn", refusal=20 * MS)
    assert caught.value.kind == "timeout"
    release.set()
    while not ended:
        await asyncio.sleep(0)


async def test_a_tool_that_cleans_up_after_its_time_limit() -> None:
    """It has the time to, and nothing is left behind."""
    cleaned: list[str] = []

    async def tidy() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(5 * MS)
            cleaned.append("up")

    result = await Toolbox([tidy], timeout=5 * MS).call(call("tidy"))
    assert (result.output, cleaned) == ('{"error":"the function took longer than %g s"}' % (5 * MS), ["up"])
