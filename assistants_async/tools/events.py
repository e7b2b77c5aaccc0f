"""The events of a tool call."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

from .._typing import override
from ..errors import short_repr
from ..models.runs import ToolCall


class ToolResult(Struct, frozen=True, kw_only=True):
    """The result of one tool call; there is one for each, also for a call that went wrong."""

    call_id: str
    """Id of the call, which goes with the output."""
    name: str
    """The function that the model called."""
    arguments: Any = None
    """Its arguments by name, decoded; the model's text (or None) where they do not fit the function."""
    output: str
    """The text for the model."""
    error: Exception | None = None
    """The error; None where the function gave its result."""
    elapsed: float = 0.0
    """Seconds that the function took; 0 where it was not called."""

    @override
    def __repr__(self) -> str:
        """Write it in some 400 characters: arguments and outputs may be long."""
        arguments, output = short_repr(self.arguments, 120), short_repr(self.output, 120)
        error = "" if self.error is None else f", error={short_repr(self.error, 120)}"
        name = self.name[:60]
        return (
            f"ToolResult(call_id={self.call_id[:60]!r}, name={name!r}, arguments={arguments}, output={output}{error})"
        )

    @property
    def as_output(self) -> dict[str, str]:
        """Item of `tool_outputs` that answers the call."""
        return {"tool_call_id": self.call_id, "output": self.output}


class ToolStarted(Struct, frozen=True):
    """A function is about to be called: its arguments are sound, and the call is approved."""

    event: ClassVar[str] = "tool.started"
    """The event's name, beside those of the protocol."""

    call: ToolCall
    """The call of the model's."""


class ToolFinished(Struct, frozen=True):
    """A function has given its result."""

    event: ClassVar[str] = "tool.finished"
    """The event's name, beside those of the protocol."""

    result: ToolResult
    """The result."""


class ToolFailed(Struct, frozen=True):
    """A call went wrong: `result.error` is the error, `result.output` its text for the model."""

    event: ClassVar[str] = "tool.failed"
    """The event's name, beside those of the protocol."""

    result: ToolResult
    """The result."""


ToolEvent = ToolStarted | ToolFinished | ToolFailed
"""An event of a tool, between those of a run."""
