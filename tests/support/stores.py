"""The stores that the tests of the interface run over, each fresh."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import Changes, Document, Event, Store
from assistants_async.server.storage.memory import MemoryStore
from assistants_async.server.storage.postgres import PostgresStore
from assistants_async.server.storage.sqlite import SqliteStore
from tests.support.postgres import new_database


@asynccontextmanager
async def memory(_folder: Path) -> AsyncIterator[Store]:
    """A store in memory."""
    store = MemoryStore()
    await store.open()
    yield store
    store.cut()
    await store.close()


@asynccontextmanager
async def sqlite(folder: Path) -> AsyncIterator[Store]:
    """A store in a file."""
    store = SqliteStore(folder / "test.db")
    await store.open()
    yield store
    store.cut()
    await store.close()


@asynccontextmanager
async def postgres(_folder: Path) -> AsyncIterator[Store]:
    """A store in a database of its own."""
    with new_database() as url:
        store = PostgresStore(url)
        await store.open()
        yield store
        store.cut()
        await store.close()


ENGINES: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Store]]] = {
    "memory": memory,
    "sqlite": sqlite,
    "postgres": postgres,
}
"""Opens a fresh store, by its kind; a folder is there for its files."""


async def commit(store: Store, *documents: Document, kind: str = "thread", parent: str = "") -> Changes:
    """Put documents in one commit."""
    batch = Batch(store)
    for document in documents:
        batch.put(kind, document, parent)
    return await batch.commit()


def run_of(id: str, thread_id: str = "t", status: str = "queued", expires_at: float = 1e10) -> Document:
    """A run's document with what a store looks at."""
    return {"id": id, "thread_id": thread_id, "status": status, "expires_at": expires_at, "metadata": None}


def word(text: str, message_id: str = "m", **more: Any) -> Event:
    """A delta with text of a message."""
    part = {"index": 0, "type": "text", "text": {"value": text, **more}}
    return Event("thread.message.delta", "delta", {"id": message_id, "object": "x", "delta": {"content": [part]}})


def text_of(events: list[Event]) -> str:
    """The text of deltas."""
    return "".join(event.document["delta"]["content"][0]["text"]["value"] for event in events if event.kind == "delta")
