"""Runs seen as server-sent events: the vendor's order, frames that fold, and readers that leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any

import aiohttp
import pytest

from assistants_async.models.events import EVENTS
from assistants_async.server import Say, ScriptedResponder, Turn
from tests.support.places import SHARED
from tests.support.steady_loop import MS
from tests.support.talk import Document, Talk, outputs_for, parse, path_of, talking

EXAMPLES = SHARED / "spec" / "examples"

SAID = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.message.created",
    "thread.message.in_progress",
    "thread.message.delta",
    "thread.message.completed",
    "thread.run.step.completed",
    "thread.run.completed",
    "done",
]
ASKED = [
    "thread.run.created",
    "thread.run.queued",
    "thread.run.in_progress",
    "thread.run.step.created",
    "thread.run.step.in_progress",
    "thread.run.step.delta",
    "thread.run.requires_action",
    "done",
]
ANSWERED = ["thread.run.step.completed", "thread.run.queued", *SAID[2:]]

PUBLISHED = {
    "createRun.stream": SAID,
    "createRun.streaming-with-functions.stream": SAID,
    "createThreadAndRun.stream": ["thread.created", *SAID],
    "createThreadAndRun.streaming-with-functions.stream": ["thread.created", *ASKED],
    "submitToolOuputsToRun.stream": ANSWERED,
}


def order(events: Sequence[tuple[str, Any]]) -> list[str]:
    """Names of the events, with deltas in a row as one."""
    return [name for name, _ in groupby(name for name, _ in events)]


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="the published examples are not at hand")
@pytest.mark.parametrize("version", ["v1-final", "v2"])
@pytest.mark.parametrize("name", PUBLISHED)
def test_the_orders_are_the_vendors(version: str, name: str) -> None:
    """The expectations of the tests below are the documents' examples."""
    content = (EXAMPLES / version / f"{name}.fixed.sse").read_bytes()
    assert order(parse(content.rstrip(b"\n") + b"\n\n")) == PUBLISHED[name]


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_order(protocol: str) -> None:
    """Each of the three operations streams its events in the vendor's order."""
    async with talking(protocol=protocol) as talk:
        events = await talk.stream("hello there")
        assert order(events) == ["thread.created", *SAID]
        thread_id = events[0][1]["id"]

        body = {"assistant_id": (await talk.assistant())["id"], "stream": True}
        answer = await talk("POST", f"/threads/{thread_id}/runs", body)
        assert order(answer.events) == SAID

        await talk.make(f"/threads/{thread_id}/messages", {"role": "user", "content": '/call get_weather {"a": 1}'})
        events = (await talk("POST", f"/threads/{thread_id}/runs", body)).events
        assert order(events) == ASKED
        run = events[-2][1]
        answer = await talk("POST", path_of(run) + "/submit_tool_outputs", {**outputs_for(run, "x"), "stream": True})
        assert order(answer.events) == ANSWERED


async def test_message_deltas_fold() -> None:
    """The deltas of a message join to its text, one token each; annotations come first and are a list."""
    text = "  Grüße, world!\n\nand averyveryveryverylongword \t"
    async with talking(responder=ScriptedResponder([Say(text)])) as talk:
        events = await talk.stream("hello")
    deltas = [data for name, data in events if name == "thread.message.delta"]
    [final] = [data for name, data in events if name == "thread.message.completed"]
    assert {delta["id"] for delta in deltas} == {final["id"]}
    parts = [delta["delta"]["content"][0] for delta in deltas]
    assert all((part["index"], part["type"]) == (0, "text") for part in parts)
    assert len(parts) == 7
    assert parts[0]["text"]["annotations"] == []
    assert "".join(part["text"]["value"] for part in parts) == final["content"][0]["text"]["value"] == text


async def test_no_text() -> None:
    """An empty message has one delta, so that its snapshot has a part too."""
    async with talking(responder=ScriptedResponder([Say("")])) as talk:
        events = await talk.stream("hello")
    assert order(events) == ["thread.created", *SAID]


async def test_call_deltas_fold(talk: Talk) -> None:
    """A call's first delta has id and name, and the rest join to its arguments."""
    arguments = '{"city": "Paris", "days": [1, 2, 3]}'
    events = await talk.stream(f"/call get_weather {arguments}")
    deltas = [data["delta"]["step_details"] for name, data in events if name == "thread.run.step.delta"]
    [call] = events[-2][1]["required_action"]["submit_tool_outputs"]["tool_calls"]
    first, *rest = [delta["tool_calls"][0] for delta in deltas]
    function = {"name": "get_weather", "arguments": "", "output": None}
    assert first == {"index": 0, "id": call["id"], "type": "function", "function": function}
    assert len(rest) > 1
    assert all(set(delta) == {"index", "type", "function"} for delta in rest)
    assert "".join(delta["function"]["arguments"] for delta in rest) == call["function"]["arguments"]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("/fail half", ["thread.message.incomplete", "thread.run.step.failed", "thread.run.failed", "done"]),
        ("/fail", ["thread.run.in_progress", "thread.run.failed", "done"]),
        (
            "/incomplete half",
            ["thread.message.incomplete", "thread.run.step.completed", "thread.run.incomplete", "done"],
        ),
    ],
)
async def test_other_ends(talk: Talk, text: str, end: list[str]) -> None:
    """Steps and messages that are open end before the run that ends badly."""
    assert order(await talk.stream(text))[-len(end) :] == end


async def test_cancelled() -> None:
    """A reader sees a cancellation by someone else, to its end."""
    async with talking() as talk:
        reading = asyncio.create_task(talk.stream("/stall half"))
        run = await _only_run(talk)
        assert (await talk("POST", path_of(run) + "/cancel")).status == 200
        events = await reading
        assert [name for name, _ in events if name in EVENTS] == [name for name, _ in events[:-1]]
        assert order(events)[-5:] == [
            "thread.run.cancelling",
            "thread.message.incomplete",
            "thread.run.step.cancelled",
            "thread.run.cancelled",
            "done",
        ]


@pytest.mark.parametrize("chunk", [None, 1, 7, 65536])
async def test_chunks(chunk: int | None) -> None:
    """However the bytes are cut, they are the same."""
    async with talking(clock=lambda: 1_700_000_000, chunk=chunk) as talk:
        answer = await talk("POST", "/threads/runs", await talk.ask("hello", stream=True))
    async with talking(clock=lambda: 1_700_000_000) as talk:
        whole = await talk("POST", "/threads/runs", await talk.ask("hello", stream=True))
    assert answer.content == whole.content


async def test_speed() -> None:
    """Tokens arrive one by one, at the speed of the setting."""
    async with talking(speed=5 * MS) as talk:
        started = asyncio.get_running_loop().time()
        await talk.stream("one two three")
        assert asyncio.get_running_loop().time() - started >= 20 * MS


async def test_keep_alive() -> None:
    """A silent stream says from time to time that it is alive."""
    async with talking(keepalive=5 * MS) as talk:
        reading = asyncio.create_task(talk("POST", "/threads/runs", await talk.ask("/stall", stream=True)))
        run = await _only_run(talk)
        await asyncio.sleep(20 * MS)
        await talk("POST", path_of(run) + "/cancel")
        answer = await reading
        # A line before the next frame, never a frame of its own, at which some clients end.
        assert b"\n\n: keep-alive\n" in answer.content
        assert b": keep-alive\n\n" not in answer.content
        assert b": keep-alive\nevent: thread.run.cancelling\n" in answer.content
        assert answer.events[-1] == ("done", "[DONE]")


async def test_reader_that_leaves() -> None:
    """A run goes on without its reader."""
    async with talking(speed=3 * MS, keepalive=MS) as talk:
        body = await talk.ask("one two three four", stream=True)
        async with talk.session.post(talk.server.base_url + "/threads/runs", json=body) as response:
            await response.content.readany()
        run = await _only_run(talk)
        run = await talk.until(run, "completed")
        [newest, _] = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]
        assert newest["content"][0]["text"]["value"] == "Echo: one two three four"


async def test_deleted_thread(talk: Talk) -> None:
    """A thread's deletion ends the stream of its run, without a last event of the run."""
    reading = asyncio.create_task(talk.stream("/stall"))
    run = await _only_run(talk)
    await talk("DELETE", f"/threads/{run['thread_id']}")
    assert order(await reading)[-1] == "done"


async def test_pieces_of_the_responders_own() -> None:
    """Text that a responder gives in pieces is streamed in those, and its source closed when the run is cancelled."""
    closed = asyncio.Event()

    async def pieces() -> AsyncIterator[str]:
        try:
            yield "a"
            yield "bc def"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def respond(_turn: Turn) -> Say:
        return Say(pieces())

    async with talking(responder=respond) as talk:
        reading = asyncio.create_task(talk.stream("hello"))
        run = await _only_run(talk)
        await talk("POST", path_of(run) + "/cancel")
        events = await reading
        values = [
            data["delta"]["content"][0]["text"]["value"] for name, data in events if name == "thread.message.delta"
        ]
        assert values == ["a", "bc def"]
        assert closed.is_set()


async def test_cut_when_the_server_closes() -> None:
    """A closing server ends its streams at once, without `done`."""
    async with talking() as talk:
        url, body = talk.server.base_url + "/threads/runs", await talk.ask("/stall", stream=True)
        async with talk.session.post(url, json=body) as response:
            await response.content.readany()
            started = asyncio.get_running_loop().time()
            await talk.server.close()
            assert asyncio.get_running_loop().time() - started < 500 * MS
            rest = await _rest(response)
            assert b"done" not in rest


async def _rest(response: aiohttp.ClientResponse) -> bytes:
    try:
        return await response.content.read()
    except aiohttp.ClientPayloadError:
        return b""


async def _only_run(talk: Talk) -> Document:
    """The run of the only thread, once it has done what it does before it waits."""
    for _ in range(1000):
        threads = (await talk.get("/threads"))["data"]
        if threads:
            runs: list[Document] = (await talk.get(f"/threads/{threads[0]['id']}/runs"))["data"]
            [run] = runs
            if run["status"] != "queued":
                await asyncio.sleep(10 * MS)
                return run
        await asyncio.sleep(MS)
    raise AssertionError("no run")
