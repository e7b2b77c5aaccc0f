"""A thread that does jobs one after the other; results that are there together go back to the event loop in one go."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

ValueT = TypeVar("ValueT")

# Seconds for which a result waits for those of the jobs behind it: waking the loop costs more than a read of SQLite.
_TOGETHER = 0.0005


class _Job(NamedTuple):
    future: asyncio.Future[Any]
    work: Callable[..., Any]
    values: tuple[Any, ...]


class _Done(NamedTuple):
    future: asyncio.Future[Any]
    value: Any
    error: BaseException | None


class JobThread:
    """A thread of the running event loop, in place of an executor, whose futures cost as much as a job of SQLite's."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._under_way = 0
        # A program that ends without closing the store is not kept from it.
        threading.Thread(target=self._work, name=name, daemon=True).start()

    @property
    def is_idle(self) -> bool:
        """True while it has no job, and so touches nothing."""
        return not self._under_way

    def submit(self, work: Callable[..., ValueT], *values: object) -> asyncio.Future[ValueT]:
        """Do a job behind all others; one whose future is cancelled before it begins is left out."""
        future: asyncio.Future[ValueT] = self._loop.create_future()
        self._under_way += 1
        self._jobs.put(_Job(future, work, values))
        return future

    def stop(self) -> None:
        """End the thread behind the jobs that it has."""
        self._jobs.put(None)

    def _work(self) -> None:
        while self._do_some():
            pass

    def _do_some(self) -> bool:
        """Do the next job, and those behind it for a moment; False behind the last. Nothing of them is kept."""
        job = self._jobs.get()
        until = time.monotonic() + _TOGETHER
        done: list[_Done] = []
        while job is not None:
            done.append(_done(job))
            if self._jobs.empty() or time.monotonic() >= until:
                break
            job = self._jobs.get()
        # The loop may be closed, and nobody waits for these any more.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._settle, done)
        return job is not None

    def _settle(self, done: list[_Done]) -> None:
        self._under_way -= len(done)
        for future, value, error in done:
            if future.done():
                continue
            if error is None:
                future.set_result(value)
            else:
                future.set_exception(error)


def _done(job: _Job) -> _Done:
    if job.future.cancelled():
        return _Done(job.future, None, None)
    try:
        return _Done(job.future, job.work(*job.values), None)
    except BaseException as error:  # noqa: BLE001  it is raised where the job is waited for
        return _Done(job.future, None, error)
