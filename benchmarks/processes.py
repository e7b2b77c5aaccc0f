"""Processes that end with the block that started them, whatever ends the block."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Any

GRACE = 3.0
"""Seconds to end by itself, and then again to end after the signal."""


def pin(place: int) -> None:
    """Keep this process on one core: clients on the first there is, the server on the last."""
    if hasattr(os, "sched_setaffinity"):  # Linux; elsewhere the system decides
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[place]})


@contextmanager
def started(target: Callable[..., None], *arguments: object) -> Generator[Connection]:
    """Enter for the pipe to a process that does `target(pipe, *arguments)`.

    The pipe ends with the block, and with this process however it ends: `target` returns then, or it is made to.
    """
    spawn = multiprocessing.get_context("spawn")
    pipes: Any = spawn.Pipe()
    ours, theirs = pipes
    process = spawn.Process(target=_run, args=(target, theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        for end in (process.terminate, process.kill):
            process.join(GRACE)
            end()
        process.join()
        process.close()


def received(pipe: Connection) -> Iterator[Any]:
    """The output of a pipe, until it ends."""
    with suppress(EOFError, ConnectionError):
        while True:
            yield pipe.recv()


def _run(target: Callable[..., None], pipe: Connection, *arguments: object) -> None:
    # Ctrl-C reaches the whole group of processes, and the first of them sees to the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An exit, unlike a death by signal, removes temporary files.
    signal.signal(signal.SIGTERM, _exit)
    target(pipe, *arguments)


def _exit(_: int, __: object) -> None:
    sys.exit()
