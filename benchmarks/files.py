"""Memory of large files: what an upload and a download of 200 MB add to the peak of a process of its own.

Each job first does the same with a small file, so that imports and the connection are not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from multiprocessing.queues import Queue
from pathlib import Path

from aiohttp import web

from assistants_async import AssistantsClient, Source

MB = 1_000_000
MOST = 32
"""Megabytes that a job may add."""

FILE = {"id": "file_1", "object": "file", "filename": "big.bin", "purpose": "assistants"}
UPLOAD = {"id": "upload_1", "object": "upload", "status": "pending"}
PART = {"id": "part_1", "object": "upload.part"}
BATCH = {"id": "vsfb_1", "object": "vector_store.files_batch", "status": "completed"}

Job = Callable[[AssistantsClient, Path], Awaitable[object]]


async def create(client: AssistantsClient, path: Path) -> object:
    """One request."""
    return await client.files.create(file=path, purpose="assistants")


async def send(client: AssistantsClient, path: Path) -> object:
    """In parts, four at once, with the checksum."""
    return await client.uploads.send(path, purpose="assistants")


async def ingest(client: AssistantsClient, path: Path) -> object:
    """Eight files at once, into a store."""
    sources = [Source(f"{number}.txt", path) for number in range(8)]
    return await client.vector_stores.ingest("vs_1", sources)


async def save(client: AssistantsClient, path: Path) -> object:
    """To disk."""
    return await client.files.content(f"bytes-{_size(path)}").save(path.parent, "saved.bin")


JOBS: dict[str, Job] = {
    "files.create": create,
    "uploads.send": send,
    "vector_stores.ingest, 8 of them": ingest,
    "files.content().save": save,
}


def _peak() -> float:
    """Highest resident size so far, in MB; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MB if sys.platform == "darwin" else peak * 1024 / MB


def _measure(name: str, base_url: str, folder: str, size: int, reports: Queue[tuple[float, float]]) -> None:
    async def work() -> tuple[float, float]:
        small, big = _file(Path(folder) / "small.bin", 1000), _file(Path(folder) / "big.bin", size)
        async with AssistantsClient(base_url=base_url, api_key="key") as client:
            await JOBS[name](client, small)
            before, began = _peak(), time.perf_counter()
            await JOBS[name](client, big)
            return _peak() - before, time.perf_counter() - began

    reports.put(asyncio.run(work()))


def _size(path: Path) -> int:
    return path.stat().st_size


def _file(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


# The server


async def _drain(request: web.Request) -> web.Response:
    """Read a body, drop it, and answer by its path."""
    async for _ in request.content.iter_any():
        pass
    made = {"uploads": UPLOAD, "parts": PART}
    return web.json_response(made.get(request.path.rpartition("/")[2], FILE))


async def _content(request: web.Request) -> web.StreamResponse:
    """As many bytes as the id says."""
    left = int(request.match_info["id"].partition("-")[2])
    response = web.StreamResponse(headers={"content-length": str(left)})
    await response.prepare(request)
    while left:
        piece = bytes(min(left, 65_536))
        await response.write(piece)
        left -= len(piece)
    return response


async def _complete(_: web.Request) -> web.Response:
    return web.json_response({"id": "upload_1", "status": "completed", "file": FILE})


async def _batch(_: web.Request) -> web.Response:
    return web.json_response(BATCH)


async def _store(_: web.Request) -> web.Response:
    return web.json_response({"id": "vs_1", "object": "vector_store"})


def _serve(port: Queue[int]) -> None:
    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/v1/uploads/{id}/complete", _complete)
        app.router.add_post("/v1/vector_stores/{id}/file_batches", _batch)
        app.router.add_get("/v1/vector_stores/{id}", _store)
        app.router.add_get("/v1/files/{id}/content", _content)
        app.router.add_post("/v1/{path:.*}", _drain)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port.put(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(serve())


@contextmanager
def _served() -> Generator[str, None, None]:
    port: Queue[int] = _SPAWN.Queue()
    process = _SPAWN.Process(target=_serve, args=(port,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get(timeout=20)}/v1"
    finally:
        process.terminate()
        process.join()


# A forked child would begin with its parent's peak.
_SPAWN = multiprocessing.get_context("spawn")


def main() -> None:
    """Run each job in a process of its own, and say what it added."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    size = parser.parse_args().megabytes * MB
    too_much = False
    with tempfile.TemporaryDirectory() as folder, _served() as base_url:
        print(f"{'a file of ' + str(size // MB) + ' MB':34} {'added MB':>9} {'seconds':>8}")
        for name in JOBS:
            reports: Queue[tuple[float, float]] = _SPAWN.Queue()
            process = _SPAWN.Process(target=_measure, args=(name, base_url, folder, size, reports))
            process.start()
            process.join(600)
            if process.exitcode != 0:
                process.kill()
                sys.exit(f"{name} failed")
            added, seconds = reports.get(timeout=20)
            too_much |= added >= MOST
            print(f"{name:34} {added:9.1f} {seconds:8.2f}", "" if added < MOST else f"  more than {MOST}")
    sys.exit(too_much)


if __name__ == "__main__":
    main()
