"""The pages of a list, and the items on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, TypeVar

from .._typing import override
from ..core.requests.options import Options, raising
from ..core.requests.request import Request
from ..core.responses.cursor import Cursor
from ..models.pages import AnyPage
from ..response import Response

if TYPE_CHECKING:
    from ..session.manager import SessionManager

T = TypeVar("T")
P = TypeVar("P", bound=AnyPage[Any])


class PageWalk(AsyncIterator[P]):
    """The pages of a list, one request each."""

    __slots__ = ("_cursor", "_done", "_options", "_request", "_result", "_session")

    def __init__(self, session: SessionManager, request: Request, options: Options, result: type[P]) -> None:
        self._result = result
        self._session = session
        self._request = request
        # A walk has no place for a status between its items, and would seem to end at one.
        self._options = raising(options)
        self._cursor = Cursor(request.endpoint, request.query, session.protocol)
        self._done = False

    @property
    def backward(self) -> bool:
        """True for a list that is walked towards its start."""
        return self._cursor.backward

    @property
    def finished(self) -> bool:
        """True once the last page has come."""
        return self._done

    @property
    def next_query(self) -> dict[str, Any]:
        """The query parameter by which the next request differs; none once the last page has come."""
        member = self._cursor.member
        return {} if self._done or member not in self._request.query else {member: self._request.query[member]}

    @override
    async def __anext__(self) -> P:
        if self._done:
            raise StopAsyncIteration
        request = self._request
        self._done = True  # unless this page names another
        page: P = await self._session.value(request, self._options, self._result)
        self._advance(page)
        return page

    async def response(self) -> Response[P]:
        """Await for the next page together with the answer it came in; raises `StopAsyncIteration` behind the last."""
        if self._done:
            raise StopAsyncIteration
        self._done = True
        answer: Response[P] = await self._session.send(self._request, self._options, self._result)
        self._advance(answer.value)
        return answer

    def _advance(self, page: P) -> None:
        request, cursor = self._request, self._cursor.advance(page)
        if cursor is not None and self._cursor.member is not None:
            request.query[self._cursor.member] = cursor
            self._done = False


async def items_of(pages: AsyncIterator[AnyPage[T]], *, backward: bool) -> AsyncIterator[T]:
    """Yield the items of pages; the next page is requested when the one before is used up."""
    # A generator may be broken off at its yield: between pages nothing is open that it would have to close.
    async for page in pages:
        for item in reversed(page.data) if backward else page.data:
            yield item
