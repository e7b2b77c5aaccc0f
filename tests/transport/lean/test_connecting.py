"""Connections made: places, names, addresses, TLS and limits."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from typing import Any, Literal

import pytest
import trustme

from assistants_async import AssistantsClient, ConnectFailedError, TimedOutError, Timeout
from assistants_async.transport.lean.connecting import Address, Origin, _connected, in_turn, trusted
from tests.support.http_server import ANYTHING, KEY, Wire, answer
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)

PLACES: dict[str, tuple[str, int, bool, bytes]] = {
    "http://127.0.0.1:8080": ("127.0.0.1", 8080, False, b"127.0.0.1:8080"),
    "http://Host.test": ("host.test", 80, False, b"host.test"),
    "https://host.test:443": ("host.test", 443, True, b"host.test"),
    "https://host.test:80": ("host.test", 80, True, b"host.test:80"),
    "http://[::1]:1": ("::1", 1, False, b"[::1]:1"),
    "https://bücher.test": ("bücher.test", 443, True, b"xn--bcher-kva.test"),
}


@pytest.mark.parametrize(("root", "wanted"), PLACES.items(), ids=PLACES)
def test_a_place_is_read(root: str, wanted: tuple[str, int, bool, bytes]) -> None:
    """With the port in the header only where it is not the usual one."""
    origin = Origin.of(root)
    assert (origin.host, origin.port, origin.tls, origin.header) == wanted
    assert repr(origin) == f"<Origin {wanted[3].decode()}>"


@pytest.mark.parametrize(
    "root",
    [
        "",
        "ftp://host",
        "http://",
        "http://u:p@host",
        "http://host:0",
        "http://host:x",
        "http://a?b",
        f"http://{'a' * 70}",
    ],
)
def test_a_place_of_no_use_is_refused(root: str) -> None:
    """Only a hook can set one."""
    with pytest.raises(ConnectFailedError, match="must look like https://host/path") as caught:
        Origin.of(root)
    assert caught.value.permanent


async def listen(wire: Wire, host: str, **settings: Any) -> asyncio.Server:
    """Let the server of bytes listen on another address, too."""
    return await asyncio.start_server(wire._accept, host, 0, **settings)


@pytest.mark.parametrize("name", ["localhost", "[::1]"])
async def test_names_and_addresses_of_both_kinds(wire: Wire, name: str) -> None:
    """A name is looked up, and each of its addresses tried."""
    if name == "[::1]" and not socket.has_ipv6:  # pragma: no cover  # a machine without
        pytest.skip("no IPv6")
    host = "::1" if name == "[::1]" else "127.0.0.1"
    try:
        server = await listen(wire, host)
    except OSError:  # pragma: no cover  # the same
        pytest.skip("no IPv6")
    async with server:
        port = server.sockets[0].getsockname()[1]
        wire.answer(BODY)
        async with AssistantsClient(base_url=f"http://{name}:{port}/v1", transport="lean") as client:
            assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
        assert wire.last.header("host") == f"{name}:{port}"
        await wire.until_open(0)


async def test_an_unknown_host_is_an_error_that_names_it() -> None:
    """Nothing was sent."""
    async with AssistantsClient(base_url="http://nowhere.invalid/v1", retry=None, transport="lean") as client:
        with pytest.raises(ConnectFailedError, match=r"cannot connect to nowhere\.invalid:80: ") as caught:
            await client.threads.create()
    assert not caught.value.maybe_processed
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("phase", ["connect", "pool"])
async def test_a_handshake_has_the_limit_of_connecting(phase: Literal["connect", "pool"]) -> None:
    """A silent server delays no caller further; the limit of the pool bounds it as well."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(8)
        base_url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        limits = Timeout(connect=50 * MS) if phase == "connect" else Timeout(connect=None, pool=50 * MS)
        async with AssistantsClient(base_url=base_url, retry=None, timeout=limits, transport="lean") as client:
            with pytest.raises(TimedOutError) as caught:
                await client.threads.create()
    assert (caught.value.phase, caught.value.limit, caught.value.maybe_processed) == (phase, 50 * MS, False)


async def test_tls(wire: Wire) -> None:
    """One context for all connections; the usual one is made once a process, and speaks HTTP/1.1."""
    authority = trustme.CA()
    inside, outside = (ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    authority.issue_cert("localhost").configure_cert(inside)
    authority.configure_trust(outside)
    large = answer({**ANYTHING, "metadata": {"a": "a" * 2**20}})
    async with await listen(wire, "127.0.0.1", ssl=inside) as server:
        base_url = f"https://localhost:{server.sockets[0].getsockname()[1]}/v1"
        wire.answer(large)
        async with AssistantsClient(base_url=base_url, ssl=outside, api_key=KEY, transport="lean") as client:
            got = await asyncio.gather(*(client.assistants.retrieve("asst_1") for _ in range(5)))
            assert {str(assistant.metadata) for assistant in got} == {str({"a": "a" * 2**20})}
            assert (await client.assistants.create(model="m")).id == "asst_1"
            assert wire.connections == 5
        await wire.until_open(0)
    assert trusted() is trusted()


def place(port: int) -> Address:
    """An address on loopback."""
    return (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port where nobody listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


async def test_the_first_address_that_answers_is_taken(wire: Wire, closed_port: int) -> None:
    """One that refuses costs nothing; where all refuse, the first refusal is the error."""
    good = place(int(wire.base_url.split(":")[2].partition("/")[0]))
    for addresses in ([place(closed_port), good], [good, good], [good]):
        with await _connected(addresses) as made:
            assert made.getpeername() == good[-1]
            await wire.until_open(1)
        await wire.until_open(0)
    with pytest.raises(ConnectionRefusedError):
        await _connected([place(closed_port)] * 2)


async def test_a_race_that_is_cancelled_leaves_no_socket(wire: Wire) -> None:
    """At whichever turn, that of its end included."""
    good = place(int(wire.base_url.split(":")[2].partition("/")[0]))
    for turns in range(12):
        task = asyncio.ensure_future(_connected([good, good]))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(result, socket.socket):
            result.close()
        await wire.until_open(0)


def test_families_take_turns() -> None:
    """A host of four addresses, of which two cannot be reached."""
    six, four = (socket.AF_INET6, 1), (socket.AF_INET, 2)
    assert in_turn([six, six, six, four]) == [six, four, six, six]
    assert in_turn([four]) == [four]
