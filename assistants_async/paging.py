"""Lists over all their pages: one call that awaits to a page and iterates to every item."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from inspect import isawaitable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast, overload

from ._typing import override
from .call import Call
from .channel import Channel, Reading
from .core.options import Options
from .core.paging import Cursor
from .core.request import Request
from .models.pages import AnyPage, Page
from .session import SessionManager
from .wire import HTTPResponse

if TYPE_CHECKING:
    import anyio.abc
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

T = TypeVar("T")
U = TypeVar("U")
P = TypeVar("P", bound=AnyPage[Any])


class Items(AsyncIterable[T]):
    """Something to iterate with `async for`, and to narrow before: each step is lazy and gives another `Items`."""

    __slots__ = ()

    def take(self, count: int) -> Items[T]:
        """Stop after so many items; pages beyond them are never asked for."""
        if count < 0:
            raise ValueError(f"take() needs a count of at least 0, not {count}")
        return _Chain(self, lambda items: _take(items, count))

    def filter(self, keep: Callable[[T], bool | Awaitable[bool]]) -> Items[T]:
        """Pass on the items for which a function, sync or async, is true."""
        return _Chain(self, lambda items: _filter(items, keep))

    # Overloads, since checkers cannot find U in `U | Awaitable[U]`.

    @overload
    def map(self, change: Callable[[T], Awaitable[U]]) -> Items[U]: ...

    @overload
    def map(self, change: Callable[[T], U]) -> Items[U]: ...

    def map(self, change: Callable[[T], Any]) -> Items[Any]:
        """Pass on what a function, sync or async, makes of each item."""
        return _Chain(self, lambda items: _map(items, change))

    async def collect(self, max_items: int | None = None) -> list[T]:
        """Gather the items, at most `max_items` of them."""
        items = self if max_items is None else self.take(max_items)
        return [item async for item in items]

    async def first(self) -> T | None:
        """The first item; None where there is none."""
        async for item in self:
            return item
        return None


class _Chain(Items[U], Generic[T, U]):
    """Items seen through one step."""

    __slots__ = ("_source", "_step")

    def __init__(self, source: AsyncIterable[T], step: Callable[[AsyncIterator[T]], AsyncIterator[U]]) -> None:
        self._source = source
        self._step = step

    @override
    def __aiter__(self) -> AsyncIterator[U]:
        return self._step(aiter(self._source))


async def _take(items: AsyncIterator[T], count: int) -> AsyncIterator[T]:
    # Counted before asking: the item after the last one may stand on a page of its own.
    for _ in range(count):
        try:
            yield await anext(items)
        except StopAsyncIteration:
            return


async def _filter(items: AsyncIterator[T], keep: Callable[[T], bool | Awaitable[bool]]) -> AsyncIterator[T]:
    async for item in items:
        kept = keep(item)
        if await kept if isawaitable(kept) else kept:
            yield item


async def _map(items: AsyncIterator[T], change: Callable[[T], U | Awaitable[U]]) -> AsyncIterator[U]:
    async for item in items:
        changed = change(item)
        yield cast("U", await changed if isawaitable(changed) else changed)


class PagedCall(Call[P, T], Items[T], Generic[P, T]):
    """A list operation: `await` it for one page, `async for` it for every item of every page.

    With only `before` given it walks backwards from that item: the pages before it, each item before the
    one that came last. No connection is held between pages.
    """

    __slots__ = ()

    @override
    def __aiter__(self) -> AsyncIterator[T]:
        pages = self.pages()
        return _items_of(pages, backward=pages.backward)

    @overload
    def stream(self, *, pages: Literal[False] = False) -> Channel[T]: ...

    @overload
    def stream(self, *, pages: Literal[True]) -> Channel[P]: ...

    @override
    def stream(self, *, pages: bool = False) -> Channel[Any]:
        """Enter for the elements of one page, each as its closing brace arrives; with `pages`, for the page whole.

        No further page is asked for: iterate the call itself for all of them.
        """

        def choose(http: HTTPResponse) -> Reading[Any]:
            from .core.readings import item_reading  # on use

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


class PageWalk(AsyncIterator[P]):
    """The pages of a list, one request each."""

    __slots__ = ("_cursor", "_done", "_options", "_request", "_session")

    def __init__(self, session: SessionManager, request: Request, options: Options) -> None:
        self._session = session
        self._request = request
        self._options = options
        self._cursor = Cursor(request.endpoint, request.query, session.protocol)
        self._done = False

    @property
    def backward(self) -> bool:
        """Whether the list is walked towards its start."""
        return self._cursor.backward

    @override
    async def __anext__(self) -> P:
        if self._done:
            raise StopAsyncIteration
        request = self._request
        self._done = True  # unless this page names another
        page: P = await self._session.value(request, self._options, request.endpoint.result)
        cursor = self._cursor.advance(page)
        if cursor is not None and self._cursor.member is not None:
            request.query[self._cursor.member] = cursor
            self._done = False
        return page


async def _items_of(pages: AsyncIterator[AnyPage[T]], *, backward: bool) -> AsyncIterator[T]:
    """The items of pages, the next page asked for when one is used up."""
    # A generator may be broken off at its yield: between pages nothing is open that it would have to close.
    async for page in pages:
        for item in reversed(page.data) if backward else page.data:
            yield item


class Prefetch(Items[T]):
    """The items of a list, read one page ahead; entered, since a task reads while the caller works.

    Leaving the block, early or not, ends the task. An error of a page comes after the items before it.
    """

    __slots__ = ("_group", "_receive", "_walk")

    def __init__(self, walk: PageWalk[Any]) -> None:
        self._walk = walk
        self._group: anyio.abc.TaskGroup | None = None
        self._receive: MemoryObjectReceiveStream[AnyPage[T] | Exception] | None = None

    async def __aenter__(self) -> Self:
        import anyio

        # No buffer: the reader holds one page ready while the one before is worked on, and no more.
        send, self._receive = anyio.create_memory_object_stream[AnyPage[T] | Exception](0)
        self._group = anyio.create_task_group()
        await self._group.__aenter__()
        self._group.start_soon(self._read, send)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._group is not None
        assert self._receive is not None
        self._receive.close()
        self._group.cancel_scope.cancel()
        # The reader does not raise, so the group has no error to add; it would only wrap the caller's in a group.
        await self._group.__aexit__(None, None, None)

    async def _read(self, send: MemoryObjectSendStream[AnyPage[T] | Exception]) -> None:
        async with send:
            try:
                async for page in self._walk:
                    await send.send(page)
            except Exception as error:  # noqa: BLE001  # whatever it is belongs to the reader, not to the task group
                await send.send(error)

    @override
    def __aiter__(self) -> AsyncIterator[T]:
        if self._receive is None:
            raise RuntimeError("prefetch() owns a task: use 'async with call.prefetch() as items'")
        return _items_of(_Received(self._receive), backward=self._walk.backward)


class _Received(AsyncIterator[AnyPage[T]]):
    """Pages out of a memory stream, and the error that ended them."""

    __slots__ = ("_receive",)

    def __init__(self, receive: MemoryObjectReceiveStream[AnyPage[T] | Exception]) -> None:
        self._receive = receive

    @override
    async def __anext__(self) -> AnyPage[T]:
        try:
            page = await anext(self._receive)
        except StopAsyncIteration:
            from anyio.lowlevel import checkpoint_if_cancelled

            # A scope around the block may have ended the task that reads, which is not the list's end.
            await checkpoint_if_cancelled()
            raise
        if isinstance(page, Exception):
            raise page
        return page
