"""A server of faults before an embedded server, a client that meets them, and a look at what each test left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from assistants_async import AssistantsClient
from assistants_async.server import AssistantsServer
from assistants_async.testing.faults import FaultyServer
from tests.support.faults import PATIENT, QUICK, Ids, until_open
from tests.support.http_server import KEY, TransportName


@pytest.fixture
async def server() -> AsyncIterator[AssistantsServer]:
    """The embedded server behind the faults."""
    async with AssistantsServer(seed=0, pace=0) as made:
        yield made


@pytest.fixture
async def ids(server: AssistantsServer) -> Ids:
    """The objects on the server, made without a fault and over another client's connection."""
    async with AssistantsClient(base_url=server.base_url, api_key=KEY) as client:
        tool = {"type": "function", "function": {"name": "lookup", "parameters": {"type": "object"}}}
        assistant = await client.assistants.create(model="gpt-4o", name="Ada", tools=[tool])
        thread = await client.threads.create()
        message = await client.messages.create(thread.id, role="user", content="Hello")
        run = await client.runs.create(thread.id, assistant_id=assistant.id)
        file = await client.files.create(file=b"content " * 1000, filename="a.txt", purpose="assistants")
        while not (await client.runs.retrieve(thread.id, run.id)).is_terminal:
            pass
        return Ids(assistant.id, thread.id, message.id, run.id, file.id)


@pytest.fixture
async def faulty(server: AssistantsServer) -> AsyncIterator[FaultyServer]:
    """It plays the faults that a test adds; afterwards no connection is left, and every client is gone."""
    tasks = asyncio.all_tasks()
    async with FaultyServer(server) as made:
        yield made
        await until_open(made, 0)
    await asyncio.sleep(0)
    assert not {task for task in asyncio.all_tasks() - tasks if "FaultyServer" in repr(task)}


@pytest.fixture
async def client(faulty: FaultyServer, transport: TransportName) -> AsyncIterator[AssistantsClient]:
    """A client of it that tries again soon, and waits for longer than any answer takes."""
    async with AssistantsClient(
        base_url=faulty.base_url, api_key=KEY, retry=QUICK, timeout=PATIENT, transport=transport
    ) as made:
        yield made
