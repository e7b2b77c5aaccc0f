"""A module run as a program that marks its work at each SIGUSR1, and callgrind's count of it between marks."""

from __future__ import annotations

import asyncio
import gc
import runpy
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.instructions import MARK, instructions
from benchmarks.serve_process import ServeProcess, started


class CountedProcess:
    """A server under callgrind."""

    def __init__(self, server: ServeProcess, folder: Path) -> None:
        self.url = server.url
        """Its base URL."""
        self._process = server.process
        self._folder = folder
        self._marks = 0

    async def spent(self) -> float:
        """Return the thousands of instructions since the last call."""
        self._marks += 1
        self._process.send_signal(signal.SIGUSR1)
        part = self._folder / f"out.{self._marks}"
        while not (part.exists() and "\ntotals:" in (text := part.read_text(encoding="utf-8"))):
            await asyncio.sleep(0.05)
        return instructions(text) / 1000


@asynccontextmanager
async def counted(*arguments: str) -> AsyncGenerator[CountedProcess]:
    """Enter for `python -m` with these arguments, a server whose first line is its URL, under callgrind."""
    with tempfile.TemporaryDirectory() as folder:
        tool = ("valgrind", "--quiet", "--tool=callgrind", f"--dump-before={MARK}")
        under = (*tool, f"--callgrind-out-file={folder}/out")
        async with started("-m", "benchmarks.marked", *arguments, under=under) as server:
            yield CountedProcess(server, Path(folder))


def main() -> None:
    signal.signal(signal.SIGUSR1, lambda *_: gc.freeze())
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
