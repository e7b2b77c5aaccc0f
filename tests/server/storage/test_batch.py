"""Requests whose objects others change meanwhile, and lists that are part of another object."""

from __future__ import annotations

import io
from pathlib import Path

import aiohttp
import pytest

from assistants_async.server import AssistantsServer, MemoryStore, SqliteStore
from assistants_async.server.engine.thread_items import read_thread
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.due_times import DueTimes
from assistants_async.server.storage.ids import IdFactory
from assistants_async.server.storage.interface import Changes, ConflictError
from assistants_async.server.storage.quota import Quota
from assistants_async.server.storage.vector_index import VectorIndex, expire_files
from tests.support.talk import Talk, talking


class Contended(MemoryStore):
    """A store in which somebody else is quicker so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def commit(self, changes: Changes) -> None:
        """Refuse a commit as long as others are quicker."""
        if self.times:
            self.times -= 1
            raise ConflictError
        await super().commit(changes)


async def test_a_conflict_is_tried_again() -> None:
    """The client does not notice one, and is told where they do not end."""
    async with talking(store=Contended(3)) as talk:
        assert (await talk("POST", "/threads", {})).status == 200
    async with talking(store=Contended(1000)) as talk:
        answer = await talk("POST", "/threads", {})
        assert (answer.status, answer.error["code"]) == (409, "conflict")
        assert (await talk.get("/threads"))["data"] == []


async def test_conflicts_of_what_is_due() -> None:
    """It stays due, and the next look does it."""
    store = Contended(0)
    batch = Batch(store)
    batch.put("file", {"id": "a", "purpose": "p", "expires_at": 10, "blob": "b"})
    batch.put("store_file", {"id": "x", "status": "in_progress", "usage_bytes": 0, "read_at": 1.0}, "s")
    await batch.commit()
    store.times = 1
    await expire_files(store, 20)
    assert store.next_due("file") == 10
    await expire_files(store, 20)
    assert store.next_due("file") is None
    index = VectorIndex(Quota(store, 2**30), IdFactory(1), clock=lambda: 0.0, pace=0.0)
    await index.settle(store)  # its file is gone
    assert (await store.tally("store_file", "s")).states["in_progress"] == 1


async def test_files_of_a_message(talk_v1: Talk) -> None:
    """Listed by the rules of every list, both ways and with cursors."""
    files = [(await talk_v1.upload())["id"] for _ in range(4)]
    thread = await talk_v1.make("/threads", {"messages": [{"role": "user", "content": "hi", "file_ids": files}]})
    [message] = (await talk_v1.get(f"/threads/{thread['id']}/messages"))["data"]
    path = f"/threads/{thread['id']}/messages/{message['id']}/files"
    a, b, c, d = files
    for query, found, more in (
        ("", [d, c, b, a], False),
        ("order=asc&limit=3", [a, b, c], True),
        (f"order=asc&after={b}", [c, d], False),
        (f"order=asc&before={d}&limit=2", [b, c], True),
        (f"after={d}&before={a}", [c, b], False),
        (f"after={c}&limit=1", [b], True),
    ):
        listed = await talk_v1.get(f"{path}?{query}")
        assert ([file["id"] for file in listed["data"]], listed["has_more"]) == (found, more), query
    refused = await talk_v1("GET", f"{path}?after=file-x")
    assert (refused.status, refused.error["code"]) == (400, "invalid_cursor")
    assert (await talk_v1.get(f"{path}/{b}"))["message_id"] == message["id"]
    assert (await talk_v1("GET", f"{path}/file-x")).status == 404


def test_due_times_forget() -> None:
    """What was taken back does not pile up."""
    times = DueTimes[tuple[str]]()
    for number in range(1_000):
        times.add((str(number),), number)
        times.discard((str(number),))
    assert len(times._heap) < 100
    assert times.first is None


def test_settings(tmp_path: Path) -> None:
    """Settings out of their range are refused, and only memory can be reset."""
    with pytest.raises(ValueError, match="concurrency must be 1"):
        AssistantsServer(concurrency=0)
    with pytest.raises(ValueError, match="grace must be 0"):
        AssistantsServer(grace=-1)
    with pytest.raises(TypeError, match="can be reset, not one with sqlite:"):
        AssistantsServer(store=SqliteStore(tmp_path / "home.db")).reset()


async def test_a_disk_that_takes_no_files(tmp_path: Path) -> None:
    """A 503, and nothing is kept, whatever the size of the file."""
    async with talking(store=SqliteStore(tmp_path / "home.db")) as talk:
        (tmp_path / "home.db.files").write_bytes(b"in the way")
        for size in (10, 2 * 2**20):
            form = aiohttp.FormData({"purpose": "assistants"})
            form.add_field("file", io.BytesIO(b"x" * size), filename="a.txt")
            assert (await talk("POST", "/files", data=form)).status == 503
        assert (await talk.get("/files"))["data"] == []
    with pytest.raises(ValueError, match="cannot be opened: the disk of the store: Not a directory"):
        await SqliteStore(tmp_path / "home.db").open()
    (tmp_path / "home.db.files").unlink()
    async with talking(store=SqliteStore(tmp_path / "home.db")) as talk:
        assert (await talk.get("/files"))["data"] == []


async def test_a_long_thread_with_rounds() -> None:
    """With `last_messages` a run sees the newest messages and the rounds between them, and its own rounds always."""
    store = MemoryStore()
    batch = Batch(store)
    for number in range(200):
        message = {"id": f"m{number}", "role": "user", "content": [], "tokens": 1}
        batch.put("message", message, "t")
        details = {"tool_calls": [{"id": f"c{number}", "type": "mcp"}]}
        run_id = "own" if number == 1 else "other"
        step = {
            "id": f"s{number}",
            "run_id": run_id,
            "type": "tool_calls",
            "status": "completed",
            "step_details": details,
        }
        batch.put("step", step, "t")
    await batch.commit()
    strategy = {"type": "last_messages", "last_messages": 120}
    view = await read_thread(store, {"id": "own", "thread_id": "t", "truncation_strategy": strategy})
    assert (view.count, view.tokens, len(view.messages), len(view.items)) == (200, 120, 120, 241)
    assert [message.role for message in view.messages[:2]] == ["user", "user"]
    whole = await read_thread(store, {"id": "own", "thread_id": "t"})
    assert (whole.count, len(whole.items)) == (200, 400)
