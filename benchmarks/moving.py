"""Whole accounts moved: time and memory of an import into SQLite and of an export, by the number of threads.

Each move is a process of its own. The folder that comes out of the served store is held against the one that went in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from assistants_async import AssistantsClient
from assistants_async.moving import export_account, import_account, store_importer  # noqa: F401  else memory has it
from assistants_async.server import SqliteStore
from benchmarks.serve_process import serving, started

ROUNDS = 2
"""Runs of a thread; each has a question, a call of a tool and an answer."""
WORDS = "It is sunny in Rome, and it will be until the evening comes. " * 8


class Cost(NamedTuple):
    """The cost of a move."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of CPU, threads included."""
    peak: float
    """MiB of memory at most, beyond those before the move."""


def write_account(folder: Path, threads: int) -> None:
    """Write the folder of an account."""
    for name in ("files", "threads"):
        (folder / name).mkdir(parents=True)
    manifest = {"format": 1, "source": "http://127.0.0.1/v1", "made_at": 1, "complete": True}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assistant = {"id": "asst_1", "object": "assistant", "created_at": 1, "model": "m"}
    (folder / "assistants.jsonl").write_text(_line("assistant", assistant))
    for name in ("files.jsonl", "vector_stores.jsonl"):
        (folder / name).touch()
    for number in range(threads):
        name = f"thread_{number:06d}"
        (folder / "threads" / f"{name}.jsonl").write_text("".join(_thread(name, number)))


def _thread(name: str, at: int) -> Iterator[str]:
    """Write the lines of a thread."""
    own = {"created_at": at, "thread_id": name}
    yield _line("thread", {"id": name, "object": "thread", "created_at": at})
    for number in range(ROUNDS):
        run_id = f"run_{name}_{number}"
        for role in ("user", "assistant"):
            content = [{"type": "text", "text": {"value": WORDS, "annotations": []}}]
            by = {} if role == "user" else {"run_id": run_id, "assistant_id": "asst_1"}
            yield _line(
                "message", {"id": f"msg_{name}_{number}_{role}", "role": role, "content": content, **own, **by}, name
            )
    for number in range(ROUNDS):
        run_id = f"run_{name}_{number}"
        own |= {"assistant_id": "asst_1", "status": "completed"}
        yield _line("run", {"id": run_id, "model": "m", **own}, name)
        function = {"name": "get_weather", "arguments": '{"city": "Rome"}', "output": "sunny"}
        calls = {
            "type": "tool_calls",
            "tool_calls": [{"id": f"call_{run_id}", "type": "function", "function": function}],
        }
        made = {"type": "message_creation", "message_creation": {"message_id": f"msg_{name}_{number}_assistant"}}
        for details in (calls, made):
            step = {"id": f"step_{run_id}_{details['type']}", "type": details["type"], "step_details": details}
            yield _line("step", {**step, "run_id": run_id, **own}, run_id)


def _line(kind: str, found: dict[str, Any], parent: str | None = None) -> str:
    return json.dumps({"kind": kind, **({} if parent is None else {"parent": parent}), "object": found}) + "\n"


# The moves, each in its process


async def move(name: str, source: str, target: str) -> Cost:
    """Do a move and measure it."""
    before = _memory_from_here()
    wall, cpu = time.perf_counter(), time.process_time()
    if name == "import":
        store = SqliteStore(target)
        await store.open()
        await import_account(store, Path(source))
        await store.close()
    else:
        async with AssistantsClient(base_url=source, api_key="k") as client:
            await export_account(client, Path(target))
    return Cost(time.perf_counter() - wall, time.process_time() - cpu, _memory("VmHWM") - before)


def _memory_from_here() -> float:
    """Let the peak begin at the memory of now, and return that."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


async def _in_process(name: str, source: str, target: str) -> Cost:
    arguments = ["-m", "benchmarks.moving", "--move", name, source, target]
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return Cost(*json.loads(out))


async def measure(threads: int) -> None:
    """Move an account of so many threads there and back, and print what that took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_account(folder / "a", threads)
        database = str(folder / "home.db")
        _show("import", threads, await _in_process("import", str(folder / "a"), database))
        _show("import again", threads, await _in_process("import", str(folder / "a"), database))
        async with started(*serving("--store", f"sqlite:{database}")) as server:
            _show("export", threads, await _in_process("export", server.url, str(folder / "b")))
        there, back = (sorted(path.name for path in (folder / one / "threads").iterdir()) for one in "ab")
        lines = [sum(path.read_bytes().count(b"\n") for path in (folder / one / "threads").iterdir()) for one in "ab"]
        if there != back or lines[0] != lines[1]:
            raise SystemExit("the folders differ")


def _show(name: str, threads: int, cost: Cost) -> None:
    each = 1000 / threads
    print(
        f"{threads:7,} threads  {name:12}  {cost.wall * each:6.2f} ms a thread  {cost.cpu * each:6.2f} ms CPU a thread"
        f"  {cost.peak:6.1f} MiB at most",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moving", description=__doc__)
    parser.add_argument("--threads", type=int, nargs="+", default=[1_000, 10_000], help="sizes of accounts")
    parser.add_argument("--move", nargs=3, metavar=("MOVE", "FROM", "TO"), help="for the runner: one move, measured")
    options = parser.parse_args()
    if options.move:
        print(json.dumps(asyncio.run(move(*options.move))))
        return
    for threads in options.threads:
        asyncio.run(measure(threads))


if __name__ == "__main__":
    main()
