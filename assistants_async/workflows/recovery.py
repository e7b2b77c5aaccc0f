"""Going on where a run's stream broke off, by polling: the run goes on at the server whoever listens."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from ..core.endpoint import Endpoint
from ..core.fold import Snapshot
from ..core.options import Options
from ..core.polling import poll_delay
from ..core.request import bind
from ..endpoints import GET_RUN, LIST_MESSAGES, LIST_RUN_STEPS
from ..errors import AssistantsError, ClientClosedError, StreamInterruptedError, TransportError
from ..models.deltas import MessageDelta, MessageDeltaChanges, MessageDeltaText, MessageDeltaTextValue
from ..models.events import MessageDeltaEvent, MessageEvent, RunEvent, RunStepEvent, StreamEvent
from ..models.messages import Message, TextContent
from ..models.runs import Run
from ..paging import ListCall
from ..session import SessionManager
from ..watch import Clock, Watch
from ..wire import HTTPResponse


class Recovery:
    """The means to poll a run that was streamed; no second run is ever started."""

    def __init__(self, session: SessionManager, options: Options) -> None:
        self._session = session
        self._options = options

    def after(self, cut: StreamInterruptedError, http: HTTPResponse, told: Snapshot) -> Recovered:
        """Make what takes the place of a stream that broke off, and knows what it had told."""
        return Recovered(self._session, self._options, cut, http, told)


class Recovered:
    """The rest of a stream that broke off: a source that polls, and the reading of what it finds.

    Its one read waits until the run has ended or asks for action, and begins anew where it was cancelled. Then come
    the steps, the messages, each with a delta for the text that is missing, and the run's last event. A run that has
    not ended within the time of a call (`timeout.total`), or cannot be asked for, is a `StreamInterruptedError`.
    """

    error = None
    marked = False
    over = False

    def __init__(
        self,
        session: SessionManager,
        options: Options,
        cut: StreamInterruptedError,
        http: HTTPResponse,
        told: Snapshot,
    ) -> None:
        assert cut.run_id is not None
        assert cut.thread_id is not None
        self.http = http
        """Head of the stream that broke off."""
        self._session = session
        self._options = options
        self._cut = cut
        self._thread_id, self._run_id = cut.thread_id, cut.run_id
        self._told = told
        self._events: list[StreamEvent] = []
        self._closed = False
        loop = asyncio.get_running_loop()
        self._watch = Watch(Clock(loop), None)
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

    def broken(self, cause: TransportError) -> Exception | None:
        """The connection's own error."""
        return cause

    def decode(self, frame: Any) -> StreamEvent | None:
        """The event itself."""
        event: StreamEvent = frame
        return event

    # Asking

    async def _missed(self) -> list[StreamEvent]:
        run = await self._wait()
        ended = {step.id for step in self._told.steps if step.status not in (None, "in_progress")}
        events: list[StreamEvent] = [
            RunStepEvent(f"thread.run.step.{step.status or 'completed'}", step)
            async for step in self._list(LIST_RUN_STEPS, self._thread_id, self._run_id, order="asc", limit=100)
            if step.id not in ended and step.status != "in_progress"
        ]
        known = {message.id: message for message in self._told.messages}
        for message in await self._messages(run):
            events += _missing(known.get(message.id), message)
        return [*events, RunEvent(f"thread.run.{run.status}", run)]

    async def _wait(self) -> Run:
        loop = asyncio.get_running_loop()
        attempt = 0
        while True:
            ids = (self._thread_id, self._run_id)
            request = bind(GET_RUN, ids, {}, protocol=self._session.protocol)
            run, http = await self._session.send(request, self._options, Run)
            if run.is_terminal or run.needs_action:
                return run
            delay = poll_delay(attempt, http.headers, random.random())  # noqa: S311  # jitter, no secret
            if loop.time() + delay > self._deadline:
                text = f"the run was still {run.status} {self._limit:g} s after its stream broke off"
                raise self._interrupted(text)
            await self._session.pause(delay)
            attempt += 1

    def _list(self, endpoint: Endpoint[Any, Any], *ids: str, **keywords: Any) -> ListCall[Any]:
        request = bind(endpoint, ids, keywords, protocol=self._session.protocol)
        return ListCall(self._session, request, self._options)

    async def _messages(self, run: Run) -> list[Message]:
        """The run's messages, oldest first; v1 servers cannot filter, so the list is read back to the run's start."""
        filters = {"run_id": run.id} if self._session.protocol == "v2" else {}
        found: list[Message] = []
        async for message in self._list(LIST_MESSAGES, self._thread_id, order="desc", limit=100, **filters):
            if message.run_id == run.id:
                found.append(message)
            elif message.created_at is not None and run.created_at is not None and message.created_at < run.created_at:
                break
        return found[::-1]

    def _interrupted(self, message: str) -> StreamInterruptedError:
        cut = self._cut
        return StreamInterruptedError(
            message, items=cut.items, run_id=cut.run_id, thread_id=cut.thread_id, last_event=cut.last_event
        )


def _missing(told: Message | None, message: Message) -> list[StreamEvent]:
    """The events that lead from what was told of a message to all of it."""
    if told is not None and told.status in ("completed", "incomplete"):
        return []
    events: list[StreamEvent] = []
    if told is None:
        events.append(MessageEvent("thread.message.created", _bare(message)))
    if parts := tuple(_rest(message, 0 if told is None else len(told.text))):
        delta = MessageDelta(id=message.id, object="thread.message.delta", delta=MessageDeltaChanges(content=parts))
        events.append(MessageDeltaEvent("thread.message.delta", delta))
    status = "incomplete" if message.status == "incomplete" else "completed"
    events.append(MessageEvent(f"thread.message.{status}", message))
    return events


def _rest(message: Message, told: int) -> list[MessageDeltaText]:
    """A message's text behind so many characters, each piece in its part."""
    parts: list[MessageDeltaText] = []
    for index, part in enumerate(message.content):
        text = part.text.value if isinstance(part, TextContent) and part.text is not None else None
        if text:
            if piece := text[told:]:
                parts.append(MessageDeltaText(index=index, text=MessageDeltaTextValue(value=piece)))
            told = max(0, told - len(text))
    return parts


def _bare(message: Message) -> Message:
    return Message(id=message.id, object=message.object, thread_id=message.thread_id, role=message.role)
