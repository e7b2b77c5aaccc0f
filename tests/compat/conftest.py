"""A client with openai-python's names, of a server of bytes and of an embedded one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from assistants_async.compat import AsyncOpenAI
from assistants_async.server import AssistantsServer
from tests.support.http_server import KEY, Wire


@pytest.fixture
async def old(wire: Wire) -> AsyncIterator[AsyncOpenAI]:
    """Make a client of the server of bytes that sends once."""
    async with AsyncOpenAI(api_key=KEY, base_url=wire.base_url, max_retries=0) as made:
        yield made


@pytest.fixture
async def served() -> AsyncIterator[AsyncOpenAI]:
    """Make a client of an embedded server."""
    async with (
        AssistantsServer(pace=0.0, record_bodies=True) as server,
        AsyncOpenAI(api_key=KEY, base_url=server.base_url) as made,
    ):
        yield made
