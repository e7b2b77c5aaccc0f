"""Ways to cut a body into pieces, since no framer may notice them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    """The body cut at these places, in any order; equal places give empty pieces."""
    marks = [0, *sorted(min(place, len(body)) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(marks)]


def steps(body: bytes, size: int) -> list[bytes]:
    """The body cut every `size` bytes."""
    return cut(body, range(size, len(body), size))


def one_cut(body: bytes) -> Iterator[list[bytes]]:
    """Every cut into two pieces, the empty ones too."""
    for place in range(len(body) + 1):
        yield cut(body, [place])


def two_cuts(body: bytes) -> Iterator[list[bytes]]:
    """Every cut into three pieces, the empty ones too."""
    for first in range(len(body) + 1):
        for second in range(first, len(body) + 1):
            yield cut(body, [first, second])


def with_gaps(body: bytes) -> list[bytes]:
    """Single bytes with empty pieces between them."""
    return [piece for place in range(len(body)) for piece in (b"", body[place : place + 1])]
