"""Reading response streams to their end, in every way that tests do."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.calls.channel import Channel

LINES = "application/x-ndjson"
SEQ = "application/json-seq"
JSON = "application/json"


async def ids(channel: Channel[Any]) -> list[str]:
    """The ids of all items to come."""
    return [item.id async for item in channel]


async def ending(channel: Channel[Any]) -> tuple[list[str], Exception]:
    """The ids before the error that a stream ends with; after it nothing follows."""
    got: list[str] = []
    with pytest.raises(Exception) as caught:  # noqa: PT011  # which one is the caller's to say
        async for item in channel:
            got.append(getattr(item, "id", ""))  # noqa: PERF401  # what came before the error is the point
    with pytest.raises(StopAsyncIteration):
        await anext(channel)
    return got, caught.value
