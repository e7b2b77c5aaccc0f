"""One run while it is active: what may happen to its documents, and the event that each change gives.

Nothing here waits; when things happen is the engine's business.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..storage.ids import IdFactory
from ..storage.search import Found
from ..storage.store import Document, Store
from .event_feed import Feed
from .responder import FoundText, ToolOutput, Turn, TurnMessage

_MOST_FOUND = 20
"""Chunks that a run's search keeps, as the documents have it by default."""
_TOKEN = re.compile(r"\s*\S{1,12}|\s+")

# What becomes of the message and the step under way when a run ends so.
_MESSAGE_REASONS = {
    "cancelled": "run_cancelled",
    "expired": "run_expired",
    "failed": "run_failed",
    "incomplete": "max_tokens",
}
# An expired run has no time stamp for it.
_STAMPS = {
    "completed": "completed_at",
    "incomplete": "completed_at",
    "failed": "failed_at",
    "cancelled": "cancelled_at",
}
# There is no step status "incomplete".
_STEP_STATUSES = {"incomplete": "completed"}


def tokens(text: str) -> list[str]:
    """Part a text into pieces that join to it again: a word with the space before it, long words in several."""
    return _TOKEN.findall(text)


class ActiveRun:
    """An active run with its open message and step, and those who listen."""

    def __init__(self, run: Document, store: Store, names: IdFactory, clock: Callable[[], float]) -> None:
        self.run = run
        """The run's document, which is the one in the store."""
        self.feeds: list[Feed] = []
        """Readers of its events."""
        self._store = store
        self._names = names
        self._clock = clock
        self._steps = store.steps(run["thread_id"], run["id"])
        self._messages = store.messages(run["thread_id"])
        self._step: Document | None = None
        self._message: Document | None = None
        self._pieces: list[str] = []
        self._answered: list[ToolOutput] = []
        self._found: list[FoundText] | None = None

    @property
    def now(self) -> int:
        """Whole seconds by the server's clock."""
        return int(self._clock())

    @property
    def written(self) -> int:
        """Tokens that the run has written so far."""
        return sum(step["usage"]["completion_tokens"] for step in self._steps if step["usage"])

    def emit(self, event: str, kind: str, document: Document) -> None:
        """Tell every reader."""
        for feed in self.feeds:
            feed.send(event, kind, document)

    def close_feeds(self) -> None:
        """End every reader's stream; the run may go on in another."""
        for feed in self.feeds:
            feed.end()
        self.feeds = []

    def move(self, status: str, **changes: Any) -> None:
        """Take the run to another status."""
        self.run.update(changes, status=status)
        self.emit(f"thread.run.{status}", "run", self.run)

    def turn(self) -> Turn:
        """What the responder is told."""
        return Turn(
            run=dict(self.run),
            instructions=self.run["instructions"],
            messages=tuple(TurnMessage(message["role"], text_of(message)) for message in self._messages),
            tools=tuple(self.run["tools"]),
            outputs=tuple(self._answered),
            found=tuple(self._found or ()),
        )

    @property
    def searches(self) -> bool:
        """Whether the run has yet to search its vector stores."""
        return self._found is None and any(tool["type"] == "file_search" for tool in self.run["tools"])

    def search(self, found: Sequence[Found]) -> None:
        """Take a step that found this; one that found nothing is no step, as where there is no vector store."""
        place = len(self._messages)
        self._found = [
            FoundText(
                one.source.file_id,
                one.source.filename,
                one.chunk.text,
                one.score,
                f"【{place}:{number}†{one.source.filename}】",
            )
            for number, one in enumerate(found[:_MOST_FOUND])
        ]
        if self._found:
            self._open_step({"type": "tool_calls", "tool_calls": []})
            call: Document = {"id": self._names.make("call"), "type": "file_search", "file_search": {}}
            self._emit_call({"index": 0, **call})
            call["file_search"] = {
                "ranking_options": {"ranker": "default_2024_08_21", "score_threshold": 0.0},
                "results": [_result(one) for one in self._found],
            }
            self._open_calls().append(call)
            self._end_step("completed")

    def open_message(self) -> None:
        """Start a message and the step that makes it."""
        now, run = self.now, self.run
        message: Document = {
            "id": self._names.make("message"),
            "created_at": now,
            "thread_id": run["thread_id"],
            "status": "in_progress",
            "role": "assistant",
            "content": [],
            "assistant_id": run["assistant_id"],
            "run_id": run["id"],
        }
        self._open_step({"type": "message_creation", "message_creation": {"message_id": message["id"]}})
        self._message, self._pieces = self._messages.put(message), []
        self.emit("thread.message.created", "message", message)
        self.emit("thread.message.in_progress", "message", message)

    def write(self, piece: str) -> None:
        """Add text to the open message."""
        assert self._message is not None
        text: dict[str, Any] = {"value": piece}
        if not self._pieces:
            text["annotations"] = []
        self._pieces.append(piece)
        part = {"index": 0, "type": "text", "text": text}
        self.emit("thread.message.delta", "delta", _delta(self._message, "thread.message.delta", {"content": [part]}))

    def close_message(self) -> None:
        """Complete the open message and its step."""
        assert self._message is not None
        self._end_message("completed", completed_at=self.now)
        self._end_step("completed")

    def open_calls(self) -> None:
        """Start a step of tool calls."""
        self._open_step({"type": "tool_calls", "tool_calls": []})

    def call(self, name: str) -> None:
        """Add a call to the open step; its arguments follow by `argue`."""
        assert self._step is not None
        function = {"name": name, "arguments": "", "output": None}
        call = {"id": self._names.make("call"), "type": "function", "function": function}
        calls: list[Document] = self._step["step_details"]["tool_calls"]
        calls.append(call)
        self._emit_call({"index": len(calls) - 1, **call})

    def append_arguments(self, piece: str) -> None:
        """Add text to the arguments of the last call."""
        assert self._step is not None
        calls: list[Document] = self._step["step_details"]["tool_calls"]
        calls[-1]["function"]["arguments"] += piece
        self._emit_call({"index": len(calls) - 1, "type": "function", "function": {"arguments": piece}})

    def require_outputs(self) -> None:
        """Wait for the client to answer the open step's calls."""
        calls = [
            {**call, "function": {key: call["function"][key] for key in ("name", "arguments")}}
            for call in self._open_calls()
        ]
        action = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": calls}}
        self.move("requires_action", required_action=action)
        self.close_feeds()

    def call_ids(self) -> list[str]:
        """Ids of the calls that wait for an output."""
        return [call["id"] for call in self._open_calls()]

    def answer(self, outputs: Mapping[str, str]) -> None:
        """Complete the open step with an output for each of its calls, by id."""
        calls = self._open_calls()
        for call in calls:
            function = call["function"]
            function["output"] = outputs[call["id"]]
            self._answered.append(ToolOutput(call["id"], **function))
        self._end_step("completed")
        self.move("queued", required_action=None)

    def end(self, status: str, **changes: Any) -> None:
        """Take the run to its last status, and what is open in it with it."""
        error = changes.get("last_error")
        if self._message is not None:
            reason = _MESSAGE_REASONS[status]
            self._end_message("incomplete", incomplete_at=self.now, incomplete_details={"reason": reason})
        if self._step is not None:
            self._end_step(_STEP_STATUSES.get(status, status), last_error=error)
        stamp = _STAMPS.get(status)
        if stamp is not None:
            changes[stamp] = self.now
        self.move(status, usage=self._usage(), required_action=None, expires_at=None, **changes)
        self.close_feeds()

    def _open_calls(self) -> list[Document]:
        assert self._step is not None
        calls: list[Document] = self._step["step_details"]["tool_calls"]
        return calls

    def _open_step(self, details: Document) -> None:
        run = self.run
        step: Document = {
            "id": self._names.make("step"),
            "created_at": self.now,
            "assistant_id": run["assistant_id"],
            "thread_id": run["thread_id"],
            "run_id": run["id"],
            "type": details["type"],
            "status": "in_progress",
            "step_details": details,
            "usage": None,
        }
        self._step = self._steps.put(step)
        self._prompt = self._read()
        self.emit("thread.run.step.created", "step", step)
        self.emit("thread.run.step.in_progress", "step", step)

    def _end_step(self, status: str, *, last_error: Document | None = None) -> None:
        assert self._step is not None
        step, self._step = self._step, None
        written = self._written(step)
        usage = {"prompt_tokens": self._prompt, "completion_tokens": written, "total_tokens": self._prompt + written}
        step.update({"status": status, f"{status}_at": self.now, "last_error": last_error, "usage": usage})
        self.emit(f"thread.run.step.{status}", "step", step)

    def _end_message(self, status: str, **changes: Any) -> None:
        assert self._message is not None
        message, self._message = self._message, None
        text = self._text()
        if text["annotations"]:
            new = [{"index": number, **annotation} for number, annotation in enumerate(text["annotations"])]
            part = {"index": 0, "type": "text", "text": {"annotations": new}}
            self.emit("thread.message.delta", "delta", _delta(message, "thread.message.delta", {"content": [part]}))
        message.update(changes, status=status, content=[{"type": "text", "text": text}])
        self.emit(f"thread.message.{status}", "message", message)

    def _text(self) -> Document:
        """What was written, each mark of a file that was found as a citation (`FileCitation`)."""
        value = "".join(self._pieces)
        annotations: list[Document] = [
            {
                "type": "file_citation",
                "text": one.marker,
                "start_index": match.start(),
                "end_index": match.end(),
                "file_citation": {"file_id": one.file_id},
            }
            for one in self._found or ()
            for match in re.finditer(re.escape(one.marker), value)
        ]
        return {"value": value, "annotations": sorted(annotations, key=lambda annotation: annotation["start_index"])}

    def _emit_call(self, call: Document) -> None:
        assert self._step is not None
        changes = {"step_details": {"type": "tool_calls", "tool_calls": [call]}}
        self.emit("thread.run.step.delta", "delta", _delta(self._step, "thread.run.step.delta", changes))

    def _written(self, step: Document) -> int:
        if step["type"] == "message_creation":
            return len(self._pieces)
        calls: list[Document] = step["step_details"]["tool_calls"]
        return sum(len(tokens(call["function"]["arguments"])) for call in calls if call["type"] == "function")

    def _read(self) -> int:
        texts = [self.run["instructions"], *(text_of(message) for message in self._messages)]
        return sum(len(tokens(text)) for text in [*texts, *(answered.output for answered in self._answered)])

    def _usage(self) -> Document:
        parts = [step["usage"] for step in self._steps]
        return {
            name: sum(part[name] for part in parts) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
        }


def text_of(message: Document) -> str:
    """A message's text parts, joined by line ends."""
    return "\n".join(part["text"]["value"] for part in message["content"] if part["type"] == "text")


def _result(found: FoundText) -> Document:
    return {
        "file_id": found.file_id,
        "file_name": found.filename,
        "score": round(found.score, 6),
        "content": [{"type": "text", "text": found.text}],
    }


def _delta(document: Document, object: str, changes: Document) -> Document:
    return {"id": document["id"], "object": object, "delta": changes}
