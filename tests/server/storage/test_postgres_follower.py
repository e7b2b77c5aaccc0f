"""A reader of events that any process commits: patient with a database that is away, but not for ever."""

from __future__ import annotations

import asyncio

import pytest

from assistants_async.server.storage.interface import Event, StoreError, StreamCutError
from assistants_async.server.storage.postgres_follower import PostgresFollower
from tests.support.stores import word

Rows = list[tuple[int, Event]]


async def test_a_database_that_does_not_come_back() -> None:
    """The reader is let go after a minute."""

    async def away(_run_id: str, _after: int) -> tuple[Rows, bool]:
        raise StoreError("away")

    loop = asyncio.get_running_loop()
    start = loop.time()
    follower = PostgresFollower("a", 0, away, lambda _follower: None)
    assert await follower.read(15.0) == ()
    with pytest.raises(StoreError, match="away"):
        await follower.read(600.0)
    assert 60 < loop.time() - start < 65


async def test_a_reader_is_woken_or_cut() -> None:
    """It looks when there is news, and reads no more where its server closes."""
    rows: Rows = []
    left: list[PostgresFollower] = []

    async def look(_run_id: str, after: int) -> tuple[Rows, bool]:
        return rows[after:], True

    follower = PostgresFollower("a", 0, look, left.append)
    assert await follower.read(0.01) == ()
    reading = asyncio.create_task(follower.read(60.0))
    await asyncio.sleep(0)
    rows.append((1, word("a", annotations=[])))
    follower.wake()
    assert await reading == [word("a", annotations=[])]
    reading = asyncio.create_task(follower.read(60.0))
    await asyncio.sleep(0)
    follower.cut()
    with pytest.raises(StreamCutError):
        await reading
    follower.close()
    assert left == [follower]
