"""A turn: everything that a responder knows when a run needs its next answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any, Literal

from .actions import Used


@dataclass(frozen=True, slots=True)
class TurnMessage:
    """A message of the thread."""

    role: str
    """`"user"` or `"assistant"`."""
    text: str
    """Its text parts, joined by line ends."""


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A tool call of this run, answered."""

    call_id: str
    """Id of the call."""
    name: str
    """Name of the function."""
    arguments: str
    """Its arguments as JSON text."""
    output: str
    """The output that the client sent."""


Dialect = Literal["foundry"]
"""A server whose answers differ from the documents'."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A call of an MCP server in this run, decided by the client."""

    call_id: str
    """Id of the call."""
    server_label: str
    """The server."""
    name: str
    """Name of its tool."""
    arguments: str
    """Its arguments as JSON text."""
    approved: bool
    """The decision."""


@dataclass(frozen=True, slots=True)
class FoundText:
    """A result of `file_search` for a run: put `marker` into an answer, and it becomes a citation of the file."""

    file_id: str
    """The file."""
    filename: str
    """Its name."""
    text: str
    """The chunk that was found."""
    score: float
    """The score of the match, from 0 to 1."""
    marker: str
    """The mark of the citation in a text, such as `"【0:1†notes.md】"`."""


@dataclass(frozen=True, slots=True)
class ToolRound:
    """Tool calls that a model made in one answer, with their outputs."""

    run_id: str
    """Run that they belong to."""
    calls: tuple[ToolOutput, ...]
    """The calls in their order; two rounds are never joined."""
    message_id: str = ""
    """Message that the same answer wrote before the calls; empty where it wrote none."""


TurnItem = Mapping[str, Any] | ToolRound
"""A message's document, or a round."""


@dataclass(frozen=True, slots=True)
class TurnFile:
    """A file that the thread names."""

    filename: str
    """Its name."""
    read: Callable[[], bytes]
    """Reads its content."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The argument of a responder: the run, its messages and its tool outputs."""

    run: Mapping[str, Any]
    """The run: every member of its object, in both versions' names."""
    instructions: str
    """The system prompt."""
    messages: Sequence[TurnMessage]
    """The thread, oldest first; with a `truncation_strategy` of `last_messages` no more than those."""
    tools: tuple[Mapping[str, Any], ...]
    """The tools that the run may use."""
    outputs: tuple[ToolOutput, ...]
    """All tool calls of this run so far, in the order in which they were asked for."""
    approvals: tuple[Approval, ...] = ()
    """All decisions about calls of MCP servers in this run so far, in the order in which they were asked for."""
    found: tuple[FoundText, ...] = ()
    """The results of `file_search` for the last user text, best first; empty without such a tool or store."""
    used: Used = field(default=Used(0, 0))
    """Tokens of the run so far."""
    rounds: int = 0
    """Rounds of tool calls of the run so far."""
    call_ids: AbstractSet[str] = frozenset()
    """Ids of the calls of the run so far."""
    seconds_left: float = math.inf
    """Seconds until the run expires."""
    dialect: Dialect | None = None
    """The server's dialect; None for the documents'."""
    file: Callable[[str], TurnFile | None] = field(default=lambda _: None, repr=False)
    """Looks up a file that a message names, by its id; None for one that is not there."""
    read_items: Callable[[], Sequence[TurnItem]] = field(default=tuple, repr=False)
    """Reads the thread; `items` is what it gives."""

    @property
    def items(self) -> Sequence[TurnItem]:
        """Messages as documents and rounds of tool calls of all runs, oldest first."""
        return self.read_items()

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the function tools."""
        return tuple(tool["function"]["name"] for tool in self.tools if tool["type"] == "function")

    @property
    def last_user_text(self) -> str:
        """Text of the last message by the user; empty where there is none."""
        # Not simply the last one: an assistant may have written behind it.
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")
