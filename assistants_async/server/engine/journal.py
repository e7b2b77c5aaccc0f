"""The changes of one claimed run on their way into the store, in order and under its claim."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from ..storage.interface import (
    Changes,
    Claim,
    ClaimLostError,
    ConflictError,
    Document,
    Event,
    Key,
    Store,
    Stored,
    StoreError,
    StoreRefusalError,
    Write,
)
from ..storage.joined import joined
from ..storage.kinds import ACTIVE

_log = logging.getLogger(__name__)

# Deltas that are written without waiting for the time that a store lingers.
_MOST_LINGERING = 32
# Seconds for which a status waits for the words behind it: a commit costs more than the rest of a short run.
_MOMENT = 0.01
# Seconds before a store that cannot be written is tried again, doubled each time up to the second number.
_RETRY, _LONGEST_RETRY = 0.5, 4.0
# Tries of what the store refuses for good, as far as can be seen: somebody may be about to mend it.
_MOST_REFUSALS = 5


class CancelledMeanwhileError(ClaimLostError):
    """The run was to go on, and a request has cancelled it: its worker has to read it anew."""


class ChangesRefusedError(ClaimLostError):
    """The store refuses the changes of the run for good: its worker has to read it anew, and end it."""


class JournalClosedError(ClaimLostError):
    """The journal writes nothing more, and its worker knows why."""


class Journal:
    """Collects changes and events, and commits them: deltas by themselves a moment later, all else at a `flush`."""

    def __init__(
        self, store: Store, claim: Claim, run: Stored, lost: Callable[[ClaimLostError], None], *, number: int = 0
    ) -> None:
        self._store = store
        self._claim = claim
        self._lost = lost
        self._run_key = Key("run", claim.thread_id, claim.run_id)
        self.run = run.document
        """The run's document as it is here; the store's may have other metadata, and be about to be cancelled."""
        self._versions = {self._run_key: run.version}
        self._events: list[Event] = []
        self._writes: dict[Key, Write] = {}
        self.number = number
        """Number of its latest commit; a second journal under the same claim goes on from there."""
        self._lock = asyncio.Lock()
        self._timer: asyncio.Handle | None = None
        self._task: asyncio.Task[None] | None = None
        self._written_at = 0.0
        self._has_words = False
        self._closed = asyncio.Event()

    def emit(self, event: Event) -> None:
        """Append an event; it is written with what came before it, as soon as the store writes deltas."""
        self._events.append(event)
        is_word = event.kind == "delta"
        if self._task is not None:
            return
        is_first = is_word and not self._has_words
        if self._timer is None or is_first:
            self._has_words = is_word
            self._arm(is_first=is_first)
        elif len(self._events) == _MOST_LINGERING and self._store.linger:
            self._timer.cancel()
            self._begin()

    def _arm(self, *, is_first: bool) -> None:
        """Set the time at which the events so far are written; the first words of an answer do not wait."""
        if self._timer is not None:
            self._timer.cancel()
        loop, linger = asyncio.get_running_loop(), self._store.linger
        # The words of the next moment go out together. In memory events go out when the loop turns, which is when
        # somebody could read them.
        wait = self._written_at + linger - loop.time() if linger and not is_first else 0.0
        if linger and not self._has_words:
            wait = max(wait, _MOMENT)
        self._timer = loop.call_later(wait, self._begin) if wait > 0 else loop.call_soon(self._begin)

    def put(self, kind: str, document: Document) -> None:
        """Add a message or a step to the run's thread."""
        self._writes[Key(kind, self._claim.thread_id, document["id"])] = Write(document, new=True)

    def save(self, kind: str, document: Document) -> None:
        """Replace a message or a step."""
        key = Key(kind, self._claim.thread_id, document["id"])
        write = self._writes.get(key)
        if write is None:
            self._writes[key] = Write(document)
        else:
            write.document = document

    def save_run(self, run: Document) -> None:
        """Replace the run's document."""
        self.run = run
        self.save("run", run)

    async def flush(self) -> None:
        """Wait until all changes so far are committed; raises `ClaimLostError` where they never will be."""
        async with self._lock:
            if self._closed.is_set():
                raise JournalClosedError
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            while self._events or self._writes:
                events, self._events = self._events, []
                writes, self._writes = self._writes, {}
                for key, write in writes.items():
                    # Not before: what is replaced may have been on its way into the store when this was saved.
                    write.expected = None if write.new else self._versions.get(key)
                self.number += 1
                try:
                    await self._commit(joined(events) if self._store.linger else events, writes)
                except ClaimLostError:
                    # What comes behind changes that were not made is not made either.
                    self.close()
                    raise
            self._written_at = asyncio.get_running_loop().time()

    def close(self) -> None:
        """Write nothing more."""
        self._closed.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    def _begin(self) -> None:
        self._timer = None
        self._task = asyncio.get_running_loop().create_task(self._flush_alone())

    async def _flush_alone(self) -> None:
        try:
            await self.flush()
        except ClaimLostError as error:
            self._lost(error)
        finally:
            self._task = None

    async def _commit(self, events: list[Event], writes: dict[Key, Write]) -> None:
        failures = refusals = 0
        while True:
            try:
                await self._try(events, writes)
            except ConflictError:
                continue
            except ClaimLostError:
                raise
            except Exception as error:
                # Runs go on when the store is back: their answers are not lost with a connection. An error that is none
                # of a store's own is one of what is written.
                refusals += isinstance(error, StoreRefusalError) or not isinstance(error, StoreError)
                if refusals == _MOST_REFUSALS:
                    raise ChangesRefusedError from error
                if not failures:
                    # Once, and not at each try: a store may be away for hours, with many runs.
                    _log.warning("the events of run %s cannot be written yet: %s", self._claim.run_id, error)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(_RETRY * 2 ** min(failures, 8), _LONGEST_RETRY)):
                        await self._closed.wait()
                        raise JournalClosedError from error
                failures += 1
            else:
                break
        for key, write in writes.items():
            self._versions[key] = write.version

    async def _try(self, events: list[Event], writes: dict[Key, Write]) -> None:
        """Commit changes once, and take over what was in their way."""
        named = {self._claim.run_id: events} if events else {}
        try:
            await self._store.commit(Changes(self._claim, self.number, writes=writes, events=named))
        except ConflictError:
            await self._take_over(events, writes)
            raise

    async def _take_over(self, events: list[Event], writes: dict[Key, Write]) -> None:
        """Take over what requests have changed meanwhile, which is metadata, and that the run is to be cancelled."""
        for key, write in writes.items():
            if write.new or write.document is None:
                continue
            stored = await self._store.get(key)
            if stored is None:
                raise ClaimLostError
            if stored.version == write.expected:
                continue
            fresh, ours = stored.document, write.document
            if key == self._run_key and fresh["status"] == "cancelling" and ours["status"] in ACTIVE:
                raise CancelledMeanwhileError
            metadata = {"metadata": fresh.get("metadata")}
            write.document, write.expected = {**ours, **metadata}, stored.version
            later = self._writes.get(key)
            if later is not None and later.document is not None:
                later.document = {**later.document, **metadata}
            if key == self._run_key:
                self.run = {**self.run, **metadata}
                for waiting in (events, self._events):
                    waiting[:] = [_with(event, metadata) if event.kind == "run" else event for event in waiting]


def _with(event: Event, members: Document) -> Event:
    return event._replace(document={**event.document, **members})
