"""HTTP/1.1 on the wire: heads and bodies with their exact bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from http.client import responses
from typing import Any

import msgspec

from ..._typing import override
from ...response import Headers

LIMIT = 256 * 1024
"""Most bytes of a head, and of one read."""

_BODILESS = frozenset((204, 304))


class Head(msgspec.Struct, frozen=True):
    """A first line with its header fields."""

    raw: bytes
    """The bytes as received, with the empty line."""
    first: tuple[str, str, str]
    """The words of the first line: method, target and version, or version, status and reason."""
    headers: Headers

    @property
    def chunked(self) -> bool:
        """True where the body arrives in chunks."""
        return "chunked" in self.headers.get("transfer-encoding", "").lower()

    @property
    def length(self) -> int | None:
        """The Content-Length; None where there is none."""
        length = self.headers.get("content-length")
        return None if length is None else int(length)


async def read_head(reader: asyncio.StreamReader) -> Head:
    """Read up to the empty line; raises `IncompleteReadError` where the other side has left."""
    raw = await reader.readuntil(b"\r\n\r\n")
    # latin-1 has a character for every byte, so no head is refused or changed here.
    first, *lines = raw[:-4].decode("latin-1").split("\r\n")
    words = [*first.split(" ", 2), "", ""]
    pairs = (line.partition(":") for line in lines)
    return Head(raw, (words[0], words[1], words[2]), Headers((name, value.strip()) for name, _, value in pairs))


async def read_answer_head(reader: asyncio.StreamReader) -> Head:
    """Read the head of an answer, and skip interim answers (1xx)."""
    while True:
        head = await read_head(reader)
        if not head.first[1].startswith("1"):
            return head


async def body_pieces(reader: asyncio.StreamReader, head: Head) -> AsyncGenerator[tuple[bytes, bytes], None]:
    """Yield each piece of a body as it arrives: its bytes on the wire, and its content.

    Without a length, a request has no body, and the body of an answer ends with its connection.
    """
    if head.chunked:
        size = -1
        while size:
            line = await reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            data = await reader.readexactly(size + 2)  # the last chunk is empty: no server here sends trailers
            yield line + data, data[:-2]
        return
    is_answer = head.first[0].startswith("HTTP/")
    left = head.length
    if left is None:
        # More than any body: read until the other side closes the connection.
        left = 2**63 if is_answer and int(head.first[1]) not in _BODILESS else 0
    while left and (data := await reader.read(min(left, LIMIT))):
        left -= len(data)
        yield data, data


class Seen(msgspec.Struct, kw_only=True):
    """A request as received, with its credentials."""

    method: str
    target: str
    """Path and query, as received."""
    headers: Headers
    connection: int
    """The number of its connection, from 1."""
    body: bytes = b""
    """The body; empty until it has been read, and where a fault leaves it unread."""
    fault: str | None = None
    """Name of the fault that the request got; None for a request that was passed on."""

    @property
    def path(self) -> str:
        """The target without its query, percent-encoded as received."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query as received."""
        return self.target.partition("?")[2]

    @property
    def json(self) -> Any:
        """The decoded JSON body; None for an empty one."""
        return msgspec.json.decode(self.body) if self.body else None

    @override
    def __repr__(self) -> str:
        return f"<Seen {self.method} {self.path}, connection {self.connection}, fault {self.fault}>"


class Answer(msgspec.Struct, frozen=True):
    """An answer to send: the embedded server's, or an invented one."""

    status: int
    reason: str
    headers: Headers
    body: bytes

    @classmethod
    def of(cls, head: Head, body: bytes) -> Answer:
        """Make an answer of a head and its body, without the headers that framed it."""
        # `whole` frames it anew: its body may be another by then.
        framing = ("transfer-encoding", "content-length", "connection")
        pairs = ((name, value) for name, value in head.headers.pairs if name.lower() not in framing)
        return cls(int(head.first[1]), head.first[2], Headers(pairs), body)

    @classmethod
    def json(cls, status: int, value: Any, **headers: str | None) -> Answer:
        """Make an answer with a JSON document."""
        content = msgspec.json.encode(value)
        return cls(status, responses.get(status, ""), Headers([("content-type", "application/json")]), content).changed(
            **headers
        )

    def changed(self, **headers: str | None) -> Answer:
        """Return the answer with other headers; their names have `_` for `-`, and None removes one."""
        new = {name.replace("_", "-"): value for name, value in headers.items()}
        kept = [(name, value) for name, value in self.headers.pairs if name.lower() not in new]
        added = [(name, value) for name, value in new.items() if value is not None]
        return msgspec.structs.replace(self, headers=Headers(kept + added))

    def holding(self, body: bytes) -> Answer:
        """Return the answer with another body."""
        return msgspec.structs.replace(self, body=body)

    def head(self, *fields: tuple[str, str]) -> bytes:
        """Write the head with further fields at its end, such as those that frame the body."""
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in (*self.headers.pairs, *fields)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    @property
    def whole(self) -> bytes:
        """Head and body, with a Content-Length; the head alone for a status without a body."""
        if self.status in _BODILESS:
            return self.head()
        return self.head(("content-length", str(len(self.body)))) + self.body


CHUNKED = ("transfer-encoding", "chunked")
TO_THE_END = ("connection", "close")


def chunk(data: bytes) -> bytes:
    """Write one chunk of a chunked body; an empty chunk ends it."""
    return b"%x\r\n%b\r\n" % (len(data), data)
