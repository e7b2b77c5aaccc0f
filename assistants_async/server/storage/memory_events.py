"""The events of runs in memory, and those who follow them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .interface import Event, StreamCutError
from .joined import joined

# Events that wait for one reader, or are kept for later ones, before those in a row are joined: a reader that stalls
# takes the text that it has not read, and not a hundred times that.
_MOST_WAITING = 256


class MemoryFollower:
    """A reader of the events of one run."""

    def __init__(self, log: EventLog | None = None) -> None:
        self._log = log
        self._waiting: list[Event] = []
        self._limit = _MOST_WAITING
        self._wake = asyncio.Event()
        self._ended = False
        self._was_cut = False

    async def read(self, timeout: float) -> Sequence[Event] | None:
        """Wait for the next events: empty after so many seconds without one, None where none can come any more."""
        if not (self._waiting or self._ended or self._was_cut):
            self._wake.clear()
            try:
                async with asyncio.timeout(timeout):
                    await self._wake.wait()
            except TimeoutError:
                return ()
        if self._was_cut:
            raise StreamCutError
        if not self._waiting:
            return None
        events, self._waiting, self._limit = self._waiting, [], _MOST_WAITING
        return events

    def close(self) -> None:
        """Read no more."""
        if self._log is not None:
            self._log.followers.discard(self)
            self._log = None

    def take(self, events: Sequence[Event]) -> None:
        """Add events."""
        self._waiting += events
        if len(self._waiting) > self._limit:
            self._waiting = joined(self._waiting)
            self._limit = len(self._waiting) + _MOST_WAITING
        self._wake.set()

    def end(self, *, cut: bool = False) -> None:
        """Add no more events; a cut reader gets none of those that wait either."""
        self._ended, self._was_cut = True, cut
        self._wake.set()


class EventLog:
    """The events of one active run."""

    def __init__(self) -> None:
        self.followers: set[MemoryFollower] = set()
        """Those who read."""
        self._kept: list[Event] = []
        self._fresh: list[Event] = []

    @property
    def position(self) -> int:
        """The position behind all events so far."""
        self._settle()
        return len(self._kept)

    def append(self, events: Sequence[Event]) -> None:
        """Add events."""
        self._fresh += events
        # Joined where they are of one piece, so that what is kept grows with the text.
        if len(self._fresh) > _MOST_WAITING:
            self._settle()
        for follower in self.followers:
            follower.take(events)

    def behind(self, position: int) -> list[Event]:
        """Return the events behind a position."""
        self._settle()
        return self._kept[position:]

    def end(self, *, cut: bool = False) -> None:
        """Let nobody wait any longer."""
        for follower in self.followers:
            follower.end(cut=cut)
        self.followers = set()

    def _settle(self) -> None:
        fresh, self._fresh = self._fresh, []
        self._kept += joined(fresh)
