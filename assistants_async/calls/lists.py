"""Lists over all their pages: one call that awaits to a page and iterates to every item."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, overload

from .._typing import Generic, override
from ..errors.old_names import Listed, old_names
from ..models.pages import AnyPage, Page, is_page, like
from ..response import HTTPResponse
from .call import Call
from .channel import Channel
from .items import Items
from .pages import PageWalk, items_of
from .pipe import Sender

if TYPE_CHECKING:
    from .prefetch import Prefetch

T = TypeVar("T")
P = TypeVar("P", bound=AnyPage[Any])
U = TypeVar("U")


@old_names
class PagedCall(Call[P, T], Items[T], Listed, Generic[P, T]):
    """A list operation: `await` it for one page, `async for` it for every item of every page.

    With only `before` given it walks backwards from that item: the pages before it, each item before the
    one that came last. No connection is kept between pages.
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

        No further page is requested: iterate the call itself for all of them.
        """
        return Channel(
            self._request.endpoint.name,
            self._opener(partial(self._decoder, pages=pages)),
            partial(self._session.errors.notify, self._options),
        )

    @override
    async def into(self, sender: Sender[Any], *, close: bool = True, pages: bool = False) -> HTTPResponse | None:
        """Push the elements of one page into a channel of the caller's, or with `pages` the page whole; see `Call`."""
        channel: Channel[Any] = self.stream(pages=True) if pages else self.stream()
        return await self._push(channel, sender, close=close)

    @override
    def as_type(self, type: type[U]) -> PagedCall[AnyPage[U], U]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  a list stays one
        """Return the same list with its items decoded as another type: a model of your own, or `dict`.

        A page type of your own takes the place of the page, and `bytes` gives the body of one page.
        """
        self._check_type(type)
        self._use()
        result = like(self._request.endpoint.result, type)
        kind: Any = PagedCall if is_page(result) else Call
        return cast("PagedCall[AnyPage[U], U]", kind(self._session, self._request, self._options, result))

    def pages(self) -> PageWalk[P]:
        """Iterate page by page, each as the server sent it."""
        self._use()
        return PageWalk(self._session, self._request, self._options, self._result)

    @override
    async def first(self) -> T | None:
        """Request the first item, alone unless `limit` was given; None where there is none."""
        if self._request.endpoint.page_parameter is None:
            # One item is wanted: a whole page would be sent and decoded for it. Lists by token have no `limit`.
            self._request.query.setdefault("limit", 1)
        return await super().first()

    def prefetch(self) -> Prefetch[T]:
        """Enter for the same items, with the next page under way while this one is worked on."""
        from .prefetch import Prefetch  # on use: it imports anyio

        return Prefetch(self.pages())


class ListCall(PagedCall[Page[T], T], Generic[T]):
    """A list that pages by the ids of its items, as nearly all do."""

    __slots__ = ()
