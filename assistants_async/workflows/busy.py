"""A thread that another run keeps busy: waiting for it, cancelling what runs on it, and keeping it to oneself."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Literal
from weakref import WeakKeyDictionary, WeakValueDictionary

import msgspec

from ..core.options import Options
from ..core.polling import back_off, poll_delay
from ..core.request import Request, ids_of
from ..errors import NotFoundError, StatusError, ThreadBusyError
from ..models.runs import Run
from ..session import SessionManager
from ..wire import Headers
from .lookups import Lookups, jitter, patiently

IfActive = Literal["raise", "wait", "cancel"]
"""What a call does where another run is active on its thread: raise `ThreadBusyError` at once, wait until that run has
ended, or cancel it and wait for its end; then the call is sent again.

Waiting takes no longer than the call's total limit (`Timeout.total`), also for streams; where another run gets in
between, that one is waited for as well. When the limit has passed, `ThreadBusyError` names the run and its status: one
in `requires_action` stays active until somebody submits its outputs, or it expires.
"""


class BusyThread:
    """What one call does about a busy thread; see `IfActive`."""

    def __init__(self, session: SessionManager, request: Request, if_active: IfActive) -> None:
        if if_active not in ("wait", "cancel"):
            raise ValueError(f"{request.endpoint.name}: if_active is 'raise', 'wait' or 'cancel', not {if_active!r}")
        self._session = session
        self._thread_id = ids_of(request)[0]
        self._cancels = if_active == "cancel"
        self._run: Run | None = None
        self._headers = Headers()
        self._misses = 0  # refusals in a row for which no active run was found
        self.refusal: ThreadBusyError | None = None
        """The refusal that the call has not come past yet."""

    async def until_free(self, refusal: ThreadBusyError, options: Options, started: float) -> None:
        """Return when the run that keeps the thread busy has ended; raise the refusal where the time is up."""
        self.refusal, self._run = refusal, None
        clock = asyncio.get_running_loop().time
        total = options.timeout.total
        # An error status that is no error would be no run.
        options = msgspec.structs.replace(options, raise_for_status=True, resolve_type=None)
        limit = asyncio.timeout_at(None if total is None else started + total)
        try:
            async with limit:
                await self._wait(refusal.run_id, Lookups(self._session, options))
        except TimeoutError as error:
            if type(error) is not TimeoutError or not limit.expired():
                raise
            raise refusal from None
        finally:
            refusal.run, refusal.waited = self._run, clock() - started
            refusal.run_id = refusal.run_id if self._run is None else self._run.id
        self.refusal = None

    async def _wait(self, run_id: str | None, lookups: Lookups) -> None:
        run = await self._active(run_id, lookups)
        if run is None:
            # It has ended since. A server that says so once more is given time to notice.
            if self._misses:
                await self._session.pause(back_off(self._misses - 1, jitter()))
            self._misses += 1
            return
        self._misses = 0
        if self._cancels and run.status != "cancelling":
            await self._cancel(run, lookups)
        attempt = 0
        while run is not None and not run.is_terminal:
            await self._session.pause(poll_delay(attempt, self._headers, jitter()))
            run = await self._look(run.id, lookups)
            attempt += 1

    async def _active(self, run_id: str | None, lookups: Lookups) -> Run | None:
        """The active run: the one that the server named, else the one that the thread's list shows."""
        run = None if run_id is None else await self._look(run_id, lookups)
        if run is None:
            run = await patiently(lambda: lookups.active(self._thread_id))
            self._run = run
        return None if run is None or run.is_terminal else run

    async def _look(self, run_id: str, lookups: Lookups) -> Run | None:
        """The run as it is now; None where there is none of this id, or no more."""
        try:
            self._run, http = await patiently(lambda: lookups.run(self._thread_id, run_id))
        except NotFoundError:
            return None
        self._headers = http.headers
        return self._run

    async def _cancel(self, run: Run, lookups: Lookups) -> None:
        try:
            self._run = await patiently(lambda: lookups.cancel(self._thread_id, run.id))
        except StatusError as error:
            # It has ended by itself, or is about to: the next look tells.
            if error.status not in (400, 404, 409):
                raise


class ThreadLock:
    """Enter it to have a thread to oneself among all in this process who enter its lock; first come, first served.

    It binds nobody else: other processes, the server, and calls outside of such blocks know nothing of it. A task
    that enters the same thread's lock twice waits for itself for ever.
    """

    __slots__ = ("_held", "_key")

    def __init__(self, base_url: str, thread_id: str) -> None:
        self._key = (base_url, thread_id)
        self._held: asyncio.Lock | None = None

    async def __aenter__(self) -> None:
        locks = _LOCKS.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
        lock = locks.setdefault(self._key, asyncio.Lock())
        await lock.acquire()
        self._held = lock

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lock, self._held = self._held, None
        assert lock is not None
        lock.release()


# Of each event loop, by server and thread; a lock goes when the last who holds it or waits for it does.
_Locks = WeakValueDictionary[tuple[str, str], asyncio.Lock]
_LOCKS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Locks] = WeakKeyDictionary()
