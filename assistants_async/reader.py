"""The body of one answer, read piece by piece under the limits of its call."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from .core.request import Outgoing
from .errors import BodyTooLargeError, ConnectionLostError, TimedOutError, TransportError
from .transport import Exchange
from .watch import Watch
from .wire import HTTPResponse

_DRAIN = 0.05


class BodyReader:
    """An answer at its head; whoever has it must close it, and may from any task.

    Closing lets go of the connection at once: it goes back to the pool after a body read to its end, and is cut
    otherwise. A read that was waiting then ends as if the body had.
    """

    __slots__ = ("_closed", "_exchange", "_head", "_idle", "_on_close", "_outgoing", "_watch", "ended", "status")

    def __init__(
        self,
        exchange: Exchange,
        outgoing: Outgoing,
        watch: Watch,
        idle: float | None,
        on_close: Callable[[Watch], None],
    ) -> None:
        self._exchange = exchange
        self._outgoing = outgoing
        self._watch = watch
        self._idle = idle
        self._on_close = on_close
        self._head: HTTPResponse | None = None
        self._closed = False
        self.ended = False
        """Whether the body has been read to its end."""
        self.status = exchange.status
        """Status code."""

    @property
    def http(self) -> HTTPResponse:
        """The head, made when it is first asked for, which a stream does as it arrives: most answers never are."""
        if self._head is None:
            self._head = self.whole(b"")
        return self._head

    def whole(self, content: bytes) -> HTTPResponse:
        """The answer with its body, which ends now."""
        head, sent, elapsed = self._exchange, self._outgoing, self._watch.elapsed
        return HTTPResponse(
            head.status, head.reason, head.headers, content, sent.method, sent.url, sent.attempt, elapsed
        )

    async def read(self, limit: float | None = None) -> bytes:
        """Next piece of the body, as soon as there is one; empty at its end and after `close`.

        Raises `TimedOutError` where the server is silent for too long, `ConnectionLostError` where the body is cut,
        `ClientClosedError` where the client was closed. A read that is cancelled loses nothing.
        """
        if self._closed or self.ended:
            return b""
        watch = self._watch
        if watch.interrupted:
            raise watch.failure(self.status)
        piece = self._exchange.ready()
        if piece is None:
            piece = await self._wait(watch, self._idle if limit is None else limit)
        if not piece:
            self.ended = True
        return piece

    async def _wait(self, watch: Watch, limit: float | None) -> bytes:
        piece: bytes | None = None
        try:
            with watch:
                watch.limit("idle", limit)
                piece = await self._exchange.read()
        except ConnectionLostError:
            if self._closed:
                return b""
            raise
        if piece is None:
            raise watch.failure(self.status)
        return piece

    async def drain(self) -> None:
        """Read what little is left after the last item, so that the connection can be used again."""
        end = self._watch.elapsed + _DRAIN
        with contextlib.suppress(TransportError):
            while not self.ended and (left := end - self._watch.elapsed) > 0 and await self.read(left):
                pass

    async def read_all(self, cap: int, *, cut: bool) -> bytes:
        """Read to the end; past `cap` bytes raise `BodyTooLargeError`, or with `cut` leave the rest.

        With `cut`, a body that breaks off is what came of it: of an error, the status says more than the break.
        """
        watch = self._watch
        pieces: list[bytes] = []
        size = 0
        while True:
            # Most answers are there with their head: no timer and no coroutine for them.
            if watch.interrupted:
                raise watch.failure(self.status)
            piece = self._exchange.ready()
            if piece is None:
                try:
                    piece = await self._wait(watch, self._idle)
                except (ConnectionLostError, TimedOutError):
                    if not cut or watch.left <= 0:
                        raise
                    return b"".join(pieces)
            if not piece:
                self.ended = True
                return pieces[0] if len(pieces) == 1 else b"".join(pieces)
            size += len(piece)
            pieces.append(piece)
            if size > cap:
                if cut:
                    return b"".join(pieces)
                raise BodyTooLargeError(cap, status=self.status)

    def close(self) -> None:
        """Let go of the connection; again is no error."""
        if not self._closed:
            self._closed = True
            self._on_close(self._watch)
            self._exchange.close()
