"""`serve` as a process of its own: its address, and the time and memory that it has taken."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
"""Seconds in which a CPU's time is counted."""
_ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ASSISTANTS_"))}


class ServeProcess:
    """A server that runs."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        """The process, to kill."""
        self.url = url
        """Its base URL."""
        self._folder = Path("/proc", str(process.pid))

    @property
    def cpu(self) -> float:
        """Seconds of CPU that it has taken, threads included."""
        fields = (self._folder / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK

    @property
    def exact_cpu(self) -> float:
        """The same to the nanosecond, without threads that have ended."""
        stats = self._folder.glob("task/*/schedstat")
        return sum(int(stat.read_text().split()[0]) for stat in stats) / 1e9

    @property
    def memory(self) -> float:
        """MiB of memory that it has now."""
        return self._mib("VmRSS")

    @property
    def peak(self) -> float:
        """The most MiB of memory that it had, since the start or `forget_peak`."""
        return self._mib("VmHWM")

    def forget_peak(self) -> None:
        """Let the peak begin at the memory of now."""
        (self._folder / "clear_refs").write_text("5")

    def _mib(self, name: str) -> float:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


@asynccontextmanager
async def started(*arguments: str, under: Sequence[str] = ()) -> AsyncGenerator[ServeProcess]:
    """Enter for a process of Python with these arguments whose first line is its URL; it is killed in the end.

    `under` is the command of a tool that runs it.
    """
    process = await asyncio.create_subprocess_exec(
        *under, sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, env=_ENVIRONMENT
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        if not url:
            raise SystemExit("the server has ended before it gave its URL")
        yield ServeProcess(process, url)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def serving(*options: str) -> tuple[str, ...]:
    """Return the arguments of `serve` on a free port."""
    return ("-m", "assistants_async", "serve", "--port", "0", "--no-page", *options)
