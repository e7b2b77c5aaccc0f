"""Reasoning that a model writes into its answer, left out: `<think>…</think>` at the start, in any pieces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_OPEN = "<think>"
_CLOSE = "</think>"


@dataclass(slots=True)
class ThoughtFilter:
    """Passes text on, but for a thought at its very start and the white space behind that."""

    _state: Literal["start", "thinking", "behind", "text"] = "start"
    _kept: str = ""

    def feed(self, text: str) -> str:
        """Take a piece and return what may go out of it; each character is looked at once, and seven twice."""
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
                self._kept = text[-(len(_CLOSE) - 1) :]
                return ""
            self._state, text = "behind", text[end + len(_CLOSE) :]
        text = text.lstrip()
        if text:
            self._state = "text"
        return text

    def finish(self) -> str:
        """Return what was kept back and was no thought, since nothing more comes."""
        kept, self._kept = (self._kept if self._state == "start" else ""), ""
        self._state = "text"
        return kept
