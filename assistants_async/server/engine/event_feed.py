"""Server-sent events: the events of a run written as a response, in one version of the protocol.

Frames end in LF LF, which is what clients that split on blank lines need.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from ...core.requests.endpoint import ProtocolVersion
from ...models.events import DONE_EVENT
from ..storage.documents import event_name, render, without_content
from ..storage.interface import Event, Follower, StoreError, StreamCutError
from ..storage.kinds import ACTIVE

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


class EventFrames:
    """Writes events as frames, in a version of the protocol, with what was found where a reader wants it."""

    def __init__(self, protocol: ProtocolVersion, *, content: bool = False) -> None:
        self._protocol: ProtocolVersion = protocol
        self._content = content

    def frame(self, event: Event) -> bytes:
        """Return the frame of an event."""
        shown = render(event.kind, event.document, self._protocol)
        data = msgspec.json.encode(shown if self._content or event.kind != "step" else without_content(shown))
        return b"event: %b\ndata: %b\n\n" % (event_name(event.name, self._protocol).encode(), data)

    async def pieces(self, follower: Follower, chunk: int | None, keepalive: float) -> AsyncIterator[bytes]:
        """Yield what to write, as it comes: all frames that are there at once, or in pieces of `chunk` bytes."""
        is_over = False
        while not is_over:
            events = await follower.read(keepalive)
            if events is not None and not events:
                yield _COMMENT
                continue
            is_over = events is None or any(_is_last(event) for event in events)
            data = b"".join([self.frame(event) for event in events or ()]) + (_DONE if is_over else b"")
            for start in range(0, len(data), chunk or len(data)):
                yield data[start : start + (chunk or len(data))]


def _is_last(event: Event) -> bool:
    """Return True for an event that ends a stream: its run has ended, or waits for the client."""
    if event.kind != "run":
        return False
    status: str = event.document["status"]
    return status == "requires_action" or status not in ACTIVE


async def serve(
    request: web.Request, follower: Follower, frames: EventFrames, *, chunk: int | None, keepalive: float
) -> web.StreamResponse:
    """Write the events of a run until it ends or its reader leaves; the run goes on in either case."""
    response = web.StreamResponse(headers=_HEADERS)
    try:
        await response.prepare(request)
        async for piece in frames.pieces(follower, chunk, keepalive):
            await response.write(piece)
        await response.write_eof()
    except (StoreError, StreamCutError):
        # A clean end would tell a client that there was no more to come.
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        _log.debug("a reader left its stream")
    finally:
        follower.close()
    return response
