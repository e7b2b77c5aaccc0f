"""Runs whose time comes while their end is being written: they end once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from assistants_async.server import Action, CallTools, Piece, PostgresStore, Turn
from tests.support.talk import WEATHER, Document, path_of, talking, until


@asynccontextmanager
async def locked(database: str, run: Document) -> AsyncIterator[None]:
    """Let the database keep whatever is written of a run waiting."""
    other = await asyncpg.connect(database, server_settings={"search_path": "assistants_async"})
    async with other.transaction():
        await other.execute("SELECT 1 FROM runs WHERE id = $1 FOR UPDATE", run["id"])
        yield
    await other.close()


async def test_a_run_that_has_ended_does_not_expire(database: str) -> None:
    """Its words are still on their way into the database, and its end waits for them, when its time is over."""
    clock, go_on, has_ended = [1_700_000_000.0], asyncio.Event(), asyncio.Event()

    async def respond(_turn: Turn) -> AsyncIterator[Action]:
        await go_on.wait()
        yield Piece("one ")
        await asyncio.sleep(0.1)
        yield Piece("two")
        has_ended.set()

    store = PostgresStore(database)
    async with talking(store=store, responder=respond, seed=None, clock=lambda: clock[0]) as talk:
        run = await talk.until(await talk.run("hello"), "in_progress")
        async with locked(database, run):
            go_on.set()
            await until(has_ended.is_set)
            await asyncio.sleep(0.05)
            clock[0] += 601
            assert (await talk.get(path_of(run)))["status"] == "in_progress"
        await talk.until(run, "completed", "expired")
        names = [event.name for event in await store.events(run["id"], 0) if event.kind == "run"]
        assert names[-2:] == ["thread.run.in_progress", "thread.run.completed"]
        assert (await talk.get(path_of(run)))["status"] == "completed"


async def test_a_run_that_is_about_to_wait_expires_with_its_step(database: str) -> None:
    """Its time comes while its calls are being written: nothing of it stays in progress."""
    clock, go_on = [1_700_000_000.0], asyncio.Event()

    async def respond(_turn: Turn) -> CallTools:
        await go_on.wait()
        return CallTools({"get_weather": {}})

    store = PostgresStore(database)
    async with talking(store=store, responder=respond, seed=None, clock=lambda: clock[0]) as talk:
        run = await talk.until(await talk.run("hello", tools=[WEATHER]), "in_progress")
        async with locked(database, run):
            go_on.set()
            await asyncio.sleep(0.1)
            clock[0] += 601
            assert (await talk.get(path_of(run)))["status"] == "in_progress"
        await talk.until(run, "expired")
        (step,) = (await talk.get(path_of(run) + "/steps"))["data"]
        assert step["status"] == "expired"
