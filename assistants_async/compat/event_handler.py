"""Handlers of a run's events, and the stream that is one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Generic, TypeVar

from .. import models
from ..core.runs.places import index_of
from ..errors import TimedOutError
from ..models import deltas, messages
from ..models.events import FINISHED_MESSAGE, FINISHED_STEP, StreamEvent
from ..workflows.runs.call import RunCall
from .models import Message, Run, RunStep, dressed
from .stream import AsyncStream, open_stream

H = TypeVar("H", bound="AsyncAssistantEventHandler")


class AsyncAssistantEventHandler:
    """Override the methods you want; iterating the handler, or `until_done()`, reads the stream and calls them."""

    def __init__(self) -> None:
        self._stream: AsyncStream | None = None
        self._events = self._read()
        self._event: StreamEvent | None = None
        self._message: str | None = None
        self._step: str | None = None
        # The part of a message and the tool call under way; a part's text is added up here, for its snapshots.
        self._part: int | None = None
        self._texts: dict[int, str] = {}
        self._call: tuple[str, int] | None = None

    def start(self, stream: AsyncStream) -> None:
        """Take the stream to read; raises `RuntimeError` for a second one."""
        if self._stream is not None:
            raise RuntimeError("a handler reads one stream: make a new one for each")
        self._stream = stream

    # The stream

    def __aiter__(self) -> AsyncIterator[StreamEvent]:
        return self._events

    async def __anext__(self) -> StreamEvent:
        return await anext(self._events)

    async def close(self) -> None:
        """Let go of the connection; the run goes on at the server."""
        if self._stream is not None:
            await self._stream.close()

    @property
    def text_deltas(self) -> AsyncIterator[str]:
        """The pieces of text as they come."""
        return self._pieces()

    async def _pieces(self) -> AsyncIterator[str]:
        async for event in self:
            for part in _parts(event):
                if isinstance(part, deltas.MessageDeltaText) and part.text is not None and part.text.value:
                    yield part.text.value

    async def until_done(self) -> None:
        """Read to the end of the stream."""
        async for _ in self:
            pass

    async def get_final_run(self) -> Run:
        """Read to the end, and return the run; raises `RuntimeError` where none came."""
        await self.until_done()
        if self.current_run is None:
            raise RuntimeError("the stream had no run")
        return self.current_run

    async def get_final_run_steps(self) -> list[RunStep]:
        """Read to the end, and return the run's steps; raises `RuntimeError` where none came."""
        await self.until_done()
        if not (found := self._snapshot().steps):
            raise RuntimeError("the stream had no steps")
        return [dressed(step) for step in found]

    async def get_final_messages(self) -> list[Message]:
        """Read to the end, and return the run's messages; raises `RuntimeError` where none came."""
        await self.until_done()
        if not (found := self._snapshot().messages):
            raise RuntimeError("the stream had no messages")
        return [dressed(message) for message in found]

    @property
    def current_event(self) -> StreamEvent | None:
        """The event whose methods are called."""
        return self._event

    @property
    def current_run(self) -> Run | None:
        """The run as its last event showed it."""
        run: Run | None = None if self._stream is None else dressed(self._snapshot().run)
        return run

    @property
    def current_message_snapshot(self) -> Message | None:
        """The message under way, as far as it has come."""
        return None if self._message is None else self._message_so_far(self._message)

    @property
    def current_run_step_snapshot(self) -> RunStep | None:
        """The step under way, as far as it has come."""
        return None if self._step is None else self._step_so_far(self._step)

    # Methods to override

    async def on_event(self, event: StreamEvent) -> None:
        """Any event."""

    async def on_end(self) -> None:
        """Nothing follows, whatever the reason."""

    async def on_exception(self, exception: Exception) -> None:
        """The stream failed, or a method of this handler did; the error is raised afterwards."""

    async def on_timeout(self) -> None:
        """A time limit passed; `on_exception` follows."""

    async def on_message_created(self, message: Message) -> None:
        """A message began."""

    async def on_message_delta(self, delta: deltas.MessageDeltaChanges, snapshot: Message) -> None:
        """More of a message."""

    async def on_message_done(self, message: Message) -> None:
        """A message is finished."""

    async def on_text_created(self, text: messages.Text) -> None:
        """A text began."""

    async def on_text_delta(self, delta: deltas.MessageDeltaTextValue, snapshot: messages.Text) -> None:
        """More of a text."""

    async def on_text_done(self, text: messages.Text) -> None:
        """A text is finished."""

    async def on_image_file_done(self, image_file: messages.ImageFile) -> None:
        """An image file is finished."""

    async def on_run_step_created(self, run_step: RunStep) -> None:
        """A step began."""

    async def on_run_step_delta(self, delta: deltas.RunStepDeltaChanges, snapshot: RunStep) -> None:
        """More of a step."""

    async def on_run_step_done(self, run_step: RunStep) -> None:
        """A step ended, well or not."""

    async def on_tool_call_created(self, tool_call: models.StepToolCall) -> None:
        """A tool call began."""

    async def on_tool_call_delta(self, delta: models.RunStepDeltaToolCall, snapshot: models.StepToolCall) -> None:
        """More of a tool call."""

    async def on_tool_call_done(self, tool_call: models.StepToolCall) -> None:
        """A tool call is whole."""

    # Calling them

    async def _read(self) -> AsyncIterator[StreamEvent]:
        if self._stream is None:
            raise RuntimeError("enter the stream first: async with client.beta.threads.runs.stream(…) as stream")
        try:
            async for event in self._stream:
                self._event = event
                # In openai-python's order: old handlers count on it.
                await self.on_event(event)
                await self._dispatch(event)
                self._event = None
                yield event
        except Exception as error:
            # The stream's own error may have the time-out as its cause.
            if isinstance(error, TimedOutError) or isinstance(error.__cause__, TimedOutError):
                await self.on_timeout()
            await self.on_exception(error)
            raise
        finally:
            await self.on_end()

    async def _dispatch(self, event: Any) -> None:
        match event:
            case models.MessageDeltaEvent():
                await self._dispatch_message_delta(event.data)
            case models.MessageEvent():
                await self._dispatch_message(event.event, event.data)
            case models.RunStepDeltaEvent():
                await self._dispatch_step_delta(event.data)
            case models.RunStepEvent():
                await self._dispatch_step(event.event, event.data)
            case models.RunEvent() if event.data.is_terminal or event.data.needs_action:
                await self._end_call()
            case _:
                pass

    async def _dispatch_message(self, name: str, message: Any) -> None:
        self._message = message.id
        if name == "thread.message.created":
            self._part, self._texts = None, {}
            await self.on_message_created(message)
        elif name in FINISHED_MESSAGE:
            await self._finish_part(message)
            self._part = None
            await self.on_message_done(message)

    async def _dispatch_message_delta(self, delta: Any) -> None:
        self._message = delta.id
        for part in _parts_of(delta):
            index = index_of(part)
            text = part.text if isinstance(part, deltas.MessageDeltaText) else None
            if index not in self._texts:
                self._texts[index] = ""
                if text is not None:
                    await self.on_text_created(dressed(messages.Text(value=text.value or "")))
            if text is not None:
                self._texts[index] += text.value or ""
                await self.on_text_delta(text, dressed(messages.Text(value=self._texts[index])))
            # A part is whole when the next one begins: the protocol has no event for its end.
            if self._part not in (None, index):
                await self._finish_part(self._message_so_far(delta.id))
            self._part = index
        # Putting a message together takes time for its whole length, so only for those who look.
        if type(self).on_message_delta is not AsyncAssistantEventHandler.on_message_delta:
            await self.on_message_delta(delta.delta, self._message_so_far(delta.id))

    async def _finish_part(self, message: Any) -> None:
        """Report the part under way as whole, where the message has it."""
        at = self._part
        part = message.content[at] if at is not None and at < len(message.content) else None
        if isinstance(part, messages.TextContent) and part.text is not None:
            await self.on_text_done(part.text)
        elif isinstance(part, messages.ImageFileContent) and part.image_file is not None:
            await self.on_image_file_done(part.image_file)

    async def _dispatch_step(self, name: str, step: Any) -> None:
        self._step = step.id
        if name == "thread.run.step.created":
            await self.on_run_step_created(step)
        elif name in FINISHED_STEP:
            await self._end_call()
            await self.on_run_step_done(step)
            self._step = None

    async def _dispatch_step_delta(self, delta: Any) -> None:
        details = getattr(delta.delta, "step_details", None)
        calls: Any = getattr(details, "tool_calls", ())
        for call in calls:
            place = (delta.id, index_of(call))
            if place != self._call:
                await self._end_call()
                self._call = place
                await self.on_tool_call_created(self._call_so_far(place))
            else:
                await self.on_tool_call_delta(call, self._call_so_far(place))
        await self.on_run_step_delta(delta.delta, self._step_so_far(delta.id))

    async def _end_call(self) -> None:
        """Report the tool call under way as whole, once."""
        place, self._call = self._call, None
        if place is not None:
            await self.on_tool_call_done(self._call_so_far(place))

    # Snapshots

    def _snapshot(self) -> Any:
        assert self._stream is not None
        return self._stream.snapshot

    def _message_so_far(self, id: str) -> Any:
        return dressed(self._snapshot().message(id).whole())

    def _step_so_far(self, id: str) -> Any:
        return dressed(self._snapshot().step(id).whole())

    def _call_so_far(self, place: tuple[str, int]) -> Any:
        step, index = place
        calls = self._step_so_far(step).tool_calls
        return calls[min(index, len(calls) - 1)]  # servers may have gaps in their indexes


def _parts(event: object) -> Any:
    return _parts_of(event.data) if isinstance(event, models.MessageDeltaEvent) else ()


def _parts_of(delta: deltas.MessageDelta) -> Any:
    return delta.delta.content if delta.delta is not None else ()


class AsyncAssistantStreamManager(Generic[H]):
    """Enter to send the request of a run: the block has its handler, which is its stream."""

    def __init__(self, call: RunCall, event_handler: H | None = None) -> None:
        self._call = call
        self._handler: Any = AsyncAssistantEventHandler() if event_handler is None else event_handler

    async def __aenter__(self) -> H:
        handler: H = self._handler
        handler.start(await open_stream(self._call))
        return handler

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._handler.close()
