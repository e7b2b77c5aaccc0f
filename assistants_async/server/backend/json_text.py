"""The text of a JSON string that arrives in pieces."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

# Whole characters, of a string that may end anywhere: half an escape, or the first half of a surrogate pair, waits for
# the rest. An escape that JSON does not have is its own letter: models write such.
_WHOLE = re.compile(
    r"""(?:[^"\\]++
        | \\[^u]
        | \\u(?![dD][89abAB])[^"\\]{4}
        | \\u[dD][89abAB][^"\\]{2}(?:\\u[^"\\]{4}|(?=[^\\]|\\[^u]|\\u[^"\\]{0,3}["\\]))
        | \\u(?=[^"\\]{0,3}["\\])
        )*""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\(.)", re.DOTALL)
_LETTERS: Mapping[str, str] = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(slots=True)
class JSONText:
    """Reads a JSON string behind its opening quote."""

    is_closed: bool = False
    """True once the closing quote has arrived; what follows it is ignored."""
    _rest: str = ""

    def feed(self, piece: str) -> str:
        """Return the text that a piece completes."""
        if self.is_closed:
            return ""
        raw = self._rest + piece
        match = _WHOLE.match(raw)
        end = match.end() if match else 0
        self.is_closed = raw.startswith('"', end)
        self._rest = raw[end:]
        return _ESCAPE.sub(_character, raw[:end]).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _character(match: re.Match[str]) -> str:
    code, letter = match.groups()
    return chr(int(code, 16)) if code else _LETTERS.get(letter, letter)
