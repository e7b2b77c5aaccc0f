"""Callbacks for those who prefer them to `async for`: one method per kind of event."""

from __future__ import annotations

from collections.abc import AsyncIterable
from inspect import isawaitable
from typing import Any, Protocol

from ...core.requests.option_checks import check_function
from ...core.runs.places import index_of
from ...core.runs.snapshot import Snapshot
from ...models import deltas, messages, steps
from ...models.events import (
    FINISHED_MESSAGE,
    FINISHED_STEP,
    MessageDeltaEvent,
    MessageEvent,
    RunEvent,
    RunStepDeltaEvent,
    RunStepEvent,
    StreamEvent,
)
from ...models.messages import Message
from ...models.runs import Run, Usage
from ...models.steps import RunStep, StepToolCall
from ...models.unions import Unknown
from ...tools.events import ToolEvent


class EventHandler:
    """Override the methods you want, async or not: each is awaited before the next event is read.

    An error of a method ends the stream and is raised by `channel.handle(handler)`. Deltas come as they are; their sum
    so far is in `self.snapshot`, put together on access.
    """

    snapshot: Snapshot = Snapshot()
    """Run, messages and steps as far as they have come."""

    # The stream

    async def on_event(self, event: StreamEvent) -> None:
        """Any event of a run, before its own methods."""

    async def on_error(self, error: Exception) -> None:
        """The stream failed, or a method of this handler did; the error is raised afterwards."""

    async def on_end(self) -> None:
        """Nothing follows, whatever the reason."""

    async def on_tool(self, event: ToolEvent) -> None:
        """A tool was started, has given its result or has failed, in a drive."""

    # The run

    async def on_run(self, run: Run) -> None:
        """The run's status changed."""

    async def on_requires_action(self, run: Run) -> None:
        """The run waits for outputs of `run.tool_calls`."""

    async def on_usage(self, usage: Usage) -> None:
        """The run ended and says what it cost."""

    # Messages

    async def on_message_created(self, message: Message) -> None:
        """A message began."""

    async def on_message_delta(self, delta: deltas.MessageDelta) -> None:
        """More of a message."""

    async def on_message_done(self, message: Message) -> None:
        """A message is finished, completed or not."""

    async def on_text_created(self, text: str) -> None:
        """A message's first text, before `on_text_delta` has it."""

    async def on_text_delta(self, text: str) -> None:
        """More text."""

    async def on_text_done(self, text: messages.Text) -> None:
        """A text part of a finished message, whole and with its annotations."""

    async def on_refusal_delta(self, text: str) -> None:
        """More of a refusal."""

    async def on_refusal_done(self, text: str) -> None:
        """A refusal of a finished message, whole."""

    async def on_image_file_done(self, image: messages.ImageFile) -> None:
        """An image file of a finished message."""

    # Steps

    async def on_run_step_created(self, step: RunStep) -> None:
        """A step began."""

    async def on_run_step_delta(self, delta: deltas.RunStepDelta) -> None:
        """More of a step."""

    async def on_run_step_done(self, step: RunStep) -> None:
        """A step ended, well or not."""

    async def on_tool_call_created(self, call: deltas.RunStepDeltaToolCall) -> None:
        """The first piece of a tool call, before `on_tool_call_delta` has it."""

    async def on_tool_call_delta(self, call: deltas.RunStepDeltaToolCall) -> None:
        """More of a tool call."""

    async def on_tool_call_done(self, call: StepToolCall) -> None:
        """A tool call of a step that ended, whole."""

    async def on_code_logs(self, logs: str) -> None:
        """More of what the code interpreter printed."""

    async def on_code_image(self, image: steps.OutputImage) -> None:
        """An image that the code interpreter made."""

    async def on_search_results(self, results: tuple[steps.FileSearchResult, ...]) -> None:
        """Results of a file search, of a step that ended, where the request's `include` named them."""


class Events(AsyncIterable[Any], Protocol):
    """The events of a run, and their sum so far."""

    snapshot: Snapshot

    def close(self) -> None:
        """End the stream; a read that waits returns."""
        ...


async def dispatch_events(events: Events, handler: EventHandler) -> None:
    """Read events to their end, calling a handler's methods in their order.

    Raises `TypeError` at once for what is no handler, or has a method that cannot take what it would be given.
    """
    _check(handler)
    handler.snapshot = events.snapshot
    begun: set[tuple[str, int | str]] = set()
    try:
        async for event in events:
            if isinstance(event, ToolEvent):
                await _done(handler.on_tool(event))
            else:
                await _done(handler.on_event(event))
                await _dispatch(event, handler, begun)
    except Exception as error:
        events.close()
        await _done(handler.on_error(error))
        raise
    finally:
        await _done(handler.on_end())


def _check(handler: object) -> None:
    if not isinstance(handler, EventHandler):
        what = f"the class {handler.__name__}" if isinstance(handler, type) else type(handler).__name__
        raise TypeError(f"handle() takes an EventHandler, of a class that is derived from it, not {what}")
    for name in vars(EventHandler):
        method = getattr(handler, name)
        # Only methods that were overridden: those of the base take what they are given.
        if name.startswith("on_") and getattr(method, "__func__", None) is not vars(EventHandler)[name]:
            check_function(f"{type(handler).__name__}.{name}", method, 0 if name == "on_end" else 1)


async def _done(made: object) -> None:
    """Await the result of a method, which need not be async."""
    if isawaitable(made):
        await made


async def _dispatch(event: StreamEvent, handler: EventHandler, begun: set[tuple[str, int | str]]) -> None:
    """Call the methods for one event; `begun` has the texts and tool calls whose first piece has come."""
    if isinstance(event, MessageDeltaEvent):
        await _message_delta(event, handler, begun)
    elif isinstance(event, RunStepDeltaEvent):
        await _step_delta(event.data, handler, begun)
    elif isinstance(event, RunEvent):
        await _run(event.data, handler)
    elif isinstance(event, MessageEvent):
        if event.event == "thread.message.created":
            await _done(handler.on_message_created(event.data))
        # `in_progress` follows `created` at once and says nothing more.
        elif event.event in FINISHED_MESSAGE:
            await _message_done(event.data, handler)
    elif isinstance(event, RunStepEvent):
        if event.event == "thread.run.step.created":
            await _done(handler.on_run_step_created(event.data))
        elif event.event in FINISHED_STEP:
            await _step_done(event.data, handler)


async def _run(run: Run, handler: EventHandler) -> None:
    await _done(handler.on_run(run))
    if run.needs_action:
        await _done(handler.on_requires_action(run))
    if run.is_terminal and run.usage is not None:
        await _done(handler.on_usage(run.usage))


async def _message_delta(event: MessageDeltaEvent, handler: EventHandler, begun: set[tuple[str, int | str]]) -> None:
    await _done(handler.on_message_delta(event.data))
    for part in event.data.delta.content if event.data.delta is not None else ():
        if isinstance(part, deltas.MessageDeltaText) and part.text is not None and part.text.value:
            # By message and part, since a run may write several, and their deltas may alternate.
            if (event.data.id, part.index) not in begun:
                begun.add((event.data.id, part.index))
                await _done(handler.on_text_created(part.text.value))
            await _done(handler.on_text_delta(part.text.value))
        elif isinstance(part, deltas.MessageDeltaRefusal) and part.refusal:
            await _done(handler.on_refusal_delta(part.refusal))


async def _message_done(message: Message, handler: EventHandler) -> None:
    for part in message.content:
        if isinstance(part, messages.TextContent) and part.text is not None:
            await _done(handler.on_text_done(part.text))
        elif isinstance(part, messages.RefusalContent):
            await _done(handler.on_refusal_done(part.refusal or ""))
        elif isinstance(part, messages.ImageFileContent) and part.image_file is not None:
            await _done(handler.on_image_file_done(part.image_file))
    await _done(handler.on_message_done(message))


async def _step_delta(delta: deltas.RunStepDelta, handler: EventHandler, begun: set[tuple[str, int | str]]) -> None:
    await _done(handler.on_run_step_delta(delta))
    details = delta.delta.step_details if delta.delta is not None else None
    for call in details.tool_calls if isinstance(details, deltas.RunStepDeltaToolCalls) else ():
        if _begins(call, delta.id, begun):
            await _done(handler.on_tool_call_created(call))
        await _done(handler.on_tool_call_delta(call))
        if isinstance(call, deltas.RunStepDeltaCodeInterpreter) and call.code_interpreter is not None:
            for output in call.code_interpreter.outputs:
                if isinstance(output, deltas.RunStepDeltaLogs):
                    await _done(handler.on_code_logs(output.logs or ""))
                elif isinstance(output, deltas.RunStepDeltaImage) and output.image is not None:
                    await _done(handler.on_code_image(output.image))


def _begins(call: deltas.RunStepDeltaToolCall, step_id: str, begun: set[tuple[str, int | str]]) -> bool:
    """Note a tool call as begun; true for its first piece: of its index, or of its id where several share an index."""
    places: list[tuple[str, int | str]] = [(step_id, index_of(call))]
    if not isinstance(call, Unknown) and call.id:
        places.append((step_id, call.id))
    new = [place for place in places if place not in begun]
    begun.update(new)
    # Some servers make up an id for each piece, and only the first piece of a function's call has the name.
    unnamed = isinstance(call, deltas.RunStepDeltaFunction) and (call.function is None or not call.function.name)
    return bool(new) and (places[0] in new or not unnamed)


async def _step_done(step: RunStep, handler: EventHandler) -> None:
    for call in step.tool_calls:
        await _done(handler.on_tool_call_done(call))
        if isinstance(call, steps.FileSearchCall) and call.file_search is not None and call.file_search.results:
            await _done(handler.on_search_results(call.file_search.results))
    await _done(handler.on_run_step_done(step))
