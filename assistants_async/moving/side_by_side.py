"""Objects of an iterator, worked on side by side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from ..workflows.concurrency import in_parallel

T = TypeVar("T")


async def for_each(items: AsyncGenerator[T, None], work: Callable[[T], Awaitable[None]], limit: int) -> None:
    """Work on the items, at most `limit` of them at once; no more items than those are kept in memory.

    The first error ends the others, and is raised unchanged.
    """
    taking = asyncio.Lock()  # an async generator gives one item at a time
    end: list[bool] = []

    async def worker() -> None:
        while True:
            async with taking:
                if end:
                    return
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    end.append(True)
                    return
            await work(item)

    async with aclosing(items):
        await in_parallel([worker] * limit, limit)
