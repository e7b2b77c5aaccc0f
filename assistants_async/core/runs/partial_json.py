"""JSON that is still being written: the value so far of a text that breaks off anywhere.

Goals: every prefix of a JSON text gives a prefix of its value, that is, nothing that the rest would take back: a
number at the end may go on, so it is left out; a string may grow, so it is kept.

Plan: walk over the tokens with a stack of what is open, and note the last place at which closing all that is open
makes a JSON text. Keys and commas are no such places; an unfinished string that is a value is one, up to its last
whole character.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

_TOKEN = re.compile(r'[ \t\r\n]+|[{}\[\]:,]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}\[\]:,"]+', re.DOTALL)
# An escape that has not all come, or half of a pair of surrogates.
_HALF = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z|\\u[dD][89abAB][0-9a-fA-F]{2}(?:\\(?:u[0-9a-fA-F]{0,3})?)?\Z")
_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*\\?\Z', re.DOTALL)
_WORDS = frozenset({"true", "false", "null"})
_CLOSERS = {"{": "}", "[": "]"}

_Open = tuple[str, "_Open"] | None
"""What is to be closed, the innermost first: linked, so that noting a place costs nothing."""


def partial_value(text: str) -> Any:
    """The value of a JSON text as far as it has come; None where nothing can be told, or it is no JSON."""
    try:
        return msgspec.json.decode(_closed(text))
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _closed(text: str) -> str:
    """The text up to the last place at which it can be closed, and closed there."""
    opened: _Open = None
    best, left = 0, opened
    key = False  # whether a string that comes now is a key
    place = 0
    while match := _TOKEN.match(text, place):
        piece, place = match[0], match.end()
        if piece == ",":
            key = opened is not None and opened[0] == "}"
        elif piece == ":":
            key = False
        elif piece in _CLOSERS:
            opened, key = (_CLOSERS[piece], opened), piece == "{"
        elif piece in ("}", "]"):
            opened, key = (None if opened is None else opened[1]), False
        elif key or piece.isspace() or (place == len(text) and piece[0] != '"' and piece not in _WORDS):
            continue
        if piece not in (",", ":"):
            best, left = place, opened
    if not key and (rest := _STRING.match(text, place)):
        return text[:place] + _whole(rest[0]) + _ends(opened)
    return text[:best] + _ends(left)


def _ends(opened: _Open) -> str:
    closers: list[str] = []
    while opened is not None:
        closer, opened = opened
        closers.append(closer)
    return "".join(closers)


def _whole(string: str) -> str:
    """An unfinished string, closed behind its last whole character."""
    # An escape begins behind an even number of backslashes: what the pattern finds may be the tail of another one.
    half = _HALF.search(string)
    while half is not None and _backslashes(string, half.start()) % 2:
        half = _HALF.search(string, half.start() + 1)
    return (string if half is None else string[: half.start()]) + '"'


def _backslashes(text: str, end: int) -> int:
    return end - len(text[:end].rstrip("\\"))
