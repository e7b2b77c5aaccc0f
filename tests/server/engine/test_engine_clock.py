"""Clocks that jump: what is due goes by the server's clock, order and leases by none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from pathlib import Path

import aiohttp
import pytest

from assistants_async._typing import override
from assistants_async.server import SqliteStore
from assistants_async.server.storage.interface import Claim
from tests.support.steady_loop import MS
from tests.support.stores import ENGINES
from tests.support.talk import Talk, outputs_for, path_of, talking

NOW = 1_700_000_000.0


async def kept_for(talk: Talk, seconds: int) -> str:
    """The path of a file that expires after so many seconds."""
    form = aiohttp.FormData(
        {"purpose": "assistants", "expires_after[anchor]": "created_at", "expires_after[seconds]": str(seconds)}
    )
    form.add_field("file", b"abc", filename="a.txt")
    answer = await talk("POST", "/files", data=form)
    assert answer.status == 200, answer.content
    return f"/files/{answer.document['id']}"


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_clock_that_jumps(engine: str, tmp_path: Path) -> None:
    """Back: nothing is lost, and lists stay in order. Forward: what is due ends once, and stays ended."""
    clock = [NOW]
    async with (
        ENGINES[engine](tmp_path) as store,
        talking(store=store, clock=lambda: clock[0]) as talk,
    ):
        file = await kept_for(talk, 3600)
        waiting = await talk.until(await talk.run("/call get_weather {}"), "requires_action")
        stalled = await talk.until(await talk.run("/stall half"), "in_progress")
        thread = await talk.thread("one")
        path = f"/threads/{thread['id']}/messages"
        (first,) = (await talk.get(path))["data"]

        clock[0] = NOW - 7200
        second = await talk.make(path, {"role": "user", "content": "two"})
        assert second["created_at"] < first["created_at"]
        assert [one["id"] for one in (await talk.get(f"{path}?order=asc"))["data"]] == [first["id"], second["id"]]
        assert [one["id"] for one in (await talk.get(f"{path}?order=asc&after={first['id']}"))["data"]] == [
            second["id"]
        ]
        assert (await talk.get(path_of(stalled)))["status"] == "in_progress"
        await talk.make(path_of(waiting) + "/submit_tool_outputs", outputs_for(waiting, "cold"))
        await talk.until(waiting, "completed")
        await talk.get(file)
        early = await talk.until(await talk.run("/call get_weather {}"), "requires_action")

        clock[0] = NOW - 7200 + 601
        await talk.until(early, "expired")
        assert (await talk.get(path_of(stalled)))["status"] == "in_progress"

        clock[0] = NOW + 601
        await talk.until(stalled, "expired")
        await talk.make(f"/threads/{stalled['thread_id']}/messages", {"role": "user", "content": "more"})
        await talk.get(file)

        clock[0] = NOW + 3601
        assert (await talk("GET", file)).status == 404

        clock[0] = NOW
        assert (await talk("GET", file)).status == 404
        assert (await talk.get(path_of(stalled)))["status"] == "expired"
        await talk.until(await talk.run("hello"), "completed")


class WatchedStore(SqliteStore):
    """A store that notes the times of leases."""

    times: list[float]

    @override
    async def claim(self, worker: str, now: float, run_id: str | None = None) -> Claim | None:
        """Claim, and note the time."""
        self.times.append(now)
        return await super().claim(worker, now, run_id)

    @override
    async def renew(self, worker: str, run_ids: Collection[str], now: float) -> Collection[str]:
        """Renew, and note the time."""
        self.times.append(now)
        return await super().renew(worker, run_ids, now)


async def test_leases_go_by_a_clock_that_does_not_jump(tmp_path: Path) -> None:
    """Else a machine whose clock is set forward would lose its own runs to itself, and answer them twice."""
    store = WatchedStore(tmp_path / "home.db", lease=0.03)
    store.times = []
    before = time.monotonic()
    async with talking(store=store) as talk:
        run = await talk.until(await talk.run("/stall half"), "in_progress")
        while len(store.times) < 4:
            await talk.get(path_of(run))
            await asyncio.sleep(MS)
    assert all(before <= at <= time.monotonic() for at in store.times)
