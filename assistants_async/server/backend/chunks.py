"""Chunks of a chat completion to actions of a run: pure, one event's data at a time.

Goals: read the odd forms that real servers send. Indexes of calls that start at 1, are all 0, or are missing; ids that
are missing or repeated; arguments as an object; content as a list of parts; reasoning in its own members or in
`<think>`; usage in each chunk, in its own chunk, or nowhere; an error as a frame; one JSON document in place of the
stream.

Plan: `feed` returns the actions that a chunk completes; `finish` decides the end of the answer, since usage may follow
the chunk with the finish reason.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..._typing import is_array, is_object
from ..engine.actions import CallPiece, Ended, EndReason, Piece, RefusalPiece, Used
from .thoughts import ThoughtFilter

ChunkAction = Piece | RefusalPiece | CallPiece | Used | Ended
"""The actions that a chunk can give."""

_REASONS: Mapping[str, EndReason] = {"length": "length", "max_tokens": "length", "content_filter": "content_filter"}
_DONE = b"[DONE]"


class BackendError(Exception):
    """An answer that the backend refused or broke off."""

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.message = message
        """The backend's message."""
        self.code = code
        """The backend's code, such as `"insufficient_quota"`; empty where it gave none."""
        self.status = status
        """Status code; 0 for an error inside of an answer."""


@dataclass(slots=True)
class _Call:
    given: int | None
    id: str
    name: str = ""
    waiting: str = ""
    is_open: bool = False
    has_arguments: bool = False


@dataclass(slots=True)
class AnswerReader:
    """Reads one answer, chunk by chunk."""

    taken: Collection[str] = ()
    """Ids of the run's earlier calls; a call that repeats one gets another id."""
    is_done: bool = False
    """True once the end mark has arrived; later data is ignored."""
    has_output: bool = False
    """True once any text or call was returned: from then on the request must not be repeated."""
    _thoughts: ThoughtFilter = field(default_factory=ThoughtFilter)
    _calls: list[_Call] = field(default_factory=list["_Call"])
    _reason: str | None = None
    _usage: Used | None = None

    def feed(self, data: bytes) -> list[ChunkAction]:
        """Read the data of one event, or a whole JSON answer; raises `BackendError` where it is an error."""
        if self.is_done:
            return []
        if data.strip() == _DONE:
            self.is_done = True
            return []
        chunk = _decoded(data)
        error = chunk.get("error")
        if error:
            raise _error(error)
        self._take_usage(chunk.get("usage"))
        found: list[ChunkAction] = []
        # A run has one answer: further choices, which a backend's own settings may add, are dropped.
        for choice in _objects(chunk.get("choices")):
            if choice.get("index") in (0, None):
                self._take_choice(choice, found)
        self.has_output = self.has_output or bool(found)
        return found

    def finish(self) -> list[ChunkAction]:
        """Return the last actions of the answer, at its end; raises `BackendError` for an answer that was cut."""
        # Some servers send no finish reason; their usage still shows that the answer is whole.
        if self._reason is None and self._usage is None:
            raise BackendError("the answer ended without a finish reason", code="cut")
        rest = self._thoughts.finish()
        found: list[ChunkAction] = [Piece(rest)] if rest else []
        for index, call in enumerate(self._calls):
            if not call.is_open:
                raise BackendError("the model called a tool without a name")
            if not call.has_arguments:
                # Callers read arguments as JSON, and "" is not JSON.
                found.append(CallPiece(index, arguments="{}"))
        if self._usage is not None:
            found.append(self._usage)
        found.append(Ended("tool_calls" if self._calls else _REASONS.get(self._reason or "", "stop")))
        return found

    def _take_choice(self, choice: Mapping[str, Any], found: list[ChunkAction]) -> None:
        # A whole JSON answer has `message` in place of `delta`.
        delta = choice.get("delta") or choice.get("message")
        if is_object(delta):
            text = self._thoughts.feed(_text(delta.get("content")))
            if text and not self._calls:
                found.append(Piece(text))
            refusal = _text(delta.get("refusal"))
            if refusal and not self._calls:
                found.append(RefusalPiece(refusal))
            calls = _objects(delta.get("tool_calls"))
            if calls and not self._calls and (rest := self._thoughts.finish()):
                found.append(Piece(rest))
            for piece in calls:
                self._take_call(piece, found)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._reason = reason

    def _take_call(self, piece: Mapping[str, Any], found: list[ChunkAction]) -> None:
        function = piece.get("function")
        function = function if is_object(function) else {}
        place = self._place(piece, _string(function.get("name")))
        call = self._calls[place]
        call.name = call.name or _string(function.get("name"))
        arguments = function.get("arguments")
        text = arguments if isinstance(arguments, str) else "" if arguments is None else _json(arguments)
        call.has_arguments = call.has_arguments or bool(text)
        if not call.name:  # the name comes in a later chunk: the arguments wait for it
            call.waiting += text
        elif not call.is_open:
            call.is_open = True
            found.append(CallPiece(place, call.id, call.name, call.waiting + text))
        elif text:
            found.append(CallPiece(place, arguments=text))

    def _place(self, piece: Mapping[str, Any], name: str) -> int:
        """Return the place of the call that a piece belongs to, and open a new call where it belongs to none."""
        index, own = piece.get("index"), _string(piece.get("id"))
        # Not `isinstance`, which takes True for 1.
        given = index if type(index) is int and index >= 0 else None
        place = self._known(given, own, name)
        if place is None:
            known = {call.id for call in self._calls}
            self._calls.append(_Call(given, "" if own in self.taken or own in known else own))
            place = len(self._calls) - 1
        return place

    def _known(self, given: int | None, id: str, name: str) -> int | None:
        last = len(self._calls) - 1
        if given is None:
            if id:
                return next((place for place, call in enumerate(self._calls) if call.id == id), None)
            return last if last >= 0 and name in ("", self._calls[last].name) else None
        # The newest first: where all calls have one index, a piece continues the last.
        for place in range(last, -1, -1):
            call = self._calls[place]
            if call.given != given:
                continue
            other = (id and call.id and id != call.id) or (not id and name and call.name and name != call.name)
            return None if other else place
        return None

    def _take_usage(self, usage: object) -> None:
        if not is_object(usage):
            return
        details = usage.get("prompt_tokens_details")
        cached = details.get("cached_tokens") if is_object(details) else 0
        counts = [usage.get("prompt_tokens"), usage.get("completion_tokens"), cached]
        prompt, completion, known = (count if type(count) is int and count >= 0 else 0 for count in counts)
        self._usage = Used(prompt, completion, known)


def error_text(body: bytes) -> tuple[str, str]:
    """Return message and code of a refusal, in any of the forms that servers give it."""
    try:
        value: object = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        # A gateway's error page may have megabytes; a run's `last_error` needs a sentence.
        return body[:500].decode("utf-8", "replace").strip(), ""
    if is_object(value):
        inner = value.get("error", value.get("detail", value.get("message", value)))
        error = _error(inner)
        return error.message, error.code
    return str(value)[:500], ""


def _decoded(data: bytes) -> Mapping[str, Any]:
    try:
        value: object = msgspec.json.decode(data)
    except (ValueError, RecursionError) as error:
        raise BackendError(f"the answer has a piece that is not JSON: {error}", code="cut") from None
    if not is_object(value):
        raise BackendError("the answer has a piece that is not a JSON object", code="cut")
    return value


def _error(value: object) -> BackendError:
    if is_object(value):
        message = _string(value.get("message")) or _string(value.get("error")) or _json(value)
        code = value.get("code") or value.get("type")
        return BackendError(message[:2000], code=str(code) if code else "")
    return BackendError(str(value)[:2000])


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if is_object(one)] if is_array(value) else []


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _text(content: object) -> str:
    """Return the text of a content, which is a string or a list of parts."""
    if is_array(content):
        return "".join(_string(part.get("text")) for part in _objects(content))
    return _string(content)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
