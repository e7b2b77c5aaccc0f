"""`client.threads.copy`: a new thread with the messages of another."""

from __future__ import annotations

import pytest

from assistants_async import AssistantsClient, NotFoundError, ServerError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import Say
from tests.support.embedded import serving
from tests.support.http_server import Wire, answer, failure


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_the_copy_has_the_messages(protocol: ProtocolVersion) -> None:
    """In order, with their roles and metadata; the source is as it was."""
    async with serving(Say("one"), protocol=protocol) as served:
        client = served.client
        await client.threads.modify(served.thread, metadata={"user": "7"})
        await client.messages.create(served.thread, role="user", content="more", metadata={"n": "1"})
        await served.start().poll()
        copy = await client.threads.copy(served.thread)
        read = [
            [(each.role, each.text, each.metadata) async for each in client.messages.list(thread, order="asc")]
            for thread in (served.thread, copy)
        ]
    assert copy.id != served.thread.id
    assert copy.metadata == {"user": "7"}
    assert read[0] == read[1]
    assert [(role, text) for role, text, _ in read[0]] == [("user", "hi"), ("user", "more"), ("assistant", "one")]


@pytest.mark.parametrize("count", [0, 1, 32, 33, 130])
async def test_every_message_is_copied(count: int) -> None:
    """Those that one request takes, and the others after them."""
    async with serving() as served:
        client = served.client
        thread = await client.threads.create()
        for number in range(count):
            await client.messages.create(thread, role="user", content=str(number))
        copy = await client.threads.copy(thread.id)
        texts = [each.text async for each in client.messages.list(copy, order="asc")]
    assert texts == [str(number) for number in range(count)]


async def test_its_tool_resources_are_those_of_the_thread() -> None:
    """Kinds of tools without any are left out, since a request may not have them empty."""
    async with serving() as served:
        client = served.client
        store = await client.vector_stores.create()
        resources = {"file_search": {"vector_store_ids": [store.id]}}
        thread = await client.threads.create(tool_resources=resources)
        copy = await client.threads.copy(thread)
    assert copy.tool_resources is not None
    assert copy.tool_resources.file_search is not None
    assert copy.tool_resources.file_search.vector_store_ids == (store.id,)


async def test_an_error_names_the_copy(wire: Wire, client: AssistantsClient) -> None:
    """So that it can be gone on with, or deleted."""
    message = {"role": "user", "content": [{"type": "text", "text": {"value": "a", "annotations": []}}]}
    messages = [{"id": f"msg_{number}", "object": "thread.message", **message} for number in range(33)]
    listed = {"object": "list", "data": messages, "has_more": False}
    wire.answer(answer({"id": "thread_1"}), answer(listed), answer({"id": "thread_2"}), failure(500))
    with pytest.raises(ServerError) as caught:
        await client.threads.copy("thread_1")
    assert any("thread_2" in note for note in caught.value.__notes__)


async def test_a_thread_that_is_not_there_is_an_error() -> None:
    """That of the first request; nothing is made."""
    async with serving() as served:
        with pytest.raises(NotFoundError):
            await served.client.threads.copy("thread_none")
        assert served.sent("createThread") == 1  # the one that the test has
