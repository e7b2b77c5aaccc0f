"""Tool calls that are answered at the same time: a task for each, and one end for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable

from ..errors import ToolCallError
from ..session.tasks import Outcome, contained, leave_behind, outcome_of, settled
from .events import ToolEvent, ToolResult

Notify = Callable[[ToolEvent], Awaitable[object] | object]
"""Called with each event as it happens, and awaited: a function does not begin before `ToolStarted` was taken."""

_REFUSAL = 5.0  # seconds that a function has to end once its time limit has passed


class Round:
    """The calls that are answered at the same time: a task for each, all ended by the first error."""

    def __init__(self, limit: int, notify: Notify) -> None:
        self._limit = limit
        self.limiter: asyncio.Semaphore | None = None
        """Bounds the number of functions that run at a time; None where all of them may."""
        self._notify = notify
        self.stopped = False
        """True while the calls are being cancelled: any other cancellation comes from within a function."""
        self._tasks: list[asyncio.Task[Outcome]] = []
        self._failure: BaseException | None = None

    def begin(self, works: Sequence[Callable[[], Awaitable[ToolResult]]]) -> None:
        """Begin to answer all calls."""
        if len(works) > self._limit:
            self.limiter = asyncio.Semaphore(self._limit)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._contained(work)) for work in works]

    async def results(self) -> list[ToolResult]:
        """Wait for all results; raise the first error, after the other calls have ended."""
        cancelled: asyncio.CancelledError | None = None
        try:
            if self._tasks:
                await asyncio.wait(self._tasks)
        except asyncio.CancelledError as error:
            cancelled = error
        finally:
            self._stop()
        # Functions may take their time to end when they are cancelled: nothing of a round outlives it.
        cancelled = await settled(self._tasks) or cancelled
        failure, self._failure = self._failure, None
        outcomes = [outcome_of(task) for task in self._tasks]
        self._tasks.clear()
        # The caller's cancellation comes first: asyncio relies on its arriving.
        reason = failure if cancelled is None else cancelled
        if reason is not None:
            raise reason
        return [value for value, _ in outcomes]

    async def notify(self, event: ToolEvent) -> None:
        """Call the function that takes the events."""
        answer = self._notify(event)
        if answer is not None and isawaitable(answer):
            await answer

    def check(self) -> None:
        """Raise `CancelledError` while the calls are being cancelled."""
        if self.stopped:
            raise asyncio.CancelledError

    async def _contained(self, work: Callable[[], Awaitable[ToolResult]]) -> Outcome:
        try:
            return await work(), None
        except BaseException as error:  # noqa: BLE001  # raised again by `results`
            # Only the first error counts: those after it come from the cancellation.
            if not self.stopped:
                self._failure = error
                self._stop()
            return None, error

    def _stop(self) -> None:
        self.stopped = True
        for task in self._tasks:
            task.cancel()


async def run_limited(
    limit: float, work: Callable[[], Awaitable[object]], name: str, refusal: float = _REFUSAL
) -> object:
    """Await a tool for so many seconds; one that refuses its cancellation for `refusal` more is left behind."""
    task = asyncio.get_running_loop().create_task(contained(work))
    try:
        await asyncio.wait((task,), timeout=limit)
        # `asyncio.wait` and no time-out around the task: one that refuses its cancellation would keep its caller.
        late = not task.done()
        if late:
            task.cancel()
            cancelled = await settled((task,), refusal)
            if cancelled is not None:
                raise cancelled
    except asyncio.CancelledError:
        task.cancel()
        await settled((task,))
        raise
    if not task.done():
        leave_behind(task, f"tool {name!r}")
    value, error = outcome_of(task) if task.done() else (None, asyncio.CancelledError())
    # A function that still gave a result when it was cancelled has that counted.
    if late and isinstance(error, asyncio.CancelledError):
        raise ToolCallError(f"the function took longer than {limit:g} s", kind="timeout", name=name)
    if error is not None:
        raise error
    return value
