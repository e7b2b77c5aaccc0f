"""Notes between the transport and its pool about the connection of one request."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import msgspec


class ConnectionUse(msgspec.Struct, eq=False):
    """The demands of one request on its connection, and the connection that it got."""

    new_required: bool
    """True where the connection must be a new one."""
    has_body: bool = False
    """True where the request has a body, which may be unsent when the call ends."""
    reused: bool = False
    """True where the connection had served other requests."""
    transport: asyncio.Transport | None = None
    """The connection's own transport; None until there is one."""

    def abort(self) -> None:
        """Close the connection now, with the bytes that were not sent.

        A plain close would keep socket and bytes until the server has read them, which it may never do.
        """
        if self.transport is not None:
            self.transport.abort()

    def abort_if_unsent(self) -> None:
        """Close the connection of an answer that came before all of its request was sent."""
        if self.transport is not None and self.transport.get_write_buffer_size():
            self.transport.abort()


connection_use: ContextVar[ConnectionUse] = ContextVar("assistants_async.connection_use")
"""The request under way in this task: aiohttp passes nothing of ours down to its pool."""
