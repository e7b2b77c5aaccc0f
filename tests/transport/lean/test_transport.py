"""The lean transport as clients use it: settings, requests on the wire, uploads."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from assistants_async import AssistantsClient, BadRequestError, ConnectFailedError, ConnectionLostError, PreparedRequest
from tests.support.http_server import (
    ANYTHING,
    FILE,
    KEY,
    THREAD,
    Peer,
    Seen,
    Wire,
    answer,
    failure,
    silent,
    then_silent,
)
from tests.support.places import ROOT
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)

# Settings


async def test_settings_that_it_has_not_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused where the client is made; a proxy of the environment too, without its password."""
    async with aiohttp.ClientSession() as session:
        for name, value in (("session", session), ("proxy", "http://u:p@proxy.test:1")):
            beside: Any = {name: value}
            with pytest.raises(TypeError, match=f"{name} cannot be given beside transport='lean', which has none"):
                AssistantsClient(base_url="https://host.test/v1", transport="lean", **beside)
    AssistantsClient(base_url="https://host.test/v1", transport="lean", trust_env=True)
    monkeypatch.setenv("https_proxy", "http://u:hush@proxy.test:1")
    with pytest.raises(ValueError, match="trust_env: the environment sets a proxy, and transport='lean'") as caught:
        AssistantsClient(base_url="https://host.test/v1", transport="lean", trust_env=True)
    assert "hush" not in str(caught.value)
    monkeypatch.setenv("no_proxy", "host.test")
    AssistantsClient(base_url="https://host.test/v1", transport="lean", trust_env=True)


def python(code: str, *arguments: str) -> str:
    """Run code in a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stdout.strip()


def test_its_extra_is_named_where_it_is_missing() -> None:
    """In one sentence, when the client is made."""
    code = (
        "import sys; sys.modules['httptools'] = None\n"
        "from assistants_async import AssistantsClient\n"
        "try:\n    AssistantsClient(base_url='http://127.0.0.1/v1', transport='lean')\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    assert python(code) == "transport='lean' needs httptools: pip install 'assistants-async[lean]'"


def test_a_closed_client_that_was_never_used() -> None:
    """Has nothing to close."""

    async def close() -> None:
        await AssistantsClient(base_url="http://127.0.0.1:1/v1", transport="lean").close()

    asyncio.run(close())


# Requests


async def test_requests_on_the_wire(wire: Wire, client: AssistantsClient) -> None:
    """Each header once, a length wherever there may be a body, and nothing that was not set."""
    wire.answer(answer({**ANYTHING, "deleted": True}))
    usual = ["host", "accept", "accept-encoding", "openai-beta", "user-agent", "authorization"]
    await client.assistants.retrieve("asst_1")
    assert [name for name, _ in wire.last.headers] == usual
    await client.assistants.delete("asst_1")
    assert [name for name, _ in wire.last.headers] == [*usual, "content-length"]
    assert wire.last.header("content-length") == "0"
    large = "a" * 100_000
    for text in ("é", large):
        await client.assistants.create(model="gpt-4o", instructions=text)
        assert wire.last.json["instructions"] == text
        assert {name for name, _ in wire.last.headers} == {*usual, "content-length", "content-type", "idempotency-key"}
    assert wire.connections == 1


async def test_connections_are_counted(wire: Wire, client: AssistantsClient) -> None:
    """For metrics: those that serve a request, and those that wait for one."""
    wire.answer(BODY)
    await client.assistants.retrieve("asst_1")
    transport: Any = client._context.session._transport
    assert transport.connections() == {"active": 0, "idle": 1}
    wire.answer(silent)
    waiting = asyncio.create_task(client.assistants.retrieve("asst_1"))
    await wire.until_seen(1)
    assert transport.connections() == {"active": 1, "idle": 0}
    waiting.cancel()
    await asyncio.wait([waiting])


async def test_a_host_of_the_callers_own_is_sent(wire: Wire, client: AssistantsClient) -> None:
    """As a gateway may want it."""
    wire.answer(BODY)
    await client.with_options(headers={"Host": "gateway.test"}).assistants.retrieve("asst_1")
    assert wire.last.header("host") == "gateway.test"


HOOKS: dict[str, tuple[Callable[[PreparedRequest], None], type[Exception], str]] = {
    "a header": (lambda outgoing: outgoing.headers.update({"x-a": f"{KEY}\nb"}), ValueError, "header 'x-a'"),
    "a path": (lambda outgoing: setattr(outgoing, "url", outgoing.url + " HTTP/1.1\r\n"), ConnectFailedError, "URL"),
    "no path": (lambda outgoing: setattr(outgoing, "url", "http://host.test"), ConnectFailedError, "URL"),
    "no URL": (lambda outgoing: setattr(outgoing, "url", "nonsense"), ConnectFailedError, "URL"),
}


@pytest.mark.parametrize(("hook", "kind", "words"), HOOKS.values(), ids=HOOKS)
async def test_bad_requests_of_a_hook_are_refused(
    wire: Wire, client: AssistantsClient, hook: Callable[[PreparedRequest], None], kind: type[Exception], words: str
) -> None:
    """Before a byte is sent, and the connection for it is gone."""
    with pytest.raises(kind, match=words) as caught:
        await client.with_options(on_send=hook).assistants.retrieve("asst_1")
    assert KEY not in str(caught.value)
    assert wire.seen == []
    await wire.until_open(0)


def test_aiohttp_stays_out() -> None:
    """A call, a stream and an upload load neither aiohttp nor anyio."""
    code = (
        "import asyncio, sys\n"
        "from assistants_async import AssistantsClient\n"
        "async def main():\n"
        "    async with AssistantsClient(base_url=sys.argv[1], api_key='key', transport='lean') as client:\n"
        "        await client.threads.create()\n"
        "        await client.files.create(file=b'abc', filename='a.txt', purpose='assistants')\n"
        "        async with client.assistants.list().stream() as channel:\n"
        "            [item async for item in channel]\n"
        "asyncio.run(main())\n"
        "print({'aiohttp', 'anyio', 'yarl'} & set(sys.modules))"
    )

    async def serve() -> str:
        async with Wire().serve() as wire:
            wire.answer(answer(THREAD), answer(FILE), answer({"object": "list", "data": [], "has_more": False}))
            return await asyncio.to_thread(python, code, wire.base_url)

    assert asyncio.run(serve()) == "set()"


# Uploads


async def send(client: AssistantsClient, file: Any) -> str:
    """Upload a file."""
    return (await client.files.create(file=file, filename="a.txt", purpose="assistants")).id


async def test_uploads_on_the_wire(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Of bytes and a path with a length, of an iterator in chunks; an empty piece ends nothing."""
    wire.answer(answer(FILE))
    large = bytes(range(256)) * 12_000
    path = tmp_path / "a.txt"
    path.write_bytes(large)

    async def pieces() -> AsyncIterator[bytes | bytearray]:
        for place in range(0, len(large), 500_000):
            yield large[place : place + 500_000]
            yield b""
            yield bytearray(b"")

    for file, sized in ((large, True), (path, True), (pieces(), False)):
        await send(client, file)
        assert large in wire.last.body
        assert (wire.last.header("content-length") is not None) is sized
        assert wire.last.header("transfer-encoding") == (None if sized else "chunked")
    assert wire.connections == 1


async def test_a_caller_may_use_a_buffer_again(wire: Wire, client: AssistantsClient) -> None:
    """The rest of a piece is copied before the caller goes on."""
    wire.answer(answer(FILE))
    buffer = bytearray(300_000)

    async def pieces() -> AsyncIterator[bytearray]:
        for number in range(20):
            buffer[:] = bytes([number]) * len(buffer)
            yield buffer

    await send(client, pieces())
    assert b"".join(bytes([number]) * len(buffer) for number in range(20)) in wire.last.body


class Endless:
    """A caller's iterator that waits for ever behind its first piece, and says when it is let go."""

    def __init__(self) -> None:
        self.ended = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            self.ended.set()


@pytest.mark.parametrize("ends", [False, True], ids=["stays", "closes"])
async def test_an_early_answer_ends_an_upload_that_waits(wire: Wire, client: AssistantsClient, ends: bool) -> None:
    """The caller's iterator is let go at once; the rest of its request could only be cut off."""
    wire.early = True
    pieces = Endless()

    async def refuse(seen: Seen, peer: Peer) -> None:
        await peer.send(failure(400, "too large"))
        if ends:
            peer.finish()
        await peer.gone()

    wire.answer(refuse)
    with pytest.raises(BadRequestError, match="too large"):
        await send(client, aiter(pieces))
    assert pieces.ended.is_set()
    await wire.until_open(0)


async def test_a_connection_that_is_gone_ends_an_upload_that_waits(wire: Wire, client: AssistantsClient) -> None:
    """Nothing else would: the iterator does not look at it."""
    wire.early = True
    pieces = Endless()

    async def leave(seen: Seen, peer: Peer) -> None:
        await asyncio.sleep(20 * MS)
        peer.reset()

    wire.answer(leave)
    with pytest.raises(ConnectionLostError):
        await send(client, aiter(pieces))
    assert pieces.ended.is_set()


async def test_an_iterator_that_will_not_end_is_left(wire: Wire, client: AssistantsClient) -> None:
    """One that goes on in spite of its cancellation is not called again."""
    wire.early = True
    wire.answer(then_silent(failure(400, "too large")))

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        yield b"b"
        raise AssertionError("asked for another piece")

    with pytest.raises(BadRequestError, match="too large"):
        await send(client, pieces())
    await wire.until_open(0)


async def test_an_upload_over_a_connection_that_ends_is_sent_again(wire: Wire, client: AssistantsClient) -> None:
    """Not a piece of an iterator has been taken by then."""
    wire.answer(answer(FILE))
    await send(client, b"a")
    transport: Any = client._context.session._transport
    (connection,) = transport._pool._open
    connection.transport.abort()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"

    await send(client, pieces())
    assert wire.connections == 2


async def test_an_error_of_the_caller_is_the_callers(wire: Wire, client: AssistantsClient) -> None:
    """A time-out of its own as well; the connection is cut in the middle of the body."""
    wire.answer(silent)
    for error in (LookupError("no file today"), TimeoutError("no file in time")):

        async def pieces(error: Exception = error) -> AsyncIterator[bytes]:
            yield b"a"
            raise error

        with pytest.raises(type(error), match="no file"):
            await send(client, pieces())
        await wire.until_open(0)


async def test_an_upload_that_the_server_reads_slowly_waits(wire: Wire, client: AssistantsClient) -> None:
    """The file is read no further than the buffers have room."""
    wire.early = True
    taken = 0
    reading = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(200):
            taken += 1
            yield b"a" * 500_000

    async def slow(seen: Seen, peer: Peer) -> None:
        await reading.wait()
        rest = b""
        while not rest.endswith(b"0\r\n\r\n"):
            rest = (rest + await peer._reader.read(2**20))[-10:]
        await peer.send(answer(FILE))

    wire.answer(slow)
    call = asyncio.create_task(send(client, pieces()))
    before = -1
    while before != taken or not taken:
        before = taken
        await asyncio.sleep(50 * MS)
    assert taken < 100
    reading.set()
    assert await call == "file_1"
    assert taken == 200
