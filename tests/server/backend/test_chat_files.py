"""Files for a model: images in its messages, and searches that it calls."""

from __future__ import annotations

from typing import Any

from assistants_async import AssistantsClient, File, Thread
from assistants_async.testing.chat_backend import ChatAnswer, RawAnswer
from tests.support.backend_home import HI, home, sse


async def searched(client: AssistantsClient) -> tuple[Thread, File]:
    """Run an assistant with one file to search; its thread and the file."""
    file = await client.files.create(file=b"Rain in Oslo.", filename="w.txt", purpose="assistants")
    store = await client.vector_stores.create()
    await client.vector_stores.files.create(store, file_id=file).poll()
    assistant = await client.assistants.create(
        model="m",
        tools=[{"type": "file_search"}],
        tool_resources={"file_search": {"vector_store_ids": [store.id]}},
    )
    thread = await client.threads.create(messages=[{"role": "user", "content": "Oslo?"}])
    await client.runs.create(thread, assistant_id=assistant).poll()
    return thread, file


async def test_the_search_of_a_model() -> None:
    """The model searches by a tool call, gets the chunks under their marks, and its marks become citations."""
    answers = [
        ChatAnswer(calls=[("file_search", {"queries": ["Oslo"]})]),
        ChatAnswer(text="It rains 【1:0†w.txt】."),
    ]
    async with home(answers) as (backend, client):
        thread, file = await searched(client)
        message = await client.messages.list(thread).first()
    assert backend.requests[1]["messages"][-1] == {
        "role": "tool",
        "tool_call_id": "call_0",
        "content": "【1:0†w.txt】\nRain in Oslo.",
    }
    assert message is not None
    assert message.to_dict()["content"][0]["text"]["annotations"][0]["file_citation"]["file_id"] == file.id


async def test_citations_of_a_stream_come_with_text() -> None:
    """The delta that ends a mark has its citation; no delta has citations alone, which some clients pass over."""
    answers = [
        ChatAnswer(calls=[("file_search", {"queries": ["Oslo"]})]),
        ChatAnswer(text="It rains 【1:0†w.txt】 again 【1:0†w.txt】."),
    ]
    async with home([*answers, *answers]) as (_, client):
        _, file = await searched(client)
        assistant = await client.assistants.list().first()
        assert assistant is not None
        thread = await client.threads.create(messages=[{"role": "user", "content": "Oslo?"}])
        async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
            parts = [
                event.data.to_dict()["delta"]["content"][0]["text"]
                async for event in channel
                if event.event == "thread.message.delta"
            ]
    shown = {part["value"]: [one["index"] for one in part.get("annotations", ())] for part in parts}
    assert shown == {"It": [], " rains": [], " 【1:0†w.txt】": [0], " again": [], " 【1:0†w.txt】.": [1]}
    assert {one["file_citation"]["file_id"] for part in parts for one in part.get("annotations", ())} == {file.id}


async def test_images_go_along_and_are_missed() -> None:
    """A file of the server goes as its bytes; one that is gone is a sentence."""
    async with home([RawAnswer(pieces=[sse(*HI[:2], done=False), 0.001, sse(*HI[2:])]), ChatAnswer()]) as (
        backend,
        client,
    ):
        file = await client.files.create(file=b"\x89PNG", filename="a.png", purpose="vision")
        assistant = await client.assistants.create(model="gpt-4o")
        part: Any = {"type": "image_file", "image_file": {"file_id": file.id}}
        thread = await client.threads.create(messages=[{"role": "user", "content": [part]}])
        await client.runs.create(thread, assistant_id=assistant).poll()
        await client.files.delete(file)
        await client.runs.create(thread, assistant_id=assistant).poll()
    first, second = (request["messages"][0]["content"] for request in backend.requests)
    assert first[0]["image_url"]["url"] == "data:image/png;base64,iVBORw=="
    assert second[0]["text"] == "(There was an image here; its file has been deleted.)"


async def test_a_search_in_the_models_own_words() -> None:
    """Arguments of another form than JSON are the query; a result of two queries is listed once."""
    answers = [
        ChatAnswer(calls=[("file_search", "Oslo")]),
        ChatAnswer(calls=[("file_search", {"queries": ["Oslo", "rain Oslo"]})]),
        ChatAnswer(calls=[("file_search", {"q": "Oslo"})]),
        ChatAnswer(text="Rain."),
    ]
    async with home(answers) as (backend, client):
        await searched(client)
    found = [message["content"] for message in backend.requests[3]["messages"] if message["role"] == "tool"]
    assert [text.count("Rain in Oslo.") for text in found] == [1, 1, 1]
