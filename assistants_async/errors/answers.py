"""The error of an answer that does not fit its type."""

from __future__ import annotations

from .base import AssistantsError, printable


class AnswerDecodeError(AssistantsError):
    """The model's answer does not fit its type."""

    def __init__(self, rule: str, *, path: str, text: str) -> None:
        super().__init__(
            f"the answer does not fit its type: {printable(rule)} at {printable(path)}: {printable(text)!r}"
        )
        self.rule = rule
        """The rule that the value breaks."""
        self.path = path
        """The path within the answer, such as `"$.items[0].price"`."""
        self.text = text
        """The whole answer."""
