"""The next cursor of a list, for every envelope that servers send."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import Message, Page, PaginationError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.core.responses.cursor import Cursor
from assistants_async.endpoints import LIST_FILES, LIST_MESSAGES, SEARCH_VECTOR_STORE
from assistants_async.models import SearchPage, SearchResult


def page(*ids: str, more: bool | None = True, first: str | None = None, last: str | None = None) -> Page[Message]:
    """A page of messages with these ids."""
    return Page(data=tuple(Message(id=name) for name in ids), has_more=more, first_id=first, last_id=last)


def cursor(protocol: ProtocolVersion = "v2", **query: Any) -> Cursor:
    """The cursor of a list of messages."""
    return Cursor(LIST_MESSAGES, query, protocol)


ENVELOPES: dict[str, tuple[dict[str, Any], Page[Message], str | None]] = {
    "more": ({}, page("a", "b", last="b"), "b"),
    "no more": ({}, page("a", "b", more=False, last="b"), None),
    "last id unlike the last item": ({}, page("a", "b", last="cursor_2"), "cursor_2"),
    "null ids": ({}, page("a", "b"), "b"),
    "empty page that says more": ({}, page(), None),
    "empty page with ids": ({}, page(first="a", last="b"), None),
    "does not say, page not full": ({"limit": 3}, page("a", "b", more=None), None),
    "does not say, page full": ({"limit": 2}, page("a", "b", more=None), "b"),
    "does not say, no limit, short": ({}, page("a", more=None), None),
    "does not say, no limit, full": ({}, page(*map(str, range(20)), more=None), "19"),
    "backward": ({"before": "z"}, page("a", "b", first="a", last="b"), "a"),
    "backward with null ids": ({"before": "z"}, page("a", "b"), "a"),
    "backward at the end": ({"before": "z"}, page("a", more=False), None),
    "both ends given: forward": ({"before": "z", "after": "m"}, page("n", "o", last="o"), "o"),
    "before is None": ({"before": None}, page("a", last="a"), "a"),
}


@pytest.mark.parametrize(("query", "answer", "wanted"), ENVELOPES.values(), ids=ENVELOPES.keys())
def test_each_envelope_names_the_next_page_or_the_end(
    query: dict[str, Any], answer: Page[Message], wanted: str | None
) -> None:
    """The cursor is the envelope's, else the id of the item at the edge, else nothing."""
    assert cursor(**query).advance(answer) == wanted


@pytest.mark.parametrize(
    ("query", "member"),
    [({}, "after"), ({"after": "a"}, "after"), ({"before": "a"}, "before"), ({"after": "a", "before": "b"}, "after")],
)
def test_the_parameter_that_moves(query: dict[str, Any], member: str) -> None:
    """`before` moves only where nothing else says where to start."""
    assert cursor(**query).member == member
    assert cursor(**query).backward == (member == "before")


def test_a_repeated_cursor_is_an_error_with_its_name() -> None:
    """A server that ignores `after` sends the same page for ever: the second one is refused before it is used."""
    walk = cursor()
    assert walk.advance(page("a", "b", last="b")) == "b"
    with pytest.raises(PaginationError) as caught:
        walk.advance(page("a", "b", last="b"))
    assert (caught.value.cursor, caught.value.items) == ("b", 2)
    assert caught.value.__notes__ == ["while calling messages.list: GET /threads/{thread_id}/messages"]


def test_a_longer_cycle_is_found_too() -> None:
    """Every cursor is remembered, not just the last."""
    walk = cursor()
    assert [walk.advance(page(name, last=name)) for name in "abc"] == ["a", "b", "c"]
    with pytest.raises(PaginationError):
        walk.advance(page("a", last="a"))


def test_the_callers_own_cursor_counts_as_seen() -> None:
    """A page that ends at its own cursor would be requested again."""
    with pytest.raises(PaginationError):
        cursor(after="a").advance(page("x", "a", last="a"))


def test_a_last_page_may_repeat_a_cursor() -> None:
    """Where the server has no further page, its ids do not matter."""
    walk = cursor()
    walk.advance(page("a", last="a"))
    assert walk.advance(page("a", more=False, last="a")) is None


def test_a_list_without_cursors_has_one_page() -> None:
    """Protocol v1's list of files pages in neither direction, whatever its envelope says."""
    walk = Cursor(LIST_FILES, {}, "v1")
    assert walk.member is None
    assert walk.advance(page("a", last="a")) is None
    assert Cursor(LIST_FILES, {}, "v2").advance(page("a", last="a")) == "a"


def test_items_that_are_dicts_name_the_next_page() -> None:
    """By their id, as models do, where the page names no last one."""
    of_dicts: Any = Page(data=({"id": "a"}, {"id": "b"}), has_more=True)
    assert Cursor(LIST_MESSAGES, {}, "v2").advance(of_dicts) == "b"


@pytest.mark.parametrize(
    ("items", "more", "token", "wanted"),
    [
        (1, True, "t", "t"),
        (1, None, "t", "t"),
        (0, True, "t", "t"),
        (1, False, "t", None),
        (1, True, None, None),
        (1, None, None, None),
    ],
)
def test_a_token_names_the_next_page(items: int, more: bool | None, token: str | None, wanted: str | None) -> None:
    """It goes on unless the server says that nothing follows, also behind a page without items."""
    walk = Cursor(SEARCH_VECTOR_STORE, {}, "v2")
    assert (walk.member, walk.backward) == ("page", False)
    assert walk.advance(SearchPage(data=(SearchResult(),) * items, has_more=more, next_page=token)) == wanted


def test_a_repeated_token_is_an_error() -> None:
    """As a repeated id is, also of the caller's own."""
    walk = Cursor(SEARCH_VECTOR_STORE, {"page": "t"}, "v2")
    with pytest.raises(PaginationError, match="repeated the cursor 't'"):
        walk.advance(SearchPage(has_more=True, next_page="t"))
