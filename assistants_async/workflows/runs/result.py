"""The events that a drive yields, and its result at the run's end."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from ..._typing import override
from ...core.usage import added
from ...errors import short_repr
from ...models.events import StreamEvent
from ...models.messages import Message, RefusalContent
from ...models.runs import Run, Usage
from ...models.steps import RunStep
from ...tools.events import ToolEvent

T_co = TypeVar("T_co", covariant=True)

DriveEvent = StreamEvent | ToolEvent
"""The events of a drive: the run's own, and those of the tools that are called for it."""


class RunResult(msgspec.Struct, Generic[T_co], frozen=True, kw_only=True):
    """A run at its end, with all that it wrote and did."""

    run: Run
    """The run as it was at its end; the last one where `rerun` made several."""
    messages: tuple[Message, ...]
    """The messages that the run wrote, in the order in which it began them."""
    steps: tuple[RunStep, ...]
    """The steps of the run, in order."""
    usage: Usage | None
    """Tokens spent, those of failed runs before it included; None where the server did not say."""
    text: str
    """Its answer: the text of its last message that has any; empty where none has."""
    parsed: T_co
    """The answer as `output_type`; None without one."""
    rounds: int
    """The number of times that tool calls were answered, over all runs."""

    @override
    def __repr__(self) -> str:
        """Write what it came to, in some 300 characters."""
        run, text = self.run, short_repr(self.text, 120)
        tokens = "" if self.usage is None else f", {self.usage.total_tokens} tokens"
        parsed = "" if self.parsed is None else f", parsed={short_repr(self.parsed, 120)}"
        counts = f"{len(self.messages)} messages, {len(self.steps)} steps, {self.rounds} rounds{tokens}"
        return f"<RunResult {run.id[:60]} {(run.status or '?')[:20]}: {counts}, text={text}{parsed}>"


def answer_of(messages: tuple[Message, ...]) -> str:
    """The text of the last message that has any."""
    return next((message.text for message in reversed(messages) if message.text), "")


def refusal_of(messages: tuple[Message, ...]) -> str | None:
    """Return the model's refusal where it refused to answer; else None."""
    for message in reversed(messages):
        refusals = [part.refusal or "" for part in message.content if isinstance(part, RefusalContent)]
        if refusals or message.text:
            return "".join(refusals) if refusals else None
    return None


def total(usages: tuple[Usage, ...]) -> Usage | None:
    """The tokens of several runs together; None where no run has said."""
    return added(usages) if len(usages) > 1 else next(iter(usages), None)
