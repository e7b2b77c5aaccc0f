"""Inputs and outputs in the form of the conventions: messages of parts, as JSON text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import msgspec

from ..core.requests.request import Request
from ..models.base import Model
from ..models.messages import Message, TextContent


def of_input(request: Request) -> dict[str, Any]:
    """Write the instructions and the messages that a request carries."""
    body = request.body or {}
    found: dict[str, Any] = {}
    instructions = [body[name] for name in ("instructions", "additional_instructions") if body.get(name)]
    if instructions:
        found["gen_ai.system_instructions"] = _json([_text(each) for each in instructions])
    messages = [{"role": str(each.get("role")), "parts": [*_parts(each.get("content"))]} for each in _messages(body)]
    if messages:
        found["gen_ai.input.messages"] = _json(messages)
    return found


def of_output(messages: Iterable[Message]) -> dict[str, Any]:
    """Write the messages that a run wrote."""
    written = [{"role": each.role, "parts": [*_written(each)], "finish_reason": each.status} for each in messages]
    return {"gen_ai.output.messages": _json(written)} if written else {}


def _messages(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    # A run may be made together with its thread, whose messages are input as well.
    for holder in (_members(body.get("thread")), body):
        for member in ("messages", "additional_messages"):
            yield from map(_members, _items(holder.get(member)))
    if "content" in body:
        yield body


def _parts(given: object) -> Iterator[dict[str, Any]]:
    if isinstance(given, str):
        yield _text(given)
    for part in map(_members, _items(given)):
        yield _text(part.get("text")) if part.get("type") == "text" else {"type": str(part.get("type"))}


def _members(value: object) -> Mapping[str, Any]:
    """Return the members of an object of the request, which may be a value that was read before."""
    if isinstance(value, Model):
        return value.to_dict()
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _items(value: object) -> Iterable[object]:
    return cast("Iterable[object]", value) if isinstance(value, (list, tuple)) else ()


def _written(message: Message) -> Iterator[dict[str, Any]]:
    for part in message.content:
        if isinstance(part, TextContent):
            yield _text(part.text and part.text.value)
        else:
            yield {"type": str(part.type)}


def _text(text: object) -> dict[str, Any]:
    return {"type": "text", "content": text}


def _json(value: object) -> str:
    # A caller's own type must not fail the call that is only being watched.
    return msgspec.json.encode(value, enc_hook=str).decode()
