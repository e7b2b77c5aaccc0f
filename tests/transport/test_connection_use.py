"""Connections that were idle: one that was cut meanwhile costs a call nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from assistants_async import (
    AssistantsClient,
    ConnectionLostError,
)
from tests.support.http_server import (
    KEY,
    Answer,
    Peer,
    Seen,
    TransportName,
    Wire,
    failure,
)
from tests.support.retries import BODY, QUICK, closed, cut
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports


@pytest.fixture
async def client(wire: Wire, transport: TransportName) -> AsyncIterator[AssistantsClient]:
    """A client that tries again soon."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=QUICK, transport=transport) as made:
        yield made


# Connections that were idle


@pytest.mark.parametrize("given", [cut, closed], ids=["reset", "closed"])
async def test_an_idle_connection_that_is_cut_costs_nothing(
    wire: Wire, given: Answer, transport: TransportName
) -> None:
    """The request goes once more over a new one, a create too, with the same key; retries need not be on."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, transport=transport) as client:
        wire.answer(BODY)
        await client.assistants.retrieve("asst_1")
        wire.answer(given, BODY)
        _, http = await client.assistants.create(model="gpt-4o").response()
        assert (http.attempts, wire.connections) == (2, 2)
        first, again = (seen.header("idempotency-key") for seen in wire.seen)
        assert first == again is not None


async def test_all_of_the_pool_may_be_stale(wire: Wire, transport: TransportName) -> None:
    """As after a restart of the server: the second attempt takes none of the pool."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, transport=transport) as client:
        wire.answer(BODY)
        await asyncio.gather(*(client.assistants.retrieve("a") for _ in range(5)))
        assert wire.connections == 5
        wire.answer(*[cut] * 2, BODY)
        with pytest.raises(ConnectionLostError) as caught:
            await client.threads.create()
        assert (caught.value.attempts, caught.value.stale, len(wire.seen)) == (2, False, 2)


async def test_a_new_connection_that_is_cut_is_a_lost_answer(wire: Wire, client: AssistantsClient) -> None:
    """aiohttp would send a GET again by itself; here only the policy does."""
    wire.answer(cut)
    with pytest.raises(ConnectionLostError):
        await client.assistants.retrieve("asst_1").with_options(retry=None)
    assert len(wire.seen) == 1
    with pytest.raises(ConnectionLostError):
        await client.assistants.create(model="gpt-4o")
    assert len(wire.seen) == 2


LEFT_OVER: dict[str, bytes] = {
    "late 408": failure(408),
    "left-over bytes": b'HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{"id":"poisoned"}',
    "garbage": b"\x16\x03\x01 garbage",
}


@pytest.mark.parametrize("late", LEFT_OVER.values(), ids=LEFT_OVER.keys())
async def test_bytes_between_requests_are_no_answer(wire: Wire, late: bytes, transport: TransportName) -> None:
    """A connection that received bytes while it was idle is not used again."""
    sent = asyncio.Event()

    async def poisoned(seen: Seen, peer: Peer) -> None:
        await peer.send(BODY)
        await asyncio.sleep(20 * MS)  # until the client has put the connection back
        await peer.send(late)
        sent.set()

    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, transport=transport) as client:
        wire.answer(poisoned, BODY)
        await client.assistants.retrieve("asst_1")
        await sent.wait()
        await asyncio.sleep(20 * MS)
        assert (await client.assistants.create(model="gpt-4o")).id == "asst_1"
        assert wire.connections == 2
