"""Readers of events that this process commits to a database: what was before from there, what comes as it comes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from .interface import Event
from .memory_events import MemoryFollower

History = Callable[[str, int], Awaitable[tuple[list[tuple[int, Event]], bool]]]
"""Reads the events of a run behind a position, each with its own, and whether more may come."""


class LocalFollower:
    """A reader of the events of one run."""

    def __init__(self, run_id: str, after: int, history: History, leave: Callable[[LocalFollower], None]) -> None:
        self.run_id = run_id
        """The run."""
        self._after = after
        self._history: History | None = history
        self._leave = leave
        self._early: list[tuple[int, Sequence[Event]]] = []
        self._live = MemoryFollower()

    async def read(self, timeout: float) -> Sequence[Event] | None:
        """Wait for the next events: empty after so many seconds without one, None where none can come any more."""
        if self._history is not None:
            await self._catch_up(self._history)
        return await self._live.read(timeout)

    def close(self) -> None:
        """Read no more."""
        self._leave(self)

    def begin(self, events: Sequence[Event]) -> None:
        """Begin with these events, which are all up to now: there is no need to read any."""
        self._history = None
        self._live.take(events)

    def take(self, first: int, events: Sequence[Event]) -> None:
        """Add events that were committed, the first of which has this position."""
        if self._history is None:
            self._live.take(events)
        else:
            self._early.append((first, events))

    def end(self, *, cut: bool = False) -> None:
        """Add no more events."""
        self._live.end(cut=cut)

    async def _catch_up(self, history: History) -> None:
        rows, may_go_on = await history(self.run_id, self._after)
        last = rows[-1][0] if rows else self._after
        self._live.take([event for _, event in rows])
        # What was committed before that was read is in both.
        for first, events in self._early:
            self._live.take(events[max(0, last + 1 - first) :])
        self._history, self._early = None, []
        if not may_go_on:
            self._live.end()
