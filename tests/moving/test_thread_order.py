"""Messages and steps of a thread in one order."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.moving.thread_order import in_order


def message(id: str, run: str | None = None, at: int = 1) -> dict[str, Any]:
    """Make a message."""
    return {"id": id, "run_id": run, "created_at": at}


def calls(id: str) -> dict[str, Any]:
    """Make a step of tool calls."""
    return {"id": id, "step_details": {"type": "tool_calls", "tool_calls": []}}


def writes(id: str, made: str) -> dict[str, Any]:
    """Make a step that wrote a message."""
    return {"id": id, "step_details": {"type": "message_creation", "message_creation": {"message_id": made}}}


def run(id: str, at: int = 1) -> dict[str, Any]:
    """Make a run."""
    return {"id": id, "created_at": at}


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any], str]] = {
    "calls before the answer": (
        [message("u"), message("a", "r")],
        [run("r")],
        {"r": [calls("s1"), writes("s2", "a")]},
        "u s1 s2 a",
    ),
    "two answers of a run": (
        [message("u"), message("a", "r"), message("b", "r")],
        [run("r")],
        {"r": [writes("s1", "a"), calls("s2"), writes("s3", "b"), calls("s4")]},
        "u s1 a s2 s3 b s4",
    ),
    "two runs in one second": (
        [message("u"), message("a", "r"), message("v"), message("b", "q")],
        [run("r"), run("q")],
        {"r": [writes("s1", "a"), calls("s2")], "q": [calls("s3"), writes("s4", "b")]},
        "u s1 a s2 v s3 s4 b",
    ),
    "a run that wrote nothing, by its time": (
        [message("u"), message("v", at=3)],
        [run("r", 2)],
        {"r": [calls("s")]},
        "u s v",
    ),
    "a run that wrote nothing, in the second of its message": (
        [message("u", at=2), message("v", at=2)],
        [run("r", 2)],
        {"r": [calls("s")]},
        "u v s",
    ),
    "a run that wrote nothing, before another": (
        [message("u"), message("b", "q")],
        [run("r"), run("q")],
        {"r": [calls("s1")], "q": [writes("s2", "b")]},
        "u s1 s2 b",
    ),
    "a message of a run that is not there": ([message("a", "gone")], [run("r", 5)], {"r": [calls("s")]}, "a s"),
    "a message that no step made": ([message("u", "r"), message("v")], [run("r")], {"r": [calls("s")]}, "u s v"),
    "a message of an earlier run": (
        [message("a", "r"), message("b", "q"), message("c", "r")],
        [run("r"), run("q")],
        {"r": [writes("s1", "a"), writes("s3", "c")], "q": [writes("s2", "b")]},
        "s1 a s3 s2 b c",
    ),
    "nothing": ([], [], {}, ""),
}


@pytest.mark.parametrize("name", CASES)
def test_the_order(name: str) -> None:
    """Each list keeps its own order, and each thing comes once."""
    messages, runs, steps, order = CASES[name]
    assert " ".join(one["id"] for one in in_order(messages, runs, steps)) == order
