"""Requests to `serve` on SQLite with ten objects of each kind and with very many: does any of them cost more?

The many are put into the store directly. `--help` has their number; the default is a million.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

import aiohttp

from assistants_async.server import SqliteStore
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import Key
from benchmarks.home import Voice
from benchmarks.serve_process import TICK, ServeProcess, serving, started

_FEW = 10
# Documents of one commit.
_TOGETHER = 10_000


class Objects:
    """A store with as many files, threads, and messages of one thread as one wants."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._assistant = self._file = self._thread = self._message = ""

    async def begin(self, voice: Voice) -> None:
        """Make the first objects by requests."""
        self._assistant = (await voice.make("/assistants", {"model": "m"}))["id"]
        for _ in range(_FEW):
            self._file = await voice.upload(lambda: b"abc")
            self._thread = (await voice.make("/threads", {}))["id"]
        for _ in range(_FEW):
            message = await voice.make(f"/threads/{self._thread}/messages", {"role": "user", "content": "Hello"})
            self._message = message["id"]

    async def add(self, count: int) -> None:
        """Add copies of one object of each kind to the store, which no server uses."""
        store = SqliteStore(self._path)
        await store.open()
        keys = (
            Key("file", "", self._file),
            Key("thread", "", self._thread),
            Key("message", self._thread, self._message),
        )
        for key in keys:
            stored = await store.get(key)
            assert stored is not None
            for start in range(0, count, _TOGETHER):
                batch = Batch(store)
                for number in range(start, min(start + _TOGETHER, count)):
                    batch.put(key.kind, {**stored.document, "id": f"{key.id}{number}"}, key.parent)
                await batch.commit()
        await store.close()

    async def costs(self, server: ServeProcess, voice: Voice, rounds: int) -> dict[str, float]:
        """Measure the CPU of each request over so many rounds, in seconds, and of a tenth of runs."""
        messages = f"/threads/{self._thread}/messages"
        paths = {
            "GET of a file": f"/files/{self._file}",
            "page of files": "/files?limit=20",
            "GET of a thread": f"/threads/{self._thread}",
            "page of threads": "/threads?limit=20",
            "GET of a message": f"{messages}/{self._message}",
            "page of messages": f"{messages}?limit=20&order=asc",
        }
        found: dict[str, float] = {}
        for name, path in paths.items():
            found[name] = -server.cpu
            for _ in range(rounds):
                await voice.get(path)
            found[name] += server.cpu
        body = {"assistant_id": self._assistant, "thread": {"messages": [{"role": "user", "content": "Hello"}]}}
        found["run"] = -server.cpu
        for _ in range(rounds // 10):
            await voice.stream("/threads/runs", {**body, "stream": True})
        found["run"] += server.cpu
        return found


async def grown(count: int, rounds: int) -> dict[str, float]:
    """Return the CPU of each request with so many objects of each kind, as a ratio to that with ten."""
    measured: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "home.db")
        objects = Objects(path)
        for more in (0, count):
            if more:
                await objects.add(more)
            async with (
                started(*serving("--store", f"sqlite:{path}", "--pace", "0")) as server,
                aiohttp.ClientSession() as session,
            ):
                voice = Voice(session, server.url)
                if not more:
                    await objects.begin(voice)
                await objects.costs(server, voice, rounds // 10)  # warm
                measured.append(await objects.costs(server, voice, rounds))
    few, many = measured
    return {name: many[name] / max(few[name], TICK) for name in few}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000, help="objects of each kind (default: 1 000 000)")
    parser.add_argument("--rounds", type=int, default=1_000, help="requests of each form (default: 1 000)")
    options = parser.parse_args()
    found = asyncio.run(grown(options.count, options.rounds))
    print(f"with {options.count} objects of each kind, in ratios to {_FEW}:")
    print(*(f"{name}: {ratio:.2f}" for name, ratio in found.items()), sep="\n")


if __name__ == "__main__":
    main()
