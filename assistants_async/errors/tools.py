"""Errors of function tools: some are sent to the model, some are raised to the caller."""

from __future__ import annotations

from typing import Literal

from .base import AssistantsError, printable

ToolFault = Literal["unknown", "arguments", "refused", "timeout", "cancelled", "result"]
"""The kinds of failure around a tool, explained at `ToolCallError`."""


class ToolError(AssistantsError):
    """Raise it (or a subclass) in a tool to report a failure to the model: its message goes to the model.

    The message of any other exception stays with the caller.
    """


class ToolCallError(ToolError):
    """A call that did not reach its function, or gave no result that could be sent.

    `kind` says why: a function that is `"unknown"`, `"arguments"` that do not fit it, a call that the approval hook
    `"refused"`; a function that ran into its `"timeout"`, was `"cancelled"` from within, or has a `"result"` that
    is no JSON. The first three are sent to the model whatever `on_error` says.
    """

    def __init__(self, message: str, *, kind: ToolFault, name: str, path: str = "$") -> None:
        super().__init__(message)
        self.kind: ToolFault = kind
        """The message of the error."""
        self.name = name
        """The function that the model called, as the model wrote it."""
        self.path = path
        """The path within the arguments, such as `"$.city"`; `"$"` for all of them."""


class ToolFailedError(AssistantsError):
    """A tool failed and `on_error="raise"` ends the run; the tool's own exception is the cause."""

    def __init__(self, name: str, call_id: str, cause: BaseException) -> None:
        super().__init__(f"tool {printable(name, 80)!r} failed with {type(cause).__name__}")
        self.name = name
        """The function."""
        self.call_id = call_id
        """The call of the model's."""
