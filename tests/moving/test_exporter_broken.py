"""Exports of 100 threads that are broken off again and again."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from assistants_async import AssistantsClient, Request
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.moving import export_account, import_account
from assistants_async.server import AssistantsServer, Dialect, MemoryStore
from tests.support.account import account, client_of, multiplied, snapshot

THREADS = 100
BREAKS = 20


@pytest.mark.parametrize(
    ("protocol", "dialect"), [("v2", None), ("v1", None), ("v2", "foundry")], ids=["v2", "v1", "foundry"]
)
async def test_an_export_is_broken_off_twenty_times(
    tmp_path: Path, protocol: ProtocolVersion, dialect: Dialect | None
) -> None:
    """At random requests; the folder is that of one run, byte for byte."""
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    async with account(threads=2, protocol=protocol, dialect=dialect) as server, client_of(server, protocol) as client:
        await export_account(client, whole)
    multiplied(whole, THREADS)
    store, chance = MemoryStore(), random.Random(21)
    assert (await import_account(store, whole)).counts["thread"] == THREADS
    left = 0

    def count(_request: Request) -> None:
        nonlocal left
        left -= 1
        if not left:
            task.cancel()

    async with (
        AssistantsServer(store=store, protocol=protocol, dialect=dialect) as server,
        client_of(server, protocol, on_request=count) as client,
    ):
        # At first among the lists and contents, then among the threads.
        for number in range(BREAKS):
            left = chance.randint(1, 4 + number)
            task = asyncio.create_task(_export(client, broken))
            with pytest.raises(asyncio.CancelledError):
                await task
        left = 0
        await _export(client, broken)
    assert snapshot(broken) == snapshot(whole)
    assert len(list((broken / "threads").iterdir())) == THREADS


async def _export(client: AssistantsClient, folder: Path) -> None:
    await export_account(client, folder)
