"""Checks of numbers that callers give, with one sentence for each refusal."""

from __future__ import annotations

import math


def check_seconds(name: str, keyword: str, seconds: float | None) -> None:
    """Refuse what is no positive number of seconds."""
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{name}(): {keyword} must be seconds or None, not {type(seconds).__name__}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{name}(): {keyword} must be positive and finite, not {seconds!r}")


def check_count(name: str, keyword: str, count: int, most: int | None = None) -> None:
    """Refuse what is no positive whole number, or past the most."""
    if isinstance(count, bool) or not isinstance(count, int):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{name}(): {keyword} must be int, not {type(count).__name__}")
    if count < 1 or (most is not None and count > most):
        wanted = "at least 1" if most is None else f"1 to {most}"
        raise ValueError(f"{name}(): {keyword} must be {wanted}, not {count}")
