"""A file on its way to the server: what may be given for one, and the multipart body that streams it.

A `str` is never opened: only a `Path` names a file. Nothing is opened before the request goes out, and never more
than one chunk is held.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import IO, Any, cast

from ..core.requests.multipart import form_fields, head, is_media_type, tail

CHUNK = 768 * 1024
"""Bytes read at once, in a worker thread: some four times as many are in memory for each upload under way."""

FileInput = Path | bytes | bytearray | memoryview | IO[bytes] | AsyncIterable[bytes]
"""A path to open, the content itself, an open binary file, or an async iterable of pieces."""

Progress = Callable[[int, int | None], None]
"""Called with the bytes of the file sent so far and in all; None where that is not known."""


class MultipartBody:
    """A `multipart/form-data` body around one file, with its length where the file's size is known."""

    def __init__(
        self,
        operation: str,
        file: FileInput,
        fields: Mapping[str, Any],
        *,
        part: str = "file",
        filename: str | None = None,
        content_type: str | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        self._file = _checked(operation, part, file)
        self._on_progress = on_progress
        self._start = _position(self._file)
        self._used = False
        self.failure: Exception | None = None
        """What reading the file or the caller's `on_progress` raised."""
        name = Path(filename).name if filename is not None else _name_of(self._file)
        if name in ("", ".."):
            raise ValueError(f"{operation}(): filename must be a plain name, not {filename!r}")
        media = content_type or "application/octet-stream"
        if not is_media_type(media):
            raise ValueError(f"{operation}(): content_type {content_type!r} is not a media type")
        boundary = os.urandom(16).hex()
        self.size = _size_of(self._file)
        """Bytes of the file; None for an iterator, or a file that cannot be measured."""
        self._head = head(boundary, form_fields(fields), part, name, media)
        self._tail = tail(boundary)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.length = None if self.size is None else len(self._head) + self.size + len(self._tail)

    @property
    def replayable(self) -> bool:
        """Whether another attempt can send the same bytes: not from an iterator, nor a file that cannot go back."""
        return not self._used or isinstance(self._file, (Path, bytes)) or self._start is not None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body piece by piece; what goes wrong on the way is kept in `failure`."""
        self._used = True
        self.failure = None
        try:
            async with aclosing(self._body()) as body:
                async for piece in body:
                    yield piece
        except Exception as error:
            self.failure = error
            raise

    async def _body(self) -> AsyncGenerator[bytes, None]:
        yield self._head
        sent = 0
        async with aclosing(self._content()) as content:
            async for chunk in content:
                if not isinstance(cast("object", chunk), (bytes, bytearray, memoryview)):
                    raise TypeError(f"a file must give bytes, not {type(chunk).__name__}")
                sent += len(chunk)
                if self.size is not None and sent > self.size:
                    break
                yield chunk
                if self._on_progress is not None:
                    self._on_progress(sent, self.size)
        if self.size is not None and sent != self.size:
            raise ValueError(f"the file changed while it was sent: {self.size} bytes before, {sent} now")
        yield self._tail

    async def _content(self) -> AsyncGenerator[bytes, None]:
        file = self._file
        if isinstance(file, bytes):
            for start in range(0, len(file), CHUNK):
                yield file[start : start + CHUNK]
        elif isinstance(file, AsyncIterable):
            pieces = aiter(file)
            try:
                async for piece in pieces:
                    yield piece
            finally:
                # A caller's generator would otherwise stay where it stands when the server stops reading.
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()
        else:
            from anyio.to_thread import run_sync

            # Not in a thread: nobody would close what it opens for a task that is cancelled meanwhile.
            opened = file.open("rb") if isinstance(file, Path) else file
            try:
                if opened is file and self._start is not None:
                    opened.seek(self._start)
                while chunk := await run_sync(opened.read, CHUNK):
                    yield chunk
            finally:
                if opened is not file:
                    opened.close()


def _checked(operation: str, part: str, file: FileInput) -> Path | bytes | IO[bytes] | AsyncIterable[bytes]:
    if isinstance(file, str):
        raise TypeError(f"{operation}(): {part} must not be str: Path({file!r}) to open it, or bytes for content")
    if isinstance(file, (bytearray, memoryview)):
        return bytes(file)
    if isinstance(file, Path):
        if not file.is_file():
            raise FileNotFoundError(f"{operation}(): {part}: no file at {str(file)!r}")
        return file
    if isinstance(file, (bytes, AsyncIterable)):
        return file
    if not callable(getattr(file, "read", None)):
        kinds = "a Path, bytes, a binary file or an async iterable of bytes"
        raise TypeError(f"{operation}(): {part} must be {kinds}, not {type(file).__name__}")
    if isinstance(file.read(0), str):
        raise TypeError(f"{operation}(): {part} must be opened in binary mode")
    return file


def _position(file: object) -> int | None:
    try:
        return int(cast("IO[bytes]", file).tell())
    except (AttributeError, OSError, ValueError):
        return None


def _size_of(file: Path | bytes | IO[bytes] | AsyncIterable[bytes]) -> int | None:
    if isinstance(file, bytes):
        return len(file)
    if isinstance(file, Path):
        return file.stat().st_size
    if isinstance(file, AsyncIterable):
        return None
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, ValueError):
        return None
    return end - here


def _name_of(file: object) -> str:
    name = file.name if isinstance(file, Path) else getattr(file, "name", None)
    return (Path(name).name if isinstance(name, str) else "") or "upload"
