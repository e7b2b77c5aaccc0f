"""Bodies as scripts: the bytes, waits and breaks of the server of bytes, in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Literal

import msgspec

from tests.support.http_server import Answer, Peer, Seen, Wire, chunk, head

__all__ = ["CLOSE", "RESET", "STALL", "Body", "Gate", "Peer", "Seen", "Step", "Wire", "cuts", "dumps", "frame", "named"]


class _Act(Enum):
    STALL = "stall"
    RESET = "reset"
    CLOSE = "close"


STALL = _Act.STALL
"""Send nothing more until the client has gone."""
RESET = _Act.RESET
"""Cut the connection without a farewell."""
CLOSE = _Act.CLOSE
"""Close the connection, the body's own end mark left out."""

Step = bytes | asyncio.Event | _Act | Callable[[Seen, Peer], Any]
Framed = Literal["chunked", "length", "close"]


class Gate(asyncio.Event):
    """A place where the script waits for the test; `reached` says that it has come there."""

    def __init__(self) -> None:
        super().__init__()
        self.reached = asyncio.Event()


class Body:
    """An answer whose body is a script; an instance serves any number of requests."""

    def __init__(
        self,
        *steps: Step,
        kind: str | None = "text/event-stream",
        status: int = 200,
        framed: Framed = "chunked",
        length: int | None = None,
        **headers: str,
    ) -> None:
        self._steps = steps
        self._kind = kind
        self._status = status
        self._framed = framed
        self._length = length
        self._headers = headers
        self.left = asyncio.Event()
        """Set when the client is seen to leave."""
        self.finished = 0
        """The number of times that the script ended."""

    def _head(self) -> bytes:
        pairs = [(name.replace("_", "-"), value) for name, value in self._headers.items()]
        if self._kind is not None:
            pairs.append(("content-type", self._kind))
        if self._framed == "chunked":
            pairs.append(("transfer-encoding", "chunked"))
        elif self._framed == "length":
            length = sum(len(step) for step in self._steps if isinstance(step, bytes))
            pairs.append(("content-length", str(length if self._length is None else self._length)))
        else:
            pairs.append(("connection", "close"))
        return head(self._status, pairs)

    async def __call__(self, seen: Seen, peer: Peer) -> None:
        """Play the script to one request."""
        try:
            await peer.send(self._head())
            for step in self._steps:
                if not await self._play(step, seen, peer):
                    return
            self.finished += 1
            if self._framed == "chunked":
                await peer.send(b"0\r\n\r\n")
            elif self._framed == "close":
                peer._writer.close()
        except ConnectionError:
            self.left.set()
            raise

    async def _play(self, step: Step, seen: Seen, peer: Peer) -> bool:
        """Do one step; return False where the script ends."""
        if isinstance(step, bytes):
            await peer.send(chunk(step) if self._framed == "chunked" else step)
            return True
        if step is STALL:
            await peer.gone()
            self.left.set()
        elif step is RESET:
            peer.reset()
        elif step is CLOSE:
            peer._writer.close()
        elif isinstance(step, asyncio.Event):
            return await self._wait_at(step, peer)
        else:
            assert not isinstance(step, _Act)
            await step(seen, peer)
            return True
        if step is not STALL:
            self.finished += 1
        return False

    async def _wait_at(self, event: asyncio.Event, peer: Peer) -> bool:
        if isinstance(event, Gate):
            event.reached.set()
        waits = [asyncio.ensure_future(wait) for wait in (event.wait(), peer.gone())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*waits, return_exceptions=True)
        if event.is_set():
            return True
        self.left.set()
        return False


def whole(data: bytes, kind: str | None = "application/json", status: int = 200, **headers: Any) -> Answer:
    """An answer with a Content-Length, in one piece."""
    return Body(data, kind=kind, status=status, framed="length", **headers)


def dumps(value: Any) -> bytes:
    """A value as JSON."""
    return msgspec.json.encode(value)


def frame(name: str, data: Any) -> bytes:
    """One server-sent event; bytes go as they are, anything else as JSON."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data if isinstance(data, bytes) else dumps(data))


def named(*ids: str) -> list[dict[str, Any]]:
    """Objects that are nothing but their ids."""
    return [{"id": name} for name in ids]


def cuts(data: bytes) -> Iterable[tuple[bytes, bytes]]:
    """The data in two pieces, cut at every place."""
    return ((data[:place], data[place:]) for place in range(1, len(data)))
