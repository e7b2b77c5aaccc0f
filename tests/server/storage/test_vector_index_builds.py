"""Indexes of vector stores: built once for each state of a store, however often and by whomever it is searched."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

from assistants_async.server.storage.ids import IdFactory
from assistants_async.server.storage.quota import Quota
from assistants_async.server.storage.search import SearchIndex
from assistants_async.server.storage.vector_index import VectorIndex
from tests.support.steady_loop import MS
from tests.support.stores import ENGINES
from tests.support.talk import Talk, talking

_BUILD = SearchIndex.__init__.__code__


@contextmanager
def builds() -> Iterator[list[FrameType]]:
    """Count the indexes that are made in this thread."""
    found: list[FrameType] = []

    def see(frame: FrameType, event: str, _what: object) -> None:
        if event == "call" and frame.f_code is _BUILD:
            found.append(frame)

    before = sys.getprofile()
    sys.setprofile(see)
    try:
        yield found
    finally:
        sys.setprofile(before)


async def read(talk: Talk, path: str) -> None:
    """Wait until the files of a store are read."""
    while (await talk.get(path))["status"] == "in_progress":
        await asyncio.sleep(MS)


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_index_is_built_once_a_version(engine: str, tmp_path: Path) -> None:
    """For searches one after the other, for those at the same time, and for runs; again after each change of files."""
    async with ENGINES[engine](tmp_path) as kept, talking(store=kept) as talk:
        files = [await talk.upload(b"It rains in Bergen.", f"{number}.md") for number in range(3)]
        store = await talk.make("/vector_stores", {"file_ids": [file["id"] for file in files[:2]]})
        path = f"/vector_stores/{store['id']}"
        await read(talk, path)
        assistant = await talk.assistant(
            tools=[{"type": "file_search"}], tool_resources={"file_search": {"vector_store_ids": [store["id"]]}}
        )
        with builds() as found:

            async def search() -> int:
                return len((await talk.make(f"{path}/search", {"query": "Bergen rains"}))["data"])

            assert [await search() for _ in range(3)] == [2, 2, 2]
            assert len(found) == 1
            thread = {"messages": [{"role": "user", "content": "Bergen"}]}
            for _ in range(2):
                run = await talk.make("/threads/runs", {"assistant_id": assistant["id"], "thread": thread})
                await talk.until(run, "completed")
            assert len(found) == 1
            await talk.make(f"{path}/files", {"file_id": files[2]["id"]})
            await read(talk, path)
            assert await asyncio.gather(*(search() for _ in range(8))) == [3] * 8
            assert len(found) == 2
            assert (await talk("DELETE", f"{path}/files/{files[0]['id']}")).status == 200
            assert await search() == 2
            assert len(found) == 3
            # A server that has just started, with many runs that search at once.
            fresh = VectorIndex(Quota(kept, 2**30), IdFactory(1), clock=time.time, pace=0)
            searches = [fresh.search(kept, [store["id"]], "Bergen") for _ in range(8)]
            assert [len(one) for one in await asyncio.gather(*searches)] == [2] * 8
            assert len(found) == 4
