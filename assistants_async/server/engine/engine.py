"""The scheduler of runs: it claims those that wait, gives each to a worker, and ends what has to end."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
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
# Seconds for which a request waits for the end of runs whose time has come: the store may be full just then.
_PATIENCE = 1.0
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
        file_search: Callable[[Store, Document, Sequence[str], str], Awaitable[list[Found]]],
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
        self._renewed = time.monotonic()
        self._expiring: dict[str, asyncio.Task[None]] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._is_claiming = False
        self._is_wanted = False
        self._is_closing = False
        self._is_closed = False
        self._beating: asyncio.Task[None] | None = None
        self._reserved = 0
        store.listen(self._hear, self)

    def open(self) -> None:
        """Take up the runs that are in the store."""
        if self._store.lease is not None and self._beating is None:
            self._beating = self._spawn(self._beat())
            self._wake()
            self._arm()

    async def expire(self) -> None:
        """End the runs whose time has come; a store that does not take the end of one is not waited for long."""
        first, now = self._store.next_due("run"), self._clock()
        if first is None or first > now:
            return
        for key in await self._store.due("run", now):
            if key.id not in self._expiring:
                task = self._expiring[key.id] = self._run(self._expire_one(key.id))
                task.add_done_callback(partial(self._forget_expiry, key.id))
        waited = set(self._expiring.values()) - self._late
        if waited:
            self._late |= (await asyncio.wait(waited, timeout=_PATIENCE))[1]

    async def _expire_one(self, run_id: str) -> None:
        # Without a worker it waits for the client, or for one. Nothing is claimed that another process works on.
        worker = self._workers.get(run_id) or await self._claim(run_id)
        if worker is not None:
            await worker.expire()

    def _forget_expiry(self, run_id: str, task: asyncio.Task[None]) -> None:
        del self._expiring[run_id]
        self._late.discard(task)

    def reset(self) -> None:
        """Drop every run at once."""
        for worker in list(self._workers.values()):
            worker.drop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # As the `Claimer` of the store.

    def reserve(self) -> str | None:
        """Keep a slot for a run that a request is about to queue; None where there is none, or another run waits."""
        if self._is_wanted or self._is_claiming or not self._has_slot():
            return None
        self._reserved += 1
        return self._name

    def take(self, claim: Claim | None) -> None:
        """Work on a run in its slot, or give the slot back."""
        self._reserved -= 1
        # Claims that a closing server does not work on are given back at its end.
        if claim is not None and not self._is_closing:
            self._take(claim).start()
            self._arm()
        elif self._is_wanted:
            self._wake()

    async def close(self, grace: float) -> None:
        """Claim no more, let runs end for so many seconds, and drop those that have not."""
        self._is_closing = True
        if self._beating is not None:
            self._beating.cancel()
        if grace and self._workers:
            _, late = await asyncio.wait([worker.ended for worker in self._workers.values()], timeout=grace)
            if late:
                _log.warning("%d runs have not ended within %g s", len(late), grace)
        self._is_closed = True
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
            _ = self._run(self._claim_one(run_id))

    def _wake(self) -> None:
        """Claim what waits for a worker, as far as there are slots."""
        self._is_wanted = True
        if not self._is_claiming and not self._is_closing:
            self._is_claiming = True
            _ = self._run(self._claim_all())

    async def _claim_all(self) -> None:
        try:
            while self._is_wanted and self._has_slot():
                self._is_wanted = False
                while self._has_slot():
                    worker = await self._claim()
                    if worker is None:
                        break
                    worker.start()
                    if not worker.claim.more:
                        break
                else:
                    self._is_wanted = True  # for the next slot
        finally:
            self._is_claiming = False

    async def _claim_one(self, run_id: str) -> None:
        worker = await self._claim(run_id)
        if worker is not None:
            worker.start()

    async def _claim(self, run_id: str | None = None) -> Worker | None:
        """Claim this run, or the next that waits or was lost; None for none."""
        # A process that was stopped for longer than its lease would else take its own runs from itself.
        await self._renew()
        claim = await self._store.claim(self._name, time.monotonic(), run_id)
        # What a closing server has claimed meanwhile is given back with its other claims.
        return None if claim is None or self._is_closed else self._take(claim)

    def _has_slot(self) -> bool:
        return not self._is_closing and (
            self._concurrency is None or len(self._workers) + self._reserved < self._concurrency
        )

    def _take(self, claim: Claim) -> Worker:
        before = self._workers.get(claim.run_id)
        if before is not None:
            # Its lease ran out before it could be renewed: a run has one worker, and one request to its model.
            before.drop()
        worker = Worker(self._settings, claim, spawn=self._spawn, done=self._forget)
        self._workers[claim.run_id] = worker
        return worker

    def _forget(self, run_id: str) -> None:
        del self._workers[run_id]
        # Else nothing waited for a slot, as far as this process knows; the next beat knows the rest.
        if self._is_wanted:
            self._wake()

    # ... time ...

    async def _beat(self) -> None:
        """Renew the claims of this process, and look for what it was given no notice of."""
        while True:
            await asyncio.sleep(_BEAT)
            await _logged(self._renew())
            await _logged(self.expire())
            self._wake()

    async def _renew(self) -> None:
        """Renew the claims of this process where it is time, and drop the runs that others have by now."""
        now, lease = time.monotonic(), self._store.lease
        if lease is None or now - self._renewed < lease / 3:
            return
        workers = dict(self._workers)
        lost = await self._store.renew(self._name, tuple(workers), now)
        self._renewed = now
        for run_id in lost:
            # One that has ended meanwhile is dropped already, and may have a worker of a later claim.
            if self._workers.get(run_id) is workers[run_id]:
                workers[run_id].drop()

    def _arm(self, least: float = _LOOK) -> None:
        """See to it that somebody looks when the next run expires."""
        first = self._store.next_due("run")
        if self._timer is None and first is not None:
            # A clock of the caller's may stand still, or jump at any time.
            wait = max(first - self._clock(), least) if self._clock is time.time else least
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring)

    def _ring(self) -> None:
        _ = self._run(self._expire_and_arm())

    async def _expire_and_arm(self) -> None:
        await _logged(self.expire())
        self._timer = None
        if not self._is_closing:
            first = self._store.next_due("run")
            # Another process works on it, or its end cannot be written just now: not a hundred looks a second.
            self._arm(_LOOK if first is None or first > self._clock() else _BEAT)

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something that may fail; where the store cannot be reached, the next beat sees to it."""
        return self._spawn(_logged(work))

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
    except Exception:  # noqa: BLE001  logged, with its traceback
        # The beat goes on: without it no claim of this process would be renewed.
        _log.exception("the engine of runs")
