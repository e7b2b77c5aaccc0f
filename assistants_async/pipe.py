"""Channels between tasks that close with an error, and one stream read by several tasks.

anyio's memory streams have backpressure, cloning and cancellation that loses nothing; what they lack is telling the
reader why there is nothing more. A pipe is a pair of them that does.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from ._typing import override

if TYPE_CHECKING:
    import anyio.abc
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from .channel import Channel
    from .wire import HTTPResponse

T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Sender(Protocol[T_contra]):
    """What items can be pushed into: the sending end of an anyio memory stream, or of a pipe."""

    async def send(self, item: T_contra, /) -> None:
        """Hand over one item, waiting until there is room."""
        ...

    def close(self) -> None:
        """Say that nothing follows."""
        ...


class _State:
    """What both ends of a pipe know."""

    __slots__ = ("ended", "error", "left", "on_left")

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.ended = False
        self.left = False
        # Who is told at once that nobody reads any more: a sender that waits for its server would not see it.
        self.on_left: set[Callable[[], None]] = set()


class PipeSender(Generic[T]):
    """The sending end of a pipe."""

    __slots__ = ("_state", "_stream")

    def __init__(self, stream: MemoryObjectSendStream[T], state: _State) -> None:
        self._stream = stream
        self._state = state

    async def send(self, item: T, /) -> None:
        """Hand over one item, waiting until there is room; `anyio.BrokenResourceError` where nobody reads any more."""
        await self._stream.send(item)

    def fail(self, error: Exception) -> None:
        """Say that nothing follows, because of this error: the reader gets it after the items before it."""
        if self._state.error is None:
            self._state.error = error
        self._stream.close()

    def close(self) -> None:
        """Say that nothing follows."""
        self._stream.close()

    @contextlib.contextmanager
    def telling(self, leave: Callable[[], None]) -> Generator[None, None, None]:
        """Enter to have a function called as soon as the reader has closed its end."""
        if self._state.left:
            leave()
        self._state.on_left.add(leave)
        try:
            yield
        finally:
            self._state.on_left.discard(leave)


class PipeReceiver(AsyncIterator[T]):
    """The receiving end of a pipe: iterate it; close it to tell the sender to stop."""

    __slots__ = ("_state", "_stream")

    def __init__(self, stream: MemoryObjectReceiveStream[T], state: _State) -> None:
        self._stream = stream
        self._state = state

    @override
    async def __anext__(self) -> T:
        if self._state.ended:
            raise StopAsyncIteration
        try:
            return await anext(self._stream)
        except StopAsyncIteration:
            self._state.ended = True
            self._stream.close()
            error, self._state.error = self._state.error, None
            if error is not None:
                raise error from error.__cause__
            raise

    def close(self) -> None:
        """Stop reading; a sender is told so at once, also where it waits for its server."""
        self._stream.close()
        self._state.left = True
        for leave in tuple(self._state.on_left):
            leave()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._state.left

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_pipe(capacity: float = 0) -> tuple[PipeSender[Any], PipeReceiver[Any]]:
    """Make a pipe that holds so many items: 0 hands each over directly, `math.inf` never makes the sender wait."""
    import anyio

    send, receive = anyio.create_memory_object_stream[Any](capacity)
    state = _State()
    return PipeSender(send, state), PipeReceiver(receive, state)


async def push(channel: Channel[T], sender: Sender[T], *, close: bool) -> HTTPResponse:
    """Read a channel to its end into a sender; an error that ends it reaches a pipe's reader, and is raised here."""
    import anyio

    try:
        async with channel:
            # A reader that has gone is no error: there is nobody left to read for.
            gone = contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError)
            told = sender.telling(channel.close) if isinstance(sender, PipeSender) else contextlib.nullcontext()
            with gone, told:
                async for item in channel:
                    await sender.send(item)
            return channel.http
    except Exception as error:
        if isinstance(sender, PipeSender):
            sender.fail(error)
        raise
    finally:
        if close:
            sender.close()


class FanOut(Generic[T]):
    """One stream for several readers, entered: each reader gets every item, and the slowest one sets the pace.

    A reader that is closed is left out from then on. Leaving the block ends them all and closes the stream.
    """

    __slots__ = ("_channel", "_group", "_receivers", "_senders")

    def __init__(self, channel: Channel[T], readers: int, capacity: int) -> None:
        if readers < 1:
            raise ValueError(f"fan_out() needs at least one reader, not {readers}")
        self._channel = channel
        self._group: anyio.abc.TaskGroup | None = None
        pipes = [open_pipe(capacity) for _ in range(readers)]
        self._senders: list[PipeSender[T]] = [sender for sender, _ in pipes]
        self._receivers: tuple[PipeReceiver[T], ...] = tuple(receiver for _, receiver in pipes)

    async def __aenter__(self) -> tuple[PipeReceiver[T], ...]:
        import anyio

        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._pump)
        return self._receivers

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._group is not None
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
                    stack.enter_context(sender.telling(self._reader_left))
                async for item in self._channel:
                    await self._hand_out(item)
        except Exception as error:  # noqa: BLE001  # it belongs to the readers, not to the task group
            for sender in self._senders:
                sender.fail(error)
        for sender in self._senders:
            sender.close()

    async def _hand_out(self, item: T) -> None:
        import anyio

        for sender in tuple(self._senders):
            try:
                await sender.send(item)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                self._senders.remove(sender)
                sender.close()

    def _reader_left(self) -> None:
        if all(receiver.closed for receiver in self._receivers):
            self._channel.close()
