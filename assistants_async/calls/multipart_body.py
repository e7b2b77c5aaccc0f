"""A file on its way to the server: the multipart body that streams it.

Nothing is opened before the request goes out, and never more than one chunk is in memory.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias, cast

from ..core.checks import plain_function
from ..core.requests.multipart import form_fields, head, is_media_type, tail
from ..session.tasks import in_thread
from .file_input import FileInput, check_start, given_file, name_of, position_of, size_of

CHUNK = 768 * 1024
"""Bytes read at once, in a worker thread: some four times as many are in memory for each upload under way."""


Progress: TypeAlias = "Callable[[int, int | None], None]"
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
        nameless: str | None = "upload",
        content_type: str | None = None,
        on_progress: Progress | None = None,
    ) -> None:
        where = f"{operation}(): {part}"
        given = given_file(where, file)
        self._file = given.content
        plain_function(f"{operation}(): on_progress", on_progress, "sent", "total")
        self._on_progress = on_progress
        name = name_of(operation, where, given, filename, nameless)
        media = content_type or given.media or "application/octet-stream"
        if not isinstance(media, str) or not is_media_type(media):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise ValueError(f"{operation}(): content_type {media!r} is not a media type")
        self.size = size_of(where, self._file)
        """Bytes of the file; None for an iterator, or a file that cannot be measured."""
        self._rewinds = not isinstance(self._file, AsyncIterable) and position_of(self._file) is not None
        self._used = False
        self.failure: Exception | None = None
        """The error of reading the file, or of the caller's `on_progress`."""
        # Random, since no file can then contain it; nothing has to be searched for it.
        boundary = os.urandom(16).hex()
        self._head = head(boundary, form_fields(fields), part, name, media)
        self._tail = tail(boundary)
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.length = None if self.size is None else len(self._head) + self.size + len(self._tail)

    @property
    def replayable(self) -> bool:
        """True where another attempt can send the same bytes: no iterator, nor a file that cannot go back."""
        return not self._used or isinstance(self._file, (Path, bytes)) or self._rewinds

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body piece by piece; an error on the way is kept in `failure`."""
        # From here on an iterator has lost its first bytes, so that a retry could not send them again.
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
                # The length is announced already: bytes past it would be read as the next request.
                if self.size is not None and sent > self.size:
                    break
                yield chunk
                if self._on_progress is not None:
                    self._on_progress(sent, self.size)
        if self.size is not None and sent != self.size:
            raise ValueError(f"the file changed while it was sent: {self.size} bytes before, {sent} now")
        if not sent:
            raise ValueError("the file gave no bytes: it is empty, or was read to its end before")
        yield self._tail

    async def _content(self) -> AsyncGenerator[bytes, None]:
        file = self._file
        if isinstance(file, bytes):
            for start in range(0, len(file), CHUNK):
                yield file[start : start + CHUNK]
        elif isinstance(file, AsyncIterable):
            await check_start(file)
            pieces = aiter(file)
            try:
                async for piece in pieces:
                    yield piece
            finally:
                # A caller's generator would otherwise stay open when the server stops reading.
                if isinstance(pieces, AsyncGenerator):
                    await pieces.aclose()
        else:
            # Not in a thread: nobody would close what it opens for a task that is cancelled meanwhile.
            opened = file.open("rb") if isinstance(file, Path) else file
            try:
                if opened is file and self._rewinds:
                    opened.seek(0)
                while chunk := await in_thread(partial(opened.read, CHUNK)):
                    yield chunk
                if chunk is None:  # pyright: ignore[reportUnnecessaryComparison]  as files in non-blocking mode do
                    raise BlockingIOError("the file had nothing to read yet: open it in blocking mode")
            finally:
                if opened is not file:
                    opened.close()
