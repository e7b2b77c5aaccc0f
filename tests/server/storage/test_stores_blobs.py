"""Blobs whose commit is under way when the task that waits for it is cancelled."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from assistants_async.server.storage.batch import Batch, content_of
from assistants_async.server.storage.interface import Key, Store


async def put(store: Store, name: str, content: bytes, began: asyncio.Event) -> None:
    """Keep a blob as an upload does: thrown away in the end, unless it is kept."""
    blob = store.new_blob()
    try:
        await blob.write(content)
        batch = Batch(store)
        batch.put("file", {"id": name, "purpose": "vision", "blob": batch.keep(blob)})
        began.set()
        await batch.commit()
    finally:
        await blob.close()


@pytest.mark.parametrize("size", [40, 4200], ids=["in a buffer", "in pieces"])
async def test_a_file_that_is_there_has_its_bytes(store: Store, size: int) -> None:
    """However far the commit had come; one that was not made leaves no file."""
    content = bytes(range(256)) * size
    for steps in range(8):
        began, name = asyncio.Event(), f"file-{steps}"
        # Others are served first, so that the commit has to wait.
        others = [asyncio.create_task(store.tally("file", "")) for _ in range(20)]
        task = asyncio.create_task(put(store, name, content, began))
        await began.wait()
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.gather(*others)
        stored = await store.get(Key("file", "", name))
        if stored is not None:
            assert await content_of(store, stored.document["blob"]) == content
    # Nothing is left of it that a later commit would meet.
    await put(store, "file-0", content, asyncio.Event())
    stored = await store.get(Key("file", "", "file-0"))
    assert stored is not None
    assert await content_of(store, stored.document["blob"]) == content
