"""Readers of events that any process commits to a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from .interface import Event, StoreError, StreamCutError
from .joined import joined

History = Callable[[str, int], Awaitable[tuple[list[tuple[int, Event]], bool]]]
"""Reads the events of a run behind a position, each with its own, and whether more may come."""

# Seconds after which a reader looks by itself, should a notice have been lost.
_LOOK = 1.0
# Seconds for which a reader waits for a database that cannot be reached.
_PATIENCE = 60.0


class PostgresFollower:
    """A reader of the events of one run: it has none in memory, and reads on when it is woken."""

    def __init__(self, run_id: str, after: int, history: History, leave: Callable[[PostgresFollower], None]) -> None:
        self.run_id = run_id
        """The run."""
        self._after = after
        self._history = history
        self._leave = leave
        self._news = asyncio.Event()
        self._was_cut = False
        self._silent_since: float | None = None

    async def read(self, timeout: float) -> Sequence[Event] | None:
        """Wait for the next events: empty after so many seconds without one, None where none can come any more."""
        clock = asyncio.get_running_loop().time
        until = clock() + timeout
        while True:
            self._news.clear()
            if self._was_cut:
                raise StreamCutError
            rows, may_go_on = await self._look(clock())
            if rows:
                self._after = rows[-1][0]
                return joined(event for _, event in rows)
            if not may_go_on:
                return None
            try:
                async with asyncio.timeout(min(_LOOK, until - clock())):
                    await self._news.wait()
            except TimeoutError:
                if clock() >= until:
                    return ()

    def close(self) -> None:
        """Read no more."""
        self._leave(self)

    def wake(self) -> None:
        """Let it look."""
        self._news.set()

    def cut(self) -> None:
        """Let it read no more."""
        self._was_cut = True
        self._news.set()

    async def _look(self, now: float) -> tuple[list[tuple[int, Event]], bool]:
        """Read on; a database that is away for a while is waited for, since runs go on when it is back."""
        try:
            found = await self._history(self.run_id, self._after)
        except StoreError:
            if self._silent_since is None:
                self._silent_since = now
            if now - self._silent_since > _PATIENCE:
                raise
            return [], True
        self._silent_since = None
        return found
