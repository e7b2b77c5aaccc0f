"""Runs that are polled to their end: the same requests, and no end that raises."""

from __future__ import annotations

import pytest

from assistants_async.compat import AsyncOpenAI, Run
from tests.support.http_server import Wire, answer
from tests.support.run_events import run

QUEUED, DONE = answer(run("queued")), answer(run("completed"))
POLLS: list[str] = ["GET /v1/threads/thread_1/runs/run_1"]


def sent(wire: Wire) -> list[str]:
    """Method and target of each request."""
    return [f"{seen.method} {seen.target}" for seen in wire.seen]


async def test_create_and_poll(wire: Wire, old: AsyncOpenAI) -> None:
    """It is made, then requested at once, and again; options go with each request, a body with the first alone."""
    wire.answer(QUEUED, QUEUED, DONE)
    made = await old.beta.threads.runs.create_and_poll(
        thread_id="thread_1", assistant_id="a", poll_interval_ms=1, extra_headers={"x-a": "b"}, extra_body={"z": 1}
    )
    assert (type(made), made.status) == (Run, "completed")
    assert sent(wire) == ["POST /v1/threads/thread_1/runs", *POLLS, *POLLS]
    assert wire.seen[0].json == {"assistant_id": "a", "stream": False, "z": 1}
    assert {seen.header("x-a") for seen in wire.seen} == {"b"}


@pytest.mark.parametrize("end", ["failed", "expired", "cancelled", "incomplete", "requires_action"])
async def test_no_end_raises(wire: Wire, old: AsyncOpenAI, end: str) -> None:
    """As in openai-python, the status says it."""
    wire.answer(answer(run(end)))
    polled = await old.beta.threads.runs.poll("run_1", "thread_1", poll_interval_ms=1)
    assert polled.status == end
    assert sent(wire) == POLLS


async def test_submit_tool_outputs_and_poll(wire: Wire, old: AsyncOpenAI) -> None:
    """The outputs go in one request, then the run is requested."""
    wire.answer(QUEUED, DONE)
    outputs = [{"tool_call_id": "c", "output": "o"}]
    await old.beta.threads.runs.submit_tool_outputs_and_poll(
        thread_id="thread_1", run_id="run_1", tool_outputs=outputs, poll_interval_ms=1
    )
    assert sent(wire) == ["POST /v1/threads/thread_1/runs/run_1/submit_tool_outputs", *POLLS]
    assert wire.seen[0].json == {"tool_outputs": outputs, "stream": False}


async def test_create_and_run_poll(wire: Wire, old: AsyncOpenAI) -> None:
    """The thread is the one that was made."""
    wire.answer(QUEUED, DONE)
    await old.beta.threads.create_and_run_poll(assistant_id="a", poll_interval_ms=0, timeout=60)
    assert sent(wire) == ["POST /v1/threads/runs", *POLLS]
    assert wire.seen[0].json == {"assistant_id": "a", "stream": False}
