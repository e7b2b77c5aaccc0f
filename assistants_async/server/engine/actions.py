"""Actions: the values in which a responder says what a run does.

The whole ones (`Say`, `CallTools`, `AskApproval`, `Fail`, `Incomplete`, `Stall`) are for scripts and simple
responders. The small ones (`Piece`, `RefusalPiece`, `CallPiece`, `Used`, `Ended`) pass on what a model writes while it
writes it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

EndReason = Literal["stop", "length", "content_filter", "tool_calls"]
"""Reason for the end of an answer: the answer is whole, was cut at a limit, was withheld, or asks for tool calls."""


@dataclass(frozen=True, slots=True)
class Say:
    """Write a message; an async iterable of pieces is streamed as they come."""

    text: str | AsyncIterable[str]
    """The whole text, or its pieces."""


@dataclass(frozen=True, slots=True)
class CallTools:
    """Ask the client to call functions; the turn ends here, and the next one has their outputs."""

    calls: Mapping[str, Mapping[str, Any] | str] | Sequence[tuple[str, Mapping[str, Any] | str]]
    """Arguments by name, or pairs where a name occurs twice; text is sent as it is, well formed or not."""

    def pairs(self) -> list[tuple[str, str]]:
        """Return each call's name and its arguments as JSON text."""
        calls = self.calls.items() if isinstance(self.calls, Mapping) else self.calls
        return [(name, args if isinstance(args, str) else _json(args)) for name, args in calls]


@dataclass(frozen=True, slots=True)
class AskApproval:
    """Ask the client to approve calls of MCP servers; the turn ends here, and the next one has the decisions.

    For a server of `dialect="foundry"`: elsewhere it fails the run.
    """

    calls: Sequence[tuple[str, str, Mapping[str, Any] | str]]
    """Label of the server, name of its tool, and arguments; text is sent as it is, well formed or not."""

    def triples(self) -> list[tuple[str, str, str]]:
        """Return each call's server and name, and its arguments as JSON text."""
        return [(server, name, args if isinstance(args, str) else _json(args)) for server, name, args in self.calls]


@dataclass(frozen=True, slots=True)
class Fail:
    """End the run `failed`, with this `last_error`."""

    code: str = "server_error"
    """`"server_error"`, `"rate_limit_exceeded"` or `"invalid_prompt"`."""
    message: str = "The run failed."
    """The message of the error."""
    text: str = ""
    """The text of the message that it was writing by then; no message where empty."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """End the run `incomplete` (in protocol v1: `completed`, with `incomplete_details`)."""

    reason: str = "max_completion_tokens"
    """`"max_completion_tokens"` or `"max_prompt_tokens"`."""
    text: str = ""
    """The text of the message that it was writing by then; no message where empty."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Stay `in_progress` until the run is cancelled or expires."""

    text: str = ""
    """The text of the message that it is writing; no message where empty."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Text to add to the message; the first piece opens it."""

    text: str
    """Any length, and never a half character."""


@dataclass(frozen=True, slots=True)
class RefusalPiece:
    """Text to add to the refusal of the message, in a part of its own."""

    text: str
    """Any length."""


@dataclass(frozen=True, slots=True)
class CallPiece:
    """A tool call, or more of its arguments; the first one closes the message and opens the step of the calls."""

    index: int
    """Place of the call in the round, from 0; a place that is new begins a call."""
    id: str = ""
    """Id of a call that begins; empty where the server is to make one."""
    name: str = ""
    """Name of the function, where the call begins; empty where it goes on."""
    arguments: str = ""
    """JSON text to add to the arguments, well formed or not."""


@dataclass(frozen=True, slots=True)
class Used:
    """Tokens of the answer as the model counted them, in place of the server's own estimate."""

    prompt: int
    """Tokens that the model read."""
    completion: int
    """Tokens that the model wrote."""
    cached: int = 0
    """Those of the prompt that the model had read before."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of an answer, and of the turn."""

    reason: EndReason = "stop"
    """The reason; calls that were written count whatever it says."""


Action = Say | CallTools | AskApproval | Fail | Incomplete | Stall | Piece | RefusalPiece | CallPiece | Used | Ended
"""One thing that a run does. `Say`, the pieces and `Used` leave the turn open, all others end it."""


def _json(arguments: Mapping[str, Any]) -> str:
    # As models write arguments: compact, and letters as themselves.
    return json.dumps(arguments, separators=(",", ":"), ensure_ascii=False)
