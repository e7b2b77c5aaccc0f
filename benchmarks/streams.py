"""Response streams against a hand-written aiohttp + msgspec reader: CPU per event, promptness, many at once.

Run it as a script. The server is a process of its own that sends bytes made beforehand; the readers take turns in this
process, so that both see the same machine, and the best round of each counts.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import multiprocessing
import pstats
import resource
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import aiohttp
import msgspec

from assistants_async import AssistantsClient
from assistants_async.models.deltas import MessageDelta
from assistants_async.models.events import EVENTS, MessageDeltaEvent
from assistants_async.models.messages import Message
from assistants_async.models.runs import Run
from assistants_async.models.steps import RunStep

DELTAS = 20_000
ROUNDS = 9
STREAMS, EACH = 200, 500
CHUNK = 16 * 1024

_RUN = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "created_at": 1, "assistant_id": "asst_1"}
_MESSAGE = {"id": "msg_1", "object": "thread.message", "thread_id": "thread_1", "run_id": "run_1", "role": "assistant"}


def frame(name: str, data: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))


def delta(number: int) -> bytes:
    part = {"index": 0, "type": "text", "text": {"value": f"word{number % 10} "}}
    return frame(
        "thread.message.delta", {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}}
    )


def frames(count: int) -> list[bytes]:
    text = "".join(f"word{number % 10} " for number in range(count))
    content = [{"type": "text", "text": {"value": text, "annotations": []}}]
    return [
        frame("thread.run.created", {**_RUN, "status": "queued"}),
        frame("thread.message.created", {**_MESSAGE, "status": "in_progress", "content": []}),
        *map(delta, range(count)),
        frame("thread.message.completed", {**_MESSAGE, "status": "completed", "content": content}),
        frame("thread.run.completed", {**_RUN, "status": "completed"}),
        b"event: done\ndata: [DONE]\n\n",
    ]


# The server


def chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def serve(pipe: Connection) -> None:
    asyncio.run(serving(pipe))


async def serving(pipe: Connection) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ntransfer-encoding: chunked\r\n\r\n"
    events, json = b"text/event-stream", b"application/json"
    long, short = frames(DELTAS), frames(EACH)
    page = msgspec.json.encode({"object": "list", "data": [{"id": f"t{n}", "object": "thread"} for n in range(100)]})
    bodies = {
        # Each event a chunk of its own, in one write: how servers' writes come when the reader is a little behind.
        b"coalesced": head % events + chunked(long),
        b"16k": head % events + chunked(cut(b"".join(long), CHUNK)),
        b"short": head % events + chunked(short),
    }

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                top = await reader.readuntil(b"\r\n\r\n")
                if b"content-length: " in top.lower():
                    size = int(top.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                    await reader.readexactly(size)
                kind = (
                    top.partition(b"x-body: ")[2].partition(b"\r\n")[0]
                    or top.partition(b"X-Body: ")[2].partition(b"\r\n")[0]
                )
                if kind == b"slow":
                    writer.write(head % json)
                    for start in range(0, len(page), 64):
                        piece = page[start : start + 64]
                        writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                        await writer.drain()
                        await asyncio.sleep(0.002)
                    writer.write(b"0\r\n\r\n")
                else:
                    writer.write(bodies[kind])
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
    server.close()


@contextmanager
def served() -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,))
    process.start()
    try:
        yield f"http://127.0.0.1:{ours.recv()}/v1"
    finally:
        ours.send(None)
        process.join()


# The readers


class Event(msgspec.Struct):
    event: str
    data: object


_DECODERS = {
    name: msgspec.json.Decoder(
        {"RunEvent": Run, "MessageEvent": Message, "MessageDeltaEvent": MessageDelta, "RunStepEvent": RunStep}.get(
            kind.__name__, dict
        )
    ).decode
    for name, kind in EVENTS.items()
}


async def parsed(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    """What a good engineer writes: split at blank lines, a decoder for each name."""
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


async def by_hand(session: aiohttp.ClientSession, url: str, kind: str) -> int:
    count = 0
    body = msgspec.json.encode({"assistant_id": "asst_1", "stream": True})
    headers = {"x-body": kind, "content-type": "application/json"}
    async with session.post(url + "/threads/thread_1/runs", data=body, headers=headers) as response:
        async for _ in parsed(response):
            count += 1
        await response.read()
    return count


async def text_by_hand(session: aiohttp.ClientSession, url: str, kind: str) -> int:
    size = 0
    body = msgspec.json.encode({"assistant_id": "asst_1", "stream": True})
    headers = {"x-body": kind, "content-type": "application/json"}
    async with session.post(url + "/threads/thread_1/runs", data=body, headers=headers) as response:
        async for event in parsed(response):
            data = event.data
            if isinstance(data, MessageDelta) and data.delta is not None:
                for part in data.delta.content:
                    size += len(part.text.value)  # type: ignore[union-attr,arg-type]  # the server sends nothing else
        await response.read()
    return size


async def typed(client: AssistantsClient, kind: str) -> int:
    count = 0
    call = client.runs.create("thread_1", assistant_id="asst_1").with_options(headers={"x-body": kind})
    async with call.stream() as channel:
        async for _ in channel:
            count += 1
    return count


async def text(client: AssistantsClient, kind: str) -> int:
    size = 0
    call = client.runs.create("thread_1", assistant_id="asst_1").with_options(headers={"x-body": kind})
    async with call.stream() as channel:
        async for piece in channel.text():
            size += len(piece)
    return size


async def cpu(work: Callable[[], Awaitable[int]], expected: int) -> float:
    gc.collect()
    start = time.process_time()
    assert await work() == expected
    return time.process_time() - start


async def per_event(client: AssistantsClient, session: aiohttp.ClientSession, url: str, kind: str, rounds: int) -> None:
    count = DELTAS + 4
    size = sum(len(f"word{number % 10} ") for number in range(DELTAS))
    readers: dict[str, tuple[Callable[[], Awaitable[int]], int]] = {
        "by hand": (lambda: by_hand(session, url, kind), count),
        "typed": (lambda: typed(client, kind), count),
        "by hand again": (lambda: by_hand(session, url, kind), count),
        "text by hand": (lambda: text_by_hand(session, url, kind), size),
        ".text()": (lambda: text(client, kind), size),
    }
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, (work, expected) in readers.items():
            times[name].append(await cpu(work, expected))
    base = statistics.median(times["by hand"] + times["by hand again"])
    best = min(times["by hand"] + times["by hand again"])
    print(f"{kind}: {DELTAS} deltas, {rounds} rounds; µs an event, ratio of medians, ratio of best rounds")
    for name, taken in times.items():
        median, least = statistics.median(taken), min(taken)
        print(f"  {name:14} {median / count * 1e6:6.2f} {median / base:6.2f} {least / best:6.2f}")


async def promptness(client: AssistantsClient) -> None:
    start = time.perf_counter()
    call = client.threads.list().with_options(headers={"x-body": "slow"})
    async with call.stream() as channel:
        first = None
        async for _ in channel:
            first = first or time.perf_counter() - start
    whole = time.perf_counter() - start
    print(f"a page that takes {whole * 1e3:.0f} ms to arrive: its first element after {(first or 0) * 1e3:.1f} ms")


async def many(client: AssistantsClient) -> None:
    gc.collect()
    ends: list[float] = []
    gaps: list[float] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start, used = time.perf_counter(), time.process_time()

    async def one() -> None:
        call = client.runs.create("thread_1", assistant_id="asst_1").with_options(headers={"x-body": "short"})
        count, gap, last = 0, 0.0, time.perf_counter()
        async with call.stream() as channel:
            async for event in channel:
                count += isinstance(event, MessageDeltaEvent)
                now = time.perf_counter()
                gap, last = max(gap, now - last), now
        assert count == EACH
        ends.append(time.perf_counter() - start)
        gaps.append(gap)

    await asyncio.gather(*(one() for _ in range(STREAMS)))
    taken = time.process_time() - used
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{STREAMS} streams of {EACH} at once: {taken / STREAMS / (EACH + 4) * 1e6:.2f} µs an event; "
        f"first stream whole after {min(ends) * 1e3:.0f} ms, last after {max(ends) * 1e3:.0f} ms, "
        f"longest wait of one reader {max(gaps) * 1e3:.0f} ms, {grown:.1f} MiB more at the peak"
    )


async def profiled(client: AssistantsClient, work: Callable[[AssistantsClient, str], Awaitable[int]]) -> None:
    profile = cProfile.Profile()
    profile.enable()
    await work(client, "16k")
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(18)


async def main(rounds: int, *, profile: bool) -> None:
    with served() as url:
        async with (
            AssistantsClient(base_url=url, api_key="k", max_connections=STREAMS) as client,
            aiohttp.ClientSession() as session,
        ):
            for kind in ("coalesced", "16k"):
                await per_event(client, session, url, kind, rounds)
            await promptness(client)
            for _ in range(2):
                await many(client)
            if profile:
                await profiled(client, typed)
                await profiled(client, text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--profile", action="store_true")
    given = parser.parse_args()
    asyncio.run(main(given.rounds, profile=given.profile))
