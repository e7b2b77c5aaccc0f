"""Lists over many pages, with a server that answers at once and with one that takes its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from assistants_async import AssistantsClient, Message, Page
from benchmarks.bodies import DELAY, PAGE
from benchmarks.work import Hand, Work

_page = msgspec.json.Decoder(Page[Message]).decode


async def _items(hand: Hand) -> AsyncIterator[Message]:
    url = base = f"{hand.url}/threads/thread_1/messages?limit={PAGE}"
    while True:
        async with hand.session.get(url) as response:
            page = _page(await response.read())
        for message in page.data:
            yield message
        if not page.has_more:
            return
        url = f"{base}&after={page.last_id}"


async def _iterate_by_hand(hand: Hand, _: int) -> int:
    seen = 0
    async for _message in _items(hand):
        seen += 1
    return seen


async def _iterate(client: AssistantsClient, _: int) -> int:
    seen = 0
    async for _message in client.messages.list("thread_1", limit=PAGE):
        seen += 1
    return seen


async def _iterate_by_peer(peer: Any, _: int) -> int:
    seen = 0
    async for _message in peer.beta.threads.messages.list("thread_1", limit=PAGE):
        seen += 1
    return seen


async def _prefetch(client: AssistantsClient, _: int) -> int:
    seen = 0
    async with client.messages.list("thread_1", limit=PAGE).prefetch() as items:
        async for _message in items:
            seen += 1
    return seen


# A server that takes 20 ms for a page, and a caller that takes as long to work on one


async def _work(seen: int) -> None:
    if seen % PAGE == 0:
        await asyncio.sleep(DELAY)


async def _in_turn_by_hand(hand: Hand, _: int) -> int:
    seen = 0
    async for _message in _items(hand):
        seen += 1
        await _work(seen)
    return seen


async def _in_turn_by_peer(peer: Any, _: int) -> int:
    seen = 0
    async for _message in peer.beta.threads.messages.list("thread_1", limit=PAGE):
        seen += 1
        await _work(seen)
    return seen


async def _ahead(client: AssistantsClient, _: int) -> int:
    seen = 0
    async with client.messages.list("thread_1", limit=PAGE).prefetch() as items:
        async for _message in items:
            seen += 1
            await _work(seen)
    return seen


WORKS = (
    Work(
        name="paging",
        title="iterate 100 pages of 100 messages",
        unit="item",
        answer=lambda count: f"pages-{count // PAGE}",
        count=10_000,
        quick=1_000,
        hand=_iterate_by_hand,
        ours=_iterate,
        peer=_iterate_by_peer,
    ),
    Work(
        name="paging-prefetch",
        title="iterate 100 pages of 100 messages, with prefetch",
        unit="item",
        answer=lambda count: f"pages-{count // PAGE}",
        count=10_000,
        quick=1_000,
        hand=_iterate_by_hand,
        ours=_prefetch,
    ),
    Work(
        name="paging-slow",
        title="20 pages, 20 ms each at server and caller, with prefetch",
        unit="item",
        answer=lambda count: f"slowpages-{count // PAGE}",
        count=2_000,
        quick=500,
        hand=_in_turn_by_hand,
        ours=_ahead,
        peer=_in_turn_by_peer,
        by="wall",
    ),
)
