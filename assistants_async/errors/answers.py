"""An answer that is not what it was asked to be."""

from __future__ import annotations

from .base import AssistantsError, printable


class AnswerDecodeError(AssistantsError):
    """The model's answer does not have the structure that it was asked for."""

    def __init__(self, rule: str, *, path: str, text: str) -> None:
        super().__init__(f"the answer is not as asked for: {printable(rule)} at {printable(path)}: {printable(text)!r}")
        self.rule = rule
        """The rule that the value breaks."""
        self.path = path
        """The path within the answer, such as `"$.items[0].price"`."""
        self.text = text
        """The whole answer."""
