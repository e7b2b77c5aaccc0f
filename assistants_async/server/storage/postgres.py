"""The store in a PostgreSQL database: for any number of processes, each of which streams the runs of all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from . import postgres_reads as reads
from . import postgres_runs as runs
from .interface import (
    Changes,
    Claim,
    Claimer,
    ConflictError,
    Event,
    Key,
    Notice,
    Page,
    PageQuery,
    Stored,
    StoreError,
    Tally,
)
from .postgres_blobs import PostgresBlob, read_blob
from .postgres_follower import PostgresFollower
from .postgres_link import PostgresLink
from .postgres_notices import CHANNEL, News, news_of, payload_of
from .postgres_writes import commit
from .run_rows import queues_run

_log = logging.getLogger(__name__)

# Seconds before a lost connection for notices is made anew.
_AGAIN = 1.0
# Seconds between two looks at whether the connection for notices still answers.
_PROBE = 15.0
# Renewals between two sweeps.
_SWEEP = 12


class PostgresStore:
    """Keeps everything in a PostgreSQL database, which any number of processes may share.

    Args:
        url: Its URL, such as `"postgresql://user@host/database"`; needs the extra `postgres`.
        lease: Seconds after which the run of a process that does not answer is given to another.
        connections: Connections to the database at most, besides the one for notices.

    Its tables are in the schema `assistants_async`, which it makes.
    """

    linger = 0.05
    """Deltas of 50 ms are written in one go: a transaction each would cost more than the model's own work."""
    size = 0
    """Nothing is kept in memory."""

    def __init__(self, url: str, *, lease: float = 15.0, connections: int = 10) -> None:
        self._link = PostgresLink(url, connections)
        self.lease: float | None = lease
        """Seconds after which a claim is lost."""
        self._lease = lease
        self._me = secrets.token_hex(8)
        self._heard: Callable[[Notice, str], None] = _ignore
        self._dues: dict[str, float] = {}
        self._followers: dict[str, set[PostgresFollower]] = {}
        self._listening: asyncio.Task[None] | None = None
        self._claimer: Claimer | None = None
        self._commits: set[asyncio.Task[Claim | None]] = set()
        self._renewals = 0

    @property
    def name(self) -> str:
        """Kind and place."""
        return self._link.name

    async def open(self) -> None:
        """Connect, and make the tables where there are none; raises `ValueError` where the store cannot be used."""
        if self._listening is not None:
            return
        await self._link.open()
        began = asyncio.Event()
        self._listening = asyncio.create_task(self._listen(began))
        # Else the first notices would be missed.
        await began.wait()

    def cut(self) -> None:
        """Cut all followers."""
        for followers in self._followers.values():
            for follower in followers:
                follower.cut()

    async def close(self) -> None:
        """Close all connections, once what was being committed is."""
        listening, self._listening = self._listening, None
        if listening is not None:
            listening.cancel()
            await asyncio.wait([listening, *self._commits])
        await self._link.close()

    async def check(self) -> None:
        """Raise `StoreError` where the database does not answer."""
        await self._link.check()

    def listen(self, heard: Callable[[Notice, str], None], claimer: Claimer | None = None) -> None:
        """Call a function with each notice and the id of its run; runs are claimed as they are queued."""
        self._heard, self._claimer = heard, claimer

    # Documents

    async def get(self, key: Key) -> Stored | None:
        """Return a document; None where there is none."""
        async with self._link.connection() as connection:
            return await reads.get(connection, key)

    async def page(self, kind: str, parent: str, query: PageQuery) -> Page:
        """Return a page of documents; raises `UnknownCursorError`."""
        async with self._link.connection() as connection:
            return await reads.page(connection, kind, parent, query)

    async def pages(self, parent: str, queries: Mapping[str, PageQuery]) -> Sequence[Page]:
        """Return a page of each of some kinds of documents; raises `UnknownCursorError`."""
        async with self._link.connection() as connection:
            return [await reads.page(connection, kind, parent, query) for kind, query in queries.items()]

    async def tally(self, kind: str, parent: str, ref: str | None = None) -> Tally:
        """Add documents up."""
        async with self._link.connection() as connection:
            return await reads.tally(connection, kind, parent, ref)

    async def parents(self, kind: str, id: str) -> Sequence[str]:
        """Return the vector stores that have a file."""
        if kind != "store_file":
            return ()
        async with self._link.connection() as connection:
            return await reads.parents(connection, id)

    async def active(self, thread_id: str) -> str | None:
        """Return the id of a thread's active run; None where there is none."""
        async with self._link.connection() as connection:
            return await reads.active(connection, thread_id)

    def next_due(self, kind: str) -> float | None:
        """Return the time of the soonest `due` of a kind, or one before it."""
        return self._dues.get(kind)

    async def due(self, kind: str, now: float) -> Sequence[Key]:
        """Return the documents of a kind whose `due` has come."""
        async with self._link.connection() as connection:
            keys = await reads.due(connection, kind, now)
        if not keys:
            await self._look_for_dues()
        return keys

    async def commit(self, changes: Changes) -> None:
        """Make changes, all or none; raises `ConflictError`, `ClaimLostError` and `StoreError`."""
        # In the same transaction: another would be a trip to the database more.
        claimer = self._claimer if queues_run(changes) else None
        worker = None if claimer is None else claimer.reserve()
        task = asyncio.create_task(self._commit(changes, worker))
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)
        if claimer is not None and worker is not None:
            task.add_done_callback(partial(_take, claimer))
        for blob in changes.kept:
            assert isinstance(blob, PostgresBlob)
            blob.commit = task
        # Once begun it is made, and its followers are woken, whatever becomes of the task that waits for it.
        await asyncio.shield(task)

    # Blobs

    def new_blob(self) -> PostgresBlob:
        """Begin a blob."""
        return PostgresBlob(self._link)

    def read_blob(self, id: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob in pieces; raises `KeyError` where it is gone."""
        return read_blob(self._link, id)

    # Runs

    async def claim(self, worker: str, now: float, run_id: str | None = None) -> Claim | None:  # noqa: ARG002
        """Claim the next run that waits for a worker or was lost by one, or this one; None where there is none."""
        async with self._link.connection() as connection:
            return await runs.claim(connection, worker, self._lease, run_id)

    async def renew(self, worker: str, run_ids: Collection[str], now: float) -> Collection[str]:  # noqa: ARG002
        """Renew the leases of a worker's claims of these runs, and return the runs that it has lost."""
        self._renewals += 1
        async with self._link.connection() as connection:
            kept = await runs.renew(connection, worker, self._lease, tuple(run_ids))
        for run_id, status in kept.items():
            if status == "cancelling":
                self._heard("cancelling", run_id)  # the notice may have been lost
        await self._look_for_dues()
        if self._renewals % _SWEEP == 1:
            try:
                async with self._link.transaction() as connection:
                    await runs.sweep(connection)
            except (StoreError, ConflictError) as error:
                _log.warning("what is old cannot be removed just now: %s", error)
        return [run_id for run_id in run_ids if run_id not in kept]

    async def release(self, worker: str) -> None:
        """Give back all claims of a worker that stops; where the database is away, they run out."""
        with contextlib.suppress(StoreError):
            async with self._link.connection() as connection:
                given = await runs.release(connection, worker)
                if given:
                    news = News([("queued", run_id) for run_id in given])
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload_of(self._me, news))

    async def events(self, run_id: str, after: int) -> Sequence[Event]:
        """Return the events of a run behind a position."""
        async with self._link.connection() as connection:
            return [event for _, event in (await reads.events(connection, run_id, after, None))[0]]

    def follow(self, run_id: str, after: int) -> PostgresFollower:
        """Follow the events of a run from behind a position on."""
        follower = PostgresFollower(run_id, after, self._history, self._leave)
        self._followers.setdefault(run_id, set()).add(follower)
        return follower

    # Inside

    async def _commit(self, changes: Changes, worker: str | None) -> Claim | None:
        async with self._link.transaction() as connection:
            news, claim = await commit(connection, changes, None if worker is None else (worker, self._lease))
            if news:
                await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload_of(self._me, news))
        for blob in changes.kept:
            assert isinstance(blob, PostgresBlob)
            blob.is_kept = True
        self._spread(news)
        return claim

    def _spread(self, news: News) -> None:
        """Let everyone in this process know."""
        self._add_dues(news.dues)
        for run_id in news.runs:
            for follower in self._followers.get(run_id, ()):
                follower.wake()
        for notice, run_id in news.notices:
            self._heard(notice, run_id)

    async def _history(self, run_id: str, after: int) -> tuple[list[tuple[int, Event]], bool]:
        async with self._link.connection() as connection:
            return await reads.events(connection, run_id, after)

    def _leave(self, follower: PostgresFollower) -> None:
        followers = self._followers.get(follower.run_id, set())
        followers.discard(follower)
        if not followers:
            self._followers.pop(follower.run_id, None)

    def _add_dues(self, dues: Mapping[str, float]) -> None:
        for kind, due in dues.items():
            self._dues[kind] = min(due, self._dues.get(kind, due))

    async def _look_for_dues(self) -> None:
        # Whatever comes in while the answer is on its way is newer than the answer.
        found, self._dues = self._dues, {}
        try:
            async with self._link.connection() as connection:
                found = dict(await reads.dues(connection))
        finally:
            self._add_dues(found)

    async def _listen(self, began: asyncio.Event) -> None:
        """Hear the notices of other processes, on a connection of its own that is made anew where it is lost."""
        while True:
            try:
                async with self._link.own_connection() as connection:
                    lost = asyncio.Event()
                    connection.add_termination_listener(partial(_set, lost))
                    await connection.add_listener(CHANNEL, self._receive)
                    await self._look_for_dues()
                    began.set()
                    await _until(lost, connection)
            except StoreError as error:
                _log.warning("notices of other processes are not heard just now: %s", error)
            began.set()
            await asyncio.sleep(_AGAIN)

    def _receive(self, _connection: object, _process: int, _channel: str, payload: str) -> None:
        self._spread(news_of(payload, self._me))


async def _until(lost: asyncio.Event, connection: Any) -> None:
    """Wait until a connection is lost, also without a word."""
    while not lost.is_set():
        try:
            async with asyncio.timeout(_PROBE):
                await lost.wait()
        except TimeoutError:
            await connection.fetchval("SELECT 1")


def _take(claimer: Claimer, done: asyncio.Task[Claim | None]) -> None:
    """Give a claim to whoever has kept a slot for it, or the slot back."""
    failed = done.cancelled() or done.exception() is not None
    claimer.take(None if failed else done.result())


def _set(event: asyncio.Event, _connection: object) -> None:
    event.set()


def _ignore(_notice: Notice, _run_id: str) -> None:
    """Hear nothing: nobody has asked for notices yet."""
