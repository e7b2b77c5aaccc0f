"""A thread that another run keeps busy: wait for the run's end, or cancel it."""

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
from ...session.deadlines import jitter

if TYPE_CHECKING:
    from ...session.manager import SessionManager
    from ..runs.requests import RunRequests

IfActive = Literal["raise", "wait", "cancel"]
"""The choices of a call where another run is active on its thread: raise `ThreadBusyError` at once, wait until that
run has ended, or cancel it and wait for its end; then the call is sent again, with an `Idempotency-Key` of its own.

Where another run gets in between, the same is done about that one. The waiting takes no longer than the call's total
limit (`Timeout.total`), also for streams. When it has passed, `ThreadBusyError` names the run and its status, whatever
`raise_for_status` says: one in `requires_action` stays active until somebody submits its outputs, or it expires. A new
run is not waited for where an attempt to make it may have succeeded: the active run may be that one.
"""


class BusyThread:
    """The policy of one call for a busy thread; see `IfActive`."""

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
        self.may_have_succeeded = False
        """True where the active run may be the one that the call was to make."""
        self.refusal: ThreadBusyError | None = None
        """The last refusal, until the thread is free."""

    async def until_free(
        self, refusal: ThreadBusyError, options: Options, *, started: float, limit: float | None
    ) -> None:
        """Return when the run that keeps the thread busy has ended; raise the refusal where the time is up."""
        from ..runs.requests import RunRequests  # on use

        if self._doubles and self.may_have_succeeded:
            refusal.add_note("not waited for: an earlier attempt of this call may have started that run")
            raise refusal
        self.refusal, self._run = refusal, None
        # An error status that is no error would be no run; and the call itself reports its errors to `on_error`.
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

    async def _wait(self, run_id: str | None, requests: RunRequests) -> None:
        run = await self._active(run_id, requests)
        if run is None:
            # The run has ended since. A server that refuses once more gets time to notice.
            if self._misses:
                await requests.pause(back_off(self._misses - 1, jitter()))
            self._misses += 1
            return
        self._misses = 0
        if self._cancels and run.status != "cancelling":
            run = await self._cancel(run, requests)
        attempt = 0
        while run is not None and not run.is_terminal:
            await requests.pause(poll_delay(attempt, self._headers, jitter()))
            run = await self._retrieve(run.id, requests)
            attempt += 1

    async def _active(self, run_id: str | None, requests: RunRequests) -> Run | None:
        """Return the active run: the one that the server named, else the one in the thread's list."""
        run = None if run_id is None else await self._retrieve(run_id, requests)
        if run is None:
            run = self._run = await requests.with_retries(lambda: requests.active(self._thread_id))
        return None if run is None or run.is_terminal else run

    async def _retrieve(self, run_id: str, requests: RunRequests) -> Run | None:
        """Return the run as it is now; None where no run has this id.

        The id was read out of the server's message, and the server itself may refuse it as malformed.
        """
        try:
            self._run, http = await requests.with_retries(lambda: requests.run(self._thread_id, run_id))
        except (BadRequestError, NotFoundError, UnprocessableError):
            return None
        self._headers = http.headers
        return self._run

    async def _cancel(self, run: Run, requests: RunRequests) -> Run:
        """Cancel the run, and return it as it is then."""

        async def cancel() -> Run:
            try:
                return await requests.cancel(self._thread_id, run.id)
            except StatusError as error:
                # The run has ended by itself, or is about to: the next poll will show it.
                if error.status not in (400, 404, 409):
                    raise
                return run

        self._run = await requests.with_retries(cancel)
        return self._run
