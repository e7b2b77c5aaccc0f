"""Pages of a collection, by cursor or by token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any

from ..errors import invalid
from ..storage.collection import Collection, Document
from .context import Context

DEFAULT_LIMIT = 20
"""Items on a page of a request without `limit`."""


def page(
    collection: Collection,
    values: Mapping[str, Any],
    render: Callable[[Document], Document],
    *,
    keep: Callable[[Document], bool] | None = None,
    value: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Document:
    """Return one page of a collection by `limit`, `order`, `after` and `before`, in the list envelope.

    With `before` alone the page ends right before the cursor, and `has_more` is about the items further back;
    otherwise it starts at the front or behind `after`. The cursor of a deleted item keeps its place; an unknown
    cursor raises a 400. `keep` filters the items, `value` selects by the collection's indexed member.
    """
    size: int = values.get("limit") or limit
    ascending = values.get("order") == "asc"
    after, before = _place(collection, values, "after"), _place(collection, values, "before")
    backward = before is not None and after is None
    walk = collection.walk(before if backward else after, ascending=ascending != backward, value=value)
    if before is not None and not backward:
        walk = takewhile(_precedes(collection, before, ascending=ascending), walk)
    # One item more than the page has shows that there are more.
    found = list(islice(filter(keep, walk) if keep else walk, size + 1))
    data = [render(document) for document in found[:size]]
    if backward:
        data.reverse()
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": len(found) > size,
    }


# Tokens are opaque to clients, unlike the ids that lists by cursor use.
_MARK = "after_"


def token_page(context: Context, items: Sequence[Document], size: int) -> Document:
    """Return one page of a list by token; `next_page` is the token of the next page, None at the end."""
    parameter = context.endpoint.page_parameter
    assert parameter is not None
    token = context.http.query.get(parameter, f"{_MARK}0")
    start = token.removeprefix(_MARK)
    # A short number: Python refuses to read one of more than 4,300 digits, with an error of its own.
    if not (token.startswith(_MARK) and start.isdecimal() and len(start) < 10):
        raise invalid(f"Invalid page token: '{token}'.", parameter, "invalid_cursor")
    end = int(start) + size
    more = end < len(items)
    return {"data": items[int(start) : end], "has_more": more, "next_page": f"{_MARK}{end}" if more else None}


def _precedes(collection: Collection, place: int, *, ascending: bool) -> Callable[[Document], bool]:
    def precedes(document: Document) -> bool:
        at = collection.place(document["id"])
        return at is not None and (at < place if ascending else at > place)

    return precedes


def _place(collection: Collection, values: Mapping[str, Any], name: str) -> int | None:
    cursor = values.get(name)
    if cursor is None:
        return None
    place = collection.place(cursor)
    if place is None:
        raise invalid(f"Invalid cursor: no {collection.kind} found with id '{cursor}'.", name, "invalid_cursor")
    return place
