"""A loopback server of bytes made beforehand, in a process of its own, on a core of its own where there are two."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import ClassVar

from benchmarks.bodies import Answer, answer
from benchmarks.processes import pin, started


class _Answering(asyncio.Protocol):
    """Answers each request by its request line, and forgets its body."""

    connections: ClassVar[set[asyncio.Transport]] = set()
    """Those that are open."""

    def __init__(self) -> None:
        self._unread = b""
        self._line = b""
        self._left = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._sending: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.connections.add(transport)

    def data_received(self, data: bytes) -> None:
        if self._left > len(data):  # the middle of an upload
            self._left -= len(data)
            return
        if self._left:
            data = data[self._left :]
            self._left = 0
            self._answer()
        self._unread += data
        while not self._left and (end := self._unread.find(b"\r\n\r\n")) >= 0:
            head, rest = self._unread[:end].lower(), self._unread[end + 4 :]
            self._line = self._unread[: self._unread.find(b"\r\n")]
            size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            self._left = max(0, size - len(rest))
            self._unread = rest[size:]
            if not self._left:
                self._answer()

    def _answer(self) -> None:
        found = answer(self._line)
        if found.delay:
            asyncio.get_running_loop().call_later(found.delay, self._transport.write, found.pieces[0])
        elif len(found.pieces) == 1:
            self._transport.write(found.pieces[0])
        else:
            self._sending = asyncio.create_task(self._send(found))

    async def _send(self, found: Answer) -> None:
        for piece in found.pieces:
            self._transport.write(piece)
            if found.pace:
                time.sleep(found.pace)  # noqa: ASYNC251  # finer than the loop's timers; there is one reader only
                await asyncio.sleep(0)
            await self._writable.wait()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.connections.discard(self._transport)
        self._writable.set()
        if self._sending is not None:
            self._sending.cancel()


def _serve(pipe: Connection, certificate: bytes | None) -> None:
    pin(-1)
    asyncio.run(_until_over(pipe, certificate))


async def _until_over(pipe: Connection, certificate: bytes | None) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(pipe.fileno(), over.set)  # nothing comes but the end
    server = await loop.create_server(_Answering, "127.0.0.1", 0, backlog=4096, ssl=_context(certificate))
    async with server:
        pipe.send(server.sockets[0].getsockname()[1])
        await over.wait()
        server.close()
        for transport in list(_Answering.connections):
            transport.abort()


def _context(certificate: bytes | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "server.pem")
        path.write_bytes(certificate)
        context.load_cert_chain(path)
    return context


@contextmanager
def served(certificate: bytes | None = None) -> Generator[str]:
    """Enter for the origin of a server, `https` where a certificate with its key is given; it ends with the block."""
    with started(_serve, certificate) as pipe:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{pipe.recv()}"
