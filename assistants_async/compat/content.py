"""The content of a file, as openai-python gives it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Self

import msgspec

from .._typing import override
from .pending import Pending


class Pieces(AsyncIterator[bytes]):
    """Pieces of a content, for `async for`; awaited they give themselves, as old code writes it."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __await__(self) -> Generator[Any, None, Self]:
        return self
        yield  # a generator, which waits for nothing

    @override
    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class BinaryContent:
    """The content of a file, read already."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        """The bytes."""

    @property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Decode the content as JSON."""
        return msgspec.json.decode(self.content)

    def read(self) -> bytes:
        """Return the bytes."""
        return self.content

    async def aread(self) -> bytes:
        """Return the bytes."""
        return self.content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        # A step of 0 would be an error for an empty file.
        size = chunk_size or max(len(self.content), 1)
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]

    def aiter_bytes(self, chunk_size: int | None = None) -> Pieces:
        """Iterate over the bytes in pieces, awaited before or not."""
        return Pieces(self.iter_bytes(chunk_size))

    def write_to_file(self, file: str | PathLike[str]) -> None:
        """Write the bytes to a file."""
        Path(file).write_bytes(self.content)

    def stream_to_file(self, file: str | PathLike[str], *, chunk_size: int | None = None) -> None:  # noqa: ARG002  # taken for its callers
        """Write the bytes to a file: the older name."""
        self.write_to_file(file)

    async def astream_to_file(self, file: str | PathLike[str], *, chunk_size: int | None = None) -> None:  # noqa: ARG002  # the same
        """Write the bytes to a file: the older name."""
        self.write_to_file(file)


class PendingContent(Pending[BinaryContent]):
    """A download that is not sent before it is awaited."""

    __slots__ = ()

    @override
    def _made(self, value: Any) -> BinaryContent:
        return BinaryContent(value)
