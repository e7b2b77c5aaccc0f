"""Response streams: one long one, read in each of its forms and from each cut of its bytes, and many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import anyio
import msgspec

from assistants_async import AssistantsClient
from assistants_async.models.deltas import MessageDelta, MessageDeltaText
from assistants_async.models.events import EVENTS
from assistants_async.models.messages import Message
from assistants_async.models.runs import Run
from assistants_async.models.steps import RunStep
from benchmarks.bodies import events_of, text_size
from benchmarks.work import Hand, Work, spaced

LOOK = 1_000
"""Deltas between two looks at the message so far."""
ROOM = 100
"""Items in the channel that a stream is pushed into."""


class Event(msgspec.Struct):
    """An event of the reader written by hand."""

    event: str
    data: object


_KINDS = {"RunEvent": Run, "MessageEvent": Message, "MessageDeltaEvent": MessageDelta, "RunStepEvent": RunStep}
_DECODERS = {name: msgspec.json.Decoder(_KINDS.get(kind.__name__, dict)).decode for name, kind in EVENTS.items()}


async def _parsed(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    """A good engineer's parser: split at blank lines, a decoder for each name."""
    rest = b""
    async for piece in response.content.iter_any():
        *blocks, rest = (rest + piece).split(b"\n\n")
        for block in blocks:
            name = data = b""
            for line in block.split(b"\n"):
                if line.startswith(b"data: "):
                    data = line[6:]
                elif line.startswith(b"event: "):
                    name = line[7:]
            if data == b"[DONE]":
                return
            key = name.decode()
            yield Event(key, _DECODERS[key](data))


async def events_of_post(hand: Hand, url: str, body: object) -> AsyncIterator[Event]:
    """The events that a POST is answered with, by hand."""
    headers = {"Content-Type": "application/json"}
    async with hand.session.post(url, data=msgspec.json.encode(body), headers=headers) as response:
        async for event in _parsed(response):
            yield event
        await response.read()


def _events(hand: Hand) -> AsyncIterator[Event]:
    return events_of_post(hand, f"{hand.url}/threads/thread_1/runs", {"assistant_id": "asst_1", "stream": True})


def _text(event: Event) -> str:
    data = event.data
    if type(data) is MessageDelta and data.delta is not None:
        for part in data.delta.content:
            if type(part) is MessageDeltaText and part.text is not None:
                return part.text.value or ""
    return ""


# Every event


async def _iterate_by_hand(hand: Hand, _: int) -> int:
    seen = 0
    async for _event in _events(hand):
        seen += 1
    return seen


async def _iterate(client: AssistantsClient, _: int) -> int:
    seen = 0
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for _event in channel:
            seen += 1
    return seen


async def _iterate_by_peer(peer: Any, _: int) -> int:
    seen = 0
    async for _event in await peer.beta.threads.runs.create("thread_1", assistant_id="asst_1", stream=True):
        seen += 1
    return seen


# The text


async def _text_by_hand(hand: Hand, _: int) -> int:
    size = 0
    async for event in _events(hand):
        size += len(_text(event))
    return size


async def _text_of(client: AssistantsClient, _: int) -> int:
    size = 0
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for piece in channel.text():
            size += len(piece)
    return size


async def _text_by_peer(peer: Any, _: int) -> int:
    size = 0
    async with peer.beta.threads.runs.stream(thread_id="thread_1", assistant_id="asst_1") as stream:
        async for piece in stream.text_deltas:
            size += len(piece)
    return size


# The message so far, put together now and then


async def _look_by_hand(hand: Hand, _: int) -> int:
    pieces: list[str] = []
    size = seen = 0
    async for event in _events(hand):
        pieces.append(_text(event))
        seen += 1
        if seen % LOOK == 0:
            size = len("".join(pieces))
    return max(size, len("".join(pieces)))


async def _look(client: AssistantsClient, _: int) -> int:
    size = seen = 0
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for _event in channel:
            seen += 1
            if seen % LOOK == 0:
                size = len(channel.snapshot.messages[0].text)
        (message,) = await channel.final_messages()
    return max(size, len(message.text))


async def _look_by_peer(peer: Any, _: int) -> int:
    size = seen = 0
    async with peer.beta.threads.runs.stream(thread_id="thread_1", assistant_id="asst_1") as stream:
        async for _event in stream:
            seen += 1
            if seen % LOOK == 0 and stream.current_message_snapshot is not None:
                size = len(stream.current_message_snapshot.content[0].text.value)
        (message,) = await stream.get_final_messages()
    return max(size, len(message.content[0].text.value))


# Pushed into a channel that another task reads


async def _push_by_hand(hand: Hand, _: int) -> int:
    sender, receiver = anyio.create_memory_object_stream[Event](ROOM)

    async def push() -> None:
        async with sender:
            async for event in _events(hand):
                await sender.send(event)

    return await _received(push(), receiver)


async def _push(client: AssistantsClient, _: int) -> int:
    sender, receiver = anyio.create_memory_object_stream[Any](ROOM)

    async def push() -> None:
        await client.runs.create("thread_1", assistant_id="asst_1").into(sender)

    return await _received(push(), receiver)


async def _received(pushing: Any, receiver: Any) -> int:
    task = asyncio.create_task(pushing)
    seen = 0
    async with receiver:
        async for _item in receiver:
            seen += 1
    await task
    return seen


# One event each, so that what counts is the opening


async def _open_by_hand(hand: Hand, count: int) -> int:
    return sum([await _iterate_by_hand(hand, 0) for _ in range(count)])


async def _open(client: AssistantsClient, count: int) -> int:
    return sum([await _iterate(client, 0) for _ in range(count)])


async def _open_by_peer(peer: Any, count: int) -> int:
    return sum([await _iterate_by_peer(peer, 0) for _ in range(count)])


# Many at once


def _many(name: str, streams: int, each: int) -> Work:
    async def by_hand(hand: Hand, count: int) -> int:
        return sum(await asyncio.gather(*(_iterate_by_hand(hand, each) for _ in range(count // each))))

    async def ours(client: AssistantsClient, count: int) -> int:
        return sum(await asyncio.gather(*(_iterate(client, each) for _ in range(count // each))))

    async def by_peer(peer: Any, count: int) -> int:
        return sum(await asyncio.gather(*(_iterate_by_peer(peer, each) for _ in range(count // each))))

    return Work(
        name=name,
        title=f"{spaced(streams)} streams of {each} deltas at once",
        unit="event",
        answer=lambda _: f"coalesced-{each}",
        count=streams * each,
        quick=10 * each,
        hand=by_hand,
        ours=ours,
        peer=by_peer,
        proof=lambda count: count // each * events_of(each),
        connections=streams,
    )


_CUTS: Mapping[str, tuple[str, int]] = {
    "coalesced": ("a chunk an event, coalesced", 20_000),
    "16k": ("16 KB chunks", 20_000),
    "7b": ("7-byte chunks", 20_000),
    "segments": ("a TCP segment an event", 1_000),
}


def _long(name: str, what: str, cut: str, **more: Any) -> Work:
    title, count = _CUTS[cut]
    return Work(
        name=f"{name}-{cut}",
        title=f"{what} of {spaced(count)} deltas, {title}",
        unit="event",
        answer=lambda count: f"{cut}-{count}",
        count=count,
        quick=count // 20,
        **more,
    )


def _plain(cut: str, *, variants: bool = False) -> Work:
    return _long(
        "stream",
        "stream",
        cut,
        hand=_iterate_by_hand,
        ours=_iterate,
        peer=_iterate_by_peer,
        proof=events_of,
        variants=variants,
    )


WORKS = (
    _plain("coalesced", variants=True),
    _plain("16k"),
    _plain("7b"),
    _plain("segments", variants=True),
    _long(
        "text",
        "text of a stream",
        "coalesced",
        hand=_text_by_hand,
        ours=_text_of,
        peer=_text_by_peer,
        proof=text_size,
    ),
    _long(
        "snapshots",
        "snapshots of a stream",
        "16k",
        hand=_look_by_hand,
        ours=_look,
        peer=_look_by_peer,
        proof=text_size,
    ),
    _long("into", "into() from a stream", "16k", hand=_push_by_hand, ours=_push, proof=events_of),
    Work(
        name="opened",
        title="opening a stream of one delta",
        unit="stream",
        answer=lambda _: "coalesced-1",
        count=50,
        quick=5,
        hand=_open_by_hand,
        ours=_open,
        peer=_open_by_peer,
        proof=lambda count: count * events_of(1),
    ),
    _many("streams-200", 200, 200),
    _many("streams-1000", 1000, 50),
)
