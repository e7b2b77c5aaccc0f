"""Plain calls: one at a time, many at once, with a large body."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from assistants_async import AssistantsClient, Message, Run
from benchmarks.work import Hand, Work, spaced

_run = msgspec.json.Decoder(Run).decode
_message = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode

LARGE = "A sentence of a long document. " * 6_500
"""About 200 KB, near the limit of a message."""


# GET, one at a time


async def get_by_hand(hand: Hand, count: int) -> int:
    """The least that a call is: a request, its body, one decode."""
    for _ in range(count):
        async with hand.session.get(f"{hand.url}/threads/thread_1/runs/run_1") as response:
            _run(await response.read())
    return count


async def get(client: AssistantsClient, count: int) -> int:
    """The same with this client."""
    for _ in range(count):
        await client.runs.retrieve("thread_1", "run_1")
    return count


async def _get_by_peer(peer: Any, count: int) -> int:
    for _ in range(count):
        await peer.beta.threads.runs.retrieve("run_1", thread_id="thread_1")
    return count


# GET, so many tasks at once


def _at_once(name: str, tasks: int, count: int) -> Work:
    async def by_hand(hand: Hand, count: int) -> int:
        async def one() -> Run:
            async with hand.session.get(f"{hand.url}/threads/thread_1/runs/run_1") as response:
                return _run(await response.read())

        for _ in range(count // tasks):
            await asyncio.gather(*(one() for _ in range(tasks)))
        return count

    async def ours(client: AssistantsClient, count: int) -> int:
        for _ in range(count // tasks):
            await asyncio.gather(*(client.runs.retrieve("thread_1", "run_1") for _ in range(tasks)))
        return count

    async def by_peer(peer: Any, count: int) -> int:
        retrieve = peer.beta.threads.runs.retrieve
        for _ in range(count // tasks):
            await asyncio.gather(*(retrieve("run_1", thread_id="thread_1") for _ in range(tasks)))
        return count

    return Work(
        name=name,
        title=f"GET of a run, {spaced(tasks)} at once",
        unit="call",
        answer=lambda _: "run",
        count=count,
        quick=tasks,
        hand=by_hand,
        ours=ours,
        peer=by_peer,
    )


# POST of a large body


async def _create_by_hand(hand: Hand, count: int) -> int:
    headers = {"Content-Type": "application/json"}
    for _ in range(count):
        body = _encode({"role": "user", "content": LARGE})
        async with hand.session.post(f"{hand.url}/threads/thread_1/messages", data=body, headers=headers) as response:
            _message(await response.read())
    return count


async def _create(client: AssistantsClient, count: int) -> int:
    for _ in range(count):
        await client.messages.create("thread_1", role="user", content=LARGE)
    return count


async def _create_by_peer(peer: Any, count: int) -> int:
    for _ in range(count):
        await peer.beta.threads.messages.create("thread_1", role="user", content=LARGE)
    return count


WORKS = (
    Work(
        name="get",
        title="GET of a run, one at a time",
        unit="call",
        answer=lambda _: "run",
        count=100,
        quick=20,
        hand=get_by_hand,
        ours=get,
        peer=_get_by_peer,
        variants=True,
    ),
    _at_once("get-64", 64, 320),
    _at_once("get-1000", 1000, 1000),
    Work(
        name="create",
        title="create a message of 200 KB",
        unit="call",
        answer=lambda _: "message",
        count=50,
        quick=5,
        hand=_create_by_hand,
        ours=_create,
        peer=_create_by_peer,
    ),
)
