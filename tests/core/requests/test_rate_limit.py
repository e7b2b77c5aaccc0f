"""Limits a minute, as values: when a request may go, and what a server's headers say."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async import Headers, RateLimit
from assistants_async.core.requests.rate_limit import RateWindow, seconds_of, tokens_in

RESETS = {
    "1s": 1.0,
    "6m0s": 360.0,
    "20ms": 0.02,
    "1h2m3.5s": 3723.5,
    "1d": 86400.0,
    "250us": 250e-6,
    " 7 ": 7.0,
    "0.5": 0.5,
    "1700000030": 30.0,
    "1600000000": 0.0,
    "-3": 0.0,
    "": 0.0,
    "soon": 0.0,
    "6m0s!": 0.0,
    "nan": 0.0,
    "inf": 0.0,
}


@pytest.mark.parametrize(("text", "seconds"), RESETS.items(), ids=map(repr, RESETS))
def test_resets_are_read(text: str, seconds: float) -> None:
    """In every form that servers have; an unreadable text is no reset."""
    assert seconds_of(text, 1_700_000_000.0) == pytest.approx(seconds)


def test_no_reset_is_none() -> None:
    """Zero remaining without a reset causes no wait."""
    window = RateWindow(RateLimit())
    window.heed(Headers([("x-ratelimit-remaining-requests", "0")]), 5.0, 0.0)
    assert window.delay(5.0) == 0.0


@pytest.mark.parametrize("remaining", ["1", "none", ""])
def test_remaining_requests_cause_no_wait(remaining: str) -> None:
    """Nor does an unreadable number."""
    window = RateWindow(RateLimit())
    pairs = [("x-ratelimit-remaining-tokens", remaining), ("x-ratelimit-reset-tokens", "9s")]
    window.heed(Headers(pairs), 5.0, 0.0)
    assert window.delay(5.0) == 0.0


def test_the_latest_reset_counts() -> None:
    """Of several kinds, in any case; a kind without a name has headers too."""
    window = RateWindow(RateLimit(requests_per_minute=100))
    pairs = [("X-RateLimit-Remaining-Requests", "0"), ("X-RateLimit-Reset-Requests", "3s")]
    window.heed(Headers([*pairs, ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")]), 5.0, 0.0)
    assert window.delay(5.0) == 9.0
    assert window.delay(13.0) == 1.0
    assert window.delay(14.0) == 0.0


def test_a_request_under_way_has_no_end() -> None:
    """Its place counts 60 s from its answer on: the server may have counted it as late as that."""
    window = RateWindow(RateLimit(requests_per_minute=1))
    place = window.take()
    assert window.delay(100.0) == math.inf
    window.settle(place, 100.0)
    assert window.delay(100.0) == 60.0
    assert window.delay(160.0) == 0.0


def test_a_place_that_is_given_back_is_free() -> None:
    """At once."""
    window = RateWindow(RateLimit(requests_per_minute=1, tokens_per_minute=10))
    window.give_back(window.take(10))
    assert window.delay(0.0, 10) == 0.0


def test_tokens_have_a_limit_of_their_own() -> None:
    """Requests without tokens are free of it; one that exceeds it alone waits until no other is counted."""
    window = RateWindow(RateLimit(tokens_per_minute=10))
    window.use(8, 0.0)
    window.use(2, 10.0)
    assert window.delay(20.0) == 0.0
    assert window.delay(20.0, 8) == 40.0
    assert window.delay(20.0, 9) == 50.0
    assert window.delay(20.0, 99) == 50.0
    assert window.delay(70.0, 99) == 0.0


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 20)), min_size=1, max_size=20),
)
def test_no_minute_has_more(most: int, steps: list[tuple[float, float]]) -> None:
    """For any pauses between requests, and any time that each takes."""
    window, now, sent = RateWindow(RateLimit(requests_per_minute=most)), 0.0, []
    for pause, length in steps:
        now += pause
        now += window.delay(now)
        assert window.delay(now) < 1e-9
        sent.append(now)
        place = window.take()
        now += length
        window.settle(place, now)
    assert all(late - early >= 60 - 1e-9 for early, late in itertools.pairwise(sent[::most]))


def test_tokens_of_a_body_are_estimated() -> None:
    """A fourth of its bytes, rounded up."""
    assert [tokens_in(b"x" * size) for size in (0, 1, 4, 5)] == [0, 1, 1, 2]


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "9"])
@pytest.mark.parametrize("name", ["requests_per_minute", "tokens_per_minute"])
def test_other_limits_are_refused(name: str, value: object) -> None:
    """By name, where the limit is made."""
    with pytest.raises(ValueError, match=f"{name} must be a whole number of at least 1, not {value!r}"):
        RateLimit(**{name: value})  # type: ignore[arg-type]
