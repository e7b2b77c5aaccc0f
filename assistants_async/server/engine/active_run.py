"""One run while it is active: what may happen to its documents, and the event that each change gives.

Nothing here waits; when things happen is the engine's business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..storage.collection import Document
from ..storage.ids import IdFactory
from ..storage.search import Found
from ..storage.store import Store
from .actions import Used
from .event_feed import Feed
from .message_draft import MessageDraft
from .said import Said
from .step_draft import StepDraft, calls_of
from .thread_items import SEARCH, read_items
from .tokens import tokens
from .turn import Approval, Dialect, FoundText, ToolOutput, Turn, TurnFile, TurnMessage

# Reasons of an incomplete message, by the end of its run.
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


class ActiveRun:
    """An active run with its open message and step, and those who listen."""

    def __init__(
        self,
        run: Document,
        store: Store,
        names: IdFactory,
        clock: Callable[[], float],
        dialect: Dialect | None = None,
    ) -> None:
        self.run = run
        """The run's document, which is the one in the store."""
        self.feeds: list[Feed] = []
        """Readers of its events."""
        self.said = Said()
        """The text that it has written."""
        self.draft: MessageDraft | None = None
        """The open message."""
        self.step: StepDraft | None = None
        """The open step."""
        self._store = store
        self._names = names
        self._clock = clock
        self._steps = store.steps(run["thread_id"], run["id"])
        self._messages = store.messages(run["thread_id"])
        self._written_message = ""
        self._used: Used | None = None
        self._answered: list[ToolOutput] = []
        self._decided: list[Approval] = []
        self._dialect: Dialect | None = dialect
        self._found: list[FoundText] | None = None

    @property
    def now(self) -> int:
        """Whole seconds by the server's clock."""
        return int(self._clock())

    @property
    def written(self) -> int:
        """Tokens that the run has written so far."""
        return self._totals().completion

    def emit(self, event: str, kind: str, document: Document) -> None:
        """Give an event to every reader."""
        for feed in self.feeds:
            feed.send(event, kind, document)

    def close_feeds(self) -> None:
        """End every reader's stream; the run may go on in another."""
        for feed in self.feeds:
            feed.end()
        # A later submission may be streamed to other readers, who must not get the old ones' events.
        self.feeds = []

    def move(self, status: str, **changes: Any) -> None:
        """Take the run to another status."""
        self.run.update(changes, status=status)
        self.emit(f"thread.run.{status}", "run", self.run)

    # ... a turn ...

    def turn(self) -> Turn:
        """Begin a turn and return what its responder gets to know."""
        self._written_message = ""
        return Turn(
            run=dict(self.run),
            instructions=self.run["instructions"],
            messages=tuple(TurnMessage(message["role"], text_of(message)) for message in self._messages),
            tools=tuple(self.run["tools"]),
            outputs=tuple(self._answered),
            approvals=tuple(self._decided),
            dialect=self._dialect,
            found=tuple(self._found or ()),
            used=self._totals(),
            rounds=self._rounds(),
            call_ids=frozenset(call["id"] for step in self._steps for call in calls_of(step)),
            seconds_left=self.run["expires_at"] - self._clock(),
            file=self._file,
            read_items=lambda: read_items(self._store, self.run["thread_id"]),
        )

    @property
    def searches(self) -> bool:
        """True while the run has yet to search its vector stores."""
        return self._found is None and self._may_search

    def search(self, found: Sequence[Found]) -> None:
        """Take a step that found this; one that found nothing is no step, as where there is no vector store."""
        self._found = []
        if found:
            self.open_calls()
            self.begin_call("", SEARCH, own=True)
            self.answer_searches(lambda _: found)
            self._end_step("completed")

    @property
    def _may_search(self) -> bool:
        return any(tool["type"] == "file_search" for tool in self.run["tools"])

    # ... messages ...

    def open_message(self) -> None:
        """Start a message and the step that makes it."""
        self.said.take_message()
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
        self.draft, self._written_message = MessageDraft(self._messages.put(message)), message["id"]
        self.emit("thread.message.created", "message", message)
        self.emit("thread.message.in_progress", "message", message)

    def write(self, piece: str) -> None:
        """Add text to the open message."""
        assert self.draft is not None
        self._emit_part(self.draft, self.draft.write(self.said.take(piece)))

    def refuse(self, piece: str) -> None:
        """Add to the refusal of the open message."""
        assert self.draft is not None
        self._emit_part(self.draft, self.draft.refuse(self.said.take(piece)))

    def close_message(self, used: Used | None = None) -> None:
        """Complete the open message and its step; `used` counts for the step in place of an estimate."""
        self._used = used or self._used
        tokens_written = self._end_message("completed", completed_at=self.now)
        self._end_step("completed", written=tokens_written)

    # ... calls ...

    def open_calls(self) -> None:
        """Start a step of tool calls; it remembers the message that the same answer wrote before it."""
        self.said.take_message()
        self._open_step({"type": "tool_calls", "tool_calls": []}, message_id=self._written_message)

    def begin_call(self, call_id: str, name: str, *, own: bool | None = None) -> None:
        """Add a call to the open step; its arguments follow. An `own` one is a search, which the server answers."""
        assert self.step is not None
        own = self._is_own(name) if own is None else own
        self.said.take(call_id + self.said.take(name))
        self._emit_call(self.step.begin(call_id or self._names.make("call"), name, own=own))

    def begin_mcp_call(self, server: str, name: str) -> None:
        """Add a call of an MCP server to the open step; its arguments follow."""
        assert self.step is not None
        if self._dialect != "foundry":
            raise ValueError("AskApproval is for a server of dialect='foundry'")
        call_id = self._names.make("call")
        self._emit_call(self.step.begin_mcp(call_id, self.said.take(server), self.said.take(name)))

    def append_arguments(self, piece: str, place: int | None = None) -> None:
        """Add text to the arguments of a call, of the last one where no place is given."""
        assert self.step is not None
        part = self.step.extend(self.said.take(piece), len(self.step.calls) - 1 if place is None else place)
        if part is not None:
            self._emit_call(part)

    def answer_searches(self, search: Callable[[str], Sequence[Found]]) -> None:
        """Answer the searches of the open step, each by its arguments."""
        assert self.step is not None
        found = self._found = self._found or []
        for call, arguments in self.step.searches:
            found += self.step.find(call, search(arguments))

    def close_calls(self) -> None:
        """Complete the open step, whose calls have all been answered."""
        self._end_step("completed")

    def require_action(self) -> None:
        """Wait for the client to answer the open step's calls, or to decide about them."""
        assert self.step is not None
        self.move("requires_action", required_action=self.step.required_action())
        self.close_feeds()

    def call_ids(self) -> list[str]:
        """Ids of the calls that wait for an output or a decision."""
        assert self.step is not None
        return [call["id"] for call in self.step.asked or self.step.waiting]

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Complete the open step with an output or a decision for each of its calls, by id."""
        assert self.step is not None
        if self.step.asked:
            self._decided += self.step.decide(answers)
        else:
            self._answered += self.step.answer(answers)
        self._end_step("completed")
        self.move("queued", required_action=None)

    def _is_own(self, name: str) -> bool:
        """Tell whether a call is the server's: a search, unless the client has a function of that name."""
        # A client may have a function of its own called file_search, which only it can answer.
        functions = (tool["function"]["name"] for tool in self.run["tools"] if tool["type"] == "function")
        return name == SEARCH and self._may_search and SEARCH not in functions

    # ... ends ...

    def count(self, used: Used) -> None:
        """Take the model's own count of its answer, for the step that is open."""
        self._used = used

    def end(self, status: str, **changes: Any) -> None:
        """Take the run to its last status, and what is open in it with it."""
        error = changes.get("last_error")
        written: int | None = None
        if self.draft is not None:
            details: Document = changes.get("incomplete_details") or {}
            filtered = details.get("reason") == "content_filter"
            reason = "content_filter" if filtered else _MESSAGE_REASONS[status]
            written = self._end_message("incomplete", incomplete_at=self.now, incomplete_details={"reason": reason})
        if self.step is not None:
            self._end_step(_STEP_STATUSES.get(status, status), last_error=error, written=written)
        stamp = _STAMPS.get(status)
        if stamp is not None:
            changes[stamp] = self.now
        self.move(status, usage=_usage(self._totals()), required_action=None, expires_at=None, **changes)
        self.close_feeds()

    def _open_step(self, details: Document, *, message_id: str = "") -> None:
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
            # Of the server alone: they are in no object that it shows.
            "number": len(self._messages) + self._rounds(),
            "message_id": message_id,
        }
        self.step = StepDraft(self._steps.put(step), self._read())
        self.emit("thread.run.step.created", "step", step)
        self.emit("thread.run.step.in_progress", "step", step)

    def _end_step(self, status: str, *, last_error: Document | None = None, written: int | None = None) -> None:
        assert self.step is not None
        draft, self.step = self.step, None
        used, self._used = self._used or Used(draft.prompt, draft.written if written is None else written), None
        step = draft.document
        step.update({"status": status, f"{status}_at": self.now, "last_error": last_error, "usage": _usage(used)})
        # It has grown since it was stored, and counts by its size.
        self._steps.measure(step)
        self.emit(f"thread.run.step.{status}", "step", step)

    def _end_message(self, status: str, **changes: Any) -> int:
        """End the open message and return its tokens, by estimate."""
        draft, self.draft = self.draft, None
        assert draft is not None
        content = draft.content(self._found or ())
        annotations: list[Document] = content[0].get("text", {}).get("annotations") or []
        if annotations:
            new = [{"index": number, **annotation} for number, annotation in enumerate(annotations)]
            self._emit_part(draft, {"index": 0, "type": "text", "text": {"annotations": new}})
        draft.document.update(changes, status=status, content=content)
        # As above.
        self._messages.measure(draft.document)
        self.emit(f"thread.message.{status}", "message", draft.document)
        return draft.tokens

    def _emit_part(self, draft: MessageDraft, part: Document) -> None:
        delta = _delta(draft.document, "thread.message.delta", {"content": [part]})
        self.emit("thread.message.delta", "delta", delta)

    def _emit_call(self, call: Document) -> None:
        assert self.step is not None
        changes = {"step_details": {"type": "tool_calls", "tool_calls": [call]}}
        self.emit("thread.run.step.delta", "delta", _delta(self.step.document, "thread.run.step.delta", changes))

    def _file(self, file_id: str) -> TurnFile | None:
        if file_id not in self._store.files:
            return None
        return TurnFile(self._store.files.get(file_id)["filename"], lambda: self._store.contents[file_id])

    def _read(self) -> int:
        texts = [self.run["instructions"], *(text_of(message) for message in self._messages)]
        return sum(len(tokens(text)) for text in [*texts, *(answered.output for answered in self._answered)])

    def _rounds(self) -> int:
        return sum(step["type"] == "tool_calls" for step in self._steps)

    def _totals(self) -> Used:
        parts = [step["usage"] for step in self._steps if step["usage"]]
        return Used(*(sum(part[name] for part in parts) for name in ("prompt_tokens", "completion_tokens")))


def text_of(message: Document) -> str:
    """A message's text parts, joined by line ends."""
    return "\n".join(part["text"]["value"] for part in message["content"] if part["type"] == "text")


def _usage(used: Used) -> Document:
    total = used.prompt + used.completion
    return {"prompt_tokens": used.prompt, "completion_tokens": used.completion, "total_tokens": total}


def _delta(document: Document, object: str, changes: Document) -> Document:
    return {"id": document["id"], "object": object, "delta": changes}
