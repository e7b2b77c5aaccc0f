"""Units of a prompt that are sent or left out as a whole, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..._typing import is_array, is_object

# Tokens that an image counts for, whatever its size: models cut and scale images to some such number.
_IMAGE_TOKENS = 800
# Bytes of text a token: English has four, so that the estimate errs to the safe side.
_PER_TOKEN = 3


@dataclass(slots=True)
class Unit:
    """A message, or a round of tool calls with its outputs."""

    messages: list[dict[str, Any]]
    """Messages of the chat."""
    is_message: bool = False
    """True where it has a message of the thread, not calls alone."""
    is_own: bool = False
    """True where the run under way made it: those always stay."""
    is_user: bool = False
    """True where the user wrote it."""

    @property
    def tokens(self) -> int:
        """Estimated tokens."""
        return sum(estimate(message) for message in self.messages)


def newest(units: Sequence[Unit], count: int) -> list[Unit]:
    """Keep so many of the newest messages, the rounds between them, and all of the run under way."""
    places = [place for place, unit in enumerate(units) if unit.is_message and not unit.is_own]
    start = places[-count] if len(places) >= count else 0
    return [unit for place, unit in enumerate(units) if place >= start or unit.is_own]


def within(units: Sequence[Unit], tokens: int) -> list[Unit]:
    """Leave out the oldest until the rest fits, but never the first user message, the newest one or the run's own."""
    sizes = [unit.tokens for unit in units]
    first = next((place for place, unit in enumerate(units) if unit.is_user), -1)
    last = max((place for place, unit in enumerate(units) if unit.is_message and not unit.is_own), default=-1)
    total = sum(sizes)
    left_out: set[int] = set()
    for place, unit in enumerate(units):
        if total <= tokens:
            break
        if place not in (first, last) and not unit.is_own:
            left_out.add(place)
            total -= sizes[place]
    return [unit for place, unit in enumerate(units) if place not in left_out]


def estimate(value: object) -> int:
    """Estimate the tokens of a text, or of all texts inside of a JSON value."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace")) // _PER_TOKEN + 1
    if is_object(value):
        if value.get("type") in ("image_url", "image_file"):
            return _IMAGE_TOKENS
        return 3 + sum(estimate(one) for one in value.values())
    if is_array(value):
        return sum(estimate(one) for one in value)
    return 1
