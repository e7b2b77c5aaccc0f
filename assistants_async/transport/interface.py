"""The two interfaces of sending: a transport opens raw responses, and a raw response is read piece by piece.

Tests can put another transport in the place of aiohttp's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Protocol

from ..core.requests.options import Timeout
from ..core.requests.request import PreparedRequest
from ..errors import TransportError
from ..response import Headers


class Transport(Protocol):
    """The sender of requests."""

    def start(self, headers: Mapping[str, str] | None) -> None:
        """Import what is slow to import: this is called before the first request, outside of every time limit.

        `headers` are those of a request that adds none of its own, whose `added_headers` are then empty; None
        where the key is fetched before each request.
        """
        ...

    async def open(self, outgoing: PreparedRequest, timeout: Timeout) -> RawResponse:
        """Send, and return at the response head; raises `TransportError` only."""
        ...

    async def close(self) -> None:
        """Close every connection."""
        ...


class RawResponse(Protocol):
    """An answer whose head has arrived and whose body has not been read."""

    status: int

    @property
    def reason(self) -> str:
        """Reason phrase; empty where the server sent none."""
        ...

    @property
    def headers(self) -> Headers:
        """Response headers."""
        ...

    def read_all_nowait(self) -> bytes | None:
        """Return the rest of the body where it has arrived to its end; None otherwise."""
        ...

    def read_nowait(self) -> bytes | None:
        """Return the part of the body that has arrived; empty at the end, None where `read` would wait or raise."""
        ...

    def read(self) -> Awaitable[bytes]:
        """Wait for the next piece of the body; empty at its end."""
        ...

    def translated(self, error: BaseException) -> TransportError | None:
        """Make the error of what `read` has raised; None for what is no error of the network."""
        ...

    def close(self) -> None:
        """Release the connection: after the end of the body for other requests to use, before it by cutting it."""
        ...
