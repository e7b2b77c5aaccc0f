"""The cursor of a list: the query of the next request after a page, or the end."""

from __future__ import annotations

from typing import Any

from ..._typing import is_object
from ...errors import PaginationError
from ...models.pages import AnyPage
from ..requests.endpoint import Endpoint, ProtocolVersion
from ..requests.validation import plan_for

_DEFAULT_LIMIT = 20


class Cursor:
    """The place in a list, moved from page to page; forward, or backward where only `before` was given."""

    __slots__ = ("_endpoint", "_seen", "items", "limit", "member")

    def __init__(self, endpoint: Endpoint[Any, Any], query: dict[str, Any], protocol: ProtocolVersion) -> None:
        self._endpoint = endpoint
        backward = query.get("before") is not None and query.get("after") is None
        self.member: str | None = "before" if backward else "after"
        """The query parameter that moves; None for a list that has one page."""
        field = plan_for(endpoint.params).fields.get(self.member) if endpoint.params else None
        if endpoint.page_parameter is not None:
            self.member = endpoint.page_parameter
        # Protocol v1 has lists without pages, such as that of files.
        elif field is None or field.protocol not in (None, protocol):
            self.member = None
        limit = query.get("limit")
        self.limit: int = limit if isinstance(limit, int) else _DEFAULT_LIMIT
        self.items = 0
        """The number of items on the pages so far."""
        self._seen: set[str] = {query[self.member]} if self.member in query else set()

    @property
    def backward(self) -> bool:
        """True where the list is walked towards its start."""
        return self.member == "before"

    def advance(self, page: AnyPage[Any]) -> str | None:
        """The cursor of the next page, None at the end; raises `PaginationError` where the server repeats one."""
        self.items += len(page.data)
        cursor = self._token(page) if self._endpoint.page_parameter is not None else self._edge(page)
        if cursor is None:
            return None
        # A server that ignores `after` sends its first page for ever.
        if cursor in self._seen:
            error = PaginationError(cursor, items=self.items - len(page.data))
            error.add_note(f"while calling {self._endpoint}")
            raise error
        self._seen.add(cursor)
        return str(cursor)

    def _token(self, page: AnyPage[Any]) -> str | None:
        """The server's token; a page may be empty and yet have one."""
        return getattr(page, "next_page", None) if page.has_more is not False else None

    def _edge(self, page: AnyPage[Any]) -> str | None:
        """The id that the next page starts behind, or ends before."""
        # A server that does not say whether there is more has more only if it filled the page.
        more = page.has_more if page.has_more is not None else len(page.data) == self.limit
        if self.member is None or not more or not page.data:
            return None
        edge = page.data[0] if self.backward else page.data[-1]
        named = getattr(page, "first_id" if self.backward else "last_id", None)
        return named or (edge.get("id") if is_object(edge) else getattr(edge, "id", None))
