"""Changes that a store refuses for good: the run fails, its thread is free, and other runs go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistants_async.server import Action, Piece, PostgresStore, SqliteStore, Turn
from assistants_async.server.engine.journal import ChangesRefusedError, Journal, JournalClosedError
from assistants_async.server.storage.interface import Key, Store
from tests.support.steady_loop import SteadyLoop
from tests.support.stores import ENGINES, commit, run_of, text_of, word
from tests.support.talk import Document, Talk, path_of, talking

_SQLITE = (
    """CREATE TRIGGER refusal BEFORE INSERT ON events WHEN NEW.doc LIKE '%forbidden%'
    BEGIN SELECT RAISE(ABORT, 'no'); END""",
)
_POSTGRES = (
    """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.doc LIKE '%forbidden%' THEN RAISE EXCEPTION 'no' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$""",
    "CREATE TRIGGER refusal BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION refuse()",
)


async def execute(store: Store, *statements: str) -> None:
    """Execute statements in the store's database."""
    for statement in statements:
        if isinstance(store, SqliteStore):
            assert store._file is not None
            await store._run(store._file.connection.execute, statement)
        else:
            assert isinstance(store, PostgresStore)
            async with store._link.connection() as connection:
                await connection.execute(statement)


async def refuse(store: Store) -> None:
    """Let the database refuse one word for good."""
    await execute(store, *(_SQLITE if isinstance(store, SqliteStore) else _POSTGRES))


async def later() -> None:
    """Let the time of a retry pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteadyLoop)
    loop.advance(4.5)
    await asyncio.sleep(0.02)


async def in_time(talk: Talk, run: Document, *statuses: str) -> Document:
    """The run when it has one of these statuses, whatever is tried again before."""
    for _ in range(200):
        run = await talk.get(path_of(run))
        if run["status"] in statuses:
            return run
        await later()
    raise AssertionError(run["status"])


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_it_is_tried_a_few_times(engine: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And logged once; what was written before stays, and nothing is written behind what is missing."""
    caplog.set_level(logging.WARNING)
    async with ENGINES[engine](tmp_path) as store:
        await refuse(store)
        await commit(store, run_of("a"), kind="run", parent="t")
        claim, stored = await store.claim("w", 0.0), await store.get(Key("run", "t", "a"))
        assert claim is not None
        assert stored is not None
        journal = Journal(store, claim, stored, lambda _error: None)
        journal.emit(word("fine "))
        await journal.flush()
        journal.emit(word("forbidden"))
        flushing = asyncio.create_task(journal.flush())
        while not flushing.done():
            await later()
        with pytest.raises(ChangesRefusedError) as raised:
            await flushing
        assert str(raised.value.__cause__) == f"{store.name}: no"
        journal.emit(word("again"))
        with pytest.raises(JournalClosedError):
            await journal.flush()
        journal.close()
        assert text_of(list(await store.events("a", 0))) == "fine "
    assert [record.message.split(": ")[0] for record in caplog.records] == ["the events of run a cannot be written yet"]


async def respond(turn: Turn) -> AsyncIterator[Action]:
    """Say the words of the user."""
    yield Piece("So: ")
    await asyncio.sleep(0.2)
    yield Piece(turn.last_user_text)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_run_whose_answer_is_refused(engine: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It has failed with a reason, what was written stays, and its thread goes on with another word."""
    caplog.set_level(logging.CRITICAL)
    async with ENGINES[engine](tmp_path) as store, talking(store=store, responder=respond) as talk:
        await refuse(store)
        run, other = await talk.run("forbidden"), await talk.run("fine")
        await talk.until(other, "completed")
        failed = await in_time(talk, run, "failed", "completed")
        assert failed["last_error"] == {"code": "server_error", "message": "The server could not store the answer."}
        path = f"/threads/{run['thread_id']}"
        message = (await talk.get(f"{path}/messages"))["data"][0]
        assert (message["status"], message["content"][0]["text"]["value"]) == ("incomplete", "So: ")
        await talk.make(f"{path}/messages", {"role": "user", "content": "fine"})
        again = await talk.make(f"{path}/runs", {"assistant_id": run["assistant_id"]})
        await talk.until(again, "completed")


async def test_a_run_whose_end_is_refused_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is given up, and its slot is free; requests are answered, also once its time has come."""
    clock = [1_700_000_000.0]
    store = SqliteStore(tmp_path / "home.db", lease=3600)
    async with talking(store=store, responder=respond, concurrency=1, clock=lambda: clock[0]) as talk:
        run = await talk.run("fine")
        await execute(
            store,
            f"CREATE TRIGGER refusal BEFORE INSERT ON events WHEN NEW.run = '{run['id']}'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END",
        )
        other = await talk.run("fine")
        await in_time(talk, other, "completed")
        assert (await talk.get(path_of(run)))["status"] in ("queued", "in_progress")
        assert [record.message.split(": ", 1)[1] for record in caplog.records if record.levelname == "ERROR"] == [
            f"the store refuses its answer: {store.name}: no",
            f"the store refuses its end too: {store.name}: no",
        ]
        await execute(store, "UPDATE runs SET lease = 0")
        clock[0] += 601
        # The first one waits a moment for the end, the others do not.
        assert (await talk.get(path_of(run)))["status"] != "expired"
        assert (await talk.get(path_of(run)))["status"] != "expired"
        await execute(store, "DROP TRIGGER refusal", "UPDATE runs SET lease = 0")
        await in_time(talk, run, "expired")


async def test_a_run_that_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is let go, with the reason in the log, and others are answered in its slot."""
    store = SqliteStore(tmp_path / "home.db", lease=3600)
    async with talking(store=store, responder=respond, pace=0.2, concurrency=1) as talk:
        first = await talk.run("fine")
        run = await talk.run("fine")
        await execute(store, f"UPDATE objects SET doc = '{{' WHERE id = '{run['id']}'")
        other = await talk.run("fine")
        await in_time(talk, first, "completed")
        await in_time(talk, other, "completed")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        f"the work on run {run['id']} broke off"
    ]
