"""A PostgreSQL server whose disk is full: a 507 in words, nothing half-written, and on it goes once there is room."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator

import aiohttp
import asyncpg

from assistants_async.server import Action, Piece, PostgresStore, Turn
from tests.support.steady_loop import MS
from tests.support.talk import path_of, talking

# The server's own error and state for a file that it cannot extend, in the middle of each transaction that writes.
_FILL = """
CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
CREATE TRIGGER full_disk AFTER INSERT OR UPDATE ON objects FOR EACH ROW EXECUTE FUNCTION fill();
CREATE TRIGGER full_disk AFTER INSERT ON pieces FOR EACH ROW WHEN (NEW.n > 4) EXECUTE FUNCTION fill();
"""
_FREE = "DROP FUNCTION fill CASCADE"


async def execute(url: str, statements: str) -> None:
    """Execute statements beside the store."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "assistants_async"})
    await connection.execute(statements)
    await connection.close()


async def count(url: str, table: str) -> int:
    """Count the rows of a table."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "assistants_async"})
    number: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    await connection.close()
    return number


def large_file() -> aiohttp.FormData:
    """A form with a file of several pieces."""
    form = aiohttp.FormData({"purpose": "assistants"})
    form.add_field("file", io.BytesIO(b"It rains. " * 200_000), filename="large.txt")
    return form


async def test_creates_are_refused(database: str) -> None:
    """Of a thread with messages or a file nothing is left; reading goes on, and creating once there is room."""
    async with talking(store=PostgresStore(database), seed=None) as talk:
        thread = await talk.thread("one")
        before = [await count(database, table) for table in ("objects", "runs", "events", "blobs", "pieces")]
        await execute(database, _FILL)
        assistant = (await talk("POST", "/assistants", {"model": "m"})).error
        body = {"messages": [{"role": "user", "content": "one"}]}
        for answer in (await talk("POST", "/threads", body), await talk("POST", "/files", data=large_file())):
            assert (answer.status, answer.error["code"]) == (507, "insufficient_storage")
            assert "disk" in answer.error["message"]
            assert answer.error == assistant
        assert await talk.get(f"/threads/{thread['id']}") == thread
        assert (await talk.get("/files"))["data"] == []
        after = [await count(database, table) for table in ("objects", "runs", "events", "blobs", "pieces")]
        assert after == before
        await execute(database, _FREE)
        assert (await talk("POST", "/files", data=large_file())).status == 200
        await talk.until(await talk.run("hello"), "completed")


async def test_what_is_under_way_waits(database: str) -> None:
    """A run, and a file that is about to be read, go on once there is room; requests that read are answered."""
    go_on = asyncio.Event()

    async def respond(_turn: Turn) -> AsyncIterator[Action]:
        yield Piece("one ")
        await go_on.wait()
        yield Piece("two")

    async with talking(store=PostgresStore(database), responder=respond, seed=None, pace=0.3) as talk:
        file = await talk.upload(b"It rains in Bergen.", "rain.md")
        run = await talk.until(await talk.run("hello"), "in_progress")
        store = await talk.make("/vector_stores", {"file_ids": [file["id"]]})
        await execute(database, _FILL)
        go_on.set()
        await asyncio.sleep(0.4)
        assert (await talk.get(f"/vector_stores/{store['id']}"))["status"] == "in_progress"
        assert (await talk.get(path_of(run)))["status"] == "in_progress"
        await execute(database, _FREE)
        async with asyncio.timeout(240):
            while (await talk.get(path_of(run)))["status"] == "in_progress":
                await asyncio.sleep(10 * MS)
            while (await talk.get(f"/vector_stores/{store['id']}"))["status"] == "in_progress":
                await asyncio.sleep(10 * MS)
        assert (await talk.get(path_of(run)))["status"] == "completed"
        message = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"][0]
        assert message["content"][0]["text"]["value"] == "one two"
