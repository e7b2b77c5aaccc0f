"""A loopback server of bytes made beforehand, in a process of its own."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from multiprocessing.queues import Queue


class _Answering(asyncio.Protocol):
    """Answers each request by the first marker that its request line holds."""

    def __init__(self, answers: Mapping[bytes, bytes], default: bytes) -> None:
        self._answers = answers
        self._default = default
        self._transport: asyncio.Transport | None = None
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while (end := self._unread.find(b"\r\n\r\n")) >= 0:
            line = self._unread[: self._unread.find(b"\r\n")]
            self._unread = self._unread[end + 4 :]
            body = next((body for mark, body in self._answers.items() if mark in line), self._default)
            assert self._transport is not None
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            self._transport.write(head + body)


def _serve(port: Queue[int], answers: Mapping[bytes, bytes], default: bytes) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _Answering(answers, default), "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextmanager
def served(answers: Mapping[bytes, bytes], default: bytes) -> Generator[str, None, None]:
    """Enter for the base URL of a server; it ends with the block."""
    port: Queue[int] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_serve, args=(port, answers, default), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{port.get(timeout=10)}/v1"
    finally:
        process.terminate()
        process.join()
