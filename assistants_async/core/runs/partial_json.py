"""JSON that is still being written: the value so far of a text that breaks off anywhere.

Goals: every prefix of a JSON text gives a prefix of its value, that is, nothing that the rest would take back: a
number at the end may go on, so it is left out; a string may grow, so it is kept. The work for a text that grows piece
by piece is linear in its length.

Plan: walk over the tokens with a stack of what is open, and note the last place at which closing all that is open
makes a JSON text. Keys and commas are no such places; an unfinished string that is a value is one, up to its last
whole character. A text that has grown is walked on from its last token. Since each value is a whole one, a long text
is read in steps of a small part of its length.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

# No quantifier gives back what it took, so that a string that never ends is read once.
_TOKEN = re.compile(r'[ \t\r\n]++|[{}\[\]:,]|"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\s{}\[\]:,"]++', re.DOTALL)
# An escape that has not all come, or half of a pair of surrogates.
_HALF = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z")
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+\\?\Z', re.DOTALL)
_WORDS = frozenset({"true", "false", "null"})
_CLOSERS = {"{": "}", "[": "]"}
# A text is read again when it has grown by a 256th of its length, a long one by a 32nd: 1 MiB of small objects in
# pieces of a token costs some 2 s in all, where reading it anew with each piece took hours.
_STEP, _LONG, _LONG_STEP = 256, 32 * 1024, 32
# Two escapes of a pair of surrogates and a backslash: what an unfinished string can have to give back.
_LONGEST_HALF = 13
# Nesting past what any decoder takes, which is not closed again and again.
_DEEPEST = 10_000

# The open arrays and objects, the innermost first: a linked list, so that noting a place costs nothing.
_Open = tuple[str, "_Open"] | None


def partial_value(text: str) -> Any:
    """Read a JSON text as far as it has come; None where nothing can be read, or it is no JSON."""
    return PartialJSON().read(text)


class PartialJSON:
    """The value so far of one JSON text that grows."""

    __slots__ = ("_best", "_depth", "_key", "_left", "_new", "_opened", "_place", "_text")

    def __init__(self) -> None:
        self._new = 0
        self._begin()

    def _begin(self) -> None:
        self._text = ""
        self._place = self._best = self._depth = 0
        self._opened: _Open = None
        self._left: _Open = None
        self._key = False  # a string that comes now is a key

    def grow(self, characters: int) -> bool:
        """Note that the text has grown; true where it has grown by enough to be read again."""
        self._new += characters
        length = len(self._text)
        return self._new * (_STEP if length < _LONG else _LONG_STEP) >= length

    @property
    def is_behind(self) -> bool:
        """Text has come since the last read."""
        return self._new > 0

    def read(self, text: str) -> Any:
        """Read the text as far as it has come; None where nothing can be read, or it is no JSON."""
        if not text.startswith(self._text):
            self._begin()
        self._text, self._new = text, 0
        closed = self._closed(text)
        try:
            return None if closed is None else msgspec.json.decode(closed)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return None

    def _closed(self, text: str) -> str | None:
        """The text up to the last place at which it can be closed, and closed there; None where it nests too deeply."""
        while self._depth <= _DEEPEST and (match := _TOKEN.match(text, self._place)):
            piece, end = match[0], match.end()
            if end == len(text) and not (piece in "{}[]:," or piece[0] == '"'):
                # It may go on: the next read begins with it once more.
                if piece in _WORDS and not self._key:
                    return text + _ends(self._opened)
                break
            self._place = end
            self._take(piece)
        if self._depth > _DEEPEST:
            return None
        if not self._key and (rest := _STRING.match(text, self._place)):
            return text[: self._place] + _whole(rest[0]) + _ends(self._opened)
        return text[: self._best] + _ends(self._left)

    def _take(self, piece: str) -> None:
        opened = self._opened
        if piece == ",":
            self._key = opened is not None and opened[0] == "}"
        elif piece == ":":
            self._key = False
        elif piece in _CLOSERS:
            self._opened, self._key = (_CLOSERS[piece], opened), piece == "{"
            self._depth += 1
        elif piece in ("}", "]"):
            self._opened, self._key = (None if opened is None else opened[1]), False
            self._depth -= 1
        elif self._key or piece.isspace():
            return
        if piece not in (",", ":"):
            self._best, self._left = self._place, self._opened


def _ends(opened: _Open) -> str:
    closers: list[str] = []
    while opened is not None:
        closer, opened = opened
        closers.append(closer)
    return "".join(closers)


def _whole(string: str) -> str:
    """Close an unfinished string behind its last whole character."""
    # An escape begins behind an even number of backslashes: what the pattern finds may be the tail of another one.
    half = _HALF.search(string, max(0, len(string) - _LONGEST_HALF))
    while half is not None and _backslashes(string, half.start()) % 2:
        half = _HALF.search(string, half.start() + 1)
    return (string if half is None else string[: half.start()]) + '"'


def _backslashes(text: str, end: int) -> int:
    return end - len(text[:end].rstrip("\\"))
