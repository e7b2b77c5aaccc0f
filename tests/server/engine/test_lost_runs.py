"""Runs whose server went away in the middle, found by the next one on the same store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistants_async.server import (
    Action,
    CallTools,
    EchoResponder,
    Ended,
    Piece,
    RefusalPiece,
    Responder,
    Say,
    SqliteStore,
    Turn,
)
from assistants_async.server.engine.lost_runs import failure_of
from assistants_async.server.storage.interface import Claim
from tests.support.talk import WEATHER, Document, Talk, outputs_for, path_of, talking


def on(path: Path, responder: Responder | None = None, **settings: Any) -> Any:
    """A server on the store of a folder."""
    return talking(store=SqliteStore(path / "home.db"), responder=responder, **settings)


async def never(_turn: Turn) -> Say:
    """A responder that says nothing before its server is gone."""
    await asyncio.Event().wait()
    raise AssertionError


async def half(_turn: Turn) -> AsyncIterator[Action]:
    """A responder whose server goes in the middle of its words."""
    yield Piece("half ")
    yield Piece("a thought")
    yield RefusalPiece("no")
    await asyncio.Event().wait()


async def newest(talk: Talk, run: Document) -> Document:
    """The newest message of a run's thread."""
    message: Document = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"][0]
    return message


async def test_a_run_of_which_nothing_was_told_is_asked_again(tmp_path: Path) -> None:
    """The client sees one answer, and its thread is free."""
    async with on(tmp_path, never) as talk:
        run = await talk.until(await talk.run("hello"), "in_progress")
    async with on(tmp_path) as talk:
        run = await talk.until(run, "completed")
        assert (await newest(talk, run))["content"][0]["text"]["value"] == "Echo: hello"
        assert len((await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]) == 2
        await talk.make(f"/threads/{run['thread_id']}/messages", {"role": "user", "content": "more"})


async def test_half_an_answer_is_the_end(tmp_path: Path) -> None:
    """There is no second answer behind half of one: what was written stays, and the run has failed."""
    async with on(tmp_path, half) as talk:
        run = await talk.until(await talk.run("hello"), "in_progress")
        path = f"/threads/{run['thread_id']}/messages"
        while len((await talk.get(path))["data"]) == 1:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)  # the words are written a moment after the message
    async with on(tmp_path) as talk:
        run = await talk.until(run, "failed")
        assert run["last_error"]["code"] == "server_error"
        assert "restarted" in run["last_error"]["message"]
        message = await newest(talk, run)
        assert (message["status"], message["incomplete_details"]) == ("incomplete", {"reason": "run_failed"})
        assert [part["type"] for part in message["content"]] == ["text", "refusal"]
        assert message["content"][0]["text"]["value"] == "half a thought"
        [step] = (await talk.get(path_of(run) + "/steps"))["data"]
        assert step["status"] == "failed"


async def test_a_third_loss_is_the_end(tmp_path: Path) -> None:
    """A run that takes its server down each time is not asked for ever."""
    async with on(tmp_path, never) as talk:
        run = await talk.until(await talk.run("hello"), "in_progress")
    for _ in range(2):
        asked = asyncio.Event()

        async def again(_turn: Turn, asked: asyncio.Event = asked) -> Say:
            asked.set()
            return await never(_turn)

        async with on(tmp_path, again):
            await asked.wait()
    async with on(tmp_path) as talk:
        assert (await talk.until(run, "failed"))["last_error"]["code"] == "server_error"


async def test_a_run_that_waits_goes_on_waiting(tmp_path: Path) -> None:
    """Outputs can be given to another server than the one that asked for them, and the answer knows them."""
    turns: list[Turn] = []

    async def respond(turn: Turn) -> AsyncIterator[Action]:
        turns.append(turn)
        if turn.outputs:
            yield Say(f"It is {turn.outputs[0].output}.")
        else:
            yield Say("One moment.")
            yield CallTools({"get_weather": {"city": "Oslo"}})

    async with on(tmp_path, respond) as talk:
        run = await talk.until(await talk.run("hello", tools=[WEATHER]), "requires_action")
    async with on(tmp_path, respond) as talk:
        assert (await talk.get(path_of(run)))["status"] == "requires_action"
        answer = await talk("POST", path_of(run) + "/submit_tool_outputs", {**outputs_for(run, "cold"), "stream": True})
        assert [name for name, _ in answer.events][:2] == ["thread.run.step.completed", "thread.run.queued"]
        assert answer.events[-2][1]["status"] == "completed"
        assert (await newest(talk, run))["content"][0]["text"]["value"] == "It is cold."
        steps = (await talk.get(path_of(run) + "/steps?order=asc"))["data"]
        assert [step["type"] for step in steps] == ["message_creation", "tool_calls", "message_creation"]
        total = sum(step["usage"]["total_tokens"] for step in steps)
        assert (await talk.get(path_of(run)))["usage"]["total_tokens"] == total
    assert [output.arguments for output in turns[1].outputs] == ['{"city":"Oslo"}']
    assert turns[1].call_ids == {turns[1].outputs[0].call_id}
    assert turns[1].rounds == 1


@pytest.mark.parametrize("text", ["/stall half", '/call get_weather {"a": 1}'], ids=["working", "waiting"])
async def test_a_cancellation_is_finished(tmp_path: Path, text: str) -> None:
    """The next server ends what was to be cancelled."""
    async with on(tmp_path, pace=0.3) as talk:
        run = await talk.until(await talk.run(text), "in_progress", "requires_action")
        await asyncio.sleep(0.6)
        assert (await talk.make(path_of(run) + "/cancel"))["status"] == "cancelling"
    async with on(tmp_path) as talk:
        run = await talk.until(run, "cancelled")
        [step] = (await talk.get(path_of(run) + "/steps"))["data"]
        assert step["status"] == "cancelled"


async def test_a_time_that_has_passed_meanwhile(tmp_path: Path) -> None:
    """Runs expire by the clock, whether a server was there or not."""
    async with on(tmp_path, never, clock=lambda: 1_700_000_000.0) as talk:
        working = await talk.until(await talk.run("hello"), "in_progress")
    async with on(tmp_path, clock=lambda: 1_700_000_000.0) as talk:
        waiting = await talk.until(await talk.run("/call get_weather {}"), "requires_action")
    async with on(tmp_path, clock=lambda: 1_700_000_601.0) as talk:
        for run in (working, waiting):
            assert (await talk.until(run, "expired", "completed"))["expires_at"] is None
        assert (await talk.get(path_of(waiting)))["status"] == "expired"


async def test_runs_are_given_time_to_end(tmp_path: Path) -> None:
    """A server that closes with a grace lets runs end, and takes on no more."""
    begun = asyncio.Event()

    async def slow(_turn: Turn) -> AsyncIterator[Action]:
        begun.set()
        yield Piece("slow ")
        await asyncio.sleep(0.3)
        yield Piece("words")
        yield Ended()

    async with on(tmp_path, slow, grace=30.0, concurrency=1) as talk:
        run = await talk.run("hello")
        await begun.wait()
        queued = await talk.run("more")
    async with on(tmp_path, EchoResponder()) as talk:
        assert (await talk.get(path_of(run)))["status"] == "completed"
        assert (await newest(talk, run))["content"][0]["text"]["value"] == "slow words"
        await talk.until(queued, "completed")


def step(kind: str, status: str = "completed", *calls: str) -> Document:
    """A step as far as the rule looks at it."""
    return {"type": kind, "status": status, "step_details": {"tool_calls": [{"type": call} for call in calls]}}


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ([], False),
        ([step("message_creation", "in_progress")], True),
        ([step("message_creation")], True),
        ([step("tool_calls", "in_progress", "function")], True),
        ([step("message_creation"), step("tool_calls", "completed", "function")], False),
        ([step("tool_calls", "completed", "file_search")], False),
        ([step("message_creation"), step("tool_calls", "completed", "file_search")], True),
        ([step("tool_calls", "completed", "function"), step("message_creation")], True),
    ],
    ids=[
        "nothing",
        "open message",
        "message",
        "open calls",
        "answered",
        "searched",
        "words and a search",
        "next round",
    ],
)
def test_what_counts_as_told(steps: list[Document], told: bool) -> None:
    """Whatever the client has seen of the round that was lost."""
    assert (failure_of(Claim("r", "t", 2, lost=True, losses=1), steps) is not None) is told
    assert failure_of(Claim("r", "t", 1), steps) is None
    assert failure_of(Claim("r", "t", 4, lost=True, losses=3), steps) is not None
