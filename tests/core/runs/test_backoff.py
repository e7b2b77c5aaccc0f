"""The delay between polls."""

from __future__ import annotations

import pytest

from assistants_async import Headers
from assistants_async.core.runs.backoff import back_off, poll_delay

NONE = Headers()


def hinted(value: str) -> Headers:
    """Headers with the server's hint."""
    return Headers([("openai-poll-after-ms", value)])


def test_the_delay_grows_from_a_fifth_of_a_second_to_five() -> None:
    """By half each time, and no further."""
    delays = [poll_delay(attempt, NONE, 0.0) for attempt in range(12)]
    assert delays[:3] == [0.2, pytest.approx(0.3), pytest.approx(0.45)]
    assert delays == sorted(delays)
    assert delays[-1] == 5.0
    assert poll_delay(10**9, NONE, 0.0) == 5.0


def test_jitter_takes_up_to_a_quarter_off() -> None:
    """From none of it to all of it, in proportion."""
    assert poll_delay(0, NONE, 0.5) == pytest.approx(0.2 * 0.875)
    assert poll_delay(0, NONE, 1.0) == pytest.approx(0.15)
    assert poll_delay(100, NONE, 1.0) == pytest.approx(3.75)


@pytest.mark.parametrize(
    ("value", "seconds"), [("1", 0.001), ("2500", 2.5), ("1e3", 1.0), ("60000", 60.0), ("1e9", 60.0)]
)
def test_the_servers_hint_counts(value: str, seconds: float) -> None:
    """In milliseconds, for any attempt and jitter, up to a minute."""
    assert poll_delay(7, hinted(value), 1.0) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["", "soon", "-5", "0", "nan", "inf", "-inf", "1e999", "5s"])
def test_a_hint_that_is_no_time_is_ignored(value: str) -> None:
    """Text, nothing, negative and endless times."""
    assert poll_delay(0, hinted(value), 0.0) == 0.2


def test_an_interval_of_the_callers_is_kept() -> None:
    """For any attempt, jitter and hint of the server."""
    assert poll_delay(9, hinted("2500"), 1.0, 0.75) == 0.75
    assert poll_delay(0, NONE, 0.5, 30) == 30


def test_backing_off_between_limits() -> None:
    """From the first delay, by half more each time, to the longest."""
    assert [back_off(n, 0.0, 1.0, 3.0) for n in range(5)] == [1.0, 1.5, 2.25, 3.0, 3.0]
    assert back_off(0, 0.0, 0.0) == 0.0
