"""A server of one's own: what it costs beside a forwarder by hand, and whether it grows with what it keeps.

`costs` has CPU of the server's process: of a run with a short answer, and of a delta, each beside a handler of
aiohttp.web that passes the deltas on and keeps nothing. `streams` looks whether any of many at once is lost, `bounds`
has memory and CPU of a server with much in its store.
`--help` has the sizes; ratios mean nothing on a busy machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend
from benchmarks.serve_process import TICK, ServeProcess, serving, started

MIB = 2**20
_BETA = {"openai-beta": "assistants=v2"}
_HELLO = {"role": "user", "content": "Hello"}


class Cost(NamedTuple):
    """CPU of a server, in ms of a run and µs of a delta."""

    run: float
    delta: float


class Voice:
    """Sends plain requests to a server."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def make(self, path: str, body: object) -> Any:
        """POST a JSON document; return the answer's."""
        async with self._session.post(self._url + path, json=body, headers=_BETA) as response:
            response.raise_for_status()
            return await response.json()

    async def get(self, path: str) -> None:
        """GET something that is there."""
        async with self._session.get(self._url + path, headers=_BETA) as response:
            response.raise_for_status()
            await response.read()

    async def stream(self, path: str, body: object) -> int:
        """POST something that is streamed; return the number of its words, by spaces."""
        async with self._session.post(self._url + path, json=body, headers=_BETA) as response:
            response.raise_for_status()
            return (await response.read()).count(b"word")

    async def upload(self, content: Callable[[], Any]) -> str:
        """Upload a file; return its id."""
        form = aiohttp.FormData({"purpose": "assistants"})
        form.add_field("file", content(), filename="a.txt")
        async with self._session.post(f"{self._url}/files", data=form) as response:
            response.raise_for_status()
            return str((await response.json())["id"])

    async def download(self, file_id: str) -> int:
        """Download a file piece by piece; return its size."""
        async with self._session.get(f"{self._url}/files/{file_id}/content") as response:
            response.raise_for_status()
            return sum([len(piece) async for piece in response.content.iter_chunked(MIB)])


# Costs


async def costs(runs: int, deltas: int, stores: Sequence[str]) -> dict[str, Cost]:
    """Measure the forwarder by hand, then `serve` with each store, all before one backend."""
    found: dict[str, Cost] = {}
    async with ChatBackend(models=["m"]) as backend:
        found["by hand"] = await _cost(("-m", "benchmarks.home", "forward", backend.url), backend, runs, deltas)
        for store in stores:
            with tempfile.TemporaryDirectory() as folder:
                found[_name(store)] = await _cost(_serving(store, Path(folder), backend), backend, runs, deltas)
    return found


def _serving(store: str, folder: Path, backend: ChatBackend) -> tuple[str, ...]:
    place = f"sqlite:{folder / 'home.db'}" if store == "sqlite" else store
    return serving("--backend", backend.url, "--model", "m", "--store", place, "--pace", "0")


def _name(store: str) -> str:
    return "postgresql" if store.startswith("postgres") else store


async def _cost(arguments: Sequence[str], backend: ChatBackend, runs: int, deltas: int) -> Cost:
    async with started(*arguments) as server, aiohttp.ClientSession() as session:
        voice = Voice(session, server.url)
        assistant = (await voice.make("/assistants", {"model": "m"}))["id"]
        body = {"assistant_id": assistant, "thread": {"messages": [_HELLO]}, "stream": True}

        async def some(words: int) -> float:
            """Seconds of CPU of a run with so many words."""
            backend.answers[:] = [ChatAnswer(text="word " * words)] * (runs + 1)
            await voice.stream("/threads/runs", body)
            before = server.cpu
            for _ in range(runs):
                if await voice.stream("/threads/runs", body) < words:
                    raise SystemExit("a run is not whole")
            return (server.cpu - before) / runs

        short, long = await some(1), await some(deltas)
    return Cost(short * 1e3, (long - short) / (deltas - 1) * 1e6)


async def streams(count: int, words: int, stores: Sequence[str]) -> list[str]:
    """Stream so many runs at once from a server with each store; return a line for each."""
    lines: list[str] = []
    async with ChatBackend(models=["m"]) as backend:
        backend.answers[:] = [ChatAnswer(text="word " * words)] * (count * len(stores))
        for store in stores:
            with tempfile.TemporaryDirectory() as folder:
                arguments = _serving(store, Path(folder), backend)
                connector = aiohttp.TCPConnector(limit=0)
                async with started(*arguments) as server, aiohttp.ClientSession(connector=connector) as session:
                    voice = Voice(session, server.url)
                    assistant = (await voice.make("/assistants", {"model": "m"}))["id"]
                    body = {"assistant_id": assistant, "thread": {"messages": [_HELLO]}, "stream": True}
                    found = await asyncio.gather(*(voice.stream("/threads/runs", body) for _ in range(count)))
            # In the deltas, and in the message at the end.
            whole = sum(said == 2 * words for said in found)
            lines.append(f"{_name(store)}: {whole} of {count} streams at once are whole")
    return lines


async def forward(url: str) -> None:
    """Serve the handler by hand until the process is killed."""
    from aiohttp import web

    async def assistant(_request: web.Request) -> web.Response:
        return web.json_response({"id": "asst_1"})

    async def run(request: web.Request) -> web.StreamResponse:
        messages = (await request.json())["thread"]["messages"]
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        asked = {"model": "m", "stream": True, "messages": messages}
        async with session.post(f"{url}/chat/completions", json=asked) as answer:
            async for line in answer.content:
                for choice in json.loads(line[6:])["choices"] if line.startswith(b"data: {") else ():
                    if text := choice["delta"].get("content"):
                        delta = json.dumps({"delta": {"content": [{"type": "text", "text": {"value": text}}]}})
                        await response.write(b"event: thread.message.delta\ndata: %b\n\n" % delta.encode())
        await response.write(b"event: done\ndata: [DONE]\n\n")
        return response

    app = web.Application()
    app.router.add_post("/assistants", assistant)
    app.router.add_post("/threads/runs", run)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
        await asyncio.Event().wait()


# Bounds


async def bounds(threads: int, files: int, messages: int, size: int, *, rounds: int = 1000) -> list[str]:
    """Measure a server on SQLite with much in it, by so many GETs and a twentieth of runs; return a line for each."""
    lines: list[str] = []
    parts: tuple[tuple[Callable[..., Awaitable[str]], int], ...] = (
        (_many_threads, threads), (_many_files, files), (_long_thread, messages), (_large_file, size),
    )  # fmt: skip
    for part, amount in parts:
        with tempfile.TemporaryDirectory() as folder:
            arguments = serving("--store", f"sqlite:{Path(folder, 'home.db')}", "--pace", "0")
            async with started(*arguments) as server, aiohttp.ClientSession() as session:
                lines.append(await part(server, Voice(session, server.url), amount, rounds))
    return lines


async def _many_threads(server: ServeProcess, voice: Voice, count: int, _rounds: int) -> str:
    body = {"messages": [_HELLO] * 10}
    await _at_once(count, lambda: voice.make("/threads", body))
    return f"{count} threads of 10 messages: {server.memory:.0f} MiB, wanted less than 150 with 10^5"


async def _many_files(server: ServeProcess, voice: Voice, count: int, rounds: int) -> str:
    async def of_gets(path: str) -> float:
        before = server.cpu
        for _ in range(rounds):
            await voice.get(path)
        return server.cpu - before

    first = await _files(voice, 10)
    few = await of_gets(f"/files/{first}")
    await _files(voice, count - 10)
    many = await of_gets(f"/files/{first}")
    return f"a GET with {count} files: {many / max(few, TICK):.2f} of its CPU with 10, wanted 1"


async def _files(voice: Voice, count: int) -> str:
    first = await voice.upload(lambda: b"abc")
    await _at_once(count - 1, lambda: voice.upload(lambda: b"abc"))
    return first


async def _long_thread(server: ServeProcess, voice: Voice, count: int, rounds: int) -> str:
    assistant = (await voice.make("/assistants", {"model": "m"}))["id"]

    async def of_runs(length: int) -> float:
        thread = (await voice.make("/threads", {}))["id"]
        for _ in range(length):
            await voice.make(f"/threads/{thread}/messages", _HELLO)
        last = {"type": "last_messages", "last_messages": 10}
        body = {"assistant_id": assistant, "truncation_strategy": last, "stream": True}
        before = server.cpu
        for _ in range(rounds // 20):
            await voice.stream(f"/threads/{thread}/runs", body)
        return server.cpu - before

    short = await of_runs(10)
    ratio = await of_runs(count) / max(short, TICK)
    return f"a run on a thread of {count}: {ratio:.2f} of its CPU on one of 10, wanted less than 2"


async def _large_file(server: ServeProcess, voice: Voice, size: int, _rounds: int) -> str:
    async def content() -> Any:
        for _ in range(size):
            yield b"x" * MIB

    await voice.download(await voice.upload(lambda: b"abc"))
    before = server.memory
    server.forget_peak()
    if await voice.download(await voice.upload(content)) != size * MIB:
        raise SystemExit("the file is not whole")
    return f"{size} MiB up and down: {server.peak - before:.0f} MiB more, wanted less than 40 with 512"


async def _at_once(count: int, work: Callable[[], Awaitable[object]]) -> None:
    """Do something so many times, eight at a time."""

    async def share(times: int) -> None:
        for _ in range(times):
            await work()

    await asyncio.gather(*(share(len(range(place, count, 8))) for place in range(8)))


def shown(found: dict[str, Cost]) -> list[str]:
    """Return a line for each server, with its ratios to the first."""
    hand = next(iter(found.values()))
    return [
        f"{name}: a run {cost.run:.2f} ms ({cost.run / max(hand.run, 1e-9):.1f}), "
        f"a delta {cost.delta:.0f} µs ({cost.delta / max(hand.delta, 1e-9):.1f})"
        for name, cost in found.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    cost = commands.add_parser("costs", help="CPU of a run and of a delta, beside a forwarder by hand")
    cost.add_argument("--runs", type=int, default=200, help="for each figure (default: 200)")
    cost.add_argument("--deltas", type=int, default=500, help="of a long answer (default: 500)")
    cost.add_argument("--store", action="append", help="memory, sqlite, or a URL (default: memory and sqlite)")
    stream = commands.add_parser("streams", help="many runs streamed at once")
    stream.add_argument("--count", type=int, default=200, help="of runs (default: 200)")
    stream.add_argument("--words", type=int, default=200, help="of each answer (default: 200)")
    stream.add_argument("--store", action="append", help="memory, sqlite, or a URL (default: memory and sqlite)")
    bound = commands.add_parser("bounds", help="memory and CPU of a server that keeps much")
    bound.add_argument("--threads", type=int, default=100_000, help="of 10 messages (default: 100 000)")
    bound.add_argument("--files", type=int, default=100_000, help="(default: 100 000)")
    bound.add_argument("--messages", type=int, default=4_000, help="of a long thread (default: 4 000)")
    bound.add_argument("--size", type=int, default=512, help="MiB of a large file (default: 512)")
    commands.add_parser("forward", help="the forwarder by hand").add_argument("url")
    options = parser.parse_args()
    started_at = time.monotonic()
    if options.command == "forward":
        asyncio.run(forward(options.url))
    elif options.command == "costs":
        stores = options.store or ["memory", "sqlite"]
        print(*shown(asyncio.run(costs(options.runs, options.deltas, stores))), sep="\n")
    elif options.command == "streams":
        stores = options.store or ["memory", "sqlite"]
        print(*asyncio.run(streams(options.count, options.words, stores)), sep="\n")
    else:
        sizes = (options.threads, options.files, options.messages, options.size)
        print(*asyncio.run(bounds(*sizes)), sep="\n")
    print(f"{time.monotonic() - started_at:.0f} s in all")


if __name__ == "__main__":
    main()
