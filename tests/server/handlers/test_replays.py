"""Streams of a repeated `Idempotency-Key`: the events of the same run, from the same one on; and lost answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, RetryPolicy
from assistants_async.server import AssistantsServer, CallTools, Say, Turn
from assistants_async.server.engine.actions import Action
from assistants_async.testing.faults import FaultyServer
from tests.support.keyed import post
from tests.support.steady_loop import MS
from tests.support.stores import ENGINES
from tests.support.talk import Document, Talk, outputs_for, talking, until

_Events = list[tuple[str, Any]]


class Gate:
    """A responder that calls a function where its user wants the weather, and else says two words around a wait."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.began = False

    async def __call__(self, turn: Turn) -> AsyncIterator[Action]:
        """Answer a run."""
        if turn.last_user_text == "weather" and not turn.outputs:
            yield CallTools({"get_weather": {}})
            return
        yield Say("One ")
        self.began = True
        await self.opened.wait()
        yield Say("two.")


@pytest.fixture
def gate() -> Gate:
    """A gate that is closed."""
    return Gate()


@pytest.fixture(params=ENGINES.keys())
async def talk(request: pytest.FixtureRequest, tmp_path: Path, gate: Gate) -> AsyncIterator[Talk]:
    """Speaks to a server over a store of each kind, whose runs go through the gate."""
    async with ENGINES[request.param](tmp_path) as store, talking(store=store, responder=gate) as made:
        yield made


def words(events: _Events) -> str:
    """The text of the deltas of a stream."""
    deltas = [data["delta"]["content"] for name, data in events if name == "thread.message.delta"]
    return "".join(part["text"]["value"] for content in deltas for part in content)


def names(events: _Events) -> list[str]:
    """The names of the events but deltas, which may be joined."""
    return [name for name, _ in events if name != "thread.message.delta"]


def end_of(events: _Events) -> Document:
    """The run of the last event before `done`."""
    assert events[-1] == ("done", "[DONE]")
    run = events[-2][1]
    assert isinstance(run, dict)
    return run


async def test_a_run_is_followed_from_its_start(talk: Talk, gate: Gate) -> None:
    """While the first request still reads it, and after its end, by the same stream."""
    body = await talk.ask("hi", stream=True)
    first = asyncio.create_task(post(talk, "k", "/threads/runs", body))
    await until(lambda: gate.began)
    second = asyncio.create_task(post(talk, "k", "/threads/runs", body))
    await asyncio.sleep(5 * MS)
    gate.opened.set()
    streams = [(await answer).events for answer in (first, second)]
    assert names(streams[0])[:3] == ["thread.created", "thread.run.created", "thread.run.queued"]
    assert names(streams[1]) == names(streams[0])
    assert [words(events) for events in streams] == ["One two."] * 2
    third = (await post(talk, "k", "/threads/runs", body)).events
    assert end_of(third) == end_of(streams[0]) == end_of(streams[1])
    shown = [data for name, data in third if name == "thread.message.completed"]
    assert "".join(part["text"]["value"] for message in shown for part in message["content"]) == "One two."
    assert len((await talk.get("/threads"))["data"]) == 1
    assert (await post(talk, "k", "/threads/runs", {**body, "stream": False})).status == 409


async def test_outputs_are_followed_from_their_submission(talk: Talk, gate: Gate) -> None:
    """A repeated submission shows the round behind it, and none before."""
    run = await talk.until(await talk.run("weather"), "requires_action")
    path = f"/threads/{run['thread_id']}/runs/{run['id']}/submit_tool_outputs"
    body = {**outputs_for(run, "sunny"), "stream": True}
    first = asyncio.create_task(post(talk, "k", path, body))
    await until(lambda: gate.began)
    second = asyncio.create_task(post(talk, "k", path, body))
    await asyncio.sleep(5 * MS)
    gate.opened.set()
    one, two = (await first).events, (await second).events
    assert names(two) == names(one)
    assert names(one)[:2] == ["thread.run.step.completed", "thread.run.queued"]
    assert words(two) == words(one) == "One two."
    assert end_of((await post(talk, "k", path, body)).events) == end_of(one)


async def test_outputs_without_a_stream(talk: Talk, gate: Gate) -> None:
    """A repeated submission and a repeated cancellation are answered as the first ones, and not refused."""
    run = await talk.until(await talk.run("weather"), "requires_action")
    path = f"/threads/{run['thread_id']}/runs/{run['id']}"
    answers = [await post(talk, "k", f"{path}/submit_tool_outputs", outputs_for(run, "sunny")) for _ in range(2)]
    assert answers[0].document["status"] == "queued"
    assert answers[0].content == answers[1].content
    await until(lambda: gate.began)
    answers = [await post(talk, "k", f"{path}/cancel") for _ in range(2)]
    assert answers[0].document["status"] == "cancelling"
    assert answers[0].content == answers[1].content
    await talk.until(run, "cancelled")


async def test_a_run_that_is_gone() -> None:
    """The thread was deleted: there is nothing to follow."""
    async with talking() as talk:
        body = await talk.ask("hi", stream=True)
        events = (await post(talk, "k", "/threads/runs", body)).events
        run = end_of(events)
        message = next(data for name, data in events if name == "thread.message.completed")
        path = f"/threads/{run['thread_id']}"
        await talk("DELETE", f"{path}/messages/{message['id']}")
        events = (await post(talk, "k", "/threads/runs", body)).events
        assert names(events) == ["thread.run.step.completed", "thread.run.completed", "done"]
        await talk("DELETE", path)
        assert (await post(talk, "k", "/threads/runs", body)).status == 404


@pytest.mark.parametrize("fault", ["reset_before_headers", "reset_mid_body"])
async def test_the_clients_own_retry(fault: str) -> None:
    """A create that is sent again where its answer was lost has made one object."""
    again = RetryPolicy(initial_delay=MS, max_delay=MS, resend_creates=True)
    async with AssistantsServer(pace=0) as server, FaultyServer(server) as faulty:
        async with AssistantsClient(base_url=faulty.base_url, api_key="any", retry=again) as client:
            faulty.add(fault, operation="createThread", times=1)
            faulty.add(fault, operation="createMessage", times=1)
            faulty.add(fault, operation="createRun", times=1)
            assistant = await client.assistants.create(model="gpt-4o")
            thread = await client.threads.create()
            message = await client.messages.create(thread, role="user", content="hi")
            run = await client.runs.create(thread, assistant_id=assistant.id).poll()
            assert [found.id for found in await client.runs.list(thread).collect(10)] == [run.id]
            messages = await client.messages.list(thread, order="asc").collect(10)
            assert (messages[0].id, len(messages)) == (message.id, 2)
        assert [seen.operation for seen in server.requests].count("createRun") == 2
