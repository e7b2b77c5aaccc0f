"""Memory in use, each in a fresh process: of a live client, of an open stream, of a kept message."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec

from assistants_async import AssistantsClient, Message, Page, Run
from benchmarks.bodies import PAGE
from benchmarks.clients import OWN, close, made, make
from benchmarks.results import HAND, OURS, Measured, Outcome, Spread
from benchmarks.work import Hand

_STATM = Path("/proc/self/statm")

_TITLES: Mapping[str, tuple[str, int]] = {
    "memory-client": ("a live client that has made a call", 200),
    "memory-stream": ("an open stream", 500),
    "memory-message": ("a message that is kept", 20_000),
}
NAMES = tuple(_TITLES) if _STATM.exists() else ()
ROUNDS = 3

_run = msgspec.json.Decoder(Run).decode
_page = msgspec.json.Decoder(Page[Message]).decode


def measure(name: str, origin: str, peers: Sequence[str], *, quick: bool) -> Outcome:
    """Run a fresh process for each client in turn."""
    title, count = _TITLES[name]
    count = max(PAGE, count // 10) if quick else count
    taken: dict[str, list[float]] = {client: [] for client in (HAND, *OWN, *peers)}
    for _ in range(2 if quick else ROUNDS):
        for client, sizes in taken.items():
            command = [sys.executable, "-m", "benchmarks.memory", name, client, origin, str(count)]
            ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            sizes.append(float(ran.stdout))
    clients = {
        client: Measured(
            value=Spread.of(sizes),
            ratio=Spread.of([size / hand for size, hand in zip(sizes, taken[HAND], strict=True)]),
        )
        for client, sizes in taken.items()
    }
    return Outcome(name=name, title=title, unit="KB", rounds=len(taken[HAND]), clients=clients)


# In the fresh process


async def _kept(name: str, client: str, origin: str, count: int) -> float:
    """KB of each of several kept objects."""
    async with AsyncExitStack() as stack:
        gate = _HOLD[name.removeprefix("memory-"), client.partition(",")[0]]
        if name == "memory-client":
            url = f"{origin}/run/v1"
            users: list[Any] = []  # what else would close them is no part of a client

            async def one() -> None:
                users.append(make(client, url))
                await gate(users[-1], 1, stack)

            try:
                return await _grown(count, one)
            finally:
                for user in users:
                    await close(user)
        pages = name == "memory-message"
        url = f"{origin}/pages-{count // PAGE}/v1" if pages else f"{origin}/unfinished/v1"
        user = await stack.enter_async_context(made(client, url, connections=count + 10))
        return await _grown(count, lambda: gate(user, count if pages else 1, stack), times=1 if pages else count)


async def _grown(count: int, one: Callable[[], Awaitable[object]], times: int | None = None) -> float:
    kept = [await one()] if times is None or times > 1 else []  # what only the first one costs
    gc.collect()
    before = _resident()
    kept += [await one() for _ in range(count if times is None else times)]
    gc.collect()
    assert kept
    return (_resident() - before) / count / 1024


def _resident() -> int:
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def _get_by_hand(hand: Hand, _: int, __: AsyncExitStack) -> object:
    async with hand.session.get(f"{hand.url}/threads/thread_1/runs/run_1") as response:
        return _run(await response.read())


async def _get(client: AssistantsClient, _: int, __: AsyncExitStack) -> object:
    return await client.runs.retrieve("thread_1", "run_1")


async def _get_by_peer(peer: Any, _: int, __: AsyncExitStack) -> object:
    return await peer.beta.threads.runs.retrieve("run_1", thread_id="thread_1")


async def _stream_by_hand(hand: Hand, _: int, stack: AsyncExitStack) -> object:
    request = hand.session.post(f"{hand.url}/threads/thread_1/runs", json={"assistant_id": "asst_1", "stream": True})
    response = await stack.enter_async_context(request)
    return response, await response.content.readany()


async def _stream(client: AssistantsClient, _: int, stack: AsyncExitStack) -> object:
    call = client.runs.create("thread_1", assistant_id="asst_1").stream()
    channel = await stack.enter_async_context(call)
    return channel, await anext(channel)


async def _stream_by_peer(peer: Any, _: int, stack: AsyncExitStack) -> object:
    stream = await peer.beta.threads.runs.create("thread_1", assistant_id="asst_1", stream=True)
    stack.push_async_callback(stream.close)
    return stream, await anext(stream)


async def _messages_by_hand(hand: Hand, count: int, _: AsyncExitStack) -> object:
    kept: list[Message] = []
    while len(kept) < count:
        cursor = f"&after={kept[-1].id}" if kept else ""
        async with hand.session.get(f"{hand.url}/threads/thread_1/messages?limit={PAGE}{cursor}") as response:
            kept += _page(await response.read()).data
    return kept


async def _messages(client: AssistantsClient, _: int, __: AsyncExitStack) -> object:
    return await client.messages.list("thread_1", limit=PAGE).collect()


async def _messages_by_peer(peer: Any, _: int, __: AsyncExitStack) -> object:
    return [message async for message in peer.beta.threads.messages.list("thread_1", limit=PAGE)]


_HOLD: Mapping[tuple[str, str], Callable[[Any, int, AsyncExitStack], Awaitable[object]]] = {
    ("client", HAND): _get_by_hand,
    ("client", OURS): _get,
    ("client", "openai"): _get_by_peer,
    ("stream", HAND): _stream_by_hand,
    ("stream", OURS): _stream,
    ("stream", "openai"): _stream_by_peer,
    ("message", HAND): _messages_by_hand,
    ("message", OURS): _messages,
    ("message", "openai"): _messages_by_peer,
}


if __name__ == "__main__":
    _name, _client, _origin, _count = sys.argv[1:]
    print(asyncio.run(_kept(_name, _client, _origin, int(_count))))
