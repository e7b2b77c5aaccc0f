"""Calling the functions of the user, each under a limit, and reporting errors to `on_error`."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ..core.requests.options import Options
from ..core.requests.request import Request
from ..errors import AssistantsError, StatusError, TimedOutError, TransportError
from .deadlines import Deadline, DeadlineTimer
from .request_writer import RequestWriter
from .tasks import contained, leave_behind, outcome_of, settled

if TYPE_CHECKING:
    from .masking import Masker

Hook: TypeAlias = "Callable[[Any], Awaitable[None] | None]"
"""A function of the user, sync or async."""

T = TypeVar("T")

# Seconds for a hook to end once it is cancelled: at a limit of the call or its close, and where its caller was
# cancelled, who waits for what cleans up.
_TURN = 0.05
_REFUSAL = 5.0


async def run_hook(deadline: Deadline, hook: Hook, value: object, name: str) -> None:
    """Call a hook, and wait for one that is async."""
    result = hook(value)
    if result is not None:
        await await_user_code(deadline, result, name)


async def await_user_code(deadline: Deadline, work: Awaitable[T], name: str) -> T:
    """Await something of the user's in a task of its own, under a block of the deadline.

    Where it refuses to end with the block, it is left behind: a call must not outlast its limits for it.
    """
    task = asyncio.get_running_loop().create_task(contained(lambda: work))
    deadline.helper = task
    try:
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.cancel()
            await settled((task,), _TURN if deadline.cause is not None else _REFUSAL)
            if not task.done():
                deadline.left_behind(leave_behind(task, name))
                raise
            _, error = outcome_of(task)
            if deadline.cause is not None and isinstance(error, Exception):
                raise error from None
            raise
        value, error = outcome_of(task)
        if error is not None:
            raise error
        result: T = value
        return result
    finally:
        deadline.helper = None
        if not task.done():
            task.cancel()
            # Where this coroutine is closed before the task has begun, nothing else would take the work.
            if inspect.iscoroutine(work) and inspect.getcoroutinestate(work) == inspect.CORO_CREATED:
                work.close()
        del task  # it keeps the error, whose traceback keeps this frame
        error = None


async def run_hook_within(deadline: Deadline, seconds: float | None, hook: Hook, value: object, name: str) -> None:
    """Call a hook for at most so many seconds, and no longer than the call may take or the client is open."""
    try:
        await wait_within(deadline, seconds, run_hook, deadline, hook, value, name)
    except TimedOutError as error:
        error.permanent = True  # another attempt would wait for the same hook
        raise


async def wait_within(
    deadline: Deadline, seconds: float | None, function: Callable[..., Awaitable[None]], *arguments: object
) -> None:
    """Await something beside the attempts of a call: its total limit and a close end it."""
    with deadline:
        deadline.limit("head" if seconds is not None else "total", seconds)
        await function(*arguments)
    if deadline.cause is not None:
        raise deadline.error()


class ErrorReporter:
    """The last step of every failed call: the error gets its note, its keys are masked, and `on_error` is called."""

    __slots__ = ("_writer", "timer")

    def __init__(self, writer: RequestWriter) -> None:
        self._writer = writer
        self.timer: DeadlineTimer | None = None
        """The client's timer, once it has made a call."""

    def masker(self, options: Options, request: Request | None = None) -> Masker:
        """Make the masker of the keys that a call may have sent."""
        from .masking import Masker  # on use: most calls show nothing

        return Masker(self._writer.secrets(options, request))

    async def report(self, error: AssistantsError, request: Request, options: Options) -> None:
        """Put the operation on the error of a call as its note, then mask it and call `on_error`."""
        attempts = error.attempts if isinstance(error, (TransportError, StatusError)) else 1
        error.add_note(f"while calling {request.endpoint}" + (f" ({attempts} attempts)" if attempts > 1 else ""))
        self.masker(options, request).error(error)
        await self._call_on_error(error, options)

    async def notify(self, options: Options, error: Exception) -> None:
        """Mask the keys in an error, and call `on_error`."""
        self.masker(options).error(error)
        await self._call_on_error(error, options)

    async def _call_on_error(self, error: Exception, options: Options) -> None:
        """Call `on_error` for at most `timeout.total`; the error is the call's, however its hook ends."""
        if options.on_error is None:
            return
        timer = self.timer or DeadlineTimer(asyncio.get_running_loop())
        deadline = Deadline(timer, options.timeout.total)
        timer.deadlines.add(deadline)
        try:
            await wait_within(deadline, None, run_hook, deadline, options.on_error, error, "on_error")
        except TransportError as ended:
            if deadline.cause is None:
                raise
            for text in (f"on_error was left: {ended}", *getattr(ended, "__notes__", ())):
                error.add_note(text)
        finally:
            deadline.close()
