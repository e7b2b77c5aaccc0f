"""The events that lead from a known snapshot of a run to its present state."""

from __future__ import annotations

import msgspec

from ...models.deltas import MessageDelta, MessageDeltaChanges, MessageDeltaText, MessageDeltaTextValue
from ...models.events import MessageDeltaEvent, MessageEvent, StreamEvent
from ...models.messages import Message, TextContent
from ...models.runs import Run
from ...models.steps import MessageCreationDetails, RunStep
from .snapshot import Snapshot
from .status import answered

_FINISHED = ("completed", "incomplete")


def lacks_answers(known: Snapshot) -> bool:
    """Return True where no answer of a run has come, or where one is only announced: by itself or by a step."""
    messages = known.messages
    answers = [message for message in messages if message.role != "user"]
    # A message without content may be one that the server has only begun.
    if not answers or not all(message.content or message.status in _FINISHED for message in answers):
        return True
    ids = {message.id for message in messages}
    details = [step.step_details for step in known.steps]
    # A step names the message that it writes: one that is not here has been missed.
    created = [one.message_creation for one in details if isinstance(one, MessageCreationDetails)]
    return any(one is not None and one.message_id not in ids for one in created)


def is_news(step: RunStep, known: tuple[RunStep, ...], run: Run) -> bool:
    """Return True for a step that makes an event: one in progress only where it has outputs, or gets no further."""
    if step.status == "in_progress":
        return (run.is_terminal or bool(answered([step]))) and step not in known
    return all(step.id != other.id or other.status in (None, "in_progress") for other in known)


def missing(known: Message | None, message: Message) -> list[StreamEvent]:
    """List the events that lead from a message as far as it is known to all of it."""
    # Its end was delivered, so all of it was.
    if known is not None and known.status in _FINISHED:
        return []
    events: list[StreamEvent] = []
    if known is None:
        events.append(MessageEvent("thread.message.created", _bare(message)))
    if parts := tuple(_rest(message, 0 if known is None else len(known.text))):
        delta = MessageDelta(id=message.id, object="thread.message.delta", delta=MessageDeltaChanges(content=parts))
        events.append(MessageDeltaEvent("thread.message.delta", delta))
    status = "incomplete" if message.status == "incomplete" else "completed"
    events.append(MessageEvent(f"thread.message.{status}", message))
    return events


def _rest(message: Message, known: int) -> list[MessageDeltaText]:
    """List the pieces of a message's text after its first `known` characters, each with the index of its part."""
    parts: list[MessageDeltaText] = []
    for index, part in enumerate(message.content):
        text = part.text.value if isinstance(part, TextContent) and part.text is not None else None
        if text:
            if piece := text[known:]:
                parts.append(MessageDeltaText(index=index, text=MessageDeltaTextValue(value=piece)))
            # `known` counts over all text parts, as the views of text do.
            known = max(0, known - len(text))
    return parts


def _bare(message: Message) -> Message:
    """Make the message as it was created: other clients want all its members."""
    return msgspec.structs.replace(
        message, content=(), status="in_progress", completed_at=None, incomplete_at=None, incomplete_details=None
    )
