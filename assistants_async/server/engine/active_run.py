"""One run while a worker has it: what may happen to its documents, and the event that each change gives.

Nothing here waits; when things happen is the engine's business, and when they are written the journal's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..storage.documents import SEARCH_TOOLS
from ..storage.ids import IdFactory
from ..storage.interface import Document, Event
from ..storage.search import Found
from .actions import Used
from .journal import Journal
from .message_draft import MessageDraft
from .run_documents import message_reason, new_message, new_step, stamps, step_status, usage_of
from .run_past import RunPast
from .said import Said
from .step_draft import StepDraft
from .thread_items import SEARCH, ThreadView
from .tokens import text_of, tokens
from .turn import Dialect, Turn


class ActiveRun:
    """A claimed run with its open message and step, made from its documents."""

    def __init__(
        self,
        journal: Journal,
        steps: Sequence[Document],
        names: IdFactory,
        clock: Callable[[], float],
        dialect: Dialect | None = None,
        *,
        has_searched: bool = False,
    ) -> None:
        self.journal = journal
        """The way of its changes into the store."""
        self.view = ThreadView(0)
        """The part of the thread that it works on; read before its first turn."""
        self.said = Said()
        """The text that it has written."""
        self.draft: MessageDraft | None = None
        """The open message."""
        self.step: StepDraft | None = None
        """The open step."""
        self._names = names
        self._clock = clock
        self._dialect: Dialect | None = dialect
        self._written_message = ""
        self._used: Used | None = None
        self._past = RunPast(steps)
        self._has_searched = has_searched
        # Once: they do not change during the run, and each step counts them.
        self._instructions = len(tokens(self.run["instructions"]))

    @property
    def run(self) -> Document:
        """The run's document."""
        return self.journal.run

    @property
    def now(self) -> int:
        """Whole seconds by the server's clock."""
        return int(self._clock())

    @property
    def written(self) -> int:
        """Tokens that the run has written so far."""
        return self._past.used.completion

    def reopen(self, step: Document, message: Document | None, deltas: Sequence[Document]) -> None:
        """Take up the step that an earlier worker left open, with its message and what was written of that."""
        self.step = StepDraft(step)
        counted = step.get("counted")
        if counted is not None:
            self._used = Used(counted["prompt_tokens"], counted["completion_tokens"])
        if message is not None:
            self.draft = self._draft(message)
            self.draft.resume(deltas)

    def move(self, status: str, **changes: Any) -> None:
        """Take the run to another status."""
        self.journal.save_run({**self.run, **changes, "status": status})
        self._emit(f"thread.run.{status}", "run", self.run)

    # ... a turn ...

    def turn(self) -> Turn:
        """Begin a turn and return what its responder gets to know."""
        self._written_message = ""
        items = self.view.items
        return Turn(
            run=dict(self.run),
            instructions=self.run["instructions"],
            messages=self.view.messages,
            tools=tuple(self.run["tools"]),
            outputs=tuple(self._past.outputs),
            approvals=tuple(self._past.approvals),
            dialect=self._dialect,
            found=tuple(self._past.found),
            used=self._past.used,
            rounds=self._past.rounds,
            call_ids=self._past.call_ids,
            seconds_left=self.run["expires_at"] - self._clock(),
            file=self.view.files.get,
            read_items=lambda: items,
        )

    @property
    def searches(self) -> bool:
        """True while the run has yet to search its vector stores."""
        return self._may_search and not (self._has_searched or self._past.found)

    def search(self, found: Sequence[Found]) -> None:
        """Take a step that found this; one that found nothing is no step, as where there is no vector store."""
        self._has_searched = True
        if found:
            self.open_calls()
            self.begin_call("", SEARCH, own=True)
            assert self.step is not None
            self.answer_search(self.step.calls[0], found)
            self.close_calls()

    @property
    def _may_search(self) -> bool:
        return any(tool["type"] in SEARCH_TOOLS for tool in self.run["tools"])

    # ... messages ...

    def open_message(self) -> None:
        """Start a message and the step that makes it."""
        self.said.take_message()
        message = new_message(self.run, self._names.make("message"), self.now)
        self._open_step({"type": "message_creation", "message_creation": {"message_id": message["id"]}})
        self.draft, self._written_message = self._draft(message), message["id"]
        self.journal.put("message", message)
        self.view.count += 1
        self._emit("thread.message.created", "message", message)
        self._emit("thread.message.in_progress", "message", message)

    def _draft(self, message: Document) -> MessageDraft:
        # Version 1's citations have the words cited.
        quotes = any(tool["type"] == "retrieval" for tool in self.run["tools"])
        return MessageDraft(message, self._past.found, quotes=quotes)

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
        self._begin_call(self.step.begin(call_id or self._names.make("call"), name, own=own))

    def begin_mcp_call(self, server: str, name: str) -> None:
        """Add a call of an MCP server to the open step; its arguments follow."""
        assert self.step is not None
        if self._dialect != "foundry":
            raise ValueError("AskApproval is for a server of dialect='foundry'")
        call_id = self._names.make("call")
        self._begin_call(self.step.begin_mcp(call_id, self.said.take(server), self.said.take(name)))

    def append_arguments(self, piece: str, place: int | None = None) -> None:
        """Add text to the arguments of a call, of the last one where no place is given."""
        assert self.step is not None
        part = self.step.extend(self.said.take(piece), len(self.step.calls) - 1 if place is None else place)
        if part is not None:
            self._emit_call(self.step, part)

    def answer_search(self, call: Document, found: Sequence[Found]) -> None:
        """Answer a search of the open step with what it found."""
        assert self.step is not None
        self._past.found += self.step.find(call, found)

    def close_calls(self) -> None:
        """Complete the open step, whose calls have all been answered."""
        self.view.add_round(self._end_step("completed"))

    def require_action(self) -> None:
        """Wait for the client to answer the open step's calls, or to decide about them."""
        assert self.step is not None
        step, self.step = self.step, None
        # The usage shows when the calls are answered, as the vendor's did; another process may do that.
        used, self._used = self._used or Used(step.prompt, step.written), None
        self.journal.save("step", {**step.document, "counted": usage_of(used)})
        self.move("requires_action", required_action=step.required_action())

    def _is_own(self, name: str) -> bool:
        """Return True for a call of the server's: a search, unless the client has a function of that name."""
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
            reason = message_reason(status, changes.get("incomplete_details"))
            written = self._end_message("incomplete", incomplete_at=self.now, incomplete_details={"reason": reason})
        if self.step is not None:
            self._end_step(step_status(status), last_error=error, written=written)
        changes |= stamps(status, self.now)
        self.move(status, usage=usage_of(self._past.used), required_action=None, expires_at=None, **changes)

    def _open_step(self, details: Document, *, message_id: str = "") -> None:
        own = {
            "number": self.view.count + self._past.rounds,
            "message_id": message_id,
            "prompt": self._read(),
        }
        step = {**new_step(self.run, self._names.make("step"), self.now, details), **own}
        self.step = StepDraft(step)
        self.journal.put("step", step)
        self._emit("thread.run.step.created", "step", step)
        self._emit("thread.run.step.in_progress", "step", step)

    def _end_step(self, status: str, *, last_error: Document | None = None, written: int | None = None) -> Document:
        assert self.step is not None
        draft, self.step = self.step, None
        used, self._used = self._used or Used(draft.prompt, draft.written if written is None else written), None
        ended = {"status": status, f"{status}_at": self.now, "last_error": last_error, "usage": usage_of(used)}
        step = {**draft.document, **ended}
        self._past.add(step)
        self.journal.save("step", step)
        self._emit(f"thread.run.step.{status}", "step", step)
        return step

    def _end_message(self, status: str, **changes: Any) -> int:
        """End the open message and return its tokens, by estimate."""
        draft, self.draft = self.draft, None
        assert draft is not None
        message = {**draft.document, **changes, "status": status, "content": draft.content()}
        message["tokens"] = len(tokens(text_of(message)))
        self.journal.save("message", message)
        self.view.add_message(message)
        self._emit(f"thread.message.{status}", "message", message)
        return draft.tokens

    def _emit(self, event: str, kind: str, document: Document) -> None:
        self.journal.emit(Event(event, kind, document))

    def _emit_part(self, draft: MessageDraft, part: Document) -> None:
        self._emit_delta("thread.message.delta", draft.document["id"], {"content": [part]})

    def _begin_call(self, call: Document) -> None:
        assert self.step is not None
        self.journal.save("step", self.step.document)
        self._emit_call(self.step, call)

    def _emit_call(self, step: StepDraft, call: Document) -> None:
        self._emit_delta(
            "thread.run.step.delta", step.id, {"step_details": {"type": "tool_calls", "tool_calls": [call]}}
        )

    def _emit_delta(self, event: str, id: str, changes: Document) -> None:
        self._emit(event, "delta", {"id": id, "object": event, "delta": changes})

    def _read(self) -> int:
        outputs = sum(len(tokens(answered.output)) for answered in self._past.outputs)
        messages: int = self.view.tokens
        return self._instructions + messages + outputs
