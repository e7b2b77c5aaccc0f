"""Server-sent events: a feed takes what happens to a run, `serve` writes it as a response.

Frames are made when the event happens, so they show the object as it was then, and end in LF LF, which is what
clients that split on blank lines need.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from ...core.requests.endpoint import ProtocolVersion
from ...models.events import DONE_EVENT
from ..storage.collection import Document
from ..storage.documents import event_name, render, without_content

_log = logging.getLogger(__name__)

_DONE = f"event: {DONE_EVENT}\ndata: [DONE]\n\n".encode()
# One line before the frame to come, and never a frame of its own: some clients end at a frame without data.
_COMMENT = b": keep-alive\n"
_HEADERS = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    # Reverse proxies of the nginx kind hold events back without it.
    "x-accel-buffering": "no",
}


class Feed:
    """One reader's view of a run's events, in its version of the protocol, with what was found where it asked."""

    def __init__(self, protocol: ProtocolVersion, *, content: bool = False) -> None:
        self._protocol: ProtocolVersion = protocol
        self._content = content
        self._frames: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._ended = False
        self._left = False
        self.was_cut = False
        """True where the server ended the stream before its last event."""

    def send(self, event: str, kind: str, document: Document) -> None:
        """Add an event with the object that it is about."""
        if self._left:
            return
        shown = render(kind, document, self._protocol)
        data = msgspec.json.encode(shown if self._content or kind != "step" else without_content(shown))
        self._add(b"event: %b\ndata: %b\n\n" % (event_name(event, self._protocol).encode(), data))

    def end(self) -> None:
        """Say that nothing more comes on this stream."""
        self._add(_DONE)
        self._ended = True

    def cut(self) -> None:
        """End the stream without its last event: the server is closing."""
        self._ended = self.was_cut = True
        self._wake.set()

    def leave(self) -> None:
        """Say that nobody reads any more; what comes is thrown away."""
        self._left = True
        self._frames.clear()

    def _add(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._wake.set()

    async def pieces(self, chunk: int | None, keepalive: float) -> AsyncIterator[bytes]:
        """Yield what to write, as it comes: all frames that are there at once, or in pieces of `chunk` bytes."""
        while True:
            while self._frames:
                data = b"".join(self._frames)
                self._frames.clear()
                for start in range(0, len(data), chunk or len(data)):
                    yield data[start : start + (chunk or len(data))]
            if self._ended:
                return
            self._wake.clear()
            try:
                async with asyncio.timeout(keepalive):
                    await self._wake.wait()
            except TimeoutError:
                yield _COMMENT


async def serve(request: web.Request, feed: Feed, *, chunk: int | None, keepalive: float) -> web.StreamResponse:
    """Write a feed until it ends or its reader leaves; the run goes on in either case."""
    response = web.StreamResponse(headers=_HEADERS)
    try:
        await response.prepare(request)
        async for piece in feed.pieces(chunk, keepalive):
            await response.write(piece)
        if feed.was_cut:
            # A clean end would tell a client that there was no more to come.
            if request.transport is not None:
                request.transport.abort()
        else:
            await response.write_eof()
    except ConnectionError:
        _log.debug("a reader left its stream")
    finally:
        feed.leave()
    return response
