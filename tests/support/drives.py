"""Runs with rounds of tool calls, and drives of them."""

from __future__ import annotations

from typing import Any

from assistants_async import (
    AssistantsClient,
)
from assistants_async.models.steps import FunctionToolCall, RunStep
from assistants_async.server import CallTools, Say
from assistants_async.tools import Toolbox
from assistants_async.workflows.runs.drive import Drive

ROUNDS: list[Any] = [
    [Say("Let me see."), CallTools([("get_weather", {"city": "Rome"}), ("add", {"a": 1, "b": 2})])],
    CallTools({"get_weather": {"city": "Oslo"}}),
    Say("Sunny in both."),
]


def calls_of(steps: tuple[RunStep, ...]) -> list[tuple[str | None, str | None, str | None]]:
    """Names, arguments and outputs of the function calls of steps."""
    calls = [call for step in steps for call in step.tool_calls if isinstance(call, FunctionToolCall)]
    return [(call.function.name, call.function.arguments, call.function.output) for call in calls if call.function]


def start(client: AssistantsClient, toolbox: Toolbox | None = None, **options: Any) -> Drive[None]:
    """Drive a new run, sending nothing again by itself."""
    return client.runs.create("thread_1", assistant_id="asst_1").with_options(retry=None).drive(toolbox, **options)
