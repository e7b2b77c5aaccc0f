"""The scheduler of runs: it claims those that wait, gives each to a worker, and ends what has to end."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from ..storage.ids import IdFactory
from ..storage.interface import Claim, Document, Notice, Store, StoreError
from ..storage.search import Found
from .responder import Backend, Responder
from .turn import Dialect
from .worker import Worker, WorkerSettings

_log = logging.getLogger(__name__)

# How often a run looks at a clock that is not the system's.
_LOOK = 0.01
# How often a process looks into a store that others share, should a notice have been lost.
_BEAT = 1.0
# Seconds for which a closing server waits for responders that do not end at once.
_CLOSE = 0.5


class Engine:
    """Drives runs through their life; a thread has at most one active run, which the store sees to."""

    def __init__(
        self,
        store: Store,
        names: IdFactory,
        responder: Responder,
        *,
        file_search: Callable[[Store, Document, str], Awaitable[list[Found]]],
        clock: Callable[[], float],
        pace: float,
        speed: float,
        dialect: Dialect | None = None,
        concurrency: int | None = None,
    ) -> None:
        self._settings = WorkerSettings(store, names, responder, file_search, clock, pace, speed, dialect)
        self._store = store
        self._clock = clock
        self._concurrency = concurrency
        self._name = secrets.token_hex(8)
        self._workers: dict[str, Worker] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._is_claiming = False
        self._is_wanted = False
        self._is_closing = False
        self._beating: asyncio.Task[None] | None = None
        store.listen(self._hear)

    def open(self) -> None:
        """Take up the runs that are in the store."""
        if self._store.lease is not None and self._beating is None:
            self._beating = self._spawn(self._beat(self._store.lease))
            self._wake()
            self._arm()

    async def expire(self) -> None:
        """End the runs whose time has come."""
        first, now = self._store.next_due("run"), self._clock()
        if first is None or first > now:
            return
        for key in await self._store.due("run", now):
            worker = self._workers.get(key.id)
            if worker is None:
                # It waits for the client, or for a worker. Nothing is claimed that another process works on.
                claim = await self._store.claim(self._name, time.monotonic(), key.id)
                worker = None if claim is None else self._take(claim)
            if worker is not None:
                await worker.expire()

    def reset(self) -> None:
        """Drop every run at once."""
        for worker in list(self._workers.values()):
            worker.drop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def close(self, grace: float) -> None:
        """Claim no more, let runs end for so many seconds, and drop those that have not."""
        self._is_closing = True
        if self._beating is not None:
            self._beating.cancel()
        if grace and self._workers:
            _, late = await asyncio.wait([worker.ended for worker in self._workers.values()], timeout=grace)
            if late:
                _log.warning("%d runs have not ended within %g s", len(late), grace)
        self.reset()
        if self._tasks:
            done, left = await asyncio.wait(self._tasks, timeout=_CLOSE)
            for task in done:
                if not task.cancelled():
                    task.exception()  # seen, so that asyncio does not warn of it
            if left:
                _log.warning("%d responders refuse their cancellation and are left behind", len(left))
                self._tasks -= left
        if self._store.lease is not None:
            await self._store.release(self._name)
        if isinstance(self._settings.responder, Backend):
            await self._settings.responder.close()

    # ... claims ...

    # Leases go by the monotonic clock: one that jumps would make the runs of this very process look lost to it.

    def _hear(self, notice: Notice, run_id: str) -> None:
        worker = self._workers.get(run_id)
        if self._is_closing:
            return
        if notice == "gone":
            if worker is not None:
                worker.drop()
            return
        if notice == "queued":
            self._wake()
            self._arm()
        elif worker is not None:
            worker.cancel()
        else:
            # Nobody works on it: it is cancelled whether there is a slot or not.
            self._run(self._claim_one(run_id))

    def _wake(self) -> None:
        """Claim what waits for a worker, as far as there are slots."""
        self._is_wanted = True
        if not self._is_claiming and not self._is_closing:
            self._is_claiming = True
            self._run(self._claim_all())

    async def _claim_all(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                while self._has_slot():
                    claim = await self._store.claim(self._name, time.monotonic())
                    if claim is None:
                        break
                    self._take(claim).start()
        finally:
            self._is_claiming = False

    async def _claim_one(self, run_id: str) -> None:
        claim = await self._store.claim(self._name, time.monotonic(), run_id)
        if claim is not None:
            self._take(claim).start()

    def _has_slot(self) -> bool:
        return not self._is_closing and (self._concurrency is None or len(self._workers) < self._concurrency)

    def _take(self, claim: Claim) -> Worker:
        worker = Worker(self._settings, claim, spawn=self._spawn, done=self._forget)
        self._workers[claim.run_id] = worker
        return worker

    def _forget(self, run_id: str) -> None:
        del self._workers[run_id]
        if self._concurrency is not None:
            self._wake()

    # ... time ...

    async def _beat(self, lease: float) -> None:
        """Renew the claims of this process, and look for what it was given no notice of."""
        renewed = time.monotonic()
        while True:
            await asyncio.sleep(_BEAT)
            if time.monotonic() - renewed >= lease / 3:
                renewed = time.monotonic()
                await _logged(self._store.renew(self._name, tuple(self._workers), time.monotonic()))
            await _logged(self.expire())
            self._wake()

    def _arm(self) -> None:
        """See to it that somebody looks when the next run expires."""
        first = self._store.next_due("run")
        if self._timer is None and first is not None:
            # A clock of the caller's may stand still, or jump at any time.
            wait = max(first - self._clock(), _LOOK) if self._clock is time.time else _LOOK
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        self._run(self._expire_and_arm())

    async def _expire_and_arm(self) -> None:
        await _logged(self.expire())
        self._timer = None
        if not self._is_closing:
            self._arm()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin something that nobody waits for; where the store cannot be reached, the next beat sees to it."""
        _ = self._spawn(_logged(work))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        # The loop holds tasks weakly, and a closing server has to wait for those whose run is gone.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except StoreError as error:
        _log.warning("the store cannot be used just now: %s", error)
