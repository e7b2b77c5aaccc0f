"""The interface of stores, and the values that go through it.

A store keeps documents by value: one that came out of it is never changed, a changed one is a new dict. Reads see what
was committed. All that a request changes goes into one commit, which happens as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from .blob_writer import BlobWriter

Document = dict[str, Any]
"""One stored object: the members of both protocol versions, and some of the server's own that are never shown."""

Notice = Literal["queued", "cancelling", "gone"]
"""News of a run: it waits for a worker, is to be cancelled, or was taken away with its thread."""


class Key(NamedTuple):
    """The name of a document."""

    kind: str
    """Its kind, such as `"message"`."""
    parent: str
    """Id of the object that it belongs to; empty where it belongs to none."""
    id: str
    """Its id, which is unique under the parent."""


class Stored(NamedTuple):
    """A document as it is in the store."""

    document: Document
    version: int
    """Number of the write that made it; it differs from that of every other write of the store."""
    place: int
    """Its place among all documents of the store: one that was put later has a higher place."""


class PageQuery(NamedTuple):
    """The question for a page of the documents of one kind and parent."""

    limit: int | None = None
    """Documents at most; None for all."""
    ascending: bool = True
    """True for the oldest first, by place."""
    after: str | None = None
    """Id behind which the page begins; that of a removed document keeps its place."""
    before: str | None = None
    """Id before which the page ends. With `after` absent, the page is the one right before it."""
    ref: str | None = None
    """The `ref` of the documents' columns (`kinds.py`)."""
    state: str | None = None
    """The `state` of the documents' columns."""


class Page(NamedTuple):
    """An answer to a `PageQuery`."""

    rows: Sequence[Stored]
    more: bool
    """True where there are further documents in the direction of the page."""


class Tally(NamedTuple):
    """The sums over the documents of one kind and parent."""

    states: Mapping[str, int]
    """The number of documents by `state`."""
    amount: int
    """The sum of their `amount`."""
    stamp: int
    """A number that differs after every change of these documents."""

    @property
    def total(self) -> int:
        """The number of documents."""
        return sum(self.states.values())


class Event(NamedTuple):
    """An event of a run, with the object as it was then."""

    name: str
    """Its name, such as `"thread.run.queued"`."""
    kind: str
    """Kind of the object."""
    document: Document


@dataclass(frozen=True, slots=True)
class Claim:
    """The right of one worker to change a run; the `epoch` tells it from earlier claims of the same run."""

    run_id: str
    thread_id: str
    epoch: int
    lost: bool = False
    """True where an earlier worker held the run and did not come back."""
    losses: int = 0
    """Workers that lost the run since it was last queued by a request."""
    more: bool = field(default=True, compare=False)
    """False where no other run waited for a worker then."""


class Claimer(Protocol):
    """The part of this process that works on runs, as a store sees it."""

    def reserve(self) -> str | None:
        """Keep a slot for a run that a request is about to queue, and return the worker; None without a free slot."""
        ...

    def take(self, claim: Claim | None) -> None:
        """Use the slot for this claim, or give it back where none was made."""
        ...


class ConflictError(Exception):
    """Something that a commit relies on was changed since it was read; nothing was committed."""


class ClaimLostError(Exception):
    """The run was given to another worker, or is gone; nothing was committed."""


class UnknownCursorError(Exception):
    """No document of this kind and parent ever had the id that `after` or `before` names."""

    def __init__(self, name: str, id: str) -> None:
        super().__init__(f"{name}={id}")
        self.name = name
        """`"after"` or `"before"`."""
        self.id = id
        """The id."""


class StoreError(OSError):
    """The store cannot be reached just now, or cannot be written; nothing is known of what was under way."""


class StoreFullError(StoreError):
    """There is no room left on the disk; nothing was committed."""


class StoreRefusalError(StoreError):
    """The database refused a statement, and not for the moment alone: a table is missing, or the file is broken."""


class StreamCutError(Exception):
    """The server closes: the events of a run go on, but not here."""


class Follower(Protocol):
    """A reader of the events of one run."""

    async def read(self, timeout: float) -> Sequence[Event] | None:
        """Wait for the next events: empty after so many seconds, None after the last; raises `StreamCutError`."""
        ...

    def close(self) -> None:
        """Read no more."""
        ...


class Write(msgspec.Struct):
    """One document of a commit."""

    document: Document | None
    """The document from now on; None to remove it, which leaves its place to cursors."""
    new: bool = False
    """True to put it behind all others, also where one with its key exists."""
    expected: int | None = None
    """The version that is replaced or removed; None for any, 0 where there must be no document with the key."""
    version: int = 0
    """The version that it has got, once it is committed."""


class Changes(msgspec.Struct):
    """Everything that one commit does; it is all done, in this order, or nothing of it.

    The rows of runs follow from the run documents in it (`RunRow` of `run_rows.py`).
    """

    claim: Claim | None = None
    """The claim under which it is made: fails with `ClaimLostError` where the run has another one by now."""
    number: int = 0
    """Number of the commit under its claim, from 1: one that was made already, its answer being lost, does nothing."""
    guards: dict[Key, int] = {}
    """Versions that must be what they were; fails with `ConflictError`, as do the expected ones of writes."""
    cleared: list[tuple[str, str]] = []
    """Kinds and parents whose documents are all removed, places too."""
    writes: dict[Key, Write] = {}
    """Documents, in the order of their places."""
    events: dict[str, list[Event]] = {}
    """Events to append, by run."""
    kept: list[BlobWriter] = []
    """Blobs that are complete, and readable from now on."""
    dropped: list[str] = []
    """Ids of blobs to remove."""
    positions: dict[str, int] = {}
    """Filled in by the store: the position in the events of each run before those of this commit."""


class Store(Protocol):
    """The place of a server's objects, of the events of runs, and of the bytes of files."""

    @property
    def linger(self) -> float:
        """Seconds for which the deltas of a run are collected before they are written as one; 0 writes each."""
        ...

    @property
    def lease(self) -> float | None:
        """Seconds after which a claim that is not renewed is lost; None where this process alone makes claims."""
        ...

    @property
    def size(self) -> int:
        """Bytes that it takes of this process's memory, as an estimate."""
        ...

    @property
    def name(self) -> str:
        """Kind and place of the store in words, without credentials, such as `"memory"`."""
        ...

    async def open(self) -> None:
        """Get ready; raises `ValueError` where the store cannot be used, in one sentence. May be called again."""
        ...

    def cut(self) -> None:
        """End all followers by a cut: the server closes."""
        ...

    async def close(self) -> None:
        """Let go of everything; what was committed stays, but for a store in memory. May be called again."""
        ...

    async def check(self) -> None:
        """Raise `StoreError` where it cannot be reached just now."""
        ...

    def listen(self, heard: Callable[[Notice, str], None], claimer: Claimer | None = None) -> None:
        """Call a function with each notice and the id of its run, on the event loop, after the commit.

        A store may claim a run in the commit that queues it, where the claimer has a slot: there is no notice then.
        """
        ...

    # Documents

    async def get(self, key: Key) -> Stored | None:
        """Return a document; None where there is none."""
        ...

    async def page(self, kind: str, parent: str, query: PageQuery) -> Page:
        """Return a page of documents; raises `UnknownCursorError`."""
        ...

    async def pages(self, parent: str, queries: Mapping[str, PageQuery]) -> Sequence[Page]:
        """Return a page of each of some kinds of documents of one parent; raises `UnknownCursorError`."""
        ...

    async def tally(self, kind: str, parent: str, ref: str | None = None) -> Tally:
        """Add documents up, those with this `ref` where it is given; the stamp is of all of them in any case."""
        ...

    async def parents(self, kind: str, id: str) -> Sequence[str]:
        """Return the parents under which a `store_file` has this id; other kinds need not be looked up so."""
        ...

    async def active(self, thread_id: str) -> str | None:
        """Return the id of a thread's active run; None where there is none."""
        ...

    def next_due(self, kind: str) -> float | None:
        """Return the time of the soonest `due` of a kind, as far as this process knows; too early does no harm."""
        ...

    async def due(self, kind: str, now: float) -> Sequence[Key]:
        """Return the documents of a kind whose `due` has come; they stay due until they are changed."""
        ...

    async def commit(self, changes: Changes) -> None:
        """Make changes, all or none; raises `ConflictError`, `ClaimLostError` and `StoreError`.

        A thread has at most one active run: a second one is a `ConflictError`. Notices follow the commit: `queued` for
        a run that waits for a worker, `cancelling` where the commit of a request says so, `gone` for active runs that
        were removed.
        """
        ...

    # Blobs

    def new_blob(self) -> BlobWriter:
        """Begin a blob."""
        ...

    def read_blob(self, id: str) -> AsyncIterator[bytes]:
        """Yield the bytes of a blob in pieces; raises `KeyError` where it is gone."""
        ...

    # Runs

    async def claim(self, worker: str, now: float, run_id: str | None = None) -> Claim | None:
        """Claim this run, or the next that waits or was lost; None for none. `now` is by a clock that never jumps."""
        ...

    async def renew(self, worker: str, run_ids: Collection[str], now: float) -> Collection[str]:
        """Renew a worker's claims of these runs, or of none, a few times in each lease; return those it lost."""
        ...

    async def release(self, worker: str) -> None:
        """Give back all claims of a worker that stops: others may claim those runs at once, as lost ones."""
        ...

    async def events(self, run_id: str, after: int) -> Sequence[Event]:
        """Return the events of a run behind a position, as far as they are kept; deltas may be joined."""
        ...

    def follow(self, run_id: str, after: int) -> Follower:
        """Follow the events of a run from behind a position on, from this call on; deltas may be joined."""
        ...
