"""Tool calls by a JSON schema, for backends that have no tools or ignore `tool_choice`.

The model answers with one JSON object, either `{"answer": …}` or `{"calls": [{"tool": …, "arguments": …}]}`. The schema
has no `answer` where a call is required, one tool where the run names one, and at most one call where calls may not be
parallel. `schema_reader` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..._typing import is_object

_ANY: Mapping[str, Any] = {"type": "object"}


def with_schema(body: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite tools, choice and earlier rounds of a request as a schema and as text."""
    changed = {name: value for name, value in body.items() if name not in _TOOL_MEMBERS}
    tools: Sequence[Mapping[str, Any]] = body.get("tools") or ()
    choice: object = body.get("tool_choice", "auto")
    if is_object(choice):
        name = choice["function"]["name"]
        # The run wants this function: the schema offers no other.
        tools = [tool for tool in tools if tool["function"]["name"] == name]
    changed["messages"] = _as_text(body["messages"])
    if not tools or choice == "none":
        return changed
    answer = None if choice == "required" or is_object(choice) else _answer_schema(body.get("response_format"))
    schema = _schema(tools, answer, several=body.get("parallel_tool_calls") is not False)
    changed["response_format"] = {"type": "json_schema", "json_schema": {"name": "turn", "schema": schema}}
    if answer is not None and body["messages"][-1]["role"] == "tool":
        # Small models repeat their calls where nothing asks for an answer.
        changed["messages"][-1] = {"role": "user", "content": f"{changed['messages'][-1]['content']}\n\n{_ANSWER_NOW}"}
    changed["messages"] = _with_system(changed["messages"], _manual(tools, answers=answer is not None))
    return changed


_ANSWER_NOW = 'Write {"answer": …} if that is enough for an answer, or other calls.'
# Backends without tools refuse requests that have these.
_TOOL_MEMBERS = frozenset(("tools", "tool_choice", "parallel_tool_calls"))


def has_schema(body: Mapping[str, Any]) -> bool:
    """Check a request from `with_schema` for the schema: one without tools gets a plain answer."""
    form: Mapping[str, Any] = body.get("response_format") or {}
    return form.get("type") == "json_schema" and form["json_schema"].get("name") == "turn"


def _schema(
    tools: Sequence[Mapping[str, Any]], answer: Mapping[str, Any] | None, *, several: bool
) -> Mapping[str, Any]:
    calls = [
        _object(tool={"const": tool["function"]["name"]}, arguments=tool["function"].get("parameters") or _ANY)
        for tool in tools
    ]
    listed: dict[str, Any] = {"type": "array", "items": {"anyOf": calls}, "minItems": 1}
    if not several:
        listed["maxItems"] = 1
    forms = [_object(calls=listed)] if answer is None else [_object(answer=answer), _object(calls=listed)]
    return forms[0] if len(forms) == 1 else {"anyOf": forms}


def _object(**properties: object) -> Mapping[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _answer_schema(form: object) -> Mapping[str, Any]:
    """Return the schema of the answer itself: text, or the JSON that the run wants."""
    if is_object(form) and form.get("type") == "json_schema":
        schema: Mapping[str, Any] = form["json_schema"].get("schema") or _ANY
        return schema
    return _ANY if is_object(form) and form.get("type") == "json_object" else {"type": "string"}


def _manual(tools: Sequence[Mapping[str, Any]], *, answers: bool) -> str:
    lines = ["You can call these tools:"]
    for tool in tools:
        function = tool["function"]
        parameters = json.dumps(function.get("parameters") or _ANY, ensure_ascii=False)
        lines.append(f"- {function['name']}: {function.get('description') or 'no description'} Arguments: {parameters}")
    lines.append('To call tools, write {"calls": [{"tool": NAME, "arguments": {…}}]} and nothing else.')
    if answers:
        lines.append('To answer, write {"answer": …} and nothing else.')
    return "\n".join(lines)


def _with_system(messages: Sequence[Mapping[str, Any]], text: str) -> list[Mapping[str, Any]]:
    # Joined: the chat templates of many models take one system message only.
    if messages and messages[0]["role"] == "system":
        return [{"role": "system", "content": f"{messages[0]['content']}\n\n{text}"}, *messages[1:]]
    return [{"role": "system", "content": text}, *messages]


def _as_text(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Write calls as the object that the model wrote, and each output as a message of the user."""
    written: list[Mapping[str, Any]] = []
    names: dict[str, str] = {}
    for message in messages:
        calls: Sequence[Mapping[str, Any]] | None = message.get("tool_calls")
        if calls is not None:
            names.update((call["id"], call["function"]["name"]) for call in calls)
            made = [{"tool": call["function"]["name"], "arguments": _value(call)} for call in calls]
            text = json.dumps({"calls": made}, ensure_ascii=False)
            before: object = message.get("content")
            written.append({"role": "assistant", "content": f"{before}\n{text}" if before else text})
        elif message["role"] == "tool":
            name = names.get(message["tool_call_id"], "the tool")
            written.append({"role": "user", "content": f"Output of {name}:\n{message['content']}"})
        else:
            written.append(message)
    return written


def _value(call: Mapping[str, Any]) -> object:
    text: str = call["function"]["arguments"]
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value
