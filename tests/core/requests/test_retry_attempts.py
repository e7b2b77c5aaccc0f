"""The choice of a retry and its delay: every class of failure by every kind of operation."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async import (
    AssistantsError,
    BodyTooLargeError,
    ClientClosedError,
    ConnectFailedError,
    ConnectionLostError,
    DecodeError,
    Headers,
    HTTPResponse,
    Request,
    RetryPolicy,
    TimedOutError,
    TransportError,
)
from assistants_async.calls.multipart_body import MultipartBody
from assistants_async.core.requests.request import bind
from assistants_async.core.requests.retry import Attempts, Budget, as_retry, exponential_backoff
from assistants_async.core.responses.decode import error_for
from assistants_async.endpoints import TABLE

NO_END = float("inf")
POLICY = RetryPolicy()


def made(operation: str = "getAssistant", form: MultipartBody | None = None) -> Request:
    """A request of an operation."""
    row = TABLE[operation]
    return bind(row, ("x",) * len(row.parameters), {}, protocol=row.protocols[0], validate=False, form=form)


def answered(status: int, code: str | None = None, **headers: str) -> AssistantsError:
    """The error of a status."""
    body = b'{"error":{"message":"m","code":"%s"}}' % code.encode() if code else b""
    fields = Headers((name.replace("_", "-"), value) for name, value in headers.items())
    return error_for(HTTPResponse(status, "", fields, body, "GET", "http://127.0.0.1/v1"), 0.0)


def permanent(error: TransportError) -> TransportError:
    """The same, marked as one that will not pass."""
    error.permanent = True
    return error


def stale() -> ConnectionLostError:
    """A connection that the server had been closing."""
    error = ConnectionLostError("cut", maybe_processed=True)
    error.stale = True
    return error


# By what became of the request: whether reading is sent again, and whether a create is.
FAILURES: dict[str, tuple[Callable[[], AssistantsError], bool, bool]] = {
    "refused, DNS, a handshake that is cut": (lambda: ConnectFailedError("refused"), True, True),
    "connect time-out": (lambda: TimedOutError("connect", 5), True, True),
    "certificate": (lambda: permanent(ConnectFailedError("not trusted")), False, False),
    "pool time-out": (lambda: TimedOutError("pool", 5), False, False),
    "head time-out": (lambda: TimedOutError("head", 5, maybe_processed=True), True, False),
    "idle time-out": (lambda: TimedOutError("idle", 5, status=200, maybe_processed=True), True, False),
    "total time-out": (lambda: TimedOutError("total", 5, maybe_processed=True), False, False),
    "reset, short body": (lambda: ConnectionLostError("cut", maybe_processed=True), True, False),
    "an idle connection that is cut": (stale, True, True),
    "an unrequested coding": (
        lambda: permanent(ConnectionLostError("br", maybe_processed=True)),
        False,
        False,
    ),
    "a transport of another kind, sent": (lambda: TransportError("odd", maybe_processed=True), True, False),
    "a transport of another kind, not sent": (lambda: TransportError("odd"), True, True),
    "client closed": (lambda: ClientClosedError("closed", maybe_processed=True), False, False),
    "decode error": (lambda: DecodeError("bad", HTTPResponse(200, "", Headers(), b"", "GET", "")), False, False),
    "too large": (lambda: BodyTooLargeError(1, status=200), False, False),
    "quota": (lambda: answered(429, "insufficient_quota"), False, False),
    "quota, but the server says so": (lambda: answered(429, "insufficient_quota", x_should_retry="true"), True, True),
    "other code": (lambda: answered(429, "rate_limit_exceeded"), True, True),
    "503, but the server says no": (lambda: answered(503, x_should_retry="false"), False, False),
    "400, but the server says so": (lambda: answered(400, x_should_retry=" True "), True, True),
    "503, and the server says nonsense": (lambda: answered(503, x_should_retry="maybe"), True, True),
}
FAILURES |= {
    f"status {status}": (
        lambda status=status: answered(status),  # type: ignore[misc]  # bound now
        status in (408, 409, 429) or status >= 500,
        status in (408, 409, 429) or status >= 500,
    )
    for status in (*range(300, 309), *range(400, 432), 451, *range(500, 512), 520, 529, 599)
}


@pytest.mark.parametrize(("failure", "reads", "creates"), FAILURES.values(), ids=FAILURES.keys())
def test_each_failure_by_each_operation(failure: Callable[[], AssistantsError], reads: bool, creates: bool) -> None:
    """Idempotency decides, not the verb: cancelling and submitting outputs are POSTs, and are sent again."""
    for operation, row in TABLE.items():
        attempts = Attempts(made(operation), POLICY, Budget())
        again = attempts.delay(failure(), left=NO_END, jitter=0.0) is not None
        assert again is (reads if row.idempotent else creates), operation
        assert attempts.count == 1 + again


def test_the_operations_that_may_happen_twice() -> None:
    """All but those that make something."""
    once = {operation for operation, row in TABLE.items() if not row.idempotent}
    assert once == {operation for operation in TABLE if operation.startswith(("create", "add"))}


def test_a_create_can_be_sent_again_by_an_option() -> None:
    """Its name says that the request may happen twice."""
    failure = ConnectionLostError("cut", maybe_processed=True)
    for resend in (False, True):
        attempts = Attempts(made("createRun"), RetryPolicy(resend_creates=resend), Budget())
        assert (attempts.delay(failure, left=NO_END, jitter=0.0) is not None) is resend


@pytest.mark.parametrize("retries", [0, 1, 2, 5])
def test_retries_are_counted(retries: int) -> None:
    """As many as the policy says, and not one more; an idle connection that was cut costs none of them."""
    attempts = Attempts(made(), RetryPolicy(max_retries=retries), Budget())
    assert attempts.delay(stale(), left=NO_END, jitter=0.0) == 0.0
    assert attempts.needs_new_connection
    made_again = itertools.takewhile(
        lambda delay: delay is not None,
        (attempts.delay(answered(500), left=NO_END, jitter=0.0) for _ in itertools.count()),
    )
    assert len([*made_again]) == retries
    assert not attempts.needs_new_connection or retries == 0


DELAYS: dict[str, tuple[dict[str, str], float | None]] = {
    "own": ({}, 0.25),
    "seconds": ({"retry_after": "7"}, 7.0),
    "at the cap": ({"retry_after": "120"}, 120.0),
    "over the cap": ({"retry_after": "120.1"}, None),
    "far over the cap": ({"retry_after": "1e9"}, None),
    "a date far off": ({"retry_after": "Mon, 23 Nov 9999 12:00:30 GMT"}, None),
    "milliseconds": ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
    "zero": ({"retry_after": "0"}, 0.25),
    "negative": ({"retry_after": "-5"}, 0.25),
    "nan": ({"retry_after": "nan"}, 0.25),
    "inf": ({"retry_after": "inf"}, 0.25),
    "words": ({"retry_after": "soon"}, 0.25),
}


@pytest.mark.parametrize(("headers", "wanted"), DELAYS.values(), ids=DELAYS.keys())
@pytest.mark.parametrize("status", [429, 503])
def test_the_server_says_when(status: int, headers: dict[str, str], wanted: float | None) -> None:
    """Up to the cap; past it the error is raised at once and says how long it would have been."""
    failure = answered(status, **headers)
    assert Attempts(made(), POLICY, Budget()).delay(failure, left=NO_END, jitter=0.0) == wanted


@pytest.mark.parametrize(("left", "again"), [(7.1, True), (7.0, False), (1.0, False), (-1.0, False)])
def test_no_wait_goes_past_the_total_limit(left: float, again: bool) -> None:
    """An error whose retry would come too late is raised now."""
    attempts = Attempts(made(), POLICY, Budget())
    assert (attempts.delay(answered(429, retry_after="7"), left=left, jitter=0.0) is not None) is again


@given(st.integers(0, 5000), st.floats(0, 0.5), st.floats(0, 10), st.floats(0, 100))
def test_the_wait_stays_in_its_envelope(retries: int, jitter: float, initial: float, longest: float) -> None:
    """From a half to the whole of the doubled delay, which stops at the longest."""
    whole = min(initial * 2.0 ** min(retries, 1000), longest)
    assert whole / 2 <= exponential_backoff(retries, first=initial, growth=2.0, longest=longest, jitter=jitter) <= whole


def test_the_waits_of_the_defaults() -> None:
    """0.5 s, doubled, to 8 s."""
    waits: list[float | None] = []
    for jitter in (1.0, 0.0):
        attempts = Attempts(made(), RetryPolicy(max_retries=6), Budget())
        waits += [attempts.delay(answered(503), left=float("inf"), jitter=jitter) for _ in range(6)]
    assert waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


# The budget


def outage(calls: int, budget: Budget, failure: Callable[[], AssistantsError] = lambda: answered(503)) -> int:
    """The number of requests while no server answers."""
    sent = 0
    for _ in range(calls):
        attempts = Attempts(made(), POLICY, budget)
        while attempts.delay(failure(), left=NO_END, jitter=0.0) is not None:
            pass
        sent += attempts.count
    return sent


def test_an_outage_is_not_multiplied() -> None:
    """500 calls send 535 times, not 1 500; and retries come back with success."""
    budget = Budget()
    assert outage(500, budget) == 500 + 500 // 14
    assert outage(1, budget) == 1
    for _ in range(100):
        budget.succeeded(None)
    assert outage(10, budget) == 10 + (100 + 500 % 14) // 14


def test_a_throttle_costs_less() -> None:
    """5 tokens, since the server is alive."""
    assert outage(500, Budget(), lambda: answered(429)) == 500 + 100


def test_a_success_gives_back_the_cost_of_its_retry() -> None:
    """And no more than there was."""
    budget = Budget()
    attempts = Attempts(made(), POLICY, budget)
    attempts.delay(answered(500), left=NO_END, jitter=0.0)
    assert budget.tokens == 486
    budget.succeeded(attempts)
    assert budget.tokens == 500
    budget.succeeded(attempts)
    assert budget.tokens == 500


# What errors tell


def test_an_earlier_attempt_may_have_been_processed() -> None:
    """The last failure says so, though it was not sent itself."""
    attempts = Attempts(made(), POLICY, Budget())
    attempts.delay(ConnectionLostError("cut", maybe_processed=True), left=NO_END, jitter=0.0)
    last = ConnectFailedError("refused")
    attempts.delay(last, left=NO_END, jitter=0.0)
    assert last.maybe_processed
    assert last.attempts == 2


@pytest.mark.parametrize(("status", "maybe"), [(500, True), (429, False), (409, False)])
def test_a_server_that_failed_may_have_acted(status: int, maybe: bool) -> None:
    """One that refused has not."""
    attempts = Attempts(made("createRun"), POLICY, Budget())
    attempts.delay(answered(status), left=NO_END, jitter=0.0)
    last = ConnectFailedError("refused")
    attempts.delay(last, left=NO_END, jitter=0.0)
    assert last.maybe_processed is maybe


DOUBTS: list[tuple[AssistantsError, bool]] = [
    (ConnectionLostError("cut", maybe_processed=True), True),
    (TimedOutError("head", 1.0, maybe_processed=True), True),
    (answered(500), True),
    (answered(503), True),
    (answered(429), False),
    (answered(409), False),
    (ConnectFailedError("refused"), False),
    (TimedOutError("connect", 1.0), False),
]


@pytest.mark.parametrize(("failure", "doubtful"), DOUBTS, ids=[f"{each!r}"[:40] for each, _ in DOUBTS])
def test_a_request_that_may_have_succeeded_is_marked(failure: AssistantsError, doubtful: bool) -> None:
    """And stays so, for any later failure; an idle connection that was closed has done nothing."""
    attempts = Attempts(made("createRun"), POLICY, Budget())
    stale = ConnectionLostError("cut", maybe_processed=True)
    stale.stale = True
    attempts.delay(stale, left=NO_END, jitter=0.0)
    assert not attempts.may_have_succeeded
    attempts.delay(failure, left=NO_END, jitter=0.0)
    attempts.delay(answered(400), left=NO_END, jitter=0.0)
    assert attempts.may_have_succeeded is doubtful


async def test_a_body_that_cannot_be_read_again_is_not() -> None:
    """An iterator goes once over the wire; before that it can be tried again."""

    async def pieces() -> Any:
        yield b"x"

    form = MultipartBody("files.create", pieces(), {})
    request = made("createFile", form)
    assert Attempts(request, POLICY, Budget()).delay(ConnectFailedError("no"), left=NO_END, jitter=0.0) is not None
    assert [piece async for piece in form.chunks()]
    attempts = Attempts(request, POLICY, Budget())
    assert attempts.delay(answered(503), left=NO_END, jitter=0.0) is None
    assert not attempts.allow_new_key()


# Settings


def test_values_of_retry() -> None:
    """A policy, a number of retries, or None for none."""
    assert as_retry(None, POLICY).max_retries == 0
    assert as_retry(5, RetryPolicy(max_delay=1)) == RetryPolicy(max_retries=5, max_delay=1)
    assert as_retry(RetryPolicy(max_retries=0), POLICY).max_retries == 0


WRONG: list[tuple[Any, type[Exception], str]] = [
    ("3", TypeError, "retry must be a RetryPolicy, a number of retries or None, not str"),
    (True, TypeError, "not bool"),
    (-1, ValueError, "max_retries must be a whole number from 0, not -1"),
    (RetryPolicy(max_retries=1.5), ValueError, "not 1.5"),  # type: ignore[arg-type]  # on purpose
    (RetryPolicy(initial_delay=-1), ValueError, "initial_delay must be a number of seconds from 0, not -1"),
    (RetryPolicy(max_delay=float("inf")), ValueError, "max_delay"),
    (RetryPolicy(max_retry_after=float("nan")), ValueError, "max_retry_after"),
    (RetryPolicy(max_delay="8"), ValueError, "not '8'"),  # type: ignore[arg-type]  # on purpose
]


@pytest.mark.parametrize(("value", "kind", "text"), WRONG)
def test_bad_values_of_retry(value: Any, kind: type[Exception], text: str) -> None:
    """The error names the rule and the value."""
    with pytest.raises(kind, match=text):
        as_retry(value, POLICY)
