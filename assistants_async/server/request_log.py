"""The log of the latest requests, for tests to read."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

MAX_REQUESTS = 1000
"""Number of requests that the log keeps."""
MAX_HEAD_BYTES = 4 * 2**20
"""Cap on all heads in the log together."""
MAX_BODY_BYTES = 2**20
"""Cap on all bodies in the log together."""
_SECRETS = frozenset({"authorization", "api-key", "cookie", "proxy-authorization"})


# Heads that are kept as they were read, and the bytes of one up to which it is: more would be memory without a cap.
_MOST_KNOWN, _LONGEST_KNOWN = 64, 2048
_RawHeaders = tuple[tuple[bytes, bytes], ...]


class RequestRecord(NamedTuple):
    """One request, and the status of its answer."""

    method: str
    """The HTTP method."""
    path: str
    """The path without the query, percent-encoded as in the request."""
    operation: str | None
    """The operationId; None for a path without an operation."""
    status: int
    """Status of the answer."""
    body: Any
    """The JSON document, or a form's fields with the file's name in place of the file.

    None for a request without a body, without `record_bodies`, and for a body dropped to make room.
    """
    query: str
    """The query string as in the request."""
    headers: Mapping[str, str]
    """Request headers by lower-case name, without credentials."""


class Head(NamedTuple):
    """The headers of a request as they are recorded."""

    headers: Mapping[str, str]
    """Values by lower-case name, without credentials."""
    size: int
    """Bytes of them."""


def _read(headers: _RawHeaders) -> Head:
    texts = ((_text(name).lower(), _text(value)) for name, value in headers)
    shown = {name: value for name, value in texts if name not in _SECRETS}
    return Head(shown, sum(map(len, (*shown, *shown.values()))))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


class RequestLog:
    """Keeps the latest requests within fixed bounds, dropping the oldest."""

    def __init__(self) -> None:
        # Each with the bytes of its head; bodies are by the number of their request.
        self._entries: deque[tuple[RequestRecord, int]] = deque()
        self._bodies: deque[tuple[int, bytes]] = deque()
        self._known: dict[_RawHeaders, Head] = {}
        self._head_bytes = 0
        self._body_bytes = 0
        self._next = 0

    @property
    def records(self) -> tuple[RequestRecord, ...]:
        """The requests, oldest first."""
        # A decoded body takes many times its bytes, so the log keeps bytes and decodes on each read.
        bodies = dict(self._bodies)
        return tuple(
            record._replace(body=msgspec.json.decode(bodies[number])) if number in bodies else record
            for number, (record, _) in enumerate(self._entries, self._next - len(self._entries))
        )

    def head(self, headers: _RawHeaders) -> Head:
        """Read the headers of a request."""
        # Most clients send the same headers with each request: reading them took a tenth of a GET.
        head = self._known.get(headers)
        if head is None:
            head = _read(headers)
            if sum(len(name) + len(value) for name, value in headers) <= _LONGEST_KNOWN:
                if len(self._known) == _MOST_KNOWN:
                    self._known.clear()
                self._known[headers] = head
        return head

    def add(self, record: RequestRecord, body: bytes, header_bytes: int = 0) -> None:
        """Add a request whose body has these bytes of JSON, empty for none, and its headers so many bytes."""
        size = len(record.path) + len(record.query) + header_bytes
        self._entries.append((record, size))
        self._head_bytes += size
        if 0 < len(body) <= MAX_BODY_BYTES:
            self._bodies.append((self._next, body))
            self._body_bytes += len(body)
        self._next += 1
        while len(self._entries) > MAX_REQUESTS or self._head_bytes > MAX_HEAD_BYTES:
            self._head_bytes -= self._entries.popleft()[1]
        first = self._next - len(self._entries)
        while self._bodies and (self._body_bytes > MAX_BODY_BYTES or self._bodies[0][0] < first):
            self._body_bytes -= len(self._bodies.popleft()[1])

    def clear(self) -> None:
        """Forget all requests."""
        self._entries.clear()
        self._bodies.clear()
        self._head_bytes = self._body_bytes = 0
