"""The least that a GET can take in Python: a protocol of asyncio, a request made beforehand, and one decode."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import msgspec

from assistants_async import Run
from assistants_async._typing import override
from benchmarks.clients import HEADERS

LIMIT = "a raw protocol"
"""Its name among the clients: no answer but the benchmarks' own can be read by it."""

_run = msgspec.json.Decoder(Run).decode


class Raw(asyncio.Protocol):
    """Reads answers with a length, one read each."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._answer: asyncio.Future[bytes] | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        assert self._answer is not None
        self._answer.set_result(data[data.find(b"\r\n\r\n") + 4 :])

    def get(self) -> asyncio.Future[bytes]:
        """Send the request."""
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(self._request)
        return self._answer


async def get_raw(url: str, count: int) -> int:
    """Ask for a run so many times."""
    parts = urlsplit(url)
    headers = "".join(f"{name}: {value}\r\n" for name, value in {"Host": parts.netloc, **HEADERS}.items())
    request = f"GET {parts.path}/threads/thread_1/runs/run_1 HTTP/1.1\r\n{headers}\r\n".encode()
    loop = asyncio.get_running_loop()
    transport, raw = await loop.create_connection(lambda: Raw(request), parts.hostname or "", parts.port or 80)
    for _ in range(count):
        assert _run(await raw.get()).id
    transport.close()
    return count
