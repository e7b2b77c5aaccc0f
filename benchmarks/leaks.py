"""Calls and streams cancelled at random, many at once: what is left of them. `--help` has the sizes.

The server is in this process, so that its connections can be counted: after the client's close there must be none.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

from assistants_async import AssistantsClient, AssistantsError
from benchmarks.bodies import chunked, frames

THREAD = json.dumps({"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {"a": "b"}}).encode()
ASSISTANT = json.dumps(
    {"id": "asst_1", "object": "assistant", "created_at": 1, "model": "gpt-4o", "tools": []}
).encode()
PAGE = json.dumps(
    {"object": "list", "data": [{"id": f"msg_{number}"} for number in range(20)], "last_id": "msg_19", "has_more": True}
).encode()
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


class Sample(NamedTuple):
    """The sizes of a process at one moment."""

    done: int
    """Operations so far."""
    rss: int
    """Resident memory in KB; 0 where /proc is not there to tell."""
    objects: int
    """Objects that the garbage collector knows, after a collection."""
    fds: int
    """Open files and sockets, the server's ends too; 0 where /proc is not there to tell."""
    tasks: int
    """Tasks of the loop."""
    connections: int
    """Connections that the server has open."""


class Server:
    """Answers by path, in one piece or by and by, and counts its connections."""

    def __init__(self, events: int, seed: int | None = None) -> None:
        self.open = 0
        """Connections now."""
        self.answered = 0
        """Requests so far."""
        self.base_url = ""
        self.random = None if seed is None else Random(seed)
        """The delays and pieces of answers; None for answers at once."""
        self.answers = {
            b"/runs ": _head(b"text/event-stream", chunked(frames(events)), b"transfer-encoding: chunked"),
            b"/messages": _head(b"application/json", PAGE, b"content-length: %d" % len(PAGE)),
            b"/assistants ": _head(b"application/json", ASSISTANT, b"content-length: %d" % len(ASSISTANT)),
            b"/missing": b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}",
        }
        self.default = _head(b"application/json", THREAD, b"content-length: %d" % len(THREAD))

    @asynccontextmanager
    async def serve(self) -> AsyncGenerator[Server]:
        """Listen on a free port."""
        server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), "127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()


def _head(kind: bytes, body: bytes, length: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n%b\r\n\r\n%b" % (kind, length, body)


class _Connection(asyncio.Protocol):
    """One connection; requests come one at a time, and bodies are short."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._timers: set[asyncio.TimerHandle] = set()
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.open += 1

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._server.open -= 1
        for timer in self._timers:
            timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        end = self._unread.find(b"\r\n\r\n")
        if end < 0:
            return
        length = self._unread.lower().partition(b"\ncontent-length: ")[2].partition(b"\r")[0]
        if len(self._unread) < end + 4 + int(length or 0):
            return
        line = self._unread.partition(b"\r\n")[0]
        self._unread = b""
        self._server.answered += 1
        self._answer(next((body for mark, body in self._server.answers.items() if mark in line), self._server.default))

    def _answer(self, data: bytes) -> None:
        assert self._transport is not None
        random = self._server.random
        if random is None:
            self._transport.write(data)
            return
        cut = random.randrange(len(data))
        self._later(random.uniform(0, 0.002), data[:cut])
        self._later(random.uniform(0.002, 0.004), data[cut:])

    def _later(self, seconds: float, data: bytes) -> None:
        assert self._transport is not None
        self._timers.add(asyncio.get_running_loop().call_later(seconds, self._transport.write, data))


def sample(done: int, server: Server) -> Sample:
    """Look at this process."""
    gc.collect()
    memory, files = Path("/proc/self/statm"), Path("/proc/self/fd")
    rss = int(memory.read_text().split()[1]) * PAGE_SIZE // 1024 if memory.exists() else 0
    fds = len(list(files.iterdir())) if files.exists() else 0
    objects = sum(type(each) is not Sample for each in gc.get_objects())  # the looks themselves are kept
    return Sample(done, rss, objects, fds, len(asyncio.all_tasks()), server.open)


def slope(samples: list[Sample], member: str) -> float:
    """Growth per 1,000 operations, by least squares over all but the first fifth, which is warming up."""
    points = [(each.done, getattr(each, member)) for each in samples[len(samples) // 5 :]]
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return 1000 * sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


def show(name: str, samples: list[Sample], seconds: float) -> None:
    """Print a table line."""
    first, last = samples[len(samples) // 5], samples[-1]
    print(
        f"{name:16} {last.done:>9,} {last.done / seconds:9,.0f}/s {slope(samples, 'rss'):11.2f} KB"
        f" {slope(samples, 'objects'):11.2f}  {first.objects:>7} → {last.objects:<7}"
        f" {first.fds:>3} → {last.fds:<3} {first.tasks:>2} → {last.tasks:<2} {last.connections:>4}"
    )


TITLE = (
    f"{'':16} {'done':>9} {'rate':>11} {'RSS /1,000':>14} {'obj. /1,000':>11}  "
    f"{'objects':^17} {'fds':^9} {'tasks':^7} {'open':>4}"
)

# What is cancelled


async def _get(client: AssistantsClient) -> None:
    await client.threads.retrieve("thread_1")


async def _create(client: AssistantsClient) -> None:
    await client.assistants.create(model="gpt-4o")


async def _missing(client: AssistantsClient) -> None:
    await client.threads.retrieve("missing")


async def _events(client: AssistantsClient) -> None:
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        await channel.until_done()


async def _elements(client: AssistantsClient) -> None:
    async with client.messages.list("thread_1").stream() as channel, channel.fan_out(2) as (one, two):
        async for _ in one:
            await anext(two)


async def _prefetch(client: AssistantsClient) -> None:
    async with client.messages.list("thread_1").prefetch() as items:
        async for _ in items.take(20):
            pass


KINDS: tuple[Callable[[AssistantsClient], Awaitable[None]], ...] = (
    _get, _create, _missing, _events, _elements, _prefetch,
)  # fmt: skip


async def cancellations(
    count: int,
    *,
    parallel: int = 50,
    connections: int = 20,
    seed: int = 0,
    samples: int = 20,
    transport: Literal["lean"] | None = None,
) -> tuple[Counter[str], list[Sample]]:
    """Start operations of every kind and cancel each after a random time; return how they ended, and what was left.

    The last sample is taken after the client's close.
    """
    random = Random(seed)
    outcomes: Counter[str] = Counter()
    looks: list[Sample] = []
    async with Server(20, seed).serve() as server:
        client = AssistantsClient(
            base_url=server.base_url, api_key="key", max_connections=connections, retry=None, transport=transport
        )

        async def work(share: Iterable[int]) -> None:
            for _ in share:
                outcomes[await _cancelled(client, random)] += 1

        async with client:
            for begin in range(0, count, step := max(1, count // samples)):
                numbers = range(begin, min(begin + step, count))
                await asyncio.gather(*(work(numbers[place::parallel]) for place in range(parallel)))
                looks.append(sample(numbers.stop, server))
            await client.threads.retrieve("thread_1")
        async with asyncio.timeout(10):
            while server.open:
                await asyncio.sleep(0.001)
        looks.append(sample(count, server))
    return outcomes, looks


async def _upload(client: AssistantsClient) -> None:
    await client.files.create(file=UNREAD, filename="a.txt", purpose="assistants")


async def _upload_pieces(client: AssistantsClient) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(8):
            yield UNREAD[: len(UNREAD) // 8]

    await client.files.create(file=pieces(), filename="a.txt", purpose="assistants")


async def _message(client: AssistantsClient) -> None:
    await client.messages.create("thread_1", role="user", content=TEXT)


UNREAD = b"x" * (8 << 20)
TEXT = "y" * 900_000
UNREAD_KINDS = (_upload, _upload_pieces, _message)


async def unread_uploads(
    count: int, *, parallel: int = 20, seed: int = 0, samples: int = 20
) -> tuple[Counter[str], list[Sample]]:
    """Send uploads to a server that reads nothing, and cancel each after a random time.

    The last sample is taken beside the open client: no connection may be left by then.
    """
    random = Random(seed)
    outcomes: Counter[str] = Counter()
    looks: list[Sample] = []
    deaf = socket.create_server(("127.0.0.1", 0), backlog=4096)
    deaf.setblocking(False)

    async def work(share: Iterable[int]) -> None:
        for _ in share:
            outcomes[await _cancelled(client, random, UNREAD_KINDS)] += 1

    base_url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
    async with AssistantsClient(base_url=base_url, api_key="key", max_connections=parallel, retry=None) as client:
        for begin in range(0, count, step := max(1, count // samples)):
            numbers = range(begin, min(begin + step, count))
            await asyncio.gather(*(work(numbers[place::parallel]) for place in range(parallel)))
            with suppress(BlockingIOError):
                while True:  # the queue of the server is finite
                    deaf.accept()[0].close()
            looks.append(sample(numbers.stop, Server(0)))
    deaf.close()
    return outcomes, looks


async def _cancelled(
    client: AssistantsClient, random: Random, kinds: tuple[Callable[[AssistantsClient], Awaitable[None]], ...] = KINDS
) -> str:
    task: asyncio.Future[None] = asyncio.ensure_future(random.choice(kinds)(client))
    await asyncio.sleep(random.expovariate(1 / 0.04))
    task.cancel()
    (got,) = await asyncio.gather(task, return_exceptions=True)
    if isinstance(got, asyncio.CancelledError):
        return "cancelled"
    if isinstance(got, BaseException) and not isinstance(got, AssistantsError):
        raise got
    return "ended" if got is None else type(got).__name__


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, help="operations (default: 10 000)")
    parser.add_argument("--parallel", type=int, default=50, help="at once (default: 50)")
    parser.add_argument("--connections", type=int, default=20, help="size of the pool (default: 20)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    started = time.perf_counter()
    outcomes, looks = asyncio.run(
        cancellations(options.count, parallel=options.parallel, connections=options.connections, seed=options.seed)
    )
    print(", ".join(f"{outcome} {number:,}" for outcome, number in outcomes.most_common()))
    print(TITLE)
    show("cancellations", looks[:-1], time.perf_counter() - started)
    print(f"after the close: {looks[-1].tasks - 1} tasks, {looks[-1].connections} connections, {looks[-1].fds} fds")
    started = time.perf_counter()
    outcomes, looks = asyncio.run(unread_uploads(options.count, seed=options.seed))
    print(", ".join(f"{outcome} {number:,}" for outcome, number in outcomes.most_common()))
    show("unread uploads", looks, time.perf_counter() - started)


if __name__ == "__main__":
    main()
