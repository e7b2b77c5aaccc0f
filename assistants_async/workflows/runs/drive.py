"""A run driven to its end: awaited for its result, or entered for the events of all its rounds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from ..._typing import Generic, override
from ...calls.channel import Outcome
from ...calls.lazy_coroutine import LazyCoroutine
from ...errors import StreamError
from ...response import HTTPResponse
from ...session.tasks import contained, outcome_of, settled
from .event_channel import EventChannel
from .result import DriveEvent, RunResult

if TYPE_CHECKING:
    from ...core.streams.run_events import Frame
    from .execution import RunExecution

T = TypeVar("T")

_AHEAD = 64  # events that may wait for their reader

# An event, and the frame that it came in; None where it was made here.
_Handed = tuple[DriveEvent, "Frame | None"]


class DriveChannel(EventChannel[DriveEvent], Generic[T]):
    """The events of a run over all its rounds of tool calls, and views of them; made by entering a `Drive`.

    The events of the tools come between those of the run, in the order of time; `snapshot` and the
    views know the run's alone. The run goes on while its reader works, some events ahead. An error of the drive is
    raised here, after the events before it. Leaving the block before the end does as `on_deadline` says.
    """

    def __init__(self, execution: RunExecution[T]) -> None:
        self._feed = _Feed(execution)
        self._format = execution.format
        super().__init__(execution.name, None)
        self._decode = _event_of

    @property
    @override
    def http(self) -> HTTPResponse:
        """Head of the last answer that showed the run."""
        return self._feed.http

    async def result(self) -> RunResult[T]:
        """Read to the end, and return the result of the run; raises the error of the drive."""
        await self.until_done()
        return self._feed.outcome()

    @override
    async def __aenter__(self) -> Self:
        self._opener = None
        await self._feed.open()
        return self

    @override
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        await self._feed.join()

    @override
    def _reading(self) -> Awaitable[list[_Handed]]:
        return self._feed.read()

    @override
    def _take(self, data: list[_Handed]) -> None:
        if self.outcome != "open":  # closed while the read waited
            return
        if data:
            self._frames = iter(data)
        elif (error := self._feed.failure) is not None:
            self._end("failed")
            raise error
        else:
            self._end("completed")

    @override
    def _break_off(self, error: Exception) -> None:
        raise error

    @override
    def _end(self, outcome: Outcome) -> None:
        super()._end(outcome)
        self._feed.close()

    @override
    def received(self) -> Frame | None:
        """Return the frame that the last event came in; None where it was made here."""
        return None if self._frame is None else cast("_Handed", self._frame)[1]

    @override
    def _answer_so_far(self, value: Any) -> Any:
        return value if self._format is None else self._format.partial(value)


def _event_of(handed: _Handed) -> DriveEvent:
    return handed[0]


class Drive(LazyCoroutine[RunResult[T]], Generic[T]):
    """A run to be driven to its end: `await` it for the result, or enter it for the events of all rounds.

    It can be used once, and is a coroutine for `create_task`, `gather` and the like.
    """

    __slots__ = ("_channel", "_execution")

    def __init__(self, execution: RunExecution[T]) -> None:
        self._execution = execution
        self._channel: DriveChannel[T] | None = None
        super().__init__()

    @property
    @override
    def _name(self) -> str:
        return f"{self._execution.name}().drive"

    @override
    async def _value(self) -> RunResult[T]:
        return await self._execution.result()

    async def __aenter__(self) -> DriveChannel[T]:
        self._use()
        self._channel = DriveChannel(self._execution)
        return await self._channel.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._channel is not None
        await self._channel.__aexit__(kind, error, trace)

    async def aclose(self) -> None:
        """End the drive at once, from any task, also while it is being entered; again does nothing.

        Its block is entered without events. On leaving the block the run is cancelled or left, as `on_deadline` says.
        """
        self.close()

    @override
    def close(self) -> None:
        """End the drive as `aclose` does, without an await."""
        super().close()
        if self._channel is not None:
            self._channel.close()

    @override
    def __repr__(self) -> str:
        return f"<Drive of {self._execution.name}, {'used' if self._used else 'not begun'}>"


class _Feed(Generic[T]):
    """The task of an execution, and the events that it has handed over: the sink of its loop."""

    wants_events = True

    def __init__(self, execution: RunExecution[T]) -> None:
        self._execution = execution
        self._task: asyncio.Task[Any] | None = None
        self._events: deque[_Handed] = deque()
        self._closed = False
        self._cut = False  # closed before its end
        # The reader waits for events, or those who have some for room, each by a future of its own.
        self._waiting: list[asyncio.Future[None]] = []
        # True at the first answer of the server, False where the task has ended without one.
        self._begun: asyncio.Future[bool] | None = None

    @property
    def http(self) -> HTTPResponse:
        """Head of the last answer that showed the run."""
        http = self._execution.state.http
        if http is None:
            raise RuntimeError(f"{self._execution.name}: the drive was closed before its head")
        return http

    # The reader's side

    async def open(self) -> None:
        """Start the task; return when the server has answered for the first time, or raise why it has not."""
        loop = asyncio.get_running_loop()
        self._begun = loop.create_future()
        self._task = task = loop.create_task(contained(lambda: self._execution.result(self)))
        task.add_done_callback(self._over)
        try:
            has_answer = await self._begun
        except BaseException:
            self.close()
            await self.join()
            raise
        if not has_answer and (error := self.failure) is not None:
            raise error

    async def read(self) -> list[_Handed]:
        """Wait for events; none at the end."""
        while not (self._events or self._closed or self._ended):
            await self._change()
        events = [*self._events]
        self._events.clear()
        self._wake()
        return events

    @property
    def _ended(self) -> bool:
        return self._task is not None and self._task.done()

    @property
    def failure(self) -> BaseException | None:
        """The error that the drive has ended with; None for a drive that was closed."""
        if self._task is None or not self._task.done():
            return None
        _, error = outcome_of(self._task)
        return None if self._cut and isinstance(error, asyncio.CancelledError) else error

    def outcome(self) -> RunResult[T]:
        """Return the result of the drive; raises its error."""
        if (error := self.failure) is not None:
            raise error
        result, _ = outcome_of(self._task) if self._task is not None and self._task.done() else (None, None)
        if result is None:
            raise StreamError(f"{self._execution.name}: the drive was left before its end")
        return cast("RunResult[T]", result)

    def close(self) -> None:
        """End the task and the events; a read that waits returns, and so does `open`."""
        self._closed = True
        self.started()
        if self._task is not None and not self._task.done():
            self._cut = True
            self._task.cancel()
        self._wake()

    async def join(self) -> None:
        """Wait until the task has ended, and has cancelled the run where that is wanted."""
        cancelled = None if self._task is None else await settled((self._task,))
        if cancelled is not None:
            raise cancelled

    # The loop's side

    def started(self) -> None:
        """Let the block be entered."""
        if self._begun is not None and not self._begun.done():
            self._begun.set_result(True)

    def event(self, event: DriveEvent, frame: Frame | None) -> Awaitable[None] | None:
        """Hand an event over; returns the wait for a reader that is too far behind."""
        # A slow reader slows the run down, or its events would fill the memory.
        if len(self._events) >= _AHEAD and not self._closed:
            return self._event_later(event, frame)
        self._events.append((event, frame))
        if self._waiting:
            self._wake()
        return None

    async def _event_later(self, event: DriveEvent, frame: Frame | None) -> None:
        while len(self._events) >= _AHEAD and not self._closed:
            await self._change()
        self._events.append((event, frame))
        self._wake()

    async def _change(self) -> None:
        # A future for each: several tools may wait for room at the same time.
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def _over(self, _: object) -> None:
        """Let a block go on that is being entered, and a reader that waits for its next event."""
        if self._begun is not None and not self._begun.done():
            self._begun.set_result(False)
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
