"""Damage to bytes, several kinds at once, all from one source of randomness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

MOST = 6
"""Mutations of one input at the most; few of them keep near the format, many leave it."""
LONGEST = 20_000
"""Bytes that an input may grow to."""

Mutation = Callable[[Random, bytearray, Sequence[bytes], Sequence[bytes]], None]


def mutated(random: Random, corpus: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the corpus, damaged."""
    data = bytearray(random.choice(corpus))
    for _ in range(random.randint(0, MOST)):
        random.choice(MUTATIONS)(random, data, corpus, words)
        del data[LONGEST:]
    return bytes(data)


def _span(random: Random, data: Sequence[int], most: int = 64) -> slice:
    start = random.randint(0, len(data))
    return slice(start, start + random.randint(0, most))


def _flip(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _set(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    if data:
        data[random.randrange(len(data))] = random.randrange(256)


def _delete(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    del data[_span(random, data)]


def _cut(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    del data[random.randint(0, len(data)) :]


def _repeat(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    span = _span(random, data, 300)
    data[span.start : span.start] = data[span] * random.choice((1, 1, 2, 20))


def _swap(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    one, other = _span(random, data), _span(random, data)
    data[one], data[other] = data[other], data[one]


def _splice(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    donor = random.choice(corpus)
    data[_span(random, data)] = donor[_span(random, donor, 300)]


def _insert(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    place = random.randint(0, len(data))
    data[place:place] = random.choice(words)


def _replace(random: Random, data: bytearray, corpus: Sequence[bytes], words: Sequence[bytes]) -> None:
    """Put one word in the place of another that occurs."""
    old = random.choice(words)
    if (place := data.find(old, random.randint(0, len(data)))) >= 0:
        data[place : place + len(old)] = random.choice(words)


MUTATIONS: tuple[Mutation, ...] = (
    _flip, _set, _delete, _cut, _repeat, _swap, _splice, _insert, _insert, _replace, _replace,
)  # fmt: skip
