"""A strict server: words that no document has are refused by their place, and the documents' own are taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from assistants_async import AssistantsClient, BadRequestError
from assistants_async.server import AssistantsServer, Dialect

SERVERS: list[tuple[Dialect | None, dict[str, Any]]] = [(None, {}), ("foundry", {"query": {"api-version": "v1"}})]


@pytest.fixture
async def strict() -> AsyncIterator[AssistantsClient]:
    """A client of a strict server."""
    async with (
        AssistantsServer(strict=True) as server,
        AssistantsClient(base_url=server.base_url, api_key="k") as client,
    ):
        yield client


FUNCTION = {"type": "function", "function": {"name": "add"}}
TEXT = {"type": "text", "text": "hi"}

REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "tool type": (
        "createAssistant",
        {"model": "m", "tools": [FUNCTION, {"type": "funtion", "function": {"name": "add"}}]},
        "tools[1].type",
        "'funtion', did you mean 'function'? Supported values are: 'code_interpreter', 'file_search', 'function'.",
    ),
    "tool choice": (
        "createRun",
        {"assistant_id": "a", "tool_choice": "requried"},
        "tool_choice",
        "Invalid value: 'requried', did you mean 'required'? Supported values are: 'none', 'auto', 'required'.",
    ),
    "type of a tool choice": (
        "createRun",
        {"assistant_id": "a", "tool_choice": {"type": "func", "function": {"name": "add"}}},
        "tool_choice.type",
        "'func'",
    ),
    "response format": ("createAssistant", {"model": "m", "response_format": "json"}, "response_format", "'json'"),
    "type of a response format": (
        "createAssistant",
        {"model": "m", "response_format": {"type": "jsonobject"}},
        "response_format.type",
        "did you mean 'json_object'?",
    ),
    "effort": (
        "createAssistant",
        {"model": "m", "reasoning_effort": "hihg"},
        "reasoning_effort",
        "did you mean 'high'?",
    ),
    "part of a message": (
        "createThread",
        {"messages": [{"role": "user", "content": [TEXT, {"type": "txt", "text": "hi"}]}]},
        "messages[0].content[1].type",
        "did you mean 'text'?",
    ),
    "detail of an image": (
        "createMessage",
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "https://x.test/a.png", "detail": "hihg"}}],
        },
        "content[0].image_url.detail",
        "did you mean 'high'?",
    ),
    "tool of an attachment": (
        "createMessage",
        {"role": "user", "content": "hi", "attachments": [{"file_id": "file_1", "tools": [{"type": "search"}]}]},
        "attachments[0].tools[0].type",
        "'search'",
    ),
    "message of a thread that is made with a run": (
        "createThreadAndRun",
        {"assistant_id": "a", "thread": {"messages": [{"role": "user", "content": [{"type": "txt"}]}]}},
        "thread.messages[0].content[0].type",
        "did you mean 'text'?",
    ),
    "chunking of a store": (
        "createAssistant",
        {
            "model": "m",
            "tool_resources": {"file_search": {"vector_stores": [{"chunking_strategy": {"type": "statc"}}]}},
        },
        "tool_resources.file_search.vector_stores[0].chunking_strategy.type",
        "did you mean 'static'?",
    ),
    "ranker": (
        "createAssistant",
        {
            "model": "m",
            "tools": [
                {
                    "type": "file_search",
                    "file_search": {"ranking_options": {"ranker": "best", "score_threshold": 0.5}},
                }
            ],
        },
        "tools[0].file_search.ranking_options.ranker",
        "'best'",
    ),
}


@pytest.mark.parametrize(("operation", "body", "path", "message"), REFUSED.values(), ids=REFUSED)
async def test_unknown_words_are_refused(
    strict: AssistantsClient, operation: str, body: dict[str, Any], path: str, message: str
) -> None:
    """With a 400 that names the place, the word and what was meant; the client itself takes them."""
    ids: dict[str, Any] = {"thread_id": "thread_1"} if operation in ("createRun", "createMessage") else {}
    with pytest.raises(BadRequestError) as caught:
        await strict.operation(operation, body=body, **ids)
    assert (caught.value.param, caught.value.code) == (path, "invalid_value")
    assert message in caught.value.message


async def test_words_in_queries_are_checked(strict: AssistantsClient) -> None:
    """As in bodies."""
    store = await strict.vector_stores.create()
    with pytest.raises(BadRequestError, match=r"Invalid value: 'complete', did you mean 'completed'\?"):
        await strict.vector_stores.files.list(store, filter="complete")
    assert (await strict.vector_stores.files.list(store, filter="completed")).is_empty


async def test_words_in_forms_are_checked(strict: AssistantsClient) -> None:
    """The purpose of a file."""
    with pytest.raises(BadRequestError, match="did you mean 'assistants'"):
        await strict.files.create(file=b"a", filename="a.txt", purpose="assistant")
    assert (await strict.files.create(file=b"a", filename="a.txt", purpose="assistants")).bytes == 1


async def test_the_documents_words_are_taken(strict: AssistantsClient) -> None:
    """Each of them, at any depth."""
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "objekt"}}}
    assistant = await strict.assistants.create(
        model="a model of any name",
        tools=[FUNCTION, {"type": "code_interpreter"}, {"type": "file_search"}],
        response_format=schema,
        metadata={"type": "funtion"},
        temperature=0.5,
    )
    await strict.assistants.modify(assistant, response_format="auto", reasoning_effort="low")
    thread = await strict.threads.create(messages=[{"role": "user", "content": [TEXT]}])
    for choice in ("none", "auto", "required", {"type": "function", "function": {"name": "add"}}):
        run = strict.runs.create(thread, assistant_id=assistant, tool_choice=choice, if_active="cancel")
        assert (await run).id
    file = await strict.files.create(file=b"a", filename="a.txt", purpose="assistants")
    await strict.vector_stores.create(chunking_strategy={"type": "auto"}, file_ids=[file], name="funtion")


@pytest.mark.parametrize(("dialect", "settings"), SERVERS, ids=["plain", "foundry"])
async def test_foundry_has_tools_of_its_own(dialect: Dialect | None, settings: dict[str, Any]) -> None:
    """Which a strict server of its form takes, and no other."""
    async with (
        AssistantsServer(strict=True, dialect=dialect) as server,
        AssistantsClient(base_url=server.base_url, api_key="k", **settings) as client,
    ):
        call = client.assistants.create(model="m", tools=[{"type": "bing_grounding", "bing_grounding": {}}])
        if dialect is None:
            with pytest.raises(BadRequestError, match="'bing_grounding'"):
                await call
        else:
            assert (await call).tools


async def test_other_servers_take_any_word() -> None:
    """As those with words of their own do."""
    async with AssistantsClient.local() as client:
        assert (await client.assistants.create(model="m", tools=[{"type": "funtion"}])).tools
