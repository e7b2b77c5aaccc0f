"""Deltas in a row become one; everything else stays as it is, in its order."""

from __future__ import annotations

from typing import Any

from assistants_async.server.storage.interface import Document, Event
from assistants_async.server.storage.joined import joined
from tests.support.stores import word


def delta(changes: Document, id: str = "m") -> Event:
    """Any delta."""
    return Event("thread.message.delta", "delta", {"id": id, "object": "o", "delta": changes})


def refusal(text: str) -> Event:
    """A delta of a refusal."""
    return delta({"content": [{"index": 1, "type": "refusal", "refusal": text}]})


def call(index: int, **members: Any) -> Event:
    """A delta of a tool call."""
    return delta({"step_details": {"type": "tool_calls", "tool_calls": [{"index": index, **members}]}}, "s")


def test_text() -> None:
    """The text of one part is one; its first value stays."""
    [whole] = joined([word("a", annotations=[]), word("b"), word("c")])
    assert whole == word("abc", annotations=[])
    assert joined([word("a")]) == [word("a")]
    assert joined([]) == []


def test_boundaries() -> None:
    """Other messages, other parts and other events are boundaries."""
    end = Event("thread.message.completed", "message", {"id": "m"})
    marks = delta({"content": [{"index": 0, "type": "text", "text": {"annotations": [{"index": 0}]}}]})
    events = [word("a"), word("b", "n"), refusal("c"), word("d"), end, word("e"), marks, word("f", annotations=[])]
    assert joined(events) == events
    assert joined([refusal("a"), refusal("b")]) == [refusal("ab")]


def test_calls() -> None:
    """Arguments of one call are one, behind its id and name; searches show none."""
    first = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "", "output": None}}
    more = [call(0, type="function", function={"arguments": piece}) for piece in ('{"a"', ":1}")]
    assert joined([call(0, **first), *more]) == [
        call(0, **{**first, "function": {"name": "f", "arguments": '{"a":1}', "output": None}})
    ]
    other = call(1, id="d", type="function", function={"name": "g", "arguments": "", "output": None})
    search = call(2, id="e", type="file_search", file_search={})
    assert joined([call(0, **first), other, search]) == [call(0, **first), other, search]
    mcp = call(0, id="c", type="mcp", server_label="l", name="n", arguments="")
    [whole] = joined([mcp, call(0, type="mcp", arguments="{"), call(0, type="mcp", arguments="}")])
    assert whole == call(0, id="c", type="mcp", server_label="l", name="n", arguments="{}")
