"""Failures of a model's server: the end that they give a run, and whether to try once more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...errors import AssistantsError, ConnectFailedError, StatusError, TimedOutError
from .chunks import BackendError, error_text

MOST_RETRIES = 3
"""Times that one answer is asked for again, all before its first output."""

_PROMPT = frozenset((400, 404, 405, 413, 422))
_KEY = frozenset((401, 403))
_PROMPT_CODES = frozenset(("context_length_exceeded", "invalid_request_error", "invalid_prompt"))
_RATE_CODES = frozenset(("rate_limit_exceeded", "insufficient_quota"))


@dataclass(frozen=True, slots=True)
class Failure:
    """The effect of a failure on a run."""

    code: Literal["server_error", "rate_limit_exceeded", "invalid_prompt"]
    """Code of the run's `last_error`."""
    message: str
    """The backend's words; addresses and keys have to be taken out of them before anybody reads them."""
    passing: bool = False
    """True where the same request may be answered the next time."""
    retry_after: float | None = None
    """Seconds that the backend wants to be left alone."""


def classify(error: AssistantsError | BackendError, *, has_output: bool) -> Failure:
    """Decide over a failed answer; one that had begun is never asked for again."""
    if has_output:
        return Failure("server_error", f"the backend broke off its answer{_words(error)}")
    if isinstance(error, StatusError):
        message, code = error_text(error.http.content)
        message = f"the backend answered {error.status}: {message or error.message or 'no words'}"
        return _by_status(error.status, code, message, error.retry_after)
    if isinstance(error, BackendError):
        return _by_status(_status_of(error), error.code, f"the backend answered with an error: {error.message}", None)
    if isinstance(error, TimedOutError):
        return Failure("server_error", "the backend was silent for too long", passing=True)
    if isinstance(error, ConnectFailedError):
        return Failure("server_error", "the backend cannot be reached", passing=True)
    return Failure("server_error", "the connection to the backend broke", passing=True)


def _by_status(status: int, code: str, message: str, retry_after: float | None) -> Failure:
    if code == "insufficient_quota":
        return Failure("rate_limit_exceeded", message)
    if status == 429 or code in _RATE_CODES:
        return Failure("rate_limit_exceeded", message, passing=True, retry_after=retry_after)
    if status in _KEY:
        return Failure("server_error", f"the backend refused the server's key ({status})")
    if status in _PROMPT or code in _PROMPT_CODES:
        return Failure("invalid_prompt", message)
    return Failure("server_error", message, passing=True, retry_after=retry_after)


def _status_of(error: BackendError) -> int:
    """Status of an error that came inside of an answer: servers put it into `code`; 500 where they do not."""
    return int(error.code) if error.code.isdecimal() and len(error.code) == 3 else 500


def _words(error: AssistantsError | BackendError) -> str:
    # What a transport says has addresses in it: that is for the server's log.
    return f": {error.message}" if isinstance(error, BackendError) else ""
