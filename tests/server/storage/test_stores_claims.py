"""Runs of a store that are claimed in the commit that queues them, where the process has a slot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from assistants_async.server import Action, Piece, PostgresStore, SqliteStore, Turn
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import Changes, Claim, ConflictError, Key, Store, Write
from tests.support.postgres import new_database
from tests.support.stores import commit, run_of
from tests.support.talk import path_of, talking


class Slots:
    """Slots for runs, and what was done with them."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.taken: list[Claim | None] = []

    def reserve(self) -> str | None:
        """Keep a slot."""
        if not self.left:
            return None
        self.left -= 1
        return "w"

    def take(self, claim: Claim | None) -> None:
        """Use it, or give it back."""
        self.taken.append(claim)
        self.left += claim is None


@pytest.fixture(params=["sqlite", "postgres"])
async def make(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Callable[[], Store]]:
    """A function that makes a store of one place, which keeps what was in it."""
    if request.param == "sqlite":
        yield lambda: SqliteStore(tmp_path / "home.db")
    else:
        with new_database() as url:
            yield lambda: PostgresStore(url)


@pytest.fixture
async def store(make: Callable[[], Store]) -> AsyncIterator[Store]:
    """A store that is open and has nothing in it."""
    opened = make()
    await opened.open()
    yield opened
    await opened.close()


async def test_a_slot_for_each_run(store: Store) -> None:
    """A run for which there is one is claimed, the next one waits and is told of; each claim is as any other is."""
    heard: list[tuple[str, str]] = []
    slots = Slots(1)
    store.listen(lambda notice, run_id: heard.append((notice, run_id)), slots)
    for name in ("a", "b"):
        await commit(store, run_of(name, f"t-{name}"), kind="run", parent=f"t-{name}")
    [claim] = slots.taken
    assert claim == Claim("a", "t-a", 1)
    assert heard == [("queued", "b")]
    assert await store.claim("v", 0.0, "a") is None
    key = Key("run", "t-a", "a")
    for number, status in enumerate(("in_progress", "requires_action"), 1):
        await store.commit(Changes(claim, number, writes={key: Write(run_of("a", "t-a", status))}))
    slots.left = 1
    batch = Batch(store)
    batch.save("run", {**await batch.get("run", "a", "t-a"), "status": "queued"}, "t-a")
    await batch.commit()
    again = slots.taken[-1]
    assert again == Claim("a", "t-a", 2)
    # The commits of a new claim are counted from 1 again.
    await store.commit(Changes(again, 1, writes={key: Write(run_of("a", "t-a", "completed"))}))
    assert await store.active("t-a") is None


async def test_one_slot_is_for_one_run(store: Store) -> None:
    """Of two runs in one commit the second waits."""
    heard: list[tuple[str, str]] = []
    slots = Slots(1)
    store.listen(lambda notice, run_id: heard.append((notice, run_id)), slots)
    batch = Batch(store)
    for name in ("a", "b"):
        batch.put("run", run_of(name, f"t-{name}"), f"t-{name}")
    await batch.commit()
    assert slots.taken == [Claim("a", "t-a", 1)]
    assert heard == [("queued", "b")]


async def test_slots_that_are_not_used(store: Store) -> None:
    """They are given back where the commit fails, and where it does not queue a run."""
    slots = Slots(2)
    store.listen(lambda _notice, _run_id: None, slots)
    await commit(store, run_of("a"), kind="run", parent="t")
    with pytest.raises(ConflictError):
        await commit(store, run_of("b"), kind="run", parent="t")
    batch = Batch(store)
    batch.save("run", {**await batch.get("run", "a", "t"), "metadata": {"k": "v"}}, "t")
    await batch.commit()
    assert slots.taken == [Claim("a", "t", 1), None, None]
    assert slots.left == 1


async def test_no_more_at_once_than_slots(make: Callable[[], Store]) -> None:
    """However many requests come at the same time, and each run gets its turn."""
    now = most = 0

    async def respond(_turn: Turn) -> AsyncIterator[Action]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        yield Piece("done")

    async with talking(store=make(), responder=respond, concurrency=2) as talk:
        bodies = [await talk.ask("hello") for _ in range(9)]
        runs = await asyncio.gather(*(talk.make("/threads/runs", body) for body in bodies))
        for run in runs:
            await talk.until(run, "completed")
        assert (await talk.get(path_of(runs[0])))["status"] == "completed"
    assert most == 2


async def test_a_server_that_closes_meanwhile(make: Callable[[], Store]) -> None:
    """A run that was just queued is answered by the next server."""
    async with talking(store=make(), pace=60.0) as talk:
        run = await talk.run("hello")
    async with talking(store=make()) as talk:
        await talk.until(run, "completed")
