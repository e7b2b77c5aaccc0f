"""Sending one request over the lean transport."""

from __future__ import annotations

import asyncio
import ssl as ssl_module
from collections.abc import Mapping
from contextlib import aclosing

from ...core.requests.options import Timeout
from ...core.requests.request import PreparedRequest, StreamingBody
from ...errors import ConnectionLostError, TransportError
from ..decompressed import decompressed
from ..interface import RawResponse
from .connecting import Origin
from .connection import Connection
from .heads import MAX_HEADER, header_block, request_line
from .pool import Pool
from .response import LeanResponse


class LeanTransport:
    """The transport over asyncio's own connections: no aiohttp, no proxies and no sessions that are lent."""

    def __init__(
        self,
        *,
        max_connections: int = 100,
        max_header_bytes: int = MAX_HEADER,
        ssl: ssl_module.SSLContext | None = None,
    ) -> None:
        self._pool = Pool(max_connections, max_header_bytes, ssl)
        self._usual = b""

    def start(self, headers: Mapping[str, str] | None) -> None:
        """Write the headers of a request that adds none, once for all of them."""
        self._pool.start()
        if headers is not None:
            self._usual = header_block(headers)

    async def open(self, outgoing: PreparedRequest, timeout: Timeout) -> RawResponse:
        """Send over an idle connection, or over a new one, and return at the head."""
        url, body, pool = outgoing.url, outgoing.body, self._pool
        start = url.find("/", 8)  # behind "https://"
        origin = pool.origins.get(url[:start]) or self._origin(url, start)
        connection = None if outgoing.new_connection else pool.take(origin)
        if connection is None:
            connection = await pool.connect(origin, timeout, new_required=outgoing.new_connection)
        try:
            if body is None or isinstance(body, bytes):
                # A request with known headers was seen by no hook, and is a GET, DELETE or POST.
                usual = outgoing.method == "GET" and outgoing.added_headers == {}
                response = connection.send(
                    f"GET {url[start:]}".encode("ascii") + origin.usual_get
                    if usual
                    else self._head(outgoing, origin, url[start:]),
                    body,
                    streamed=False,
                )
            else:
                response = connection.send(self._head(outgoing, origin, url[start:]), None, streamed=True)
                await _upload(connection, response, body)
            while not (response.status or response.broken):
                response.waiter = asyncio.get_running_loop().create_future()
                await response.waiter
            response.waiter = None
        except BaseException as error:  # noqa: BLE001  # raised again
            # Whatever state the connection is in, nothing may be read from it as the answer to another request.
            connection.transport.abort()
            # As it is, but without the frames that wrote the head: tracebacks may show locals, and so the key.
            raise error.with_traceback(None)  # noqa: B904  # the same error
        if not response.status:
            raise _lost(response, used=connection.used) from response.cause
        if response.status != 101 and b"ontent-encoding:" not in response.head.lower():
            return response
        return _unusual(response)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    def connections(self) -> Mapping[str, int]:
        """Count the open connections, active and idle."""
        return self._pool.counts()

    def _origin(self, url: str, start: int) -> Origin:
        """Read the place that a URL names, which is kept for the next request."""
        origin = self._pool.origins[url[:start]] = Origin.of(url[:start] if start > 0 else "")
        if self._usual:
            origin.usual_get = b" HTTP/1.1\r\nhost: %b\r\n%b\r\n" % (origin.header, self._usual)
        return origin

    def _head(self, outgoing: PreparedRequest, origin: Origin, target: str) -> bytes:
        """Write the head of a request, with the blank line at its end."""
        method, headers, body = outgoing.method, outgoing.headers, outgoing.body
        line = request_line(method, target)
        if self._usual and outgoing.added_headers is not None:
            block = self._usual + header_block(outgoing.added_headers)
        else:
            block = header_block(headers)
        if "host" not in headers:
            block = b"host: %b\r\n%b" % (origin.header, block)
        if "content-length" not in headers:
            if isinstance(body, bytes):
                block = b"%bcontent-length: %d\r\n" % (block, len(body))
            elif body is not None:
                block += b"transfer-encoding: chunked\r\n"
            elif method != "GET":
                block += b"content-length: 0\r\n"
        return b"%b HTTP/1.1\r\n%b\r\n" % (line, block)


async def _upload(connection: Connection, response: LeanResponse, body: StreamingBody) -> None:
    """Send a streamed body, up to the moment in which an answer is there, or the connection is gone."""
    if response.broken:
        return  # before a byte of a body that may not come twice
    transport, sized = connection.transport, body.length is not None
    try:
        # Moved to now by the connection: a caller's iterator that waits for its next piece would not notice.
        async with asyncio.timeout(None) as connection.upload, aclosing(body.chunks()) as pieces:
            async for piece in pieces:
                if response.status or response.broken:
                    break
                if sized:
                    # A view: asyncio would copy what the socket does not take at once, twice.
                    transport.write(memoryview(bytes(piece)))
                elif piece:
                    transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                if connection.drained is not None:
                    await connection.drained
            else:
                if not sized:
                    transport.write(b"0\r\n\r\n")
                connection.unsent = False
    except TimeoutError:
        if not (response.status or response.broken):
            raise  # the caller's own
    finally:
        connection.upload = None


def _lost(response: LeanResponse, *, used: bool) -> TransportError:
    """Make the error of a connection that was gone before the head of an answer was whole."""
    if response.failure is not None:
        return response.failure
    cause = response.cause
    reason = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    text = "the server closed the connection before it answered"
    failure = ConnectionLostError(text if cause is None else f"the connection broke: {reason}", maybe_processed=True)
    failure.stale = used and not response.head
    return failure


def _unusual(response: LeanResponse) -> RawResponse:
    """Undo the compression of an answer, which no request wants; refuses one that cannot be read."""
    coding = response.headers.get("content-encoding", "identity")
    try:
        if response.status == 101:
            raise ValueError("a switch of protocols, which was not asked for")  # noqa: TRY301  # as Inflater raises
        return response if coding.lower() == "identity" else decompressed(response, coding)
    except ValueError as error:
        response.close()
        failure = ConnectionLostError(f"the server sent {error}", maybe_processed=True)
    failure.permanent = True
    raise failure
