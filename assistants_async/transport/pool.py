"""The pool of connections: aiohttp's, but none with unexpected bytes is handed out, and a used one is noted as such.

Imported by the transport on first use, since it imports aiohttp.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from inspect import signature
from typing import Any

import aiohttp
import msgspec
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from .._typing import override
from ..core.requests.options import Timeout
from .connection_use import connection_use
from .unread import PAUSE, look_at

SMALL = 64 * 1024
"""Bytes that a connection is read by at first."""
LARGE = 512 * 1024
"""Bytes that it is read by once so many were there."""

_TAKES_SOCKETS = "socket_factory" in signature(aiohttp.TCPConnector).parameters  # from aiohttp 3.12 on
_OF_PROXY = {"Host", "Proxy-Authorization"}


class _Used(msgspec.Struct, eq=False):
    """A connection that has served a request."""

    began: float
    """The time at which its last request began, by the loop's clock."""
    look: Callable[[], object] | None = None
    """The look for unread bytes, kept since making one takes four times as long as looking."""

    def has_unread(self, transport: asyncio.BaseTransport) -> bool:
        """Look for bytes that nobody has read."""
        look = self.look = self.look or look_at(transport)
        return bool(look())


class Connector(aiohttp.TCPConnector):
    """Connections of one client; the keywords are aiohttp's."""

    def __init__(self, **settings: Any) -> None:
        if _TAKES_SOCKETS:
            settings["socket_factory"] = _socket
        super().__init__(**settings)  # pyright: ignore[reportUnknownMemberType]  # aiohttp leaves a type open
        self._used: dict[ResponseHandler, _Used] = {}
        self._ceiling = 0

    @override
    async def connect(self, req: ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout) -> Connection:
        """Get one from the pool, or a new one."""
        use = connection_use.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            assert protocol is not None
            use.transport = protocol.transport
            now = self._loop.time()
            try:
                used = self._used[protocol]  # no `get`, which is a call more for each request
            except KeyError:
                use.reused = False  # as one before it may have been
                self._add(protocol, now)
                return connection
            use.reused = True
            # Bytes that came while it was idle (a late 408, left-overs) would be read as the answer to this request.
            idle = use.transport if now - used.began > PAUSE else None
            if not (use.new_required or protocol.should_close or (idle is not None and used.has_unread(idle))):
                used.began = now
                return connection
            connection.close()

    def counts(self) -> Mapping[str, int]:
        """Count the open connections: those with a request, and those that wait for the next one."""
        active = len(self._acquired)
        return {"active": active, "idle": max(sum(known.is_connected() for known in self._used) - active, 0)}

    @override
    def _update_proxy_auth_header_and_build_proxy_req(self, req: ClientRequest) -> ClientRequest:
        """Make the request for the proxy, with no header but its host and the proxy's own password.

        The name is aiohttp's; where another version has another, its own headers go out, and still none of the API's.
        """
        request = super()._update_proxy_auth_header_and_build_proxy_req(req)
        for name in request.headers.keys() - _OF_PROXY:
            del request.headers[name]
        return request

    def _add(self, protocol: ResponseHandler, now: float) -> None:
        """Note a connection of the pool, and forget closed ones before they are most of the set."""
        # No weak references: asking one is slow, and every request asks.
        if len(self._used) > self._ceiling:
            self._used = {known: used for known, used in self._used.items() if known.is_connected()}
            self._ceiling = 2 * len(self._used) + 16
        self._used[protocol] = _Used(now)


class Socket(socket.socket):
    """A socket that is read by small pieces until one of them is full, and then by large ones until there is less."""

    # asyncio reads up to 256 KB at a time. In a process that has never freed a block as large, the C library gets that
    # much memory from the system for each read and gives it back, a fifth of the work of a GET; a service that is warm
    # has no such cost, and loses nothing here (2026-11). Small pieces alone would cost a download a fourth; pieces
    # larger than asyncio's save it a seventh.
    _large = False

    @override
    def recv(self, size: int, flags: int = 0, /) -> bytes:
        """Receive the bytes that have arrived; a large limit is replaced by the size that is read fastest."""
        data = super().recv(size if size < SMALL else LARGE if self._large else SMALL, flags)
        if self._large is not (len(data) >= SMALL):
            self._large = not self._large
        return data


def _socket(address: Any) -> Socket:
    family, kind, protocol, *_ = address
    return Socket(family, kind, protocol)


def new_session(
    connector: Connector, headers: Mapping[str, str] | None, max_header_bytes: int, skipped: Iterable[str] | None
) -> aiohttp.ClientSession:
    """Make a session on a pool that it does not close, with headers that each of its requests has."""
    session = aiohttp.ClientSession(
        connector=connector,
        connector_owner=False,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        max_line_size=max_header_bytes,
        max_field_size=max_header_bytes,
        skip_auto_headers=skipped,
    )
    # aiohttp would send a GET or DELETE a second time by itself, unseen by the retry policy. It has no public
    # switch for that (its issue 10790); its own test client sets the same.
    session._retry_connection = False  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return session


def limits_of(timeout: Timeout) -> aiohttp.ClientTimeout:
    """Make aiohttp's limits of the two that are left to it."""
    # Head, idle and total are the session manager's: it knows which one passed, and mocks keep to them too.
    return aiohttp.ClientTimeout(
        total=None, connect=timeout.pool, sock_connect=timeout.connect, ceil_threshold=float("inf")
    )
