"""One connection: it writes a request, and fills the answer from the bytes that arrive."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

import httptools

from ..._typing import override
from ...errors import ConnectionLostError, TransportError
from .heads import MAX_HEADERS, end_of_head, ends_with_connection, length_of, too_large
from .response import LeanResponse

HIGH_WATER = 512 * 1024
"""Bytes of a body that may wait for the reader: past them the connection is not read, so that the server waits too."""
_LINES = MAX_HEADERS + 1
# A body up to this size is copied behind its head: one call of the system in place of two.
_SHORT = 64 * 1024
# The start of a read that usual heads are in: to copy a page with its head was 4 % of it.
_START = 16 * 1024


READ = 256 * 1024
"""Bytes that are read at once; of a long body with a length twice as many, which makes a download 6 % cheaper."""


class Owner(Protocol):
    """The pool of a connection."""

    def take_back(self, connection: Connection) -> None:
        """Take a connection that can serve another request."""
        ...

    def forget(self, connection: Connection) -> None:
        """Let go of a connection that is gone."""
        ...

    def long_view(self) -> memoryview:
        """Return the place to read a long body to."""
        ...


class Connection(asyncio.BufferedProtocol):
    """A connection of asyncio's, which serves one request at a time; what the server says between them ends it.

    `view` is where bytes are read to. All connections of a loop have the same one, since what is in it is taken out
    before the next read of any of them: asyncio's usual 256 KB for each read cost a GET two page faults where the
    process gives such blocks back to the system.
    """

    __slots__ = (
        "_has_body",
        "_head",
        "_is_over",
        "_keep",
        "_max_header_bytes",
        "_parser",
        "_pieces",
        "_pool",
        "_response",
        "_view",
        "_whole",
        "drained",
        "idle_since",
        "is_lost",
        "on_body",
        "transport",
        "unsent",
        "upload",
        "used",
    )

    transport: asyncio.Transport

    def __init__(self, view: memoryview, max_header_bytes: int, pool: Owner) -> None:
        self._view = view
        self._max_header_bytes = max_header_bytes
        self._pool = pool
        self.used = False
        """True once it has served a request."""
        self.idle_since = 0.0
        """The time of the end of its last request, by the loop's clock."""
        self.is_lost = False
        """True once it is gone."""
        self.drained: asyncio.Future[None] | None = None
        """Done as soon as more can be written; None where that is now."""
        self.upload: asyncio.Timeout | None = None
        """The block that sends a streamed body: it ends when an answer is there, or the connection is gone."""
        self.unsent = False
        """True while there is more of such a body to be written."""
        self._response: LeanResponse | None = None
        self._has_body = False
        self._head = b""
        self._is_over = self._keep = False
        self._whole = 0
        self._pieces: list[bytes] = []
        # The parser calls `list.append` itself, which saves a Python call for each chunk of a body.
        self.on_body = self._pieces.append
        parser = httptools.HttpResponseParser(self)
        # As aiohttp has it: servers in the field do send these.
        parser.set_dangerous_leniencies(
            lenient_headers=True, lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True
        )
        self._parser: httptools.HttpResponseParser | None = parser

    # A request

    def send(self, head: bytes, body: bytes | None, *, streamed: bool) -> LeanResponse:
        """Write a request, and return its answer to come; a streamed body is the caller's to write."""
        transport = self.transport
        response = self._response = LeanResponse(transport)
        self._has_body, self.unsent = streamed or body is not None, streamed
        if self.is_lost or transport.is_closing():  # it ended while it was handed over
            self._response = None
            response.break_off(None)
        elif body is None:
            transport.write(head)
        elif len(body) < _SHORT:
            transport.write(head + body)
        else:
            transport.write(head)
            transport.write(body)
        return response

    # What asyncio calls

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's are of no class of asyncio's

    @override
    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002  # asyncio gives it
        """Return the place to read to."""
        return self._view

    @override
    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read to `view`."""
        response, parser = self._response, self._parser
        if response is None or parser is None:
            # Nobody asked for it: a late 408, or left-over bytes, would be read as the next request's answer.
            self.transport.abort()
            return
        data = self._view[:nbytes]
        begins = not response.status
        if begins:
            self._head += bytes(data) if nbytes <= _START else _with_head(data)
        failed = False
        try:
            parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._keep = False
        except httptools.HttpParserError:
            failed = True
            if self._is_over:  # bytes behind a body: its length was wrong, so that it cannot be trusted
                self._is_over = False
                del self._pieces[self._whole :]
        if begins and (failure := self._take_head(response)) is not None:
            self._fail(response, failure)
            return
        self._update(response, begins=begins)
        if failed:
            self._fail(response, None if response.status else _not_http())
        elif nbytes == READ and length_of(response.head) > HIGH_WATER:
            self._view = self._pool.long_view()  # from here on, since another file may follow

    def _update(self, response: LeanResponse, *, begins: bool) -> None:
        """Hand over what a read has brought."""
        pieces = self._pieces
        if self._is_over:
            del pieces[self._whole :]
        if pieces:
            data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
            pieces.clear()
            response.pieces.append(data)
            response.size += len(data)
        elif not (begins or self._is_over):
            return
        if self._is_over:
            self._finish(response)
        elif response.size > HIGH_WATER and not response.paused:
            response.paused = True
            self.transport.pause_reading()
        waiter = response.waiter
        if waiter is None:
            if self.upload is not None and response.status:
                self._wake(response)
        elif response.status and not waiter.done():
            waiter.set_result(None)

    @override
    def eof_received(self) -> None:
        """End the connection."""
        # asyncio would first send what is left of the request, which a server that is gone never reads.
        self._end(None)
        self.transport.abort()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Let everyone who waits for this connection know."""
        self.is_lost = True
        self._end(exc)
        self.resume_writing()
        self._parser = None  # the two refer to each other
        self._pool.forget(self)

    @override
    def pause_writing(self) -> None:
        """Take note that enough waits to be sent."""
        self.drained = asyncio.get_running_loop().create_future()

    @override
    def resume_writing(self) -> None:
        """Let the upload go on."""
        drained, self.drained = self.drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # What the parser calls

    def on_message_begin(self) -> None:
        """Take note of bytes after the end of the answer."""
        if self._is_over:
            self._keep = False

    def on_headers_complete(self) -> None:
        """Take the status, but for one that says that the answer will come (RFC 9110, 15.2)."""
        response, parser = self._response, self._parser
        assert response is not None
        assert parser is not None
        status = parser.get_status_code()
        if not self._is_over and (status >= 200 or status == 101):
            response.status = status

    def on_message_complete(self) -> None:
        """Take note of the end of the answer."""
        response, parser = self._response, self._parser
        assert response is not None
        assert parser is not None
        if self._is_over:
            return
        if response.status:
            self._is_over, self._whole = True, len(self._pieces)
            self._keep = parser.should_keep_alive()
        else:
            self._head = self._head[end_of_head(self._head) :].lstrip(b"\r\n")

    # Ends

    def _take_head(self, response: LeanResponse) -> TransportError | None:
        """Cut the head out of what has arrived; returns the error of one that is past a limit."""
        head = self._head
        if response.status:
            end = head.find(b"\r\n\r\n")
            if end < 0 or head.find(b"\n\n", 0, end) >= 0:  # some servers end lines by a line feed alone
                end = end_of_head(head)
            head = response.head = head[:end]
            self._head = b""
        if len(head) > self._max_header_bytes or head.count(b"\n") >= _LINES:
            return too_large(head, self._max_header_bytes)
        return _not_http() if b"\0" in head else None

    def _finish(self, response: LeanResponse) -> None:
        """Let go of a whole answer, and of the connection where another request may follow."""
        self._response = response.transport = None
        response.ended = True
        transport, self._is_over, self.used = self.transport, False, True
        if self._keep and not (self._has_body and (self.unsent or transport.get_write_buffer_size())):
            self._pool.take_back(self)
        else:
            transport.abort()

    def _fail(self, response: LeanResponse, failure: TransportError | None) -> None:
        """Give up an answer that cannot be read; `failure` is None inside the body."""
        self._response = None
        if failure is not None:
            response.status, response.failure = 0, failure
        response.break_off(None)
        self.transport.abort()
        self._wake(response)

    def _end(self, cause: Exception | None) -> None:
        """Take note of the end of the connection, which may be that of the body."""
        response, self._response = self._response, None
        if response is None:
            return
        if cause is None and response.status and ends_with_connection(response.head):
            response.transport, response.ended = None, True
        else:
            response.head = response.head or self._head
            response.break_off(cause)
        self._wake(response)

    def _wake(self, response: LeanResponse) -> None:
        """Let the task that waits for the answer go on, also where it waits for the caller's next piece of a body."""
        if not response.wake() and self.upload is not None:
            upload, self.upload = self.upload, None
            upload.reschedule(asyncio.get_running_loop().time())


def _with_head(data: memoryview) -> bytes:
    """Return the start of a read where a usual head is in it, otherwise all of the read."""
    start = bytes(data[:_START])
    is_usual = start.startswith(b"HTTP/1.1 ") and start[9:10] != b"1" and b"\r\n\r\n" in start
    return start if is_usual else bytes(data)


def _not_http() -> TransportError:
    return ConnectionLostError("the server's answer is not HTTP", maybe_processed=True)
