"""One timer for all the limits of all calls of a client, and the means to end a call from outside.

`asyncio.timeout` around every await, or a timer for each call, would cost more than the rest of the client. Here a
call only notes when its limit passes; the client's one timer is set to the earliest of them, and since limits are
long and calls short, it is hardly ever moved.
"""

from __future__ import annotations

import asyncio
import os
from types import TracebackType
from typing import Any, Self

from ..errors import Phase, TimedOutError

_NEVER = float("inf")


def no_loop() -> RuntimeError:
    """Make the error of a call under trio, or where no loop runs; a function of the loop would cost each call two."""
    return RuntimeError("no event loop of asyncio is running: use asyncio.run, or anyio.run with backend='asyncio'")


class DeadlineTimer:
    """The timer, and the calls under way that it serves."""

    __slots__ = ("_handle", "deadlines", "fires_at", "loop")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # A set and no heap: calls end far more often than limits pass, and leave it in constant time.
        self.deadlines: set[Deadline] = set()
        """The calls under way: each is put in when it begins, and taken out when its answer is let go."""
        self.fires_at = _NEVER
        """The time at which the timer fires, by the loop's clock."""
        self._handle: asyncio.TimerHandle | None = None

    def set(self, when: float) -> None:
        """Fire at a time that is earlier than the one it is set to."""
        self.cancel()
        self.fires_at = when
        self._handle = self.loop.call_at(when, self._fire)

    def cancel(self) -> None:
        """Stop the timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self.fires_at = _NEVER

    def _fire(self) -> None:
        self._handle = None
        self.fires_at = _NEVER
        now = self.loop.time()
        # A copy: a call that is ended may leave the set at once.
        for deadline in tuple(self.deadlines):
            if deadline.due <= now:
                deadline.expire()
        earliest = min((deadline.due for deadline in self.deadlines), default=_NEVER)
        if earliest < _NEVER:
            self.set(earliest)


class Deadline:
    """The limits of one call: a block under it that passes a limit, or is interrupted, ends without an error.

    The caller then raises `error()`: raised in here, the error would have the cancellation, and the frames with
    all their locals, as its context. A cancellation of the task by anyone else passes through.
    """

    # A class with slots: each wait writes to it, and writing to a struct costs four times as much (2026-11).
    __slots__ = (
        "_before",
        "_clock",
        "_end",
        "_has_cancelled",
        "_limit",
        "_phase",
        "_started",
        "_task",
        "_total",
        "cause",
        "due",
        "helper",
    )

    def __init__(self, clock: DeadlineTimer, total: float | None, started: float | None = None) -> None:
        """Begin now, or earlier by the loop's clock; `total` is the seconds that the call may take in all."""
        self._clock = clock
        self._started = started = clock.loop.time() if started is None else started
        self._total = total
        self._end = _NEVER if total is None else started + total
        self._phase: Phase = "total"
        self._limit = 0.0
        self._task: asyncio.Task[object] | None = None
        self._before = 0
        self._has_cancelled = False
        self.cause: Exception | None = None
        """The error that ended the call, or ends its next block; see `error`."""
        self.helper: asyncio.Task[Any] | None = None
        """The task of the hook that the block waits for."""
        self.due = _NEVER
        """The time at which the block ends, by the loop's clock."""

    @property
    def elapsed(self) -> float:
        """Seconds since the call began."""
        return self._clock.loop.time() - self._started

    @property
    def left(self) -> float:
        """Seconds until the total limit; infinite where there is none."""
        return self._end - self._clock.loop.time()

    def limit(self, phase: Phase, seconds: float | None) -> None:
        """End the block so many seconds from now, or at the total limit if that comes first."""
        due = _NEVER if seconds is None else self._clock.loop.time() + seconds
        if due < self._end:
            self._phase, self._limit, self.due = phase, seconds or 0.0, due
        else:
            self._phase, self._limit, self.due = "total", self._total or 0.0, self._end
        # The timer is moved only to an earlier time: most calls end before, and then it was moved for nothing.
        if self.due < self._clock.fires_at:
            self._clock.set(self.due)

    def expire(self) -> None:
        """End the block because its limit has passed."""
        self.due = _NEVER
        self.interrupt(TimedOutError(self._phase, self._limit))

    def interrupt(self, cause: Exception, *, cancel: bool = True) -> None:
        """End the block that is running, from any task of the loop; the first cause counts, also for later blocks.

        Without `cancel` the block goes on to its own end: a task that interrupts itself sees to that.
        """
        if self.cause is None:
            self.cause = cause
            if self._task is not None and cancel:
                self._has_cancelled = True
                self._task.cancel()

    def clear_timeout(self) -> None:
        """Forget a limit that ended an attempt which is not the last; what ends the call itself stays."""
        # A close or another cause ends the call for good, whichever attempt is under way.
        if isinstance(self.cause, TimedOutError):
            self.cause = None

    def left_behind(self, text: str) -> None:
        """Say in the error that ended the block which code refused to end with it; no attempt meets it again."""
        if self.cause is not None:
            self.cause.add_note(text)
            if isinstance(self.cause, TimedOutError):
                self.cause.permanent = True

    def close(self) -> None:
        """Take the call, which is over, off the timer; again is no error."""
        self._clock.deadlines.discard(self)

    def error(self, status: int | None = None) -> Exception:
        """Return the error that ended the block; `status` is that of the head, where it had arrived."""
        cause = self.cause
        assert cause is not None
        if isinstance(cause, TimedOutError):
            cause.status = status
            # Before a connection exists, nothing can have reached the server.
            cause.maybe_processed = cause.phase not in ("pool", "connect")
        return cause

    @property
    def is_own(self) -> bool:
        """True where the block belongs to the task that runs now, such as one that closes the client in a hook."""
        now = asyncio.current_task(self._clock.loop)
        return now is not None and now in (self._task, self.helper)

    def begin(self, phase: Phase, seconds: float | None) -> None:
        """Begin a block that ends so many seconds from now, or at the total limit, unless `end` ends it before."""
        # What `with` and `limit` do, in one call: half of what they cost, which is 3 % of a live event (2026-11).
        self.__enter__()
        clock = self._clock
        due = _NEVER if seconds is None else clock.loop.time() + seconds
        if due >= self._end:
            self.limit("total", None)
            return
        self._phase, self._limit, self.due = phase, seconds or 0.0, due
        if due < clock.fires_at:
            clock.set(due)

    def end(self, error: BaseException | None = None) -> bool:
        """End the block; True where `error` is the cancellation by which it was interrupted, and goes no further."""
        task, self._task = self._task, None
        self.due = _NEVER
        if not self._has_cancelled or task is None:
            return False
        # Only a cancellation made here is taken back: one by anyone else goes on, also where both came.
        self._has_cancelled = False
        mine = task.uncancel() <= self._before
        return mine and isinstance(error, asyncio.CancelledError)

    def __enter__(self) -> Self:
        if self.cause is not None:  # a block that began now would have nothing to end it
            raise self.error()
        task = asyncio.current_task(self._clock.loop)
        if task is None:
            raise RuntimeError("calls must be awaited in a task: use asyncio.run, or create_task")
        self._task = task
        # Cancellations that were there before belong to others, and are not taken back here.
        self._before = task.cancelling()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        return self.end(error)


def jitter() -> float:
    """A random number from 0 to 1, to spread the load of many clients."""
    # Not by `random`, whose import takes 2 ms: `os` is here already.
    return int.from_bytes(os.urandom(4)) / 2**32
