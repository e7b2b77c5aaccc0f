"""Limits of a connection: seconds for a head, and no reading of a refused body."""

from __future__ import annotations

import asyncio
from typing import cast

from aiohttp import web

from ..._typing import override

# Bytes of a refused body that are read and dropped, for clients that send their whole body before they read.
_SKIPPED = 2**20


class Connection(asyncio.Protocol):
    """A connection in front of aiohttp's own handler.

    The time for a head starts when the connection opens, and with the first byte after an answer.
    """

    def __init__(self, handler: web.RequestHandler, head_timeout: float) -> None:
        self._handler = handler
        self._head_timeout = head_timeout
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False
        self._skipped: int | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the timer for the first head."""
        self._transport = cast("asyncio.Transport", transport)
        self._handler.connection_made(transport)
        self._start_timer(self._transport)

    @override
    def data_received(self, data: bytes) -> None:
        """Pass bytes on to aiohttp, or drop those of a refused body."""
        assert self._transport is not None
        if self._skipped is not None:
            self._skipped += len(data)
            if self._skipped > _SKIPPED:
                # The client may send for ever; it now waits until the connection is closed.
                self._transport.pause_reading()
            return
        # A timer made and cancelled was a thirtieth of a GET, and most heads come whole. Behind blank lines, what is
        # whole may be the lines alone.
        if not (self._busy or self._timer is not None or (data[0] > 32 and b"\r\n\r\n" in data)):
            self._start_timer(self._transport)
        self._handler.data_received(data)

    @override
    def eof_received(self) -> None:
        """Pass on the end of the client's data."""
        self._handler.eof_received()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer, and pass on the end of the connection."""
        self._stop_timer()
        self._transport = None
        self._handler.connection_lost(exc)

    @override
    def pause_writing(self) -> None:
        """Pass on that the client reads too slowly."""
        self._handler.pause_writing()

    @override
    def resume_writing(self) -> None:
        """Pass on that the client reads again."""
        self._handler.resume_writing()

    def head_is_complete(self) -> None:
        """Stop the timer while a request is served."""
        self._busy = True
        self._stop_timer()

    def is_served(self) -> None:
        """Note that the next bytes begin a head."""
        self._busy = False

    def skip_body(self) -> None:
        """Pass nothing more to aiohttp, which would read and unpack a refused body to its end."""
        self._skipped = 0

    def _start_timer(self, transport: asyncio.Transport) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._head_timeout, transport.abort)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def connection_of(request: web.Request) -> Connection | None:
    """Return the connection of a request; None for a lost one, and where another application mounts the server."""
    transport = request.transport
    protocol = None if transport is None else transport.get_protocol()
    return protocol if isinstance(protocol, Connection) else None
