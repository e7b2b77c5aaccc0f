"""Deltas joined: what came in many pieces and was not sent yet goes out, or is written, in one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .interface import Document, Event


def joined(events: Iterable[Event]) -> list[Event]:
    """Join each row of deltas that add text to the same place; all other events stay as they are, in order."""
    result: list[Event] = []
    place: tuple[Any, ...] | None = None
    pieces: list[str] = []

    def finish() -> None:
        if len(pieces) > 1:
            result[-1] = _with_text(result[-1], "".join(pieces))
        pieces.clear()

    for event in events:
        found = _text_of(event)
        if found is None:
            finish()
            place = None
            result.append(event)
            continue
        here, text, first = found
        if first or here != place:
            finish()
            place = here
            result.append(event)
        pieces.append(text)
    finish()
    return result


def _text_of(event: Event) -> tuple[tuple[Any, ...], str, bool] | None:
    """Return the place of a delta's text, the text, and True where it begins something new; None for other events."""
    if event.kind != "delta":
        return None
    delta: Document = event.document["delta"]
    if "content" in delta:
        [part] = delta["content"]
        if part["type"] == "refusal":
            return (event.document["id"], part["index"], "refusal"), part["refusal"], False
        text: Document = part["text"]
        if "value" not in text:
            return None  # annotations come without text
        return (event.document["id"], part["index"], "text"), text["value"], "annotations" in text
    [call] = delta["step_details"]["tool_calls"]
    holder: Document | None = call.get("function") if call["type"] == "function" else call
    if holder is None or "arguments" not in holder:
        return None
    return (event.document["id"], call["index"], "arguments"), holder["arguments"], "id" in call


def _with_text(event: Event, text: str) -> Event:
    delta: Document = event.document["delta"]
    if "content" in delta:
        [part] = delta["content"]
        new = (
            {**part, "refusal": text}
            if part["type"] == "refusal"
            else {**part, "text": {**part["text"], "value": text}}
        )
        return event._replace(document={**event.document, "delta": {"content": [new]}})
    details: Document = delta["step_details"]
    [call] = details["tool_calls"]
    if call["type"] == "function":
        call = {**call, "function": {**call["function"], "arguments": text}}
    else:
        call = {**call, "arguments": text}
    return event._replace(document={**event.document, "delta": {"step_details": {**details, "tool_calls": [call]}}})
