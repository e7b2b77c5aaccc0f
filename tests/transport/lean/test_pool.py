"""The pool: turns, connections that are kept too long, and other places."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assistants_async import AssistantsClient, PreparedRequest
from assistants_async.transport.lean.pool import KEPT
from tests.support.http_server import ANYTHING, KEY, Peer, Seen, Wire, answer
from tests.support.retries import cut
from tests.support.steady_loop import MS, SteadyLoop

BODY = answer(ANYTHING)


@asynccontextmanager
async def one_at_a_time(wire: Wire, connections: int = 1) -> AsyncIterator[AssistantsClient]:
    """Make a client of few connections, which sends once."""
    async with AssistantsClient(
        base_url=wire.base_url, api_key=KEY, max_connections=connections, retry=None, transport="lean"
    ) as client:
        yield client


def forward(seconds: float) -> None:
    """Put the clock of the loop forward."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteadyLoop)
    loop.advance(seconds)


async def test_turns_go_by_the_order_of_the_calls(wire: Wire) -> None:
    """A call that comes later waits behind those that wait, over one connection."""

    async def slow(seen: Seen, peer: Peer) -> None:
        await asyncio.sleep(MS)
        await peer.send(BODY)

    wire.answer(slow)
    async with one_at_a_time(wire) as client:
        await asyncio.gather(*(client.assistants.retrieve(f"asst_{number}") for number in range(20)))
    assert [seen.path.rpartition("_")[2] for seen in wire.seen] == [str(number) for number in range(20)]
    assert wire.connections == 1


async def test_a_connection_that_was_idle_for_long_is_not_used(wire: Wire) -> None:
    """A router may have forgotten it, and then nobody would ever answer."""
    wire.answer(BODY)
    async with one_at_a_time(wire) as client:
        await client.assistants.retrieve("asst_1")
        forward(KEPT - 1)
        await client.assistants.retrieve("asst_1")
        assert wire.connections == 1
        forward(KEPT + 1)
        await client.assistants.retrieve("asst_1")
        assert wire.connections == 2
        await wire.until_open(1)


async def test_connections_that_few_calls_need_are_closed(wire: Wire) -> None:
    """One with each call that ends, once they are old."""
    wire.answer(BODY)
    async with one_at_a_time(wire, 8) as client:
        await asyncio.gather(*(client.assistants.retrieve("asst_1") for _ in range(8)))
        assert wire.open == 8
        for _ in range(10):
            forward(KEPT / 3)
            await client.assistants.retrieve("asst_1")
        await wire.until_open(1)


async def test_a_connection_that_ends_in_the_pool_makes_room(wire: Wire) -> None:
    """The server's own close is nobody's failure."""

    async def last(seen: Seen, peer: Peer) -> None:
        await peer.send(BODY)
        peer.finish()

    wire.answer(last)
    async with one_at_a_time(wire) as client:
        for _ in range(5):
            await client.assistants.retrieve("asst_1")
            await wire.until_open(0)
            await asyncio.sleep(0)
    assert wire.connections == 5


async def test_a_request_that_must_have_a_new_connection_waits_for_room(wire: Wire) -> None:
    """Of an idle one, where there is one, else for one that ends: it never gets a used one."""
    async with one_at_a_time(wire, 2) as client:
        wire.answer(BODY)
        await asyncio.gather(*(client.assistants.retrieve("asst_1") for _ in range(2)))
        gate = asyncio.Event()

        async def delayed(seen: Seen, peer: Peer) -> None:
            await gate.wait()
            await peer.send(BODY)

        wire.answer(delayed, cut, BODY)
        first = asyncio.create_task(client.assistants.retrieve("asst_1"))
        await wire.until_seen(1)
        # The second is stale, so that the call is sent again, over a third.
        await client.assistants.retrieve("asst_1")
        assert wire.connections == 3
        wire.answer(cut, BODY)
        again = asyncio.create_task(client.assistants.retrieve("asst_1"))
        gate.set()
        await asyncio.gather(first, again)
        assert wire.connections == 4


async def test_a_new_connection_is_made_in_the_place_of_one_in_use(wire: Wire) -> None:
    """A request that must have a new one does not take the one that becomes free, but its room."""
    async with one_at_a_time(wire) as client:
        wire.answer(BODY)
        await client.assistants.retrieve("asst_1")
        gate = asyncio.Event()

        async def delayed(seen: Seen, peer: Peer) -> None:
            await gate.wait()
            await peer.send(BODY)

        wire.answer(cut, delayed, BODY)
        calls = [asyncio.create_task(client.assistants.retrieve("asst_1")) for _ in range(2)]
        await wire.until_seen(2)
        gate.set()
        await asyncio.gather(*calls)
        assert wire.connections == 3


async def test_another_place_takes_the_room_of_an_idle_connection(wire: Wire) -> None:
    """As a hook may send a request elsewhere: it does not wait for a connection that nobody uses."""
    async with Wire().serve() as other, one_at_a_time(wire) as client:

        def elsewhere(outgoing: PreparedRequest) -> None:
            outgoing.url = outgoing.url.replace(wire.base_url, other.base_url)

        view = client.with_options(on_send=elsewhere)
        wire.answer(BODY)
        other.answer(BODY)
        for each in (client, view, client, view, view):
            await each.assistants.retrieve("asst_1")
        assert (wire.connections, other.connections) == (2, 2)
        gate = asyncio.Event()

        async def delayed(seen: Seen, peer: Peer) -> None:
            await gate.wait()
            await peer.send(BODY)

        wire.answer(delayed)
        first = asyncio.create_task(client.assistants.retrieve("asst_1"))
        await wire.until_seen(1)
        second = asyncio.create_task(view.assistants.retrieve("asst_1"))
        await asyncio.sleep(MS)
        gate.set()
        await asyncio.gather(first, second)
        await wire.until_open(0)


async def test_an_unused_turn_is_passed_on(wire: Wire) -> None:
    """Of a call that was cancelled in the moment of its turn, and of one whose connection was cut on its way."""
    for ends in ("kept", "closed"):
        gate = asyncio.Event()

        async def delayed(seen: Seen, peer: Peer, gate: asyncio.Event = gate, ends: str = ends) -> None:
            await gate.wait()
            await peer.send(BODY)
            if ends == "closed":
                peer.finish()

        wire.answer(delayed, BODY)
        async with one_at_a_time(wire) as client:
            calls = [asyncio.create_task(client.assistants.retrieve("asst_1")) for _ in range(4)]
            await wire.until_seen(1)
            await asyncio.sleep(MS)
            calls[0].add_done_callback(lambda _, second=calls[1]: second.cancel())  # type: ignore[misc]  # mypy cannot read a lambda's default
            gate.set()
            first, second, *rest = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(second, asyncio.CancelledError)
            assert not [value for value in (first, *rest) if isinstance(value, BaseException)]
        await wire.until_open(0)
