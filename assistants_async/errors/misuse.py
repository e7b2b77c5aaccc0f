"""Arguments that break a rule of the protocol: nothing was sent."""

from __future__ import annotations

from .._typing import override
from .base import printable


class ValidationError(ValueError):
    """A request value that breaks a rule of the protocol; nothing was sent."""

    def __init__(self, operation: str, path: str, rule: str, value: object = None) -> None:
        super().__init__(operation, path, rule, value)
        self.operation = operation
        """The method, such as `"runs.create"`."""
        self.path = path
        """The path within the arguments, such as `"messages[0].content"`."""
        self.rule = rule
        """The rule of the protocol for that place."""
        self.value = value
        """The value that was given."""

    @override
    def __str__(self) -> str:
        shown = printable(repr(self.value), 80)
        return f"{self.operation}(): {self.path}: {self.rule}, not {shown}"


class WrongProtocolError(ValueError):
    """An operation or field that the client's protocol version lacks; nothing was sent."""

    def __init__(self, operation: str, field: str | None, protocol: str, wanted: str) -> None:
        super().__init__(operation, field, protocol, wanted)
        self.operation = operation
        """The method, such as `"assistants.create"`."""
        self.field = field
        """The argument that the version lacks; None for the whole operation."""
        self.protocol = protocol
        """The version that the client speaks."""
        self.wanted = wanted
        """The version that has it."""

    @override
    def __str__(self) -> str:
        what = f"{self.operation}(): {self.field}" if self.field else f"{self.operation}()"
        return f"{what} is in protocol {self.wanted} only, and this client speaks {self.protocol}"
