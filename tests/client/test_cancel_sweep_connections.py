"""Cancellation at every suspension of a handshake, and of a wait for a connection."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial

import pytest
import trustme

from assistants_async import AssistantsClient
from tests.support.http_server import KEY, TransportName, Wire
from tests.support.steady_loop import MS
from tests.support.stepping import (
    STOPPED,
    Moment,
    by_cancel,
)
from tests.support.sweeps import OPERATIONS, echo, get, moments, nothing_runs, sweep

pytestmark = pytest.mark.both_transports


@moments
async def test_every_suspension_of_a_handshake(
    wire: Wire, moment: Moment, authority: trustme.CA, transport: TransportName
) -> None:
    """Cancelled while TLS is set up: no socket stays half made."""
    inside, outside = (ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    authority.issue_cert("127.0.0.1").configure_cert(inside)
    authority.configure_trust(outside)
    async with await asyncio.start_server(wire._accept, "127.0.0.1", 0, ssl=inside) as server:
        wire.base_url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        assert await sweep(wire, OPERATIONS["a GET"], by_cancel, moment, ssl=outside, transport=transport) > 2


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """One for all, since keys take their time."""
    return trustme.CA()


@moments
async def test_a_waiter_that_is_cancelled_hands_its_turn_on(
    wire: Wire, moment: Moment, transport: TransportName
) -> None:
    """Of three calls that share one connection the one in the middle is cancelled: the others get their answers."""
    wire.answer(echo)
    before = asyncio.all_tasks()
    at = 0
    reached = True
    while reached:
        at += 1
        async with AssistantsClient(
            base_url=wire.base_url, api_key=KEY, max_connections=1, transport=transport
        ) as client:
            first, last = (asyncio.create_task(client.threads.retrieve(name)) for name in ("first", "last"))
            value, reached = await by_cancel(partial(get, client), at, moment)
            assert value in (STOPPED, "thread_1")
            async with asyncio.timeout(10_000 * MS):
                assert [thread.id for thread in await asyncio.gather(first, last)] == ["first", "last"]
            await nothing_runs(wire, before)
        await wire.until_open(0)
    assert at > 2
