"""Blobs as files of a folder: written under a name of their own, and renamed once a commit keeps them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
from collections.abc import AsyncIterator, Collection
from pathlib import Path
from typing import Any, BinaryIO

from .interface import StoreError, StoreFullError

# Bytes that are written or read in one go.
_PIECE = 2**20
_UNKEPT = ".new"


class DiskBlob:
    """Bytes on their way into a folder."""

    in_memory = False
    """They are on the disk."""

    def __init__(self, folder: Path) -> None:
        self.id = secrets.token_hex(16)
        """The id of the blob, which is the name of its file."""
        self.size = 0
        """Bytes that were written so far."""
        self._folder = folder
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._file: BinaryIO | None = None
        self._is_placed = False
        self.is_kept = False
        """True once a commit has kept it."""
        self.commit: asyncio.Future[Any] | None = None
        """The latest commit that is to keep it."""

    async def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._pieces.append(piece)
        self._waiting += len(piece)
        self.size += len(piece)
        if self._waiting >= _PIECE:
            pieces, self._pieces, self._waiting = self._pieces, [], 0
            try:
                await asyncio.to_thread(self._write, pieces)
            except OSError as error:
                raise store_error(error) from error

    async def close(self) -> None:
        """Throw the bytes away, unless they are kept."""
        # A commit is made once it has begun, also where the task that waited for it was cancelled.
        if self.commit is not None:
            await asyncio.wait([self.commit])
        if not self.is_kept:
            self._pieces.clear()
            await asyncio.to_thread(self._remove)

    def place(self) -> None:
        """Put the bytes on the disk under their name, as a commit does before it says that they are there."""
        if self._is_placed:
            return  # the commit before this one was refused
        self._write(self._pieces)
        self._pieces = []
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._path.rename(self._folder / self.id)
        self._is_placed = True

    @property
    def _path(self) -> Path:
        return self._folder / (self.id if self._is_placed else f"{self.id}{_UNKEPT}")

    def _write(self, pieces: list[bytes]) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("wb")
        self._file.writelines(pieces)

    def _remove(self) -> None:
        if self._file is not None:
            # Closing writes what is still buffered, which fails once more on a disk that is full.
            with contextlib.suppress(OSError):
                self._file.close()
            self._path.unlink(missing_ok=True)


def store_error(error: OSError) -> StoreError:
    """Return the error of a store for one of its disk."""
    # EFBIG: the limit of a process (`ulimit -f`), or of the file system, for one file.
    kind = StoreFullError if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} else StoreError
    return kind(f"the disk of the store: {error.strerror}")


async def read_file(folder: Path, id: str) -> AsyncIterator[bytes]:
    """Yield the bytes of a blob in pieces; raises `KeyError` where it is gone."""
    try:
        file = await asyncio.to_thread((folder / id).open, "rb")
    except FileNotFoundError:
        raise KeyError(id) from None
    with file:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece


def remove_files(folder: Path, ids: Collection[str]) -> None:
    """Remove blobs; one that is gone already is ignored."""
    for name in ids:
        (folder / name).unlink(missing_ok=True)


def sweep(folder: Path, known: Collection[str]) -> None:
    """Remove the files that no commit knows: those of a process that ended in between."""
    with contextlib.suppress(FileNotFoundError):
        for path in list(folder.iterdir()):
            if path.name not in known:
                path.unlink(missing_ok=True)
