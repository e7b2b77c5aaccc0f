"""A run driven to its end: awaited for its result, or entered for the events of all its rounds."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from ..._typing import override
from ...calls.channel import Outcome
from ...calls.lazy_coroutine import LazyCoroutine
from ...errors import StreamError
from ...response import HTTPResponse
from .channel import EventChannel
from .result import DriveEvent, RunResult

if TYPE_CHECKING:
    from anyio.abc import TaskStatus

    from .execution import RunExecution

T = TypeVar("T")

_AHEAD = 64  # events that may wait for their reader


class DriveChannel(EventChannel[DriveEvent], Generic[T]):
    """The events of a run over all its rounds of tool calls, and views of them; made by entering a `Drive`.

    The events of the tools stand between those of the run, in the order in which things happen; `snapshot` and the
    views know the run's alone. The run goes on while its reader works, some events ahead. What a drive raises is
    raised here, after the events before it. Leaving the block before the end does as `on_deadline` says.
    """

    def __init__(self, job: RunExecution[T]) -> None:
        self._feed = _Feed(job)
        self._format = job.format
        super().__init__(job.name, None)
        self._decode = _itself

    @property
    @override
    def http(self) -> HTTPResponse:
        """Head of the last answer that showed the run."""
        return self._feed.http

    async def result(self) -> RunResult[T]:
        """Read to the end, and return what came of the run; raises what the drive raises."""
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
    async def _advance(self) -> None:
        if self._busy:
            raise RuntimeError(f"{self._name}: another task is reading this stream")
        self._busy = True
        try:
            events = await self._feed.read()
        finally:
            self._busy = False
        if self.outcome != "open":  # closed while the read waited
            return
        if events:
            self._frames = iter(events)
        elif self._feed.failure is not None:
            self._end("failed")
            raise self._feed.failure
        else:
            self._end("completed")

    @override
    def _end(self, outcome: Outcome) -> None:
        super()._end(outcome)
        self._feed.close()

    @override
    def _answer_so_far(self, value: Any) -> Any:
        return value if self._format is None else self._format.partial(value)


def _itself(frame: Any) -> Any:
    return frame


class Drive(LazyCoroutine[RunResult[T]], Generic[T]):
    """A run to be driven to its end: `await` it for the result, or enter it for the events of all rounds.

    It can be used once, and is a coroutine for `create_task`, `gather` and the like.
    """

    __slots__ = ("_channel", "_job")

    def __init__(self, job: RunExecution[T]) -> None:
        super().__init__()
        self._job = job
        self._channel: DriveChannel[T] | None = None

    @property
    @override
    def _name(self) -> str:
        return f"{self._job.name}().drive"

    @override
    async def _value(self) -> RunResult[T]:
        return await self._job.result()

    async def __aenter__(self) -> DriveChannel[T]:
        self._use()
        self._channel = DriveChannel(self._job)
        return await self._channel.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._channel is not None
        await self._channel.__aexit__(kind, error, trace)

    @override
    def __repr__(self) -> str:
        return f"<Drive of {self._job.name}, {'used' if self._used else 'not begun'}>"


class _Feed(Generic[T]):
    """The task that does a job, and the events that it has handed over."""

    def __init__(self, job: RunExecution[T]) -> None:
        import anyio

        self._job = job
        self._group = anyio.create_task_group()
        self._scope = anyio.CancelScope()
        self._send, self._receive = anyio.create_memory_object_stream[DriveEvent](_AHEAD)
        self._events: list[DriveEvent] = []
        self._result: RunResult[T] | None = None
        self.failure: BaseException | None = None
        """What the job raised."""

    @property
    def http(self) -> HTTPResponse:
        """Head of the last answer."""
        http = self._job.driver.http
        assert http is not None
        return http

    async def open(self) -> None:
        """Start the task; return when the server has answered for the first time, or raise why it has not."""
        self._job.driver.emit = self._emit
        await self._group.__aenter__()
        try:
            await self._group.start(self._work)
        except BaseException:
            self.close()
            await self.join()
            raise

    async def _work(self, *, task_status: TaskStatus[None]) -> None:
        begun: list[None] = []

        def begin() -> None:
            if not begun:
                begun.append(None)
                task_status.started()

        self._job.driver.begun = begin
        try:
            with self._scope:
                self._result = await self._job.result()
        except BaseException as error:
            # Kept for the reader, as it is: out of the group it would come in an exception group. A cancellation that
            # came from within, where nobody cancelled this task, is such an error too.
            task = asyncio.current_task()
            cancelled = isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling()
            if not begun or cancelled:
                raise
            self.failure = error
        finally:
            self._send.close()

    async def _emit(self, event: DriveEvent) -> None:
        import anyio

        try:
            self._send.send_nowait(event)  # `send` would let the loop run for each
        except anyio.WouldBlock:
            await self._send.send(event)

    async def read(self) -> list[DriveEvent]:
        """Wait for events; none at the end."""
        import anyio

        try:
            self._events.append(await self._receive.receive())
            while True:
                self._events.append(self._receive.receive_nowait())
        except (anyio.WouldBlock, anyio.EndOfStream, anyio.ClosedResourceError):
            events, self._events = self._events, []
            return events

    def outcome(self) -> RunResult[T]:
        """What the job has come to; raises what it raised."""
        if self.failure is not None:
            raise self.failure
        if self._result is None:
            raise StreamError(f"{self._job.name}: the drive was left before its end")
        return self._result

    def close(self) -> None:
        """End the task and the events; a read that waits returns."""
        self._scope.cancel()
        self._send.close()
        self._receive.close()

    async def join(self) -> None:
        """Wait until the task has ended, and with it what it does about the run."""
        # The task does not raise, so the group has no error to add; it would only wrap the caller's in a group.
        await self._group.__aexit__(None, None, None)
