"""The responder without a model: it answers with what it was given, and plays every state of a run on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..._typing import is_object
from .actions import Action, CallTools, Fail, Incomplete, Say, Stall
from .examples import example_of
from .turn import FoundText, Turn

_COMMAND = re.compile(r"/(?P<name>fail|incomplete|stall|call)(?:\s+(?P<rest>.*))?\Z", re.DOTALL)


class EchoResponder:
    """Answers `Echo: <last user message>`, with the best line that `file_search` found; four commands do more.

    `/call NAME {json}` calls that function tool first and then answers `Tool NAME said: <output>`. `/fail`,
    `/incomplete` and `/stall` give those ends; text behind them is the part of a message written by then.

    A run's `tool_choice` and `response_format` are honoured: a call that is required is made with example arguments,
    an answer in JSON is an example value of its schema, or `{"echo": …}` where there is none.
    """

    async def __call__(self, turn: Turn) -> Action:
        """Answer one turn."""
        if turn.outputs:
            outputs = "\n".join(f"Tool {answered.name} said: {answered.output}" for answered in turn.outputs)
            return Say(_formatted(outputs, turn.run))
        text = turn.last_user_text
        match = _COMMAND.match(text.strip())
        if match is None:
            return _required_call(turn) or Say(_formatted(_echo(turn), turn.run))
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


def _echo(turn: Turn) -> str:
    text = turn.last_user_text
    return f"Echo: {text}" + "".join(f"\n{_quoted(found, text)}" for found in turn.found[:1])


def _formatted(text: str, run: Mapping[str, Any]) -> str:
    """The answer in the form that the run wants."""
    form: object = run.get("response_format")
    if not is_object(form) or form.get("type") not in ("json_object", "json_schema"):
        return text
    described: object = form.get("json_schema")
    schema: object = described.get("schema") if is_object(described) else None
    return json.dumps({"echo": text} if schema is None else example_of(schema), ensure_ascii=False)


def _required_call(turn: Turn) -> CallTools | None:
    """The call that `tool_choice` requires; None where it requires none, or there is no such function."""
    choice: object = turn.run.get("tool_choice")
    name: object = turn.functions[0] if choice == "required" and turn.functions else None
    if is_object(choice) and is_object(choice.get("function")):
        name = choice["function"].get("name")
    for tool in turn.tools:
        if tool["type"] == "function" and tool["function"]["name"] == name:
            arguments = example_of(tool["function"].get("parameters") or {"type": "object"})
            return CallTools({tool["function"]["name"]: arguments})
    return None


def _call(turn: Turn, rest: str) -> Action:
    name, _, text = rest.partition(" ")
    if turn.run.get("tool_choice") == "none":
        return Say(f"The run has tool_choice 'none': {name} is not called.")
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
