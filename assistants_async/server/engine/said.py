"""Checks of the actions of a responder, made before they are stored."""

from __future__ import annotations

MAX_SAID = 2 * 2**20
"""Cap on the characters that a run writes."""
# A piece costs an event, a message two objects, however short they are: a responder that never ends says many.
_PIECE = 16
_MESSAGE = 1024


class Said:
    """Counts the text of a run, and refuses what cannot be kept or sent."""

    def __init__(self) -> None:
        self._left = MAX_SAID

    def check(self, text: object) -> str:
        """Return a text that may be said; raises `TypeError` or `ValueError` for any other."""
        if not isinstance(text, str):
            raise TypeError(f"a responder says text, not {type(text).__name__}")
        if self._left < 0 or len(text) > self._left:
            raise ValueError(f"a run says at most {MAX_SAID} characters")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("a text with a lone surrogate is no Unicode and cannot be sent") from None
        return text

    def take(self, text: object) -> str:
        """Check a piece of text and count it."""
        said = self.check(text)
        self._left -= max(len(said), _PIECE)
        return said

    def take_message(self) -> None:
        """Count a message or a step of calls, as it costs memory without a word as well."""
        self.check("")
        self._left -= _MESSAGE
