"""Pages of documents, by cursor or by token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import APIError, invalid, words_of
from ..storage.interface import Document, Page, PageQuery, UnknownCursorError
from .context import Context

DEFAULT_LIMIT = 20
"""Items on a page of a request without `limit`."""


async def page(
    context: Context,
    kind: str,
    parent: str = "",
    *,
    ref: str | None = None,
    state: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Document:
    """Return one page of the documents of a kind by `limit`, `order`, `after` and `before`, in the list envelope.

    With `before` alone the page ends right before the cursor, and `has_more` is about the items further back;
    otherwise it starts at the front or behind `after`. The cursor of a deleted item keeps its place; an unknown
    cursor raises a 400. `ref` and `state` select by the documents' columns.
    """
    found = await page_of(context, kind, parent, ref=ref, state=state, limit=limit)
    data = context.state.rendered[context.protocol].page(kind, found.rows)
    ends = [row.document for row in (*found.rows[:1], *found.rows[-1:])]
    return {**envelope(ends, more=found.more), "data": data}


async def page_of(
    context: Context,
    kind: str,
    parent: str = "",
    *,
    ref: str | None = None,
    state: str | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Page:
    """Read one page of the documents of a kind, by the rules of `page`."""
    values = context.values
    query = PageQuery(
        limit=values.get("limit") or limit,
        ascending=values.get("order") == "asc",
        after=values.get("after"),
        before=values.get("before"),
        ref=ref,
        state=state,
    )
    try:
        return await context.batch.page(kind, parent, query)
    except UnknownCursorError as error:
        raise _unknown(kind, error.name, error.id) from None


def list_page(kind: str, documents: Sequence[Document], values: Mapping[str, Any]) -> Document:
    """Return one page of the parts of a document, given oldest first, by the rules of `page`."""
    # From memory: the document lists all its parts itself.
    ids = [document["id"] for document in documents]
    for name in ("after", "before"):
        if values.get(name) is not None and values[name] not in ids:
            raise _unknown(kind, name, values[name])
    if values.get("order") != "asc":
        documents, ids = documents[::-1], ids[::-1]
    size: int = values.get("limit") or DEFAULT_LIMIT
    start = 0 if values.get("after") is None else ids.index(values["after"]) + 1
    end = len(ids) if values.get("before") is None else ids.index(values["before"])
    if values.get("before") is not None and values.get("after") is None:
        return envelope(documents[max(0, end - size) : end], more=end > size)
    return envelope(documents[start : min(end, start + size)], more=end > start + size)


def envelope(data: Sequence[Document], *, more: bool) -> Document:
    """Put documents into the envelope of a list."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": more,
    }


def _unknown(kind: str, name: str, id: str) -> APIError:
    return invalid(f"Invalid cursor: no {words_of(kind)} found with id '{id}'.", name, "invalid_cursor")


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
