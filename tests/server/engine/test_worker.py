"""A worker and its one task."""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from collections.abc import Coroutine, Sequence
from typing import Any

from assistants_async.server import EchoResponder
from assistants_async.server.engine.worker import Worker, WorkerSettings
from assistants_async.server.storage.ids import IdFactory
from assistants_async.server.storage.interface import Claim, Document, Store
from assistants_async.server.storage.memory import MemoryStore
from assistants_async.server.storage.search import Found


async def no_search(_store: Store, _run: Document, _file_ids: Sequence[str], _query: str) -> list[Found]:
    """Find nothing."""
    return []


async def test_a_worker_that_is_dropped_before_its_task_begins() -> None:
    """A server that closes right after a run was created leaves no coroutine that nobody awaited."""
    tasks: list[asyncio.Task[None]] = []
    done: list[str] = []

    def spawn(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        tasks.append(asyncio.get_running_loop().create_task(work))
        return tasks[-1]

    settings = WorkerSettings(MemoryStore(), IdFactory(1), EchoResponder(), no_search, time.time, 0, 0, None)
    worker = Worker(settings, Claim("run_1", "thread_1", 1), spawn=spawn, done=done.append)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        worker.start()
        worker.drop()
        await asyncio.wait(tasks)
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
    assert done == ["run_1"]
    assert worker.ended.done()
