"""Bytes in a PostgreSQL database: in pieces, known to every process once a commit keeps them."""

from __future__ import annotations

import asyncpg
import pytest

from assistants_async.server import PostgresStore
from assistants_async.server.storage.batch import Batch, content_of
from assistants_async.server.storage.interface import StoreError

PIECE = 2**18


async def pieces(url: str) -> int:
    """The pieces in the database."""
    connection = await asyncpg.connect(url)
    count = await connection.fetchval("SELECT count(*) FROM assistants_async.pieces")
    await connection.close()
    return int(count)


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE], ids=str)
async def test_another_process_reads_them(database: str, size: int) -> None:
    """In pieces of 256 KiB; nothing of them is left once they are dropped."""
    one, two = PostgresStore(database), PostgresStore(database)
    await one.open()
    await two.open()
    content = bytes(number % 251 for number in range(size))
    blob = one.new_blob()
    for start in range(0, size, 100_000):
        await blob.write(content[start : start + 100_000])
    batch = Batch(one)
    batch.keep(blob)
    await batch.commit()
    await blob.close()
    assert await content_of(two, blob.id) == content
    assert await pieces(database) == -(-size // PIECE)
    batch.drop(blob.id)
    await batch.commit()
    assert await pieces(database) == 0
    await one.close()
    await two.close()


async def test_bytes_that_nobody_keeps(database: str) -> None:
    """They go when they are thrown away; those that were kept stay, also where nobody heard that they were."""
    store = PostgresStore(database)
    await store.open()
    blob = store.new_blob()
    await blob.write(b"x" * 2 * PIECE)
    assert await pieces(database) == 2
    with pytest.raises(KeyError):
        await anext(aiter(store.read_blob(blob.id)))
    await blob.close()
    assert await pieces(database) == 0
    blob = store.new_blob()
    await blob.write(b"x" * 2 * PIECE)
    batch = Batch(store)
    batch.keep(blob)
    await batch.commit()
    blob.is_kept = False
    await blob.close()
    assert await pieces(database) == 2
    await store.close()


async def test_bytes_that_go_while_they_are_read(database: str) -> None:
    """The reader does not take the part for the whole."""
    store = PostgresStore(database)
    await store.open()
    blob = store.new_blob()
    await blob.write(b"x" * 2 * PIECE)
    batch = Batch(store)
    batch.keep(blob)
    await batch.commit()
    reading = aiter(store.read_blob(blob.id))
    assert len(await anext(reading)) == PIECE
    batch.drop(blob.id)
    await batch.commit()
    with pytest.raises(StoreError, match="while it was read"):
        await anext(reading)
    await store.close()
