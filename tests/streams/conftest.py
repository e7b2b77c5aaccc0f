"""A server of bytes and a client of it for each test, and a look at what each test left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from assistants_async import AssistantsClient
from tests.support.http_server import KEY, Wire


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """A loopback server that answers with the bytes it is given; afterwards no connection and no task is left."""
    async with Wire().serve() as server:
        yield server
        await server.until_open(0)
        left = asyncio.all_tasks() - {asyncio.current_task()} - server._tasks
        assert not {task for task in left if "_accept" not in repr(task) and "Wire" not in repr(task)}


@pytest.fixture
async def client(wire: Wire) -> AsyncIterator[AssistantsClient]:
    """A client of that server that sends once: what a failure is, not what becomes of it."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None) as made:
        yield made
