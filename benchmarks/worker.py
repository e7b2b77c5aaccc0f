"""A process with one to three clients that does blocks of work with them on command."""

from __future__ import annotations

import asyncio
import gc
import importlib
import ssl
import time
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import msgspec

from benchmarks.clients import OWN, made
from benchmarks.processes import pin, received, started
from benchmarks.results import HAND
from benchmarks.table import BY_NAME
from benchmarks.work import Work


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of a worker."""

    work: str
    clients: tuple[str, ...]
    origin: str
    count: int
    authority: bytes | None = None
    """Certificate to trust, of a server with TLS."""
    uvloop: bool = False
    cold: bool = False
    """True for a process that never freed a large block."""


class Block(NamedTuple):
    """The cost of a block of work, in seconds."""

    cpu: float
    wall: float


class Worker:
    """The process, as seen from the one that gives it work."""

    def __init__(self, pipe: Connection, work: str) -> None:
        self._pipe = pipe
        self._work = work

    def block(self, client: str) -> Block:
        """Have a client do a block, and wait for it."""
        try:
            self._pipe.send(client)
            block: Block = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise RuntimeError(f"{self._work}: the process of {client} has died, as it says above") from error
        return block


@contextmanager
def working(job: Job) -> Generator[Worker]:
    """Enter for a worker; its process ends with the block."""
    with started(_obey, job) as pipe:
        yield Worker(pipe, job.work)


# In the process


def _obey(pipe: Connection, job: Job) -> None:
    """Do a block for each name that comes."""
    pin(0)
    if not job.cold:
        warm()
    factory = importlib.import_module("uvloop").new_event_loop if job.uvloop else None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_work(pipe, job))


def warm() -> None:
    """Free a large block of memory, as services have after their first large answer, file or import.

    Before that the C library fetches every block of 256 KB from the system and gives it back, which are what asyncio
    reads by: two page faults for each GET by hand.
    """
    bytes(4 << 20)


async def _work(pipe: Connection, job: Job) -> None:
    work = BY_NAME[job.work]
    url = f"{job.origin}/{work.answer(job.count)}/v1"
    trust = None if job.authority is None else ssl.create_default_context(cadata=job.authority.decode())
    async with AsyncExitStack() as stack:
        clients = {
            name: await stack.enter_async_context(
                made(name, url, connections=work.connections, trust=trust, settings=work.settings)
            )
            for name in job.clients
        }
        for name in received(pipe):  # the loop does nothing between blocks
            pipe.send(await _block(work, name, clients[name], job.count))


async def _block(work: Work, name: str, client: Any, count: int) -> Block:
    do: Any = work.hand if name == HAND else work.ours if name in OWN else work.peer
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    done = await do(client, count)
    block = Block(time.process_time() - cpu, time.perf_counter() - wall)
    if done != work.proof(count):
        raise RuntimeError(f"{name} did {done}, and not {work.proof(count)}")
    return block
