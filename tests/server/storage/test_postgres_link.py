"""The way to a PostgreSQL database: words where it cannot be used, one schema, and a database that was away."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import asyncpg
import pytest

from assistants_async.server import AssistantsServer, PostgresStore
from assistants_async.server.engine.journal import Journal
from assistants_async.server.storage.interface import Changes, ConflictError, Key, StoreError, StoreFullError
from assistants_async.server.storage.postgres_link import SCHEMA_VERSION, PostgresLink
from tests.support.postgres import PostgresServer, missing_postgres, own_time, postgres_server
from tests.support.steady_loop import SteadyLoop
from tests.support.stores import commit, run_of, text_of, word


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    problem = missing_postgres()
    if problem is not None:
        pytest.skip(problem)
    with postgres_server() as running:
        yield running


async def later(seconds: float) -> None:
    """Let time pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteadyLoop)
    loop.advance(seconds)
    await asyncio.sleep(0.05)


async def refusal(url: str) -> str:
    """The sentence of a store that cannot be opened."""
    with pytest.raises(ValueError, match="postgresql://") as raised:
        await PostgresStore(url).open()
    assert raised.value.__cause__ is None
    return str(raised.value)


async def test_databases_that_are_no_store(database: str, unused_tcp_port: int) -> None:
    """Each is refused in one sentence without the password."""
    store = PostgresStore(database)
    await store.open()
    await store.close()
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE assistants_async.meta SET schema_version = $1", SCHEMA_VERSION + 1)
    await connection.close()
    assert f"schema version {SCHEMA_VERSION + 1}" in await refusal(database)
    for url in (
        f"postgresql://ada:s%20cret@127.0.0.1:{unused_tcp_port}/home",
        f"postgresql://ada@127.0.0.1:{unused_tcp_port}/home?password=s%20cret",
        "postgresql://ada:s%20cret@127.0.0.1:s%20cret/home",
    ):
        words = await refusal(url)
        assert "cannot be opened" in words
        assert "cret" not in words.replace("127.0.0.1:s%20cret", "")
        assert words.count("postgresql://") == 1
    with pytest.raises(ValueError, match="begins with postgresql://"):
        PostgresStore("mysql://h/d")
    for password in ("12/cret", "s/cret", "12#cret"):
        with pytest.raises(ValueError, match="an @ behind its port: write it as %40") as refused:
            PostgresStore(f"postgresql://ada:{password}@db/home")
        assert "cret" not in str(refused.value)


async def test_without_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the extra."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    assert "pip install 'assistants-async[postgres]'" in await refusal("postgresql://db/home")


async def test_a_server_that_cannot_open_its_store(unused_tcp_port: int) -> None:
    """Starting raises the sentence."""
    store = PostgresStore(f"postgresql://127.0.0.1:{unused_tcp_port}/home")
    with pytest.raises(ValueError, match="cannot be opened"):
        await AssistantsServer(store=store).start()


async def test_several_make_the_schema_at_once(database: str) -> None:
    """It is made once, also in a schema that somebody has prepared; other tables of the database stay alone."""
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE SCHEMA assistants_async; CREATE TABLE objects (name text)")
    stores = [PostgresStore(database) for _ in range(4)]
    await asyncio.gather(*(store.open() for store in stores))
    await asyncio.gather(*(commit(store, {"id": str(number)}) for number, store in enumerate(stores)))
    assert await connection.fetchval("SELECT count(*) FROM assistants_async.objects") == 4
    assert await connection.fetchval("SELECT count(*) FROM objects") == 0
    await connection.close()
    for store in stores:
        await store.close()


async def test_errors_of_the_database(database: str) -> None:
    """A full disk, transactions in each other's way, and mistakes are told apart."""
    link = PostgresLink(database, 2)
    await link.open()

    async def fail(state: str) -> None:
        async with link.transaction() as connection:
            await connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")

    with pytest.raises(StoreFullError, match="no"):
        await fail("53100")
    with pytest.raises(ConflictError):
        await fail("40P01")
    with pytest.raises(StoreError, match="no"):
        await fail("57P01")
    with pytest.raises(asyncpg.DataError):
        async with link.connection() as connection:
            await connection.fetchval("SELECT $1::int", "x")
    async with link.transaction() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await link.close()


async def test_a_connection_that_does_not_close_in_time(database: str) -> None:
    """It is cut."""
    link = PostgresLink(database, 2)
    await link.open()
    async with link.connection() as connection:
        await link.close()
        with pytest.raises(asyncpg.InterfaceError):
            await connection.execute("SELECT 1")


async def test_a_database_that_was_away(server: PostgresServer) -> None:
    """Runs go on when it is back: every event is there once, for readers that waited too, and notices come again."""
    with own_time():
        url = server.new_database()
        one, two = PostgresStore(url), PostgresStore(url)
        await asyncio.gather(one.open(), two.open())
        await commit(one, run_of("a"), kind="run", parent="t")
        claim, stored = await one.claim("w", 0.0), await one.get(Key("run", "t", "a"))
        assert claim is not None
        assert stored is not None
        journal = Journal(one, claim, stored, lambda _error: None)
        followers = [store.follow("a", 0) for store in (one, two)]
        journal.emit(word("a ", annotations=[]))
        await journal.flush()
        assert [text_of(list(await follower.read(60.0) or ())) for follower in followers] == ["a ", "a "]
        await later(16)  # they see to it that the connection for notices still answers
        reading = [asyncio.create_task(follower.read(60.0)) for follower in followers]
        await asyncio.to_thread(server.stop)
        await later(2)  # both try to hear each other again, in vain
        with pytest.raises(StoreError):
            await one.check()
        with pytest.raises(StoreError):
            await two.commit(Changes())
        await one.release("w")
        journal.emit(word("b "))
        flushing = asyncio.create_task(journal.flush())
        await asyncio.sleep(0.1)
        assert not flushing.done()
        await asyncio.to_thread(server.start)
        await flushing
        assert [text_of(list(await task or ())) for task in reading] == ["b ", "b "]
        await one.commit(Changes(claim, 2, events={"a": [word("b ")]}))  # as after an answer that was lost
        assert text_of(list(await two.events("a", 0))) == "a b "
        heard: list[str] = []
        two.listen(lambda _notice, run_id: heard.append(run_id))
        number = 0
        while not heard:
            number += 1
            await commit(one, run_of(f"b{number}", f"t{number}"), kind="run", parent=f"t{number}")
            await asyncio.sleep(0.05)
        await asyncio.to_thread(server.stop)
        for store in (one, two):
            store.cut()
            await store.close()
        await asyncio.to_thread(server.start)
