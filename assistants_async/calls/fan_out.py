"""One stream read by several tasks."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterable
from types import TracebackType
from typing import Generic, Protocol, TypeVar

import anyio
from anyio.abc import TaskGroup

from ..core.checks import whole_number
from .pipe import PipeReceiver, PipeSender, open_pipe

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Readable(AsyncIterable[T_co], Protocol[T_co]):
    """A stream that one task iterates, and any may close."""

    def close(self) -> None:
        """End the stream; a read that waits returns."""
        ...


class FanOut(Generic[T]):
    """One stream for several readers, entered: each reader gets every item, and the slowest one sets the pace.

    A reader that is closed is left out from then on. Leaving the block ends them all and closes the stream.
    """

    __slots__ = ("_channel", "_group", "_receivers", "_senders")

    def __init__(self, channel: Readable[T], readers: int, capacity: int) -> None:
        whole_number("fan_out(): readers", readers)
        self._channel = channel
        self._group: TaskGroup | None = None
        pipes = [open_pipe(capacity) for _ in range(readers)]
        self._senders: list[PipeSender[T]] = [sender for sender, _ in pipes]
        self._receivers: tuple[PipeReceiver[T], ...] = tuple(receiver for _, receiver in pipes)

    async def __aenter__(self) -> tuple[PipeReceiver[T], ...]:
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._pump)
        return self._receivers

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._group is not None
        # Readers first: a pump that waits for room in a pipe then ends by itself.
        for receiver in self._receivers:
            receiver.close()
        for sender in self._senders:
            sender.close()
        self._group.cancel_scope.cancel()
        try:
            # The pump does not raise, so the group has no error to add; it would only wrap the caller's in a group.
            await self._group.__aexit__(None, None, None)
        finally:
            self._channel.close()

    async def _pump(self) -> None:
        try:
            with contextlib.ExitStack() as stack:
                for sender in self._senders:
                    stack.enter_context(sender.on_receiver_closed(self._reader_left))
                async for item in self._channel:
                    await self._hand_out(item)
        except Exception as error:  # noqa: BLE001  # it belongs to the readers, not to the task group
            for sender in self._senders:
                sender.fail(error)
        for sender in self._senders:
            sender.close()

    async def _hand_out(self, item: T) -> None:
        # A copy, since a reader that has gone is taken out of the list on the way.
        for sender in tuple(self._senders):
            try:
                await sender.send(item)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                self._senders.remove(sender)
                sender.close()

    def _reader_left(self) -> None:
        if all(receiver.closed for receiver in self._receivers):
            self._channel.close()
