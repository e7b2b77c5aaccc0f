"""Messages, steps and their deltas."""

from __future__ import annotations

from typing import Any

from assistants_async.models.deltas import RunStepDelta


def step_delta(*calls: dict[str, Any]) -> RunStepDelta:
    """More of a step's tool calls."""
    return RunStepDelta.from_dict(
        {"id": "s", "delta": {"step_details": {"type": "tool_calls", "tool_calls": list(calls)}}}
    )


def call(kind: str, index: int = 0, id: str | None = "c", **members: Any) -> dict[str, Any]:
    """More of a tool call."""
    return {"index": index, "type": kind, **({} if id is None else {"id": id}), **members}
