"""Recovery after a run's stream: the run polled where the stream broke off, its messages where none arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from ...core.requests.options import Options
from ...core.runs.backoff import poll_delay
from ...core.runs.missed_events import lacks_answers
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import next_step
from ...core.streams.run_events import event_of_run
from ...errors import AssistantsError, ClientClosedError, StreamInterruptedError, TransportError
from ...models.events import RunEvent, StreamEvent
from ...models.runs import Run
from ...response import HTTPResponse
from ...session.deadlines import Deadline, DeadlineTimer, jitter
from ...session.manager import SessionManager
from ...session.open_response import StreamWatch
from .requests import RunRequests


class FollowUps:
    """Makes the sources that follow a run's stream; none of them starts a second run."""

    def __init__(self, session: SessionManager, options: Options, ids: tuple[str, ...]) -> None:
        self._session = session
        self._options = options
        self.thread_id = ids[0] if ids else None
        """The thread, where the request named it: not every server does in the run."""
        self.run_id = ids[1] if len(ids) > 1 else None
        """The run, where the request named it."""

    def after_cut(self, cut: StreamInterruptedError, http: HTTPResponse, known: Snapshot) -> FollowUp:
        """Poll a run whose stream broke off: its steps, messages and end take the place of the rest.

        A run that has not ended within the time of a call (`timeout.total`), or cannot be retrieved, is a
        `StreamInterruptedError`.
        """
        limit = self._options.timeout.total
        requests, loop = self._requests(), asyncio.get_running_loop()
        deadline = float("inf") if limit is None else loop.time() + limit
        thread_id, run_id = cut.thread_id, cut.run_id
        assert thread_id is not None
        assert run_id is not None

        async def gather() -> list[StreamEvent]:
            run = await _until_over(requests, thread_id, run_id, deadline)
            if next_step(run) == "wait":
                raise _interrupted(cut, f"the run was still {run.status} {limit:g} s after its stream broke off")
            return [*await requests.missed_events(thread_id, run, known), event_of_run(run)]

        return FollowUp(gather, cut, "the stream broke off, and then", http)

    def messages(
        self,
        run: Run,
        thread_id: str | None,
        http: HTTPResponse,
        known: Snapshot,
        *,
        end: RunEvent | None,
        end_marker_seen: bool,
    ) -> FollowUp:
        """Ask for the messages of a completed run whose stream did not have them; its `end` event follows, if given."""
        requests = self._requests()

        async def gather() -> list[StreamEvent]:
            missed: list[StreamEvent] = []
            # Asked for when it is read: a message may have come while the source was made.
            if thread_id is not None and lacks_answers(known):
                missed = await requests.missed_messages(thread_id, run, known)
            return missed if end is None else [*missed, end]

        cut = StreamInterruptedError("", run_id=run.id, thread_id=thread_id, last_event=f"thread.run.{run.status}")
        problem = "the run completed, but its messages did not come"
        return FollowUp(gather, cut, problem, http, end=end, end_marker_seen=end_marker_seen)

    def _requests(self) -> RunRequests:
        # An error status that is no error would be no run, and these requests find the thread busy with it.
        options = msgspec.structs.replace(self._options, busy_thread=None, raise_for_status=True, resolve_type=None)
        return RunRequests(self._session, options)


async def _until_over(requests: RunRequests, thread_id: str, run_id: str, deadline: float) -> Run:
    """Poll until the run has ended or asks for action, or until the next poll would come after the deadline."""
    attempt = 0
    while True:
        run, http = await requests.run(thread_id, run_id)
        delay = poll_delay(attempt, http.headers, jitter())
        # Not after the deadline: a sleep that only ends in an error helps nobody.
        if next_step(run) != "wait" or asyncio.get_running_loop().time() + delay > deadline:
            return run
        await asyncio.sleep(delay)
        attempt += 1


class FollowUp:
    """A source of one read, and the decoder of what it finds: the events that `gather` gives.

    A read that is cancelled loses nothing: the next one begins anew.
    """

    finished = False
    watch: StreamWatch | None = None

    def __init__(
        self,
        gather: Callable[[], Coroutine[Any, Any, list[StreamEvent]]],
        cut: StreamInterruptedError,
        problem: str,
        http: HTTPResponse,
        *,
        end: RunEvent | None = None,
        end_marker_seen: bool = False,
    ) -> None:
        self.error: Exception | None = None
        """The error behind the end of the run, whose messages could not be requested."""
        self.http = http
        """Head of the stream that came before."""
        self.end_marker_seen = end_marker_seen
        """True where that stream had its end mark."""
        self._gather = gather
        self._cut = cut
        self._problem = problem
        self._end = end
        self._events: list[StreamEvent] = []
        self._closed = False
        self._deadline = Deadline(DeadlineTimer(asyncio.get_running_loop()), None)

    # The source

    async def read(self) -> bytes:
        """Gather the events, which come with the end of the body; raises `StreamInterruptedError` where that fails."""
        if not self._closed:
            try:
                with self._deadline:
                    self._events = await (self._gather() if self.watch is None else self._watched(self.watch))
            # These say by themselves what ended the stream.
            except (StreamInterruptedError, ClientClosedError):
                raise
            except AssistantsError as error:
                failure = _interrupted(self._cut, f"{self._problem}: {error}")
                if self._end is None:
                    raise failure from error
                # The run has ended, whatever became of its messages: its end comes first.
                failure.__cause__ = error
                self._events, self.error = [self._end], failure
        return b""

    async def _watched(self, watch: StreamWatch) -> list[StreamEvent]:
        events = await watch.within(self._gather)
        watch.shown(next((event.data for event in reversed(events) if isinstance(event, RunEvent)), None))
        return events

    async def drain(self) -> None:
        """Do nothing: there is no body."""

    def close(self) -> None:
        """Stop the requests."""
        self._closed = True
        self._deadline.interrupt(ConnectionAbortedError())
        if self.watch is not None:
            self.watch.closed()

    # The decoder

    def feed(self, data: bytes) -> list[Any]:  # noqa: ARG002  # as the others have it
        """Return nothing: all events come with the end."""
        return []

    def finish(self) -> list[Any]:
        """Return the events."""
        return self._events

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """Return the connection's own error."""
        return cause

    def decode(self, frame: Any) -> StreamEvent | None:
        """Return the event itself."""
        event: StreamEvent = frame
        return event


def _interrupted(cut: StreamInterruptedError, message: str) -> StreamInterruptedError:
    return StreamInterruptedError(
        message, items=cut.items, run_id=cut.run_id, thread_id=cut.thread_id, last_event=cut.last_event
    )
