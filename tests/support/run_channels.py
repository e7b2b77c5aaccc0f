"""Reading the events of a run to their end, or to their error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.errors import (
    StreamError,
)
from assistants_async.models.events import (
    StreamEvent,
)
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import Body, Step
from tests.support.http_server import Wire


def start(client: AssistantsClient) -> RunChannel:
    """The stream of a new run."""
    return client.runs.create("thread_1", assistant_id="asst_1").stream()


async def events(wire: Wire, client: AssistantsClient, *steps: Step, **body: Any) -> list[StreamEvent]:
    """All events of a run whose body is this."""
    wire.answer(Body(*steps, **body))
    async with start(client) as channel:
        return [event async for event in channel]


async def failing(
    wire: Wire, client: AssistantsClient, *steps: Step, **body: Any
) -> tuple[list[str], Exception, RunChannel]:
    """The names of the events before the error that a run's stream ends with."""
    wire.answer(Body(*steps, **body))
    got: list[str] = []
    async with start(client) as channel:
        with pytest.raises(StreamError) as caught:
            async for event in channel:
                got.append(event.event)  # noqa: PERF401  # what came before the error is the point
        assert channel.outcome == "failed"
        with pytest.raises(StopAsyncIteration):
            await anext(channel)
    return got, caught.value, channel


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    """Bytes as any service may hand them over."""
    for piece in data:
        yield piece
