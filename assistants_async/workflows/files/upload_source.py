"""The file of an upload in parts: its name and size, and a handle for each part that is read."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import AsyncIterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any, cast

from ..._typing import override
from ...calls.file_input import GivenFile, given_file, size_of

UPLOAD_LIMIT = 8 * 2**30
"""Most bytes of an upload, as the documents have it."""


class FileSlice(io.RawIOBase):
    """A stretch of an open file, as a file of its own; closing it leaves the other open."""

    def __init__(self, file: IO[bytes], start: int, size: int, lock: AbstractContextManager[Any] | None = None) -> None:
        super().__init__()
        self._file = file
        self._start = start
        self._size = size
        self._lock = lock or contextlib.nullcontext()
        self._here = 0

    @override
    def tell(self) -> int:
        """Place within the stretch."""
        return self._here

    @override
    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place counted from the stretch's start or end."""
        self._here = offset + (self._size if whence == os.SEEK_END else 0)
        return self._here

    @override
    def read(self, size: int = -1, /) -> bytes:
        """Up to so many bytes, none at the end."""
        wanted = max(0, min(size, self._size - self._here))
        if not wanted:
            return b""
        with self._lock:
            self._file.seek(self._start + self._here)
            piece = self._file.read(wanted)
        self._here += len(piece)
        return piece


class UploadSource:
    """A file as the caller gave it; making it checks that parts of it can be read, and that they would not be empty."""

    def __init__(self, operation: str, file: Any) -> None:
        where = f"{operation}(): file"
        given = _given(where, file)
        self._content = cast("Path | bytes | IO[bytes]", given.content)
        self._lock = threading.Lock()
        self.name = Path(given.name or "").name
        """The name that came with it; empty where none did."""
        self.media = given.media
        """The media type that came with it."""
        try:
            size = size_of(where, self._content)
        except ValueError:  # it is empty, which the limits say below
            size = 0
        if size is None:
            raise TypeError(f"{where} must be able to seek, since its parts are read side by side: use files.create")
        if not 0 < size <= UPLOAD_LIMIT:
            raise ValueError(f"{operation}(): a file must have 1 to {UPLOAD_LIMIT} bytes, not {size}")
        self.size: int = size
        """Bytes in all."""

    @property
    def kind(self) -> str:
        """Name of the type of its content, for errors."""
        return "bytes" if isinstance(self._content, bytes) else type(self._content).__name__

    def open(self) -> IO[bytes]:
        """Open a handle of its own: parts are read at the same time, and a file has one position."""
        if isinstance(self._content, Path):
            return self._content.open("rb")
        if isinstance(self._content, bytes):
            return io.BytesIO(self._content)
        return cast("IO[bytes]", FileSlice(self._content, 0, self.size, self._lock))


def _given(where: str, file: Any) -> GivenFile:
    if isinstance(file, str):
        raise TypeError(f"{where} must be a Path or bytes, not str: Path({file!r}) to open it")
    if isinstance(file, Path) and file.is_dir():
        raise IsADirectoryError(f"{where}: {str(file)!r} is a folder: send its files one by one")
    given = given_file(where, file)
    if isinstance(given.content, AsyncIterable):
        kind = type(given.content).__name__
        raise TypeError(f"{where} must be a Path, bytes, a binary file or (name, data), not {kind}: use files.create")
    return given
