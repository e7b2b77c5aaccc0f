"""Calling the functions of the user, each under a limit, and reporting errors to `on_error`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ..core.requests.options import Options
from ..core.requests.request import Request
from ..errors import AssistantsError, StatusError, TimedOutError, TransportError
from .deadlines import Deadline, DeadlineTimer
from .request_writer import RequestWriter

if TYPE_CHECKING:
    from .masking import Masker

Hook = Callable[[Any], Awaitable[None] | None]
"""A function of the user, sync or async."""


async def run_hook(hook: Hook, value: object) -> None:
    """Call a hook, and wait for one that is async."""
    result = hook(value)
    if result is not None:
        await result


async def run_hook_within(deadline: Deadline, seconds: float | None, hook: Hook, value: object) -> None:
    """Call a hook for at most so many seconds, and no longer than the call may take or the client is open."""
    try:
        await wait_within(deadline, seconds, run_hook, hook, value)
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
    if deadline.interrupted:
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
        deadline = timer.deadline(options.timeout.total)
        timer.deadlines.add(deadline)
        try:
            await wait_within(deadline, None, run_hook, options.on_error, error)
        except TransportError as ended:
            if not deadline.interrupted:
                raise
            error.add_note(f"on_error was left: {ended}")
        finally:
            deadline.close()
