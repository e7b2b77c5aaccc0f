"""Responders: each answers the turns of runs, in values."""

from __future__ import annotations

import inspect
import json
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing

from ..._typing import is_object
from .actions import Action, CallTools, Fail, Incomplete, Say, Stall
from .turn import FoundText, Turn

Answer = Action | Iterable[Action] | AsyncIterable[Action]
"""What a responder gives for a turn. The run completes after the last action, unless one ended it."""
Responder = Callable[[Turn], Awaitable[Answer] | AsyncIterable[Action]]
"""An async function (or async generator function) of a turn. What it raises fails the run."""


class Backend(ABC):
    """A responder with models behind it, which the server asks about more than turns."""

    @abstractmethod
    def __call__(self, turn: Turn) -> AsyncIterable[Action]:
        """Answer one turn."""

    @property
    @abstractmethod
    def calls_search(self) -> bool:
        """Whether the model itself calls the search of a run, so that the engine does not search ahead of it."""

    @abstractmethod
    def accepts(self, model: str) -> bool:
        """Tell whether runs of this model can be answered."""

    @abstractmethod
    async def models(self) -> Mapping[str, int | None]:
        """Return the models with the tokens that fit into each; raises `AssistantsError` where nobody answers."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of all connections: the server is closing."""


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
