"""Files that go into stores: uploaded, taken in, and waited for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assistants_async.compat import APIError, AsyncOpenAI, FileObject, VectorStoreFile, VectorStoreFileBatch
from tests.support.http_server import Wire, answer, page
from tests.support.steady_loop import MS

FILE = answer({"id": "file_1", "object": "file"})


def state(status: str, **members: Any) -> bytes:
    """A file of a store, or a batch of files."""
    return answer({"id": "x_1", "status": status, **members})


def sent(wire: Wire) -> list[str]:
    """Method and path of each request."""
    return [f"{seen.method} {seen.path.removeprefix('/v1')}" for seen in wire.seen]


async def test_upload_and_poll(wire: Wire, old: AsyncOpenAI, tmp_path: Path) -> None:
    """The file is uploaded, indexed, and requested until it has ended, well or not."""
    path = tmp_path / "a.md"
    path.write_text("text")
    files = old.vector_stores.files
    wire.answer(FILE, state("in_progress"), state("in_progress"), state("failed"))
    file = await files.upload_and_poll(vector_store_id="v", file=path, attributes={"a": 1}, poll_interval_ms=1)
    assert (type(file), file.status) == (VectorStoreFile, "failed")
    assert sent(wire) == [
        "POST /files",
        "POST /vector_stores/v/files",
        *["GET /vector_stores/v/files/file_1"] * 2,
    ]
    assert wire.seen[1].json == {"file_id": "file_1", "attributes": {"a": 1}}
    assert b'filename="a.md"' in wire.seen[0].body
    wire.answer(FILE, state("completed"))
    await files.upload(vector_store_id="v", file=("b.md", b"x"))
    assert sent(wire) == ["POST /files", "POST /vector_stores/v/files"]


async def test_a_file_that_takes_too_long(wire: Wire, old: AsyncOpenAI) -> None:
    """It is a `TimeoutError`, and an error of the API too."""
    wire.answer(state("in_progress"))
    for kind in (TimeoutError, APIError):
        with pytest.raises(kind):
            await old.vector_stores.files.poll("f", vector_store_id="v", poll_interval_ms=1, max_wait_seconds=20 * MS)
    wire.answer(state("completed"))
    await old.vector_stores.files.create_and_poll("f", vector_store_id="v")


async def test_batches(wire: Wire, old: AsyncOpenAI) -> None:
    """Files are uploaded first, and those that were before come first; one that failed raises nothing."""
    batches = old.vector_stores.file_batches
    wire.answer(FILE, FILE, state("in_progress"), state("completed"))
    uploads = [("a.md", b"a"), ("b.md", b"b")]
    done = await batches.upload_and_poll("v", files=uploads, file_ids=["file_0"], max_concurrency=1, poll_interval_ms=1)
    assert (type(done), done.status) == (VectorStoreFileBatch, "completed")
    assert sent(wire)[2:] == ["POST /vector_stores/v/file_batches", "GET /vector_stores/v/file_batches/x_1"]
    assert wire.seen[2].json == {"file_ids": ["file_0", "file_1", "file_1"]}
    wire.answer(state("failed"), page())
    assert (await batches.poll("b", vector_store_id="v")).status == "failed"


async def test_a_file_that_is_being_processed(wire: Wire, old: AsyncOpenAI) -> None:
    """It is requested until it has ended; past the time it is a `RuntimeError`."""
    wire.answer(answer({"id": "f", "status": "uploaded"}), answer({"id": "f", "status": "processed"}))
    file = await old.files.wait_for_processing("f", poll_interval=0)
    assert (type(file), file.status, len(wire.seen)) == (FileObject, "processed", 2)
    wire.answer(answer({"id": "f", "status": "uploaded"}))
    with pytest.raises(RuntimeError, match="not processed within 0 s"):
        await old.files.wait_for_processing("f", poll_interval=0, max_wait_seconds=0)


async def test_a_file_in_parts(served: AsyncOpenAI, tmp_path: Path) -> None:
    """A path may be text here, and bytes have a name."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"0123456789")
    upload = await served.uploads.upload_file_chunked(
        file=str(path), mime_type="text/plain", purpose="assistants", part_size=4
    )
    assert upload.status == "completed"
    assert upload.file is not None
    assert (await served.files.content(upload.file.id)).read() == b"0123456789"
    upload = await served.uploads.upload_file_chunked(
        file=b"x", filename="b.txt", bytes=1, mime_type="text/plain", purpose="assistants"
    )
    assert upload.to_dict()["file"]["filename"] == "b.txt"
    with pytest.raises(ValueError, match="bytes is 2, and file has 1"):
        await served.uploads.upload_file_chunked(
            file=b"x", filename="b.txt", bytes=2, mime_type="text/plain", purpose="assistants"
        )


async def test_an_open_file_is_read_from_its_start(wire: Wire, old: AsyncOpenAI, tmp_path: Path) -> None:
    """As httpx reads it, wherever it is."""
    wire.answer(FILE)
    tmp_path.joinpath("a.md").write_bytes(b"0123")
    with tmp_path.joinpath("a.md").open("rb") as file:
        file.read()
        await old.files.create(file=file, purpose="assistants")
    assert b"0123" in wire.last.body
