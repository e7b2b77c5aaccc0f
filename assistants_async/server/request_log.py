"""The latest requests, for tests to look at."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

MAX_REQUESTS = 1000
"""Requests that are kept."""
MAX_HEAD_BYTES = 4 * 2**20
"""Cap on all heads that are kept."""
MAX_BODY_BYTES = 2**20
"""Cap on all bodies that are kept."""


class RequestRecord(NamedTuple):
    """One request, and the status that it got."""

    method: str
    """Its method."""
    path: str
    """Its path, percent-encoded as it came, without the query."""
    operation: str | None
    """The operationId; None for a path that has none."""
    status: int
    """Status of the answer."""
    body: Any
    """The JSON document, or a form's fields with the file's name in place of the file.

    None where there was none, where the server keeps no bodies (`record_bodies`), and where it had to make room.
    """
    query: str
    """The query string as it came."""
    headers: Mapping[str, str]
    """Request headers by lower-case name, without credentials."""


class _Entry(NamedTuple):
    record: RequestRecord
    size: int
    """Bytes of its head."""
    number: int


class RequestLog:
    """Keeps the latest requests within fixed bounds, dropping the oldest."""

    def __init__(self) -> None:
        self._entries: deque[_Entry] = deque()
        self._bodies: deque[tuple[int, bytes]] = deque()
        self._head_bytes = 0
        self._body_bytes = 0
        self._next = 0

    @property
    def records(self) -> tuple[RequestRecord, ...]:
        """The requests, oldest first."""
        # A decoded body takes many times its bytes, so it is decoded for whoever looks at it.
        bodies = dict(self._bodies)
        return tuple(
            entry.record._replace(body=msgspec.json.decode(bodies[entry.number]))
            if entry.number in bodies
            else entry.record
            for entry in self._entries
        )

    def add(self, record: RequestRecord, body: bytes) -> None:
        """Add a request whose body has these bytes of JSON; empty for none."""
        size = len(record.path) + len(record.query) + sum(map(len, (*record.headers, *record.headers.values())))
        self._entries.append(_Entry(record, size, self._next))
        self._head_bytes += size
        if 0 < len(body) <= MAX_BODY_BYTES:
            self._bodies.append((self._next, body))
            self._body_bytes += len(body)
        self._next += 1
        while len(self._entries) > MAX_REQUESTS or self._head_bytes > MAX_HEAD_BYTES:
            self._head_bytes -= self._entries.popleft().size
        first = self._entries[0].number if self._entries else self._next
        while self._bodies and (self._body_bytes > MAX_BODY_BYTES or self._bodies[0][0] < first):
            self._body_bytes -= len(self._bodies.popleft()[1])

    def clear(self) -> None:
        """Forget all requests."""
        self._entries.clear()
        self._bodies.clear()
        self._head_bytes = self._body_bytes = 0
