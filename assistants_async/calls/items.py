"""Items to iterate, narrowed step by step before anything is requested."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from inspect import isawaitable
from typing import Any, TypeVar, cast, overload

from .._typing import Generic, override
from ..core.checks import whole_number

T = TypeVar("T")
U = TypeVar("U")


class Items(AsyncIterable[T]):
    """Something to iterate with `async for`, and to narrow before: each step is lazy and gives another `Items`."""

    __slots__ = ()

    def take(self, count: int) -> Items[T]:
        """Stop after so many items; pages beyond them are never requested."""
        try:
            whole_number("take(): count", count, least=0)
        except ValueError:
            self._drop_warning()
            raise
        return _Chain(self, lambda items: _take(items, count))

    def filter(self, keep: Callable[[T], bool | Awaitable[bool]]) -> Items[T]:
        """Pass on the items for which a function, sync or async, is true."""
        self._check_step("filter", keep)
        return _Chain(self, lambda items: _filter(items, keep))

    # Overloads, since checkers cannot find U in `U | Awaitable[U]`.

    @overload
    def map(self, change: Callable[[T], Awaitable[U]]) -> Items[U]: ...

    @overload
    def map(self, change: Callable[[T], U]) -> Items[U]: ...

    def map(self, change: Callable[[T], Any]) -> Items[Any]:
        """Pass on the result of a function, sync or async, for each item."""
        self._check_step("map", change)
        return _Chain(self, lambda items: _map(items, change))

    async def collect(self, max_items: int | None = None) -> list[T]:
        """Gather the items, at most `max_items` of them."""
        items = self if max_items is None else self.take(max_items)
        return [item async for item in items]

    async def first(self) -> T | None:
        """Return the first item; None where there is none."""
        async for item in self:
            return item
        return None

    def _check_step(self, name: str, step: object) -> None:
        if not callable(step):
            self._drop_warning()
            raise TypeError(f"{name}() must be given a function of one item, not {step!r}")

    def _drop_warning(self) -> None:
        """Drop the warning of a call, where these are its items; others have none."""


class _Chain(Items[U], Generic[T, U]):
    """Items seen through one step."""

    __slots__ = ("_source", "_step")

    def __init__(self, source: Items[T], step: Callable[[AsyncIterator[T]], AsyncIterator[U]]) -> None:
        self._source = source
        self._step = step

    @override
    def _drop_warning(self) -> None:
        self._source._drop_warning()  # noqa: SLF001  its own class

    @override
    def __aiter__(self) -> AsyncIterator[U]:
        return self._step(aiter(self._source))


async def _take(items: AsyncIterator[T], count: int) -> AsyncIterator[T]:
    # Counted before the next request: the item after the last one may be on a page of its own.
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
