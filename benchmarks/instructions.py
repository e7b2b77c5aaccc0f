"""Instructions of one unit of a work, counted by callgrind: a figure that a busy machine does not change.

All clients do the work in one process, first to warm up, then to be counted; the kernel is not counted. Needs valgrind.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.clients import OWN, made
from benchmarks.limit import LIMIT, get_raw
from benchmarks.results import HAND
from benchmarks.serving import served
from benchmarks.table import BY_NAME
from benchmarks.work import Work

USUAL = (
    "get",
    "get-64",
    "pages",
    "stream-coalesced",
    "stream-16k",
    "stream-segments",
    "streams-200",
    "opened",
    "tools",
)
"""The works that are counted unless others are named."""

MARK = "gc_freeze"
"""The C function before which callgrind writes down what it has counted: `gc.freeze`, which nothing else calls."""
_TOTALS = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


def clients_of(work: Work) -> list[str]:
    """The clients that a work is counted for: those that are installed, and the least that a GET can take."""
    return [HAND, *OWN, *([LIMIT] if work.name == "get" else [])]


def counted(command: Sequence[str]) -> list[int]:
    """Run a command under callgrind; return the instructions before each of its marks."""
    with tempfile.TemporaryDirectory() as folder:
        tool = ["valgrind", "--tool=callgrind", f"--dump-before={MARK}", f"--callgrind-out-file={folder}/out"]
        subprocess.run([*tool, *command], stderr=subprocess.DEVNULL, check=True)
        parts = [Path(folder, f"out.{number}") for number in range(1, len(list(Path(folder).iterdir())))]
        return [instructions(part.read_text(encoding="utf-8")) for part in parts]


def instructions(part: str) -> int:
    """Read the sum out of one of callgrind's files."""
    found = _TOTALS.findall(part)
    assert found
    return int(found[-1])


async def do_all(work: Work, origin: str, count: int) -> None:
    """Do a work with each client in turn, with a mark before and after."""
    for client in clients_of(work):
        url = f"{origin}/{work.answer(count)}/v1"
        async with made(
            HAND if client == LIMIT else client, url, connections=work.connections, settings=work.settings
        ) as user:
            await _done(work, client, user, url, count)
            gc.freeze()
            await _done(work, client, user, url, count)
            gc.freeze()


async def _done(work: Work, client: str, user: Any, url: str, count: int) -> None:
    if client == LIMIT:
        done = await get_raw(url, count)
    else:
        done = await (work.hand if client == HAND else work.ours)(user, count)
    assert done == work.proof(count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("works", nargs="*", metavar="WORK", help="as `python -m benchmarks --list` names them")
    parser.add_argument("--count", type=int, help="units of each work")
    parser.add_argument("--origin", help=argparse.SUPPRESS)  # of the process that is counted
    options = parser.parse_args()
    works = [BY_NAME[name] for name in options.works or USUAL]
    if options.origin:
        asyncio.run(do_all(works[0], options.origin, options.count))
        return
    with served() as origin:
        for work in works:
            count = options.count or work.quick
            command = [
                sys.executable,
                "-m",
                "benchmarks.instructions",
                "--origin",
                origin,
                "--count",
                str(count),
                work.name,
            ]
            print(row(work, count, counted(command)), flush=True)


def row(work: Work, count: int, parts: Sequence[int]) -> str:
    """Write a line: by hand in instructions a unit, each other client as a ratio to that."""
    each = dict(zip(clients_of(work), (part / count for part in parts[1::2]), strict=True))
    ratios = (f"{client} {value / each[HAND]:.2f}" for client, value in each.items() if client != HAND)
    return f"{work.name}: {HAND} {each[HAND]:,.0f}, {', '.join(ratios)}"


if __name__ == "__main__":
    main()
