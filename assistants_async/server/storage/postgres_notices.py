"""News of commits between processes that share a database."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from .interface import Notice

CHANNEL = "assistants_async"
"""The channel of the notifications."""

# Bytes of a payload that PostgreSQL carries.
_MOST = 7_900


@dataclass(slots=True)
class News:
    """The news of a commit for others."""

    notices: list[tuple[Notice, str]] = field(default_factory=list)
    """Notices to give."""
    runs: list[str] = field(default_factory=list)
    """Runs that have new events, or have ended."""
    dues: dict[str, float] = field(default_factory=dict)
    """The soonest time that was set, by kind."""

    def __bool__(self) -> bool:
        return bool(self.notices or self.runs or self.dues)


class _Letter(msgspec.Struct, array_like=True):
    sender: str
    news: News


def payload_of(sender: str, news: News) -> str:
    """Write news as a payload; news of too many runs become none, which all processes find by themselves."""
    payload = msgspec.json.encode(_Letter(sender, news)).decode()
    return payload if len(payload) <= _MOST else payload_of(sender, News())


def news_of(payload: str, me: str) -> News:
    """Read news of other processes; of this one there are none, and of nobody where it is no such payload."""
    try:
        letter = msgspec.json.decode(payload, type=_Letter)
    except msgspec.DecodeError:
        return News()
    return News() if letter.sender == me else letter.news
