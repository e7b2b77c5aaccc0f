"""The body of one answer, read piece by piece under the limits of its call."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol, TypeVar

import msgspec

from .._typing import override
from ..core.requests.request import PreparedRequest
from ..errors import BodyTooLargeError, ConnectionLostError, TimedOutError, TransportError
from ..models.messages import Message
from ..models.runs import Run
from ..response import HTTPResponse
from ..transport.interface import RawResponse
from .deadlines import Deadline

MAX_JSON = 64 * 1024 * 1024
"""Bytes of a JSON answer; more is a `BodyTooLargeError`."""
MAX_CONTENT = 512 * 1024 * 1024
"""Bytes of a file's content read into memory: the protocol's own limit of a file. `save` has none."""
MAX_ERROR = 1024 * 1024
"""Bytes of an error body that are read; the rest is not."""

_DRAIN = 0.05

T = TypeVar("T")


class StreamWatch(Protocol):
    """The interface to telemetry and limits of what happens to one stream; few clients have any."""

    def failed(self, error: Exception) -> None:
        """Note the error that ends the stream."""
        ...

    def ended(self, outcome: str, items: int) -> None:
        """Note the end of the stream; again, as at its closing, does nothing."""
        ...

    def shown(self, run: Run | None, messages: Iterable[Message] = ()) -> None:
        """Note the run that a stream has shown by its end, and what it wrote."""
        ...

    def closed(self) -> None:
        """Note that the body is let go of."""
        ...

    def recovery(self, error: Exception) -> StreamWatch:
        """Note the error of a stream that is continued otherwise, and return the watch of what takes its place."""
        ...

    async def within(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await what takes the place of the stream."""
        ...


class OpenResponse(msgspec.Struct, eq=False):
    """An answer at its head; its owner must close it, and may from any task.

    Closing lets go of the connection at once: it goes back to the pool after a body read to its end, and is cut
    otherwise. A read that was waiting then ends as if the body had.
    """

    status: int
    """Status code."""
    _head: RawResponse
    _outgoing: PreparedRequest | None
    _deadline: Deadline
    _idle: float | None
    _http: HTTPResponse | None = None
    _closed: bool = False
    content: bytes = b""
    """The body, where `read_all` has read it."""
    ended: bool = False
    """True once the body has been read to its end."""
    on_piece: Callable[[bytes], None] | None = None
    """Called with each piece that `read` returns, the empty one at the end included; for `trace`."""
    watch: StreamWatch | None = None
    """The watch of telemetry and limits, if there is any."""

    @override
    def __repr__(self) -> str:
        return f"<OpenResponse {self.status}{', closed' if self._closed else ''}>"

    @property
    def http(self) -> HTTPResponse:
        """The answer, or of a stream the head: made on first access, since most calls need only the body."""
        http = self._http
        if http is None:
            head, sent, elapsed = self._head, self._outgoing, self._deadline.elapsed
            assert sent is not None
            http = HTTPResponse(
                self.status, head.reason, head.headers, self.content, sent.method, sent.url, sent.attempt, elapsed
            )
            # A stream may stay open for long: it keeps neither the body nor the key that were sent.
            self._http, self._outgoing = http, None
        return http

    async def read_all(self, max_bytes: int, *, truncate: bool) -> None:
        """Read all of the body into `content`, and close; past `max_bytes` raise `BodyTooLargeError`.

        With `truncate`, the rest is left, and a body that breaks off counts as read: the status of an error says more
        than the break.
        """
        if not self.read_all_nowait(max_bytes, truncate=truncate):
            self._keep(await self._gathered(max_bytes, truncate=truncate), max_bytes, truncate=truncate)

    def read_all_nowait(self, max_bytes: int, *, truncate: bool) -> bool:
        """Do what `read_all` does, where all of the body has arrived; return False where it has not."""
        # Most answers are there with their head: no coroutine and no timer for them.
        if self._deadline.cause is not None:
            raise self._deadline.error(self.status)
        content = self._head.read_all_nowait()
        if content is None:
            return False
        self.ended = True
        self._keep(content, max_bytes, truncate=truncate)
        return True

    def _keep(self, content: bytes, max_bytes: int, *, truncate: bool) -> None:
        if len(content) > max_bytes and not truncate:
            raise BodyTooLargeError(max_bytes, status=self.status)
        self.content = content
        self.close()

    async def _gathered(self, max_bytes: int, *, truncate: bool) -> bytes:
        pieces: list[bytes] = []
        size = 0
        try:
            while size <= max_bytes and (piece := await self.read()):
                pieces.append(piece)
                size += len(piece)
        except (ConnectionLostError, TimedOutError):
            if not truncate or self._deadline.left <= 0:
                raise
        content = b"".join(pieces)
        return content[:max_bytes] if truncate else content

    async def read(self, limit: float | None = None) -> bytes:
        """Next piece of the body, as soon as there is one; empty at its end and after `close`.

        Raises `TimedOutError` where the server is silent for too long, `ConnectionLostError` where the body is cut,
        `ClientClosedError` where the client was closed. A read that is cancelled loses nothing.
        """
        if self._closed or self.ended:
            return b""
        deadline = self._deadline
        if deadline.cause is not None:
            raise deadline.error(self.status)
        failure: Exception | None = None
        piece: bytes | None = None
        # Only a read that waits comes to its limit: the time that the caller takes with an item is free.
        deadline.begin("idle", self._idle if limit is None else limit)
        try:
            piece = await self._head.read()
        except BaseException as error:
            if not deadline.end(error):
                failure = self._head.translated(error)
                if failure is None:
                    raise
        else:
            deadline.end()
        if piece is None:
            try:
                piece = self._end_after(failure)
            finally:
                del failure  # its traceback keeps this frame
        if not piece:
            self.ended = True
        if self.on_piece is not None:
            self.on_piece(piece)
        return piece

    def _end_after(self, failure: Exception | None) -> bytes:
        """Return the end of a body that was closed while a read waited; raises what has ended the read otherwise."""
        # Not in the handler of the transport's error, which would stay as the context and shows request headers.
        try:
            if failure is None:
                raise self._deadline.error(self.status)
            if not self._closed:
                raise failure
        finally:
            del failure
        return b""

    async def drain(self) -> None:
        """Read the few bytes after the last item, so that the connection can be used again."""
        if not self._closed and self._head.read_nowait() == b"":  # the end was there with the last item
            self.ended = True
            return
        # A new connection costs more than the few milliseconds in which the end mostly follows.
        end = self._deadline.elapsed + _DRAIN
        with contextlib.suppress(TransportError):
            while not self.ended and (left := end - self._deadline.elapsed) > 0 and await self.read(left):
                pass

    def close(self) -> None:
        """Let go of the connection; again is no error."""
        if not self._closed:
            self._closed = True
            self._deadline.close()
            self._head.close()
        if self.watch is not None:  # which may have come after the end of the body
            self.watch.closed()
