"""The store in a SQLite file: for one process, which finds everything again after a crash."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from . import sqlite_reads as reads
from .disk_blobs import DiskBlob, read_file, remove_files, store_error, sweep
from .interface import (
    Changes,
    Claim,
    Claimer,
    Event,
    Key,
    Notice,
    Page,
    PageQuery,
    Stored,
    StoreError,
    Tally,
)
from .job_thread import JobThread
from .local_follower import LocalFollower
from .run_rows import queues_run
from .sqlite_file import SqliteFile, error_kind
from .sqlite_writes import Committed, SqliteWriter

ValueT = TypeVar("ValueT")

# Documents of a page that are read at once; a longer one is left to the store's thread.
_FEW = 100


class SqliteStore:
    """Keeps everything in a SQLite file, and the bytes of files in a folder beside it.

    Args:
        path: The file, such as `"assistants.db"`; it is made where it does not exist. Files lie in `PATH.files/`.
        lease: Seconds after which the run of a worker that does not answer is given to another.

    One process uses a file at a time.
    """

    linger = 0.05
    """Deltas of 50 ms are written in one go: a transaction each would cost more than the model's own work."""
    size = 0
    """Nothing is kept in memory."""

    def __init__(self, path: str | Path, *, lease: float = 60.0) -> None:
        self._path = Path(path)
        self._folder = Path(f"{path}.files")
        self.lease: float | None = lease
        """Seconds after which a claim is lost."""
        self._lease = lease
        # One thread: SQLite has one writer, and answers in some 20 µs, which is less than a second thread costs.
        self._thread: JobThread | None = None
        self._file: SqliteFile | None = None
        self._writer: SqliteWriter | None = None
        self._heard: Callable[[Notice, str], None] = _ignore
        self._claimer: Claimer | None = None
        self._dues: dict[str, float] = {}
        self._followers: dict[str, set[LocalFollower]] = {}
        # The latest events of each active run, and the position of the first of them.
        self._latest: dict[str, tuple[int, Sequence[Event]]] = {}

    @property
    def name(self) -> str:
        """Kind and place."""
        return f"sqlite:{self._path}"

    async def open(self) -> None:
        """Open the file; raises `ValueError` where it cannot be used."""
        if self._file is None:
            self._thread = JobThread("sqlite")
            try:
                await self._run(self._open)
            except StoreError as error:
                raise ValueError(f"the store {self._path} cannot be opened: {error}") from None
            finally:
                if self._file is None:
                    self._thread.stop()
                    self._thread = None

    def cut(self) -> None:
        """Cut all followers."""
        for followers in self._followers.values():
            for follower in followers:
                follower.end(cut=True)

    async def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            await self._run(self._file.close)
            self._file = None
            assert self._thread is not None
            self._thread.stop()
            self._thread = None

    async def check(self) -> None:
        """Raise `StoreError` where the file cannot be read."""
        await self._ask(reads.get, Key("", "", ""))

    def listen(self, heard: Callable[[Notice, str], None], claimer: Claimer | None = None) -> None:
        """Call a function with each notice and the id of its run; runs are claimed as they are queued."""
        self._heard, self._claimer = heard, claimer

    # Documents

    async def get(self, key: Key) -> Stored | None:
        """Return a document; None where there is none."""
        return self._look(reads.get, key)

    async def page(self, kind: str, parent: str, query: PageQuery) -> Page:
        """Return a page of documents; raises `UnknownCursorError`."""
        if query.limit is not None and query.limit <= _FEW:
            return self._look(reads.page, kind, parent, query)
        return await self._ask(reads.page, kind, parent, query)

    async def pages(self, parent: str, queries: Mapping[str, PageQuery]) -> Sequence[Page]:
        """Return a page of each of some kinds of documents; raises `UnknownCursorError`."""
        short = {kind: query if query.limit else query._replace(limit=_FEW) for kind, query in queries.items()}
        pages = self._look(reads.pages, parent, short)
        if any(page.more and queries[kind] != short[kind] for kind, page in zip(queries, pages, strict=True)):
            pages = await self._ask(reads.pages, parent, queries)
        return pages

    async def tally(self, kind: str, parent: str, ref: str | None = None) -> Tally:
        """Add documents up."""
        return await self._ask(reads.tally, kind, parent, ref)

    async def parents(self, kind: str, id: str) -> Sequence[str]:
        """Return the vector stores that have a file."""
        return self._look(reads.parents, id) if kind == "store_file" else ()

    async def active(self, thread_id: str) -> str | None:
        """Return the id of a thread's active run; None where there is none."""
        return self._look(reads.active, thread_id)

    def next_due(self, kind: str) -> float | None:
        """Return the time of the soonest `due` of a kind, or one before it."""
        return self._dues.get(kind)

    async def due(self, kind: str, now: float) -> Sequence[Key]:
        """Return the documents of a kind whose `due` has come."""
        keys, first = await self._ask(reads.due, kind, now)
        if first is None:
            self._dues.pop(kind, None)
        else:
            self._dues[kind] = first
        return keys

    async def commit(self, changes: Changes) -> None:
        """Make changes, all or none; raises `ConflictError`, `ClaimLostError` and `StoreError`."""
        with self._translated():
            self._opened()
            # In the same transaction: another would cost a third of a short run.
            claimer = self._claimer if queues_run(changes) else None
            worker = None if claimer is None else claimer.reserve()
            done = self._submit(self._commit, changes, worker)
            # Once begun it is made, and its followers are woken, whatever becomes of the task that waits for it.
            done.add_done_callback(partial(self._spread, changes))
            if claimer is not None and worker is not None:
                done.add_done_callback(partial(_take, claimer))
            for blob in changes.kept:
                assert isinstance(blob, DiskBlob)
                blob.commit = done
            await asyncio.shield(done)

    # Blobs

    def new_blob(self) -> DiskBlob:
        """Begin a blob."""
        return DiskBlob(self._folder)

    def read_blob(self, id: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob in pieces; raises `KeyError` where it is gone."""
        return read_file(self._folder, id)

    # Runs

    async def claim(self, worker: str, now: float, run_id: str | None = None) -> Claim | None:
        """Claim the next run that waits for a worker or was lost by one, or this one; None where there is none."""
        assert self._writer is not None
        return await self._run(self._writer.claim, worker, now, self._lease, run_id)

    async def renew(self, worker: str, run_ids: Collection[str], now: float) -> Collection[str]:
        """Renew the leases of a worker's claims of these runs, and return the runs that it has lost."""
        assert self._writer is not None
        return await self._run(self._writer.renew, worker, tuple(run_ids), now + self._lease)

    async def release(self, worker: str) -> None:
        """Give back all claims of a worker that stops."""
        if self._writer is not None and self._file is not None:
            await self._run(self._writer.release, worker)

    async def events(self, run_id: str, after: int) -> Sequence[Event]:
        """Return the events of a run behind a position."""
        return [event for _, event in (await self._history(run_id, after))[0]]

    def follow(self, run_id: str, after: int) -> LocalFollower:
        """Follow the events of a run from behind a position on."""
        follower = LocalFollower(run_id, after, self._history, self._leave)
        self._followers.setdefault(run_id, set()).add(follower)
        first, events = self._latest.get(run_id, (0, ()))
        if 0 < first <= after + 1:
            # Whoever has just made a run needs not read its first events.
            follower.begin(events[after + 1 - first :])
        return follower

    # Inside

    def _spread(self, changes: Changes, done: asyncio.Future[Committed]) -> None:
        """Let everyone know of a commit that was made."""
        if done.cancelled() or done.exception() is not None:
            return
        result = done.result()
        for kind, due in result.dues.items():
            self._dues[kind] = min(due, self._dues.get(kind, due))
        for run_id, first in result.firsts.items():
            self._latest[run_id] = (first, changes.events[run_id])
            for follower in self._followers.get(run_id, ()):
                follower.take(first, changes.events[run_id])
        for run_id in result.over:
            self._latest.pop(run_id, None)
            for follower in self._followers.pop(run_id, ()):
                follower.end()
        for notice, run_id in result.notices:
            self._heard(notice, run_id)

    async def _history(self, run_id: str, after: int) -> tuple[list[tuple[int, Event]], bool]:
        return await self._ask(reads.events, run_id, after)

    def _leave(self, follower: LocalFollower) -> None:
        followers = self._followers.get(follower.run_id)
        if followers is not None:
            followers.discard(follower)
            if not followers:
                del self._followers[follower.run_id]

    def _open(self) -> None:
        file = SqliteFile(self._path)
        try:
            rows = file.connection.execute("SELECT kind, min(due) FROM objects WHERE due IS NOT NULL GROUP BY kind")
            self._dues = dict(rows.fetchall())
            # Nobody reads yet: what no commit knows was left by a process that ended in between.
            sweep(self._folder, {str(name) for (name,) in file.connection.execute("SELECT id FROM blobs")})
            self._file, self._writer = file, SqliteWriter(file.connection)
        except BaseException:
            file.close()
            raise

    def _commit(self, changes: Changes, worker: str | None) -> Committed:
        assert self._writer is not None
        for blob in changes.kept:
            assert isinstance(blob, DiskBlob)
            blob.place()
        result = self._writer.commit(changes, None if worker is None else (worker, time.monotonic() + self._lease))
        for blob in changes.kept:
            assert isinstance(blob, DiskBlob)
            blob.is_kept = True
        # Last: a file that nobody names is swept at the next start, a file that somebody names must be there.
        remove_files(self._folder, changes.dropped)
        return result

    def _look(self, question: Callable[..., ValueT], *values: object) -> ValueT:
        """Answer a question at once, for what is a few rows: it takes 20 µs, and waking the thread and the loop 200."""
        file = self._opened()
        # Every commit makes the other connection forget the pages that it has read.
        is_free = self._thread is not None and self._thread.is_idle
        with self._translated():
            return question(file.connection if is_free else file.reader, *values)

    async def _ask(self, question: Callable[..., ValueT], *values: object) -> ValueT:
        return await self._run(question, self._opened().connection, *values)

    def _opened(self) -> SqliteFile:
        if self._file is None:
            raise StoreError(f"{self.name} is not open")
        return self._file

    async def _run(self, job: Callable[..., ValueT], *values: object) -> ValueT:
        """Run a job in the store's thread."""
        with self._translated():
            return await self._submit(job, *values)

    def _submit(self, job: Callable[..., ValueT], *values: object) -> asyncio.Future[ValueT]:
        """Give a job to the store's thread, which does one after the other."""
        if self._thread is None:
            raise StoreError(f"{self.name} is not open")
        return self._thread.submit(job, *values)

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except StoreError:
            raise
        except sqlite3.Error as error:
            raise error_kind(error)(f"{self.name}: {error}") from error
        except OSError as error:
            raise store_error(error) from error


def _take(claimer: Claimer, done: asyncio.Future[Committed]) -> None:
    """Give a claim to whoever has kept a slot for it, behind all other news of its commit."""
    failed = done.cancelled() or done.exception() is not None
    claimer.take(None if failed else done.result().claim)


def _ignore(_notice: Notice, _run_id: str) -> None:
    """Hear nothing: nobody has asked for notices yet."""
