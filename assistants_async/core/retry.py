"""When the server says to come back."""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

from ..wire import Headers


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
