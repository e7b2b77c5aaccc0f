"""Headers as values: case-insensitive, in order, repeated ones kept."""

from __future__ import annotations

import copy
import pickle

from assistants_async import Headers

HEADERS = Headers([("X-A", "1"), ("x-b", "2"), ("x-a", "3")])


def test_headers_are_a_mapping_of_first_values() -> None:
    """By any spelling of a name."""
    assert dict(HEADERS) == {"x-a": "1", "x-b": "2"}
    assert len(HEADERS) == 2
    assert HEADERS["X-B"] == "2"
    assert "X-a" in HEADERS
    assert "x-c" not in HEADERS
    other: object = 5
    assert other not in HEADERS


def test_repeated_fields_are_kept() -> None:
    """In the order sent."""
    assert HEADERS.get_all("X-a") == ("1", "3")
    assert HEADERS.get_all("x-c") == ()
    assert repr(HEADERS) == "Headers([('X-A', '1'), ('x-b', '2'), ('x-a', '3')])"


def test_headers_survive_a_copy() -> None:
    """Made of an iterator or not."""
    made = Headers(iter(HEADERS.pairs))
    assert pickle.loads(pickle.dumps(made)).pairs == copy.copy(made).pairs == HEADERS.pairs


def test_a_header_is_found_before_and_after_others_were_indexed() -> None:
    """The first of a repeated field, in any case, or the default."""
    made = Headers(iter(HEADERS.pairs))
    for _ in range(2):
        assert (made.get("X-a"), made.get("x-c"), made.get("x-c", "none")) == ("1", None, "none")
        assert made["X-B"] == "2"  # from here on there is an index
