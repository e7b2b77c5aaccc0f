"""Stream events: a class for each kind of payload, and the one table of their names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from .deltas import MessageDelta, MessageDeltaText, RunStepDelta
from .messages import Message
from .runs import Run
from .steps import RunStep
from .threads import Thread


class ThreadEvent(msgspec.Struct, frozen=True, gc=False):
    """The thread that `threads.create_and_run` made."""

    event: str
    """`"thread.created"`."""
    data: Thread
    """The thread."""


class RunEvent(msgspec.Struct, frozen=True, gc=False):
    """The run has another status."""

    event: str
    """`"thread.run."` and the status."""
    data: Run
    """The run as it is now."""


class RunStepEvent(msgspec.Struct, frozen=True, gc=False):
    """A step was made or has another status."""

    event: str
    """`"thread.run.step."` and what happened."""
    data: RunStep
    """The step as it is now."""


class RunStepDeltaEvent(msgspec.Struct, frozen=True, gc=False):
    """More of a step: of a tool call's arguments, of code or of its outputs."""

    event: str
    """`"thread.run.step.delta"`."""
    data: RunStepDelta
    """The new part."""


class MessageEvent(msgspec.Struct, frozen=True, gc=False):
    """A message was made or has another status."""

    event: str
    """`"thread.message."` and what happened."""
    data: Message
    """The message as it is now."""


class MessageDeltaEvent(msgspec.Struct, frozen=True, gc=False):
    """More of a message."""

    event: str
    """`"thread.message.delta"`."""
    data: MessageDelta
    """The new part."""

    @property
    def text(self) -> str:
        """The new text, of all parts; empty where there is none."""
        delta = self.data.delta
        if delta is None:
            return ""
        if len(delta.content) == 1 and type(part := delta.content[0]) is MessageDeltaText:
            return (part.text.value or "") if part.text is not None else ""
        texts = [part.text.value for part in delta.content if type(part) is MessageDeltaText and part.text is not None]
        return "".join(text for text in texts if text)


class UnknownEvent(msgspec.Struct, frozen=True, gc=False):
    """An event that no document names, or whose payload cannot be read as what its name promises."""

    event: str
    """The server's name of it; `"message"` where it has none."""
    raw: bytes
    """Its data as received."""

    @property
    def data(self) -> Any:
        """The data as plain values; as text where it is no JSON."""
        try:
            return msgspec.json.decode(self.raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self.raw.decode("utf-8", "replace")


StreamEvent = (
    ThreadEvent | RunEvent | RunStepEvent | RunStepDeltaEvent | MessageEvent | MessageDeltaEvent | UnknownEvent
)
"""The events of a run's stream; match on the class, then on `event`."""

KnownEvent = ThreadEvent | RunEvent | RunStepEvent | RunStepDeltaEvent | MessageEvent | MessageDeltaEvent

_NAMES: Mapping[type[KnownEvent], tuple[str, ...]] = {
    ThreadEvent: ("thread.created",),
    RunEvent: tuple(
        f"thread.run.{status}"
        for status in (
            "created",
            "queued",
            "in_progress",
            "requires_action",
            "completed",
            "incomplete",
            "failed",
            "cancelling",
            "cancelled",
            "expired",
        )
    ),
    RunStepEvent: tuple(
        f"thread.run.step.{what}" for what in ("created", "in_progress", "completed", "failed", "cancelled", "expired")
    ),
    RunStepDeltaEvent: ("thread.run.step.delta",),
    MessageEvent: tuple(f"thread.message.{what}" for what in ("created", "in_progress", "completed", "incomplete")),
    MessageDeltaEvent: ("thread.message.delta",),
}

EVENTS: Mapping[str, type[KnownEvent]] = MappingProxyType(
    {name: kind for kind, names in _NAMES.items() for name in names}
)
"""The class of each event; besides them there are `ERROR_EVENT` and `DONE_EVENT`, which are no items."""

ERROR_EVENT = "error"
"""Name of the event that carries an error."""
DONE_EVENT = "done"
"""Name of the event that ends a stream."""

TERMINAL_EVENTS = frozenset(
    {
        "thread.run.completed",
        "thread.run.incomplete",
        "thread.run.failed",
        "thread.run.cancelled",
        "thread.run.expired",
    }
)
"""The events after which a run does nothing more."""

DONE_FRAME = b"event: done\ndata: [DONE]\n\n"
"""The frame that ends a stream."""

FINISHED_MESSAGE = frozenset({"thread.message.completed", "thread.message.incomplete"})
"""The events after which a message does not change."""

FINISHED_STEP = frozenset(f"thread.run.step.{end}" for end in ("completed", "failed", "cancelled", "expired"))
"""The events after which a step does not change."""
