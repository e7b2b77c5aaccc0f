"""The store in memory: the default, and the fastest; nothing of it outlives the process."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from collections.abc import Collection as AbstractCollection

from .collection import Collection, Counters
from .due_times import DueTimes
from .interface import (
    Changes,
    Claim,
    Claimer,
    ClaimLostError,
    ConflictError,
    Document,
    Event,
    Key,
    Notice,
    Page,
    PageQuery,
    Stored,
    Tally,
    Write,
)
from .kinds import columns
from .memory_events import EventLog, MemoryFollower
from .run_rows import RunRow, claim_of, claimed, is_claimable, row_after


class MemoryBlob:
    """Bytes on their way into the store."""

    in_memory = True
    """They are counted while they come."""

    def __init__(self, id: str) -> None:
        self.id = id
        """The id of the blob."""
        self.size = 0
        """Bytes that were written so far."""
        self._pieces: list[bytes] = []

    async def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._pieces.append(piece)
        self.size += len(piece)

    async def close(self) -> None:
        """Free the memory at once: the error of a refused upload keeps this object until its traceback is collected."""
        self._pieces = []

    def content(self) -> bytes:
        """Return all bytes."""
        # Kept joined: pieces and whole at once would take the memory twice.
        self._pieces = [b"".join(self._pieces)]
        return self._pieces[0]


class MemoryStore:
    """Keeps everything in this process; no method of it waits for anything but events."""

    linger = 0.0
    """Deltas are never collected: a piece that is written is there at once."""
    lease: float | None = None
    """Claims are never lost, since they end with the process."""
    name = "memory"
    """Its kind."""

    def __init__(self) -> None:
        self._heard: Callable[[Notice, str], None] = _ignore
        self.reset()

    def reset(self) -> None:
        """Forget everything; followers are cut."""
        # By `getattr`, since there are no logs yet when `__init__` calls this.
        for log in getattr(self, "_logs", {}).values():
            log.end(cut=True)
        self._counters = Counters()
        self._collections: dict[tuple[str, str], Collection] = {}
        self._contents: dict[str, bytes] = {}
        self._due: dict[str, DueTimes[Key]] = {}
        self._holders: dict[str, set[str]] = {}
        self._rows: dict[str, RunRow] = {}
        self._active: dict[str, str] = {}
        self._queue: deque[str] = deque()
        self._logs: dict[str, EventLog] = {}
        self._blobs = 0

    @property
    def size(self) -> int:
        """Bytes that it takes, as an estimate."""
        return self._counters.bytes

    async def open(self) -> None:
        """Do nothing: it is ready."""

    async def close(self) -> None:
        """Do nothing: what it keeps goes with it."""

    def cut(self) -> None:
        """Cut all followers."""
        for log in self._logs.values():
            log.end(cut=True)

    async def check(self) -> None:
        """Do nothing: it can always be reached."""

    def listen(self, heard: Callable[[Notice, str], None], claimer: Claimer | None = None) -> None:  # noqa: ARG002
        """Call a function with each notice and the id of its run."""
        self._heard = heard

    # Documents

    async def get(self, key: Key) -> Stored | None:
        """Return a document; None where there is none."""
        collection = self._collections.get(key[:2])
        return None if collection is None else collection.get(key.id)

    async def page(self, kind: str, parent: str, query: PageQuery) -> Page:
        """Return a page of documents; raises `UnknownCursorError`."""
        return self._of(kind, parent).page(query)

    async def pages(self, parent: str, queries: Mapping[str, PageQuery]) -> Sequence[Page]:
        """Return a page of each of some kinds of documents; raises `UnknownCursorError`."""
        return [self._of(kind, parent).page(query) for kind, query in queries.items()]

    async def tally(self, kind: str, parent: str, ref: str | None = None) -> Tally:
        """Add documents up."""
        return self._of(kind, parent).tally(ref)

    async def parents(self, kind: str, id: str) -> Sequence[str]:
        """Return the vector stores that have a file."""
        return list(self._holders.get(id, ())) if kind == "store_file" else ()

    async def active(self, thread_id: str) -> str | None:
        """Return the id of a thread's active run; None where there is none."""
        return self._active.get(thread_id)

    def next_due(self, kind: str) -> float | None:
        """Return the time of the soonest `due` of a kind."""
        times = self._due.get(kind)
        return None if times is None else times.first

    async def due(self, kind: str, now: float) -> Sequence[Key]:
        """Return the documents of a kind whose `due` has come."""
        times = self._due.get(kind)
        return () if times is None else times.until(now)

    async def commit(self, changes: Changes) -> None:
        """Make changes, all or none; raises `ConflictError` and `ClaimLostError`."""
        # All checks before the first change: nothing has to be undone.
        self._check(changes)
        notices: list[tuple[Notice, str]] = []
        for kind, parent in changes.cleared:
            self._clear(kind, parent, notices)
        for run_id, events in changes.events.items():
            log = self._logs.get(run_id)
            if log is None:
                log = self._logs[run_id] = EventLog()
            if changes.claim is None:
                changes.positions[run_id] = log.position
            log.append(events)
        for key, write in changes.writes.items():
            self._write(key, write, by_worker=changes.claim is not None, notices=notices)
        for blob in changes.kept:
            assert isinstance(blob, MemoryBlob)
            self._contents[blob.id] = blob.content()
            self._counters.bytes += blob.size
        for blob_id in changes.dropped:
            self._counters.bytes -= len(self._contents.pop(blob_id, b""))
        # Last: who is called may read the store at once, and must see all changes.
        for notice, run_id in notices:
            self._heard(notice, run_id)

    # Blobs

    def new_blob(self) -> MemoryBlob:
        """Begin a blob."""
        self._blobs += 1
        return MemoryBlob(str(self._blobs))

    async def read_blob(self, id: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob, which are one piece; raises `KeyError` where it is gone."""
        yield self._contents[id]

    # Runs

    async def claim(self, worker: str, now: float, run_id: str | None = None) -> Claim | None:
        """Claim the next run that waits for a worker, or this one; None where there is none."""
        while run_id is not None or self._queue:
            name = self._queue.popleft() if run_id is None else run_id
            row = self._rows.get(name)
            if row is not None and is_claimable(row, now, by_name=run_id is not None):
                # No lease: the worker ends with the store, so its claim can never be lost.
                after = self._rows[name] = claimed(row, worker, float("inf"))
                return claim_of(name, row, after, more=bool(self._queue))
            if run_id is not None:
                break
        return None

    async def renew(
        self,
        worker: str,  # noqa: ARG002
        run_ids: AbstractCollection[str],  # noqa: ARG002
        now: float,  # noqa: ARG002
    ) -> AbstractCollection[str]:
        """Do nothing: claims are never lost."""
        return ()

    async def release(self, worker: str) -> None:
        """Do nothing: nobody is left to claim them."""

    async def events(self, run_id: str, after: int) -> Sequence[Event]:
        """Return the events of an active run behind a position."""
        log = self._logs.get(run_id)
        return () if log is None else log.behind(after)

    def follow(self, run_id: str, after: int) -> MemoryFollower:
        """Follow the events of a run from behind a position on."""
        log = self._logs.get(run_id)
        follower = MemoryFollower(log)
        if log is None:
            follower.end()
        else:
            follower.take(log.behind(after))
            log.followers.add(follower)
        return follower

    # Inside

    def _of(self, kind: str, parent: str) -> Collection:
        collection = self._collections.get((kind, parent))
        if collection is None:
            collection = self._collections[kind, parent] = Collection(kind, self._counters)
        return collection

    def _check(self, changes: Changes) -> None:
        """Raise where the changes cannot be made."""
        claim = changes.claim
        if claim is not None:
            row = self._rows.get(claim.run_id)
            if row is None or row.epoch != claim.epoch:
                raise ClaimLostError
        for key, version in changes.guards.items():
            self._compare(key, version)
        for key, write in changes.writes.items():
            if write.expected is not None:
                self._compare(key, write.expected)
            if key.kind == "run" and write.new and key.parent in self._active:
                raise ConflictError(f"thread {key.parent} has an active run")

    def _compare(self, key: Key, version: int) -> None:
        stored = self._of(key.kind, key.parent).get(key.id)
        if (0 if stored is None else stored.version) != version:
            raise ConflictError(f"{key.kind} {key.id} was changed")

    def _write(self, key: Key, write: Write, *, by_worker: bool, notices: list[tuple[Notice, str]]) -> None:
        collection, document = self._of(key.kind, key.parent), write.document
        if document is None:
            if collection.get(key.id) is not None:
                collection.remove(key.id)
                self._forget(key)
            return
        entry = columns(key.kind, document)
        write.version = collection.put(document, entry) if write.new else collection.save(document, entry)
        if entry.due is not None:
            self._due.setdefault(key.kind, DueTimes()).add(key, entry.due)
        elif key.kind in self._due:
            self._due[key.kind].discard(key)
        if key.kind == "store_file":
            self._holders.setdefault(key.id, set()).add(key.parent)
        elif key.kind == "run":
            self._write_row(key, document, by_worker=by_worker, notices=notices)

    def _write_row(self, key: Key, run: Document, *, by_worker: bool, notices: list[tuple[Notice, str]]) -> None:
        row, notice = row_after(self._rows.get(key.id), key.parent, run["status"], by_worker=by_worker)
        if row is None:
            self._end(key.id, key.parent)
            return
        self._rows[key.id], self._active[key.parent] = row, key.id
        if notice == "queued":
            self._queue.append(key.id)
        if notice is not None:
            notices.append((notice, key.id))

    def _forget(self, key: Key) -> None:
        if key.kind in self._due:
            self._due[key.kind].discard(key)
        if key.kind == "store_file":
            holders = self._holders[key.id]
            holders.discard(key.parent)
            if not holders:
                del self._holders[key.id]

    def _clear(self, kind: str, parent: str, notices: list[tuple[Notice, str]]) -> None:
        collection = self._collections.pop((kind, parent), None)
        if collection is None:
            return
        for row in collection:
            self._forget(Key(kind, parent, row.document["id"]))
        collection.release()
        if kind == "run" and parent in self._active:
            run_id = self._active[parent]
            self._end(run_id, parent)
            notices.append(("gone", run_id))

    def _end(self, run_id: str, thread_id: str) -> None:
        """Forget that a run is active; its followers read on to the end."""
        self._rows.pop(run_id, None)
        self._active.pop(thread_id, None)
        log = self._logs.pop(run_id, None)
        if log is not None:
            log.end()


def _ignore(_notice: Notice, _run_id: str) -> None:
    """Hear nothing: nobody has asked for notices yet."""
