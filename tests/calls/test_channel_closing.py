"""Streams closed before their head: the call ends at once, wherever it waits, and nothing is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient, HTTPResponse, RetryPolicy
from assistants_async.calls.pipe import open_pipe
from tests.support.byte_server import STALL, Body, dumps
from tests.support.http_server import KEY, Peer, Seen, Wire

CALLS: dict[str, Callable[[AssistantsClient], Any]] = {
    "object": lambda client: client.threads.retrieve("t"),
    "list": lambda client: client.threads.list(),
    "run": lambda client: client.runs.create("t", assistant_id="a"),
    "download": lambda client: client.files.content("f"),
    "upload": lambda client: client.files.create(file=b"abc", filename="a.txt", purpose="assistants"),
}


class Silence:
    """An answer that never begins; `reached` says that the request has come, `left` that the client has gone."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, seen: Seen, peer: Peer) -> None:
        """Keep the client waiting for the head."""
        self.reached.set()
        await peer.gone()
        self.left.set()


def patient(wire: Wire, **options: Any) -> AssistantsClient:
    """A client that would wait for an hour for its second attempt, as `BUSY` wants it to."""
    return AssistantsClient(
        base_url=wire.base_url, api_key=KEY, retry=RetryPolicy(max_retry_after=3600), timeout=None, **options
    )


BUSY = Body(b"{}", kind="application/json", status=503, retry_after="3600")


async def entered(channel: Any) -> list[Any]:
    """The items of a stream that is entered here."""
    async with channel:
        return [item async for item in channel]


@pytest.mark.parametrize("name", CALLS)
async def test_closing_ends_a_wait_for_the_head(wire: Wire, client: AssistantsClient, name: str) -> None:
    """The stream is entered without items, says that it was closed, and the server sees the connection go."""
    silence = Silence()
    wire.answer(silence)
    channel = CALLS[name](client).stream()
    waiting = asyncio.ensure_future(entered(channel))
    await silence.reached.wait()
    await channel.aclose()
    assert await asyncio.wait_for(waiting, 30) == []
    assert channel.outcome == "closed"
    with pytest.raises(RuntimeError, match="closed before its head"):
        _ = channel.http
    await asyncio.wait_for(silence.left.wait(), 30)


@pytest.mark.parametrize("name", ["object", "list", "download"])
async def test_closing_ends_a_wait_for_the_next_attempt(wire: Wire, name: str) -> None:
    """The pause before a retry is no reason to stay."""
    wire.answer(BUSY)
    paused = asyncio.Event()
    async with patient(wire, on_retry=lambda _: paused.set()) as client:
        channel = CALLS[name](client).stream()
        waiting = asyncio.ensure_future(entered(channel))
        await asyncio.wait_for(paused.wait(), 30)
        channel.close()
        assert await asyncio.wait_for(waiting, 30) == []
        assert len(wire.seen) == 1


async def test_closing_ends_a_hook_that_waits(wire: Wire) -> None:
    """A hook of the caller's that waits for ever does not keep a closed stream."""
    called = asyncio.Event()

    async def wait(_: object) -> None:
        called.set()
        await asyncio.Event().wait()

    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, on_request=wait) as client:
        channel = client.threads.list().stream()
        waiting = asyncio.ensure_future(entered(channel))
        await called.wait()
        await channel.aclose()
        assert await asyncio.wait_for(waiting, 30) == []
    assert wire.connections == 0


async def test_a_hook_can_close_the_stream_that_it_sees_begin(wire: Wire, client: AssistantsClient) -> None:
    """Closed in the task that enters it, the stream ends, and nothing of the cancellation is left in the task."""
    body = Body(b'{"id":"a"}', STALL, kind="application/json")
    wire.answer(body)
    channel: Any = None

    def close(_: HTTPResponse) -> None:
        channel.close()

    channel = client.threads.retrieve("t").with_options(on_response=close).stream()
    assert await asyncio.wait_for(entered(channel), 30) == []
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)
    await asyncio.wait_for(body.left.wait(), 30)


@pytest.mark.parametrize("both", [False, True], ids=["cancelled", "closed-and-cancelled"])
async def test_a_cancellation_by_others_passes_through(wire: Wire, client: AssistantsClient, both: bool) -> None:
    """A task that is cancelled ends as cancelled, also where its stream is closed in the same moment."""
    silence = Silence()
    wire.answer(silence)
    channel = client.threads.retrieve("t").stream()
    waiting = asyncio.ensure_future(entered(channel))
    await silence.reached.wait()
    if both:
        channel.close()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    await asyncio.wait_for(silence.left.wait(), 30)


@pytest.mark.parametrize("name", CALLS)
async def test_a_pipes_reader_ends_a_wait_for_the_head(wire: Wire, client: AssistantsClient, name: str) -> None:
    """The call that feeds the pipe returns at once, without a head, and its connection goes."""
    silence = Silence()
    wire.answer(silence)
    send, receive = open_pipe(4)
    feeding = asyncio.ensure_future(CALLS[name](client).into(send))
    await silence.reached.wait()
    receive.close()
    assert await asyncio.wait_for(feeding, 30) is None
    await asyncio.wait_for(silence.left.wait(), 30)


async def test_a_pipes_reader_ends_a_wait_for_the_next_attempt(wire: Wire) -> None:
    """Several calls that feed one pipe all end when it is closed."""
    wire.answer(BUSY)
    paused = asyncio.Semaphore(0)
    async with patient(wire, on_retry=lambda _: paused.release()) as client:
        send, receive = open_pipe()
        feeding = [asyncio.ensure_future(client.threads.retrieve("t").into(send, close=False)) for _ in range(3)]
        for _ in feeding:
            await asyncio.wait_for(paused.acquire(), 30)
        receive.close()
        assert await asyncio.wait_for(asyncio.gather(*feeding), 30) == [None] * 3
        send.close()


@pytest.mark.parametrize("own", [True, False], ids=["pipe", "anyio"])
async def test_nothing_is_sent_for_a_reader_that_has_gone(wire: Wire, client: AssistantsClient, own: bool) -> None:
    """Nobody is left to read, so the call ends before it begins; the sending end is closed all the same."""
    ends: Any = open_pipe(1) if own else anyio.create_memory_object_stream[Any](1)
    send, receive = ends
    receive.close()
    assert await asyncio.wait_for(client.runs.create("t", assistant_id="a").into(send), 30) is None
    assert wire.connections == 0
    with pytest.raises((anyio.ClosedResourceError, anyio.BrokenResourceError)):
        await send.send(None)


async def test_one_reader_of_several_keeps_the_call(wire: Wire, client: AssistantsClient) -> None:
    """An anyio stream with a clone that still reads is read for."""
    wire.answer(Body(dumps({"id": "a"}), kind="application/json"))
    send, receive = anyio.create_memory_object_stream[Any](1)
    clone = receive.clone()
    receive.close()
    http = await client.threads.retrieve("t").into(send)
    assert http is not None
    assert http.status == 200
    assert [item.id async for item in clone] == ["a"]
    clone.close()
