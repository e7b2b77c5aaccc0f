"""A step while a run takes it: the calls in it, and the searches among them that the server answers itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..storage.interface import Document
from ..storage.search import Found
from .thread_items import SEARCH, marker
from .tokens import tokens
from .turn import Approval, FoundText, ToolOutput

# Chunks that a run's search keeps, as the documents have it by default.
_MOST_FOUND = 20


class StepDraft:
    """The step that is open in a run."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._arguments: dict[str, str] = dict(document.get("arguments") or {})
        self._decisions: dict[str, bool] = dict(document.get("decisions") or {})
        self.calls: list[Document] = [_copied(call) for call in calls_of(document)]
        """The tool calls; empty where the step makes a message."""

    @property
    def document(self) -> Document:
        """The step's document as it is now; it does not change with the step."""
        # Only calls change while a step is open: that of a message needs no copy.
        if not self.is_calling:
            return self._document
        details = {**self._document["step_details"], "tool_calls": [_copied(call) for call in self.calls]}
        own = {"arguments": dict(self._arguments), "decisions": dict(self._decisions)}
        return {**self._document, "step_details": details, **own}

    @property
    def id(self) -> str:
        """Its id."""
        name: str = self._document["id"]
        return name

    @property
    def prompt(self) -> int:
        """Tokens that its answer read, by the server's own estimate."""
        prompt: int = self._document["prompt"]
        return prompt

    @property
    def is_calling(self) -> bool:
        """True for a step of tool calls."""
        kind: str = self._document["type"]
        return kind == "tool_calls"

    @property
    def waiting(self) -> list[Document]:
        """The calls that the client answers."""
        return [call for call in self.calls if call["type"] == "function"]

    @property
    def asked(self) -> list[Document]:
        """The calls of MCP servers, which the client decides about."""
        return [call for call in self.calls if call["type"] == "mcp"]

    @property
    def searches(self) -> list[tuple[Document, str]]:
        """The searches with their arguments, which are kept beside the call: its object has no place for them."""
        return [(call, self._arguments.get(call["id"], "")) for call in self.calls if call["type"] == SEARCH]

    @property
    def written(self) -> int:
        """Tokens of the arguments, by the server's own estimate."""
        return sum(len(tokens(call.get("function", call)["arguments"])) for call in [*self.waiting, *self.asked])

    def begin(self, call_id: str, name: str, *, own: bool) -> Document:
        """Add a call and return the delta's part."""
        # The server answers a search itself: no client needs its arguments.
        call: Document = {"id": call_id, "type": SEARCH, SEARCH: {}}
        if not own:
            call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": "", "output": None}}
        self.calls.append(call)
        return {"index": len(self.calls) - 1, **_copied(call)}

    def begin_mcp(self, call_id: str, server: str, name: str) -> Document:
        """Add a call of an MCP server and return the delta's part."""
        call: Document = {"id": call_id, "type": "mcp", "server_label": server, "name": name, "arguments": ""}
        self.calls.append(call)
        return {"index": len(self.calls) - 1, **_copied(call)}

    def extend(self, piece: str, place: int) -> Document | None:
        """Add text to the arguments of a call and return the delta's part; a search shows none."""
        call = self.calls[place]
        if call["type"] == SEARCH:
            self._arguments[call["id"]] = self._arguments.get(call["id"], "") + piece
            return None
        if call["type"] == "mcp":
            call["arguments"] += piece
            return {"index": place, "type": "mcp", "arguments": piece}
        call["function"]["arguments"] += piece
        return {"index": place, "type": "function", "function": {"arguments": piece}}

    def find(self, call: Document, found: Sequence[Found]) -> list[FoundText]:
        """Answer a search with the best of what was found; marks count on over the searches of a step."""
        start = sum(len(one[SEARCH].get("results") or ()) for one, _ in self.searches)
        texts = [
            FoundText(
                one.source.file_id,
                one.source.filename,
                one.chunk.text,
                one.score,
                marker(self._document["number"], place, one.source.filename),
            )
            for place, one in enumerate(found[:_MOST_FOUND], start)
        ]
        call[SEARCH] = {
            "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.0},
            "results": [_result(one) for one in texts],
        }
        return texts

    def required_action(self) -> Document:
        """Return what the run waits for."""
        if self.asked:
            asked = [dict(call) for call in self.asked]
            return {"type": "submit_tool_approval", "submit_tool_approval": {"tool_calls": asked}}
        calls = [
            {**call, "function": {key: call["function"][key] for key in ("name", "arguments")}} for call in self.waiting
        ]
        return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Put the client's outputs or decisions in, by id; a server that may be called answers that it was."""
        for call in self.waiting:
            call["function"]["output"] = answers[call["id"]]
        for call in self.asked:
            self._decisions[call["id"]] = answers[call["id"]]
            if answers[call["id"]]:
                call["output"] = f"{call['server_label']}/{call['name']} was called."


def calls_of(step: Document) -> list[Document]:
    """Return the tool calls of a step's document; empty where it makes a message."""
    calls: list[Document] | None = step["step_details"].get("tool_calls")
    return [] if calls is None else calls


def outputs_of(step: Document) -> list[ToolOutput]:
    """Return the calls of a step that the client has answered."""
    calls = [call for call in calls_of(step) if call["type"] == "function" and step["status"] == "completed"]
    return [ToolOutput(call["id"], **call["function"]) for call in calls]


def approvals_of(step: Document) -> list[Approval]:
    """Return the calls of a step about which the client has decided."""
    decisions: Mapping[str, bool] = step.get("decisions") or {}
    return [
        Approval(call["id"], call["server_label"], call["name"], call["arguments"], decisions[call["id"]])
        for call in calls_of(step)
        if call["id"] in decisions
    ]


def found_in(step: Document) -> list[FoundText]:
    """Return the results of the searches of a step, with their marks."""
    results = [one for call in calls_of(step) if call["type"] == SEARCH for one in call[SEARCH].get("results") or ()]
    return [
        FoundText(
            one["file_id"],
            one["file_name"],
            one["content"][0]["text"],
            one["score"],
            marker(step["number"], place, one["file_name"]),
        )
        for place, one in enumerate(results)
    ]


def _copied(call: Document) -> Document:
    """Copy a call, so that it does not change with the draft."""
    return {**call, "function": dict(call["function"])} if call["type"] == "function" else dict(call)


def _result(found: FoundText) -> Document:
    return {
        "file_id": found.file_id,
        "file_name": found.filename,
        "score": round(found.score, 6),
        "content": [{"type": "text", "text": found.text}],
    }
