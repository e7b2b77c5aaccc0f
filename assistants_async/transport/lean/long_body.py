"""The rest of a long body with a length: bytes that need no parser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ..._typing import override


class LongBody(asyncio.Protocol):
    """The reader of a connection for the time of such a body; nothing is written meanwhile.

    asyncio reads for it into bytes of their own, which go to the caller as they are. Through the buffer and the
    parser of the connection they would be copied once more: a tenth of a download's CPU.
    """

    __slots__ = ("_connection", "_left", "_take")

    def __init__(self, connection: asyncio.BufferedProtocol, take: Callable[[bytes, int], None], left: int) -> None:
        self._connection = connection
        self._take = take
        self._left = left

    @override
    def data_received(self, data: bytes) -> None:
        """Hand a piece on, with the bytes that are left behind it; less than none where others followed the body."""
        left = self._left = self._left - len(data)
        self._take(data if left >= 0 else data[:left], left)

    @override
    def eof_received(self) -> None:
        """Let the connection end."""
        self._connection.eof_received()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Let the connection know."""
        self._connection.connection_lost(exc)

    @override
    def resume_writing(self) -> None:
        """Let the connection know."""
        self._connection.resume_writing()
