"""Answers in the form of the schema of `schema_tools`, read as they arrive.

The text of `{"answer": "…"}` is passed on piece by piece. Calls, and answers that are JSON themselves, are passed on
when they are whole, since half of them is of no use. A limit of tokens may cut the object: of an answer the part
before the cut is passed on, of calls nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..._typing import is_array, is_object, override
from ..engine.actions import CallPiece, Ended, Piece
from .chunks import AnswerReader, ChunkAction
from .json_text import JSONText

_ANSWER = re.compile(r'\s*+\{\s*+"answer"\s*+:\s*+')
_ANSWER_MARK = '{"answer":"'
_CALLS_MARK = '{"calls":'


@dataclass(slots=True)
class SchemaReader(AnswerReader):
    """Reads an answer in the form of the schema."""

    _raw: list[str] = field(default_factory=list[str])
    _answer: JSONText | None = None
    _matched: int = 0
    _is_other: bool = False
    _has_given: bool = False

    @override
    def feed(self, data: bytes) -> list[ChunkAction]:
        """Read the data of one event; what is kept is no output yet, and up to then a retry is allowed."""
        # `super()` without arguments fails here: a dataclass with slots is a second class, made from this one.
        found = self._read(AnswerReader.feed(self, data))
        self.has_output = self._has_given = self._has_given or bool(found)
        return found

    @override
    def finish(self) -> list[ChunkAction]:
        """Return the rest of the answer or the calls, then their end; text in no such form is the answer itself."""
        found = self._read(AnswerReader.finish(self))
        raw = "".join(self._raw)
        calls = _calls(raw)
        if calls:
            found = [Ended("tool_calls") if isinstance(action, Ended) else action for action in found]
        answer = _text(raw) if self._answer is None and not calls else ""
        # A backend that ignores the schema may write both: the text comes before the calls.
        pieces = [action for action in found if isinstance(action, Piece)]
        return [*pieces, *([Piece(answer)] if answer else calls), *found[len(pieces) :]]

    def _read(self, actions: Iterable[ChunkAction]) -> list[ChunkAction]:
        """Replace the pieces of the object by those of the answer in it."""
        read: list[ChunkAction] = []
        for action in actions:
            if not isinstance(action, Piece):
                read.append(action)
            elif text := self._take(action.text):
                read.append(Piece(text))
        return read

    def _take(self, text: str) -> str:
        """Keep a text, and return what it adds to the answer."""
        self._raw.append(text)
        if self._answer is not None:
            return self._answer.feed(text)
        if self._is_other:
            return ""
        # Each character is looked at once: some models write white space without an end.
        for place, character in enumerate(text):
            if character.isspace():
                continue
            if character != _ANSWER_MARK[self._matched]:
                self._is_other = True
                break
            self._matched += 1
            if self._matched == len(_ANSWER_MARK):
                self._answer = JSONText()
                return self._answer.feed(text[place + 1 :])
        return ""


def _calls(raw: str) -> list[ChunkAction]:
    document = _document(raw)
    rows: object = document.get("calls") if is_object(document) else None
    return [
        CallPiece(place, "", row["tool"], json.dumps(row.get("arguments") or {}, ensure_ascii=False))
        for place, row in enumerate(rows if is_array(rows) else ())
        if is_object(row) and isinstance(row.get("tool"), str)
    ]


def _text(raw: str) -> str:
    """Return the text of an answer that is not a string: its JSON, or what there is of it."""
    document = _document(raw)
    if is_object(document) and "answer" in document:
        return json.dumps(document["answer"], ensure_ascii=False)
    if document is not None:
        return raw
    written = _compact(raw[:100])
    # Calls that were cut, or an object cut before its first value, have no text.
    if written.startswith(_CALLS_MARK) or _CALLS_MARK.startswith(written) or _ANSWER_MARK.startswith(written):
        return ""
    return _ANSWER.sub("", raw, count=1)


def _compact(text: str) -> str:
    return "".join(text.split())


def _document(raw: str) -> object:
    try:
        value: object = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value
