"""The answer to one request: filled by its connection as bytes arrive, and read by the call."""

from __future__ import annotations

import asyncio

import msgspec

from ..._typing import override
from ...errors import ConnectionLostError, TransportError
from ...response import Headers
from .heads import fields_of, reason_of


class LeanResponse(msgspec.Struct, eq=False):
    """A raw response; its connection fills it, and leaves it when the body is whole or has broken off."""

    transport: asyncio.Transport | None
    """The connection's own transport; None once the connection serves another request, or is closed."""
    status: int = 0
    """Status code; 0 until the head is whole."""
    head: bytes = b""
    """Status line and headers; of an answer that broke off inside them, what there was."""
    pieces: list[bytes] = []
    """Body that has arrived and was not read."""
    size: int = 0
    """Bytes of the pieces."""
    paused: bool = False
    """True while the connection is not read, since enough has arrived."""
    ended: bool = False
    """True once the body is whole."""
    broken: bool = False
    """True once the connection is gone before the end of the body."""
    failure: TransportError | None = None
    """The error of a broken answer, where more is known than that it broke off."""
    cause: Exception | None = None
    """The error of the network that broke it off."""
    waiter: asyncio.Future[None] | None = None
    """The future of the task that waits for the head, or for the next piece."""

    @override
    def __repr__(self) -> str:
        return f"<RawResponse {self.status}>"  # no word of the server's, which may echo the key

    @property
    def reason(self) -> str:
        """Reason phrase; empty where the server sent none."""
        return reason_of(self.head)

    @property
    def headers(self) -> Headers:
        """Response headers."""
        return Headers(fields_of(self.head))

    def wake(self) -> bool:
        """Let the task that waits go on; returns False where none waits."""
        waiter = self.waiter
        if waiter is None:
            return False
        if not waiter.done():
            waiter.set_result(None)
        return True

    def break_off(self, cause: Exception | None) -> None:
        """Take note that nothing more will come; `cause` is the error of the network, None for a plain close."""
        if cause is not None:
            # Without its frames: those of asyncio hold what was being sent, the key included.
            cause.__context__ = cause.__cause__ = None
            self.cause = cause.with_traceback(None)
        self.transport = None
        self.broken = True

    def read_all_nowait(self) -> bytes | None:
        """Return the rest of the body where it has arrived to its end; None otherwise."""
        return self._take() if self.ended else None

    def read_nowait(self) -> bytes | None:
        """Return the part of the body that has arrived; empty at the end, None where `read` would wait or raise."""
        return self._take() if self.pieces else b"" if self.ended else None

    async def read(self) -> bytes:
        """Wait for the next piece of the body; empty at its end."""
        if self.waiter is not None:
            raise RuntimeError("another task is reading this answer")
        while not self.pieces:
            if self.ended:
                return b""
            if self.broken:
                raise self.failure or _broken_body() from self.cause
            waiter = self.waiter = asyncio.get_running_loop().create_future()
            try:
                await waiter
            finally:
                self.waiter = None
        return self._take()

    def translated(self, error: BaseException) -> TransportError | None:
        """Return the error that `read` has raised, if it is one of the network."""
        return error if isinstance(error, TransportError) else None

    def close(self) -> None:
        """Cut the connection, where the body has not been read to its end."""
        transport, self.transport = self.transport, None
        if transport is not None:
            self.pieces.clear()
            self.broken = True
            transport.abort()
            self.wake()

    def _take(self) -> bytes:
        pieces = self.pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.size = 0
        if self.paused:
            self.paused = False
            if self.transport is not None:
                self.transport.resume_reading()
        return data


def _broken_body() -> TransportError:
    return ConnectionLostError("the connection broke inside the body", maybe_processed=True)
