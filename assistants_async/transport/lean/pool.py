"""The connections of one client: idle ones for the next request, and a turn for each request that finds all busy."""

from __future__ import annotations

import asyncio
import ssl as ssl_module
import time
import weakref
from collections import deque

import msgspec

from ...core.requests.options import Timeout
from ...errors import TimedOutError
from ..unread import PAUSE, has_unread
from .connecting import Origin, connect
from .connection import READ, Connection

KEPT = 15.0
"""Seconds that a connection is kept for another request, as aiohttp does: routers forget it, and then it is silent."""

# By loop and size: connections of a loop share the place that they read to.
_views: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, memoryview]] = weakref.WeakKeyDictionary()


class _Waiter(msgspec.Struct, eq=False):
    """A request that waits for its turn."""

    origin: Origin
    new_required: bool
    given: asyncio.Future[Connection | None]
    """A connection to use, or None for the room to make one."""


class Pool:
    """The connections: at most so many are open, or being opened, at once."""

    def __init__(self, max_connections: int, max_header_bytes: int, ssl: ssl_module.SSLContext | None) -> None:
        self._max_connections = max_connections
        self._max_header_bytes = max_header_bytes
        self._ssl = ssl
        self._count = 0
        self.origins: dict[str, Origin] = {}
        """The places that requests went to, by the start of their URLs."""
        self._open: dict[Connection, Origin] = {}
        # Made with the first waiter: an empty deque takes 760 bytes, a ninth of a client.
        self._waiters: deque[_Waiter] | None = None
        self._all_lost: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._time = time.monotonic
        self._view = memoryview(b"")

    def start(self) -> None:
        """Bind to the loop that runs."""
        self._loop = loop = asyncio.get_running_loop()
        self._time = loop.time
        self._view = _view(loop, READ)

    def take(self, origin: Origin) -> Connection | None:
        """Take an idle connection; None where there is none that can be used."""
        idle = origin.idle
        while idle:
            connection = idle.pop()
            pause = self._time() - connection.idle_since
            if pause < PAUSE or (pause < KEPT and not has_unread(connection.transport)):
                return connection
            connection.transport.abort()
        return None

    async def connect(self, origin: Origin, timeout: Timeout, *, new_required: bool) -> Connection:
        """Make a connection, as soon as there is room for one, or get one that is free before.

        Raises `ConnectFailedError` and `TimedOutError`.
        """
        limit = timeout.pool
        scope = asyncio.timeout(limit)
        try:
            async with scope:
                return await self._connect(origin, timeout.connect, new_required=new_required)
        except TimeoutError as error:
            if limit is None or isinstance(error, TimedOutError) or not scope.expired():
                raise
        raise TimedOutError("pool", limit)

    def counts(self) -> dict[str, int]:
        """Count the connections, active and idle."""
        idle = sum(len(origin.idle) for origin in self.origins.values())
        return {"active": len(self._open) - idle, "idle": idle}

    async def _connect(self, origin: Origin, limit: float | None, *, new_required: bool) -> Connection:
        if self._count < self._max_connections:
            self._count += 1
        elif (given := await self._turn(origin, new_required=new_required)) is not None:
            return given
        return await self._make(origin, limit)

    async def close(self) -> None:
        """Close every connection."""
        assert self._loop is not None or not self._open
        for connection in self._open:
            connection.transport.abort()
        if self._open and self._loop is not None:
            self._all_lost = self._loop.create_future()
            await self._all_lost

    async def _make(self, origin: Origin, limit: float | None) -> Connection:
        """Make a connection in the room that was reserved for it."""
        try:
            connection = await connect(origin, self._new, self._ssl, limit)
        except BaseException:
            self._free()
            raise
        self._open[connection] = origin
        if connection.is_lost:  # pragma: no cover  # another process can cut it in the turn before
            self.forget(connection)
        return connection

    def long_view(self) -> memoryview:
        """Return the place to read a long body to."""
        assert self._loop is not None
        return _view(self._loop, 2 * READ)

    def _new(self) -> Connection:
        return Connection(self._view, self._max_header_bytes, self)

    async def _turn(self, origin: Origin, *, new_required: bool) -> Connection | None:
        """Wait for a connection that becomes free, or for room."""
        assert self._loop is not None
        self._make_room()
        waiter = _Waiter(origin, new_required, self._loop.create_future())
        if self._waiters is None:
            self._waiters = deque()
        self._waiters.append(waiter)
        try:
            return await waiter.given
        except BaseException:
            if not waiter.given.cancelled():  # it had its turn in the moment in which it was ended
                self._give_back(waiter.given.result())
            raise

    def _make_room(self) -> None:
        """Close a connection that is idle: there is one where it goes to another place, or must not be used again."""
        for origin in self.origins.values():
            if origin.idle:
                origin.idle.pop(0).transport.abort()
                return

    def _give_back(self, connection: Connection | None) -> None:
        if connection is None:
            self._free()
        elif not connection.is_lost:  # pragma: no branch  # the same
            self.take_back(connection)

    def take_back(self, connection: Connection) -> None:
        """Keep a connection, or give it to the request that has waited the longest."""
        origin = self._open[connection]
        while self._waiters:
            waiter = self._waiters[0]
            if not waiter.given.done():
                if waiter.new_required or waiter.origin is not origin:
                    connection.transport.abort()  # the waiter has its turn when it is gone
                    return
                self._waiters.popleft().given.set_result(connection)
                return
            self._waiters.popleft()
        connection.idle_since = now = self._time()
        origin.idle.append(connection)
        if now - origin.idle[0].idle_since > KEPT:  # what is left of a time when more was to do
            origin.idle.pop(0).transport.abort()

    def forget(self, connection: Connection) -> None:
        """Forget a connection that is gone."""
        origin = self._open.pop(connection, None)
        if origin is None:
            return  # one that is still being made
        if connection in origin.idle:
            origin.idle.remove(connection)
        self._free()
        if self._all_lost is not None and not self._open and not self._all_lost.done():
            self._all_lost.set_result(None)

    def _free(self) -> None:
        """Pass room for a connection on to the request that has waited the longest."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.given.done():
                waiter.given.set_result(None)
                return
        self._count -= 1


def _view(loop: asyncio.AbstractEventLoop, size: int) -> memoryview:
    """Return the place of a loop to read so many bytes to."""
    views = _views.setdefault(loop, {})
    if size not in views:
        views[size] = memoryview(bytearray(size))
    return views[size]
