"""Blobs on the disk: there once they are kept, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistants_async.server.storage.disk_blobs import DiskBlob, read_file, remove_files, sweep

MIB = 2**20


def names(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return [path.name for path in folder.iterdir()]


async def test_they_are_read_as_written(tmp_path: Path) -> None:
    """In pieces of a MiB, whatever the pieces were that they were written in."""
    blob = DiskBlob(tmp_path / "new" / "folder")
    for _ in range(5):
        await blob.write(b"x" * (MIB // 2))
    blob.place()
    blob.place()
    blob.is_kept = True
    await blob.close()
    pieces = [piece async for piece in read_file(tmp_path / "new" / "folder", blob.id)]
    assert [len(piece) for piece in pieces] == [MIB, MIB, MIB // 2]
    remove_files(tmp_path / "new" / "folder", [blob.id, blob.id])
    with pytest.raises(KeyError):
        _ = [piece async for piece in read_file(tmp_path / "new" / "folder", blob.id)]


@pytest.mark.parametrize("placed", [False, True], ids=["written", "placed"])
async def test_those_that_are_not_kept_go(tmp_path: Path, placed: bool) -> None:
    """Nothing stays of a request that was refused, before its commit or by it."""
    blob = DiskBlob(tmp_path)
    await blob.write(b"x" * 2 * MIB)
    assert len(names(tmp_path)) == 1
    if placed:
        blob.place()
    await blob.close()
    assert names(tmp_path) == []


async def test_nothing_was_written(tmp_path: Path) -> None:
    """A blob that nobody has written to has no file, and one of no bytes has an empty one."""
    unused, empty = DiskBlob(tmp_path), DiskBlob(tmp_path)
    await unused.close()
    empty.place()
    assert names(tmp_path) == [empty.id]
    sweep(tmp_path, {empty.id})
    assert names(tmp_path) == [empty.id]
    sweep(tmp_path, set())
    assert names(tmp_path) == []
    sweep(tmp_path / "none", set())
