"""Lists: awaited for a page that knows the next one, or iterated over all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar, cast

import msgspec

from .. import models
from .._typing import override
from ..calls.lists import PagedCall
from ..calls.pages import PageWalk
from ..models.pages import AnyPage
from .errors import translating
from .models import Dumps, dressed, with_request_id
from .pending import Pending
from .raw_responses import APIResponse

T = TypeVar("T")


@dataclass(frozen=True)
class PageInfo:
    """The query parameters of a next page."""

    params: dict[str, Any]


class _Pages(Generic[T]):
    """The methods of pages that go from one to the next; each page is requested once."""

    __slots__ = ()

    data: Any
    _walk: PageWalk[Any]
    _info: PageInfo | None
    _next: Any

    def has_next_page(self) -> bool:
        """Check whether a page follows."""
        return self._info is not None

    def next_page_info(self) -> PageInfo | None:
        """Return the query parameters of the next page; None where none follows."""
        return self._info

    async def get_next_page(self) -> Self:
        """Ask for the next page; raises `RuntimeError` where none follows."""
        if self._info is None:
            raise RuntimeError("no page follows: check has_next_page() before get_next_page()")
        # Once for each page, however often old code asks for it.
        if self._next is None:
            msgspec.structs.force_setattr(cast("Any", self), "_next", await next_page(self._walk))
        return cast("Self", self._next)

    async def iter_pages(self) -> AsyncIterator[Self]:
        """Yield this page and those behind it."""
        page = self
        yield page
        while page.has_next_page():
            page = await page.get_next_page()
            yield page

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.iter_pages():
            for item in page.data:
                yield item


class AsyncCursorPage(_Pages[T], Dumps, models.Page[T], Generic[T], frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]  # `to_json` is text
    """A page of a list; iterated with `async for`, it goes on over the pages behind it."""

    data: list[T] = msgspec.field(default_factory=list)  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]  old code sorts and slices it
    """The items of this page."""


class SearchPage(_Pages[models.SearchResult], Dumps, models.SearchPage, frozen=True, kw_only=True, dict=True, gc=True):  # type: ignore[misc]  # the same
    """A page of what a search found."""


class FileContentPage(  # type: ignore[misc]  # the same
    _Pages[models.FileContent], Dumps, models.FileContentPage, frozen=True, kw_only=True, dict=True, gc=True
):
    """A page of the text that the server read in a file."""


_CLASSES: dict[type, Any] = {
    models.Page: AsyncCursorPage,
    models.SearchPage: SearchPage,
    models.FileContentPage: FileContentPage,
}


async def next_page(walk: PageWalk[Any]) -> Any:
    """Ask for the next page of a list."""
    return (await next_answer(walk)).parse()


async def next_answer(walk: PageWalk[Any]) -> APIResponse[Any]:
    """Ask for the next page of a list, for the whole answer."""
    with translating():
        page, http = await walk.response()
    return APIResponse(with_request_id(page_of(page, walk), http), http)


def page_of(page: AnyPage[Any], walk: PageWalk[Any]) -> Any:
    """Make a page with a list of its items, that knows the pages behind it."""
    members = {name: dressed(getattr(page, name)) for name in page.__struct_fields__}
    # A list, which old code sorts and slices, where a native page has a tuple.
    members["data"] = list(members["data"])
    made = _CLASSES[type(page)](**members)
    # Taken now: the walk goes on with the pages behind this one.
    info = None if walk.finished else PageInfo(walk.next_query)
    for name, value in (("_walk", walk), ("_info", info), ("_next", None)):
        msgspec.structs.force_setattr(made, name, value)
    return made


class AsyncPaginator(Pending[AsyncCursorPage[T]], Generic[T]):
    """A list: `await` it for its first page, iterate it for the items of all pages."""

    __slots__ = ()

    def __init__(self, call: PagedCall[Any, Any]) -> None:
        super().__init__(call)

    @override
    async def _await(self) -> AsyncCursorPage[T]:
        page: AsyncCursorPage[T] = await next_page(self._walk())
        return page

    @override
    async def raw(self) -> APIResponse[AsyncCursorPage[T]]:
        """Await for the first page in its whole answer."""
        self._use()
        return await next_answer(self._walk())

    def _walk(self) -> PageWalk[Any]:
        call: Any = self._call
        walk: PageWalk[Any] = call.pages()
        return walk

    async def __aiter__(self) -> AsyncIterator[T]:
        async for item in await self:
            yield item
