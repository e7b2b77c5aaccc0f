"""Going on where a run's stream broke off, by polling: the run goes on at the server whoever listens."""

from __future__ import annotations

import asyncio
from typing import Any

from ...core.requests.options import Options
from ...core.runs.backoff import poll_delay
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import next_step
from ...core.streams.run_events import event_of_run
from ...errors import AssistantsError, ClientClosedError, StreamInterruptedError, TransportError
from ...models.events import StreamEvent
from ...models.runs import Run
from ...response import HTTPResponse
from ...session.deadlines import DeadlineTimer
from ...session.manager import SessionManager, jitter
from .requests import RunRequests


class Recovery:
    """The means to poll a run that was streamed; no second run is ever started."""

    def __init__(self, session: SessionManager, options: Options) -> None:
        self._session = session
        self._options = options

    def after(self, cut: StreamInterruptedError, http: HTTPResponse, known: Snapshot) -> Recovered:
        """Make what takes the place of a stream that broke off, and knows what it had told."""
        return Recovered(self._session, self._options, cut, http, known)


class Recovered:
    """The rest of a stream that broke off: a source that polls, and the reading of what it finds.

    Its one read waits until the run has ended or asks for action, and begins anew where it was cancelled. Then come
    the steps, the messages, each with a delta for the text that is missing, and the run's last event. A run that has
    not ended within the time of a call (`timeout.total`), or cannot be asked for, is a `StreamInterruptedError`.
    """

    error = None
    end_marker_seen = False
    finished = False

    def __init__(
        self,
        session: SessionManager,
        options: Options,
        cut: StreamInterruptedError,
        http: HTTPResponse,
        known: Snapshot,
    ) -> None:
        assert cut.run_id is not None
        assert cut.thread_id is not None
        self.http = http
        """Head of the stream that broke off."""
        self._lookups = RunRequests(session, options)
        self._cut = cut
        self._thread_id, self._run_id = cut.thread_id, cut.run_id
        self._known = known
        self._events: list[StreamEvent] = []
        self._closed = False
        loop = asyncio.get_running_loop()
        self._watch = DeadlineTimer(loop).watch(None)
        self._limit = options.timeout.total
        self._deadline = float("inf") if self._limit is None else loop.time() + self._limit

    # The source

    async def read(self) -> bytes:
        """Gather what is missing, which is then there with the end of the body."""
        if not self._closed:
            try:
                with self._watch:
                    self._events = await self._missed()
            except (StreamInterruptedError, ClientClosedError):
                raise
            except AssistantsError as error:
                raise self._interrupted(f"the stream broke off, and then: {error}") from error
        return b""

    async def drain(self) -> None:
        """Nothing follows."""

    def close(self) -> None:
        """Ask no more."""
        self._closed = True
        self._watch.interrupt(ConnectionAbortedError())

    # The reading

    def feed(self, data: bytes) -> list[Any]:  # noqa: ARG002  # as the others have it
        """Nothing comes before the end."""
        return []

    def finish(self) -> list[Any]:
        """The events that were missed."""
        return self._events

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """The connection's own error."""
        return cause

    def decode(self, frame: Any) -> StreamEvent | None:
        """The event itself."""
        event: StreamEvent = frame
        return event

    # Asking

    async def _missed(self) -> list[StreamEvent]:
        run = await self._wait()
        return [*await self._lookups.missed_events(self._thread_id, run, self._known), event_of_run(run)]

    async def _wait(self) -> Run:
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            run, http = await self._lookups.run(self._thread_id, self._run_id)
            if next_step(run) != "wait":
                return run
            delay = poll_delay(attempt, http.headers, jitter())
            if loop.time() + delay > self._deadline:
                text = f"the run was still {run.status} {self._limit:g} s after its stream broke off"
                raise self._interrupted(text)
            await asyncio.sleep(delay)
            attempt += 1

    def _interrupted(self, message: str) -> StreamInterruptedError:
        cut = self._cut
        return StreamInterruptedError(
            message, items=cut.items, run_id=cut.run_id, thread_id=cut.thread_id, last_event=cut.last_event
        )
