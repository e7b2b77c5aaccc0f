"""A server of bytes: it keeps the exact bytes that it gets, and answers with the bytes that a test wrote."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import parse_qsl

from assistants_async import Headers, PreparedRequest, Timeout
from tests.support.steady_loop import MS

KEY = "sk-test-0123456789abcdef"
"""The key of every client of the tests; no test may find it anywhere but on the wire."""

TransportName = Literal["lean"] | None
"""A transport by the name that a client is given; None for the usual one."""

ASSISTANT: dict[str, Any] = {"id": "asst_1", "object": "assistant", "created_at": 1, "model": "gpt-4o", "tools": []}
ANYTHING: dict[str, Any] = {"id": "asst_1", "created_at": 1, "model": "gpt-4o", "tools": []}
"""An object that does not say of what kind it is: an answer to any call."""
THREAD: dict[str, Any] = {"id": "thread_1", "object": "thread", "created_at": 1, "metadata": {}}
RUN: dict[str, Any] = {"id": "run_1", "object": "thread.run", "thread_id": "thread_1", "status": "queued"}
FILE: dict[str, Any] = {"id": "file_1", "object": "file", "bytes": 3, "filename": "a.txt", "purpose": "assistants"}


class Seen(NamedTuple):
    """A request as it came over the wire."""

    method: str
    target: str
    """Path and query, as sent."""
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> dict[str, str]:
        """The query, read back."""
        return dict(parse_qsl(self.target.partition("?")[2], keep_blank_values=True))

    def header(self, name: str) -> str | None:
        """The value of a header that occurs at most once."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} sent {len(values)} times"
        return values[0] if values else None

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Peer:
    """The server's end of one connection, for answers that are more than bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Put bytes on the wire now."""
        self._writer.write(data)
        await self._writer.drain()

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        with contextlib.suppress(ConnectionError):
            while await self._reader.read(65536):
                pass

    def finish(self) -> None:
        """Close the connection in good order."""
        self._writer.close()

    def reset(self) -> None:
        """Cut the connection without a farewell."""
        self._writer.transport.abort()


Answer = bytes | Callable[[Seen, Peer], Awaitable[None]]
"""Bytes to send, or a function that does what it likes with the connection."""


@contextlib.asynccontextmanager
async def listening(
    accept: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tasks: set[asyncio.Task[None]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """Listen on a free loopback port, and give it; at the end the tasks of all connections are cancelled."""
    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Wire:
    """A loopback server that gives its answers in order, the last one again and again."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [failure(500, "the test has set no answer")]
        self.seen: list[Seen] = []
        """Every request whose head and body came whole."""
        self.connections = 0
        """The number of all connections so far."""
        self.open = 0
        """The number of open connections."""
        self.base_url = ""
        self.early = False
        """True to answer at the head of a request, its body unread."""
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[Wire]:
        """Listen on a free port."""
        async with listening(self._accept, self._tasks) as port:
            self.base_url = f"http://127.0.0.1:{port}/v1"
            yield self

    def answer(self, *answers: Answer) -> None:
        """Set the answers to come."""
        self.answers = list(answers)
        self.seen.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open -= 1
            self._tasks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen = await _read(reader, early=self.early)
            self.seen.append(seen)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(seen, Peer(reader, writer))
            if writer.is_closing():
                return

    @property
    def last(self) -> Seen:
        """The last request."""
        return self.seen[-1]

    async def until_open(self, count: int) -> None:
        """Wait until so many connections are open: the test's time-out is the limit."""
        while self.open != count:  # sockets tell nobody
            await asyncio.sleep(MS)

    async def until_seen(self, count: int) -> None:
        """Wait until so many requests have come."""
        while len(self.seen) < count:  # the same
            await asyncio.sleep(MS)


async def _read(reader: asyncio.StreamReader, *, early: bool) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head[:-4].split("\r\n")
    method, target, _ = first.split(" ")
    headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
    fields = {name.lower(): value for name, value in headers}
    body = b""
    if early:
        pass
    elif fields.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readline()
    elif "content-length" in fields:
        body = await reader.readexactly(int(fields["content-length"]))
    return Seen(method, target, headers, body)


def head(status: int = 200, headers: Mapping[str, str] | Iterable[tuple[str, str]] = (), reason: str = "OK") -> bytes:
    """The head of an answer, with just these headers."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in pairs)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def raw(body: bytes, status: int = 200, reason: str = "OK", /, **headers: str) -> bytes:
    """An answer with a Content-Length."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return head(status, {"content-length": str(len(body)), **fields}, reason) + body


def answer(value: Any, status: int = 200, reason: str = "OK", /, **headers: str) -> bytes:
    """A JSON answer."""
    return raw(json.dumps(value).encode(), status, reason, content_type="application/json", **headers)


def failure(status: int, message: str = "no", /, **headers: str) -> bytes:
    """An error in the vendor's shape."""
    error = {"message": message, "type": "invalid_request_error", "param": "model", "code": "bad"}
    return answer({"error": error}, status, "Error", **headers)


def page(*ids: str, more: bool = False, **members: Any) -> bytes:
    """A page of objects with these ids."""
    ends = {"first_id": ids[0], "last_id": ids[-1]} if ids else {"first_id": None, "last_id": None}
    return answer({"object": "list", "data": [{"id": name} for name in ids], **ends, "has_more": more, **members})


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return b"%x\r\n%b\r\n" % (len(data), data)


async def silent(seen: Seen, peer: Peer) -> None:
    """Never answer, and wait until the client gives up."""
    await peer.gone()


def then_silent(data: bytes) -> Answer:
    """Send some bytes, then nothing more until the client gives up."""

    async def send(seen: Seen, peer: Peer) -> None:
        await peer.send(data)
        await peer.gone()

    return send


def then_cut(data: bytes) -> Answer:
    """Send some bytes, then cut the connection."""

    async def send(seen: Seen, peer: Peer) -> None:
        await peer.send(data)
        peer.reset()

    return send


class Memory:
    """A transport without sockets, for tests that must not depend on a loop: it gives one answer to every request."""

    def __init__(self, data: bytes) -> None:
        top, _, self._body = data.partition(b"\r\n\r\n")
        first, *lines = top.decode().split("\r\n")
        self._status = int(first.split()[1])
        self._headers = Headers((name, value) for name, _, value in (line.partition(": ") for line in lines))
        self.sent: list[PreparedRequest] = []
        self.closed = 0

    def start(self, headers: Mapping[str, str] | None) -> None:
        """There is nothing to import."""

    async def open(self, outgoing: PreparedRequest, timeout: Timeout) -> MemoryExchange:
        """Keep the request, and answer."""
        self.sent.append(outgoing)
        return MemoryExchange(self._status, self._headers, self._body)

    async def close(self) -> None:
        """Count it."""
        self.closed += 1


class MemoryExchange:
    """An answer of `Memory`, in one piece."""

    reason = ""

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    def read_all_nowait(self) -> bytes:
        """The body."""
        return self.read_nowait()

    def read_nowait(self) -> bytes:
        """The body, then its end."""
        body, self._body = self._body, b""
        return body

    async def read(self) -> bytes:
        """The same."""
        return self.read_nowait()

    def translated(self, error: BaseException) -> None:
        """Say that no error is of the network."""

    def close(self) -> None:
        """Do nothing: nothing is open."""
