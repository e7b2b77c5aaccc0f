"""Limits on requests and tokens a minute, decided from values alone: the clock is an argument.

Plan: a request that is allowed has a place until its answer's head has come and 60 s more have passed, since the
server may have counted it as late as that. So no more than the limit are sent in any 60 s, by either side's clock.
"""

from __future__ import annotations

import math
import re
from collections import deque

import msgspec

from ...response import Headers
from ..checks import whole_number

WINDOW = 60.0
"""Seconds that a limit counts over."""
_BYTES_PER_TOKEN = 4
_REMAINING, _RESET = "x-ratelimit-remaining", "x-ratelimit-reset"
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_SPAN = r"(\d+(?:\.\d+)?)(d|h|ms|m|s|us|µs|ns)"
_EPOCH = 1e9  # a number of seconds above it is a date since 1970, not a span: the span would be 31 years


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a client sends in a minute, its views included; None for no limit of the client's own.

    Whatever the numbers, a client with a `RateLimit` sends nothing before the reset that a server names beside
    `x-ratelimit-remaining-…: 0`.
    """

    requests_per_minute: int | None = None
    """Requests in any 60 s, retries and polls included."""
    tokens_per_minute: int | None = None
    """Tokens in any 60 s: those of runs when their usage is known, and before that a fourth of the bytes of each
    request that starts or continues a run."""

    def __post_init__(self) -> None:
        """Check the values; raises `TypeError` and `ValueError`."""
        for name in ("requests_per_minute", "tokens_per_minute"):
            if getattr(self, name) is not None:
                whole_number(name, getattr(self, name))


class Place(msgspec.Struct, eq=False):
    """The place of one request, or of the tokens of a run, in the window."""

    tokens: int
    requests: int = 1
    until: float = math.inf
    """The time at which the place is free; infinite while the request is under way."""


class RateWindow:
    """The requests and tokens of the last minute, and the server's own word on when to go on."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._under_way: set[Place] = set()
        self._past: deque[Place] = deque()  # in the order in which they become free
        self._requests = 0
        self._tokens = 0
        self._reset = -math.inf

    def delay(self, now: float, tokens: int = 0) -> float:
        """Seconds until a request of so many tokens may go; infinite where one under way must end first."""
        while self._past and self._past[0].until <= now:
            self._forget(self._past.popleft())
        return max(self._reset - now, self._room(now, tokens), 0.0)

    def _room(self, now: float, tokens: int) -> float:
        requests, used = self._requests, self._tokens
        if self._fits(requests, used, tokens):
            return 0.0
        for place in self._past:
            requests, used = requests - place.requests, used - place.tokens
            if self._fits(requests, used, tokens):
                return place.until - now
        return math.inf

    def _fits(self, requests: int, used: int, tokens: int) -> bool:
        most, budget = self._limit.requests_per_minute, self._limit.tokens_per_minute
        # A request that is over the limit by itself goes alone, or it would never go.
        return (most is None or requests < most) and (
            budget is None or not tokens or used + tokens <= max(budget, tokens)
        )

    def take(self, tokens: int = 0) -> Place:
        """Give a request its place."""
        place = Place(tokens)
        self._under_way.add(place)
        self._requests += 1
        self._tokens += tokens
        return place

    def settle(self, place: Place, now: float) -> None:
        """Note that the server has answered, or that nothing of the request is under way any more."""
        self._under_way.discard(place)
        self._keep(place, now)

    def give_back(self, place: Place) -> None:
        """Free the place of a request that never reached the server."""
        self._under_way.discard(place)
        self._forget(place)

    def use(self, tokens: int, now: float) -> None:
        """Note the tokens that a run has used."""
        self._tokens += tokens
        self._keep(Place(tokens, 0), now)

    def heed(self, headers: Headers, now: float, wall: float) -> None:
        """Read the server's limits off an answer; `wall` is seconds since 1970, for resets that are dates."""
        for name, value in headers.pairs:
            kind = name.lower()
            if kind.startswith(_REMAINING) and _is_zero(value):
                reset = headers.get(_RESET + kind.removeprefix(_REMAINING))
                self._reset = max(self._reset, now + seconds_of(reset, wall))

    def _keep(self, place: Place, now: float) -> None:
        place.until = now + WINDOW
        self._past.append(place)

    def _forget(self, place: Place) -> None:
        self._requests -= place.requests
        self._tokens -= place.tokens


def tokens_in(body: bytes) -> int:
    """Estimate the tokens of a JSON body: none is exact before the server has counted them."""
    return -(-len(body) // _BYTES_PER_TOKEN)


def seconds_of(reset: str | None, wall: float) -> float:
    """Seconds until a reset: `6m0s`, `20ms`, seconds, or a date since 1970; 0 for what cannot be read."""
    text = (reset or "").strip().lower()
    parts = re.findall(_SPAN, text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    if not math.isfinite(seconds):
        return 0.0
    return max(seconds - wall if seconds > _EPOCH else seconds, 0.0)


def _is_zero(text: str) -> bool:
    try:
        return float(text) <= 0
    except ValueError:
        return False
