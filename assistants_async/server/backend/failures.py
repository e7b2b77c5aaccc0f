"""Failures of the backend: their error codes for the run, and the choice of a retry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import AssistantsError, ConnectFailedError, StatusError, TimedOutError
from .chunks import BackendError, error_text

MOST_RETRIES = 3
"""Number of retries for one answer, all before its first output."""

# The same prompt would be refused again.
_PROMPT = frozenset((400, 404, 405, 413, 422))
_KEY = frozenset((401, 403))
_PROMPT_CODES = frozenset(("context_length_exceeded", "invalid_request_error", "invalid_prompt"))
_RATE_CODES = frozenset(("rate_limit_exceeded", "insufficient_quota"))


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed answer, in terms of the run."""

    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    """Code of the run's `last_error`."""
    message: str
    """The backend's message, with addresses and keys that must be masked before anyone reads it."""
    passing: bool = False
    """True where the same request may succeed the next time."""
    retry_after: float | None = None
    """Seconds to wait, as the backend demands."""


def classify(error: AssistantsError | BackendError, *, has_output: bool) -> Failure:
    """Return the failure of an answer; one that had begun is not passing."""
    # Clients have read its first words, and a second answer would begin with others.
    if has_output:
        return Failure("server_error", f"the backend broke off its answer{_words(error)}")
    if isinstance(error, StatusError):
        message, code = error_text(error.http.content)
        message = f"the backend answered {error.status}: {message or error.message or 'no message'}"
        return _by_status(error.status, code, message, error.retry_after)
    if isinstance(error, BackendError):
        return _by_status(_status_of(error), error.code, f"the backend answered with an error: {error.message}", None)
    if isinstance(error, TimedOutError):
        return Failure("server_error", "the backend was silent for too long", passing=True)
    if isinstance(error, ConnectFailedError):
        return Failure("server_error", "the backend cannot be reached", passing=True)
    return Failure("server_error", "the connection to the backend broke", passing=True)


def _by_status(status: int, code: str, message: str, retry_after: float | None) -> Failure:
    # Also a 429, but waiting does not help.
    if code == "insufficient_quota":
        return Failure("rate_limit_exceeded", message)
    if status == 429 or code in _RATE_CODES:
        return Failure("rate_limit_exceeded", message, passing=True, retry_after=retry_after)
    if status in _KEY:
        # Without the message: some servers repeat a part of the key in it.
        return Failure("server_error", f"the backend refused the server's key ({status})")
    if status in _PROMPT or code in _PROMPT_CODES:
        return Failure("invalid_prompt", message)
    return Failure("server_error", message, passing=True, retry_after=retry_after)


def _status_of(error: BackendError) -> int:
    """Return the status of an error inside of an answer: servers put it into `code`; otherwise 500."""
    return int(error.code) if error.code.isdecimal() and len(error.code) == 3 else 500


def _words(error: AssistantsError | BackendError) -> str:
    # The text of a transport error has addresses, which belong into the server's log only.
    return f": {error.message}" if isinstance(error, BackendError) else ""
