"""Very many calls at once: nobody gets another's answer, waits for ever, or survives the client's close."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, ClientClosedError, TimedOutError, Timeout
from assistants_async.server import AssistantsServer
from tests.support.byte_server import STALL, Body
from tests.support.http_server import KEY, THREAD, Peer, Seen, Wire, answer, page, silent
from tests.support.run_events import run_frames
from tests.support.steady_loop import MS

CALLS = 1000
POOL = 100


async def mirror(seen: Seen, peer: Peer) -> None:
    """A thread whose metadata has the request's number, after as many turns of the loop."""
    number = int(seen.path.rpartition("_")[2])
    for _ in range(number % 7):
        await asyncio.sleep(0)
    reports = {name: seen.header(name) for name in ("authorization", "openai-organization", "x-number")}
    await peer.send(answer({**THREAD, "id": f"thread_{number}", "metadata": {**reports, "query": seen.query["q"]}}))


async def test_two_clients_with_two_keys(wire: Wire) -> None:
    """A thousand calls in turns: each answer is to what its own client sent, with its own key, headers and query."""
    wire.answer(mirror)
    async with (
        AssistantsClient(base_url=wire.base_url, api_key="key-one", organization="org-one", query={"q": "one"}) as one,
        AssistantsClient(base_url=wire.base_url, api_key="key-two", organization="org-two", query={"q": "two"}) as two,
    ):

        async def call(number: int) -> None:
            client, name = (one, "one") if number % 2 else (two, "two")
            view = client.with_options(headers={"x-number": str(number)})
            thread = await view.threads.retrieve(f"thread_{number}")
            assert thread.id == f"thread_{number}"
            assert thread.metadata == {
                "authorization": f"Bearer key-{name}",
                "openai-organization": f"org-{name}",
                "x-number": str(number),
                "query": name,
            }

        await asyncio.gather(*(call(number) for number in range(CALLS)))
    assert len(wire.seen) == CALLS
    assert wire.connections <= 2 * POOL


async def test_a_thousand_calls_share_a_pool(wire: Wire) -> None:
    """All end, none is starved, and there are never more connections than the pool has."""
    most = 0

    async def counted(seen: Seen, peer: Peer) -> None:
        nonlocal most
        most = max(most, wire.open)
        await mirror(seen, peer)

    wire.answer(counted)
    order: list[int] = []
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=POOL, query={"q": ""}) as client:

        async def call(number: int) -> None:
            assert (await client.threads.retrieve(f"thread_{number}")).id == f"thread_{number}"
            order.append(number)

        await asyncio.gather(*(call(number) for number in range(CALLS)))
        assert most == wire.connections == POOL
    # First come, first served: nobody is overtaken by more than a few pools' worth of others.
    assert max(number - place for place, number in enumerate(order)) < 5 * POOL
    assert sorted(order) == list(range(CALLS))


async def test_the_pools_limit_is_the_waiters_own(wire: Wire) -> None:
    """A call with a connection keeps it; a waiting call fails past its limit, not before, and names the wait."""
    wire.answer(silent)
    limits = Timeout(pool=100 * MS, connect=None)
    async with AssistantsClient(
        base_url=wire.base_url, api_key=KEY, max_connections=2, timeout=limits, retry=None
    ) as client:
        holders = [asyncio.create_task(client.threads.retrieve(f"thread_{number}")) for number in range(2)]
        await wire.until_seen(2)
        loop = asyncio.get_running_loop()
        started = loop.time()
        got: list[Any] = await asyncio.gather(
            *(client.threads.retrieve("thread_x") for _ in range(50)), return_exceptions=True
        )
        assert loop.time() - started >= 100 * MS
        assert {(type(error), error.phase, error.limit, error.maybe_processed) for error in got} == {
            (TimedOutError, "pool", 100 * MS, False)
        }
        assert not any(task.done() for task in holders)
        for task in holders:
            task.cancel()
        await asyncio.wait(holders)
        wire.answer(answer(THREAD))
        assert (await client.threads.retrieve("thread_1")).id == "thread_1"
    assert len(wire.seen) == 1


async def drip() -> AsyncIterator[bytes]:
    """A file that never ends."""
    while True:
        yield b"x" * 100
        await asyncio.sleep(MS)


LIST = page("a", "b").partition(b"\r\n\r\n")[2]


async def under_way(seen: Seen, peer: Peer) -> None:
    """Begin an answer and never end it, each in its own way."""
    if seen.path.endswith("/runs"):
        await Body(*run_frames("a")[:4], STALL)(seen, peer)
    elif seen.path.endswith("/content"):
        await Body(b"12345", STALL, kind="application/octet-stream")(seen, peer)
    elif seen.path.endswith("/messages"):
        await Body(LIST[:40], STALL, kind="application/json")(seen, peer)
    elif seen.path.endswith("/assistants") and seen.query.get("after") is None:
        await peer.send(page("a", "b", more=True))
    else:
        await peer.gone()


def works(client: AssistantsClient, folder: Path) -> list[Callable[[], Coroutine[Any, Any, None]]]:  # noqa: C901
    """Return a function for each kind of work that a client can have open."""

    async def events() -> None:
        async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
            await channel.until_done()

    async def recovered() -> None:
        async with client.runs.create("thread_1", assistant_id="asst_1").stream(recover=True) as channel:
            await channel.until_done()

    async def elements() -> None:
        async with client.messages.list("thread_1").stream() as channel:
            async for _ in channel:
                pass

    async def walk() -> None:
        async for _ in client.assistants.list():
            pass

    async def prefetch() -> None:
        async with client.assistants.list().prefetch() as items:
            async for _ in items:
                pass

    async def fan_out() -> None:
        async with client.messages.list("thread_1").stream() as channel, channel.fan_out(2) as (one, two):
            await asyncio.gather(*(anext(receiver) for receiver in (one, two) for _ in range(3)))

    async def save() -> None:
        await client.files.content("file_1").save(folder)

    async def upload() -> None:
        await client.files.create(file=drip(), filename="a", purpose="assistants")

    async def get() -> None:
        await client.threads.retrieve("thread_1")

    return [events, recovered, elements, walk, prefetch, fan_out, save, upload, get, get, get]


async def test_closing_with_everything_open(wire: Wire, tmp_path: Path) -> None:
    """Calls, streams, walks, downloads, uploads and waits for the pool: each ends with the typed error, 0 sockets."""
    wire.answer(under_way)
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=8, retry=None)
    tasks = [asyncio.create_task(work()) for work in works(client, tmp_path)]
    await wire.until_open(8)
    await asyncio.sleep(20 * MS)
    assert not any(task.done() for task in tasks)
    async with asyncio.timeout(5000 * MS):
        await client.close()
        got = await asyncio.gather(*tasks, return_exceptions=True)
        await wire.until_open(0)
    assert [type(error) for error in got] == [ClientClosedError] * len(tasks)
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240
    with pytest.raises(ClientClosedError):
        await client.threads.retrieve("thread_1")
    gc.collect()


async def test_a_crowd_at_the_embedded_server() -> None:
    """A hundred conversations at once, each with its own run: every one hears its own words."""
    async with AssistantsServer(pace=0) as server, AssistantsClient(base_url=server.base_url, api_key="key") as client:
        assistant = await client.assistants.create(model="gpt-4o")

        async def talk(number: int) -> str:
            thread = await client.threads.create(messages=[{"role": "user", "content": f"number {number}"}])
            async with client.runs.create(thread, assistant_id=assistant.id).stream() as channel:
                return "".join([piece async for piece in channel.text()])

        said = await asyncio.gather(*(talk(number) for number in range(POOL)))
    assert said == [f"Echo: number {number}" for number in range(POOL)]
