"""The delay before the next poll of a run."""

from __future__ import annotations

import math

from ...response import Headers
from ..requests.retry import exponential_backoff

_FIRST, _GROWTH, _LONGEST = 0.2, 1.5, 5.0
_LONGEST_HINT = 60.0


def poll_delay(attempt: int, headers: Headers, jitter: float, interval: float | None = None) -> float:
    """Seconds before poll `attempt + 1`: `interval`, else the server's `openai-poll-after-ms`, else 0.2 growing to 5.

    `jitter` from 0 to 1 takes up to a quarter off what grows, so that many waiting tasks part. A hint that is no
    positive number is ignored, and one past a minute is cut.
    """
    if interval is not None:
        return interval
    try:
        hint = float(headers.get("openai-poll-after-ms", "")) / 1000
    except ValueError:
        hint = math.nan
    if math.isfinite(hint) and hint > 0:
        return min(hint, _LONGEST_HINT)
    return back_off(attempt, jitter)


def back_off(attempt: int, jitter: float, first: float = _FIRST, longest: float = _LONGEST) -> float:
    """Seconds that grow by half with each attempt, from `first` to `longest`, less up to a quarter by `jitter`."""
    return exponential_backoff(attempt, first=first, growth=_GROWTH, longest=longest, jitter=jitter / 4)
