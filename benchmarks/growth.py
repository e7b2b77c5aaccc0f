"""The cost of one more item, event or character, from few to very many: a cost that grows shows here.

The answers come out of memory, piece by piece and made as they are read, so that only this client is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from assistants_async import AssistantsClient
from benchmarks.bodies import PAGE, cut, delta, frame, frames, message
from benchmarks.canned import Canned, CannedTransport
from benchmarks.processes import pin
from benchmarks.results import Grown

PIECE = 16 * 1024
LOOKS = 10
"""Reads of the text so far while it grows."""
PASSAGE = 1_000
"""Characters of a delta, where it is the text that is long."""
REPEATS = 2
"""At least; what is short is repeated for half a second."""


def _pages(items: int) -> Iterator[Canned]:
    """Pages of messages, alike but for their cursors."""
    data = msgspec.json.encode([message(number) for number in range(PAGE)])
    for end in range(PAGE, items + 1, PAGE):
        more = b"true" if end < items else b"false"
        text = b'{"object":"list","data":%b,"last_id":"msg_%d","has_more":%b}' % (data, end, more)
        yield Canned("application/json", cut(text, PIECE))


def _long_page(items: int) -> Iterator[Canned]:
    """One page of all the items."""
    block = b",".join(msgspec.json.encode(message(number)) for number in range(PAGE))

    def pieces() -> Iterator[bytes]:
        yield b'{"object":"list","data":[' + block
        for _ in range(items // PAGE - 1):
            yield from cut(b"," + block, PIECE)
        yield b'],"has_more":false}'

    yield Canned("application/json", pieces())


def _stream(one: bytes, deltas: int) -> Iterator[Canned]:
    """A run's stream, its deltas all alike."""
    first, second, *_, end = frames(0)
    block = max(1, PIECE // len(one))

    def pieces() -> Iterator[bytes]:
        yield first + second
        for _ in range(deltas // block):
            yield one * block
        yield one * (deltas % block) + _COMPLETED + end

    yield Canned("text/event-stream", pieces())


def _deltas(count: int) -> Iterator[Canned]:
    return _stream(delta(0), count)


def _passages(characters: int) -> Iterator[Canned]:
    return _stream(_LONG, characters // PASSAGE)


_COMPLETED = frame(
    "thread.run.completed",
    {"id": "run_1", "object": "thread.run", "created_at": 1, "thread_id": "thread_1", "status": "completed"},
)


_LONG = frame(
    "thread.message.delta",
    {
        "id": "msg_1",
        "object": "thread.message.delta",
        "delta": {"content": [{"index": 0, "type": "text", "text": {"value": "x" * PASSAGE}}]},
    },
)


async def _iterate(client: AssistantsClient, _: int) -> int:
    seen = 0
    async for _item in client.messages.list("thread_1", limit=PAGE):
        seen += 1
    return seen


async def _collect(client: AssistantsClient, _: int) -> int:
    return len(await client.messages.list("thread_1", limit=PAGE).collect())


async def _elements(client: AssistantsClient, _: int) -> int:
    seen = 0
    async with client.messages.list("thread_1", limit=PAGE).stream() as channel:
        async for _item in channel:
            seen += 1
    return seen


async def _events(client: AssistantsClient, _: int) -> int:
    seen = -3  # what is no delta
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for _event in channel:
            seen += 1
    return seen


async def _look(client: AssistantsClient, characters: int) -> int:
    seen = longest = 0
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        async for _event in channel:
            seen += 1
            if seen % max(1, characters // PASSAGE // LOOKS) == 0 and channel.snapshot.messages:
                longest = max(longest, len(channel.snapshot.messages[0].text))
        return max(longest, len(channel.snapshot.messages[0].text))


class Growth(NamedTuple):
    """One work, whose cost is to stay flat however much of it there is."""

    title: str
    unit: str
    answers: Callable[[int], Iterator[Canned]]
    use: Callable[[AssistantsClient, int], Awaitable[int]]
    counts: tuple[int, ...] = (100, 1_000, 10_000, 100_000, 1_000_000)


WORKS: Mapping[str, Growth] = {
    "items": Growth("items of pages of 100", "µs CPU · item", _pages, _iterate),
    "collect": Growth("items collected", "µs CPU · item", _pages, _collect, (100, 1_000, 10_000, 100_000)),
    "elements": Growth("items streamed as they arrive", "µs CPU · item", _long_page, _elements),
    "events": Growth("events of one stream", "µs CPU · event", _deltas, _events),
    "text": Growth(
        f"characters of one text, looked at {LOOKS} times",
        "ns CPU · character",
        _passages,
        _look,
        (10_000, 100_000, 1_000_000, 10_000_000),
    ),
}


async def grown(work: Growth, counts: tuple[int, ...]) -> Grown:
    """Do a work with each count, best of some repeats, and return the cost of each further item."""
    times = [await _least(work, count) for count in counts]
    scale = 1e9 if work.unit.startswith("ns") else 1e6
    return Grown(title=work.title, unit=work.unit, counts=counts, costs=further(counts, times, scale))


def further(counts: Sequence[int], times: Sequence[float], scale: float) -> tuple[float, ...]:
    """The cost of each item that a count has more than the one before it, in so many parts of a second."""
    steps = pairwise(zip((0, *counts), (0.0, *times), strict=True))
    return tuple(float(f"{(more - less) / (many - few) * scale:.4g}") for (few, less), (many, more) in steps)


async def _least(work: Growth, count: int) -> float:
    """CPU seconds of the cheapest of some repeats."""
    taken: list[float] = []
    while len(taken) < REPEATS or (len(taken) < 50 and sum(taken) < 0.5):
        async with AssistantsClient(
            base_url="http://127.0.0.1/v1", api_key="key", transport=CannedTransport(work.answers(count))
        ) as client:
            gc.collect()
            started = time.process_time()
            done = await work.use(client, count)
            taken.append(time.process_time() - started)
        if done != count:
            raise RuntimeError(f"{work.title}: {done} were done, and not {count}")
    return min(taken)


def measure(*, quick: bool) -> tuple[Grown, ...]:
    """All of them, in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.growth", "--json", *(["--quick"] if quick else [])]
    ran = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(ran.stdout, type=tuple[Grown, ...])


def summary(found: Grown) -> str:
    """One line for the terminal."""
    steps = "  ".join(f"{count:,}: {cost:.2f}" for count, cost in zip(found.counts, found.costs, strict=True))
    return f"{found.title:42} {found.unit:20} {steps}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the two least counts only")
    parser.add_argument("--json", action="store_true", help="for the runner")
    options = parser.parse_args()
    pin(0)
    found = [asyncio.run(grown(work, work.counts[: 2 if options.quick else None])) for work in WORKS.values()]
    if options.json:
        sys.stdout.buffer.write(msgspec.json.encode(found))
    else:
        print(*map(summary, found), sep="\n")


if __name__ == "__main__":
    main()
