"""Search: chunks, ranks and filters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.server.storage.search import Found, SearchIndex, Source, chunked, matches


def ranked(query: str, sources: list[Source]) -> list[Found]:
    """Search files once."""
    return SearchIndex(sources).ranked(query)


def source(name: str, text: str, **attributes: Any) -> Source:
    """A file of one chunk."""
    return Source(name, f"{name}.txt", attributes, tuple(chunked(text, 800, 400)))


@given(st.lists(st.text("abc", min_size=1, max_size=3), max_size=60), st.integers(2, 20), st.integers(0, 10))
def test_chunks_cover_the_text(words: list[str], size: int, overlap: int) -> None:
    """Every word is in a chunk, no chunk is longer than its limit, and neighbours overlap."""
    overlap = min(overlap, size // 2)
    chunks = [chunk.text.split() for chunk in chunked(" \n".join(words), size, overlap)]
    assert all(len(chunk) <= size for chunk in chunks)
    whole = [*(chunks[0] if chunks else []), *(word for chunk in chunks[1:] for word in chunk[overlap:])]
    assert whole == words


def test_the_best_comes_first() -> None:
    """Rare words count more than common ones, and all of them more than one."""
    sources = [source("a", "rain in Paris"), source("b", "rain in Oslo and rain again"), source("c", "sun in Rome")]
    assert [found.source.file_id for found in ranked("Oslo rain", sources)] == ["b", "a"]
    assert [found.source.file_id for found in ranked("PARIS", sources)] == ["a"]
    assert ranked("snow", sources) == ranked("", sources) == ranked("x", []) == []


@given(st.text("ab ", max_size=20), st.lists(st.text("abc ", min_size=1, max_size=30), max_size=6))
def test_scores_are_from_0_to_1(query: str, texts: list[str]) -> None:
    """And fall."""
    scores = [found.score for found in ranked(query, [source(str(n), text) for n, text in enumerate(texts)])]
    assert all(0 < score <= 1 for score in scores)
    assert scores == sorted(scores, reverse=True)


ATTRIBUTES = {"lang": "en", "year": 2024, "draft": True, "rate": 0.5}


def one(kind: str, key: str, value: Any) -> dict[str, Any]:
    """A comparison."""
    return {"type": kind, "key": key, "value": value}


FILTERS: list[tuple[dict[str, Any] | None, bool]] = [
    (None, True),
    (one("eq", "lang", "en"), True),
    (one("eq", "lang", "de"), False),
    (one("ne", "lang", "de"), True),
    (one("ne", "lang", "en"), False),
    (one("eq", "year", 2024.0), True),
    (one("gt", "year", 2023), True),
    (one("gt", "year", 2024), False),
    (one("gte", "year", 2024), True),
    (one("lt", "rate", 1), True),
    (one("lte", "rate", 0.4), False),
    (one("in", "lang", ["de", "en"]), True),
    (one("nin", "lang", ["de", "en"]), False),
    (one("in", "lang", "en"), True),
    (one("nin", "missing", ["x"]), True),
    (one("in", "draft", [1]), False),
    (one("eq", "draft", 1), False),
    (one("eq", "draft", True), True),
    (one("gt", "lang", 5), False),
    (one("eq", "missing", "x"), False),
    (one("ne", "missing", "x"), True),
    ({"type": "and", "filters": [one("eq", "lang", "en"), one("gt", "year", 2000)]}, True),
    ({"type": "and", "filters": [one("eq", "lang", "en"), one("gt", "year", 3000)]}, False),
    ({"type": "or", "filters": [one("eq", "lang", "de"), {"type": "and", "filters": [one("lt", "year", 2025)]}]}, True),
]


@pytest.mark.parametrize(("condition", "passes"), FILTERS)
def test_filters(condition: dict[str, Any] | None, passes: bool) -> None:
    """Text against text, numbers against numbers; true is not 1, and what is missing is unlike anything."""
    assert matches(condition, ATTRIBUTES) is passes
