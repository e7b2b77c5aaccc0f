"""Scripts: what a run's turns do, one after the other, as actions in code or as JSON.

A script in JSON is a list with an entry a turn, or a list of entries for a turn that does several things:

    {"say": "Hello"}                            writes a message
    {"call": {"get_weather": {"city": "Oslo"}}} calls functions
    {"approve": [["docs", "search", {"q": "x"}]]}
                                                asks for approval of calls of MCP servers (dialect "foundry")
    {"fail": ["server_error", "It broke."]}     ends the run failed
    {"incomplete": "max_completion_tokens"}     ends it incomplete
    {"stall": true}                             keeps it in progress
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..._typing import is_array, is_mapping, is_object, is_sequence
from .actions import Action, AskApproval, CallTools, Fail, Incomplete, Say, Stall
from .turn import Turn

ScriptEntry = Action | Mapping[str, Any] | Sequence[Action | Mapping[str, Any]]
"""A turn of a script: an action, an entry as in JSON, or several of them."""

_NAMES = ("say", "call", "approve", "fail", "incomplete", "stall")


class ScriptedResponder:
    """Does one thing of a list each turn, across all runs; a list in the list is one turn.

    Entries may be actions, or objects as a script in JSON has them. When the list is used up, runs fail and say so: a
    test that asks for more than it scripted is wrong.

    Raises `ValueError` for an entry that is neither, with its place.
    """

    def __init__(self, script: Iterable[ScriptEntry]) -> None:
        self._script = [_turn(entry, f"script[{place}]") for place, entry in enumerate(script)]
        self._next = 0
        self.turns: list[Turn] = []
        """The turns that it answered, oldest first."""

    @property
    def remaining(self) -> int:
        """The number of turns left."""
        return len(self._script) - self._next

    async def __call__(self, turn: Turn) -> Sequence[Action]:
        """Answer one turn."""
        self.turns.append(turn)
        if not self.remaining:
            return [Fail("server_error", f"the script of {len(self._script)} turns is used up")]
        self._next += 1
        return self._script[self._next - 1]


def read_script(text: str) -> list[ScriptEntry]:
    """Read a script in JSON; raises `ValueError` where it is none, with the place."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the script is not JSON: {error}") from None
    if not is_array(value):
        raise ValueError("the script must be a JSON list with an entry a turn")
    # All of it, before the server starts: an error in the last turn would come late.
    for place, entry in enumerate(value):
        _turn(entry, f"script[{place}]")
    return value


def _turn(entry: object, where: str) -> list[Action]:
    if is_sequence(entry):
        return [_action(one, f"{where}[{place}]") for place, one in enumerate(entry)]
    return [_action(entry, where)]


def _action(entry: object, where: str) -> Action:
    if isinstance(entry, Action):
        return entry
    if not is_mapping(entry) or len(entry) != 1:
        raise ValueError(f"{where} must be an object with one of {', '.join(_NAMES)}, not {_short(entry)}")
    ((name, value),) = entry.items()
    match name, value:
        case "say", str():
            return Say(value)
        case "call", _ if is_object(value) and value:
            return CallTools({str(function): _arguments(one, where) for function, one in value.items()})
        case "approve", [_, *_]:
            return AskApproval([_approval(one, where) for one in value])
        case "fail", [str(code), str(message)]:
            return Fail(code, message)
        case "incomplete", str():
            return Incomplete(value)
        case "stall", True:
            return Stall()
        case _ if name in _NAMES:
            raise ValueError(f"{where}.{name} must be {_FORMS[name]}, not {_short(value)}")
        case _:
            raise ValueError(f"{where}: {name!r} is no action: there are {', '.join(_NAMES)}")


_FORMS: Mapping[str, str] = {
    "say": "a text",
    "call": "an object of arguments by function",
    "approve": "a list of calls, each a list of server, name and arguments",
    "fail": "a list of code and message",
    "incomplete": "a reason",
    "stall": "true",
}


def _approval(value: object, where: str) -> tuple[str, str, Mapping[str, Any] | str]:
    call = list(value) if is_sequence(value) else []
    if len(call) == 3 and isinstance(call[0], str) and isinstance(call[1], str):
        return call[0], call[1], _arguments(call[2], where, "approve")
    raise ValueError(f"{where}.approve must be {_FORMS['approve']}, not {_short(value)}")


def _arguments(value: object, where: str, entry: str = "call") -> Mapping[str, Any] | str:
    if is_object(value) or isinstance(value, str):
        return value
    wanted = "an object, or text that is sent as it is"
    raise ValueError(f"{where}.{entry}: arguments must be {wanted}, not {_short(value)}")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
