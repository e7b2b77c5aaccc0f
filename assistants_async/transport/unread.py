"""Input that waits at an idle connection, though nothing was requested."""

from __future__ import annotations

import asyncio
import select

PAUSE = 0.001
"""Seconds of idleness from which on a connection is looked at: a look costs 1 µs, a fiftieth of a short GET."""


def has_unread(transport: asyncio.BaseTransport) -> bool:
    """Return True where bytes, or the end, have arrived that the event loop has not read yet.

    A late 408, or left-over bytes, would be read as the answer to the next request. The loop sees them by itself, but
    not where it was busy with other work since they came.
    """
    socket = transport.get_extra_info("socket")
    if socket is None or not hasattr(select, "poll"):  # Windows: its loop reads ahead, without such a look
        return False
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return bool(poll.poll(0))
