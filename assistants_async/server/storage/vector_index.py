"""The files of vector stores: their progress, and the search through them.

A file is read a pace after it came. Nobody can tell when that happens between two requests, so it happens when the
next one is served; no task is needed.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import APIError, invalid
from .batch import Batch, content_of
from .blob_writer import BlobWriter
from .documents import given
from .ids import IdFactory
from .interface import ConflictError, Document, Key, PageQuery, Store
from .lru import Cache
from .quota import Quota
from .search import Chunk, Found, SearchIndex, Source, chunked
from .text_extraction import Unreadable, text_of

DAY = 86_400
# Bytes that a character of a searched file takes: its text, its chunks twice, and their words.
_COST_OF_TEXT = 10
_SIZES = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}
DEFAULT_CHUNKING = {"type": "static", "static": _SIZES}
"""The sizes of chunks of a file that comes without, in words."""
_STALL = b"/stall"
_STATES = ("in_progress", "completed", "failed", "cancelled")
_DELETED = {"code": "invalid_file", "message": "The file has been deleted."}
# Characters of texts of which chunks, and indexes, are kept.
_MOST_CACHED = 16 * 2**20


class VectorIndex:
    """The vector stores of a server."""

    def __init__(self, quota: Quota, names: IdFactory, *, clock: Callable[[], float], pace: float) -> None:
        self._quota = quota
        self._names = names
        self._clock = clock
        self._pace = pace
        self._chunks: Cache[str, tuple[Chunk, ...]] = Cache(_MOST_CACHED)
        self._indexes: Cache[tuple[str, ...], tuple[tuple[int, ...], SearchIndex]] = Cache(_MOST_CACHED)

    # Stores

    async def make(self, batch: Batch, values: Mapping[str, Any]) -> Document:
        """Make a new store with its first files; the files must exist."""
        store: Document = {
            "id": self._names.make("vector_store"),
            "created_at": int(self._clock()),
            "last_active_at": int(self._clock()),
            "name": "",
            **given(values, ("name", "description", "metadata", "expires_after")),
        }
        batch.put("vector_store", store)
        for file_id in dict.fromkeys(values.get("file_ids") or ()):
            await self.add(batch, store, {"file_id": file_id, "chunking_strategy": values.get("chunking_strategy")})
        return store

    async def shown(self, batch: Batch, store: Document) -> Document:
        """Return a store with what follows from its files and the time."""
        tally = await batch.tally("store_file", store["id"])
        counts = counted(tally.states)
        status = "expired" if self._is_expired(store) else "in_progress" if counts["in_progress"] else "completed"
        return {
            **store,
            "usage_bytes": tally.amount,
            "file_counts": counts,
            "expires_at": self._expiry(store),
            "status": status,
        }

    async def use(self, batch: Batch, store_id: str) -> Document:
        """Return a store to be used, which counts for its expiry; raises the 404, and a 400 past its time."""
        store, now = await self.usable(batch, store_id), int(self._clock())
        if store["last_active_at"] != now:
            store = batch.save("vector_store", {**store, "last_active_at": now})
        return store

    async def usable(self, batch: Batch, store_id: str) -> Document:
        """Return a store that has not expired; raises the 404, and a 400 past its time."""
        store = await batch.get("vector_store", store_id)
        if self._is_expired(store):
            raise invalid(f"Vector store {store_id} has expired.", "vector_store_id", "vector_store_expired")
        return store

    async def forget(self, batch: Batch, store_id: str) -> None:
        """Take a store away; its files stay. Raises the 404."""
        await batch.get("vector_store", store_id)
        for file in await batch.all("store_file", store_id):
            batch.drop(file.get("text"))
        for one in await batch.all("batch", store_id):
            batch.clear("batch_file", one["id"])
        batch.clear("batch", store_id)
        batch.clear("store_file", store_id)
        batch.remove("vector_store", store_id)

    # Files

    async def add(self, batch: Batch, store: Document, asked: Mapping[str, Any], batch_id: str = "") -> Document:
        """Put a file into a store, or once more if it is there; it is read a pace later."""
        file_id = (await batch.get("file", asked["file_id"]))["id"]
        there = await batch.find("store_file", file_id, store["id"])
        if there is not None:
            take_out(batch, there, {"status": "cancelled"})
        strategy = asked.get("chunking_strategy")
        document: Document = {
            "id": file_id,
            "created_at": int(self._clock()),
            "vector_store_id": store["id"],
            "status": "in_progress",
            "usage_bytes": 0,
            "attributes": asked.get("attributes"),
            "chunking_strategy": strategy if strategy and strategy["type"] == "static" else DEFAULT_CHUNKING,
            "batch_id": batch_id,
            "read_at": time.time() + self._pace,
        }
        return batch.put("store_file", document, store["id"])

    async def settle(self, store: Store) -> None:
        """Read the files whose time has come."""
        first, now = store.next_due("store_file"), time.time()
        if first is None or now < first <= now + self._pace:
            return
        # No file waits for longer than a pace: where one seems to, the clock was set back.
        for key in await store.due("store_file", max(first, now)):
            batch, blob = Batch(store), store.new_blob()
            try:
                await self._read(batch, key, blob)
                await batch.commit()
            except (APIError, ConflictError):
                continue  # it was taken away meanwhile, or another process has read it
            finally:
                await blob.close()

    async def _read(self, batch: Batch, key: Key, blob: BlobWriter) -> None:
        # A file that was deleted has left all stores.
        waiting, file = await batch.get(key.kind, key.id, key.parent), await batch.get("file", key.id)
        document = {**waiting, "read_at": None}
        content = await content_of(batch.store, file["blob"])
        if not content.startswith(_STALL):
            try:
                text = text_of(file["filename"], content)
                document |= {"filename": file["filename"], **await self._take_text(batch, document, text, blob)}
            except Unreadable as error:
                document |= {"status": "failed", "last_error": _problem(error.code, error.message)}
        batch.save("store_file", document, key.parent)

    async def _take_text(self, batch: Batch, document: Document, text: str, blob: BlobWriter) -> Document:
        if not self._quota.has_room(_COST_OF_TEXT * len(text)):
            raise Unreadable("server_error", "The memory that the server may take (max_store_bytes) is used up.")
        written = text.encode()
        await blob.write(written)
        sizes = document["chunking_strategy"]["static"]
        self._chunks.put(blob.id, _chunks(text, sizes), len(text))
        return {"status": "completed", "usage_bytes": len(written), "text": batch.keep(blob)}

    # Search

    async def search(
        self,
        store: Store,
        store_ids: Sequence[str],
        query: str,
        *,
        condition: Mapping[str, Any] | None = None,
        least: float = 0.0,
    ) -> list[Found]:
        """Search stores for a query, best first, in files whose attributes pass a filter."""
        index = await self._index(store, tuple(store_ids))
        return [found for found in index.ranked(query, condition=condition) if found.score >= least]

    async def file_search(self, store: Store, run: Document, file_ids: Sequence[str], query: str) -> list[Found]:
        """Search the stores of a run's assistant and thread, and these files, for its `file_search`.

        Stores that have expired, and files that are gone, have no results.
        """
        await self.settle(store)
        batch = Batch(store)
        owners = [await batch.find("assistant", run["assistant_id"]), await batch.find("thread", run["thread_id"])]
        names = dict.fromkeys(name for owner in owners for name in _store_ids(owner or {}))
        known = [one for one in [await batch.find("vector_store", name) for name in names] if one is not None]
        alive = [one["id"] for one in known if not self._is_expired(one)]
        for store_id in alive:
            await self.use(batch, store_id)
        # Somebody else may just have used them as well.
        with contextlib.suppress(ConflictError):
            await batch.commit()
        files = [await batch.find("file", file_id) for file_id in dict.fromkeys(file_ids)]
        index = await self._index(store, tuple(alive), [file for file in files if file is not None])
        return index.ranked(query)

    async def _index(self, store: Store, store_ids: tuple[str, ...], files: Sequence[Document] = ()) -> SearchIndex:
        # Made once for each state of the stores: over 4,000 chunks it takes a hundred times what a query does.
        stamps = tuple([(await store.tally("store_file", store_id)).stamp for store_id in store_ids])
        key = (*store_ids, *(file["id"] for file in files))
        known = self._indexes.get(key)
        if known is None or known[0] != stamps:
            sources = [source for store_id in store_ids for source in await self._sources(store, store_id)]
            sources += [await self._source(store, file) for file in files]
            # Another search may have made it while this one read the files.
            known = self._indexes.get(key)
            if known is None or known[0] != stamps:
                known = stamps, SearchIndex(sources)
                length = sum(len(chunk.text) for source in sources for chunk in source.chunks)
                self._indexes.put(key, known, length)
        return known[1]

    async def _sources(self, store: Store, store_id: str) -> list[Source]:
        found: list[Source] = []
        for row in (await store.page("store_file", store_id, PageQuery(state="completed"))).rows:
            file = row.document
            chunks = self._chunks.get(file["text"])
            if chunks is None:
                text = (await content_of(store, file["text"])).decode()
                chunks = _chunks(text, file["chunking_strategy"]["static"])
                self._chunks.put(file["text"], chunks, len(text))
            found.append(Source(file["id"], file["filename"], file["attributes"] or {}, chunks))
        return found

    async def _source(self, store: Store, file: Document) -> Source:
        """Read a file that is in no vector store, as those of protocol v1; one without text has no chunks."""
        chunks = self._chunks.get(file["blob"])
        if chunks is None:
            text = ""
            with contextlib.suppress(Unreadable):
                text = text_of(file["filename"], await content_of(store, file["blob"]))
            chunks = _chunks(text, _SIZES)
            self._chunks.put(file["blob"], chunks, len(text))
        return Source(file["id"], file["filename"], {}, chunks)

    # Expiry

    def _expiry(self, store: Document) -> int | None:
        after = store.get("expires_after")
        return None if after is None else int(store["last_active_at"] + after["days"] * DAY)

    def _is_expired(self, store: Document) -> bool:
        expires = self._expiry(store)
        return expires is not None and expires <= self._clock()


def take_out(batch: Batch, file: Document, unread: Document) -> None:
    """Take a file out of its vector store; its batch keeps what became of it, `unread` where it was not read yet."""
    batch.drop(file.get("text"))
    batch.remove("store_file", file["id"], file["vector_store_id"])
    if file["batch_id"]:
        left = {**file, **unread} if file["status"] == "in_progress" else file
        batch.put("batch_file", left, file["batch_id"])


async def forget_file(batch: Batch, file_id: str) -> None:
    """Take a file and its content away, out of the vector stores too; raises the 404."""
    file = await batch.get("file", file_id)
    batch.remove("file", file_id)
    batch.drop(file["blob"])
    for store_id in await batch.store.parents("store_file", file_id):
        document = await batch.get("store_file", file_id, store_id)
        take_out(batch, document, {"status": "failed", "last_error": _DELETED})


async def expire_files(store: Store, now: float) -> None:
    """Take away the files whose time has come."""
    first = store.next_due("file")
    if first is None or first > now:
        return
    for key in await store.due("file", now):
        batch = Batch(store)
        try:
            await forget_file(batch, key.id)
            await batch.commit()
        except (ConflictError, APIError):
            continue  # somebody else takes it away at the same time


def counted(states: Mapping[str, int]) -> Document:
    """Write the counts of files by their state."""
    counts = {state: states.get(state, 0) for state in _STATES}
    return {**counts, "total": sum(counts.values())}


def _chunks(text: str, sizes: Mapping[str, int]) -> tuple[Chunk, ...]:
    return tuple(chunked(text, sizes["max_chunk_size_tokens"], max(0, sizes["chunk_overlap_tokens"])))


def _store_ids(owner: Document) -> Sequence[str]:
    resources: Document = owner.get("tool_resources") or {}
    search: Document = resources.get("file_search") or {}
    return search.get("vector_store_ids") or ()


def _problem(code: str, message: str) -> Document:
    return {"code": code, "message": message}
