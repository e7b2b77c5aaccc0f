"""The limit of a wait for a run: its deadline, its grace, and the end of the work when either passes.

The work is a task of its own, and the caller's task waits for it. So a function of the user's that refuses its
cancellation (a tool, a hook) cannot keep the caller: when the grace is over, the task is left behind.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from ...core.requests.options import BusyThreadPolicy
from ...errors import (
    BodyTooLargeError,
    DecodeError,
    PaginationError,
    RunActionError,
    RunDeadlineError,
    StatusError,
    StreamError,
    TimedOutError,
    TransportError,
)
from ...session.tasks import Outcome, contained, leave_behind, outcome_of, settled
from .cancel import Left, cancel_run, named
from .options import RunOptions
from .requests import RunRequests
from .state import RunState

T = TypeVar("T")

# A request that failed: the run goes on without us, and can be waited for once more. An action that is not ours to
# take may be somebody else's.
_UNHEARD = (
    TransportError,
    StatusError,
    DecodeError,
    BodyTooLargeError,
    StreamError,
    PaginationError,
    RunActionError,
)

# Least seconds of the grace in which a run that is being made when the deadline passes may be named.
_NAMING = 1.0
# Seconds for a task to end once it is cancelled, where nothing is left of the grace.
_TURN = 0.05


class RunDeadline:
    """The time that one run may take, and the end of the work when that time is over."""

    def __init__(
        self, requests: RunRequests, options: RunOptions, state: RunState, busy_thread: BusyThreadPolicy | None
    ) -> None:
        self._requests = requests
        self._options = options
        self._state = state
        self._busy_thread = busy_thread
        self._user_error: BaseException | None = None
        self._user_name: Callable[[], str] | None = None
        self._starting: asyncio.Future[None] | None = None
        self._ending = False
        self._last = math.inf  # when the deadline's grace ends
        self.error: Exception | None = None
        """The error that the deadline itself has made; None for an error of the work."""

    async def user_code(self, code: Awaitable[T], name: Callable[[], str]) -> T:
        """Await a function of the user's; its errors, unlike those of requests, cancel the run at the server.

        Where the function swallows the cancellation of the work, the work ends when the function returns.
        """
        self._user_name = name
        try:
            value = await code
        except BaseException as error:
            self._user_error = error
            raise
        if self._ending:
            raise asyncio.CancelledError
        self._user_name = None
        return value

    async def shielded_start(self, work: Coroutine[Any, Any, T]) -> T:
        """Await a request that makes a run, and notes it: the end of the wait gives it time to name the run.

        Else a run would go on at the server, and be paid for, that nobody knows of.
        """
        # The run may go on: no time is needed to learn its id for a cancellation.
        if self._options.on_deadline == "leave":
            return await work
        self._starting = starting = asyncio.get_running_loop().create_future()
        try:
            value = await work
        finally:
            self._starting = None
            starting.set_result(None)
        if self._ending:
            raise asyncio.CancelledError
        return value

    async def run_within(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Do the whole work within the deadline; where the work ends before the run, cancel the run or leave it.

        Raises `RunDeadlineError`, or `TimedOutError` where the deadline passed before a run was known. Any other error
        of the work is raised with a note that says how the run was left.
        """
        loop, seconds = asyncio.get_running_loop(), self._options.deadline
        if seconds is not None:
            self._last = loop.time() + seconds + self._options.grace
        # Contained, since a SystemExit that is raised in a task would stop the whole event loop.
        task = loop.create_task(contained(work))
        try:
            cancelled: asyncio.CancelledError | None = None
            try:
                await asyncio.wait((task,), timeout=seconds)
            except asyncio.CancelledError as error:
                cancelled = error
            if cancelled is None and task.done() and outcome_of(task)[1] is None:
                value: T = task.result()[0]
                return value
            late = cancelled is None and not task.done()
            last: T = await self._end(task, cancelled, late=late)
            return last
        finally:
            task.cancel()  # where this coroutine is closed
            del task  # it keeps the error, whose traceback keeps this frame

    async def after(self, work: Callable[[], Awaitable[object]], name: str) -> None:
        """Call a hook after the end of the work; a hook that takes longer than the grace is given up."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(contained(work))
        try:
            left = None if self._last == math.inf else max(self._last - loop.time(), 0)
            cancelled: asyncio.CancelledError | None = None
            try:
                await asyncio.wait((task,), timeout=left)
            except asyncio.CancelledError as error:
                cancelled = error
            if not task.done():
                task.cancel()
                grace = _TURN if cancelled is None else self._options.grace
                cancelled = await settled((task,), grace) or cancelled
            if not task.done():
                leave_behind(task, name)
            if cancelled is not None:
                raise cancelled
            _, failure = outcome_of(task) if task.done() else (None, None)
            if failure is not None and not isinstance(failure, asyncio.CancelledError):
                raise failure
        finally:
            task.cancel()
            del task

    # The end

    async def _end(self, task: asyncio.Task[Outcome], cancelled: asyncio.CancelledError | None, *, late: bool) -> Any:
        """End work that has failed, is late or is cancelled, and the run with it; raise the error."""
        clock, began = asyncio.get_running_loop().time, asyncio.get_running_loop().time()
        grace = self._options.grace
        if not task.done():
            self._ending = True
            cancelled = await self._stop(task, late=late) or cancelled
        _, error = outcome_of(task) if task.done() else (None, None)
        left, again = await self._cancel_or_leave(error, grace - (clock() - began))
        cancelled = again or cancelled
        if not task.done():  # what is left of the grace is its own
            cancelled = await settled((task,), grace - (clock() - began)) or cancelled
        text = left.text if left is not None else ""
        if not task.done():
            name = "a hook" if self._user_name is None else self._user_name()
            refused = leave_behind(task, name)
            text = f"{text}; {refused}" if text else refused
        return self._raised(task, left, text, cancelled, late=late)

    async def _stop(self, task: asyncio.Task[Outcome], *, late: bool) -> asyncio.CancelledError | None:
        """Cancel the work; a request that makes a run gets time to name it, and a function of the user's to end."""
        grace, deadline = self._options.grace, self._options.deadline
        clock, began = asyncio.get_running_loop().time, asyncio.get_running_loop().time()
        cancelled: asyncio.CancelledError | None = None
        # Where the thread was busy, nothing of the request is under way, and nothing is to be sent.
        refused = self._busy_thread is not None and self._busy_thread.refusal is not None
        if self._starting is not None and not refused:
            # Who sets a deadline of half a second does not wait five more; who sets a minute may.
            naming = min(grace, max(deadline, _NAMING)) if late and deadline is not None else grace
            cancelled = await settled((task, self._starting), naming, first=True)
        task.cancel()
        # Half of the grace, so that a function that refuses its cancellation leaves time to cancel the run.
        return await settled((task,), max((grace - (clock() - began)) / 2, _TURN)) or cancelled

    async def _cancel_or_leave(
        self, error: BaseException | None, seconds: float
    ) -> tuple[Left | None, asyncio.CancelledError | None]:
        """Cancel the run where that is wanted, within so many seconds; return it as it was left, None for no run.

        A cancellation that comes meanwhile is returned too: it goes on when the run has been cancelled.
        """
        state = self._state
        run, thread_id = state.run, state.thread_id
        # Nothing is left to cancel.
        if run is None or run.is_terminal:
            return None, None
        # A request has failed for good: a cancellation would fare no better.
        unheard = isinstance(error, _UNHEARD) and error is not self._user_error
        if unheard or self._options.on_deadline == "leave":
            return Left(run, f"{named(thread_id, run)}, and was left so"), None
        task = asyncio.ensure_future(cancel_run(self._requests, thread_id, run))
        try:
            again = await settled((task,), max(seconds, 0))
            if task.done():
                return task.result(), again
        finally:
            task.cancel()
        return Left(run, f"{named(thread_id, run)}, and did not answer when it was cancelled"), again

    def _raised(
        self,
        task: asyncio.Task[Outcome],
        left: Left | None,
        text: str,
        cancelled: asyncio.CancelledError | None,
        *,
        late: bool,
    ) -> Any:
        """Raise the error that the work ended with; return its value where it was done at the last moment."""
        value, error = outcome_of(task) if task.done() else (None, None)
        del task
        try:
            if cancelled is not None:  # whatever the work came to: a cancellation goes on
                error = cancelled
            elif late and error is None and value is not None:
                return value
            elif late and (error is None or isinstance(error, asyncio.CancelledError)):
                self.error = self._late(left, text)
                raise self.error from None
            assert error is not None
            if text:
                error.add_note(text)
            raise error
        finally:
            del error, cancelled

    def _late(self, left: Left | None, text: str) -> Exception:
        seconds, run = self._options.deadline, self._state.run if left is None else left.run
        assert seconds is not None
        refusal = None if self._busy_thread is None else self._busy_thread.refusal
        if run is None:
            error = refusal or TimedOutError("total", seconds, maybe_processed=True)
            if text:
                error.add_note(text)
            return error
        message = f"the deadline of {seconds:g} s passed: {text or named(self._state.thread_id, run)}"
        return self._state.end or RunDeadlineError(message, run=run, deadline=seconds)
