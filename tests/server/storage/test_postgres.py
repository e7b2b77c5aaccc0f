"""The PostgreSQL store: one database for several processes, which hear of each other and take over what one loses."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from assistants_async.server import PostgresStore
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import (
    Changes,
    Claim,
    ClaimLostError,
    ConflictError,
    Event,
    Key,
    PageQuery,
    Store,
    StoreError,
    UnknownCursorError,
    Write,
)
from assistants_async.server.storage.locations import store_at
from assistants_async.server.storage.postgres_notices import CHANNEL
from assistants_async.server.storage.postgres_runs import SWEEP
from tests.support.steady_loop import MS
from tests.support.stores import commit, run_of, text_of, word

LONG = 60.0


@asynccontextmanager
async def opened(url: str, *, lease: float = 60.0) -> AsyncIterator[PostgresStore]:
    """A store, as another process has it."""
    store = PostgresStore(url, lease=lease)
    await store.open()
    try:
        yield store
    finally:
        store.cut()
        await store.close()


async def execute(url: str, statement: str) -> str:
    """Execute a statement beside all stores."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "assistants_async"})
    try:
        return str(await connection.execute(statement))
    finally:
        await connection.close()


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another process has sent."""
    async with asyncio.timeout(LONG):
        while not condition():
            await asyncio.sleep(5 * MS)


async def begun(store: Store, run_id: str = "a") -> Claim:
    """A run of a thread of its own that a worker of the store has claimed."""
    await commit(store, run_of(run_id, f"t-{run_id}"), kind="run", parent=f"t-{run_id}")
    claim = await store.claim(f"w-{run_id}", 0.0)
    assert claim is not None
    return claim


async def end(store: Store, claim: Claim, number: int) -> None:
    """End a run as its worker does."""
    run = run_of(claim.run_id, claim.thread_id, "completed")
    writes = {Key("run", claim.thread_id, claim.run_id): Write(run)}
    ended = [Event("thread.run.completed", "run", run)]
    await store.commit(Changes(claim, number, writes=writes, events={claim.run_id: ended}))


async def test_everything_is_there_for_the_next_process(database: str) -> None:
    """Documents, the places of removed ones, what is due, and the second opening does nothing."""
    async with opened(database) as store:
        await store.open()
        await commit(store, {"id": "a"}, {"id": "b"})
        await commit(store, {"id": "f", "purpose": "p", "expires_at": 20}, kind="file")
        batch = Batch(store)
        batch.remove("thread", "a")
        await batch.commit()
        assert "@" not in store.name
    async with opened(database) as store:
        [row] = (await store.page("thread", "", PageQuery(after="a"))).rows
        assert row.document == {"id": "b"}
        assert store.next_due("file") == 20


async def test_ids_that_no_document_has(database: str) -> None:
    """A character that the database has not is in no id."""
    async with opened(database) as store:
        assert await store.get(Key("thread", "", "a\0b")) is None
        with pytest.raises(UnknownCursorError):
            await store.page("thread", "\0", PageQuery(after="\0", state="\0"))
        assert await store.active("\0") is None
        assert (await store.page("file", "", PageQuery(state="\0"))).rows == []


async def test_notices_reach_other_processes(database: str) -> None:
    """What one commits wakes the others: runs that wait, that are to be cancelled, that are gone, and what is due."""
    async with opened(database) as one, opened(database) as two:
        heard: list[tuple[str, str]] = []
        own: list[tuple[str, str]] = []
        one.listen(lambda notice, run_id: own.append((notice, run_id)))
        two.listen(lambda notice, run_id: heard.append((notice, run_id)))
        claim = await begun(one)
        await until(lambda: heard == [("queued", "a")])
        assert two.next_due("run") == 1e10
        batch = Batch(two)
        run = await batch.get("run", "a", "t-a")
        batch.save("run", {**run, "status": "cancelling"}, "t-a")
        await batch.commit()
        await until(lambda: own == [("queued", "a"), ("cancelling", "a")])
        assert heard == own
        batch.clear("run", "t-a")
        await batch.commit()
        await until(lambda: ("gone", "a") in own)
        with pytest.raises(ClaimLostError):
            await end(one, claim, 1)


async def test_others_are_followed(database: str) -> None:
    """A reader in any process gets every event of a run once and in order, also one that it has no notice of."""
    async with opened(database) as one, opened(database) as two:
        claim = await begun(one)
        followers = [one.follow("a", 0), two.follow("a", 0), two.follow("a", 0)]
        reading = [asyncio.create_task(follower.read(LONG)) for follower in followers]
        await asyncio.sleep(0)
        await one.commit(Changes(claim, 1, events={"a": [word("a ", annotations=[]), word("b ")]}))
        assert [text_of(list(await task or ())) for task in reading] == ["a b "] * 3
        reading = [asyncio.create_task(follower.read(LONG)) for follower in followers]
        await asyncio.sleep(0)
        # As a commit whose notice is lost.
        await execute(database, "INSERT INTO events SELECT run, seq + 1, name, kind, doc FROM events WHERE seq = 2")
        assert [text_of(list(await task or ())) for task in reading] == ["b "] * 3
        followers.pop().close()
        await end(one, claim, 2)
        for follower in followers:
            assert [event.name for event in await follower.read(LONG) or ()] == ["thread.run.completed"]
            assert await follower.read(LONG) is None
            follower.close()


async def test_a_run_is_claimed_once(database: str) -> None:
    """Two processes that want all runs at once share them."""
    async with opened(database) as one, opened(database) as two:
        for number in range(20):
            await commit(one, run_of(str(number), f"t-{number}"), kind="run", parent=f"t-{number}")
        claims = await asyncio.gather(*(store.claim("w", 0.0) for store in (one, two) for _ in range(15)))
        names = Counter(claim.run_id for claim in claims if claim is not None)
        while (claim := await two.claim("w", 0.0)) is not None:  # one that another had just locked
            names[claim.run_id] += 1
        assert names == {str(number): 1 for number in range(20)}


async def test_one_active_run_a_thread(database: str) -> None:
    """Of a hundred that are created at once, by two processes, one is."""
    async with opened(database) as one, opened(database) as two:

        async def create(number: int) -> bool:
            try:
                await commit((one, two)[number % 2], run_of(str(number)), kind="run", parent="t")
            except ConflictError:
                return False
            return True

        assert sum(await asyncio.gather(*map(create, range(100)))) == 1
        assert len((await one.page("run", "t", PageQuery())).rows) == 1


async def test_places_are_in_the_order_of_commits(database: str) -> None:
    """A reader that walks on from the last place it has seen misses nothing, however many write."""
    async with opened(database) as one, opened(database) as two:
        seen: list[str] = []
        total = 60

        async def write(number: int) -> None:
            await commit((one, two)[number % 2], {"id": str(number)}, kind="message", parent="t")

        async def walk() -> None:
            while len(seen) < total:
                query = PageQuery(after=seen[-1] if seen else None)
                seen.extend(row.document["id"] for row in (await two.page("message", "t", query)).rows)

        async with asyncio.timeout(LONG):
            await asyncio.gather(walk(), *map(write, range(total)))
        assert sorted(map(int, seen)) == list(range(total))


async def test_a_worker_that_does_not_come_back(database: str) -> None:
    """Its run goes to another one when the lease has run out, and it writes no more; a renewed one stays."""
    async with opened(database) as one, opened(database) as two:
        lost, kept = await begun(one, "a"), await begun(one, "b")
        await one.commit(Changes(lost, 1, events={"a": [word("a", annotations=[])]}))
        await execute(database, "UPDATE runs SET lease = now()")
        await one.renew("w-b", ["b"], 0.0)
        claim = await two.claim("v", 0.0)
        assert claim == Claim("a", "t-a", lost.epoch + 1, lost=True, losses=1)
        assert await two.claim("v", 0.0) is None
        with pytest.raises(ClaimLostError):
            await one.commit(Changes(lost, 2, events={"a": [word("b")]}))
        await two.commit(Changes(claim, 1, events={"a": [word("c")]}))
        await end(one, kept, 1)
        assert text_of(list(await two.events("a", 0))) == "ac"


async def test_a_worker_that_stops_gives_its_runs_back(database: str) -> None:
    """The others hear of them at once."""
    async with opened(database) as one, opened(database) as two:
        heard: list[tuple[str, str]] = []
        two.listen(lambda notice, run_id: heard.append((notice, run_id)))
        await begun(one)
        await until(lambda: heard == [("queued", "a")])
        await one.release("nobody")
        await one.release("w-a")
        await until(lambda: heard == [("queued", "a")] * 2)
        claim = await two.claim("v", 0.0)
        assert claim is not None
        assert claim.lost


async def test_a_lost_notice_of_a_cancellation(database: str) -> None:
    """The worker hears of it when it renews its claims."""
    async with opened(database) as store:
        await begun(store)
        heard: list[tuple[str, str]] = []
        store.listen(lambda notice, run_id: heard.append((notice, run_id)))
        await store.renew("w-a", ["a"], 0.0)
        assert heard == []
        await execute(database, "UPDATE runs SET status = 'cancelling'")
        await store.renew("w-a", ["a"], 0.0)
        assert heard == [("cancelling", "a")]


async def test_commits_are_made_once(database: str) -> None:
    """One that is sent again, its answer being lost, does nothing; one whose sender was cancelled is made."""
    async with opened(database) as store:
        claim = await begun(store)
        changes = Changes(claim, 1, events={"a": [word("a", annotations=[])]})
        for _ in range(2):
            await store.commit(changes)
        assert text_of(list(await store.events("a", 0))) == "a"
        sending = asyncio.create_task(store.commit(Changes(claim, 2, events={"a": [word("b")]})))
        await asyncio.sleep(0)
        sending.cancel()
        follower = store.follow("a", 1)
        assert text_of(list(await follower.read(LONG) or ())) == "b"


async def test_old_things_are_swept(database: str) -> None:
    """Events ten minutes after the end of their run, places after a week, and bytes that nobody kept after a day."""
    async with opened(database) as store:
        claim = await begun(store)
        await end(store, claim, 1)
        await commit(store, {"id": "a"}, {"id": "b"})
        batch = Batch(store)
        batch.remove("thread", "a")
        await batch.commit()
        blob = store.new_blob()
        await blob.write(b"x" * 2**18)
        await store.renew("w", [], 0.0)
        assert len(await store.events("a", 0)) == 1
        for statement in (
            "UPDATE ended SET at = at - interval '601 seconds'",
            "UPDATE objects SET removed = removed - interval '8 days'",
            "UPDATE blobs SET at = at - interval '2 days'",
        ):
            await execute(database, statement)
        # Another process sweeps just now.
        async with store._link.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", SWEEP)
            for _ in range(12):
                await store.renew("w", [], 0.0)
            assert len(await store.events("a", 0)) == 1
        for _ in range(12):
            await store.renew("w", [], 0.0)
        assert list(await store.events("a", 0)) == []
        with pytest.raises(UnknownCursorError):
            await store.page("thread", "", PageQuery(after="a"))
        assert await execute(database, "DELETE FROM pieces") == "DELETE 0"


async def test_a_sweep_is_short(database: str) -> None:
    """Leases are renewed by the same task: much that is old goes in several sweeps, and one that fails does no harm."""
    async with opened(database) as store:
        await execute(
            database,
            "INSERT INTO objects (seq, kind, parent, id, version, state, ref, amount, removed)"
            " SELECT n, 'thread', '', 'x' || n, 1, '', '', 0, now() - interval '8 days'"
            " FROM generate_series(1000000, 1020000) AS n",
        )
        await store.renew("w", [], 0.0)
        assert await execute(database, "SELECT 1 FROM objects WHERE removed IS NOT NULL") == "SELECT 1"
        await execute(
            database,
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
            "CREATE TRIGGER refusal BEFORE DELETE ON objects FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        for _ in range(12):
            assert list(await store.renew("w", ["gone"], 0.0)) == ["gone"]


async def test_notices_of_somebody_else(database: str) -> None:
    """Notices on the channel that are not of this package are no news."""
    async with opened(database) as store:
        heard: list[tuple[str, str]] = []
        store.listen(lambda notice, run_id: heard.append((notice, run_id)))
        await execute(database, f"NOTIFY {CHANNEL}, 'hello'")
        await execute(database, f"""NOTIFY {CHANNEL}, '["x", {{"notices": [["queued", "r"]]}}]'""")
        await until(lambda: heard == [("queued", "r")])


async def test_closed(database: str) -> None:
    """A closed store says that it is."""
    async with opened(database) as store:
        pass
    with pytest.raises(StoreError, match="is not open"):
        await store.check()
    with pytest.raises(StoreError, match="is not open"):
        await store.commit(Changes())
    await store.release("w")
    await store.close()


def test_locations() -> None:
    """A store is made of its URL, and shows nothing of a password."""
    assert store_at("postgresql://ada:secret@db:5433/home?sslmode=require").name == "postgresql://db:5433/home"
    assert store_at("postgres://db/home").name == "postgresql://db/home"
