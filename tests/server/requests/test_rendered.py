"""Documents on pages: kept as JSON, never out of date, and within a bound."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import msgspec
import pytest

from assistants_async.server.requests.rendered import RenderedDocuments
from assistants_async.server.storage.documents import render
from assistants_async.server.storage.interface import Stored
from assistants_async.server.storage.memory import MemoryStore
from assistants_async.server.storage.sqlite import SqliteStore
from tests.support.talk import Document, talking


def messages(count: int, text: str = "Hello") -> list[Stored]:
    """Messages of the user, as a store has them."""
    content = [{"type": "text", "text": {"value": text, "annotations": []}}]
    return [
        Stored({"id": f"msg_{number}", "role": "user", "content": content, "file_ids": []}, number, number)
        for number in range(1, count + 1)
    ]


def documents(kept: RenderedDocuments, rows: list[Stored]) -> list[Document]:
    """The documents on a page."""
    found: list[Document] = msgspec.json.decode(msgspec.json.encode(kept.page("message", rows)))
    return found


def test_each_version_has_its_members() -> None:
    """The first time and later."""
    rows = messages(3)
    for protocol in ("v1", "v2"):
        kept = RenderedDocuments(protocol)
        for _ in range(2):
            assert documents(kept, rows) == [render("message", row.document, protocol) for row in rows]


def test_bound() -> None:
    """Documents of far more bytes than are kept come right, first and again, in the memory of the bound."""
    kept, rows = RenderedDocuments("v2"), messages(30_000)
    tracemalloc.start()
    try:
        for start in (*range(0, 30_000, 1000), 0, 29_000):
            page = rows[start : start + 1000]
            assert documents(kept, page) == [render("message", row.document, "v2") for row in page]
        assert tracemalloc.get_traced_memory()[0] < 5 * 2**20
    finally:
        tracemalloc.stop()


def test_long_documents_are_not_kept() -> None:
    """One of a megabyte would take the place of thousands."""
    kept, row = RenderedDocuments("v2"), messages(1, "x" * 2**20)
    tracemalloc.start()
    try:
        assert len(documents(kept, row)[0]["content"][0]["text"]["value"]) == 2**20
        assert tracemalloc.get_traced_memory()[0] < 2**18
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("on_disk", [False, True], ids=["memory", "sqlite"])
async def test_a_changed_document_is_listed_as_it_is(*, on_disk: bool, tmp_path: Path) -> None:
    """In both versions, after each change."""
    store = SqliteStore(tmp_path / "home.db") if on_disk else MemoryStore()
    async with talking(store=store) as talk:
        thread = await talk.thread("one", "two")
        path = f"/threads/{thread['id']}/messages"
        v1 = {"openai-beta": "assistants=v1"}
        for number in range(3):
            page = await talk.get(path)
            assert page["data"] == [await talk.get(f"{path}/{one['id']}") for one in page["data"]]
            older = (await talk("GET", path, headers=v1)).document["data"]
            assert ["file_ids" in one for one in older] == [True, True]
            assert [one["metadata"] for one in older] == [one["metadata"] for one in page["data"]]
            changed = page["data"][0]["id"]
            await talk.make(f"{path}/{changed}", {"metadata": {"number": str(number)}})
            assert [one["metadata"] for one in (await talk.get(path))["data"]] == [{"number": str(number)}, {}]


async def test_after_a_reset() -> None:
    """A seed gives the same ids again, for other documents."""
    async with talking() as talk:
        for name in ("first", "second"):
            await talk.assistant(name=name)
            assert [one["name"] for one in (await talk.get("/assistants"))["data"]] == [name]
            talk.server.reset()
