"""The requests about one run: to make it and go on with it, for its state, steps and messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import msgspec

from ...calls.channel import BodyDecoder, ByteStream
from ...calls.context import CallContext
from ...core.requests.endpoint import Endpoint
from ...core.requests.options import Options, as_timeout
from ...core.requests.request import Request, bind
from ...core.runs.backoff import back_off
from ...core.runs.missed_events import is_news, missing
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import may_pass
from ...core.streams.body_decoders import run_decoder
from ...endpoints import (
    CANCEL_RUN,
    CREATE_RUN,
    GET_RUN,
    LIST_MESSAGES,
    LIST_RUN_STEPS,
    LIST_RUNS,
    SUBMIT_TOOL_OUTPUTS,
)
from ...errors import AssistantsError, ClientClosedError, StatusError, TransportError
from ...models.events import RunStepEvent, StreamEvent
from ...models.messages import Message
from ...models.runs import Run
from ...models.steps import RunStep
from ...response import Response
from ...session.deadlines import jitter
from ...session.manager import SessionManager
from .channel import RunChannel
from .options import MAKES_RUN

T = TypeVar("T")

PASSING = 5
"""Most failures in a row, for reasons that pass, of a request about a run; one more ends the wait."""
_PAGE = 100
_NO_SUCH_ROUTE = (404, 405)
_LONGEST_HINT = 60.0
# What the first run has put on the thread already, or is no member of another run's request.
_ONCE = frozenset({"additional_messages", "thread", "stream"})


class RunRequests:
    """The requests about a run, sent with the options of the call that they belong to."""

    def __init__(self, session: SessionManager, options: Options) -> None:
        self._session = session
        self._making = options
        # Only a request that makes a run may wait for a busy thread: any other would wait for that run itself.
        self._options = msgspec.structs.replace(options, busy_thread=None) if options.busy_thread else options
        self._context = CallContext(session, self._options)

    async def send(self, request: Request) -> Response[Run]:
        """Send what makes or continues a run; return the run as it is then."""
        return await self._session.send(request, self._options_of(request), Run)

    def stream(self, request: Request, known: Snapshot) -> RunChannel:
        """Open the events of what makes or continues a run, added to what is known of it."""
        request = msgspec.structs.replace(request)  # the same may have to be sent for the run alone
        if request.body is not None:
            request.add_member("stream", True)
        session, options = self._session, self._options_of(request)

        async def open_stream() -> tuple[ByteStream, BodyDecoder[Any]]:
            source = await session.open(request, options)
            return source, run_decoder(source.http, options)

        channel = RunChannel(request.endpoint.name, open_stream, partial(self._session.errors.notify, options))
        channel.snapshot = known
        return channel

    def another(self, first: Request, thread_id: str) -> Request:
        """Make the request of a run like the one that another request made, on the thread that there is now."""
        # Unchecked: its arguments were checked when the first run was made.
        another = bind(CREATE_RUN, (thread_id,), {}, protocol=self._session.protocol, validate=False)
        # Most servers know `tool_resources` only where the thread is made with the run.
        once = _ONCE if first.endpoint is CREATE_RUN else _ONCE | {"tool_resources"}
        another.body = {name: value for name, value in (first.body or {}).items() if name not in once}
        another.query, another.headers = dict(first.query), dict(first.headers)
        return another

    async def run(self, thread_id: str, run_id: str) -> Response[Run]:
        """Retrieve the run as it is now."""
        return await self._send(GET_RUN, thread_id, run_id)

    async def cancel(self, thread_id: str, run_id: str) -> Run:
        """Ask the run to end."""
        return (await self._send(CANCEL_RUN, thread_id, run_id)).value

    async def active(self, thread_id: str) -> Run | None:
        """Look up the thread's run that has not ended; None where there is none among its latest."""
        page = await self._context.call(LIST_RUNS, thread_id, order="desc", limit=_PAGE)
        return next((run for run in page.data if not run.is_terminal), None)

    async def pause(self, seconds: float) -> None:
        """Sleep; raises `ClientClosedError` as soon as the client is closed."""
        await self._session.pause(seconds)

    async def with_retries(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Send a request, and again where it failed for a reason that may pass, up to `PASSING` times."""
        attempt = 0
        while True:
            try:
                return await ask()
            except (TransportError, StatusError) as error:
                if not may_pass(error) or attempt >= PASSING:
                    raise
                delay = delay_after(error, attempt)
                attempt += 1
            await self.pause(delay)

    def submission(self, thread_id: str, run_id: str, answers: Mapping[str, Any]) -> Request:
        """Make the request that answers or decides all calls of a run."""
        return self._context.bind(SUBMIT_TOOL_OUTPUTS, (thread_id, run_id), answers)

    async def first_steps(self, thread_id: str, run_id: str, seconds: float) -> tuple[RunStep, ...]:
        """Retrieve one page of the run's steps within so many seconds."""
        # The caller's own limits stay where they are narrower.
        limits = as_timeout(seconds, self._options.timeout)
        context = CallContext(self._session, msgspec.structs.replace(self._options, timeout=limits))
        return (await context.call(LIST_RUN_STEPS, thread_id, run_id, order="asc", limit=_PAGE)).data

    async def messages(self, thread_id: str, run: Run) -> list[Message]:
        """List the run's messages, oldest first; v1 servers cannot filter, so the list is read back to its start."""
        filters = {"run_id": run.id} if self._session.protocol == "v2" else {}
        found: list[Message] = []
        async for message in self._context.list(LIST_MESSAGES, thread_id, order="desc", limit=_PAGE, **filters):
            if message.run_id == run.id:
                found.append(message)
            # Newest first: what is older than the run was not written by it.
            elif message.created_at is not None and run.created_at is not None and message.created_at < run.created_at:
                break
        return found[::-1]

    async def missed_events(self, thread_id: str, run: Run, known: Snapshot) -> list[StreamEvent]:
        """List the events that lead from a known snapshot to the run's present state: its steps, then its messages.

        Each message that is not known whole comes with a delta for the text that is missing.
        """
        steps = known.steps
        events: list[StreamEvent] = [
            RunStepEvent(f"thread.run.step.{step.status or 'completed'}", step)
            for step in await self._steps_if_any(thread_id, run)
            if is_news(step, steps, run)
        ]
        return events + await self.missed_messages(thread_id, run, known)

    async def missed_messages(self, thread_id: str, run: Run, known: Snapshot) -> list[StreamEvent]:
        """List the events of the run's messages alone, from a known snapshot to their present state."""
        by_id = {message.id: message for message in known.messages}
        events: list[StreamEvent] = []
        for message in await self.messages(thread_id, run):
            # A run that waits for outputs goes on with such a message afterwards.
            if not (message.status == "in_progress" and run.needs_action):
                events += missing(by_id.get(message.id), message)
        return events

    async def _steps_if_any(self, thread_id: str, run: Run) -> list[RunStep]:
        """List the run's steps; none where the server has no steps of runs, as several have not.

        Of a run that has ended they only add to its answer, which no failure to list them takes away.
        """
        # A failure that costs nothing is none that `on_error` should hear of.
        context = CallContext(self._session, msgspec.structs.replace(self._options, on_error=None))

        async def listed() -> list[RunStep]:
            steps = context.list(LIST_RUN_STEPS, thread_id, run.id, order="asc", limit=_PAGE)
            return [step async for step in steps]

        try:
            return await (self.with_retries(listed) if run.is_terminal else listed())
        except ClientClosedError:
            raise
        except AssistantsError as error:
            absent = isinstance(error, StatusError) and error.status in _NO_SUCH_ROUTE
            if absent or run.is_terminal:
                return []
            await self._session.errors.notify(self._options, error)
            raise

    def _options_of(self, request: Request) -> Options:
        return self._making if request.endpoint in MAKES_RUN else self._options

    async def _send(self, endpoint: Endpoint[Run, Any], *ids: str) -> Response[Run]:
        return await self._context.send(self._context.bind(endpoint, ids, {}), Run)


def delay_after(error: AssistantsError, attempt: int) -> float:
    """Return the seconds before the next request: the server's hint, up to a minute, else a growing pause."""
    hint = error.retry_after if isinstance(error, StatusError) else None
    return back_off(attempt, jitter()) if hint is None else min(hint, _LONGEST_HINT)
