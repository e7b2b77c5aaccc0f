"""Search over chunks of text: BM25, and filters over attributes."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, NamedTuple

from ..._typing import is_array

_WORD = re.compile(r"\w+")
_TOKEN = re.compile(r"\S+")
# The usual constants of BM25 (Robertson and Zaragoza 2009): how soon repetition saturates, how much length counts.
_SATURATION = 1.2
_LENGTH = 0.75


class Chunk(NamedTuple):
    """A piece of a file that is found as one."""

    text: str
    """Its words."""
    terms: Mapping[str, int]
    """The number of times each occurs, in lower case."""
    length: int
    """Words in all."""


class Source(NamedTuple):
    """A file that can be searched."""

    file_id: str
    filename: str
    attributes: Mapping[str, Any]
    chunks: Sequence[Chunk]


class Found(NamedTuple):
    """A chunk that a search found."""

    source: Source
    chunk: Chunk
    score: float
    """From 0 to 1; 1 would be a chunk that consists of what was asked for."""


def chunked(text: str, size: int, overlap: int) -> Iterator[Chunk]:
    """Cut a text into chunks of at most `size` tokens, each with the last `overlap` ones of the chunk before.

    A token here is a word between white space.
    """
    spans = [match.span() for match in _TOKEN.finditer(text)]
    for start in range(0, len(spans), size - overlap):
        part = spans[start : start + size]
        piece = text[part[0][0] : part[-1][1]]
        terms = Counter(_terms(piece))
        yield Chunk(piece, terms, terms.total())
        if start + size >= len(spans):
            return


class SearchIndex:
    """The chunks of files by their words, made once and asked often."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._chunks: list[tuple[int, Chunk]] = []
        self._places: dict[str, list[int]] = {}
        for number, source in enumerate(sources):
            for chunk in source.chunks:
                for term in chunk.terms:
                    self._places.setdefault(term, []).append(len(self._chunks))
                self._chunks.append((number, chunk))

    def ranked(self, query: str, *, condition: Mapping[str, Any] | None = None) -> list[Found]:
        """Return the chunks that have a word of the query, best first; equal ones in the order of their files.

        Files whose attributes do not pass the filter count for nothing.
        """
        taken = [matches(condition, source.attributes) for source in self._sources]
        lengths = [chunk.length for number, chunk in self._chunks if taken[number]]
        # Each word once and in order, so that a repeated word does not count twice.
        wanted = dict.fromkeys(_terms(query))
        places = {
            term: [place for place in self._places.get(term, ()) if taken[self._chunks[place][0]]] for term in wanted
        }
        weights = {term: _weight(len(places[term]), len(lengths)) for term in wanted}
        # What no chunk can pass: every word of the query, again and again.
        most = sum(weights.values()) * (_SATURATION + 1)
        # Chunks of signs alone have no words at all.
        average = sum(lengths) / max(len(lengths), 1) or 1.0
        hit = sorted({place for found in places.values() for place in found})
        scored = (
            Found(self._sources[number], chunk, _score(chunk, weights, average) / most)
            for number, chunk in (self._chunks[place] for place in hit)
        )
        return sorted(scored, key=lambda found: -found.score)


def matches(condition: Mapping[str, Any] | None, attributes: Mapping[str, Any]) -> bool:
    """Check whether attributes pass a filter (`ComparisonFilter`, `CompoundFilter`); all do where there is none."""
    if condition is None:
        return True
    kind = condition["type"]
    if kind in _COMPOUND:
        return _COMPOUND[kind](matches(inner, attributes) for inner in condition["filters"])
    value, wanted = attributes.get(condition["key"]), condition["value"]
    if kind in ("in", "nin"):
        listed: list[Any] = wanted if is_array(wanted) else [wanted]
        return any(_alike(value, one) and bool(value == one) for one in listed) is (kind == "in")
    if not _alike(value, wanted):
        return bool(kind == "ne")
    return bool(_COMPARISONS[kind](value, wanted))


_COMPOUND: Mapping[str, Callable[[Iterable[bool]], bool]] = {"and": all, "or": any}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "gt": gt, "gte": ge, "lt": lt, "lte": le}


def _alike(value: Any, wanted: Any) -> bool:
    """Check whether two values can be compared: text with text, numbers with numbers; true is no 1 here."""
    return _family(value) is _family(wanted) is not None


def _family(value: Any) -> type | None:
    for family in (bool, str):
        if isinstance(value, family):
            return family
    return float if isinstance(value, (int, float)) else None


def _terms(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _weight(having: int, chunks: int) -> float:
    """Weigh a word by the number of chunks that have it (its inverse document frequency)."""
    # With 1 added, so that a word which most chunks have never counts against them.
    return math.log(1 + (chunks - having + 0.5) / (having + 0.5))


def _score(chunk: Chunk, weights: Mapping[str, float], average: float) -> float:
    length = 1 - _LENGTH + _LENGTH * chunk.length / average
    return sum(
        weight * count * (_SATURATION + 1) / (count + _SATURATION * length)
        for term, weight in weights.items()
        if (count := chunk.terms.get(term, 0))
    )
