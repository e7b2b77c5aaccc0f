"""Channels between tasks that close with an error.

anyio's memory streams have backpressure, cloning and cancellation that loses nothing; they cannot give the reader
the error that ended the stream. A pipe is a pair of them that can.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator, Callable, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from .._typing import Generic, override
from ..core.checks import whole_number
from ..session.tasks import load_anyio

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream


T = TypeVar("T")
T_contra = TypeVar("T_contra", contravariant=True)


class Sender(Protocol[T_contra]):
    """The end of a channel that takes items: of an anyio memory stream, or of a pipe."""

    async def send(self, item: T_contra, /) -> None:
        """Hand over one item, waiting until there is room."""
        ...

    def close(self) -> None:
        """End the pipe: nothing follows."""
        ...


class _State:
    """State that both ends of a pipe share."""

    __slots__ = ("ended", "error", "on_receiver_closed", "receiver_closed")

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.ended = False
        self.receiver_closed = False
        # Called when the reader closes: a call that waits for its server would not notice it by sending.
        self.on_receiver_closed: set[Callable[[], None]] = set()


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
        """End the pipe with an error: the reader gets it after the items before it."""
        # The first error is the cause; those after it come from the end of the pipe.
        if self._state.error is None:
            self._state.error = error
        self._stream.close()

    def close(self) -> None:
        """End the pipe: nothing follows."""
        self._stream.close()

    @property
    def receiver_closed(self) -> bool:
        """True once the reader has closed its end."""
        return self._state.receiver_closed

    @contextlib.contextmanager
    def on_receiver_closed(self, callback: Callable[[], None]) -> Generator[None, None, None]:
        """Enter to have a function called as soon as the reader has closed its end."""
        if self._state.receiver_closed:
            callback()
        self._state.on_receiver_closed.add(callback)
        try:
            yield
        finally:
            self._state.on_receiver_closed.discard(callback)


class PipeReceiver(AsyncIterator[T]):
    """The receiving end of a pipe: iterate it; close it to stop the sender."""

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
            # Raised once: after it the pipe has ended like any other.
            error, self._state.error = self._state.error, None
            if error is not None:
                raise error from error.__cause__
            raise

    def close(self) -> None:
        """Stop reading: a call that feeds this pipe ends at once, also where it waits for its server or a retry."""
        self._stream.close()
        self._state.receiver_closed = True
        for callback in tuple(self._state.on_receiver_closed):
            callback()

    @property
    def closed(self) -> bool:
        """True once `close` was called."""
        return self._state.receiver_closed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_pipe(capacity: float = 0) -> tuple[PipeSender[Any], PipeReceiver[Any]]:
    """Make a pipe with room for so many items: 0 hands each over directly, `math.inf` never makes the sender wait."""
    if capacity != math.inf:
        whole_number("open_pipe(): capacity", capacity, least=0)
    send, receive = load_anyio().create_memory_object_stream[Any](capacity)
    state = _State()
    return PipeSender(send, state), PipeReceiver(receive, state)
