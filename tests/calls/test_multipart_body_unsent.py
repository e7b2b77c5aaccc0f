"""Uploads that end early: their connections are gone with the call, and the bytes that were not sent with them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest

from assistants_async import AssistantsClient, AssistantsError, BadRequestError, TimedOutError, Timeout
from assistants_async.transport.pool import Socket
from tests.support.http_server import KEY, Peer, Seen, Wire, answer
from tests.support.steady_loop import MS

LARGE = b"x" * (8 << 20)
"""More than the buffers of two sockets take."""


class Deaf:
    """A server that accepts connections and reads nothing; in a test's own loop, since it has nothing to do."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"

    def close(self) -> None:
        """Give the connections that wait to nobody."""
        self._socket.close()


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    """A server that reads nothing."""
    server = Deaf()
    yield server
    server.close()


async def pieces() -> AsyncIterator[bytes]:
    """Yield a large body of unknown length."""
    for _ in range(8):
        yield LARGE[: 1 << 20]


async def upload(client: AssistantsClient) -> None:
    """Send bytes as a form."""
    await client.files.create(file=LARGE, filename="a.txt", purpose="assistants")


async def upload_pieces(client: AssistantsClient) -> None:
    """Send an iterator."""
    await client.files.create(file=pieces(), filename="a.txt", purpose="assistants")


TEXT = "y" * 900_000
"""As much as aiohttp sends in one piece without a word."""


async def message(client: AssistantsClient) -> None:
    """Send a JSON body."""
    await client.messages.create("thread_1", role="user", content=TEXT)


async def stream(client: AssistantsClient) -> None:
    """Send the same and wait for the head of a stream."""
    async with client.messages.create("thread_1", role="user", content=TEXT).stream():
        pass


OPERATIONS: list[Callable[[AssistantsClient], Awaitable[None]]] = [upload, upload_pieces, message, stream]
operations = pytest.mark.parametrize("operation", OPERATIONS, ids=[each.__name__ for each in OPERATIONS])
Operation = Callable[[AssistantsClient], Any]


def open_sockets() -> int:
    """Count the client's sockets that have not been closed."""
    return sum(type(each) is Socket and each.fileno() >= 0 for each in gc.get_objects())


async def settled() -> None:
    """Let the loop run the callbacks of an abort, which waits for no peer."""
    for _ in range(3):
        await asyncio.sleep(0)


@operations
async def test_nothing_is_left_of_an_upload_that_times_out(deaf: Deaf, operation: Operation) -> None:
    """The socket is closed as soon as the call has ended, though the server reads nothing and stays."""
    async with AssistantsClient(
        base_url=deaf.base_url, api_key=KEY, retry=None, timeout=Timeout(head=100 * MS)
    ) as client:
        before = open_sockets()
        with pytest.raises(TimedOutError):
            await operation(client)
        await settled()
        assert open_sockets() == before


@operations
async def test_nothing_is_left_of_an_upload_that_is_cancelled(deaf: Deaf, operation: Operation) -> None:
    """The same where the caller gives up."""
    async with AssistantsClient(base_url=deaf.base_url, api_key=KEY) as client:
        before = open_sockets()
        task: asyncio.Task[None] = asyncio.ensure_future(operation(client))
        while open_sockets() == before:  # sockets tell nobody
            await asyncio.sleep(MS)
        await asyncio.sleep(20 * MS)
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        await settled()
        assert open_sockets() == before


@operations
async def test_nothing_is_left_of_an_upload_whose_client_is_closed(deaf: Deaf, operation: Operation) -> None:
    """Closing the client waits for no server."""
    before = open_sockets()
    client = AssistantsClient(base_url=deaf.base_url, api_key=KEY)
    task: asyncio.Task[None] = asyncio.ensure_future(operation(client))
    while open_sockets() == before:  # sockets tell nobody
        await asyncio.sleep(MS)
    await asyncio.sleep(20 * MS)
    await client.close()
    await asyncio.wait({task})
    assert isinstance(task.exception(), AssistantsError)
    await settled()
    assert open_sockets() == before


@pytest.mark.parametrize("operation", [upload, upload_pieces], ids=["upload", "upload_pieces"])
async def test_nothing_is_left_of_an_upload_that_is_answered_early(wire: Wire, operation: Operation) -> None:
    """A refusal that comes before the body was read ends the call, and the connection with it."""
    wire.early = True
    gate = asyncio.Event()

    async def refuse(seen: Seen, peer: Peer) -> None:
        await peer.send(answer({"error": {"message": "too large"}}, 400, "Bad Request"))
        await gate.wait()

    wire.answer(refuse)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None) as client:
        before = open_sockets()
        with pytest.raises(BadRequestError, match="too large"):
            await operation(client)
        await settled()
        assert open_sockets() == before
    gate.set()


async def test_nothing_is_left_over_a_lent_session(deaf: Deaf) -> None:
    """Its owner may keep it open for long."""
    async with (
        aiohttp.ClientSession() as session,
        AssistantsClient(base_url=deaf.base_url, api_key=KEY, session=session) as client,
    ):
        for operation in (upload, upload_pieces):
            task: asyncio.Task[None] = asyncio.ensure_future(operation(client))
            connector = session.connector
            assert connector is not None
            while not connector._acquired:  # connections tell nobody
                await asyncio.sleep(MS)
            (protocol,) = connector._acquired
            transport = protocol.transport
            assert transport is not None
            while not transport.get_write_buffer_size():
                await asyncio.sleep(MS)
            task.cancel()
            await asyncio.wait({task})
            assert transport.is_closing()
            assert transport.get_write_buffer_size() == 0


async def test_random_cancellations_leave_nothing(deaf: Deaf) -> None:
    """Some of the ten thousand cancellations of `benchmarks/leaks`."""
    chance = random.Random(12)
    limits = Timeout(connect=None, pool=None, head=None, idle=None, total=None)
    async with AssistantsClient(base_url=deaf.base_url, api_key=KEY, timeout=limits) as client:
        before = open_sockets()
        for _ in range(100):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(chance.random() * 5 * MS):
                    await chance.choice(OPERATIONS)(client)
        await settled()
        assert open_sockets() == before
