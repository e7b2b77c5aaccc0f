"""The responder without a model: it answers with what it was given, and plays every state of a run on demand."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from ..._typing import is_object
from .actions import Action, AskApproval, CallTools, Fail, Incomplete, Say, Stall
from .examples import example_of
from .turn import FoundText, Turn

_COMMAND = re.compile(r"/(?P<name>fail|incomplete|stall|call|approve)(?:\s+(?P<rest>.*))?\Z", re.DOTALL)


class EchoResponder:
    """Answers `Echo: <last user message>`, with the best line that `file_search` found; five commands do more.

    `/call NAME {json}` calls that function tool first and then answers `Tool NAME said: <output>`. In the dialect
    "foundry" `/approve NAME {json}` asks for approval of that tool of the run's MCP server, and answers what was
    decided. `/fail`,
    `/incomplete` and `/stall` give those ends; text behind them is the part of a message written by then.

    A run's `tool_choice` and `response_format` are honoured: a call that is required is made with example arguments,
    an answer in JSON is an example value of its schema, or `{"echo": …}` where there is none.
    """

    async def __call__(self, turn: Turn) -> Action:
        """Answer one turn."""
        if turn.outputs or turn.approvals:
            return Say(_formatted(_reported(turn), turn.run))
        text = turn.last_user_text
        match = _COMMAND.match(text.strip())
        if match is None or (match["name"] == "approve" and turn.dialect != "foundry"):
            return _required_call(turn) or Say(_formatted(_echo(turn), turn.run))
        rest = match["rest"] or ""
        match match["name"]:
            case "fail":
                return Fail("server_error", "The message asked for a failure.", rest)
            case "incomplete":
                return Incomplete("max_completion_tokens", rest)
            case "stall":
                return Stall(rest)
            case "approve":
                return _approval(turn, rest)
            case _:
                return _call(turn, rest)


def _echo(turn: Turn) -> str:
    text = turn.last_user_text
    return f"Echo: {text}" + "".join(f"\n{_quoted(found, text)}" for found in turn.found[:1])


def _formatted(text: str, run: Mapping[str, Any]) -> str:
    """Write the answer in the form that the run wants."""
    form: object = run.get("response_format")
    if not is_object(form) or form.get("type") not in ("json_object", "json_schema"):
        return text
    described: object = form.get("json_schema")
    schema: object = described.get("schema") if is_object(described) else None
    return json.dumps({"echo": text} if schema is None else example_of(schema), ensure_ascii=False)


def _required_call(turn: Turn) -> CallTools | None:
    """Return the call that `tool_choice` requires; None where it requires none, or there is no such function."""
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
    # A model must not call a tool then either.
    if turn.run.get("tool_choice") == "none":
        return Say(f"The run has tool_choice 'none': {name} is not called.")
    if name not in turn.functions:
        return Say(f"There is no function tool {name!r} in this run; there are {list(turn.functions)}.")
    arguments = _object(text)
    if arguments is None:
        return Say(f"The arguments of {name} are no JSON object: {text}")
    return CallTools({name: arguments})


def _approval(turn: Turn, rest: str) -> Action:
    name, _, text = rest.partition(" ")
    servers = [tool for tool in turn.tools if tool["type"] == "mcp"]
    having = (tool for tool in servers if not tool.get("allowed_tools") or name in tool["allowed_tools"])
    server = next(having, {"server_label": "echo"})
    arguments = _object(text)
    if not name:
        return Say("There is no MCP tool to approve: say /approve NAME {json}.")
    if arguments is None:
        return Say(f"The arguments of {name} are no JSON object: {text}")
    return AskApproval([(str(server.get("server_label")), name, arguments)])


def _reported(turn: Turn) -> str:
    outputs = [f"Tool {answered.name} said: {answered.output}" for answered in turn.outputs]
    verdicts = {True: "approved", False: "refused"}
    decided = [f"Tool {one.name} of {one.server_label} was {verdicts[one.approved]}." for one in turn.approvals]
    return "\n".join([*outputs, *decided])


def _object(text: str) -> dict[str, Any] | None:
    """Read a JSON object; None for anything else."""
    try:
        value: object = json.loads(text or "{}")
    # A user may type anything, thousands of brackets too.
    except (ValueError, RecursionError):
        return None
    return value if is_object(value) else None


def _quoted(found: FoundText, text: str) -> str:
    """Return the line of a chunk that has most of a text's words, and the mark of its file."""
    words = set(re.findall(r"\w+", text.casefold()))
    lines = [line.strip() for line in found.text.splitlines() if line.strip()]
    best = max(lines, key=lambda line: len(words & set(re.findall(r"\w+", line.casefold()))))
    return f"{best} {found.marker}"
