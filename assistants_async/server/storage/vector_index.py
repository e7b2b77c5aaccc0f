"""The files of vector stores: their progress, and the search through them.

A file is read a pace after it came. Nobody can tell when that happens between two requests, so it happens when the
next one is served; no task is needed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..errors import invalid
from .collection import Collection, Document
from .documents import given
from .ids import IdFactory
from .search import Found, Source, chunked, matches, ranked
from .store import Store
from .text_extraction import Unreadable, text_of

DAY = 86_400
# Bytes that a character of a searched file takes: its text, its chunks twice, and their words.
_COST_OF_TEXT = 10
_DEFAULT_CHUNKING = {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}}
_STALL = b"/stall"
_STATES = ("in_progress", "completed", "failed", "cancelled")


class VectorIndex:
    """The vector stores of a server."""

    def __init__(self, store: Store, names: IdFactory, *, clock: Callable[[], float], pace: float) -> None:
        self._store = store
        self._names = names
        self._clock = clock
        self._pace = pace
        self._unread: deque[tuple[float, Document]] = deque()

    # Stores

    def make(self, values: Mapping[str, Any]) -> Document:
        """A new store with its first files; the files must exist."""
        store = self._store.vector_stores.put(
            {
                "id": self._names.make("vector_store"),
                "created_at": int(self._clock()),
                "last_active_at": int(self._clock()),
                "name": "",
                **given(values, ("name", "description", "metadata", "expires_after")),
            }
        )
        for file_id in dict.fromkeys(values.get("file_ids") or ()):
            self.add(store, {"file_id": file_id, "chunking_strategy": values.get("chunking_strategy")})
        return store

    def shown(self, store: Document) -> Document:
        """A store with what follows from its files and the time."""
        files = self._store.store_files(store["id"])
        counts = counted(files)
        expires = self._expiry(store)
        store.update(
            usage_bytes=sum(file["usage_bytes"] for file in files),
            file_counts=counts,
            expires_at=expires,
            status="expired" if self._is_expired(store) else "in_progress" if counts["in_progress"] else "completed",
        )
        return store

    def use(self, store_id: str) -> Document:
        """A store that is about to be used, which counts for its expiry; raises the 404, and a 400 past its time."""
        store = self.usable(store_id)
        store["last_active_at"] = int(self._clock())
        return store

    def usable(self, store_id: str) -> Document:
        """Return a store that has not expired; raises the 404, and a 400 past its time."""
        store = self._store.vector_stores.get(store_id)
        if self._is_expired(store):
            raise invalid(f"Vector store {store_id} has expired.", "vector_store_id", "vector_store_expired")
        return store

    def forget(self, store_id: str) -> None:
        """Take a store away; its files stay. Raises the 404."""
        self._store.forget_vector_store(store_id)

    # Files

    def add(self, store: Document, asked: Mapping[str, Any]) -> Document:
        """Put a file into a store, or once more if it is there; it is read a pace later."""
        file_id = self._store.files.get(asked["file_id"])["id"]
        strategy = asked.get("chunking_strategy")
        document: Document = {
            "id": file_id,
            "created_at": int(self._clock()),
            "vector_store_id": store["id"],
            "status": "in_progress",
            "usage_bytes": 0,
            "attributes": asked.get("attributes"),
            "chunking_strategy": strategy if strategy and strategy["type"] == "static" else _DEFAULT_CHUNKING,
        }
        self._store.store_files(store["id"]).put(document)
        self._unread.append((time.monotonic() + self._pace, document))
        return document

    def settle(self) -> None:
        """Read the files whose time has come."""
        now = time.monotonic()
        # All wait for the same time, so they are due in the order in which they came.
        while self._unread and self._unread[0][0] <= now:
            _, document = self._unread.popleft()
            if document["status"] == "in_progress":
                self._read(document)

    def _read(self, document: Document) -> None:
        content = self._store.contents.get(document["id"])
        if content is None:
            document.update(status="failed", last_error=_problem("invalid_file", "The file has been deleted."))
        elif document["vector_store_id"] in self._store.vector_stores and not content.startswith(_STALL):
            try:
                self._take_text(document, self._store.files.get(document["id"])["filename"], content)
            except Unreadable as error:
                document.update(status="failed", last_error=_problem(error.code, error.message))

    def _take_text(self, document: Document, filename: str, content: bytes) -> None:
        text = text_of(filename, content)
        taken = _COST_OF_TEXT * len(text)
        if not self._store.has_room(taken):
            raise Unreadable("server_error", "The memory that the server may take (max_store_bytes) is used up.")
        sizes = document["chunking_strategy"]["static"]
        chunks = tuple(chunked(text, sizes["max_chunk_size_tokens"], max(0, sizes["chunk_overlap_tokens"])))
        source = Source(document["id"], filename, {}, chunks)
        document.update(status="completed", usage_bytes=len(text.encode()), text=text, source=source)
        self._store.store_files(document["vector_store_id"]).measure(document, taken)

    # Search

    def search(
        self, store_ids: Iterable[str], query: str, *, condition: Mapping[str, Any] | None = None, least: float = 0.0
    ) -> list[Found]:
        """Search stores for a query, best first, in files whose attributes pass a filter."""
        files = [file for store_id in store_ids for file in self._store.store_files(store_id)]
        sources = [
            file["source"]._replace(attributes=file["attributes"] or {})
            for file in files
            if file["status"] == "completed" and matches(condition, file["attributes"] or {})
        ]
        return [found for found in ranked(query, sources) if found.score >= least]

    def file_search(self, run: Document, query: str) -> list[Found]:
        """Search the stores of a run's assistant and thread, for its `file_search`; expired ones have no results."""
        self.settle()
        shelf = self._store.vector_stores
        known = dict.fromkeys(name for owner in self._owners(run) for name in _store_ids(owner) if name in shelf)
        alive = [name for name in known if not self._is_expired(shelf.get(name))]
        return self.search([self.use(name)["id"] for name in alive], query)

    def _owners(self, run: Document) -> list[Document]:
        shelves = (self._store.assistants, run["assistant_id"]), (self._store.threads, run["thread_id"])
        return [shelf.get(name) for shelf, name in shelves if name in shelf]

    # Expiry

    def _expiry(self, store: Document) -> int | None:
        after = store.get("expires_after")
        return None if after is None else int(store["last_active_at"] + after["days"] * DAY)

    def _is_expired(self, store: Document) -> bool:
        expires = self._expiry(store)
        return expires is not None and expires <= self._clock()


def counted(files: Collection | Sequence[Document]) -> Document:
    """Count the files in each state."""
    states = [file["status"] for file in files]
    return {**{state: states.count(state) for state in _STATES}, "total": len(states)}


def _store_ids(owner: Document) -> Sequence[str]:
    resources: Document = owner.get("tool_resources") or {}
    search: Document = resources.get("file_search") or {}
    return search.get("vector_store_ids") or ()


def _problem(code: str, message: str) -> Document:
    return {"code": code, "message": message}
