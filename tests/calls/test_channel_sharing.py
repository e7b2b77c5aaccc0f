"""Response streams beside others: connections, one request each, isolation, one reader, one client."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    ClientClosedError,
    ConnectionLostError,
    Timeout,
)
from assistants_async.errors import (
    StreamError,
)
from tests.support.byte_server import RESET, STALL, Body, Gate, named
from tests.support.channels import JSON, LINES, ending, ids
from tests.support.http_server import KEY, Peer, Seen, Wire, answer
from tests.support.run_events import DONE, page, run_frames
from tests.support.steady_loop import MS


@pytest.mark.parametrize("framed", ["chunked", "length"])
async def test_r17_a_stream_read_to_its_end_frees_its_connection(
    wire: Wire, client: AssistantsClient, framed: Any
) -> None:
    """Streams of every kind, one after another, share one connection."""
    run_body = Body(b"".join(run_frames("x")), DONE, framed=framed)
    wire.answer(run_body, Body(page(*named("a")), kind=JSON, framed=framed), run_body, answer({"id": "t"}))
    async with client.runs.create("thread_1", assistant_id="a").stream() as events:
        await events.until_done()
    async with client.threads.list().stream() as channel:
        assert await ids(channel) == ["a"]
    async with client.threads.create_and_run(assistant_id="a").stream() as events:
        async for _ in events:
            pass
    assert (await client.threads.retrieve("t")).id == "t"
    assert wire.connections == 1


async def test_r17_a_stream_left_early_does_not_free_its_connection(wire: Wire, client: AssistantsClient) -> None:
    """The rest of the body can never be read as the next answer."""
    wire.answer(Body(b'{"id":"a"}{"id":"b"}', STALL, kind=JSON), answer({"id": "fresh"}))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
    assert (await client.threads.retrieve("t")).id == "fresh"
    assert wire.connections == 2


@pytest.mark.parametrize("way", ["end", "close", "error", "cancel", "break"])
async def test_r18_nothing_is_left_behind(wire: Wire, way: str) -> None:
    """No task, socket, pool slot or warning stays after any ending; one slot serves for all of them."""
    tail: dict[str, Any] = {"end": (), "close": (STALL,), "error": (RESET,), "cancel": (STALL,), "break": (STALL,)}
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=1, timeout=Timeout(pool=20))
    before = asyncio.all_tasks()
    async with client:
        for _ in range(3):
            wire.answer(Body(b'{"id":"a"}', *tail[way], kind=JSON))
            await leaving(client, way)
        wire.answer(answer({"id": "t"}))
        assert (await client.threads.retrieve("t")).id == "t"
        clock = client._context.session._clock
        assert clock is not None
        assert not clock.deadlines
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
    await wire.until_open(0)
    assert {task for task in asyncio.all_tasks() - before if "Wire" not in repr(task)} == set()


async def leaving(client: AssistantsClient, way: str) -> None:
    """Read one item, and end the stream in some way."""
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        if way == "close":
            await channel.aclose()
        elif way == "error":
            with pytest.raises(ConnectionLostError):
                await anext(channel)
        elif way == "cancel":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2 * MS):
                    await anext(channel)
        elif way == "end":
            assert await ids(channel) == []


async def test_r18_a_stream_that_was_never_entered_warns_by_name(client: AssistantsClient, wire: Wire) -> None:
    """Nothing is sent, and the warning says which call it was."""
    with pytest.warns(RuntimeWarning, match=r"threads\.list\(\)\.stream\(\) was never entered"):
        client.threads.list().stream()
        gc.collect()
    assert wire.connections == 0


# Nothing is sent twice


async def test_r19_nothing_is_sent_again_after_an_item(wire: Wire, client: AssistantsClient) -> None:
    """A stream that breaks after its first item is one request, a GET or a create."""
    for call in (client.threads.list(), client.runs.create("thread_1", assistant_id="a")):
        wire.answer(Body(b"".join(run_frames("x")[:1]), RESET))
        with pytest.raises((StreamError, ConnectionLostError)):
            async with call.stream() as channel:
                async for _ in channel:
                    pass
        assert len(wire.seen) == 1


# Isolation, rule 20


async def test_r20_a_stalled_reader_delays_nobody(wire: Wire, client: AssistantsClient) -> None:
    """While one stream is full and unread, others and plain calls go on."""
    piece = b'{"id":"%s"}' % (b"x" * 65000)
    flood = Body(*[piece] * 200, kind=JSON)
    small = Body(b'{"id":"a"}{"id":"b"}', kind=JSON)
    wire.answer(flood)
    async with client.threads.retrieve("t").stream() as stalled:
        await anext(stalled)
        wire.answer(*[small] * 20, answer({"id": "t"}))
        for _ in range(20):
            async with client.threads.retrieve("t").stream() as channel:
                assert await ids(channel) == ["a", "b"]
        assert (await client.threads.retrieve("t")).id == "t"
        assert not flood.finished
        await stalled.aclose()


async def test_r20_many_streams_at_once(wire: Wire, client: AssistantsClient) -> None:
    """Fifty streams on one client each get their own items, slow ones beside quick ones."""

    async def numbered(seen: Seen, peer: Peer) -> None:
        name = seen.path.rpartition("/")[2]
        body = b"".join(b'{"id":"%s-%d"}\n' % (name.encode(), number) for number in range(40))
        await Body(*(body[place : place + 50] for place in range(0, len(body), 50)), kind=LINES)(seen, peer)

    async def consume(name: str) -> list[str]:
        got = []
        async with client.threads.retrieve(name).stream() as channel:
            async for item in channel:
                got.append(item.id)
                if name.endswith("7"):
                    await asyncio.sleep(0)
        return got

    wire.answer(numbered)
    results = await asyncio.gather(*(consume(f"t{number}") for number in range(50)))
    assert results == [[f"t{number}-{place}" for place in range(40)] for number in range(50)]


# One reader, one client (R21, R22)


async def test_r21_a_second_reader_is_refused(wire: Wire, client: AssistantsClient) -> None:
    """It gets its error at once, and the first one reads on."""
    go = Gate()
    wire.answer(Body(b'{"id":"a"}', go, b'{"id":"b"}', kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
        first = asyncio.ensure_future(ids(channel))
        await go.reached.wait()
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=r"threads\.retrieve: another task is reading this stream"):
            await anext(channel)
        go.set()
        assert await first == ["b"]


async def test_r21_a_stream_must_be_entered(wire: Wire, client: AssistantsClient) -> None:
    """Use without `async with` is refused with the right form; so is a second entry."""
    wire.answer(Body(b"{}", kind=JSON))
    channel = client.threads.retrieve("t").stream()
    with pytest.raises(RuntimeError, match="enter the stream first: async with"):
        await anext(channel)
    with pytest.raises(RuntimeError, match="enter the stream first"):
        _ = channel.http
    assert not channel.terminal_marker_seen
    async with channel:
        with pytest.raises(RuntimeError, match="entered only once"):
            await channel.__aenter__()


@pytest.mark.parametrize("where", ["between", "inside", "waiting", "run"])
async def test_r22_closing_the_client_ends_open_streams(wire: Wire, where: str) -> None:
    """Each ends with `ClientClosedError`, read at that time or not, in the middle of an item or not."""
    bodies = {
        "between": Body(b'{"id":"a"}', STALL, kind=JSON),
        "inside": Body(b'{"id":"a"}{"id":', STALL, kind=JSON),
        "waiting": Body(b'{"id":"a"}', STALL, kind=JSON),
        "run": Body(b"".join(run_frames("x")[:3]), STALL),
    }
    wire.answer(bodies[where])
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    call: Any = client.runs.create("t", assistant_id="a") if where == "run" else client.threads.retrieve("t")
    async with call.stream() as channel:
        await anext(channel)
        reading = asyncio.ensure_future(ending(channel)) if where in ("waiting", "run") else None
        await asyncio.sleep(5 * MS)
        await client.close()
        _, error = await asyncio.wait_for(ending(channel) if reading is None else reading, 30)
        assert isinstance(error, ClientClosedError)
        assert channel.outcome == "failed"
    await asyncio.wait_for(bodies[where].left.wait(), 30)
    task = asyncio.current_task()
    assert task is not None
    await asyncio.sleep(0)
    assert task.cancelling() == 0


@pytest.mark.parametrize("framed", ["length", "close"])
async def test_r22_a_body_that_was_read_ahead_does_not_look_complete(wire: Wire, framed: Any) -> None:
    """Bytes and an end that wait in a buffer when the client closes leave the reader's task uncancelled."""
    body = b'{"id":"a"}' + b" " * 200_000
    wire.answer(Body(body, kind=JSON, framed=framed))
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        await asyncio.sleep(20 * MS)
        await client.close()
        _, error = await ending(channel)
        assert isinstance(error, ClientClosedError)
        await asyncio.sleep(0)  # a cancellation that was left over would come out here
