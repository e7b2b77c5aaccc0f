"""A response stream: the items of one answer, decoded one by one as its bytes arrive.

Goals: the reader's own await reads the socket, which gives backpressure and cancellation without a task; every item
comes on its last byte, however the bytes are cut; an error comes once, after the whole items before it;
closing from either side, from any task, ends a read that waits.
"""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeAlias, TypeVar

from .._typing import Generic, override
from ..core.requests.options import ErrorHook
from ..errors import ClientClosedError, ItemDecodeError, StreamError, TransportError
from ..response import HTTPResponse
from ..session.deadlines import Deadline, DeadlineTimer, no_loop

if TYPE_CHECKING:
    from ..session.open_response import StreamWatch
    from .fan_out import FanOut

# Bytes of a body's start that are kept for an error, where none of the body could be read.
_SHOWN = 200

S = TypeVar("S")
S_co = TypeVar("S_co", covariant=True)

Outcome = Literal["open", "completed", "closed", "failed"]
"""State of a stream: not over, read to its end, closed before its end, or ended by an error that was raised."""


class ByteStream(Protocol):
    """A source of bytes: the body of an answer, or anything that can be read and closed."""

    watch: StreamWatch | None
    """The watch of telemetry and limits, if there is any."""

    @property
    def http(self) -> HTTPResponse:
        """Head of the answer."""
        ...

    async def read(self) -> bytes:
        """Next piece; empty at the end, and after `close`."""
        ...

    async def drain(self) -> None:
        """Read the few bytes that may follow the last item."""
        ...

    def close(self) -> None:
        """Release the source; a read that waits returns."""
        ...


class BodyDecoder(Protocol[S_co]):
    """A decoder of the bytes of one answer to items; chosen when its head is known."""

    def feed(self, data: bytes) -> list[Any]:
        """Take a piece of the body and return the frames that it completes."""
        ...

    def finish(self) -> list[Any]:
        """Return the frames that the end of the body completes; raises `StreamError` where it ends too early."""
        ...

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """Make the error of a body that was cut; None where no item was lost."""
        ...

    @property
    def decode(self) -> Callable[[Any], S_co | None]:
        """Decodes one frame to an item, or to None where it is none; raises `StreamError`."""
        ...

    @property
    def error(self) -> Exception | None:
        """The error behind the frames that `feed` returned; None where there is none."""
        ...

    @property
    def end_marker_seen(self) -> bool:
        """True once the stream's own end mark has come: `done`, or the closing brace of a list."""
        ...

    @property
    def finished(self) -> bool:
        """True once nothing more is to be read, though the body may go on."""
        ...


def _undecoded(_: Any) -> None:
    """Decode nothing: the decoder of a stream before it is entered."""


Opener: TypeAlias = "Callable[[], Awaitable[tuple[ByteStream, BodyDecoder[Any]]]]"
"""Sends the request, and chooses the decoder of the answer."""


class Channel(AsyncIterator[S], Generic[S]):
    """The items of one response stream: enter it, and iterate it in one task at a time.

    Entering sends the request and returns at the response head; an error status raises there. Leaving the block
    closes the stream, read to its end or not, and lets go of the connection. A read that is cancelled, as by a
    time-out around it, loses nothing: go on reading. A stream that another task closes before its head is entered
    all the same, without items and without a head.
    """

    # True where `_has_follow_up` is to be called at the end.
    _may_have_follow_up = False
    # True once the channel was closed: its block may have ended, and with it the client.
    _was_closed = False

    def __init__(self, name: str, opener: Opener | None, on_error: ErrorHook | None = None) -> None:
        self._name = name
        self._on_error = on_error
        self._opener: Opener | None = opener
        self._source: ByteStream | None = None
        self._decoder: BodyDecoder[S] | None = None
        self._decode: Callable[[Any], S | None] = _undecoded
        self._frames: Iterator[Any] = iter(())
        self._error: Exception | None = None
        self._busy = False
        self._entering: Deadline | None = None
        self.outcome: Outcome = "open"
        """State of the stream."""
        self.items_delivered: int = 0
        """Number of items that have been handed out."""
        self._start = b""
        self.bytes_received: int = 0
        """Number of bytes of the body that have come."""

    @property
    def http(self) -> HTTPResponse:
        """Head of the answer: status, headers, request id."""
        return self._opened()[0].http

    @property
    def terminal_marker_seen(self) -> bool:
        """True once the stream's own end mark has come, as against a body that only ended."""
        return self._decoder is not None and self._decoder.end_marker_seen

    async def __aenter__(self) -> Self:
        opener, self._opener = self._opener, None
        if opener is None:
            raise RuntimeError(f"{self._name}: a stream can be entered only once")
        opened: tuple[ByteStream, BodyDecoder[Any]] | None = None
        # `close` from any task ends the wait for the head, retries and hooks included.
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise no_loop() from None
        self._entering = deadline = Deadline(DeadlineTimer(loop), None)
        with deadline:
            opened = await opener()
            if deadline.cause is not None:
                # Closed by a hook of this very task: take its cancellation here, not at the caller's next await.
                await asyncio.sleep(0)
        self._entering = None
        if opened is not None:
            self._read_from(*opened)
            if self.outcome != "open":
                opened[0].close()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def aclose(self) -> None:
        """End the stream at once, from any task; again does nothing.

        A read that waits ends as if nothing followed, and a call that waits for its head, or for its next attempt,
        is ended in the same way.
        """
        self.close()

    def close(self) -> None:
        """End the stream as `aclose` does, without an await: for callbacks."""
        self._opener = None
        self._was_closed = True
        self._frames = iter(())
        self._end("closed")
        if self._entering is not None:
            self._entering.interrupt(ConnectionAbortedError())

    def _read_from(self, source: ByteStream, decoder: BodyDecoder[S]) -> None:
        self._source, self._decoder = source, decoder
        self._decode = decoder.decode

    @override
    async def __anext__(self) -> S:
        while True:
            item = self._ready()
            if item is not None:
                return item
            if self._error is not None or self.outcome != "open":
                if not await self._more():
                    raise StopAsyncIteration
                continue
            if self._busy:
                raise RuntimeError(f"{self._name}: another task is reading this stream")
            self._busy = True
            try:
                # Awaited here and not further down: each coroutine on the way costs 2 % of a live event (2026-11).
                if (reading := self._reading()) is not None:
                    self._take(await reading)
            except (TransportError, StreamError) as error:
                self._break_off(error)
            finally:
                self._busy = False

    def _ready(self) -> S | None:
        """Return the next item of the bytes that have been read: the path of nearly every item, and no coroutine."""
        try:
            for frame in self._frames:
                item = self._decode(frame)
                if item is not None:
                    self.items_delivered += 1
                    return item
        except StreamError as error:
            self._frames = iter(())
            self._fail(error)
        return None

    async def _more(self) -> bool:
        """Return True where more follows the end; raises the error after the items that came before it."""
        if self._error is not None:
            error, self._error = self._error, None
            if self._on_error is not None and (reported := self._on_error(error)) is not None:
                await reported
            raise error
        return self._may_have_follow_up and self._has_follow_up()

    def _has_follow_up(self) -> bool:
        """Return True where more items follow the end of the body, as in some channels of runs."""
        return False

    def _reading(self) -> Awaitable[Any] | None:
        """Begin to read what follows the last frame, for `_take`; None where that is an error, which is noted."""
        source, decoder = self._source, self._decoder
        if source is None or decoder is None:
            source, decoder = self._opened()
        # First: bytes after the end mark are no part of the stream, in its piece or a later one.
        if decoder.finished:
            return source.drain()
        if (error := decoder.error) is not None:
            self._fail(error)
            return None
        return source.read()

    def _take(self, data: Any) -> None:
        """Take one piece of the body, or note its end; raises the error that it ends with."""
        decoder = self._decoder
        if self.outcome != "open" or decoder is None:  # closed while the read waited
            return
        if data:
            if not self.bytes_received:
                self._start = data[:_SHOWN]
            self.bytes_received += len(data)
            self._frames = iter(decoder.feed(data))
        elif data is None:  # drained
            self._end("completed")
        else:
            self._frames = iter(decoder.finish())
            if decoder.error is None:
                self._end("completed")

    def _break_off(self, error: Exception) -> None:
        """Note the error of a read; the end of the body where nothing was lost."""
        decoder = self._decoder
        if decoder is not None and isinstance(error, TransportError) and not isinstance(error, ClientClosedError):
            lost = decoder.on_disconnect(error)
            if lost is None:
                self._end("completed")
                return
            error = lost
        self._fail(error)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, ItemDecodeError) and not error.items and self._source is not None:
            error.body = self._source.http.content_type, self._start
        error.add_note(f"while streaming {self._name}")
        self._error = error
        if self._source is not None and self._source.watch is not None:
            self._source.watch.failed(error)
        self._end("failed")

    def _end(self, outcome: Outcome) -> None:
        if self.outcome == "open":
            self.outcome = outcome
        if self._source is not None:
            if self._source.watch is not None:
                self._show_end(self._source.watch)
            self._source.close()

    def _show_end(self, watch: StreamWatch) -> None:
        watch.ended(self.outcome, self.items_delivered)

    def _opened(self) -> tuple[ByteStream, BodyDecoder[S]]:
        if self._source is None or self._decoder is None:
            if self.outcome == "closed":
                raise RuntimeError(f"{self._name}: the stream was closed before its head had come")
            raise RuntimeError(f"{self._name}: enter the stream first: async with call.stream() as channel")
        return self._source, self._decoder

    def fan_out(self, readers: int, *, capacity: int = 16) -> FanOut[S]:
        """Enter for several readers of this stream, each with room for `capacity` items of its own."""
        from .fan_out import FanOut  # on use: it imports anyio

        return FanOut(self, readers, capacity)

    def __del__(self, _warn: Any = warnings.warn) -> None:
        if getattr(self, "_opener", None) is not None:
            _warn(f"{self._name}().stream() was never entered", RuntimeWarning, stacklevel=2, source=self)
