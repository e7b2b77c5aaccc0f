"""Requests with an `Idempotency-Key`: served once, and answered the same for a day.

The answer is a document of the commit that does what the request asks for, so that neither is there without the other.
"""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import Any

from aiohttp import web

from ...core.requests.endpoint import ProtocolVersion
from ..errors import reused
from ..storage.batch import Batch
from ..storage.collection import DOCUMENT_COST
from ..storage.interface import Document, Key, Store
from ..storage.memory import MemoryStore

KIND = "idempotency"
"""The kind of the documents: each is its own parent, so that it goes without leaving its place to cursors."""

_KEPT = 86_400
# Removed in one go each hour, and not one by one as their times come.
_LATE = 3_600
_MOST_AT_ONCE = 500
# In memory: past either, the oldest go before their time.
_MOST = 10_000
_MOST_BYTES = 64 * 2**20


class KeyedRequest:
    """A request with a key."""

    def __init__(self, key: str, path: tuple[str, ...], form: tuple[str, ...]) -> None:
        # By `repr`, which has a spelling for every text: a head may have bytes that are not UTF-8.
        self.id = blake2b(repr((key, path)).encode(), digest_size=16).hexdigest()
        """The id of its answer: by key, operation and ids of the path."""
        self.content = blake2b(repr(form).encode(), digest_size=16)
        """The hash of all else that decides the answer, which the body is added to."""
        self.expected = 0
        """The version of an answer that is out of date, which the new one replaces; 0 where there is none."""
        self.turn: asyncio.Event | None = None
        """Set where the request is served no longer; None for one that is not being served."""


def keyed(request: web.Request, operation: str, protocol: ProtocolVersion) -> KeyedRequest | None:
    """Return the part of a request that goes by its key; None for one without a key."""
    key = request.headers.get("idempotency-key")
    if not key:
        return None
    path = (operation, *(f"{name}={value}" for name, value in request.match_info.items()))
    return KeyedRequest(key, path, (protocol, request.rel_url.raw_query_string))


class KeptAnswers:
    """The answers to requests with keys, and those requests that are being served."""

    def __init__(self, store: Store, most_bytes: int) -> None:
        self._store = store
        self._serving: dict[str, asyncio.Event] = {}
        self._sizes: dict[str, int] | None = {} if isinstance(store, MemoryStore) else None
        self._bytes = 0
        # A small store is for its objects.
        self._most_bytes = min(_MOST_BYTES, most_bytes // 16)

    async def enter(self, request: KeyedRequest) -> None:
        """Wait until no other request with the key is being served in this process."""
        while (other := self._serving.get(request.id)) is not None:
            await other.wait()
        request.turn = self._serving[request.id] = asyncio.Event()

    def leave(self, request: KeyedRequest) -> None:
        """Let the next request with the key in; a second call does nothing."""
        if request.turn is not None:
            self._serving.pop(request.id, None)
            request.turn.set()
            request.turn = None

    async def find(self, request: KeyedRequest, now: float) -> Document | None:
        """Return the answer to an earlier request with the key; raises the 409 for another body."""
        stored = await self._store.get(Key(KIND, request.id, request.id))
        request.expected = 0
        if stored is None:
            return None
        if stored.document["due"] <= now:
            request.expected = stored.version
            return None
        if stored.document["content"] != request.content.hexdigest():
            raise reused()
        return stored.document

    def keep(self, request: KeyedRequest, batch: Batch, now: int, answer: Document) -> None:
        """Add an answer to the changes of its request; the commit fails where there is one with the key."""
        document: Document = {
            "id": request.id,
            "content": request.content.hexdigest(),
            "due": now + _KEPT,
            **answer,
        }
        batch.put(KIND, document, request.id, expected=request.expected)
        if self._sizes is not None:
            self._forget(request.id)
            self._sizes[request.id] = size = DOCUMENT_COST + len(answer.get("answer", ""))
            self._bytes += size
            while len(self._sizes) > 1 and (len(self._sizes) > _MOST or self._bytes > self._most_bytes):
                oldest = next(iter(self._sizes))
                batch.clear(KIND, oldest)
                self._forget(oldest)

    async def sweep(self, now: float) -> None:
        """Remove the answers whose day has passed for an hour."""
        first, limit = self._store.next_due(KIND), now - _LATE
        if first is None or first > limit:
            return
        while keys := await self._store.due(KIND, limit):
            batch = Batch(self._store)
            for key in keys[:_MOST_AT_ONCE]:
                batch.clear(KIND, key.parent)
                self._forget(key.id)
            await batch.commit()

    def _forget(self, id: str) -> None:
        if self._sizes is not None:
            self._bytes -= self._sizes.pop(id, 0)


def whole(body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    """Write a JSON answer for keeping."""
    return {"answer": body.decode(), "headers": headers}
