"""Decisions about retries, made from values alone: clock and random numbers are arguments."""

from __future__ import annotations

import math
from datetime import UTC
from typing import Literal

import msgspec

from ...errors import (
    AssistantsError,
    ClientClosedError,
    ConnectionLostError,
    StatusError,
    TimedOutError,
    TransportError,
)
from ...response import Headers
from ..checks import positive_seconds, whole_number
from .request import Request


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The rules for sending a failed call again; delays in seconds.

    A request that was not sent, or that was answered with 408, 409, 429 or 5xx, is sent again. Where the answer was
    lost, only what may safely happen twice is: reading, deleting, modifying, cancelling, submitting tool outputs.
    """

    max_retries: int = 2
    """The number of times a request is sent again, one less than the attempts; 0 for never."""
    initial_delay: float = 0.5
    """Before the first retry; doubled for each one after it, then cut by chance to between a half and the whole."""
    max_delay: float = 8.0
    """The longest delay: doubling stops there."""
    max_retry_after: float = 120.0
    """The longest `Retry-After` that is waited for: one over it raises at once, with `retry_after` on the error."""
    resend_creates: bool = False
    """True: a create whose answer was lost is sent again too, which may make a second object or run."""


NO_RETRIES = RetryPolicy(max_retries=0)


def as_retry(value: RetryPolicy | int | None, base: RetryPolicy) -> RetryPolicy:
    """Read what `retry=` may be; raises `TypeError` and `ValueError` for what it may not."""
    if value is None:
        return NO_RETRIES
    policy = msgspec.structs.replace(base, max_retries=value) if type(value) is int else value
    if not isinstance(policy, RetryPolicy):
        raise TypeError(f"retry must be a RetryPolicy, a number of retries or None, not {type(value).__name__}")
    whole_number("retry: max_retries", policy.max_retries, least=0)
    for name in ("initial_delay", "max_delay", "max_retry_after"):
        positive_seconds(f"retry: {name}", getattr(policy, name), zero=True)
    return policy


class Retry(msgspec.Struct, frozen=True):
    """The argument of `on_retry`, which is called before the wait."""

    operation: str
    """The method, such as `"runs.create"`."""
    attempt: int
    """The attempt that failed, from 1."""
    cause: AssistantsError
    """The error of the attempt that failed."""
    delay: float
    """Seconds until the next one."""


FailureKind = Literal["not sent", "answered", "lost", "stale", "final"]
"""The ways in which a request failed: never sent; answered by an error that may pass; sent and its answer lost;
put on an idle connection that the server was closing; or nothing that another attempt would change."""

_PASSING = frozenset((408, 409, 429))


def classify_failure(failure: AssistantsError) -> FailureKind:
    """Classify a failure by whether the server may have acted on the request, and whether trying again can help."""
    match failure:
        case ClientClosedError() | TransportError(permanent=True):
            return "final"
        case TimedOutError(phase="connect"):
            return "not sent"
        case TimedOutError(phase="head" | "idle"):
            return "lost"
        case TimedOutError():
            return "final"
        case ConnectionLostError():
            return "stale" if failure.stale else "lost"
        case TransportError():
            return "lost" if failure.maybe_processed else "not sent"
        case StatusError():
            return "answered" if _may_pass(failure) else "final"
        case _:
            return "final"


def _may_pass(failure: StatusError) -> bool:
    """Check whether the same request may succeed the next time; `x-should-retry` decides where the server sends it."""
    # The server knows best, and says so in this header, as the vendor's own clients read it.
    advice = failure.http.headers.get("x-should-retry")
    if advice is not None and advice.strip().lower() in ("true", "false"):
        return advice.strip().lower() == "true"
    # A 429 that no wait mends: the account has to be paid first.
    if failure.code == "insufficient_quota":
        return False
    return failure.status in _PASSING or 500 <= failure.status < 600


class Budget:
    """The retries that are left to a client, so that an outage does not multiply its load.

    500 tokens at the most; a retry costs 14, and 5 after a throttle. A call that succeeds gives back what its last
    retry cost, and 1 where it needed none (the figures of the AWS SDKs' standard mode).
    """

    __slots__ = ("tokens",)

    LIMIT = 500
    COST = 14
    THROTTLED = 5

    def __init__(self) -> None:
        self.tokens = self.LIMIT
        """Tokens that are left."""

    def spend(self, cost: int) -> bool:
        """Take a retry's cost, or refuse."""
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True

    def succeeded(self, attempts: Attempts | None) -> None:
        """Take back what the last retry of a call cost; 1 for a call that needed none, which may be None."""
        if self.tokens < self.LIMIT:
            self.tokens = min(self.tokens + (1 if attempts is None else attempts.cost), self.LIMIT)


class Attempts:
    """The attempts of one call that failed: how many there were, and whether there is to be another."""

    __slots__ = (
        "_budget",
        "_maybe_processed",
        "_policy",
        "_renewed",
        "_request",
        "_retries",
        "cost",
        "count",
        "may_have_succeeded",
        "needs_new_connection",
    )

    def __init__(self, request: Request, policy: RetryPolicy, budget: Budget) -> None:
        self._request = request
        self._policy = policy
        self._budget = budget
        self._retries = 0
        self._maybe_processed = False
        self._renewed = False
        self.may_have_succeeded = False
        """True once an attempt may have been processed: its answer was lost, or was an error of the server's.

        One on an idle connection that the server was closing does not count.
        """
        self.count = 1
        """The attempt under way, from 1."""
        self.needs_new_connection = False
        """True where it must not go over a connection that others were sent over."""
        self.cost = 1
        """Tokens that the last retry took from the budget."""

    def allow_new_key(self) -> bool:
        """Allow one more attempt after a request was refused for its key, and count it."""
        if self._renewed or not self._request.is_replayable:
            return False
        self._renewed = True
        self.count += 1
        return True

    def delay(self, failure: AssistantsError, *, left: float, jitter: float) -> float | None:
        """Seconds to wait before the next attempt, which this counts; None where the failure is the call's.

        `left` is what remains of the total limit in seconds, `jitter` a random number from 0 to 1.
        """
        kind = classify_failure(failure)
        if isinstance(failure, TransportError):
            failure.attempts = self.count
            # The server may have acted on an earlier attempt, however this one ended.
            self._maybe_processed = failure.maybe_processed = self._maybe_processed or failure.maybe_processed
        elif isinstance(failure, StatusError):
            self._maybe_processed = self._maybe_processed or failure.status >= 500
        self.may_have_succeeded = (
            self.may_have_succeeded or kind == "lost" or (isinstance(failure, StatusError) and failure.status >= 500)
        )
        wait = self._wait(kind, failure, left, jitter)
        if wait is not None:
            self.count += 1
            self.needs_new_connection = isinstance(failure, ConnectionLostError)
        return wait

    def _wait(self, kind: FailureKind, failure: AssistantsError, left: float, jitter: float) -> float | None:
        policy, request = self._policy, self._request
        if kind == "final" or not request.is_replayable:
            return None
        if kind == "stale":
            return 0.0  # nobody's failure: no delay, no cost, creates too; the next goes over a new connection
        if self._retries >= policy.max_retries:
            return None
        if kind == "lost" and not (request.endpoint.idempotent or policy.resend_creates):
            return None
        requested = failure.retry_after if isinstance(failure, StatusError) else None
        wait = requested
        if wait is None:
            first, longest = policy.initial_delay, policy.max_delay
            wait = exponential_backoff(self._retries, first=first, growth=2.0, longest=longest, jitter=(1 - jitter) / 2)
        throttled = isinstance(failure, StatusError) and failure.status == 429
        cost = Budget.THROTTLED if throttled else Budget.COST
        if (
            (requested is not None and requested > policy.max_retry_after)
            or wait >= left
            or not self._budget.spend(cost)
        ):
            return None
        self.cost = cost
        self._retries += 1
        return wait


def exponential_backoff(attempt: int, *, first: float, growth: float, longest: float, jitter: float) -> float:
    """Seconds to wait after `attempt` earlier waits: from `first` on multiplied by `growth`, up to `longest`.

    `jitter` is the share of it that chance takes off, so that many clients do not come back at the same moment.
    """
    # The exponent is bounded: a float power that overflows raises.
    return min(first * growth ** min(attempt, 1000), longest) * (1 - jitter)


def retry_after(headers: Headers, now: float) -> float | None:
    """Seconds that the server asks to wait: `retry-after-ms`, or `Retry-After` as number or date (RFC 9110, 10.2.3).

    `now` is seconds since 1970, for dates. None for what is absent, not positive or not readable.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    if text is None:
        return None
    seconds = _number(text)
    if seconds is None:
        from email.utils import parsedate_to_datetime  # on use: slow to import, and few servers send a date

        try:
            moment = parsedate_to_datetime(text)
            # The asctime form names no zone, and means UTC (RFC 9110, 5.6.7).
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return seconds if seconds > 0 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value > 0 else None
