"""Arguments of commands: text in, value out."""

from __future__ import annotations

import argparse

import pytest

from assistants_async.cli.arguments import count, model_map, positive_seconds, seconds


@pytest.mark.parametrize("text", ["", "soon", "nan", "inf", "-1"], ids=["empty", "word", "nan", "inf", "negative"])
def test_bad_times_are_refused(text: str) -> None:
    """A number of seconds is finite and not negative."""
    with pytest.raises(argparse.ArgumentTypeError, match="is not a number of seconds"):
        seconds(text)


def test_values_are_read() -> None:
    """Numbers, and pairs with spaces around."""
    assert (seconds("0.5"), count("7")) == (0.5, 7)
    assert model_map("gpt-4o = qwen3, * = llama3") == {"gpt-4o": "qwen3", "*": "llama3"}


def test_a_time_out_is_more_than_0() -> None:
    """Refuse 0 seconds where nothing could happen in that time."""
    assert positive_seconds("0.5") == 0.5
    with pytest.raises(argparse.ArgumentTypeError, match=r"'0' is not a number of seconds above 0$"):
        positive_seconds("0")
