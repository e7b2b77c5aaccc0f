"""Limits, approval and events of a `Toolbox`."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from assistants_async.errors import ToolCallError
from assistants_async.models.runs import ToolCall
from assistants_async.tools import Toolbox, ToolEvent, ToolFailed, ToolFinished, ToolStarted, tool
from tests.support.failing_functions import fail, wait_for_ever
from tests.support.functions import call, weather, who
from tests.support.steady_loop import MS


async def test_outputs_keep_the_order_of_the_calls() -> None:
    """Though the functions end in another."""
    gate = asyncio.Event()

    async def first() -> str:
        """Wait for the second."""
        await gate.wait()
        return "1"

    async def second() -> str:
        """Let the first go on."""
        gate.set()
        return "2"

    results = await Toolbox([first, second]).answer([call("first", id="a"), call("second", id="b")])
    assert [result.as_output for result in results] == [
        {"tool_call_id": "a", "output": "1"},
        {"tool_call_id": "b", "output": "2"},
    ]
    assert await Toolbox([first]).answer([]) == []


@pytest.mark.parametrize("cap", [1, 2, 5])
async def test_so_many_functions_run_at_a_time(cap: int) -> None:
    """And no more."""
    running: list[int] = []
    most: list[int] = []

    async def work() -> None:
        """Be busy for a moment."""
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(5 * MS)
        running.pop()

    await Toolbox([work], max_concurrency=cap).answer([call("work")] * 6)
    assert max(most) == cap


@pytest.mark.parametrize("own", [True, False], ids=["the tool's", "the box's"])
async def test_a_function_has_its_time(own: bool) -> None:
    """The tool's own limit goes before the box's."""
    waiting = tool(wait_for_ever, timeout=5 * MS) if own else tool(wait_for_ever)
    result = await Toolbox([waiting], timeout=60 if own else 5 * MS).call(call("wait_for_ever"))
    assert isinstance(result.error, ToolCallError)
    assert result.error.kind == "timeout"
    assert json.loads(result.output) == {"error": f"the function took longer than {5 * MS:g} s"}


@pytest.mark.parametrize("sync", [True, False])
async def test_a_function_that_blocks_for_ever_delays_no_caller(sync: bool) -> None:
    """Neither at its time limit nor at cancellation: its thread is left behind."""
    release = threading.Event()

    def block() -> None:
        """Wait for the end of the test."""
        release.wait()

    blocking: Callable[..., Any] = block if sync else wait_for_ever
    box = Toolbox([tool(blocking, name="block")], max_concurrency=1)
    try:
        with anyio.move_on_after(5 * MS) as scope:
            await box.answer([call("block"), call("block")])
        assert scope.cancelled_caught
        results = await Toolbox([tool(blocking, name="block")], timeout=5 * MS).answer([call("block")] * 50)
        assert {type(result.error) for result in results} == {ToolCallError}
    finally:
        release.set()


async def test_a_long_output_is_cut() -> None:
    """Also that of an error."""

    async def long() -> str:
        """Give much."""
        return "é" * 1000

    def loud(*_: object) -> str:
        return "é" * 1000

    box = Toolbox([long, fail], max_output_bytes=300, on_error=loud)
    results = await box.answer([call("long"), call("fail", '{"how":""}'), call("x" * 1000)])
    assert [len(result.output.encode()) <= 300 for result in results] == [True] * 3
    assert results[0].output.endswith("[cut: the whole output has 2000 bytes, and this is its beginning]")
    assert results[0].output == results[1].output


# Approval


async def test_calls_are_approved_by_a_person() -> None:
    """The person sees the decoded arguments; a refused function is not called."""
    approvals: list[tuple[str, dict[str, Any]]] = []

    async def approve(made: ToolCall, arguments: dict[str, Any]) -> bool | str:
        approvals.append((made.id, dict(arguments)))
        arguments.clear()
        return {"Pau": True, "Rom": False}.get(arguments.get("city", approvals[-1][1]["city"]), "too far")

    box = Toolbox([weather], approve=approve)
    results = await box.answer([call("weather", json.dumps({"city": city}), city) for city in ("Pau", "Rom", "Ulm")])
    assert [result.output for result in results] == [
        "Pau: 3 days, celsius",
        '{"error":"the call was refused"}',
        '{"error":"the call was refused: too far"}',
    ]
    assert approvals == [(city, {"city": city}) for city in ("Pau", "Rom", "Ulm")]
    refused = results[2].error
    assert isinstance(refused, ToolCallError)
    assert (refused.kind, results[2].arguments) == ("refused", {"city": "Ulm"})


async def test_a_tool_may_need_no_approval() -> None:
    """Or insist on it; without a word it needs it where there is a hook."""
    names = {None: "asks", True: "insists", False: "free"}
    tools = [tool(who, name=name, approve=approve) for approve, name in names.items()]
    box = Toolbox(tools, approve=lambda made, arguments: False)
    results = await box.answer([call(name) for name in names.values()])
    assert [result.error is None for result in results] == [False, False, True]


# Events


async def test_events_of_calls() -> None:
    """Before a function begins, and when its call is answered; a call that reaches none only fails."""
    seen: list[ToolEvent] = []

    async def see(event: ToolEvent) -> None:
        seen.append(event)

    box = Toolbox([who, fail], max_concurrency=1)
    calls = [call("who", id="a"), call("fail", '{"how":""}', "b"), call("nothing", id="c")]
    results = await box.answer(calls, notify=see)
    by_call: dict[str, list[ToolEvent]] = {"a": [], "b": [], "c": []}
    for event in seen:
        by_call[event.call.id if isinstance(event, ToolStarted) else event.result.call_id].append(event)
    assert by_call == {
        "a": [ToolStarted(calls[0]), ToolFinished(results[0])],
        "b": [ToolStarted(calls[1]), ToolFailed(results[1])],
        "c": [ToolFailed(results[2])],
    }
    assert [event.event for event in by_call["b"]] == ["tool.started", "tool.failed"]
    assert ToolFinished.event == "tool.finished"


@pytest.mark.parametrize("error", [LookupError("seen"), asyncio.CancelledError("seen")], ids=["error", "cancelled"])
async def test_an_error_of_notify_is_raised(error: BaseException) -> None:
    """And the function is not called."""
    ran: list[str] = []

    async def note() -> None:
        """Note the call."""
        ran.append("note")

    async def see(event: ToolEvent) -> None:
        raise error

    with pytest.raises(type(error), match="seen"):
        await Toolbox([note]).answer([call("note"), call("note")], notify=see)
    assert ran == []
