"""The interface of bytes on their way into a store."""

from __future__ import annotations

from typing import Protocol


class BlobWriter(Protocol):
    """Bytes on their way into the store: a file, the part of an upload, or the text of a searched file."""

    @property
    def id(self) -> str:
        """The id of the blob."""
        ...

    @property
    def size(self) -> int:
        """Bytes that were written so far."""
        ...

    @property
    def in_memory(self) -> bool:
        """True where the bytes take this process's memory."""
        ...

    async def write(self, piece: bytes) -> None:
        """Add a piece."""
        ...

    async def close(self) -> None:
        """Throw the bytes away, unless a commit has kept them."""
        ...
