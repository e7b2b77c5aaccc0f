"""The items of a list, read one page ahead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint_if_cancelled
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from .._typing import override
from ..models.pages import AnyPage
from .items import Items
from .pages import PageWalk, items_of

T = TypeVar("T")


class Prefetch(Items[T]):
    """The items of a list, read one page ahead; entered, since a task reads while the caller works.

    Leaving the block, early or not, ends the task. An error of a page comes after the items before it.
    """

    __slots__ = ("_group", "_receive", "_walk")

    def __init__(self, walk: PageWalk[Any]) -> None:
        self._walk = walk
        self._group: TaskGroup | None = None
        self._receive: MemoryObjectReceiveStream[AnyPage[T] | Exception] | None = None

    async def __aenter__(self) -> Self:
        # No buffer: the reader has one page ready while the caller works on the one before, and no more.
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
        # First, so that a page that is read just now has nobody to wait for.
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
        return items_of(_Received(self._receive), backward=self._walk.backward)


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
            # A scope around the block may have ended the task that reads, which is not the list's end.
            await checkpoint_if_cancelled()
            raise
        if isinstance(page, Exception):
            raise page
        return page
