"""Leases that ran out while their process stood still: a run has one worker, and the old one is gone."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistants_async.server import Action, ChatCompletions, Piece, PostgresStore, SqliteStore, Turn
from assistants_async.server.storage.interface import Store
from assistants_async.testing.chat_backend import ChatBackend, RawAnswer, Silence
from tests.support.steady_loop import MS
from tests.support.stores import ENGINES
from tests.support.talk import path_of, talking, until

LIMIT = 240.0


class Slow:
    """A responder that answers once it may, and counts the turns that are under way."""

    def __init__(self) -> None:
        self.may_answer = False
        self.begun = Counter[str]()
        self.running = Counter[str]()
        self.most = Counter[str]()

    async def respond(self, turn: Turn) -> AsyncIterator[Action]:
        """Answer with the word that was said."""
        text = turn.last_user_text
        self.begun[text] += 1
        self.running[text] += 1
        self.most[text] = max(self.most[text], self.running[text])
        try:
            await until(lambda: self.may_answer)
            yield Piece(text)
        finally:
            self.running[text] -= 1


async def run_out(store: Store) -> None:
    """Let all leases run out at once."""
    if isinstance(store, SqliteStore):
        assert store._file is not None
        await store._run(store._file.connection.execute, "UPDATE runs SET lease = 0")
    else:
        assert isinstance(store, PostgresStore)
        async with store._link.connection() as connection:
            await connection.execute("UPDATE runs SET lease = '-infinity'")


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_run_that_its_own_process_claims_again(engine: str, tmp_path: Path) -> None:
    """The first worker ends before the second one asks the model, and there is one answer."""
    slow = Slow()
    async with ENGINES[engine](tmp_path) as store, talking(store=store, responder=slow.respond) as talk:
        run = await talk.run("hello")
        await until(lambda: slow.begun["hello"] == 1)
        await run_out(store)
        more = await talk.run("more")
        await until(lambda: slow.begun["hello"] == 2 and slow.begun["more"] == 1)
        slow.may_answer = True
        for one in (run, more):
            await talk.until(one, "completed")
            messages = (await talk.get(f"/threads/{one['thread_id']}/messages"))["data"]
            assert [message["role"] for message in messages] == ["assistant", "user"]
    assert slow.most == {"hello": 1, "more": 1}


async def test_a_process_that_stood_still(tmp_path: Path) -> None:
    """It renews its leases before it claims anything: no other process took its runs, so they go on."""
    slow = Slow()
    async with talking(store=SqliteStore(tmp_path / "home.db", lease=3.0), responder=slow.respond) as talk:
        run = await talk.run("hello")
        await until(lambda: slow.begun["hello"] == 1)
        time.sleep(3.5)  # noqa: ASYNC251  the whole process stands still
        more = await talk.run("more")
        await until(lambda: slow.begun["more"] == 1)
        slow.may_answer = True
        await talk.until(run, "completed")
        await talk.until(more, "completed")
    assert slow.begun == {"hello": 1, "more": 1}


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_run_that_another_process_has_taken(engine: str, tmp_path: Path) -> None:
    """The first one hears of it when it renews, and closes its connection to the model, which says nothing."""
    async with ENGINES[engine](tmp_path) as store, ChatBackend([RawAnswer(pieces=[Silence()])]) as backend:
        store.lease = 1.5  # type: ignore[misc]  # renewed at each beat
        responder = ChatCompletions(backend.url, model="m", timeout=2 * LIMIT)
        async with talking(store=store, responder=responder) as talk:
            run = await talk.until(await talk.run("hello"), "in_progress")
            await until(lambda: backend.open == 1)
            claim = None
            while claim is None:
                await run_out(store)
                claim = await store.claim("another", time.monotonic(), run["id"])
            async with asyncio.timeout(LIMIT):
                while backend.open:
                    await asyncio.sleep(10 * MS)
            assert (await talk.get(path_of(run)))["status"] == "in_progress"
            assert (claim.lost, len(backend.requests)) == (True, 1)
