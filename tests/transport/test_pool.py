"""The connections of a client: how they are read."""

from __future__ import annotations

import gc
import socket
from collections.abc import Iterator

import aiohttp
import pytest

from assistants_async import AssistantsClient
from assistants_async.server import AssistantsServer
from assistants_async.transport.pool import SMALL, Socket

ASKED = 256 * 1024
"""Bytes of one read of asyncio."""


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Socket]]:
    """Both ends of a connection, the second read as a client's is."""
    far, near = socket.socketpair()
    with far, Socket(fileno=near.detach()) as end:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            far.setsockopt(socket.SOL_SOCKET, option, 4 * ASKED)
            end.setsockopt(socket.SOL_SOCKET, option, 4 * ASKED)
        far.settimeout(1)
        yield far, end


def test_a_short_answer_takes_a_short_read(ends: tuple[socket.socket, Socket]) -> None:
    """The read gives the bytes that are there, and no more than its limit."""
    far, end = ends
    far.sendall(b"abc")
    assert end.recv(ASKED) == b"abc"
    far.sendall(b"abc")
    assert end.recv(2) == b"ab"
    assert end.recv(ASKED, socket.MSG_PEEK) == b"c"
    assert end.recv(ASKED) == b"c"


def test_a_long_answer_takes_long_reads(ends: tuple[socket.socket, Socket]) -> None:
    """From the second on, until there is less; not a byte is lost or moved."""
    far, end = ends
    sent = bytes(range(256)) * (SMALL // 256) * 3
    for _ in range(2):
        far.sendall(sent)
        assert end.recv(ASKED) == sent[:SMALL]
        assert end.recv(SMALL) == sent[SMALL:], "more than was asked for"
        far.sendall(b"abc")
        assert end.recv(ASKED) == b"abc"


def open_sockets() -> int:
    """The number of open sockets with reads by pieces."""
    return sum(type(each) is Socket and each.fileno() >= 0 for each in gc.get_objects())


async def test_a_client_reads_its_own_connections_so() -> None:
    """Those of a session that it borrows are read as the session's owner has it."""
    before = open_sockets()
    async with AssistantsServer(pace=0) as server, aiohttp.ClientSession() as session:
        async with AssistantsClient(base_url=server.base_url, api_key="key", session=session) as borrower:
            await borrower.threads.create()
            assert open_sockets() == before
        async with AssistantsClient(base_url=server.base_url, api_key="key") as client:
            await client.threads.create()
            assert open_sockets() == before + 1
