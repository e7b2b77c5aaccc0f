"""Answers about vector stores, and their lists that page by token."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    PaginationError,
    Unknown,
    VectorStoreFileBatch,
)
from assistants_async.models import (
    FileContentPage,
    FileCounts,
    OtherChunkingStrategy,
    SearchPage,
    StaticChunking,
    StaticChunkingStrategy,
)
from tests.support.http_server import Wire, answer
from tests.support.vector_stores import CHUNKING, STORE_FILE

STORE: dict[str, Any] = {"id": "vs_1", "object": "vector_store", "name": "FAQ", "status": "completed"}


# What comes back


async def test_both_spellings_of_a_batch_decode(wire: Wire, client: AssistantsClient) -> None:
    """As the schema has it, and as the vendor's servers send it."""
    counts = {"in_progress": 0, "completed": 2, "failed": 0, "cancelled": 0, "total": 2}
    for spelling in ("vector_store.file_batch", "vector_store.files_batch"):
        wire.answer(answer({"id": "b", "object": spelling, "status": "completed", "file_counts": counts}))
        batch = await client.vector_stores.file_batches.retrieve("vs_1", "b")
        counted = FileCounts(in_progress=0, completed=2, failed=0, cancelled=0, total=2)
        assert batch == VectorStoreFileBatch(id="b", object=spelling, status="completed", file_counts=counted)
        assert batch.is_terminal


async def test_chunking_strategies_decode_known_or_not(wire: Wire, client: AssistantsClient) -> None:
    """A strategy of the server's own is kept as it came."""
    sizes = StaticChunking(max_chunk_size_tokens=100, chunk_overlap_tokens=50)
    own = {"type": "semantic", "breaks": [1, 2]}
    for sent, read in (
        (CHUNKING, StaticChunkingStrategy(static=sizes)),
        ({"type": "other"}, OtherChunkingStrategy()),
        (own, Unknown(raw=own)),
    ):
        wire.answer(answer({**STORE_FILE, "chunking_strategy": sent}))
        file = await client.vector_stores.files.retrieve("vs_1", "file_1")
        assert file.chunking_strategy == read
        assert file.to_dict()["chunking_strategy"] == sent


async def test_received_values_can_be_sent(wire: Wire, client: AssistantsClient) -> None:
    """A strategy and an expiry of answers are taken in requests."""
    store = {**STORE, "expires_after": {"anchor": "last_active_at", "days": 3}}
    wire.answer(answer({**STORE_FILE, "chunking_strategy": CHUNKING}), answer(store))
    file = await client.vector_stores.files.retrieve("vs_1", "file_1")
    found = await client.vector_stores.retrieve("vs_1")
    assert file.chunking_strategy is not None
    assert not isinstance(file.chunking_strategy, OtherChunkingStrategy)
    assert found.expires_after is not None
    await client.vector_stores.create(chunking_strategy=file.chunking_strategy, expires_after=found.expires_after)
    assert wire.last.json == {"chunking_strategy": CHUNKING, "expires_after": {"anchor": "last_active_at", "days": 3}}


async def test_an_expired_store_says_so(wire: Wire, client: AssistantsClient) -> None:
    """By its status."""
    wire.answer(answer({**STORE, "status": "expired"}), answer(STORE))
    assert (await client.vector_stores.retrieve("vs_1")).is_expired
    assert not (await client.vector_stores.retrieve("vs_1")).is_expired


# Lists that page by token


def found(*ids: str, **members: Any) -> bytes:
    """A page of search results."""
    results = [
        {"file_id": name, "score": 0.5, "content": [{"type": "text", "text": text} for text in (name, "more")]}
        for name in ids
    ]
    return answer({"object": "vector_store.search_results.page", "search_query": ["q"], "data": results, **members})


async def test_a_search_awaits_to_a_page(wire: Wire, client: AssistantsClient) -> None:
    """With the query as the server has it, be it a list or, as in the documents' example, one text."""
    wire.answer(found("a", has_more=True, next_page="t1"), found(search_query="one text"))
    page = await client.vector_stores.search("vs_1", query="q")
    assert isinstance(page, SearchPage)
    assert (page.search_query, page.has_more, page.next_page) == (("q",), True, "t1")
    assert page.data[0].text == "a\n\nmore"
    assert (await client.vector_stores.search("vs_1", query="q")).search_query == ("one text",)


async def test_a_search_iterates_to_its_end(wire: Wire, client: AssistantsClient) -> None:
    """The token goes back in the query, the body is the same each time; a page may be empty and have a next."""
    wire.answer(
        found("a", "b", has_more=True, next_page="t/1"),
        found(has_more=True, next_page="t2"),
        found("c", has_more=False, next_page="t3"),
    )
    call = client.vector_stores.search("vs_1", query="q", max_num_results=2)
    assert [result.file_id async for result in call] == ["a", "b", "c"]
    assert [seen.query for seen in wire.seen] == [{}, {"page": "t/1"}, {"page": "t2"}]
    assert [seen.json for seen in wire.seen] == [{"query": "q", "max_num_results": 2}] * 3


async def test_a_search_has_the_forms_of_every_list(wire: Wire, client: AssistantsClient) -> None:
    """Pages, the first item alone without a limit, items ahead of time, and elements of one page as they come."""
    pages = (found("a", has_more=True, next_page="t"), found("b"))
    wire.answer(*pages)
    assert [len(each.data) async for each in client.vector_stores.search("vs_1", query="q").pages()] == [1, 1]
    wire.answer(*pages)
    first = await client.vector_stores.search("vs_1", query="q").first()
    assert first is not None
    assert first.file_id == "a"
    assert wire.last.query == {}
    wire.answer(*pages)
    async with client.vector_stores.search("vs_1", query="q").prefetch() as items:
        assert [item.file_id async for item in items] == ["a", "b"]
    wire.answer(*pages)
    async with client.vector_stores.search("vs_1", query="q").stream() as channel:
        assert [item.file_id async for item in channel] == ["a"]


async def test_a_server_that_repeats_a_token_is_an_error(wire: Wire, client: AssistantsClient) -> None:
    """Instead of a list without end."""
    wire.answer(found("a", has_more=True, next_page="t"))
    with pytest.raises(PaginationError, match="repeated the cursor 't' after 1 items"):
        await client.vector_stores.search("vs_1", query="q").collect()


async def test_content_iterates_to_its_end(wire: Wire, client: AssistantsClient) -> None:
    """A server that does not say whether there is more says it by the token."""

    def texts(*texts: str, **members: Any) -> bytes:
        data = [{"type": "text", "text": text} for text in texts]
        return answer({"object": "vector_store.file_content.page", "data": data, **members})

    wire.answer(texts("a", "b", next_page="t1"), texts("c", next_page=None, has_more=False))
    call = client.vector_stores.files.content("vs_1", "file_1")
    assert [part.text async for part in call] == ["a", "b", "c"]
    assert [seen.query for seen in wire.seen] == [{}, {"page": "t1"}]
    wire.answer(texts("a"))
    page = await client.vector_stores.files.content("vs_1", "file_1")
    assert isinstance(page, FileContentPage)
    assert not page.is_empty
