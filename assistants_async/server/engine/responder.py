"""What answers a run: a responder is asked once a turn and says what happens next, in values."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any

from ..._typing import is_object


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
        """Each call's name and its arguments as JSON text."""
        calls = self.calls.items() if isinstance(self.calls, Mapping) else self.calls
        return [(name, args if isinstance(args, str) else _json(args)) for name, args in calls]


@dataclass(frozen=True, slots=True)
class Fail:
    """End the run `failed`, with this `last_error`."""

    code: str = "server_error"
    """`"server_error"`, `"rate_limit_exceeded"` or `"invalid_prompt"`."""
    message: str = "The run failed."
    """What went wrong."""
    text: str = ""
    """What the message holds that it was writing by then; none where empty."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """End the run `incomplete` (in protocol v1: `completed`, with `incomplete_details`)."""

    reason: str = "max_completion_tokens"
    """`"max_completion_tokens"` or `"max_prompt_tokens"`."""
    text: str = ""
    """What the message holds that it was writing by then; none where empty."""


@dataclass(frozen=True, slots=True)
class Stall:
    """Stay `in_progress` until the run is cancelled or expires."""

    text: str = ""
    """What the message holds that it is writing; none where empty."""


Action = Say | CallTools | Fail | Incomplete | Stall
"""One thing that a run does. All but `Say` end the turn."""


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
    """What the client sent."""


@dataclass(frozen=True, slots=True)
class FoundText:
    """What `file_search` found for a run: put `marker` into an answer, and it becomes a citation of the file."""

    file_id: str
    """The file."""
    filename: str
    """Its name."""
    text: str
    """The chunk that was found."""
    score: float
    """How well it fits, from 0 to 1."""
    marker: str
    """What stands for the citation in a text, such as `"【0:1†notes.md】"`."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a responder knows when it is asked."""

    run: Mapping[str, Any]
    """The run: every member of its object, in both versions' names."""
    instructions: str
    """The system prompt."""
    messages: tuple[TurnMessage, ...]
    """The thread, oldest first."""
    tools: tuple[Mapping[str, Any], ...]
    """What the run may use."""
    outputs: tuple[ToolOutput, ...]
    """All tool calls of this run so far, in the order in which they were asked for."""
    found: tuple[FoundText, ...] = ()
    """What `file_search` found for the last user text, best first; empty where the run has no such tool or store."""

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the function tools."""
        return tuple(tool["function"]["name"] for tool in self.tools if tool["type"] == "function")

    @property
    def last_user_text(self) -> str:
        """Text of the last message by the user; empty where there is none."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")


Answer = Action | Iterable[Action] | AsyncIterable[Action]
"""What a responder gives for a turn. The run completes after the last action, unless one ended it."""
Responder = Callable[[Turn], Awaitable[Answer] | AsyncIterable[Action]]
"""An async function (or async generator function) of a turn. What it raises fails the run."""


async def actions_of(responder: Responder, turn: Turn) -> AsyncGenerator[Action, None]:
    """Ask a responder and yield its actions one by one; an async generator of its own is closed with this one."""
    asked = responder(turn)
    answer = await asked if inspect.isawaitable(asked) else asked
    if isinstance(answer, Action):
        yield answer
    elif isinstance(answer, AsyncIterable):
        async with AsyncExitStack() as stack:
            if inspect.isasyncgen(answer):
                await stack.enter_async_context(aclosing(answer))
            async for action in answer:
                yield action
    else:
        for action in answer:
            yield action


_COMMAND = re.compile(r"/(?P<name>fail|incomplete|stall|call)(?:\s+(?P<rest>.*))?\Z", re.DOTALL)


class EchoResponder:
    """Answers `Echo: <last user message>`, with the best line that `file_search` found; four commands do more.

    `/call NAME {json}` calls that function tool first and then answers `Tool NAME said: <output>`. `/fail`,
    `/incomplete` and `/stall` give those ends; text behind them is the part of a message written by then.
    """

    async def __call__(self, turn: Turn) -> Action:
        """Answer one turn."""
        if turn.outputs:
            return Say("\n".join(f"Tool {answered.name} said: {answered.output}" for answered in turn.outputs))
        text = turn.last_user_text
        match = _COMMAND.match(text.strip())
        if match is None:
            return Say(f"Echo: {text}" + "".join(f"\n{_quoted(found, text)}" for found in turn.found[:1]))
        rest = match["rest"] or ""
        match match["name"]:
            case "fail":
                return Fail("server_error", "The message asked for a failure.", rest)
            case "incomplete":
                return Incomplete("max_completion_tokens", rest)
            case "stall":
                return Stall(rest)
            case _:
                return _call(turn, rest)


class ScriptedResponder:
    """Does one thing of a list each turn, across all runs; a list in the list is one turn.

    When the list is used up, runs fail and say so: a test that asks for more than it scripted is wrong.
    """

    def __init__(self, script: Iterable[Action | Sequence[Action]]) -> None:
        self._script = list(script)
        self._next = 0
        self.turns: list[Turn] = []
        """What it was asked, oldest first."""

    @property
    def remaining(self) -> int:
        """How many turns are left."""
        return len(self._script) - self._next

    async def __call__(self, turn: Turn) -> Action | Sequence[Action]:
        """Answer one turn."""
        self.turns.append(turn)
        if not self.remaining:
            return Fail("server_error", f"the script of {len(self._script)} turns is used up")
        self._next += 1
        return self._script[self._next - 1]


def _call(turn: Turn, rest: str) -> Action:
    name, _, text = rest.partition(" ")
    if name not in turn.functions:
        return Say(f"There is no function tool {name!r} in this run; there are {list(turn.functions)}.")
    try:
        arguments: object = json.loads(text or "{}")
    except ValueError:
        arguments = None
    if not is_object(arguments):
        return Say(f"The arguments of {name} are no JSON object: {text}")
    return CallTools({name: arguments})


def _quoted(found: FoundText, text: str) -> str:
    """The line of a chunk that has most of a text's words, and the mark of its file."""
    words = set(re.findall(r"\w+", text.casefold()))
    lines = [line.strip() for line in found.text.splitlines() if line.strip()]
    best = max(lines, key=lambda line: len(words & set(re.findall(r"\w+", line.casefold()))))
    return f"{best} {found.marker}"


def _json(arguments: Mapping[str, Any]) -> str:
    return json.dumps(arguments, separators=(",", ":"), ensure_ascii=False)
