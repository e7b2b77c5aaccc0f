"""Lists: one page, all pages, both ways, and over every envelope that servers send."""

from __future__ import annotations

import asyncio
import gc

import pytest

from assistants_async import Assistant, AssistantsClient, DecodeError, Page, PaginationError, ServerError
from tests.support.http_server import Wire, answer, failure, page
from tests.support.listing import ids


async def test_awaiting_gives_one_page(wire: Wire, client: AssistantsClient) -> None:
    """A single request, and the envelope as the server sent it."""
    wire.answer(page("a", "b", more=True))
    got = await client.assistants.list(limit=2, order="asc")
    assert got == Page(
        object="list", data=(Assistant(id="a"), Assistant(id="b")), first_id="a", last_id="b", has_more=True
    )
    assert [seen.query for seen in wire.seen] == [{"limit": "2", "order": "asc"}]


async def test_iterating_gives_every_item_of_every_page(wire: Wire, client: AssistantsClient) -> None:
    """Each request has the last id of the page before, with the caller's other parameters."""
    wire.answer(page("a", "b", more=True), page("c", "d", more=True), page("e"))
    got = [item.id async for item in client.assistants.list(limit=2, order="asc")]
    assert got == ["a", "b", "c", "d", "e"]
    same = {"limit": "2", "order": "asc"}
    assert [seen.query for seen in wire.seen] == [same, {**same, "after": "b"}, {**same, "after": "d"}]


async def test_before_walks_backwards(wire: Wire, client: AssistantsClient) -> None:
    """Each page ends before the first id of the one after it, and its items come from its end."""
    wire.answer(page("e", "f", more=True), page("c", "d", more=True), page("b"))
    got = [item.id async for item in client.messages.list("thread_1", before="g", order="asc", limit=2)]
    assert got == ["f", "e", "d", "c", "b"]
    assert [seen.query["before"] for seen in wire.seen] == ["g", "e", "c"]
    assert {seen.query["order"] for seen in wire.seen} == {"asc"}
    assert not any("after" in seen.query for seen in wire.seen)


async def test_pages_come_as_they_were_sent(wire: Wire, client: AssistantsClient) -> None:
    """`pages()` keeps the order within a page, backwards too."""
    wire.answer(page("a", "b", more=True), page("c"))
    assert [ids(each.data) async for each in client.assistants.list().pages()] == [["a", "b"], ["c"]]
    wire.answer(page("c", "d", more=True), page("a"))
    assert [ids(each.data) async for each in client.assistants.list(before="e").pages()] == [["c", "d"], ["a"]]


async def test_first_requests_one_item(wire: Wire, client: AssistantsClient) -> None:
    """One request of one item, unless the caller set a limit; None for an empty list."""
    wire.answer(page("a", more=True))
    first = await client.assistants.list().first()
    assert first == Assistant(id="a")
    assert [seen.query for seen in wire.seen] == [{"limit": "1"}]
    await client.assistants.list(limit=7).first()
    assert wire.last.query == {"limit": "7"}
    wire.answer(page())
    assert await client.assistants.list().first() is None


async def test_collect_stops_at_its_count(wire: Wire, client: AssistantsClient) -> None:
    """The page after the last wanted item is never requested, even where the count ends a page."""
    wire.answer(page("a", "b", more=True), page("c", "d", more=True), page("e"))
    assert ids(await client.assistants.list().collect(4)) == ["a", "b", "c", "d"]
    assert len(wire.seen) == 2
    wire.answer(page("a", "b", more=True), page("c"))
    assert ids(await client.assistants.list().collect()) == ["a", "b", "c"]


async def test_collect_of_none_sends_nothing(wire: Wire, client: AssistantsClient) -> None:
    """A count of 0 needs no request."""
    wire.answer(page("a"))
    assert await client.assistants.list().collect(0) == []
    assert wire.seen == []


async def test_steps_chain_lazily(wire: Wire, client: AssistantsClient) -> None:
    """`filter`, `map` and `take` see items in order, with sync and async functions, and stop the walk early."""

    async def later(item: Assistant) -> str:
        await asyncio.sleep(0)
        return item.id.upper()

    async def keep(name: str) -> bool:
        await asyncio.sleep(0)
        return name != "C"

    wire.answer(page("a", "b", more=True), page("c", "d", more=True), page("e", more=True))
    steps = client.assistants.list().filter(lambda item: item.id != "a").map(later).filter(keep).take(2)
    assert [name async for name in steps.map(lambda name: name + "!")] == ["B!", "D!"]
    assert len(wire.seen) == 2


async def test_a_step_may_fail(wire: Wire, client: AssistantsClient) -> None:
    """The exception of the caller's function comes out unchanged."""
    wire.answer(page("a", more=True))

    def fail(item: Assistant) -> str:
        raise LookupError(item.id)

    with pytest.raises(LookupError, match="a"):
        await client.assistants.list().map(fail).collect()


async def test_take_refuses_a_negative_count(client: AssistantsClient) -> None:
    """A ValueError at once."""
    call = client.assistants.list()
    with pytest.raises(ValueError, match="must be a whole number from 0, not -1"):
        call.take(-1)
    call.close()


async def test_a_list_can_be_used_once(wire: Wire, client: AssistantsClient) -> None:
    """Iterating a second time would start over in silence: it is refused."""
    wire.answer(page("a"))
    call = client.assistants.list()
    assert ids([item async for item in call]) == ["a"]
    with pytest.raises(RuntimeError, match=r"assistants\.list: a call can be used only once"):
        async for _ in call:
            pass
    with pytest.raises(RuntimeError, match="only once"):
        call.pages()
    with pytest.raises(RuntimeError, match="only once"):
        call.prefetch()


async def test_a_list_never_used_warns(client: AssistantsClient) -> None:
    """As any call."""
    with pytest.warns(RuntimeWarning, match=r"assistants\.list\(\) was never awaited"):  # the garbage is what warns
        client.assistants.list()  # type: ignore[unused-awaitable]  # what the test is about
        gc.collect()


# Envelopes


SLOPPY: dict[str, tuple[list[bytes], list[str], int]] = {
    # answers, ids wanted, requests
    "empty": ([page()], [], 1),
    "null data": ([answer({"data": None})], [], 1),
    "null ids": ([page("a", more=True, first_id=None, last_id=None), page("b")], ["a", "b"], 2),
    "ids left out": (
        [answer({"data": [{"id": "a"}], "has_more": True}), answer({"data": [{"id": "b"}]})],
        ["a", "b"],
        2,
    ),
    "has_more left out": ([answer({"data": [{"id": "a"}], "last_id": "a"})], ["a"], 1),
    "has_more always true": ([page("a", more=True), page(more=True)], ["a"], 2),
    "limit ignored": ([page("a", "b", "c")], ["a", "b", "c"], 1),
    "items deleted between pages": ([page("a", "b", more=True), page("d", more=True), page()], ["a", "b", "d"], 3),
    "an item seen twice": ([page("a", "b", more=True), page("b", "c")], ["a", "b", "b", "c"], 2),
}


@pytest.mark.parametrize(("answers", "wanted", "requests"), SLOPPY.values(), ids=SLOPPY.keys())
async def test_each_envelope_ends(
    wire: Wire, client: AssistantsClient, answers: list[bytes], wanted: list[str], requests: int
) -> None:
    """The walk gives its items and ends, with any missing or invented member."""
    wire.answer(*answers)
    assert ids(await client.assistants.list().collect()) == wanted
    assert len(wire.seen) == requests


async def test_a_full_page_that_does_not_say_is_followed(wire: Wire, client: AssistantsClient) -> None:
    """Without `has_more` a page of `limit` items may have a next one."""
    wire.answer(page("a", "b", has_more=None), page("c", has_more=None))
    assert ids(await client.assistants.list(limit=2).collect()) == ["a", "b", "c"]


CYCLES: dict[str, tuple[list[bytes], list[str]]] = {
    "after ignored": ([page("a", "b", more=True)], ["a", "b"]),
    "cycle of two": ([page("a", more=True), page("b", more=True), page("a", more=True)], ["a", "b"]),
    "one cursor for all": ([page("a", more=True, last_id="x"), page("b", more=True, last_id="x")], ["a"]),
}


@pytest.mark.parametrize(("answers", "wanted"), CYCLES.values(), ids=CYCLES.keys())
async def test_a_repeated_cursor_ends_the_walk(
    wire: Wire, client: AssistantsClient, answers: list[bytes], wanted: list[str]
) -> None:
    """The error comes after the items before it, and nothing is delivered twice."""
    wire.answer(*answers)
    got: list[str] = []
    with pytest.raises(PaginationError) as caught:  # the block is what fails
        async for item in client.assistants.list():
            got.append(item.id)  # noqa: PERF401  # what came before the error is the point
    assert got == wanted
    assert caught.value.items == len(wanted)
    assert len(wire.seen) == len(wanted) // len(ids_of(answers[0])) + 1


def ids_of(data: bytes) -> list[str]:
    """The ids on a page of bytes."""
    return [part.split(b'"')[0].decode() for part in data.split(b'{"id": "')[1:]]


async def test_an_error_between_pages_comes_after_the_items(wire: Wire, client: AssistantsClient) -> None:
    """The items of the pages before have been delivered, and the walk is over."""
    wire.answer(page("a", more=True), failure(500))
    walk = aiter(client.assistants.list())
    assert (await anext(walk)).id == "a"
    with pytest.raises(ServerError) as caught:
        await anext(walk)
    assert caught.value.__notes__ == ["while calling assistants.list: GET /assistants"]
    with pytest.raises(StopAsyncIteration):
        await anext(walk)
    assert len(wire.seen) == 2


async def test_an_error_object_under_200_is_no_empty_list(wire: Wire, client: AssistantsClient) -> None:
    """Neither an error object nor any other ends a walk as if there were nothing."""
    wire.answer(answer({"error": {"message": "bad limit", "param": "data"}}))
    with pytest.raises(Exception, match="bad limit"):
        await client.assistants.list().collect()
    wire.answer(answer({"object": "list"}))
    with pytest.raises(DecodeError, match="data"):
        await client.assistants.list().collect()


async def test_no_connection_is_in_use_between_pages(wire: Wire) -> None:
    """With one connection in all, the caller can make other calls while it works on an item."""
    async with AssistantsClient(base_url=wire.base_url, api_key="k", max_connections=1, timeout=60) as client:
        wire.answer(page("a", more=True), answer({"id": "a"}), page("b"), answer({"id": "b"}))
        got = [await client.assistants.retrieve(item) async for item in client.assistants.list()]
        assert ids(got) == ["a", "b"]
        assert [seen.path for seen in wire.seen] == ["/v1/assistants", "/v1/assistants/a"] * 1 + [
            "/v1/assistants",
            "/v1/assistants/b",
        ]
        assert wire.connections == 1


async def test_a_walk_that_is_left_leaves_nothing(wire: Wire, client: AssistantsClient) -> None:
    """No task stays, and no further page is requested."""
    wire.answer(page("a", "b", more=True))
    before = asyncio.all_tasks()
    async for item in client.assistants.list():
        assert item.id == "a"
        break
    for _ in range(3):  # asyncio closes a generator in a task
        await asyncio.sleep(0)
    assert {task for task in asyncio.all_tasks() if "_accept" not in repr(task)} <= before
    assert len(wire.seen) == 1


async def test_a_walk_has_one_reader(wire: Wire, client: AssistantsClient) -> None:
    """A second one, while the first waits for a page, gets an error, and the first is not disturbed."""
    wire.answer(page("a"))
    walk = aiter(client.assistants.list())
    first = asyncio.ensure_future(anext(walk))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already running"):
        await anext(walk)
    assert (await first).id == "a"
