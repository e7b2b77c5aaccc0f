"""Calls that are sent again soon."""

from __future__ import annotations

from assistants_async import (
    RetryPolicy,
)
from tests.support.http_server import (
    ANYTHING,
    Peer,
    Seen,
    answer,
    then_cut,
)
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)
QUICK = RetryPolicy(initial_delay=MS, max_delay=MS)
cut = then_cut(b"")


async def closed(seen: Seen, peer: Peer) -> None:
    """Close without an answer, in good order."""
    peer.finish()
