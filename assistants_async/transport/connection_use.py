"""Notes between the transport and its pool about the connection of one request."""

from __future__ import annotations

from contextvars import ContextVar

import msgspec


class ConnectionUse(msgspec.Struct, eq=False):
    """What one request asks of its connection, and what it got."""

    new_required: bool
    """Whether the connection must be a new one."""
    reused: bool = False
    """Whether it had served other requests."""


connection_use: ContextVar[ConnectionUse] = ContextVar("assistants_async.link")
"""The request under way in this task: aiohttp passes nothing of ours down to its pool."""
