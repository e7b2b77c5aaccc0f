"""Accounts made again in stores, with their ids, times and order."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, File, VectorStoreFile
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.moving import MovingProgress, export_account, import_account
from assistants_async.moving.folder import AccountFolder, read_lines
from assistants_async.server import AssistantsServer, CallTools, Dialect, MemoryStore, Say, ScriptedResponder, Turn
from assistants_async.server.engine.turn import ToolRound
from assistants_async.server.storage.interface import StoreFullError
from assistants_async.server.storage.sqlite import SqliteStore
from tests.support.account import PNG, TOOLS, account, client_of, export_once, multiplied, reexport, snapshot
from tests.support.steady_loop import MS
from tests.support.stores import ENGINES, commit, run_of


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export an account once for all tests here, none of which writes to it."""
    return export_once(tmp_path_factory.mktemp("exported") / "a", threads=2)


@pytest.mark.parametrize("engine", ENGINES)
async def test_every_store_exports_the_same_folder(exported: Path, tmp_path: Path, engine: str) -> None:
    """Byte for byte as the source did; a second import adds nothing."""
    async with ENGINES[engine](tmp_path) as store:
        report = await import_account(store, exported)
        assert report.is_complete
        assert report.counts == {
            "file": 2,
            "vector_store": 3,
            "vector_store_file": 3,
            "assistant": 1,
            "thread": 2,
            "message": 4,
            "run": 2,
            "step": 4,
        }
        again = await import_account(store, exported)
        assert (again.counts, again.problems) == ({}, ())
        await reexport(store, tmp_path / "b")
        assert snapshot(tmp_path / "b") == snapshot(exported)


@pytest.mark.parametrize(("protocol", "dialect"), [("v1", None), ("v2", "foundry")], ids=["v1", "foundry"])
async def test_other_forms_of_the_protocol(tmp_path: Path, protocol: ProtocolVersion, dialect: Dialect | None) -> None:
    """Files of protocol v1 stay on messages and assistants; Foundry's export is imported likewise."""
    async with account(threads=2, protocol=protocol, dialect=dialect) as server, client_of(server, protocol) as client:
        more: list[File] = []
        if protocol == "v1":
            more = [await client.files.create(file=b"x", filename=f"{name}.txt", purpose="assistants") for name in "ab"]
            await client.assistants.create(
                model="m", tools=[{"type": "retrieval"}], file_ids=[file.id for file in more]
            )
        await export_account(client, tmp_path / "a")
    store = MemoryStore()
    assert (await import_account(store, tmp_path / "a")).is_complete
    await reexport(store, tmp_path / "b", protocol, dialect)
    assert snapshot(tmp_path / "b") == snapshot(tmp_path / "a")
    assert (await import_account(store, tmp_path / "a")).counts == {}
    if protocol == "v1":
        async with AssistantsServer(store=store) as server, client_of(server, "v1") as client:
            assistant = await client.assistants.list().first()
            assert assistant is not None
            attached = [file.id async for file in client.assistants.files.list(assistant, order="asc")]
            assert attached == [file.id for file in more]


@pytest.fixture
async def imported(exported: Path) -> AsyncIterator[AssistantsClient]:
    """Serve the account out of a store."""
    store = MemoryStore()
    await import_account(store, exported)
    async with AssistantsServer(store=store, pace=0.01 * MS) as server, client_of(server) as client:
        yield client


async def test_files_and_searches(imported: AssistantsClient) -> None:
    """Bytes are there, and vector stores find their texts."""
    files = {file.filename: file.id async for file in imported.files.list()}
    assert await imported.files.content(files["rome.png"]) == PNG
    store = await imported.vector_stores.list(order="asc").first()
    assert store is not None
    assert store.usage_bytes == len(b"Rome is sunny.")
    (found,) = await imported.vector_stores.search(store, query="sunny").collect()
    assert found.content[0].text == "Rome is sunny."


async def test_pages_and_cursors(imported: AssistantsClient) -> None:
    """Lists of an imported account go on and back as those of any other."""
    threads = [thread async for thread in imported.threads.list(order="asc", limit=1)]
    assert threads == [thread async for thread in imported.threads.list(order="desc", limit=1)][::-1]
    messages = await imported.messages.list(threads[0], order="asc").collect()
    assert [message.role for message in messages] == ["user", "assistant"]
    page = await imported.messages.list(threads[0], order="asc", after=messages[0].id, limit=1)
    assert list(page.data) == messages[1:]
    run = await imported.runs.list(threads[0]).first()
    assert run is not None
    steps = await imported.steps.list(threads[0], run, order="asc").collect()
    assert [step.type for step in steps] == ["tool_calls", "message_creation"]


async def test_a_new_run_reads_the_thread_in_its_order(exported: Path) -> None:
    """Calls of tools are between the message that they answer and the one that was written of them."""
    read: list[str] = []

    async def responder(turn: Turn) -> AsyncIterator[Say]:
        read.extend("round" if isinstance(item, ToolRound) else item["role"] for item in turn.items)
        yield Say("Still sunny.")

    store = MemoryStore()
    await import_account(store, exported)
    async with AssistantsServer(store=store, responder=responder) as server, client_of(server) as client:
        thread = await client.threads.list().first()
        assistant = await client.assistants.list().first()
        assert thread is not None
        assert assistant is not None
        await client.messages.create(thread, role="user", content="And now?")
        run = await client.runs.create(thread, assistant_id=assistant).poll()
        assert run.status == "completed"
        newest = await client.messages.list(thread).first()
        assert newest is not None
        assert newest.text == "Still sunny."
    assert read == ["user", "round", "assistant", "user"]


async def test_active_runs_become_expired(tmp_path: Path) -> None:
    """With their open steps, as a run whose time has come; the thread takes a new run."""
    responder = ScriptedResponder([CallTools([("get_weather", {"city": "Rome"})]), Say("Sunny.")])
    async with AssistantsServer(responder=responder) as server, client_of(server) as client:
        assistant = await client.assistants.create(model="m", tools=TOOLS)
        thread = await client.threads.create(messages=[{"role": "user", "content": "Weather?"}])
        run = await client.runs.create(thread, assistant_id=assistant).poll()
        assert run.status == "requires_action"
        await export_account(client, tmp_path)
    store = MemoryStore()
    assert (await import_account(store, tmp_path)).is_complete
    assert (await import_account(store, tmp_path)).counts == {}
    async with AssistantsServer(store=store) as server, client_of(server) as client:
        there = await client.runs.retrieve(thread, run)
        assert (there.status, there.required_action, there.expires_at) == ("expired", None, None)
        assert there.usage is not None
        (step,) = await client.steps.list(thread, run).collect()
        assert (step.status, step.expired_at) == ("expired", run.expires_at)
        new = await client.runs.create(thread, assistant_id=assistant, tools=[]).poll()
        assert new.status == "completed"


@pytest.mark.parametrize("broken", [1, 2, 4, 9, 10, 11])
async def test_an_import_that_was_broken_off_goes_on(exported: Path, tmp_path: Path, broken: int) -> None:
    """At any object; the folder of the store is the same in the end."""
    done = 0

    def count(_progress: MovingProgress) -> None:
        nonlocal done
        done += _progress.stage != "checks"
        if done == broken:
            task.cancel()

    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    task = asyncio.create_task(_import(store, exported, on_progress=count))
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.close()
    await store.open()
    await import_account(store, exported)
    await reexport(store, tmp_path / "b")
    assert snapshot(tmp_path / "b") == snapshot(exported)


async def _import(store: SqliteStore, folder: Path, **keywords: Any) -> None:
    await import_account(store, folder, **keywords)


async def test_a_full_disk(exported: Path, tmp_path: Path) -> None:
    """One error; once there is room, the import goes on."""
    store = SqliteStore(tmp_path / "home.db")
    await store.open()
    try:
        assert store._file is not None
        connection = store._file.connection
        pages = await store._run(lambda: connection.execute("PRAGMA page_count").fetchone()[0])
        await store._run(connection.execute, f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(StoreFullError, match="full"):
            await import_account(store, exported)
        await store._run(connection.execute, "PRAGMA max_page_count = 1000000")
        await import_account(store, exported)
        await reexport(store, tmp_path / "b")
    finally:
        await store.close()
    assert snapshot(tmp_path / "b") == snapshot(exported)


async def test_a_run_that_is_active_in_the_store(exported: Path, tmp_path: Path) -> None:
    """A thread that others use meanwhile ends the import in a sentence."""
    store = MemoryStore()
    await import_account(store, exported)
    path = next((exported / "threads").iterdir())
    await commit(store, run_of("run_own", path.stem), kind="run", parent=path.stem)
    copied = tmp_path / "a"
    shutil.copytree(exported, copied)
    new = (
        path.read_text(encoding="utf-8").replace('"id":"run_', '"id":"run_2').replace('"kind":"step"', '"kind":"none"')
    )
    (copied / "threads" / path.name).write_text(new, encoding="utf-8")
    with pytest.raises(OSError, match="memory was changed by others meanwhile, import again: thread"):
        await import_account(store, copied)


async def test_many_threads(exported: Path, tmp_path: Path) -> None:
    """More than one commit has, with progress and its total."""
    folder = tmp_path / "a"
    async with ENGINES["memory"](tmp_path) as store:
        await import_account(store, exported)
        await reexport(store, folder)
    multiplied(folder, 120)
    progress: list[MovingProgress] = []
    store = MemoryStore()
    report = await import_account(store, folder, on_progress=progress.append)
    assert (report.counts["thread"], report.counts["message"]) == (120, 240)
    assert progress[-1] == MovingProgress("threads", 120, 120)
    assert [each.done for each in progress if each.stage == "checks"][-1] == 129
    async with AssistantsServer(store=store) as server, client_of(server) as client:
        assert len(await client.threads.list(limit=100).collect()) == 120


async def test_a_file_that_cannot_be_searched_here(tmp_path: Path) -> None:
    """A vector store keeps it as failed, with the reason; one that was failed or is gone at the source stays so."""
    async with AssistantsServer() as server, client_of(server) as client:
        good = await client.files.create(file=b"text", filename="good.txt", purpose="assistants")
        bad = await client.files.create(file=b"/fail now", filename="bad.txt", purpose="assistants")
        lost = await client.files.create(file=b"text", filename="lost.txt", purpose="assistants")
        vectors = await client.vector_stores.create()
        for file in (good, bad, lost):
            await client.vector_stores.files.create(vectors, file_id=file)
        # Read a pace later, at the next request: one of them has failed then.
        while any([file.status == "in_progress" async for file in client.vector_stores.files.list(vectors)]):
            await asyncio.sleep(0)
        await export_account(client, tmp_path)
    (tmp_path / "files" / lost.id).unlink()
    # As of a host that reads PDF.
    lines = (tmp_path / "files.jsonl").read_text(encoding="utf-8").replace("good.txt", "good.pdf")
    (tmp_path / "files.jsonl").write_text(lines, encoding="utf-8")
    store = MemoryStore()
    report = await import_account(store, tmp_path)
    assert [(problem.kind, problem.id) for problem in report.problems] == [
        ("file", lost.id),
        *sorted(("vector_store_file", f"{vectors.id}/{file.id}") for file in (good, lost)),
    ]
    reasons = [problem.reason for problem in report.problems if problem.id.endswith(good.id)]
    assert "it cannot be searched here: The file 'good.pdf'" in reasons[0]
    async with AssistantsServer(store=store) as server, client_of(server) as client:
        found: list[VectorStoreFile] = await client.vector_stores.files.list(vectors, order="asc").collect()
        assert [(each.id, each.status) for each in found] == [(good.id, "failed"), (bad.id, "failed")]
        assert found[1].last_error is not None
        assert found[1].last_error.message == "now"


async def test_searches_without_their_texts(exported: Path, tmp_path: Path) -> None:
    """Lists of steps leave them out: the thread is read all the same, also where a search has no results at all."""
    folder = tmp_path / "a"
    shutil.copytree(exported, folder)
    result = {"file_id": "f", "file_name": "rome.txt", "score": 0.5}
    searches = [{"results": [result]}, {"results": [{**result, "content": [{"type": "text", "text": "Words."}]}]}, {}]
    for path, search in zip(AccountFolder(folder).threads() * 2, searches, strict=False):
        lines = list(read_lines(path))
        (step,) = [line for line in lines if line.object.get("type") == "tool_calls"]
        calls = step.object["step_details"].setdefault("tool_calls", [])
        calls.append({"id": f"call_{len(calls)}", "type": "file_search", "file_search": search})
        path.write_bytes(b"".join(line.encode() for line in lines))
    read: list[str] = []

    async def responder(turn: Turn) -> AsyncIterator[Say]:
        read.extend(call.output for item in turn.items if isinstance(item, ToolRound) for call in item.calls)
        yield Say("Yes.")

    store = MemoryStore()
    assert (await import_account(store, folder)).is_complete
    async with AssistantsServer(store=store, responder=responder) as server, client_of(server) as client:
        assistant = await client.assistants.list().first()
        assert assistant is not None
        async for thread in client.threads.list(order="asc"):
            (run,) = await client.runs.list(thread).collect()
            calls = [step.step_details async for step in client.steps.list(thread, run, order="asc")]
            assert len(calls) == 2
            assert (await client.runs.create(thread, assistant_id=assistant).poll()).status == "completed"
    found = "【1:0†rome.txt】\nWords."
    assert sorted(read) == sorted(["sunny in Rome"] * 2 + ["Nothing was found."] * 2 + [found])
