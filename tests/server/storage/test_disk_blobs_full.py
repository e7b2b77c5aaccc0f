"""A disk without room for a file: a 507 in words, nothing half-written, and room again afterwards."""

from __future__ import annotations

import errno
import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from assistants_async.server import SqliteStore
from assistants_async.server.storage.disk_blobs import DiskBlob, store_error
from assistants_async.server.storage.interface import StoreFullError
from tests.server.storage.test_disk_blobs import names
from tests.support.talk import talking

MIB = 2**20


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """The system refuses to make any file longer, as it does where the disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [5_000, 3 * MIB], ids=["in a buffer", "in pieces"])
async def test_what_was_written_of_a_blob_goes(tmp_path: Path, size: int) -> None:
    """Whether the disk refuses a piece or the last bytes, no file stays behind."""
    blob = DiskBlob(tmp_path)
    with largest_file(2_000):
        with pytest.raises((OSError, StoreFullError)):
            for _ in range(0, size, 1_000):
                await blob.write(b"x" * 1_000)
            blob.place()
        assert len(names(tmp_path)) == 1
        await blob.close()
    assert names(tmp_path) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG], ids=["disk", "quota", "file"])
def test_no_room_is_named(number: int) -> None:
    """A full disk, a quota that is used up and a file that is too long are answered alike."""
    assert isinstance(store_error(OSError(number, "no room")), StoreFullError)
    assert not isinstance(store_error(OSError(errno.EIO, "broken")), StoreFullError)


async def test_an_upload_without_room(tmp_path: Path) -> None:
    """It is refused in a sentence and not listed; the server goes on, and takes the file once there is room."""
    store = SqliteStore(tmp_path / "home.db")
    folder = tmp_path / "home.db.files"
    async with talking(store=store) as talk:
        kept = await talk.upload(b"small")
        part = {"bytes": 12 * MIB, "filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"}
        begun = await talk.make("/uploads", part)
        with largest_file(8 * MIB):
            for path, name in (("/files", "file"), (f"/uploads/{begun['id']}/parts", "data")):
                form = aiohttp.FormData({"purpose": "assistants"} if name == "file" else {})
                form.add_field(name, io.BytesIO(b"x" * 12 * MIB), filename="large.txt")
                refused = await talk("POST", path, data=form)
                assert (refused.status, refused.error["code"]) == (507, "insufficient_storage")
                assert "disk" in refused.error["message"]
            assert [file["id"] for file in (await talk.get("/files"))["data"]] == [kept["id"]]
            assert len(names(folder)) == 1
            await talk.thread("hello")
        form = aiohttp.FormData({"purpose": "assistants"})
        form.add_field("file", io.BytesIO(b"x" * 12 * MIB), filename="large.txt")
        assert (await talk("POST", "/files", data=form)).document["bytes"] == 12 * MIB
    assert len(names(folder)) == 2
