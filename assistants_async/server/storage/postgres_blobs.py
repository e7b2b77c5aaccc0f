"""Blobs in a PostgreSQL database, in pieces, so that processes need no disk that they share."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from typing import Any

from .interface import StoreError
from .postgres_link import Connection, PostgresLink

# Bytes of a piece, which is written and read in one go.
_PIECE = 2**18
_PUT = "INSERT INTO pieces VALUES ($1, $2, $3)"


class PostgresBlob:
    """Bytes on their way into the database."""

    in_memory = False
    """All but the last piece are in the database."""

    def __init__(self, link: PostgresLink) -> None:
        self.id = secrets.token_hex(16)
        """The id of the blob."""
        self.size = 0
        """Bytes that were written so far."""
        self.is_kept = False
        """True once a commit has kept it."""
        self.commit: asyncio.Future[Any] | None = None
        """The latest commit that is to keep it."""
        self._link = link
        self._waiting = bytearray()
        self._count = 0

    async def write(self, piece: bytes) -> None:
        """Add a piece."""
        self._waiting += piece
        self.size += len(piece)
        if len(self._waiting) >= _PIECE:
            whole = len(self._waiting) // _PIECE * _PIECE
            async with self._link.connection() as connection:
                if not self._count:
                    await connection.execute("INSERT INTO blobs VALUES ($1, 0, false, now())", self.id)
                await connection.executemany(_PUT, self._pieces(whole))
            self._count += whole // _PIECE
            del self._waiting[:whole]

    async def close(self) -> None:
        """Throw the bytes away, unless they are kept."""
        # A commit is made once it has begun, also where the task that waited for it was cancelled.
        if self.commit is not None:
            await asyncio.wait([self.commit])
        self._waiting.clear()
        if self._count and not self.is_kept:
            async with self._link.connection() as connection:
                # The answer to the commit may have been lost: the database knows whether it was made.
                await connection.execute("DELETE FROM blobs WHERE id = $1 AND NOT kept", self.id)

    async def keep(self, connection: Connection) -> None:
        """Make the blob complete, inside the transaction of a commit."""
        await connection.execute(
            "INSERT INTO blobs VALUES ($1, $2, true, now()) ON CONFLICT (id) DO UPDATE SET size = $2, kept = true",
            self.id,
            self.size,
        )
        await connection.executemany(_PUT, self._pieces(len(self._waiting)))

    def _pieces(self, size: int) -> Iterable[tuple[str, int, bytes]]:
        for number, start in enumerate(range(0, size, _PIECE), self._count):
            yield self.id, number, bytes(self._waiting[start : min(start + _PIECE, size)])


async def read_blob(link: PostgresLink, id: str) -> AsyncIterator[bytes]:
    """Yield the bytes of a blob in pieces; raises `KeyError` where it is gone, and `StoreError` where it goes."""
    position = number = 0
    while True:
        async with link.connection() as connection:
            row = await connection.fetchrow(
                "SELECT size, bytes FROM blobs LEFT JOIN pieces ON blob = id AND n = $2 WHERE id = $1 AND kept",
                id,
                number,
            )
        if row is None and number:
            raise StoreError(f"blob {id} was removed while it was read")
        if row is None:
            raise KeyError(id)
        size, piece = row
        if position == size:
            return
        yield piece
        position += len(piece)
        number += 1
        if position == size:
            return
