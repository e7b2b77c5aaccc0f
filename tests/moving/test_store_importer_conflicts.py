"""Objects that a store has already, folders that are none, and wrong arguments."""

from __future__ import annotations

import asyncio
import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistants_async.moving import FolderError, ImportConflictError, MovingProblem, MovingReport, import_account
from assistants_async.moving.folder import Line
from assistants_async.server import AssistantsServer, MemoryStore
from assistants_async.server.storage.interface import Key, PageQuery
from tests.support.account import client_of

AT = {"created_at": 1}
TEXT = {"type": "text", "text": {"value": "hi", "annotations": []}}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Write the folder of a small account by hand."""
    folder = tmp_path / "a"
    for name in ("files", "threads"):
        (folder / name).mkdir(parents=True)
    manifest = {"format": 1, "source": "http://a/v1", "made_at": 1, "complete": True}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    write(folder, "files.jsonl", Line("file", {"id": "f", "filename": "f.txt", "purpose": "assistants", **AT}))
    (folder / "files" / "f").write_bytes(b"some words")
    in_store = Line("vector_store_file", {"id": "f", "status": "completed", **AT}, "v")
    write(folder, "vector_stores.jsonl", Line("vector_store", {"id": "v", "name": "one", **AT}), in_store)
    write(folder, "assistants.jsonl", Line("assistant", {"id": "a", "model": "m", **AT}))
    messages = [Line("message", {"id": f"m{n}", "role": "user", "content": [TEXT], **AT}, "t") for n in (1, 2)]
    run = Line("run", {"id": "r", "status": "completed", **AT}, "t")
    step = Line("step", {"id": "s", "type": "message_creation", "status": "completed", **DETAILS, **AT}, "r")
    write(folder, "threads/t.jsonl", Line("thread", {"id": "t", **AT}), *messages, run, step)
    return folder


DETAILS = {"step_details": {"type": "message_creation", "message_creation": {"message_id": "m2"}}}


def write(folder: Path, name: str, *lines: Line) -> None:
    """Write a file of a folder."""
    (folder / name).write_bytes(b"".join(line.encode() for line in lines))


def swap(folder: Path, name: str, old: str, new: str) -> None:
    """Change a text in a file of a folder."""
    path = folder / name
    assert old in path.read_text(encoding="utf-8")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


CHANGES: dict[str, tuple[str, str, str]] = {
    "assistant a": ("assistants.jsonl", '"m"', '"n"'),
    "file f": ("files/f", "some", "more"),
    "vector_store v": ("vector_stores.jsonl", '"one"', '"two"'),
    "vector_store_file f": ("vector_stores.jsonl", '"completed"', '"completed","attributes":{"a":1}'),
    "thread t": ("threads/t.jsonl", '"t","created_at":1', '"t","created_at":1,"metadata":{"a":"b"}'),
    "message m2": ("threads/t.jsonl", '"m2","role":"user"', '"m2","role":"assistant"'),
    "run r": ("threads/t.jsonl", '"id":"r","status":"completed"', '"id":"r","status":"queued"'),
    "step s": ("threads/t.jsonl", '"message_creation","status":"completed"', '"message_creation","status":"failed"'),
}
"""One changed text for each kind of object, by the name in the error."""


async def contents(store: MemoryStore) -> list[Any]:
    """Read all documents of a store."""
    parents = [("file", ""), ("vector_store", ""), ("store_file", "v"), ("assistant", ""), ("thread", "")]
    parents += [(kind, "t") for kind in ("message", "run", "step")]
    return [row for kind, parent in parents for row in (await store.page(kind, parent, PageQuery())).rows]


@pytest.mark.parametrize("name", CHANGES)
async def test_other_content_is_a_conflict(small: Path, name: str) -> None:
    """By name, before anything is written; `skip` leaves it as it is, and reports it."""
    store = MemoryStore()
    await import_account(store, small)
    before = await contents(store)
    swap(small, *CHANGES[name])
    write(small, "threads/t2.jsonl", Line("thread", {"id": "t2", **AT}))
    with pytest.raises(ImportConflictError) as caught:
        await import_account(store, small)
    assert str(caught.value) == (
        f"nothing was imported: memory has other content for {name}; on_conflict 'skip' leaves those as they are"
    )
    assert await contents(store) == before
    report = await import_account(store, small, on_conflict="skip")
    assert report.counts == {"thread": 1}
    assert name in [f"{problem.kind} {problem.id}" for problem in report.problems]
    assert [row for row in await contents(store) if row.document["id"] != "t2"] == before


async def test_many_conflicts_are_counted(small: Path) -> None:
    """The error names ten, and has all; it can be pickled."""
    store = MemoryStore()
    names = [f"a{number}" for number in range(12)]
    write(small, "assistants.jsonl", *[Line("assistant", {"id": name, "model": "m", **AT}) for name in names])
    await import_account(store, small)
    swap(small, "assistants.jsonl", '"m"', '"n"')
    with pytest.raises(ImportConflictError, match="assistant a7 and 2 more; on_conflict") as caught:
        await import_account(store, small)
    assert {conflict.id for conflict in caught.value.conflicts} == set(names)
    assert pickle.loads(pickle.dumps(caught.value)).conflicts == caught.value.conflicts


async def test_a_longer_file_is_another(small: Path) -> None:
    """A file is compared to its last byte; where the folder has no bytes, by what is known of it."""
    store = MemoryStore()
    await import_account(store, small)
    with (small / "files" / "f").open("ab") as file:
        file.write(b"!")
    with pytest.raises(ImportConflictError, match="file f"):
        await import_account(store, small)
    (small / "files" / "f").unlink()
    assert (await import_account(store, small)).problems == ()


async def test_what_the_store_changes_by_itself_is_no_conflict(small: Path) -> None:
    """A vector store that was used, and messages that came in."""
    store = MemoryStore()
    await import_account(store, small)
    async with AssistantsServer(store=store) as server, client_of(server) as client:
        await client.vector_stores.search("v", query="words")
        await client.messages.create("t", role="user", content="new")
    assert (await import_account(store, small)).counts == {}
    message = Line("message", {"id": "m3", "role": "user", "content": [TEXT], "created_at": 9}, "t")
    with (small / "threads" / "t.jsonl").open("ab") as file:
        file.write(message.encode())
    assert (await import_account(store, small)).counts == {"message": 1}


async def test_what_cannot_be_used_is_reported(small: Path) -> None:
    """With the reason; the rest is there."""
    write(
        small, "assistants.jsonl", Line("assistant", {"id": "a", **AT}), Line("assistant", {"id": "b\0", "model": "m"})
    )
    lines = [
        Line("message", {"id": "m1", "role": "user", "content": [{"type": "text", "text": "flat"}], **AT}, "t"),
        Line("step", {"id": "s", "type": "message_creation", "status": "completed", **DETAILS, **AT}, "gone"),
        Line("novelty", {"id": "n"}, "t"),
    ]
    write(small, "threads/t.jsonl", Line("thread", {"id": "t", **AT}), *lines)
    write(small, "threads/u.jsonl", Line("thread", {"id": "u", "created_at": "today"}), *lines)
    store_file = Line("vector_store_file", {"id": "f", "status": "completed", **AT}, "other")
    write(small, "vector_stores.jsonl", store_file)
    report = await import_account(MemoryStore(), small)
    assert {(problem.kind, problem.id): problem.reason for problem in report.problems} == {
        ("assistant", "a"): "it cannot be used: Object missing required field `model`",
        ("assistant", "b\0"): "it cannot be used: Expected `str` matching regex '^[^\\\\x00]+$' - at `$.id`",
        ("message", "m1"): "it cannot be used: a content part of type text without its value - at `$.content[0]`",
        ("novelty", "n"): "this kind of object is unknown",
        ("step", "s"): "its run is not in the folder",
        ("thread", "u"): "it cannot be used: Expected `int`, got `str` - at `$.created_at`",
        ("vector_store_file", "other/f"): "its file or its store was not imported",
    }
    assert report.counts == {"file": 1, "thread": 1}


async def test_the_text_of_refused_bytes(small: Path) -> None:
    """Takes their place, under a name that says so."""
    (small / "files" / "f").rename(small / "files" / "f.txt")
    store = MemoryStore()
    assert (await import_account(store, small)).is_complete
    assert (await import_account(store, small)).counts == {}
    stored = await store.get(Key("file", "", "f"))
    assert stored is not None
    assert (stored.document["filename"], stored.document["bytes"]) == ("f.txt.txt", 10)
    assert [piece async for piece in store.read_blob(stored.document["blob"])] == [b"some words"]


def _cut(folder: Path) -> None:
    path = folder / "threads" / "t.jsonl"
    path.write_bytes(path.read_bytes()[:-9])


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "none": (shutil.rmtree, "is no exported account"),
    "unfinished": (lambda folder: swap(folder, "manifest.json", "true", "false"), "is an unfinished export"),
    "newer": (lambda folder: swap(folder, "manifest.json", '"format": 1', '"format": 2'), "use a newer version"),
    "truncated": (_cut, "t.jsonl', line 5: not a whole line"),
    "empty": (lambda folder: (folder / "threads" / "t.jsonl").write_bytes(b""), "t.jsonl', line 1: not a thread"),
    "no list": (lambda folder: (folder / "files.jsonl").unlink(), "cannot read .*files.jsonl"),
    "no threads": (lambda folder: shutil.rmtree(folder / "threads"), "cannot read .*threads': No such file"),
    "no id": (lambda folder: write(folder, "assistants.jsonl", Line("assistant", {})), "line 1: not a whole line"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("on_conflict", ["fail", "skip"])
async def test_a_folder_that_is_none_changes_nothing(small: Path, name: str, on_conflict: Any) -> None:
    """One sentence each."""
    spoil, words = BAD[name]
    spoil(small)
    store = MemoryStore()
    with pytest.raises(FolderError, match=words):
        await import_account(store, small, on_conflict=on_conflict)
    assert await contents(store) == []


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"concurrency": 2}, "concurrency is for servers"),
        ({"on_conflict": "ask"}, "on_conflict must be 'fail' or 'skip', not 'ask'"),
        ({"on_progress": 1}, "on_progress must be a function"),
    ],
    ids=["concurrency", "on_conflict", "on_progress"],
)
async def test_wrong_arguments(small: Path, keywords: dict[str, Any], words: str) -> None:
    """Are refused by name."""
    with pytest.raises((TypeError, ValueError), match=words):
        await import_account(MemoryStore(), small, **keywords)


async def test_a_target_that_is_none(small: Path) -> None:
    """A client has no conflicts, and a location is no store."""
    wrong: Any = "sqlite:home.db"
    with pytest.raises(TypeError, match=r"the target must be a client or a store, not 'sqlite:home\.db'"):
        await import_account(wrong, small)
    async with AssistantsServer() as server, client_of(server) as client:
        with pytest.raises(TypeError, match="on_conflict is for stores"):
            await import_account(client, small, on_conflict="skip")
        assert not server.requests


def test_conflicts_are_sorted() -> None:
    """By kind and id, in whatever order they were found."""
    found = [MovingProblem("thread", "t", ""), MovingProblem("assistant", "b", ""), MovingProblem("assistant", "a", "")]
    assert [conflict.id for conflict in ImportConflictError("memory", found).conflicts] == ["a", "b", "t"]


async def test_two_imports_at_the_same_time(small: Path) -> None:
    """Each object is there once; the import that came second ends in a sentence, or has nothing to add."""
    store = MemoryStore()
    ended = await asyncio.gather(*[import_account(store, small) for _ in range(3)], return_exceptions=True)
    for result in ended:
        assert isinstance(result, MovingReport) or "was changed by others meanwhile, import again" in str(result)
    assert (await import_account(store, small)).counts == {}
    assert [row.document["id"] for row in await contents(store)] == ["f", "v", "f", "a", "t", "m1", "m2", "r", "s"]
