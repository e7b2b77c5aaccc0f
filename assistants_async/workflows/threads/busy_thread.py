"""A thread that another run keeps busy: waiting for it, or cancelling what runs on it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import msgspec

from ...core.requests.options import Options
from ...core.requests.request import Request, ids_of
from ...core.runs.backoff import back_off, poll_delay
from ...endpoints import CREATE_RUN
from ...errors import BadRequestError, NotFoundError, StatusError, ThreadBusyError, UnprocessableError
from ...models.runs import Run
from ...response import Headers
from ...session.manager import SessionManager, jitter

if TYPE_CHECKING:
    from ..runs.requests import RunRequests

IfActive = Literal["raise", "wait", "cancel"]
"""What a call does where another run is active on its thread: raise `ThreadBusyError` at once, wait until that run has
ended, or cancel it and wait for its end; then the call is sent again, with an `Idempotency-Key` of its own.

Where another run gets in between, the same is done about that one. The waiting takes no longer than the call's total
limit (`Timeout.total`), also for streams. When it has passed, `ThreadBusyError` names the run and its status, whatever
`raise_for_status` says: one in `requires_action` stays active until somebody submits its outputs, or it expires. A new
run is not waited for where an attempt to make it may have succeeded: the active run may be that one.
"""


class BusyThread:
    """What one call does about a busy thread; see `IfActive`."""

    def __init__(self, session: SessionManager, request: Request, if_active: IfActive) -> None:
        if if_active not in ("wait", "cancel"):
            raise ValueError(f"{request.endpoint.name}: if_active is 'raise', 'wait' or 'cancel', not {if_active!r}")
        self._session = session
        self._thread_id = ids_of(request)[0]
        self._cancels = if_active == "cancel"
        self._doubles = request.endpoint is CREATE_RUN and not self._cancels
        self._run: Run | None = None
        self._headers = Headers()
        self._misses = 0  # refusals in a row for which no active run was found
        self.doubtful = False
        """Whether the active run may be the one that the call was to make."""
        self.refusal: ThreadBusyError | None = None
        """The refusal that the call has not come past yet."""

    async def until_free(
        self, refusal: ThreadBusyError, options: Options, *, started: float, limit: float | None
    ) -> None:
        """Return when the run that keeps the thread busy has ended; raise the refusal where the time is up."""
        from ..runs.requests import RunRequests  # on use

        if self._doubles and self.doubtful:
            refusal.add_note("not waited for: an earlier attempt of this call may have started that run")
            raise refusal
        self.refusal, self._run = refusal, None
        # An error status that is no error would be no run; and of an error the call's own sending tells.
        options = msgspec.structs.replace(
            options, raise_for_status=True, resolve_type=None, on_error=None, busy_thread=None
        )
        timer = asyncio.timeout_at(None if limit is None else started + limit)
        try:
            async with timer:
                await self._wait(refusal.run_id, RunRequests(self._session, options))
        except TimeoutError:
            if not timer.expired():
                raise
            raise refusal from None
        finally:
            refusal.run, refusal.waited = self._run, asyncio.get_running_loop().time() - started
            refusal.run_id = refusal.run_id if self._run is None else self._run.id
        self.refusal = None

    async def _wait(self, run_id: str | None, lookups: RunRequests) -> None:
        run = await self._active(run_id, lookups)
        if run is None:
            # It has ended since. A server that says so once more is given time to notice.
            if self._misses:
                await lookups.pause(back_off(self._misses - 1, jitter()))
            self._misses += 1
            return
        self._misses = 0
        if self._cancels and run.status != "cancelling":
            run = await self._cancel(run, lookups)
        attempt = 0
        while run is not None and not run.is_terminal:
            await lookups.pause(poll_delay(attempt, self._headers, jitter()))
            run = await self._look(run.id, lookups)
            attempt += 1

    async def _active(self, run_id: str | None, lookups: RunRequests) -> Run | None:
        """The active run: the one that the server named, else the one that the thread's list shows."""
        run = None if run_id is None else await self._look(run_id, lookups)
        if run is None:
            run = self._run = await lookups.with_retries(lambda: lookups.active(self._thread_id))
        return None if run is None or run.is_terminal else run

    async def _look(self, run_id: str, lookups: RunRequests) -> Run | None:
        """The run as it is now; None where there is none of this id, or no more.

        A server may take for no id at all what was read as one out of its message.
        """
        try:
            self._run, http = await lookups.with_retries(lambda: lookups.run(self._thread_id, run_id))
        except (BadRequestError, NotFoundError, UnprocessableError):
            return None
        self._headers = http.headers
        return self._run

    async def _cancel(self, run: Run, lookups: RunRequests) -> Run:
        """Ask the run to end; give it as it is then."""

        async def ask() -> Run:
            try:
                return await lookups.cancel(self._thread_id, run.id)
            except StatusError as error:
                # It has ended by itself, or is about to: the next look tells.
                if error.status not in (400, 404, 409):
                    raise
                return run

        self._run = await lookups.with_retries(ask)
        return self._run
