"""Lists as old code reads them: a page and those behind it, or the items of all."""

from __future__ import annotations

import pytest

import assistants_async as native
from assistants_async.compat import AsyncCursorPage, AsyncOpenAI, Message
from assistants_async.compat.pages import PageInfo
from tests.support.http_server import Wire, answer, page


async def test_iterated_it_goes_over_all_pages(wire: Wire, old: AsyncOpenAI) -> None:
    """One request a page, each behind the last item of the one before."""
    wire.answer(page("a", "b", more=True), page("c"))
    found = [message async for message in old.beta.threads.messages.list("t", limit=2)]
    assert [message.id for message in found] == ["a", "b", "c"]
    assert {type(message) for message in found} == {Message}
    assert [seen.query for seen in wire.seen] == [{"limit": "2"}, {"limit": "2", "after": "b"}]


async def test_awaited_it_is_a_page(wire: Wire, old: AsyncOpenAI) -> None:
    """Of the native class too; its items are a list, which old code sorts and slices."""
    wire.answer(page("a", "b"))
    first = await old.beta.assistants.list()
    assert isinstance(first, native.Page)
    assert type(first.data) is list
    assert (len(first.data), first.has_more, first.has_next_page()) == (2, False, False)
    assert [item["id"] for item in first.to_dict()["data"]] == ["a", "b"]
    with pytest.raises(RuntimeError, match="no page follows"):
        await first.get_next_page()


async def test_a_page_knows_the_next(wire: Wire, old: AsyncOpenAI) -> None:
    """It is requested once, for any number of iterations of the page."""
    wire.answer(page("a", more=True), page("b", more=True), page("c"))
    first = await old.beta.threads.runs.list("t")
    second = await first.get_next_page()
    assert isinstance(second, AsyncCursorPage)
    assert [item.id for item in second.data] == ["b"]
    assert [(first.next_page_info(), second.next_page_info())] == [(PageInfo({"after": "a"}), PageInfo({"after": "b"}))]
    assert (await second.get_next_page()).next_page_info() is None
    for _ in range(2):
        assert [item.id async for item in first] == ["a", "b", "c"]
        assert [len(each.data) async for each in first.iter_pages()] == [1, 1, 1]
    assert len(wire.seen) == 3


async def test_results_of_a_search_and_the_text_of_a_file(wire: Wire, old: AsyncOpenAI) -> None:
    """These pages go on by a token of the server's."""
    wire.answer(
        answer({"object": "page", "data": [{"file_id": "f"}], "has_more": True, "next_page": "tok"}),
        answer({"object": "page", "data": [{"file_id": "g"}], "has_more": False}),
    )
    found = await old.vector_stores.search("v", query="q")
    assert found.next_page_info() == PageInfo({"page": "tok"})
    assert [each.file_id async for each in found] == ["f", "g"]
    wire.answer(answer({"object": "page", "data": [{"type": "text", "text": "x"}], "has_more": False}))
    content = await old.vector_stores.files.content("f", vector_store_id="v")
    assert [part.text for part in content.data] == ["x"]


async def test_behind_the_last_page_a_walk_has_none(wire: Wire) -> None:
    """Natively: the answer of a page comes with it, and no request follows the last."""
    wire.answer(page("a"))
    async with native.AssistantsClient(base_url=wire.base_url, api_key="k") as client:
        walk = client.assistants.list().pages()
        assert not walk.finished
        answered = await walk.response()
        assert (answered.http.status, walk.finished) == (200, True)
        with pytest.raises(StopAsyncIteration):
            await walk.response()
    assert len(wire.seen) == 1
