"""A process that holds one or two clients and does blocks of work with them when it is told to."""

from __future__ import annotations

import asyncio
import gc
import importlib
import multiprocessing
import ssl
import time
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from importlib.util import find_spec
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import aiohttp
import msgspec

from assistants_async import AssistantsClient
from benchmarks.results import HAND, OURS
from benchmarks.serving import pin
from benchmarks.table import BY_NAME
from benchmarks.work import Hand, Work

PEERS = {"openai": ("openai",), "openai, aiohttp": ("openai", "httpx_aiohttp")}
"""Other clients, and what must be installed for them."""

HEADERS = {"Authorization": "Bearer key", "OpenAI-Beta": "assistants=v2"}


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is started with."""

    work: str
    clients: tuple[str, ...]
    origin: str
    count: int
    authority: bytes | None = None
    """Certificate to trust, of a server with TLS."""
    uvloop: bool = False


class Block(NamedTuple):
    """What a block of work took, in seconds."""

    cpu: float
    wall: float


def missing(client: str) -> str | None:
    """The module that a client needs and that is not installed."""
    return next((name for name in PEERS.get(client, ()) if find_spec(name) is None), None)


Do = Callable[[int], Awaitable[int]]


@asynccontextmanager
async def _entered(job: Job) -> AsyncGenerator[Mapping[str, Do], None]:
    """Enter for what each client of a job does with a count."""
    work = BY_NAME[job.work]
    url = f"{job.origin}/{work.answer(job.count)}/v1"
    trust = None if job.authority is None else ssl.create_default_context(cadata=job.authority.decode())
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(_client(name, work, url, trust)) for name in job.clients}


@asynccontextmanager
async def _client(name: str, work: Work, url: str, trust: ssl.SSLContext | None) -> AsyncGenerator[Do, None]:
    if name == HAND:
        connector = aiohttp.TCPConnector(limit=work.connections, ssl=True if trust is None else trust)
        async with aiohttp.ClientSession(headers=HEADERS, connector=connector) as session:
            yield lambda count: work.hand(Hand(session, url), count)
    elif name == OURS:
        settings: Any = {} if trust is None else {"ssl": trust}
        async with AssistantsClient(
            base_url=url, api_key="key", max_connections=work.connections, **settings
        ) as client:
            yield lambda count: work.ours(client, count)
    else:
        openai: Any = importlib.import_module("openai")
        make = openai.DefaultAioHttpClient if "aiohttp" in name else openai.DefaultAsyncHttpxClient
        http = make() if trust is None else make(verify=trust)
        peer = work.peer
        assert peer is not None
        async with openai.AsyncOpenAI(api_key="key", base_url=url, http_client=http) as client:
            yield lambda count: peer(client, count)


async def _block(do: Do, count: int, proof: int) -> Block:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    done = await do(count)
    block = Block(time.process_time() - cpu, time.perf_counter() - wall)
    if done != proof:
        raise RuntimeError(f"{done} were done, and not {proof}")
    return block


def _obey(pipe: Connection, job: Job) -> None:
    """Do a block for each name that comes, until None."""
    pin(0)
    warnings.simplefilter("ignore")  # the peer calls the whole protocol deprecated
    factory = importlib.import_module("uvloop").new_event_loop if job.uvloop else None
    with asyncio.Runner(loop_factory=factory) as runner:
        entered = _entered(job)
        clients = runner.run(entered.__aenter__())
        proof = BY_NAME[job.work].proof(job.count)
        while (name := pipe.recv()) is not None:
            pipe.send(runner.run(_block(clients[name], job.count, proof)))
        runner.run(_left(entered))


async def _left(entered: Any) -> None:
    await entered.__aexit__(None, None, None)


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
def working(job: Job) -> Generator[Worker, None, None]:
    """Enter for a worker; its process ends with the block."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_obey, args=(theirs, job), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Worker(ours, job.work)
        ours.send(None)
        process.join(10)
    finally:
        ours.close()
        process.terminate()


def present(clients: Sequence[str]) -> list[str]:
    """Those of the clients that are installed."""
    return [name for name in clients if missing(name) is None]
