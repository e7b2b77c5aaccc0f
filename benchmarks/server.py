"""The embedded server's own CPU of a GET, a list, a create and an event, beside a handler of aiohttp.web by hand.

The handler keeps dicts, checks nothing, and writes an event at a time; `serve` keeps its objects in memory and answers
by its echo. Ratios of CPU mean nothing on a busy machine; `--instructions` counts by callgrind instead, which must be
installed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

import aiohttp
import msgspec

from benchmarks.bodies import frame
from benchmarks.marked import counted
from benchmarks.serve_process import ServeProcess, serving, started

PAGE = 100
"""Messages of a list."""
WORDS = 1_000
"""Deltas of a long answer, about."""
BLOCKS = 10
"""Blocks of each work, of which the cheapest counts: the first ones warm the server up."""
_BY_HAND = ("benchmarks.server", "by-hand")
_BETA = {"openai-beta": "assistants=v2"}
_REST: dict[str, Any] = {
    **dict.fromkeys(("incomplete_details", "completed_at", "incomplete_at", "assistant_id", "run_id")),
    "status": "completed",
    "attachments": [],
    "metadata": {},
}
_DELTA = b"event: thread.message.delta"


class Costs(NamedTuple):
    """Microseconds of a server's CPU, or thousands of instructions, each of one."""

    get: float
    create: float
    list: float
    event: float


class Meter(Protocol):
    """A server whose work is measured."""

    @property
    def url(self) -> str:
        """Its base URL."""
        ...

    async def spent(self) -> float:
        """Return the amount of work since the last call."""
        ...


class CpuMeter:
    """Measures in microseconds of CPU."""

    def __init__(self, server: ServeProcess) -> None:
        self.url = server.url
        """Its base URL."""
        self._server = server
        self._before = server.exact_cpu

    async def spent(self) -> float:
        """Return the microseconds since the last call."""
        before, self._before = self._before, self._server.exact_cpu
        return (self._before - before) * 1e6


@asynccontextmanager
async def timed(*arguments: str) -> AsyncGenerator[CpuMeter]:
    """Enter for `python -m` with these arguments, a server whose first line is its URL."""
    async with started("-m", *arguments) as server:
        yield CpuMeter(server)


async def costs(calls: int, *, instructions: bool = False) -> dict[str, Costs]:
    """Measure the handler by hand, then `serve`, each by so many calls."""
    measured = counted if instructions else timed
    # A count needs no second block but the one to warm up.
    blocks = 2 if instructions else BLOCKS
    found: dict[str, Costs] = {}
    for name, arguments in (("by hand", _BY_HAND), ("serve", serving("--store", "memory", "--pace", "0")[1:])):
        async with measured(*arguments) as server:
            found[name] = await _costs(server, calls, blocks)
    return found


async def _costs(server: Meter, calls: int, blocks: int) -> Costs:
    async with aiohttp.ClientSession(headers=_BETA) as session:

        async def post(path: str, body: object) -> bytes:
            async with session.post(server.url + path, json=body) as response:
                response.raise_for_status()
                return await response.read()

        async def get(path: str, least: int) -> None:
            async with session.get(server.url + path) as response:
                if (await response.read()).count(b'"object":') < least:
                    raise SystemExit(f"an answer to GET {path} is not whole")

        async def id_of(path: str, body: object) -> str:
            return str(msgspec.json.decode(await post(path, body))["id"])

        async def events(words: int) -> int:
            body = {"assistant_id": assistant, "thread": {"messages": [_said("word " * words)]}, "stream": True}
            return (await post("/threads/runs", body)).count(_DELTA)

        assistant = await id_of("/assistants", {"model": "m"})
        thread = await id_of("/threads", {})
        messages = f"/threads/{thread}/messages"

        async def each(count: int, do: Callable[[], Awaitable[object]]) -> float:
            """Do something so many times, in blocks; return its cost in the cheapest block."""
            size, taken = max(count // blocks, 1), list[float]()
            for _ in range(blocks):
                await server.spent()
                for _ in range(size):
                    await do()
                taken.append(await server.spent())
            return min(taken) / size

        create = await each(max(calls, PAGE), lambda: post(messages, _said("Hello")))
        one = await each(calls, lambda: get(f"/threads/{thread}", 1))
        page = await each(max(calls // 3, 1), lambda: get(f"{messages}?limit={PAGE}", PAGE))
        runs = max(calls // 100, 1)
        few, many = [await events(words) for words in (1, WORDS)]
        short = await each(runs, lambda: events(1))
        long = await each(runs, lambda: events(WORDS))
    return Costs(one, create, page, (long - short) / (many - few))


def _said(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


# By hand


async def serve_by_hand() -> None:
    """Serve the handler until the process is killed."""
    from aiohttp import web

    numbers = itertools.count(1)
    kept: dict[str, dict[str, Any]] = {}
    inside: dict[str, list[dict[str, Any]]] = {}

    def answer(document: object) -> web.Response:
        return web.Response(body=msgspec.json.encode(document), content_type="application/json")

    def made(kind: str, members: Mapping[str, object]) -> dict[str, Any]:
        name = f"{kind}_{next(numbers)}"
        kept[name] = {"id": name, "object": kind, "created_at": 1, **members}
        return kept[name]

    async def assistant(request: web.Request) -> web.Response:
        return answer(made("assistant", msgspec.json.decode(await request.read())))

    async def thread(request: web.Request) -> web.Response:
        return answer(made("thread", msgspec.json.decode(await request.read())))

    async def one(request: web.Request) -> web.Response:
        return answer(kept[request.match_info["id"]])

    async def message(request: web.Request) -> web.Response:
        body = msgspec.json.decode(await request.read())
        place = request.match_info["id"]
        text: list[Any] = [{"type": "text", "text": {"value": body["content"], "annotations": []}}]
        said = made("thread.message", {"thread_id": place, "role": body["role"], "content": text, **_REST})
        inside.setdefault(place, []).append(said)
        return answer(said)

    async def page(request: web.Request) -> web.Response:
        found = inside[request.match_info["id"]][: -int(request.query["limit"]) - 1 : -1]
        ends = {"first_id": found[0]["id"], "last_id": found[-1]["id"], "has_more": False}
        return answer({"object": "list", "data": found, **ends})

    async def run(request: web.Request) -> web.StreamResponse:
        body = msgspec.json.decode(await request.read())
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for word in body["thread"]["messages"][-1]["content"].split():
            part = {"index": 0, "type": "text", "text": {"value": f"{word} "}}
            delta = {"id": "msg_1", "object": "thread.message.delta", "delta": {"content": [part]}}
            await response.write(frame("thread.message.delta", delta))
        await response.write(frame("done", "[DONE]"))
        return response

    app = web.Application()
    app.router.add_post("/assistants", assistant)
    app.router.add_post("/threads", thread)
    app.router.add_post("/threads/runs", run)
    app.router.add_get("/threads/{id}", one)
    app.router.add_post("/threads/{id}/messages", message)
    app.router.add_get("/threads/{id}/messages", page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.Event().wait()


def shown(found: Mapping[str, Costs], unit: str = "µs") -> list[str]:
    """Return a line for each kind of request, with the ratio to the first server."""
    (_, hand), (name, ours) = found.items()
    return [
        f"{kind}: by hand {by_hand:,.0f} {unit}, {name} {value:,.0f} {unit} ({value / max(by_hand, 1e-9):.2f})"
        for kind, by_hand, value in zip(Costs._fields, hand, ours, strict=True)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=3_000, help="for each figure (default: 3000)")
    parser.add_argument("--instructions", action="store_true", help="count by callgrind in place of CPU")
    parser.add_argument("command", nargs="?", choices=["by-hand"], help="serve the handler by hand")
    options = parser.parse_args()
    if options.command is None:
        unit = "thousand instructions" if options.instructions else "µs"
        print(*shown(asyncio.run(costs(options.calls, instructions=options.instructions)), unit), sep="\n")
    else:
        asyncio.run(serve_by_hand())


if __name__ == "__main__":
    main()
