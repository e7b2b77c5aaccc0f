"""Lists over all their pages: one call that awaits to a page and iterates to every item."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Generic, Literal, TypeVar, overload

from .._typing import override
from ..models.pages import AnyPage, Page
from ..response import HTTPResponse
from .call import Call
from .channel import BodyDecoder, Channel
from .items import Items
from .pages import PageWalk, items_of
from .prefetch import Prefetch

T = TypeVar("T")
P = TypeVar("P", bound=AnyPage[Any])


class PagedCall(Call[P, T], Items[T], Generic[P, T]):
    """A list operation: `await` it for one page, `async for` it for every item of every page.

    With only `before` given it walks backwards from that item: the pages before it, each item before the
    one that came last. No connection is held between pages.
    """

    __slots__ = ()

    @override
    def __aiter__(self) -> AsyncIterator[T]:
        pages = self.pages()
        return items_of(pages, backward=pages.backward)

    @overload
    def stream(self, *, pages: Literal[False] = False) -> Channel[T]: ...

    @overload
    def stream(self, *, pages: Literal[True]) -> Channel[P]: ...

    @override
    def stream(self, *, pages: bool = False) -> Channel[Any]:
        """Enter for the elements of one page, each as its closing brace arrives; with `pages`, for the page whole.

        No further page is asked for: iterate the call itself for all of them.
        """

        def choose(http: HTTPResponse) -> BodyDecoder[Any]:
            from ..core.streams.body_decoders import item_reading  # on use

            return item_reading(self._request.endpoint, http, self._options, self._result, pages=pages)

        return Channel(self._request.endpoint.name, self._opener(choose), self._options.on_error)

    def pages(self) -> PageWalk[P]:
        """Iterate page by page, each as the server sent it."""
        self._use()
        return PageWalk(self._session, self._request, self._options)

    @override
    async def first(self) -> T | None:
        """The first item, asked for alone unless `limit` was given; None where there is none."""
        if self._request.endpoint.page_parameter is None:
            self._request.query.setdefault("limit", 1)
        return await super().first()

    def prefetch(self) -> Prefetch[T]:
        """Enter for the same items, with the next page under way while this one is worked on."""
        return Prefetch(self.pages())


class ListCall(PagedCall[Page[T], T], Generic[T]):
    """A list that pages by the ids of its items, as nearly all do."""

    __slots__ = ()
