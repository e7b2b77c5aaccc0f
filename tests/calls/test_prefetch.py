"""Lists read ahead of time."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager

import anyio
import pytest

from assistants_async import AssistantsClient, ServerError
from tests.support.http_server import Peer, Seen, Wire, failure, page, silent
from tests.support.listing import ids
from tests.support.steady_loop import MS


@asynccontextmanager
async def enter(scope: AbstractContextManager[object] | AbstractAsyncContextManager[object]) -> AsyncIterator[None]:
    """Enter a scope of either kind."""
    if isinstance(scope, AbstractContextManager):
        with scope:
            yield
    else:
        async with scope:
            yield


# Prefetch


async def test_prefetch_gives_the_same_items(wire: Wire, client: AssistantsClient) -> None:
    """In the same order, forwards and backwards, and through the same steps."""
    wire.answer(page("a", "b", more=True), page("c", more=True), page("d"))
    async with client.assistants.list().prefetch() as items:
        assert [item.id async for item in items] == ["a", "b", "c", "d"]
    wire.answer(page("c", "d", more=True), page("b"))
    async with client.assistants.list(before="e").prefetch() as items:
        assert [name async for name in items.map(lambda item: item.id)] == ["d", "c", "b"]


async def test_prefetch_requests_the_next_page_early(wire: Wire, client: AssistantsClient) -> None:
    """Page 2 is on the wire before the first item of page 1 has been worked through, and page 3 is not."""
    second = asyncio.Event()

    async def note(seen: Seen, peer: Peer) -> None:
        second.set()
        await peer.send(page("b", more=True))

    wire.answer(page("a", more=True), note, page("c", more=True), page("d"))
    async with client.assistants.list().prefetch() as items:
        walk = aiter(items)
        assert (await anext(walk)).id == "a"
        await asyncio.wait_for(second.wait(), 60)
        assert len(wire.seen) == 2
        assert (await anext(walk)).id == "b"


async def test_prefetch_reads_one_page_ahead_at_most(wire: Wire, client: AssistantsClient) -> None:
    """A caller that takes no item stops the reader."""
    wire.answer(*(page(name, more=True) for name in "abcdefgh"))
    async with client.assistants.list().prefetch() as items:
        walk = aiter(items)
        await anext(walk)
        for _ in range(5):  # round trips in which the reader could have run on
            await client.assistants.list()
        assert len([seen for seen in wire.seen if seen.query.get("after") or seen is wire.seen[0]]) <= 3


async def test_leaving_prefetch_early_ends_its_task(wire: Wire, client: AssistantsClient) -> None:
    """Nothing is left running, and the client works on."""
    wire.answer(*(page(name, more=True) for name in "abc"))
    before = asyncio.all_tasks()
    async with client.assistants.list().prefetch() as items:
        async for item in items:
            assert item.id == "a"
            break
    assert {task for task in asyncio.all_tasks() if "_accept" not in repr(task)} <= before
    wire.answer(page("z"))
    assert ids((await client.assistants.list()).data) == ["z"]


async def test_an_error_ahead_comes_after_the_items_before_it(wire: Wire, client: AssistantsClient) -> None:
    """The failure of page 2 waits until page 1 has been read, and comes as itself, not in a group."""
    wire.answer(page("a", "b", more=True), failure(503))
    got: list[str] = []
    with pytest.raises(ServerError):  # the block is what fails
        async with client.assistants.list().prefetch() as items:
            async for item in items:
                got.append(item.id)  # noqa: PERF401  # what came before the error is the point
    assert got == ["a", "b"]


async def test_an_error_of_the_block_comes_out_of_prefetch_as_itself(wire: Wire, client: AssistantsClient) -> None:
    """The caller's own exception is not wrapped in a group."""
    wire.answer(page("a", more=True), page("b"))
    with pytest.raises(KeyError, match="mine"):  # the block is what fails
        async with client.assistants.list().prefetch() as items:
            async for _ in items:
                raise KeyError("mine")


async def test_prefetch_must_be_entered(wire: Wire, client: AssistantsClient) -> None:
    """Iterated without `async with`, it says how it is used."""
    with pytest.raises(RuntimeError, match="use 'async with call"):
        async for _ in client.assistants.list().prefetch():
            pass
    assert wire.seen == []


async def test_prefetch_can_be_cancelled_at_every_place(wire: Wire, client: AssistantsClient) -> None:
    """A time-out inside or around the block ends as itself, leaves no task, and nothing to cancel later."""
    task = asyncio.current_task()
    assert task is not None
    for scope in (asyncio.timeout(20 * MS), anyio.fail_after(20 * MS)):
        wire.answer(page("a", more=True), silent)
        with pytest.raises(TimeoutError):  # the block is what fails
            async with enter(scope), client.assistants.list().prefetch() as items:
                async for _ in items:
                    pass
        wire.answer(page("a", more=True), silent)
        async with client.assistants.list().prefetch() as items:
            walk = aiter(items)
            await anext(walk)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(20 * MS):
                    await anext(walk)
        assert task.cancelling() == 0
    await wire.until_open(0)


async def test_prefetch_inside_a_failing_group_is_clean(wire: Wire, client: AssistantsClient) -> None:
    """A neighbour's failure cancels the walk, and is the only error of the group."""
    wire.answer(page("a", more=True), silent)

    async def walk() -> None:
        async with client.assistants.list().prefetch() as items:
            async for _ in items:
                pass

    async def fail() -> None:
        await wire.until_seen(2)
        raise KeyError("neighbour")

    with pytest.raises(ExceptionGroup) as caught:  # the block is what fails
        async with asyncio.TaskGroup() as group:
            group.create_task(walk())
            group.create_task(fail())
    assert [type(error) for error in caught.value.exceptions] == [KeyError]
    await wire.until_open(0)


async def test_prefetch_that_nobody_reads_leaves_nothing(wire: Wire, client: AssistantsClient) -> None:
    """Left at once, before its task has begun, it warns of nothing and sends nothing."""
    async with client.assistants.list().prefetch():
        pass
    gc.collect()
    assert wire.seen == []
