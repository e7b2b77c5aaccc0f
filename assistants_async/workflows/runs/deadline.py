"""A run that somebody waits for: the deadline of the wait, and what becomes of the run when the wait ends early."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from inspect import isawaitable
from typing import Any, TypeVar

from ...core.requests.options import BusyThreadPolicy
from ...errors import (
    AssistantsError,
    BodyTooLargeError,
    DecodeError,
    PaginationError,
    RunDeadlineError,
    RunError,
    StatusError,
    StreamError,
    ThreadBusyError,
    TimedOutError,
    TransportError,
    printable,
)
from ...models.runs import Run
from .options import RunOptions, StatusHook
from .requests import RunRequests

T = TypeVar("T")

# A request that failed: the run goes on without us, and can be waited for once more.
_UNHEARD = (TransportError, StatusError, DecodeError, BodyTooLargeError, StreamError, PaginationError)


class RunDeadline:
    """The run at the server, for as long as somebody waits for it here."""

    def __init__(self, lookups: RunRequests, policy: RunOptions) -> None:
        self._lookups = lookups
        self._policy = policy
        self._blamed: BaseException | None = None
        self._shown: tuple[str, str | None] | None = None
        self._limit: asyncio.Timeout | None = None
        self._last = math.inf  # when the deadline's grace ends
        self._grace_ends: float | None = None
        self.run: Run | None = None
        """The run as it was last seen."""
        self.thread_id = ""
        """Its thread, which not every server names in the run."""
        self.end: RunError | None = None
        """The run's bad end, which says more than a deadline that passes while its error is put together."""
        self.patience: BusyThreadPolicy | None = None
        """What waits for a busy thread before the run is made."""

    def note(self, run: Run) -> None:
        """Note the run's state."""
        self.run = run
        self.thread_id = self.thread_id or run.thread_id or ""

    async def see(self, run: Run) -> None:
        """Note the run's state, and tell `on_status` where its status is another than the last one told."""
        self.note(run)
        before, self._shown = self._shown, (run.id, run.status)
        if before != self._shown and self._policy.on_status is not None:
            await self.ours(_told(self._policy.on_status, run))

    async def ours(self, work: Awaitable[T]) -> T:
        """Await something of the caller's, so that its error is not taken for one of a request here.

        A deadline that it swallows goes on from here.
        """
        try:
            value = await work
        except BaseException as error:
            self._blamed = error
            raise
        if self._limit is not None and self._limit.expired():
            raise asyncio.CancelledError
        return value

    async def creating(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request that makes a run, which notes the run at its end.

        A wait that ends meanwhile would leave a run behind that nobody knows of: it is given the time to say which.
        """
        if self._policy.on_deadline == "leave":
            return await work
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            # Where the thread was busy nothing of it is under way, and nothing is to be sent.
            again = await self._finish(task, at_once=self._refusal is not None)
            if not task.cancelled():
                task.exception()  # looked at, and no more than that: the cancellation goes on
            raise again or error from None
        finally:
            task.cancel()  # where this one is closed
        return task.result()

    async def _finish(self, task: asyncio.Task[Any], *, at_once: bool = False) -> asyncio.CancelledError | None:
        """Give a task what is left of the grace, and end it; return what cancelled this one once more meanwhile."""
        import anyio

        clock = asyncio.get_running_loop().time
        if self._grace_ends is None:
            self._grace_ends = clock() + self._policy.grace
        again: asyncio.CancelledError | None = None
        while not task.done():
            left = 0 if at_once else self._grace_ends - clock()
            if left <= 0:
                task.cancel()
            try:
                with anyio.CancelScope(shield=True):
                    await asyncio.wait([task], timeout=left if left > 0 else None)
            except asyncio.CancelledError as error:
                again = error
        return again

    async def until(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await the whole work within the deadline; where it ends early, cancel the run or leave it.

        Raises `RunDeadlineError`, or `TimedOutError` where the deadline passed before a run was known. What else the
        work raises comes out with a note of what became of the run.
        """
        seconds = self._policy.deadline
        if seconds is not None:
            self._last = asyncio.get_running_loop().time() + seconds + self._policy.grace
        self._limit = limit = asyncio.timeout(seconds)
        try:
            async with limit:
                return await work()
        except (Exception, asyncio.CancelledError) as error:
            left, again = await self._let_go(error)
            if again is None and seconds is not None and type(error) is TimeoutError and limit.expired():
                raise self._late(seconds, left) from None
            if left:
                (again or error).add_note(left)
            if again is not None:
                raise again from None
            raise

    async def after(self, work: Awaitable[object]) -> None:
        """Await what follows the end of the work, such as a hook; at the deadline and its grace, it is given up."""
        import anyio

        clock = asyncio.get_running_loop().time
        with anyio.move_on_after(self._last - clock()):
            await work

    @property
    def _refusal(self) -> ThreadBusyError | None:
        return None if self.patience is None else self.patience.refusal

    def _late(self, seconds: float, left: str) -> Exception:
        run = self.run
        if run is None:
            return self._refusal or TimedOutError("total", seconds, maybe_processed=True)
        text = f"the deadline of {seconds:g} s passed: {left or self._named(run)}"
        return self.end or RunDeadlineError(text, run=run, deadline=seconds)

    async def _let_go(self, error: BaseException) -> tuple[str, asyncio.CancelledError | None]:
        """Cancel the run where that is asked for, and say how it was left; empty for one that had ended.

        A cancellation that comes meanwhile is given back: it goes on when the run is let go.
        """
        run = self.run
        if run is None or run.is_terminal:
            return "", None
        unheard = isinstance(error, _UNHEARD) and error is not self._blamed
        if unheard or self._policy.on_deadline == "leave":
            return f"{self._named(run)}, and was left so", None
        task = asyncio.ensure_future(self._cancel(run))
        try:
            again = await self._finish(task)
        finally:
            task.cancel()  # where this one is closed
        if task.cancelled():
            return f"{self._named(run)}, and did not answer when it was cancelled", again
        return task.result(), again

    async def _cancel(self, run: Run) -> str:
        try:
            self.run = await self._lookups.cancel(self.thread_id, run.id)
        except (AssistantsError, ValueError) as error:  # a ValueError for an id that is none
            # It may have ended by itself meanwhile.
            try:
                self.run = (await self._lookups.run(self.thread_id, run.id)).value
            except (AssistantsError, ValueError):
                return f"{self._named(run)}, and could not be cancelled: {error}"
            if self.run.is_terminal:
                return f"{self._named(self.run)} by then"
            return f"{self._named(self.run)}, and could not be cancelled: {error}"
        return f"{self._named(self.run)}: it was cancelled"

    def _named(self, run: Run) -> str:
        thread = f" of thread {printable(self.thread_id, 80)}" if self.thread_id else ""
        return f"run {printable(run.id, 80)}{thread} was {printable(str(run.status), 80)}"


async def _told(hook: StatusHook, run: Run) -> None:
    answer = hook(run)
    if isawaitable(answer):
        await answer
