"""The events of a run as openai-python streams them: awaited first, then iterated."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

from .._typing import override
from ..core.runs.snapshot import Snapshot
from ..models.events import StreamEvent
from ..workflows.runs.call import RunCall, RunChannel
from .errors import translating
from .models import dressed
from .pending import Pending
from .raw_responses import APIResponse, StreamedResponse, StreamedResponseManager
from .web import WebResponse


class AsyncStream(AsyncIterator[StreamEvent]):
    """The events of a run, one after another; closed at their end, by `close()` or by leaving its block."""

    def __init__(self, channel: RunChannel) -> None:
        self._channel = channel

    @property
    def response(self) -> WebResponse:
        """The answer's head."""
        return WebResponse(self._channel.http, self.close)

    @property
    def snapshot(self) -> Snapshot:
        """Run, messages and steps as far as they have come, as native models."""
        return self._channel.snapshot

    @override
    async def __anext__(self) -> StreamEvent:
        with translating():
            event: StreamEvent = dressed(await anext(self._channel))
            return event

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connection; the run goes on at the server."""
        await self._channel.aclose()


async def open_stream(call: RunCall) -> AsyncStream:
    """Send the request of a run, and return the stream at its head."""
    with translating():
        # Not in a block: the stream is closed at its end, or by whoever it was awaited for.
        channel = await call.stream().__aenter__()
    return AsyncStream(channel)


class StreamedEvents(StreamedResponse[AsyncStream]):
    """An answer of events whose head has come: parsed to the stream of them, or read as bytes."""

    @override
    async def parse(self) -> AsyncStream:
        """Return the stream of the events."""
        channel: Any = self._channel
        return AsyncStream(channel)

    @override
    def _pieces(self) -> AsyncIterator[bytes]:
        channel: Any = self._channel
        pieces: AsyncIterator[bytes] = channel.sse()
        return pieces


class PendingStream(Pending[AsyncStream]):
    """A request that is awaited for the stream of a run's events."""

    __slots__ = ()

    @override
    async def _await(self) -> AsyncStream:
        call: Any = self._call
        return await open_stream(call)

    @override
    async def raw(self) -> APIResponse[AsyncStream]:
        """Await for the head of the answer; its value is the stream."""
        self._use()
        stream = await self._await()
        return APIResponse(stream, stream._channel.http)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  of this module

    @override
    def streamed(self) -> StreamedResponseManager[AsyncStream]:
        """Enter for the answer at its head."""
        self._use()
        call: Any = self._call
        channel: RunChannel = call.stream()
        return StreamedResponseManager(StreamedEvents(channel, None), channel)
