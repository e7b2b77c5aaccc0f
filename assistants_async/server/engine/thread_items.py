"""The thread of a run as items: messages and finished rounds of tool calls, in the order in which they came."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..storage.collection import Document
from ..storage.store import Store
from .turn import ToolOutput, ToolRound, TurnItem

SEARCH = "file_search"


def read_items(store: Store, thread_id: str) -> list[TurnItem]:
    """Read the items of a thread; places in the store order them, since times are whole seconds."""
    placed: list[tuple[int, TurnItem]] = list(store.messages(thread_id).placed())
    for run in store.runs(thread_id):
        placed += (
            (place, _round(step))
            for place, step in store.steps(thread_id, run["id"]).placed()
            if step["type"] == "tool_calls" and step["status"] == "completed"
        )
    return [item for _, item in sorted(placed, key=_place)]


def _place(entry: tuple[int, Any]) -> int:
    return entry[0]


def _round(step: Document) -> ToolRound:
    return ToolRound(step["run_id"], tuple(_calls(step)), step.get("message_id") or "")


def _calls(step: Document) -> Iterator[ToolOutput]:
    arguments: Document = step.get("arguments") or {}
    start = 0
    for call in step["step_details"]["tool_calls"]:
        if call["type"] == "function":
            function = call["function"]
            yield ToolOutput(call["id"], function["name"], function["arguments"], function["output"] or "")
        elif call["type"] == SEARCH:
            results: list[Document] = call[SEARCH].get("results") or []
            output = search_output(results, step["number"], start)
            start += len(results)
            yield ToolOutput(call["id"], SEARCH, arguments.get(call["id"], "{}"), output)


def marker(number: int, place: int, filename: str) -> str:
    """Write the mark of a chunk: the number of its search in the run, its place in the search, its file."""
    return f"【{number}:{place}†{filename}】"


def search_output(results: list[Document], number: int, start: int) -> str:
    """Write what a search found for a model: each chunk under its mark."""
    texts = [
        f"{marker(number, place, one['file_name'])}\n{one['content'][0]['text']}"
        for place, one in enumerate(results, start)
    ]
    return "\n\n".join(texts) or "Nothing was found."
