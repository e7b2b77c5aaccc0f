"""One timer for all the limits of all calls of a client, and the means to end a call from outside.

`asyncio.timeout` around every await, or a timer for each call, would cost more than the rest of the client. Here a
call only notes when its limit passes; the client's one timer stands at the earliest of them, and since limits are
long and calls short, it is hardly ever moved.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import msgspec

from ..errors import Phase, TimedOutError

_NEVER = float("inf")


class DeadlineTimer:
    """The timer, and the calls under way that it serves."""

    __slots__ = ("_handle", "fires_at", "loop", "watches")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.watches: set[Deadline] = set()
        """The calls under way: each is put in when it begins, and taken out when its answer is let go."""
        self.fires_at = _NEVER
        """When the timer rings, by the loop's time."""
        self._handle: asyncio.TimerHandle | None = None

    def watch(self, total: float | None, started: float | None = None) -> Deadline:
        """Make the watch of a call that begins now, or began earlier, and may take so many seconds in all."""
        started = self.loop.time() if started is None else started
        return Deadline(self, started, total, _NEVER if total is None else started + total)

    def set(self, when: float) -> None:
        """Have the timer ring at a time that is before the one it stands at."""
        self.cancel()
        self.fires_at = when
        self._handle = self.loop.call_at(when, self._ring)

    def cancel(self) -> None:
        """Take the timer back."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self.fires_at = _NEVER

    def _ring(self) -> None:
        self._handle = None
        self.fires_at = _NEVER
        now = self.loop.time()
        for watch in tuple(self.watches):
            if watch.due <= now:
                watch.expire()
        earliest = min((watch.due for watch in self.watches), default=_NEVER)
        if earliest < _NEVER:
            self.set(earliest)


class Deadline(msgspec.Struct, eq=False):
    """The limits of one call; a block inside it that one of them ends, or `interrupt`, ends silently.

    The caller then raises `failure()`: raised in here, the error would have the cancellation, and the frames with
    all their locals, as its context. A cancellation of the task by anyone else passes through.
    """

    _clock: DeadlineTimer
    _started: float
    _total: float | None
    _end: float
    _phase: Phase = "total"
    _limit: float = 0.0
    _task: asyncio.Task[object] | None = None
    _before: int = 0
    _cause: Exception | None = None
    due: float = _NEVER
    """When the block ends, by the loop's time."""

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock.loop.time() - self._started

    @property
    def left(self) -> float:
        """Seconds until the total limit; infinite where there is none."""
        return self._end - self._clock.loop.time()

    def limit(self, phase: Phase, seconds: float | None) -> None:
        """Have the block end so many seconds from now, or at the total limit if that comes first."""
        due = _NEVER if seconds is None else self._clock.loop.time() + seconds
        if due < self._end:
            self._phase, self._limit, self.due = phase, seconds or 0.0, due
        else:
            self._phase, self._limit, self.due = "total", self._total or 0.0, self._end
        if self.due < self._clock.fires_at:
            self._clock.set(self.due)

    def expire(self) -> None:
        """End the block because its limit has passed."""
        self.due = _NEVER
        self.interrupt(TimedOutError(self._phase, self._limit))

    def interrupt(self, cause: Exception) -> None:
        """End the block that is running, from any task of the loop; the first cause counts, also for later blocks."""
        if self._cause is None:
            self._cause = cause
            if self._task is not None:
                self._task.cancel()

    def clear_timeout(self) -> None:
        """Forget a limit that ended an attempt which is not the last; what ends the call itself stays."""
        if isinstance(self._cause, TimedOutError):
            self._cause = None

    def close(self) -> None:
        """Have the clock forget the call, which is over; again is no error."""
        self._clock.watches.discard(self)

    @property
    def interrupted(self) -> bool:
        """Whether `failure()` has something to raise: to be asked before each block, too."""
        return self._cause is not None

    def error(self, status: int | None = None) -> Exception:
        """What ended the block; `status` is that of the head, where it had arrived."""
        cause = self._cause
        assert cause is not None
        if isinstance(cause, TimedOutError):
            cause.status = status
            cause.maybe_processed = cause.phase not in ("pool", "connect")
        return cause

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._clock.loop)
        if task is None:
            raise RuntimeError("calls must be awaited in a task: use asyncio.run, or create_task")
        self._task = task
        self._before = task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        task, self._task = self._task, None
        self.due = _NEVER
        if self._cause is None or task is None:
            return False
        mine = task.uncancel() <= self._before
        return mine and kind is not None and issubclass(kind, asyncio.CancelledError)
