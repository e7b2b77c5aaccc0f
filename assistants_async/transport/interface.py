"""What sends requests, and what an answer is while its body has not been read: two small interfaces.

A transport opens exchanges; an exchange is one answer whose body is read piece by piece. Tests can put another
transport in the place of aiohttp's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..core.requests.options import Timeout
from ..core.requests.request import PreparedRequest
from ..response import Headers


class Transport(Protocol):
    """Something that can send a request."""

    def start(self, headers: Mapping[str, str] | None) -> None:
        """Called before the first request, outside of every time limit: import here what is slow to import.

        `headers` are those of a request that adds none of its own: the same object comes as its `headers`. None
        where there are none such.
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
        """All that is left of the body, where its end is there already; None otherwise."""
        ...

    def read_nowait(self) -> bytes | None:
        """What of the body is there already; empty at its end, None where `read` would have to wait or to fail."""
        ...

    async def read(self) -> bytes:
        """Next piece of the body as soon as there is one; empty at its end."""
        ...

    def close(self) -> None:
        """Let go of the answer: a body read to its end frees the connection for others, any other is cut."""
        ...
