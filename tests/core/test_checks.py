"""Numbers and switches that callers give: one sentence for each rule."""

from __future__ import annotations

import math
from typing import Any

import pytest

from assistants_async.core.checks import flag, positive_seconds, whole_number


@pytest.mark.parametrize("value", [0.001, 1, 3600.0], ids=repr)
def test_positive_seconds_pass(value: float) -> None:
    """Whole numbers and fractions alike."""
    positive_seconds("deadline", value)


@pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, math.nan, True, "5", None, 1j], ids=repr)
def test_bad_numbers_of_seconds_are_refused(value: Any) -> None:
    """The sentence names the argument, the rule and the value."""
    with pytest.raises(ValueError, match=r"^deadline must be a positive number of seconds, not ") as caught:
        positive_seconds("deadline", value)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", [-1, math.inf, math.nan, False, "0"], ids=repr)
def test_zero_seconds_can_be_allowed(value: Any) -> None:
    """Zero passes then; a negative or endless number, or no number, does not."""
    positive_seconds("delay", 0, zero=True)
    with pytest.raises(ValueError, match=r"^delay must be a number of seconds from 0, not "):
        positive_seconds("delay", value, zero=True)


def test_whole_numbers_within_their_bounds_pass() -> None:
    """Both bounds belong to the range."""
    for value in (1, 2, 9):
        whole_number("count", value, most=9)
    whole_number("count", 0, least=0)


@pytest.mark.parametrize(
    ("value", "least", "most", "rule"),
    [
        (0, 1, None, "of at least 1, not 0"),
        (True, 1, None, "of at least 1, not True"),
        (1.0, 1, None, "of at least 1, not 1.0"),
        (-1, 0, None, "from 0, not -1"),
        ("3", 0, None, "from 0, not '3'"),
        (10, 1, 9, "of 1 to 9, not 10"),
        (None, 1, 9, "of 1 to 9, not None"),
    ],
    ids=repr,
)
def test_whole_numbers_out_of_bounds_are_refused(value: Any, least: int, most: int | None, rule: str) -> None:
    """The sentence says which numbers there are."""
    with pytest.raises(ValueError, match=f"^count must be a whole number {rule}$"):
        whole_number("count", value, least, most)


@pytest.mark.parametrize("value", [0, 1, None, "yes"], ids=repr)
def test_a_switch_is_true_or_false(value: Any) -> None:
    """Other truthy values are refused, as they are most often a mistake."""
    flag("stream", True)
    flag("stream", False)
    with pytest.raises(TypeError, match=r"^stream must be True or False, not "):
        flag("stream", value)
