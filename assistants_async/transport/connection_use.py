"""Notes between the transport and its pool about the connection of one request."""

from __future__ import annotations

from contextvars import ContextVar

import msgspec


class Link(msgspec.Struct, eq=False):
    """What one request asks of its connection, and what it got."""

    fresh: bool
    """Whether the connection must be a new one."""
    used: bool = False
    """Whether it had served other requests."""


LINK: ContextVar[Link] = ContextVar("assistants_async.link")
"""The request under way in this task: aiohttp passes nothing of ours down to its pool."""
