"""Accounts made again at another server."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from assistants_async import AssistantsClient, RateLimitedError, Request
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.moving import MovingReport, export_account, import_account
from assistants_async.moving.folder import Line
from assistants_async.server import AssistantsServer
from tests.support.account import PNG, account, client_of
from tests.support.http_server import Peer, Seen, Wire, answer, failure


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """Export an account."""
    async with account(threads=3) as server, client_of(server) as client:
        await export_account(client, tmp_path / "a")
    return tmp_path / "a"


async def texts(client: AssistantsClient) -> list[list[str]]:
    """Read the messages of all threads, sorted."""
    threads = [thread async for thread in client.threads.list(order="asc")]
    return sorted(
        [
            [f"{message.role}: {message.text}" async for message in client.messages.list(each, order="asc")]
            for each in threads
        ]
    )


async def test_everything_is_made_anew_once(folder: Path) -> None:
    """With new ids in it; a second import adds nothing, and takes no run."""
    async with AssistantsServer(seed=5) as server, client_of(server) as client:
        report = await import_account(client, folder)
        assert report.is_complete
        assert (report.counts["thread"], report.counts["message"]) == (3, 6)
        asst = await client.assistants.list().first()
        assert asst is not None
        assert asst.name == "Weather"
        files = {file.filename: file async for file in client.files.list()}
        assert await client.files.content(files["rome.png"]) == PNG
        stores = [store async for store in client.vector_stores.list()]
        assert len(stores) == 4
        assert [file.id async for file in client.vector_stores.files.list(stores[0])] == [files["rome.txt"].id]
        before = await texts(client)
        assert len(before) == 3
        assert (await import_account(client, folder)).counts == {}
        assert await texts(client) == before
        thread = await client.threads.list().first()
        assert thread is not None
        run = await client.runs.create(thread, assistant_id=asst).poll()
        assert run.status == "completed"


@pytest.mark.parametrize("broken", [2, 4, 5])
async def test_an_import_that_was_broken_off_goes_on(folder: Path, broken: int) -> None:
    """At any request that makes a message; each message is there once, in its order."""
    async with AssistantsServer(seed=5) as server, client_of(server) as client:
        await import_account(client, folder)
        whole = await texts(client)
    shutil.rmtree(folder / "imported")  # the system may give the next server the same port
    seen = 0

    def count(request: Request) -> None:
        nonlocal seen
        seen += request.endpoint.name == "messages.create"
        if seen == broken:
            task.cancel()

    async with AssistantsServer() as server, client_of(server, on_request=count) as client:
        task = asyncio.create_task(_import(client, folder))
        with pytest.raises(asyncio.CancelledError):
            await task
        await import_account(client, folder)
        assert await texts(client) == whole


async def _import(client: AssistantsClient, folder: Path) -> MovingReport:
    return await import_account(client, folder, concurrency=1)


@pytest.mark.parametrize("target", ["v1", "v2"])
async def test_an_account_of_protocol_v1(tmp_path: Path, target: ProtocolVersion) -> None:
    """Its files become attachments in v2."""
    async with account(threads=1, protocol="v1") as server, client_of(server, "v1") as client:
        await export_account(client, tmp_path)
    async with AssistantsServer(protocol=target) as server, client_of(server, target) as client:
        assert (await import_account(client, tmp_path)).is_complete
        thread = await client.threads.list().first()
        assert thread is not None
        first = await client.messages.list(thread, order="asc").first()
        assert first is not None
        assert len(first.file_ids if target == "v1" else first.attachments) == 1


MESSAGE = {"id": "msg_1", "role": "user", "content": [{"type": "text", "text": {"value": "hi", "annotations": []}}]}


def write(folder: Path, name: str, *lines: Line) -> None:
    """Write a file of a folder."""
    (folder / name).write_bytes(b"".join(line.encode() for line in lines))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Write the folder of an account with what a server may refuse."""
    for name in ("files", "threads"):
        (tmp_path / name).mkdir()
    manifest = {"format": 1, "source": "http://a/v1", "made_at": 1, "complete": True}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    gone, text = {"id": "file_1", "filename": "a"}, {"id": "file_2", "filename": "b", "purpose": "assistants_output"}
    write(tmp_path, "files.jsonl", Line("file", gone), Line("file", text))
    (tmp_path / "files" / "file_2.txt").write_bytes(b"text")
    static = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 10}}
    file_2 = {"id": "file_2", "chunking_strategy": static, "attributes": {"a": 1}}
    store_files = [Line("vector_store_file", {"id": "file_1"}, "vs_1"), Line("vector_store_file", file_2, "vs_1")]
    write(tmp_path, "vector_stores.jsonl", Line("vector_store", {"id": "vs_1"}), *store_files)
    write(tmp_path, "assistants.jsonl")
    image = {"type": "image_file", "image_file": {"file_id": "file_1", "detail": "low"}}
    lost = {**MESSAGE, "id": "msg_2", "content": [image], "attachments": [{"file_id": "file_1", "tools": []}]}
    bad = {**MESSAGE, "id": "msg_3", "role": "system"}
    messages = [Line("message", each, "t") for each in (MESSAGE, lost, bad)]
    write(tmp_path, "threads/t.jsonl", Line("thread", {"id": "t"}), *messages)
    return tmp_path


async def test_what_cannot_be_imported_is_reported(small: Path) -> None:
    """Each with the reason; the rest is there, and a cut map is mended."""
    async with AssistantsServer() as server, client_of(server) as client:
        report = await import_account(client, small)
        reasons = {(problem.kind, problem.id): problem.reason for problem in report.problems}
        assert reasons[("file", "file_1")] == "its content is not in the folder"
        assert reasons[("vector_store_file", "vs_1/file_1")] == "its file or its store was not imported"
        assert reasons[("message", "msg_2")] in ("nothing of it can be sent", "it names file_1, which was not imported")
        assert "400" in reasons[("message", "msg_3")]
        assert (await client.files.list().first()) is not None
        (path,) = (small / "imported").iterdir()
        ids = json.loads(path.read_text(encoding="utf-8"))
        assert ids.keys() == {"file_2", "vs_1", "vs_1/file_2", "t", "msg_1"}
        path.write_bytes(path.read_bytes()[:-10])
        again = await import_account(client, small)
        assert again.counts == {}
        assert json.loads(path.read_text(encoding="utf-8")) == ids
        (kept,) = await texts(client)
        assert kept == ["user: hi"]


async def test_a_limit_ends_the_import(wire: Wire, client: AssistantsClient, small: Path) -> None:
    """Every other object would meet it, too; a thread that is refused is reported."""

    async def serve(seen: Seen, peer: Peer) -> None:
        if seen.path.endswith("/threads"):
            await peer.send(failure(status, "refused"))
        else:
            await peer.send(answer({"id": "x"}))

    wire.answer(serve)
    status = 400
    assert ("thread", "t") in [problem[:2] for problem in (await import_account(client, small)).problems]
    status = 429
    with pytest.raises(RateLimitedError):
        await import_account(client, small)
