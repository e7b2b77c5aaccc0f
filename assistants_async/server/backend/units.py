"""Units of a prompt, which are sent or dropped as a whole, and the choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..._typing import is_array, is_object

# Tokens of an image of any size: models cut and scale images to about that number.
_IMAGE_TOKENS = 800
# Bytes of text for each token: English has four, so the estimate is rather too high.
_PER_TOKEN = 3


@dataclass(slots=True)
class Unit:
    """A message, or a round of tool calls with its outputs."""

    messages: list[dict[str, Any]]
    """Messages of the chat."""
    is_message: bool = False
    """True with a message of the thread, False for calls alone."""
    is_own: bool = False
    """True for a unit of the active run; these always stay."""
    is_user: bool = False
    """True for a message of the user."""

    @property
    def tokens(self) -> int:
        """Estimated number of tokens."""
        return sum(estimate(message) for message in self.messages)


def newest(units: Sequence[Unit], count: int) -> list[Unit]:
    """Keep the newest `count` messages, the rounds between them, and all units of the active run."""
    places = [place for place, unit in enumerate(units) if unit.is_message and not unit.is_own]
    start = places[-count] if len(places) >= count else 0
    return [unit for place, unit in enumerate(units) if place >= start or unit.is_own]


def within(units: Sequence[Unit], tokens: int) -> list[Unit]:
    """Drop the oldest units until the rest fits, but never the first user message, the newest or the run's own."""
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
    """Estimate the tokens of a text, or of all texts in a JSON value."""
    if isinstance(value, str):
        return len(value.encode("utf-8", "replace")) // _PER_TOKEN + 1
    if is_object(value):
        if value.get("type") in ("image_url", "image_file"):
            return _IMAGE_TOKENS
        return 3 + sum(estimate(one) for one in value.values())
    if is_array(value):
        return sum(estimate(one) for one in value)
    return 1
