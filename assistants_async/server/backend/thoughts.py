"""The filter for reasoning inside an answer: `<think>…</think>` at its start, in any pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_OPEN = "<think>"
_CLOSE = "</think>"


@dataclass(slots=True)
class ThoughtFilter:
    """Passes text on, except a thought at its very start and the white space after the thought."""

    _state: Literal["start", "thinking", "behind", "text"] = "start"
    _kept: str = ""

    def feed(self, text: str) -> str:
        """Return the part of a piece that is no thought; reads each character once, and seven of them twice."""
        if self._state == "text":
            return text
        text = self._kept + text
        self._kept = ""
        if self._state == "start":
            head = text.lstrip()
            if len(head) < len(_OPEN) and _OPEN.startswith(head):
                self._kept = text
                return ""
            if not head.startswith(_OPEN):
                self._state = "text"
                return text
            self._state, text = "thinking", head[len(_OPEN) :]
        if self._state == "thinking":
            end = text.find(_CLOSE)
            if end < 0:
                # The next piece may bring the rest of the mark: all of it but one character can be here.
                self._kept = text[-(len(_CLOSE) - 1) :]
                return ""
            self._state, text = "behind", text[end + len(_CLOSE) :]
        text = text.lstrip()
        if text:
            self._state = "text"
        return text

    def finish(self) -> str:
        """Return the kept start of a mark that never came, at the end of the answer."""
        kept, self._kept = (self._kept if self._state == "start" else ""), ""
        self._state = "text"
        return kept
