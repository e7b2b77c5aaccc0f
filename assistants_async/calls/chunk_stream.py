"""Pieces of a body from anywhere, read as those of an answer are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable

from ..core.requests.options import Options
from ..core.streams.run_decoders import RunEventBodyDecoder
from ..response import Headers, HTTPResponse
from ..session.deadlines import Deadline, DeadlineTimer
from ..session.open_response import StreamWatch


class ChunkStream:
    """Pieces of a body from anywhere, such as another service; its head is made up."""

    watch: StreamWatch | None = None

    def __init__(self, chunks: AsyncIterable[bytes]) -> None:
        self._chunks = aiter(chunks)
        self._closed = False
        self._deadline: Deadline | None = None
        head = Headers([("content-type", "text/event-stream")])
        self.http = HTTPResponse(200, "", head, b"", "", "")
        """A head that says `text/event-stream`."""

    async def read(self) -> bytes:
        """Next piece that is not empty; empty at the end, and after `close`."""
        if self._deadline is None:
            self._deadline = Deadline(DeadlineTimer(asyncio.get_running_loop()), None)
        while not self._closed:
            piece: bytes | None = None
            with self._deadline:
                piece = await anext(self._chunks, None)
            if piece:
                return piece
            self._closed = self._closed or piece is None
        return b""

    async def drain(self) -> None:
        """Read nothing more: the rest belongs to the caller."""

    def close(self) -> None:
        """Read no more."""
        self._closed = True
        if self._deadline is not None:
            self._deadline.interrupt(ConnectionAbortedError())


async def open_run_events(chunks: AsyncIterable[bytes]) -> tuple[ChunkStream, RunEventBodyDecoder]:
    """Open pieces of a run's event stream, with their decoder."""
    return ChunkStream(chunks), RunEventBodyDecoder(Options())
