"""JSON items past a limit, and errors that name the place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from assistants_async.core.streams.json_framers import (
    ConcatenatedJSON,
    JSONFramer,
    JSONLines,
    JSONSequence,
    ListElements,
)
from assistants_async.errors import ItemDecodeError, ItemTooLargeError, StreamError, StreamTruncatedError
from tests.support.cuts import steps
from tests.support.framing import FRAMERS, check, frame

LIMITED: list[tuple[type[JSONFramer], int, bytes, list[bytes], bool]] = [
    (ConcatenatedJSON, 8, b'[1]"345678"[2]', [b"[1]", b'"345678"', b"[2]"], True),
    (ConcatenatedJSON, 8, b'[1]"3456789"[2]', [b"[1]"], False),
    (ConcatenatedJSON, 8, b"[1] 12345678 [2]", [b"[1]", b"12345678", b"[2]"], True),
    (ConcatenatedJSON, 8, b"[1] 123456789 [2]", [b"[1]"], False),
    (ConcatenatedJSON, 8, b"[1][[[[[[[[[[", [b"[1]"], False),
    (JSONLines, 8, b"[1]\n[234567]\n[2]\n", [b"[1]", b"[234567]", b"[2]"], True),
    (JSONLines, 8, b"[1]\n[234567]\r\n[2]\n", [b"[1]"], False),
    (JSONLines, 8, b"[1]\n[23456789", [b"[1]"], False),
    (JSONSequence, 8, b"\x1e[1]\n\x1e[234567]\n", [b"[1]", b"[234567]"], True),
    (JSONSequence, 8, b"\x1e[1]\n\x1e[2345678]\n", [b"[1]"], False),
    (JSONSequence, 8, b"\x1e[1]\n\x1e]2345678\x1e[2]", [b"[1]", b"]2345678", b"[2]"], True),
    (JSONSequence, 8, b"\x1e[1]\n\x1e]23456789\x1e[2]", [b"[1]"], False),
    (ListElements, 11, b'{"data":[[3],[4],[34567890],[1]]}', [b"[3]", b"[4]", b"[34567890]", b"[1]"], True),
    (ListElements, 11, b'{"data":[[3],[4],[3456789012],[1]]}', [b"[3]", b"[4]"], False),
    (ListElements, 11, b'{"data":[[3],[4],[3456789012]]}', [b"[3]", b"[4]"], False),
    (ListElements, 11, b'{"data":[[34567],[34567],[345678901234],[1]]}', [b"[34567]"] * 2, False),
    (ListElements, 11, b'{"data":[{"id":"1234567"},{"id":"1234567"}]}', [], False),
    (ListElements, 11, b'{"data":[1],"a":2}', [b"1"], False),
]


@pytest.mark.parametrize(("kind", "limit", "body", "items", "fits"), LIMITED)
def test_limit(kind: type[JSONFramer], limit: int, body: bytes, items: list[bytes], *, fits: bool) -> None:
    """An item past the limit ends the framing after the items before it, whether it ever ends or not."""
    check(lambda: kind(limit), body, items, None if fits else ItemTooLargeError)


def test_a_limit_between_two_elements_that_look_alike() -> None:
    """An element that is found by its likeness to the last one has the same limit."""
    body = b'{"data":[' + b",".join(b'{"id":"a%s"}' % (b"x" * length) for length in (1, 1, 1, 12, 1)) + b"]}"
    check(lambda: ListElements(15), body, [b'{"id":"ax"}'] * 3, ItemTooLargeError)


@pytest.mark.parametrize("kind", FRAMERS)
def test_an_error_comes_again(kind: type[JSONFramer]) -> None:
    """The items before an error are returned first; then whatever is called raises it."""
    framer = kind(16)
    body = b'{"data":[{},[]' if kind is ListElements else b"{}\n[]\n"
    assert framer.feed(body + b"[" * 50) == [b"{}", b"[]"]
    assert framer.error is not None
    assert (framer.error.items, framer.items) == (2, 2)
    with pytest.raises(StreamError) as fed:
        framer.feed(b"]")
    with pytest.raises(StreamError) as finished:
        framer.finish()
    assert fed.value is finished.value is framer.error


def test_errors_name_their_place() -> None:
    """A malformed body has the item's index, the byte and the expected byte."""
    framer = ConcatenatedJSON()
    assert framer.feed(b"[1][2]") == [b"[1]", b"[2]"]
    assert framer.feed(b"[3],") == [b"[3]"]
    with pytest.raises(ItemDecodeError, match=r"expected a JSON value, not b','") as raised:
        framer.finish()
    assert (raised.value.index, raised.value.items, raised.value.raw) == (3, 3, b",")


@pytest.mark.parametrize("kind", FRAMERS)
def test_a_cut_item_is_shown_in_part(kind: type[JSONFramer]) -> None:
    """Of an unfinished item the error keeps one KiB."""
    start = b'{"data":[' if kind is ListElements else b""
    _, error = frame(kind(), steps(start + b'{"text":"' + b"x" * 5000, 700))
    assert isinstance(error, StreamTruncatedError)
    assert error.partial == b'{"text":"' + b"x" * 1015


@pytest.mark.parametrize("size", [1 << 20, 1000])
def test_deep_and_long_items(size: int) -> None:
    """Nesting without bound, a long string, and many brackets in one item do no harm in any piece."""
    deep = b"[" * 100_000 + b"]" * 100_000
    long = b'"' + b'\\"{' * 100_000 + b'"'
    wide = b"[" + b'{"a":[1,{"b":[]}]},' * 10_000 + b"{}]"
    body = b'{"data":[' + deep + b"," + long + b"," + wide + b"," + long + b"]}"
    assert frame(ListElements(), steps(body, size)) == ([deep, long, wide, long], None)
    assert frame(ConcatenatedJSON(), steps(deep + long + wide, size)) == ([deep, long, wide], None)


def test_items_are_for_a_decoder() -> None:
    """Items of the framers decode, and items spoiled by an RS or a wrong byte do not."""
    records, _ = frame(JSONSequence(), [b'\x1e{"a":1}\n\x1e12\x1e"x\x1e]\x1e[2]\n'])
    good: list[Any] = []
    for record in records:
        try:
            good.append(msgspec.json.decode(record))
        except msgspec.DecodeError:
            good.append(None)
    assert good == [{"a": 1}, None, None, None, [2]]
