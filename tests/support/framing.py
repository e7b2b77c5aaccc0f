"""Bytes through a framer, whole and cut."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from assistants_async.core.streams.json_framers import (
    ConcatenatedJSON,
    JSONFramer,
    JSONLines,
    JSONSequence,
    ListElements,
)
from assistants_async.errors import ItemDecodeError, StreamError, StreamTruncatedError
from tests.support.cuts import one_cut, steps, two_cuts, with_gaps

FRAMERS: list[type[JSONFramer]] = [ConcatenatedJSON, JSONLines, JSONSequence, ListElements]


def frame(framer: JSONFramer, pieces: list[bytes]) -> tuple[list[bytes], StreamError | None]:
    """The items of a whole body and the error behind them, read as a stream reads them."""
    items: list[bytes] = []
    for piece in pieces:
        items += framer.feed(piece)
        if framer.error is not None:
            break
    with contextlib.suppress(StreamError):
        items += framer.finish()
    assert framer.items == len(items)
    if framer.error is not None:
        assert framer.error.items == len(items)
    return items, framer.error


def facts(outcome: tuple[list[bytes], StreamError | None]) -> tuple[Any, ...]:
    """The facts that must be the same for any cut."""
    items, error = outcome
    partial = error.partial if isinstance(error, StreamTruncatedError) else b""
    index, raw = (error.index, error.raw) if isinstance(error, ItemDecodeError) else (None, b"")
    return items, type(error), str(error), partial, index, raw


def every_cut(body: bytes) -> Iterator[list[bytes]]:
    """All the ways to cut that a test can afford."""
    yield from ([body], steps(body, 1), steps(body, 3), with_gaps(body))
    yield from one_cut(body)
    if len(body) < 40:
        yield from two_cuts(body)


def check(make: Callable[[], JSONFramer], body: bytes, items: list[bytes], error: type[StreamError] | None) -> None:
    """The body gives these items and this error, however it is cut."""
    expected = facts(frame(make(), [body]))
    assert expected[:2] == (items, error or type(None))
    for pieces in every_cut(body):
        assert facts(frame(make(), pieces)) == expected


places = st.lists(st.integers(0, 80), max_size=6)


names = st.sampled_from(["id", "data", 'd"a', "a\\", "x"])
leaves = (
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=5) | st.sampled_from(['},{"id":', "[", "]}"])
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
)
indents = st.sampled_from([None, 0, 2])


def dump(value: object, indent: int | None, *, ascii_only: bool = True) -> bytes:
    """JSON text, compact or with line ends."""
    separators = (",", ":") if indent is None else None
    return json.dumps(value, indent=indent, separators=separators, ensure_ascii=ascii_only).encode()
