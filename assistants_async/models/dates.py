"""Times as the protocol sends them (seconds since 1970) and as servers send them, read as aware datetimes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, overload

from msgspec import UNSET

# Seconds reach this in the year 5138, milliseconds reached it in 1973: some servers send milliseconds.
_MILLISECONDS_FROM = 100_000_000_000
TIMES = "\x7ftimes"
"""Key under which a model keeps times with a fraction, beside its unknown members; the members have whole seconds."""
_FRACTION = r"(\.\d{1,6})\d*"


def to_datetime(value: float | str | bytes) -> datetime:
    """Read a time as an aware datetime: epoch seconds or milliseconds, or ISO 8601 text.

    Text without an offset is read as UTC; digits past microseconds are cut. Raises `ValueError` for
    anything else, a date without a time included.
    """
    if isinstance(value, (int, float)):
        seconds = value / 1000 if abs(value) >= _MILLISECONDS_FROM else value
        return datetime.fromtimestamp(seconds, UTC)
    text = value.decode() if isinstance(value, bytes) else value
    text = text.strip()
    if ":" not in text:
        raise ValueError(f"{value!r} has no time of day")
    moment = datetime.fromisoformat(re.sub(_FRACTION, lambda match: match[1].ljust(7, "0"), text))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


class Timestamp:
    """A member in epoch seconds, read as an aware datetime; None where it is None, or no time at all."""

    __slots__ = ("_member",)

    def __init__(self, member: str) -> None:
        self._member = member

    @overload
    def __get__(self, instance: None, owner: type) -> Timestamp: ...
    @overload
    def __get__(self, instance: object, owner: type) -> datetime | None: ...
    def __get__(self, instance: object | None, owner: type) -> Any:
        if instance is None:
            return self
        value: float | None = getattr(instance, self._member)
        kept: Any = getattr(instance, "_extra", UNSET)
        if kept is not UNSET:
            value = kept.get(TIMES, {}).get(self._member, value)
        try:
            return None if value is None else to_datetime(value)
        except (ValueError, OverflowError, OSError):
            return None
