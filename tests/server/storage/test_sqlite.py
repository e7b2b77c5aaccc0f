"""The SQLite store: one process a file, one schema, everything there again, and words where it cannot be used."""

from __future__ import annotations

import asyncio
import io
import logging
import sqlite3
from pathlib import Path

import aiohttp
import pytest

from assistants_async.server import AssistantsServer, SqliteStore
from assistants_async.server.engine.journal import Journal
from assistants_async.server.storage.batch import Batch, content_of
from assistants_async.server.storage.interface import (
    Changes,
    Claim,
    Event,
    Key,
    PageQuery,
    Store,
    StoreError,
    UnknownCursorError,
    Write,
)
from assistants_async.server.storage.locations import store_at
from assistants_async.server.storage.sqlite_file import SCHEMA_VERSION
from tests.support.stores import commit, run_of, word
from tests.support.talk import talking

RAIN = b"It rains in Bergen. " * 100_000


async def test_everything_is_there_again(tmp_path: Path) -> None:
    """Documents, their order and cursors, what is due, files and their search, after the server has gone."""
    path = tmp_path / "home.db"
    async with talking(store=SqliteStore(path)) as talk:
        form = aiohttp.FormData({"purpose": "assistants"})
        form.add_field("file", io.BytesIO(RAIN), filename="rain.md")
        file = (await talk("POST", "/files", data=form)).document
        store = await talk.make("/vector_stores", {"file_ids": [file["id"]]})
        assistant = await talk.assistant()
        thread = await talk.thread("one", "two", "three")
        messages = (await talk.get(f"/threads/{thread['id']}/messages?order=asc"))["data"]
        run = await talk.until(await talk.run("hello"), "completed")
        await talk("DELETE", f"/threads/{thread['id']}/messages/{messages[1]['id']}")
        await asyncio.sleep(0.05)
        await talk.get(f"/vector_stores/{store['id']}")
    async with talking(store=SqliteStore(path)) as talk:
        assert await talk.get(f"/assistants/{assistant['id']}") == assistant
        path_of = f"/threads/{thread['id']}/messages"
        left = (await talk.get(f"{path_of}?order=asc&after={messages[1]['id']}"))["data"]
        assert left == [messages[2]]
        assert (await talk.get(f"/threads/{run['thread_id']}/runs/{run['id']}")) == run
        answer = await talk("GET", f"/files/{file['id']}/content")
        assert answer.content == RAIN
        assert answer.headers["content-length"] == "2000000"
        found = await talk.make(f"/vector_stores/{store['id']}/search", {"query": "Bergen"})
        assert found["data"][0]["filename"] == "rain.md"
        assert (await talk("DELETE", f"/files/{file['id']}")).status == 200
        assert (await talk("GET", f"/files/{file['id']}/content")).status == 404
        assert (await talk.make(f"/vector_stores/{store['id']}/search", {"query": "Bergen"}))["data"] == []
    assert list((tmp_path / "home.db.files").iterdir()) == []


async def test_one_process_a_file(tmp_path: Path) -> None:
    """A second one is told what serves several; the file is free again when the first has closed."""
    path = tmp_path / "home.db"
    first, second = SqliteStore(path), SqliteStore(path)
    await first.open()
    await first.open()
    with pytest.raises(ValueError, match=r"used by another process.*PostgreSQL"):
        await second.open()
    await first.close()
    await first.close()
    await second.open()
    await second.close()


async def test_files_that_are_no_store(tmp_path: Path) -> None:
    """Each is refused in one sentence, and left as it was."""
    newer, other, text = tmp_path / "newer.db", tmp_path / "other.db", tmp_path / "text.db"
    store = SqliteStore(newer)
    await store.open()
    await store.close()
    with sqlite3.connect(newer) as connection:
        connection.execute("UPDATE meta SET schema_version = ?", (SCHEMA_VERSION + 1,))
    connection.close()
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE customers (name)")
    connection.close()
    text.write_bytes(b"This is a text, and no database at all. " * 100)
    for path, words in (
        (newer, f"schema version {SCHEMA_VERSION + 1}"),
        (other, "its tables are customers"),
        (text, "no store of this package"),
        (tmp_path / "none" / "home.db", "cannot be opened"),
        (tmp_path, "cannot be opened"),
    ):
        before = path.read_bytes() if path.is_file() else None
        with pytest.raises(ValueError, match=words):
            await SqliteStore(path).open()
        assert (path.read_bytes() if path.is_file() else None) == before


async def test_a_server_that_cannot_open_its_store(tmp_path: Path) -> None:
    """Starting raises the sentence."""
    with pytest.raises(ValueError, match="cannot be opened"):
        await AssistantsServer(store=SqliteStore(tmp_path / "none" / "home.db")).start()


async def test_a_full_disk(tmp_path: Path) -> None:
    """Creates get a 507 in words and leave nothing; reading goes on, and creating too once there is room."""
    store = SqliteStore(tmp_path / "home.db")
    async with talking(store=store) as talk:
        thread = await talk.make("/threads", {"metadata": {"k": "v"}})
        assert store._file is not None
        connection = store._file.connection
        pages = await store._run(lambda: connection.execute("PRAGMA page_count").fetchone()[0])
        await store._run(connection.execute, f"PRAGMA max_page_count = {pages}")
        while (answer := await talk("POST", "/threads", {"metadata": {"k": "v" * 500}})).status == 200:
            pass
        assert (answer.status, answer.error["code"]) == (507, "insufficient_storage")
        assert "disk" in answer.error["message"]
        count = len((await talk.get("/threads?limit=100"))["data"])
        assert (await talk("POST", "/threads", {"metadata": {"k": "v" * 500}})).status == 507
        assert len((await talk.get("/threads?limit=100"))["data"]) == count
        assert await talk.get(f"/threads/{thread['id']}") == thread
        await store._run(connection.execute, "PRAGMA max_page_count = 1000000")
        assert (await talk("POST", "/threads", {})).status == 200


async def test_reading_does_not_wait_for_writing(tmp_path: Path) -> None:
    """While the disk takes its time with a commit, everything is read as it was before."""
    async with talking(store=SqliteStore(tmp_path / "home.db")) as talk:
        thread = await talk.make("/threads", {"metadata": {"k": "v"}})
        other = sqlite3.connect(tmp_path / "home.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        changing = asyncio.create_task(talk.make(f"/threads/{thread['id']}", {"metadata": {"k": "w"}}))
        assert (await talk.get(f"/threads/{thread['id']}"))["metadata"] == {"k": "v"}
        assert (await talk.get("/threads?limit=100"))["data"] == [thread]
        assert not changing.done()
        other.execute("ROLLBACK")
        other.close()
        assert (await changing)["metadata"] == {"k": "w"}
        assert (await talk.get(f"/threads/{thread['id']}"))["metadata"] == {"k": "w"}


async def test_a_store_that_cannot_be_used(tmp_path: Path) -> None:
    """A 503, and `/readyz` says so; runs that were under way are taken up once it is back."""
    store = SqliteStore(tmp_path / "home.db")
    async with talking(store=store) as talk:
        assert store._file is not None
        connection = store._file.connection
        await store._run(connection.execute, "ALTER TABLE objects RENAME TO hidden")
        answer = await talk("GET", "/threads")
        assert (answer.status, answer.error["type"]) == (503, "server_error")
        root = talk.server.base_url.removesuffix("/v1")
        ready = await talk("GET", f"{root}/readyz")
        assert (ready.status, ready.document) == (503, {"status": "the store cannot be reached: StoreRefusalError"})
        await store._run(connection.execute, "ALTER TABLE hidden RENAME TO objects")
        assert (await talk("GET", "/threads")).status == 200


async def test_events_wait_for_the_store(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A run whose events cannot be written goes on when they can be, and doubles none."""
    caplog.set_level(logging.CRITICAL, "assistants_async.server")
    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    await commit(store, run_of("a"), kind="run", parent="t")
    claim = await store.claim("w", 0.0)
    stored = await store.get(Key("run", "t", "a"))
    assert claim is not None
    assert stored is not None
    assert store._file is not None
    journal = Journal(store, claim, stored, lambda _error: None)
    await store._run(store._file.connection.execute, "ALTER TABLE events RENAME TO hidden")
    journal.emit(word("a"))
    waiting = asyncio.ensure_future(journal.flush())
    await asyncio.sleep(0.2)
    assert not waiting.done()
    await store._run(store._file.connection.execute, "ALTER TABLE hidden RENAME TO events")
    await waiting
    assert list(await store.events("a", 0)) == [word("a")]
    # The same commit once more, as after an answer that was lost.
    await store.commit(Changes(claim, 1, events={"a": [word("a")]}))
    assert list(await store.events("a", 0)) == [word("a")]
    await store.close()


async def test_a_commit_whose_task_is_cancelled(tmp_path: Path) -> None:
    """It is made all the same, and everyone hears of it: workers, followers, and whoever ends what is due."""
    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    heard: list[tuple[str, str]] = []
    store.listen(lambda notice, run_id: heard.append((notice, run_id)))

    async def cancelled(committing: asyncio.Task[object]) -> None:
        await asyncio.sleep(0)
        committing.cancel()
        await asyncio.wait([committing])
        assert committing.cancelled()

    await cancelled(asyncio.create_task(commit(store, run_of("a"), kind="run", parent="t")))
    claim = await store.claim("w", 0.0)
    assert claim is not None
    assert (heard, store.next_due("run")) == ([("queued", "a")], 1e10)
    follower = store.follow("a", 0)
    await store.commit(Changes(claim, 1, events={"a": [word("a")]}))
    assert list(await follower.read(60.0) or ()) == [word("a")]
    await cancelled(asyncio.create_task(store.commit(Changes(claim, 2, events={"a": [word("b")]}))))
    assert list(await follower.read(60.0) or ()) == [word("b")]
    end = {Key("run", "t", "a"): Write(run_of("a", "t", "completed"))}
    await cancelled(asyncio.create_task(store.commit(Changes(claim, 3, writes=end))))
    assert await follower.read(60.0) is None
    # One that is refused is nobody's news.
    await cancelled(asyncio.create_task(store.commit(Changes(claim, 4, events={"a": [word("c")]}))))
    await store.close()


async def test_closed(tmp_path: Path) -> None:
    """A closed store says that it is."""
    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    await store.close()
    with pytest.raises(StoreError, match="is not open"):
        await store.check()
    with pytest.raises(StoreError, match="is not open"):
        await store.commit(Changes())
    await store.release("w")


async def test_leases(tmp_path: Path) -> None:
    """A claim that is not renewed is lost: the run goes to another worker, and the first one writes no more."""
    store = SqliteStore(tmp_path / "home.db", lease=10)
    await store.open()
    for name in ("a", "b"):
        await commit(store, run_of(name, f"t-{name}"), kind="run", parent=f"t-{name}")
    first, other = await store.claim("w", 0.0), await store.claim("w", 0.0)
    assert first is not None
    assert other is not None
    assert await store.claim("v", 9.0) is None
    await store.renew("w", [first.run_id], 9.0)
    lost = await store.claim("v", 11.0)
    assert lost == Claim("b", "t-b", other.epoch + 1, lost=True, losses=1)
    assert await store.claim("v", 18.0) is None
    await store.release("w")
    again = await store.claim("u", 18.0)
    assert again is not None
    assert (again.run_id, again.lost, again.losses) == ("a", True, 1)
    await store.close()


async def test_events_go_a_while_after_the_end(tmp_path: Path) -> None:
    """They can be followed for ten minutes, and then are swept."""
    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    await commit(store, run_of("a"), kind="run", parent="t")
    claim = await store.claim("w", 0.0)
    assert claim is not None
    key = Key("run", "t", "a")
    end = Event("thread.run.completed", "run", run_of("a", "t", "completed"))
    await store.commit(Changes(claim, 1, writes={key: Write(end.document)}, events={"a": [word("a"), end]}))
    await store.renew("w", [], 0.0)
    assert len(await store.events("a", 0)) == 2
    follower = store.follow("a", 1)
    assert list(await follower.read(60.0) or ()) == [end]
    assert await follower.read(60.0) is None
    follower.close()
    assert store._file is not None
    await store._run(store._file.connection.execute, "UPDATE ended SET at = at - 601")
    await store.renew("w", [], 0.0)
    assert list(await store.events("a", 0)) == []
    await store.close()


async def test_what_a_crash_leaves_is_swept(tmp_path: Path) -> None:
    """Blobs that no commit kept go at the next start."""
    path = tmp_path / "home.db"
    store = SqliteStore(path)
    await store.open()
    kept = store.new_blob()
    await kept.write(b"x" * 2**20)
    batch = Batch(store)
    batch.keep(kept)
    await batch.commit()
    await store.close()
    (tmp_path / "home.db.files" / "half.new").write_bytes(b"x")
    await store.open()
    assert await content_of(store, kept.id) == b"x" * 2**20
    assert len(list((tmp_path / "home.db.files").iterdir())) == 1
    await store.close()


async def test_places_go_a_week_after_their_documents(tmp_path: Path) -> None:
    """A server that is never restarted drops them too, when it renews its leases."""
    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    batch = Batch(store)
    batch.put("thread", {"id": "a"})
    batch.put("thread", {"id": "b"})
    await batch.commit()
    batch.remove("thread", "a")
    await batch.commit()
    await store.renew("w", [], 0.0)
    assert [row.document["id"] for row in (await store.page("thread", "", PageQuery(after="a"))).rows] == ["b"]
    assert store._file is not None
    await store._run(store._file.connection.execute, "UPDATE objects SET removed = removed - 8 * 86400")
    await store.renew("w", [], 0.0)
    with pytest.raises(UnknownCursorError):
        await store.page("thread", "", PageQuery(after="a"))
    await store.close()


@pytest.mark.parametrize(
    ("location", "name"),
    [("memory", "memory"), ("sqlite:home.db", "sqlite:home.db"), ("sqlite:/x/y.db", "sqlite:/x/y.db")],
)
def test_locations(location: str, name: str) -> None:
    """A store has the name of its location."""
    store: Store = store_at(location)
    assert store.name == name


@pytest.mark.parametrize("location", ["", "sqlite", "sqlite:", "sqlite://x", "mysql://u:secret@h/d", "home.db"])
def test_wrong_locations(location: str) -> None:
    """Anything else is refused with what there is, and no password is shown."""
    with pytest.raises(ValueError, match="is not a store: give memory, ") as raised:
        store_at(location)
    assert "secret" not in str(raised.value)
