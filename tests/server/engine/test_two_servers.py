"""Two servers on one PostgreSQL database: each streams, cancels and answers the runs that the other works on."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from assistants_async.server import PostgresStore, Responder
from tests.support.steady_loop import MS
from tests.support.talk import WEATHER, Document, Talk, outputs_for, parse, path_of, talking

LIMIT = 240.0

# A server as a process of its own, which the test can kill.
PROGRAM = """
import asyncio, sys
from assistants_async.server import AssistantsServer, PostgresStore

async def main():
    store = PostgresStore(sys.argv[1], lease=2.0)
    async with AssistantsServer(store=store, pace=float(sys.argv[2])) as server:
        print(server.base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def on(database: str, responder: Responder | None = None, lease: float = 60.0, **settings: Any) -> Any:
    """A server on the database, with ids of its own."""
    return talking(store=PostgresStore(database, lease=lease), responder=responder, seed=None, **settings)


async def until(talk: Talk, run: Document, *statuses: str) -> Document:
    """The run when it has one of these statuses, whoever takes it there."""
    async with asyncio.timeout(LIMIT):
        while (run := await talk.get(path_of(run)))["status"] not in statuses:
            await asyncio.sleep(10 * MS)
    return run


@asynccontextmanager
async def busy(database: str) -> AsyncIterator[tuple[Talk, Talk]]:
    """A server whose only slot is taken, and one that works."""
    async with on(database, concurrency=1) as full:
        stalled = await full.run("/stall")
        await until(full, stalled, "in_progress")
        async with on(database) as working:
            yield full, working


def check_stream(events: list[tuple[str, Any]], text: str) -> None:
    """Check that each event is there once, in order, to the end of the run."""
    names = [name for name, _ in events]
    assert names[0] == "thread.created"
    assert names[-2:] == ["thread.run.completed", "done"]
    assert max(Counter(name for name in names if name.startswith("thread.run.") and "step" not in name).values()) == 1
    assert [name for name in names if "delta" not in name][1:5] == [
        *("thread.run.created", "thread.run.queued", "thread.run.in_progress", "thread.run.step.created")
    ]
    pieces = [data["delta"]["content"] for name, data in events if name == "thread.message.delta"]
    assert "".join(part["text"]["value"] for parts in pieces for part in parts) == text


async def test_runs_are_streamed_where_there_is_no_slot(database: str) -> None:
    """The other server answers them, and every event comes once and in order."""
    async with busy(database) as (full, _):
        text = "one two three four five six seven eight"
        streams = await asyncio.gather(*(full.stream(f"{text} {number}") for number in range(20)))
        for number, events in enumerate(streams):
            check_stream(events, f"Echo: {text} {number}")


async def test_outputs_are_submitted_where_there_is_no_slot(database: str) -> None:
    """The answer is followed from there on, whoever gives it."""
    async with busy(database) as (full, working):
        run = await until(working, await full.run('/call get_weather {"city": "Oslo"}'), "requires_action")
        answer = await full("POST", path_of(run) + "/submit_tool_outputs", {**outputs_for(run, "cold"), "stream": True})
        names = [name for name, _ in answer.events]
        assert names[:2] == ["thread.run.step.completed", "thread.run.queued"]
        assert names[-2:] == ["thread.run.completed", "done"]
        assert len(answer.events) == len({str(event) for event in answer.events})
        message = (await working.get(f"/threads/{run['thread_id']}/messages"))["data"][0]
        assert message["content"][0]["text"]["value"] == "Tool get_weather said: cold"


async def test_a_run_is_cancelled_from_anywhere(database: str) -> None:
    """By the server that does not work on it, whether it is answered just now or waits for the client."""
    async with busy(database) as (full, working):
        for text, status in (("/stall half", "in_progress"), ("/call get_weather {}", "requires_action")):
            run = await until(full, await full.run(text), status)
            reading = asyncio.create_task(until(working, run, "cancelled"))
            assert (await full.make(path_of(run) + "/cancel"))["status"] == "cancelling"
            assert (await reading)["cancelled_at"] is not None
            await full.make(f"/threads/{run['thread_id']}/messages", {"role": "user", "content": "more"})


async def test_a_thread_is_deleted_from_anywhere(database: str) -> None:
    """Its run ends, and whoever follows it sees the end of the stream."""
    async with on(database, concurrency=1) as one, on(database, concurrency=1) as two:
        runs = [await one.run("/stall half") for _ in range(2)]
        for run in runs:
            await until(two, run, "in_progress")
            assert (await one("DELETE", f"/threads/{run['thread_id']}")).status == 200
            assert (await two("GET", path_of(run))).status == 404
        # Both slots are free again.
        for run in [await one.run("hello") for _ in range(4)]:
            await until(two, run, "completed")


async def test_one_run_a_thread(database: str) -> None:
    """Of a hundred that are created at once through both servers one is; the others hear of it."""
    async with on(database) as one, on(database) as two:
        thread, assistant = await one.thread("/stall"), await two.assistant()
        path = f"/threads/{thread['id']}/runs"
        answers = await asyncio.gather(
            *((one, two)[number % 2]("POST", path, {"assistant_id": assistant["id"]}) for number in range(100))
        )
        assert Counter(answer.status for answer in answers) == {200: 1, 400: 99}
        [run] = (await two.get(path))["data"]
        assert all(run["id"] in answer.error["message"] for answer in answers if answer.status == 400)


async def test_files_are_everywhere(database: str) -> None:
    """What one server was sent the other one sends, and finds."""
    async with on(database) as one, on(database) as two:
        content = b"It rains in Bergen. " * 50_000
        file = await one.upload(content, "rain.md")
        assert (await two("GET", f"/files/{file['id']}/content")).content == content
        store = await one.make("/vector_stores", {"file_ids": [file["id"]]})
        async with asyncio.timeout(LIMIT):
            while (await two.get(f"/vector_stores/{store['id']}"))["status"] != "completed":
                await asyncio.sleep(10 * MS)
        found = await two.make(f"/vector_stores/{store['id']}/search", {"query": "Bergen"})
        assert found["data"][0]["filename"] == "rain.md"


@asynccontextmanager
async def process(database: str, pace: float) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A server of its own, killed in the end."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, database, str(pace)), stdout=asyncio.subprocess.PIPE
    )
    assert running.stdout is not None
    try:
        yield (await running.stdout.readline()).decode().strip(), running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def killed(database: str, text: str, pace: float, after: str) -> Document:
    """A run whose server is killed once the client has had an event of this name."""
    async with process(database, pace) as (url, server), aiohttp.ClientSession() as session:
        async with session.post(f"{url}/assistants", json={"model": "m", "tools": [WEATHER]}) as response:
            assistant = await response.json()
        thread = {"messages": [{"role": "user", "content": text}]}
        body = {"assistant_id": assistant["id"], "thread": thread, "stream": True}
        seen = b""
        async with session.post(f"{url}/threads/runs", json=body) as response:
            async for line in response.content:
                seen += line
                if line == b"\n" and f"event: {after}\n".encode() in seen:
                    break
            server.kill()
            await server.wait()
    run: Document = next(data for name, data in parse(seen) if name == "thread.run.created")
    return run


LOSSES = {
    "nothing was told": ("hello", 60.0, "thread.run.queued", "completed"),
    "half was told": ("/stall half", 0.0, "thread.message.delta", "failed"),
    "outputs are wanted": ('/call get_weather {"city": "Oslo"}', 0.0, "thread.run.requires_action", "completed"),
}


@pytest.mark.parametrize(("text", "pace", "after", "end"), LOSSES.values(), ids=LOSSES)
async def test_a_server_that_is_killed(database: str, text: str, pace: float, after: str, end: str) -> None:
    """The other one ends its run as it should, no message is there twice, and the thread is free."""
    async with on(database, lease=2.0, concurrency=1) as talk:
        stalled = await until(talk, await talk.run("/stall"), "in_progress")
        run = await killed(database, text, pace, after)
        await talk.make(path_of(stalled) + "/cancel")
        run = await until(talk, run, "completed", "failed", "requires_action")
        if run["status"] == "requires_action":
            await talk.make(path_of(run) + "/submit_tool_outputs", outputs_for(run, "cold"))
            run = await until(talk, run, "completed", "failed")
        assert run["status"] == end
        if end == "failed":
            assert "restarted" in run["last_error"]["message"]
        messages = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]
        assert [message["role"] for message in messages] == ["assistant", "user"]
        await talk.make(f"/threads/{run['thread_id']}/messages", {"role": "user", "content": "more"})
