"""The way of a run's changes into the store, while requests change the same documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistants_async.server import Action, CallTools, Piece, SqliteStore, Turn
from assistants_async.server.engine.journal import CancelledMeanwhileError, Journal, JournalClosedError
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import Changes, ClaimLostError, Event, Key, Store
from tests.support.steady_loop import MS
from tests.support.stores import ENGINES, commit, run_of, word
from tests.support.talk import WEATHER, path_of, talking


@pytest.fixture(params=ENGINES.keys())
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store that is open and has nothing in it."""
    async with ENGINES[request.param](tmp_path) as opened:
        yield opened


async def begun(store: Store, lost: list[ClaimLostError]) -> Journal:
    """The journal of a run that was claimed."""
    await commit(store, run_of("a"), kind="run", parent="t")
    claim = await store.claim("w", 0.0)
    stored = await store.get(Key("run", "t", "a"))
    assert claim is not None
    assert stored is not None
    return Journal(store, claim, stored, lost.append)


async def request(store: Store, **changes: object) -> None:
    """Change the run as a request does."""
    batch = Batch(store)
    batch.save("run", {**await batch.get("run", "a", "t"), **changes}, "t")
    await batch.commit()


async def test_metadata_of_a_request_stays(store: Store) -> None:
    """In the run, in its events, and in the changes to come."""
    journal = await begun(store, [])
    await request(store, metadata={"k": "v"})
    for status in ("in_progress", "completed"):
        journal.save_run({**journal.run, "status": status})
        journal.emit(Event(f"thread.run.{status}", "run", journal.run))
        await journal.flush()
        assert journal.run["metadata"] == {"k": "v"}
        stored = await store.get(Key("run", "t", "a"))
        assert stored is not None
        assert (stored.document["status"], stored.document["metadata"]) == (status, {"k": "v"})


async def test_metadata_of_a_request_stays_in_what_waits(store: Store) -> None:
    """A change that was made while an earlier one was on its way into the store has it too."""
    journal = await begun(store, [])
    await request(store, metadata={"k": "v"})
    journal.save_run({**journal.run, "status": "in_progress"})
    flushing = asyncio.create_task(journal.flush())
    while journal._writes:
        await asyncio.sleep(0)
    journal.save_run({**journal.run, "status": "completed"})
    journal.emit(Event("thread.run.completed", "run", journal.run))
    await flushing
    await journal.flush()
    stored = await store.get(Key("run", "t", "a"))
    assert stored is not None
    assert (stored.document["status"], stored.document["metadata"]) == ("completed", {"k": "v"})


async def test_a_run_that_ends_while_it_is_written(tmp_path: Path) -> None:
    """Its end is written once: what it replaces is what was on its way when it was saved."""

    class Counting(SqliteStore):
        tries = 0

        async def commit(self, changes: Changes) -> None:
            self.tries += 1
            await super().commit(changes)

    store = Counting(tmp_path / "home.db")
    await store.open()
    journal = await begun(store, [])
    journal.save_run({**journal.run, "status": "in_progress"})
    flushing = asyncio.create_task(journal.flush())
    while journal._writes:
        await asyncio.sleep(0)
    journal.save_run({**journal.run, "status": "completed"})
    await journal.flush()
    await flushing
    assert store.tries == 3  # the run's creation, and two of the journal
    assert await store.active("t") is None
    await store.close()


async def test_a_status_waits_for_the_first_words(tmp_path: Path) -> None:
    """What follows within a moment is one commit with it; alone it is written a moment later."""
    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    journal = await begun(store, [])
    status = Event("thread.run.in_progress", "run", journal.run)
    journal.emit(status)
    await asyncio.sleep(2 * MS)
    assert list(await store.events("a", 0)) == []
    journal.emit(word("one"))
    while not (events := await store.events("a", 0)):
        await asyncio.sleep(MS)
    assert list(events) == [status, word("one")]
    journal.emit(status)
    while len(await store.events("a", 0)) < 3:
        await asyncio.sleep(MS)
    journal.close()
    await store.close()


async def test_first_words_go_out_at_once(tmp_path: Path) -> None:
    """However short the time since the status was written; those behind them wait for the store's time."""
    store = SqliteStore(tmp_path / "home.db")
    store.linger = 3600.0
    await store.open()
    journal = await begun(store, [])
    journal.emit(Event("thread.run.in_progress", "run", journal.run))
    await journal.flush()
    journal.emit(word("first"))
    while len(await store.events("a", 0)) < 2:
        await asyncio.sleep(MS)
    journal.emit(word("second"))
    await asyncio.sleep(20 * MS)
    assert (await store.events("a", 0))[1:] == [word("first")]
    journal.close()
    await store.close()


async def test_a_cancellation_comes_first(store: Store) -> None:
    """A run that was to go on does not, one that has ended has."""
    journal = await begun(store, [])
    await request(store, status="cancelling")
    journal.save_run({**journal.run, "status": "requires_action"})
    with pytest.raises(CancelledMeanwhileError):
        await journal.flush()
    # Whatever the worker still had to say is not written behind it: the worker reads the run anew.
    journal.save_run({**journal.run, "status": "completed"})
    with pytest.raises(JournalClosedError):
        await journal.flush()
    stored = await store.get(Key("run", "t", "a"))
    assert stored is not None
    again = Journal(store, journal._claim, stored, lambda _error: None, number=journal.number)
    again.save_run({**again.run, "status": "completed"})
    await again.flush()
    assert await store.active("t") is None


async def test_a_message_that_is_gone(store: Store) -> None:
    """Whoever finds one gone has lost its run."""
    journal = await begun(store, [])
    journal.put("message", {"id": "m"})
    await journal.flush()
    batch = Batch(store)
    batch.clear("message", "t")
    await batch.commit()
    journal.save("message", {"id": "m", "content": []})
    with pytest.raises(ClaimLostError):
        await journal.flush()


async def test_a_loss_is_told(store: Store) -> None:
    """Also where nobody waits for what is written."""
    lost: list[ClaimLostError] = []
    journal = await begun(store, lost)
    batch = Batch(store)
    batch.clear("run", "t")
    await batch.commit()
    journal.emit(word("a"))
    while not lost:
        await asyncio.sleep(0.001)
    journal.emit(word("b"))
    journal.close()


async def test_many_words_go_out_before_their_time(tmp_path: Path) -> None:
    """A burst is not kept back, and is written in few pieces."""
    store = SqliteStore(tmp_path / "home.db")
    store.linger = 3600.0
    await store.open()
    journal = await begun(store, [])
    await journal.flush()
    for _ in range(32):
        journal.emit(word("x"))
    while not await store.events("a", 0):
        await asyncio.sleep(0.001)
    assert list(await store.events("a", 0)) == [word("x" * 32)]
    journal.close()
    await store.close()


async def test_a_cancellation_that_nobody_hears_of(tmp_path: Path) -> None:
    """Its run is cancelled as soon as its worker writes, where the notice was lost."""
    go_on = asyncio.Event()

    async def respond(_turn: Turn) -> AsyncIterator[Action]:
        await go_on.wait()
        yield CallTools({"get_weather": {}})

    store = SqliteStore(tmp_path / "home.db")
    async with talking(store=store, responder=respond) as talk:
        run = await talk.until(await talk.run("hello", tools=[WEATHER]), "in_progress")
        store.listen(lambda _notice, _run_id: None)
        await talk.make(path_of(run) + "/cancel")
        go_on.set()
        await talk.until(run, "cancelled")


async def test_a_store_that_fails_a_worker(tmp_path: Path) -> None:
    """The run is given up, claimed again once its lease is over, and answered; others' leases are renewed meanwhile."""
    store = SqliteStore(tmp_path / "home.db", lease=1.5)
    held = asyncio.Event()

    async def respond(turn: Turn) -> AsyncIterator[Action]:
        if turn.last_user_text == "hold":
            await held.wait()
        yield Piece("done")

    async with talking(store=store, responder=respond, pace=0.2) as talk:
        other = await talk.until(await talk.run("hold"), "in_progress")
        run = await talk.until(await talk.run("hello"), "queued")
        assert store._file is not None
        connection = store._file.connection
        await store._run(connection.execute, "ALTER TABLE runs RENAME TO hidden_runs")
        await store._run(connection.execute, "ALTER TABLE objects RENAME TO hidden")
        await asyncio.sleep(1.3)
        await store._run(connection.execute, "ALTER TABLE hidden RENAME TO objects")
        await store._run(connection.execute, "ALTER TABLE hidden_runs RENAME TO runs")
        for _ in range(10):
            if (await talk.get(path_of(run)))["status"] in ("completed", "failed"):
                break
            await asyncio.sleep(1)
        assert (await talk.get(path_of(run)))["status"] == "completed"
        held.set()
        await talk.until(other, "completed", "failed")
