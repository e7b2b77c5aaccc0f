"""Rows 58 to 80, as far as no other test covers them: ports, headers, forks, pickles, and a clock that jumps."""

from __future__ import annotations

import asyncio
import copy
import pickle
import socket
import struct
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from assistants_async import (
    AssistantsClient,
    ConnectFailedError,
    ConnectionLostError,
    TimedOutError,
    Timeout,
    TransportError,
)
from assistants_async.testing.faults import FaultyServer
from tests.support.faults import CALLS, QUICK, SOON, Ids, failing
from tests.support.http_server import KEY, TransportName
from tests.support.places import ROOT
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

# Ports


@asynccontextmanager
async def refused() -> AsyncIterator[int]:
    """A port where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        yield listener.getsockname()[1]


@asynccontextmanager
async def resetting() -> AsyncIterator[int]:
    """A port where every connection is cut as soon as it is made."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    listener = await asyncio.start_server(cut, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()


@asynccontextmanager
async def full() -> AsyncIterator[int]:
    """A port whose queue is full, so that a connection is never made."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        await asyncio.sleep(10 * MS)
        yield listener.getsockname()[1]
        for each in waiting:
            each.close()


@asynccontextmanager
async def silent() -> AsyncIterator[int]:
    """A port where connections are made by the system, and nobody reads or writes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        yield listener.getsockname()[1]


PORTS = {
    "refused_port": (refused, ConnectFailedError, None, False, 3, 3),
    "reset_port": (resetting, ConnectionLostError, None, True, 3, 1),
    "connect_timeout_port": (full, TimedOutError, "connect", False, 3, 3),
    "blackhole_port": (silent, TimedOutError, "head", True, 3, 1),
}
"""Each with its error, the limit that passed, whether something may have happened, and the attempts of two calls."""


@pytest.mark.parametrize("name", PORTS)
async def test_row58_a_port_that_nobody_can_talk_to(name: str, transport: TransportName) -> None:
    """An unsent request is tried again, a create too; one that may have been sent is, where it may happen twice."""
    port, kind, phase, maybe, reads, creates = PORTS[name]
    ids = Ids(*["a"] * 5)
    limits = Timeout(connect=100 * MS, head=150 * MS)
    async with (
        port() as number,
        AssistantsClient(
            base_url=f"http://127.0.0.1:{number}", api_key=KEY, retry=QUICK, timeout=limits, transport=transport
        ) as client,
    ):
        for call, attempts in (("get", reads), ("create", creates)):
            error = await failing(CALLS[call](client, ids))
            assert type(error) is kind
            assert isinstance(error, TransportError)
            assert (error.maybe_processed, error.attempts) == (maybe, attempts)
            assert getattr(error, "phase", None) == phase


async def test_row59_https_on_a_plain_port(faulty: FaultyServer, transport: TransportName) -> None:
    """No answer in plain text is taken; nothing was sent, so a create is tried again as well."""
    base_url = faulty.base_url.replace("http:", "https:")
    limits = Timeout(connect=500 * MS)
    async with AssistantsClient(
        base_url=base_url, api_key=KEY, retry=QUICK, timeout=limits, transport=transport
    ) as client:
        error = await failing(client.threads.create())
        assert isinstance(error, (ConnectFailedError, TimedOutError))
        assert not error.maybe_processed
    assert faulty.seen == []


# Headers

BROKEN = ("a\r\nx-more: b", "a\nb", "a\0b", "a\x7fb", "\u0141")


@pytest.mark.parametrize("value", BROKEN)
async def test_row61_a_header_that_would_be_two_is_refused(value: str, faulty: FaultyServer, ids: Ids) -> None:
    """Wherever it comes from, before anything is sent, and without the value in the error."""
    secret = f"{value}{KEY}"
    made = [
        {"api_key": secret},
        {"organization": secret},
        {"project": secret},
        {"headers": {"user-agent": secret}},
        {"headers": {"x-any": secret}},
        {"accept": secret},
    ]
    for settings in made:
        with pytest.raises(ValueError, match=r"header|API key|api_key|key") as caught:
            AssistantsClient(base_url=faulty.base_url, **settings)  # type: ignore[arg-type]
        assert KEY not in str(caught.value)
    async with AssistantsClient(base_url=faulty.base_url) as client:
        with pytest.raises(ValueError, match="header") as late:
            client.with_options(headers={"x-any": secret})
        assert KEY not in str(late.value)
        with pytest.raises(ValueError, match="header"):
            client.with_options(headers={value: "a"})
    assert faulty.seen == []


# Processes

FORK = """
import asyncio, os, sys
from assistants_async import AssistantsClient

async def main(client):
    await client.assistants.list()

client = AssistantsClient(base_url=sys.argv[1], api_key="key")
loop = asyncio.new_event_loop()
loop.run_until_complete(main(client))
child = os.fork()
if child == 0:
    try:
        asyncio.run(main(client))
    except RuntimeError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
loop.run_until_complete(main(client))
loop.run_until_complete(client.close())
loop.close()
"""


async def test_row69_a_fork_shares_no_socket(faulty: FaultyServer) -> None:
    """In the child the client refuses with a reason; the parent's connection works on."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORK, faulty.base_url, stdout=subprocess.PIPE, cwd=ROOT
    )
    out, _ = await child.communicate()
    assert out.decode().strip() == "this client belongs to another event loop: make one client per loop"
    assert child.returncode == 0
    assert (faulty.connections, len(faulty.seen)) == (1, 2)


EXIT = """
import asyncio, sys
from assistants_async import AssistantsClient

async def read(client, assistant, thread, begun):
    async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
        async for text in channel.text():
            begun.set()

async def main(base_url, assistant, thread, way, transport):
    client = AssistantsClient(base_url=base_url, api_key="key", transport=transport or None)
    begun = asyncio.Event()
    reading = asyncio.create_task(read(client, assistant, thread, begun))
    await begun.wait()
    async for item in client.assistants.list(limit=1):
        break
    if way == "closed":
        await client.close()
        await asyncio.gather(reading, return_exceptions=True)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("way", ["closed", "left"])
async def test_row71_an_exit_with_open_streams_is_quiet(
    way: str, faulty: FaultyServer, ids: Ids, transport: TransportName
) -> None:
    """A task that still reads, and a list that was dropped, say nothing; only the client that was never closed does."""
    faulty.add("sse_endless", operation="createRun")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-X", "dev", "-c", EXIT, faulty.base_url, ids.assistant, ids.thread, way, transport or ""),
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    _, error = await child.communicate()
    # Asyncio's debug mode logs slow callbacks.
    lines = [line for line in error.decode().splitlines() if not line.startswith("Executing")]
    assert child.returncode == 0
    if way == "closed":
        assert lines == []
    else:
        assert "a client was never closed" in lines[0]
        assert not [line for line in lines if "destroyed" in line or "never retrieved" in line]


async def test_row70_models_survive_a_pickle(client: AssistantsClient, ids: Ids) -> None:
    """And a copy: a server's answer is a plain value."""
    for name, call in CALLS.items():
        value = await call(client, ids)
        assert pickle.loads(pickle.dumps(value)) == value, name
        assert copy.deepcopy(value) == value, name
    page, http = await client.assistants.list().response()
    assert pickle.loads(pickle.dumps((page, http))) == (page, http)


async def test_row79_a_clock_that_jumps_changes_no_limit(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a day back nor a year on: limits go by a clock that only runs forward."""
    faulty.add("never_answer", times=1)
    now, jumps = time.time(), [-86400.0, 3.2e7]

    def jumping() -> float:
        jumps.reverse()
        return now + jumps[0]

    monkeypatch.setattr(time, "time", jumping)
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimedOutError):
        await client.with_options(retry=None, timeout=SOON).assistants.retrieve(ids.assistant)
    assert 150 * MS <= asyncio.get_running_loop().time() - began <= 400 * MS
    assert await client.assistants.retrieve(ids.assistant)
