"""The events that lead from a known snapshot of a run to its present state."""

from __future__ import annotations

from ...models.deltas import MessageDelta, MessageDeltaChanges, MessageDeltaText, MessageDeltaTextValue
from ...models.events import MessageDeltaEvent, MessageEvent, StreamEvent
from ...models.messages import Message, TextContent
from ...models.runs import Run
from ...models.steps import RunStep
from .status import answered


def is_news(step: RunStep, known: tuple[RunStep, ...], run: Run) -> bool:
    """Whether a step is to be told: one in progress only where it has outputs, or will get no further."""
    if step.status == "in_progress":
        return (run.is_terminal or bool(answered([step]))) and step not in known
    return all(step.id != other.id or other.status in (None, "in_progress") for other in known)


def missing(known: Message | None, message: Message) -> list[StreamEvent]:
    """The events that lead from what was told of a message to all of it."""
    if known is not None and known.status in ("completed", "incomplete"):
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
    """A message's text behind so many characters, each piece in its part."""
    parts: list[MessageDeltaText] = []
    for index, part in enumerate(message.content):
        text = part.text.value if isinstance(part, TextContent) and part.text is not None else None
        if text:
            if piece := text[known:]:
                parts.append(MessageDeltaText(index=index, text=MessageDeltaTextValue(value=piece)))
            known = max(0, known - len(text))
    return parts


def _bare(message: Message) -> Message:
    return Message(id=message.id, object=message.object, thread_id=message.thread_id, role=message.role)
