"""Vector stores over HTTP: their states, searches and refusals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, MessageDeltaEvent, NotFoundError, RunStepEvent
from assistants_async.models import FileCitationAnnotation, FileSearchCall
from tests.support.steady_loop import MS
from tests.support.talk import Document, Talk, talking

RAIN = b"# Weather\nIt often rains in Oslo.\nParis is dry in May.\n"
TRAINS = b"The train to Bergen leaves at nine.\n"


async def store_of(talk: Talk, *files: Document, **members: Any) -> Document:
    """A store with these files."""
    return await talk.make("/vector_stores", {"file_ids": [file["id"] for file in files], **members})


async def settled(talk: Talk, path: str) -> Document:
    """An object that is no more in progress."""
    while (found := await talk.get(path))["status"] == "in_progress":
        await asyncio.sleep(MS)
    return found


async def test_a_store_moves_from_in_progress_to_completed(talk: Talk) -> None:
    """With its counts and bytes."""
    file = await talk.upload(RAIN, "weather.md")
    store = await store_of(talk, file, name="Notes", metadata={"a": "b"})
    assert (store["status"], store["name"], store["metadata"]) == ("in_progress", "Notes", {"a": "b"})
    assert store["file_counts"] == {"in_progress": 1, "completed": 0, "failed": 0, "cancelled": 0, "total": 1}
    store = await settled(talk, f"/vector_stores/{store['id']}")
    assert (store["status"], store["file_counts"]["completed"], store["usage_bytes"]) == ("completed", 1, len(RAIN))
    changed = await talk.make(f"/vector_stores/{store['id']}", {"name": "Other", "metadata": None})
    assert (changed["name"], changed["metadata"]) == ("Other", {})
    assert [one["id"] for one in (await talk.get("/vector_stores"))["data"]] == [store["id"]]
    gone = await talk("DELETE", f"/vector_stores/{store['id']}")
    assert gone.document == {"id": store["id"], "object": "vector_store.deleted", "deleted": True}
    assert (await talk("GET", f"/vector_stores/{store['id']}")).error["message"] == (
        f"No vector store found with id '{store['id']}'."
    )
    assert await talk.get(f"/files/{file['id']}") == file


async def test_files_fail_with_their_reason(talk: Talk) -> None:
    """By their content or their type; a list can select one state."""
    store = await talk.make("/vector_stores", {})
    files = [
        await talk.upload(b"/fail The disk is full.", "a.txt"),
        await talk.upload(b"%PDF", "b.pdf"),
        await talk.upload(RAIN, "c.md"),
    ]
    path = f"/vector_stores/{store['id']}/files"
    for file in files:
        made = await talk.make(path, {"file_id": file["id"], "attributes": {"n": 1}})
        assert (made["id"], made["status"], made["attributes"]) == (file["id"], "in_progress", {"n": 1})
    ends = [await settled(talk, f"{path}/{file['id']}") for file in files]
    assert [end["status"] for end in ends] == ["failed", "failed", "completed"]
    assert ends[0]["last_error"] == {"code": "server_error", "message": "The disk is full."}
    assert ends[1]["last_error"]["code"] == "unsupported_file"
    failed = await talk.get(f"{path}?filter=failed&order=asc")
    assert [one["id"] for one in failed["data"]] == [files[0]["id"], files[1]["id"]]
    assert (await talk.get(f"{path}/{files[0]['id']}/content"))["data"] == []
    changed = await talk.make(f"{path}/{files[2]['id']}", {"attributes": {"lang": "en"}})
    assert changed["attributes"] == {"lang": "en"}
    assert (await talk("DELETE", f"{path}/{files[2]['id']}")).document["object"] == "vector_store.file.deleted"
    await talk("DELETE", f"/files/{files[0]['id']}")
    assert [one["id"] for one in (await talk.get(path))["data"]] == [files[1]["id"]]
    other = await talk.upload(RAIN, "d.md")
    await talk("DELETE", f"/files/{other['id']}")  # which no store has


async def test_a_file_that_is_deleted_before_it_was_read_fails() -> None:
    """It says so where a batch still names it."""
    async with talking(pace=50 * MS) as talk:
        file = await talk.upload(RAIN, "a.md")
        store = await talk.make("/vector_stores", {})
        batches = f"/vector_stores/{store['id']}/file_batches"
        batch = await talk.make(batches, {"file_ids": [file["id"]]})
        await talk("DELETE", f"/files/{file['id']}")
        assert (await settled(talk, f"{batches}/{batch['id']}"))["status"] == "failed"
        (left,) = (await talk.get(f"{batches}/{batch['id']}/files"))["data"]
        assert left["last_error"]["message"] == "The file has been deleted."


async def test_batches(talk: Talk) -> None:
    """Counted, listed, cancelled while a file of theirs stalls, and not after."""
    store = await talk.make("/vector_stores", {})
    path = f"/vector_stores/{store['id']}/file_batches"
    good, stalled = await talk.upload(RAIN, "a.md"), await talk.upload(b"/stall", "b.md")
    batch = await talk.make(path, {"file_ids": [good["id"]], "attributes": {"k": True}})
    assert (batch["object"], batch["status"]) == ("vector_store.files_batch", "in_progress")
    assert (await settled(talk, f"{path}/{batch['id']}"))["status"] == "completed"
    (listed,) = (await talk.get(f"{path}/{batch['id']}/files"))["data"]
    assert (listed["id"], listed["attributes"]) == (good["id"], {"k": True})
    refused = await talk("POST", f"{path}/{batch['id']}/cancel")
    assert refused.error["message"] == "Cannot cancel file batch with status 'completed'."
    files = [{"file_id": stalled["id"], "chunking_strategy": {"type": "auto"}}, {"file_id": good["id"]}]
    batch = await talk.make(path, {"files": files})
    cancelled = await talk.make(f"{path}/{batch['id']}/cancel")
    assert (cancelled["status"], cancelled["file_counts"]["cancelled"]) == ("cancelled", 1)
    pending = await talk("GET", f"/vector_stores/{store['id']}/files/{stalled['id']}")
    assert pending.document["status"] == "cancelled"
    missing = await talk("POST", path, {"file_ids": [good["id"], "file-none"]})
    assert missing.error["message"] == "No such File object: file-none"
    await talk("DELETE", f"/vector_stores/{store['id']}")
    assert (await talk("GET", f"{path}/{batch['id']}")).status == 404


async def test_content_comes_in_pages(talk: Talk) -> None:
    """All of the text, by tokens; a file that stalls has none yet."""
    text = b"word " * 30_000
    file, stalled = await talk.upload(text, "a.txt"), await talk.upload(b"/stall", "b.txt")
    store = await store_of(talk, file, stalled)
    path = f"/vector_stores/{store['id']}/files"
    await settled(talk, f"{path}/{file['id']}")
    first = await talk.get(f"{path}/{file['id']}/content")
    second = await talk.get(f"{path}/{file['id']}/content?page={first['next_page']}")
    assert (first["has_more"], second["has_more"], second["next_page"]) == (True, False, None)
    assert "".join(part["text"] for part in [*first["data"], *second["data"]]).encode() == text
    waits = await talk("GET", f"{path}/{stalled['id']}/content")
    assert waits.error["message"] == f"The file {stalled['id']} is still being processed."
    wrong = await talk("GET", f"{path}/{file['id']}/content?page=second")
    assert wrong.error["code"] == "invalid_cursor"


async def test_search_finds_and_filters(talk: Talk) -> None:
    """The best chunk first, with scores, attributes and texts; page by page."""
    weather, trains = await talk.upload(RAIN, "weather.md"), await talk.upload(TRAINS, "trains.txt")
    store = await talk.make("/vector_stores", {})
    for file, lang in ((weather, "en"), (trains, "no")):
        body = {"file_id": file["id"], "attributes": {"lang": lang}}
        await talk.make(f"/vector_stores/{store['id']}/files", body)
    await settled(talk, f"/vector_stores/{store['id']}")
    path = f"/vector_stores/{store['id']}/search"
    found = await talk.make(path, {"query": "where does it rain in Oslo"})
    assert found["search_query"] == ["where does it rain in Oslo"]
    (best,) = found["data"]
    assert (best["file_id"], best["filename"], best["attributes"]) == (weather["id"], "weather.md", {"lang": "en"})
    assert 0 < best["score"] <= 1
    assert "rains in Oslo" in best["content"][0]["text"]
    first = await talk.make(path, {"query": ["in", "at train"], "max_num_results": 1})
    rest = await talk.make(f"{path}?page={first['next_page']}", {"query": ["in", "at train"], "max_num_results": 1})
    assert {one["file_id"] for one in [*first["data"], *rest["data"]]} == {weather["id"], trains["id"]}
    assert rest["next_page"] is None
    only = {"query": "in at", "filters": {"type": "eq", "key": "lang", "value": "no"}}
    assert [one["file_id"] for one in (await talk.make(path, only))["data"]] == [trains["id"]]
    none = {"query": "in", "ranking_options": {"score_threshold": 1.0}}
    assert (await talk.make(path, none))["data"] == []


async def test_a_store_expires() -> None:
    """So many days after it was used last; then it takes nothing and finds nothing."""
    now = [1_000_000.0]
    async with talking(clock=lambda: now[0]) as talk:
        store = await talk.make("/vector_stores", {"expires_after": {"anchor": "last_active_at", "days": 1}})
        assert store["expires_at"] == 1_000_000 + 86_400
        now[0] += 86_000
        await talk.make(f"/vector_stores/{store['id']}/search", {"query": "x"})
        now[0] += 86_399
        assert (await talk.get(f"/vector_stores/{store['id']}"))["status"] == "completed"
        now[0] += 1
        assert (await talk.get(f"/vector_stores/{store['id']}"))["status"] == "expired"
        refused = await talk("POST", f"/vector_stores/{store['id']}/search", {"query": "x"})
        assert (refused.status, refused.error["code"]) == (400, "vector_store_expired")


# Runs


@pytest.fixture
async def client() -> Any:
    """A client of a server of its own."""
    async with AssistantsClient.local() as made:
        yield made


async def with_question(client: AssistantsClient) -> tuple[Any, Any]:
    """An assistant that searches a store with two files, and a thread with a question."""
    files = [
        await client.files.create(file=text, filename=name, purpose="assistants")
        for text, name in ((RAIN, "weather.md"), (TRAINS, "trains.txt"))
    ]
    inline = {"file_search": {"vector_stores": [{"file_ids": [file.id for file in files]}]}}
    assistant = await client.assistants.create(model="gpt-4o", tools=[{"type": "file_search"}], tool_resources=inline)
    assert assistant.tool_resources is not None
    assert assistant.tool_resources.file_search is not None
    (store_id,) = assistant.tool_resources.file_search.vector_store_ids
    while (await client.vector_stores.retrieve(store_id)).status == "in_progress":
        await asyncio.sleep(MS)
    thread = await client.threads.create(messages=[{"role": "user", "content": "Does it rain in Oslo?"}])
    return assistant, thread


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_run_searches_and_cites(client: AssistantsClient, streamed: bool) -> None:
    """A step with the results, an answer with the line that fits, and a citation in place of its mark."""
    assistant, thread = await with_question(client)
    if streamed:
        async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
            events = [event async for event in channel]
            snapshot = channel.snapshot.messages[-1]
        assert any(isinstance(event, MessageDeltaEvent) for event in events)
        done = [event.data for event in events if isinstance(event, RunStepEvent) and "completed" in event.event]
        assert done[0].type == "tool_calls"
        run_id = done[0].run_id or ""
    else:
        run = await client.runs.create(thread, assistant_id=assistant)
        while not run.is_terminal:
            await asyncio.sleep(MS)
            run = await client.runs.retrieve(thread, run)
        run_id, snapshot = run.id, None
    (message,) = await client.messages.list(thread, run_id=run_id).collect()
    assert message.text.startswith("Echo: Does it rain in Oslo?\nIt often rains in Oslo. 【1:0†weather.md】")
    assert snapshot in (None, message)
    annotations = message.content[0].text.annotations  # type: ignore[union-attr]
    (citation,) = annotations
    assert isinstance(citation, FileCitationAnnotation)
    assert message.text[citation.start_index : citation.end_index] == citation.text == "【1:0†weather.md】"
    steps = await client.steps.list(thread, run_id, order="asc").collect()
    (call,) = steps[0].step_details.tool_calls  # type: ignore[union-attr]
    assert isinstance(call, FileSearchCall)
    assert call.file_search is not None
    assert [result.file_name for result in call.file_search.results] == ["weather.md"]
    assert call.file_search.results[0].content == ()
    whole = "step_details.tool_calls[*].file_search.results[*].content"
    step = await client.steps.retrieve(thread, run_id, steps[0], include=[whole])
    (call,) = step.to_dict()["step_details"]["tool_calls"]
    assert "rains in Oslo" in call["file_search"]["results"][0]["content"][0]["text"]


async def test_an_attached_file_is_searched(client: AssistantsClient) -> None:
    """It goes into a store of the thread's own, which the next attachment joins."""
    assistant = await client.assistants.create(model="gpt-4o", tools=[{"type": "file_search"}])
    thread = await client.threads.create()
    for text, name in ((RAIN, "weather.md"), (TRAINS, "trains.txt")):
        file = await client.files.create(file=text, filename=name, purpose="assistants")
        attached = [{"file_id": file.id, "tools": [{"type": "file_search"}]}]
        await client.messages.create(thread, role="user", content="Bergen train", attachments=attached)
    thread = await client.threads.retrieve(thread)
    assert thread.tool_resources is not None
    assert thread.tool_resources.file_search is not None
    (store_id,) = thread.tool_resources.file_search.vector_store_ids
    store = await client.vector_stores.retrieve(store_id)
    assert (store.file_counts.total, store.expires_after.days) == (2, 7)  # type: ignore[union-attr]
    while (await client.vector_stores.retrieve(store_id)).status == "in_progress":
        await asyncio.sleep(MS)
    async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
        assert "leaves at nine" in "".join([text async for text in channel.text()])


async def test_a_store_that_is_gone_has_nothing(client: AssistantsClient) -> None:
    """The run goes on without it."""
    assistant, thread = await with_question(client)
    (store_id,) = assistant.tool_resources.file_search.vector_store_ids
    await client.vector_stores.delete(store_id)
    with pytest.raises(NotFoundError):
        await client.vector_stores.retrieve(store_id)
    async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
        assert "".join([text async for text in channel.text()]) == "Echo: Does it rain in Oslo?"


async def test_a_batch_cancelled_before_it_is_read() -> None:
    """Its files stay cancelled, while those of a later batch are read."""
    async with talking(pace=50 * MS) as talk:
        early, late = await talk.upload(RAIN, "a.md"), await talk.upload(TRAINS, "b.md")
        store = await talk.make("/vector_stores", {})
        batches = f"/vector_stores/{store['id']}/file_batches"
        batch = await talk.make(batches, {"file_ids": [early["id"]]})
        await talk.make(f"{batches}/{batch['id']}/cancel", {})
        later = await talk.make(batches, {"file_ids": [late["id"]]})
        assert (await settled(talk, f"{batches}/{later['id']}"))["status"] == "completed"
        (left,) = (await talk.get(f"{batches}/{batch['id']}/files"))["data"]
        assert left["status"] == "cancelled"
