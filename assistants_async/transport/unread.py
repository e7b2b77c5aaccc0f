"""Input that waits at an idle connection, though nothing was requested."""

from __future__ import annotations

import asyncio
import select
from collections.abc import Callable
from functools import partial

PAUSE = 0.001
"""Seconds of idleness from which on a connection is looked at: a look costs 1 µs, a fiftieth of a short GET."""


def has_unread(transport: asyncio.BaseTransport) -> bool:
    """Return True where bytes, or the end, have arrived that the event loop has not read yet.

    A late 408, or left-over bytes, would be read as the answer to the next request. The loop sees them by itself, but
    not where it was busy with other work since they came.
    """
    return bool(look_at(transport)())


def look_at(transport: asyncio.BaseTransport) -> Callable[[], object]:
    """Make the look of `has_unread`, true or false, for a connection that is looked at many times."""
    socket = transport.get_extra_info("socket")
    if socket is None or not hasattr(select, "poll"):  # Windows: its loop reads ahead, without such a look
        return bool
    poll = select.poll()
    poll.register(socket.fileno(), select.POLLIN)
    return partial(poll.poll, 0)
