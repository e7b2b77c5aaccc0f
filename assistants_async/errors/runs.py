"""A run that did not end as it was waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import AssistantsError, printable

if TYPE_CHECKING:
    from ..models.runs import Run
    from ..models.steps import RunStep


class RunError(AssistantsError):
    """A run that was waited for did not complete."""

    def __init__(self, message: str, *, run: Run, steps: tuple[RunStep, ...] = ()) -> None:
        super().__init__(message)
        self.run = run
        """The run as it was last seen."""
        self.steps = steps
        """Its steps, where they were at hand."""

    @property
    def run_id(self) -> str:
        """The run, to look it up or to go on with it."""
        return self.run.id

    @property
    def thread_id(self) -> str | None:
        """The run's thread, where the server names it."""
        return self.run.thread_id


class RunFailedError(RunError):
    """The run failed: the server says why in `code` and `message`."""

    def __init__(self, *, run: Run, steps: tuple[RunStep, ...] = ()) -> None:
        error = run.last_error
        self.code: str | None = None if error is None else error.code
        """The server's reason, such as `"rate_limit_exceeded"` or `"server_error"`."""
        self.message: str = "" if error is None else error.message or ""
        """The server's own words, unchanged; empty where it sent none."""
        text = f": {printable(self.message)}" if self.message else ""
        code = f" ({printable(self.code, 60)})" if self.code else ""
        super().__init__(f"run {printable(run.id, 80)} failed{text}{code}", run=run, steps=steps)


class RunExpiredError(RunError):
    """The run expired: nobody answered its tool calls in time, or the server gave it up."""


class RunCancelledError(RunError):
    """The run was cancelled, here or elsewhere."""


class RunIncompleteError(RunError):
    """The run stopped short of its end, with what it had by then on the thread."""

    def __init__(self, *, run: Run, steps: tuple[RunStep, ...] = ()) -> None:
        details = run.incomplete_details
        self.reason: str | None = None if details is None else details.reason
        """The limit that it reached, such as `"max_completion_tokens"`."""
        reason = f": {printable(self.reason, 80)}" if self.reason else ""
        super().__init__(f"run {printable(run.id, 80)} is incomplete{reason}", run=run, steps=steps)


class RunActionError(RunError):
    """A run waits for what nothing here can do: it was left waiting, and `runs.resume` can go on with it."""


class RunDeadlineError(RunError, TimeoutError):  # pyright: ignore[reportUnsafeMultipleInheritance]  both only store the message
    """The deadline of a wait passed before the run had ended; `run.status` is the state it was left in."""

    def __init__(self, message: str, *, run: Run, deadline: float, steps: tuple[RunStep, ...] = ()) -> None:
        super().__init__(message, run=run, steps=steps)
        self.deadline = deadline
        """The deadline in seconds."""
