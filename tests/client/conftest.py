"""A server of bytes and a client of it, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from assistants_async import AssistantsClient
from tests.support.http_server import KEY, Wire


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A loopback server that answers with the bytes it is given."""
    async with Wire().serve() as server:
        yield server


@pytest.fixture
async def client(wire: Wire) -> AsyncIterator[AssistantsClient]:
    """A client of that server that sends once: what a failure is, not what becomes of it."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None) as made:
        yield made
