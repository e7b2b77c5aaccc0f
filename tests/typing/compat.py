"""Types of openai-python's names, as type checkers see them in old code: a file that is checked and never run."""

from __future__ import annotations

from typing import Any, assert_type

import assistants_async as native
from assistants_async import compat
from assistants_async.compat import AsyncAssistantEventHandler, AsyncAssistantStreamManager, AsyncOpenAI


class Handler(AsyncAssistantEventHandler):
    """A handler of the caller's."""


async def calls(client: AsyncOpenAI, native_client: native.AssistantsClient) -> None:
    """Values are of classes that are both libraries'."""
    assert_type(AsyncOpenAI.over(native_client), AsyncOpenAI)
    assert_type(client.with_options(timeout=5, max_retries=1), AsyncOpenAI)
    assert_type(await client.beta.assistants.create(model="m", instructions=compat.NOT_GIVEN), compat.Assistant)
    thread = await client.beta.threads.create(metadata=compat.omit, extra_headers={"a": "b"}, timeout=None)
    assert_type(thread, compat.Thread)
    same: native.Thread = thread
    message = await client.beta.threads.messages.create(same.id, role="user", content="x")
    assert_type(message, compat.Message)
    assert_type(message.model_dump(exclude_none=True), dict[str, Any])
    assert_type(message.model_dump_json(), str)
    assert_type(message.to_json(), str)
    assert_type(await client.files.create(file=b"x", purpose="assistants"), compat.FileObject)
    assert_type((await client.files.content("f")).read(), bytes)
    assert_type(
        await client.vector_stores.files.upload_and_poll(vector_store_id="v", file=b"x"), compat.VectorStoreFile
    )
    assert_type(await client.beta.assistants.delete("a"), compat.Deleted)


async def lists(client: AsyncOpenAI) -> None:
    """A list is awaited for a page, or iterated."""
    page = await client.beta.threads.messages.list("t")
    assert_type(page, compat.AsyncCursorPage[compat.Message])
    assert_type(page.data, list[compat.Message])
    assert_type([run.id async for run in client.beta.threads.runs.list("t")], list[str])
    assert_type([item.id async for item in page], list[str])


async def runs(client: AsyncOpenAI, handler: Handler) -> None:
    """A run is awaited, polled or streamed."""
    runs = client.beta.threads.runs
    assert_type(await runs.create("t", assistant_id="a"), compat.Run)
    assert_type(await runs.create("t", assistant_id="a", stream=True), compat.AsyncStream)
    assert_type(await runs.create_and_poll(thread_id="t", assistant_id="a", poll_interval_ms=1), compat.Run)
    stream = runs.stream(thread_id="t", assistant_id="a")
    assert_type(stream, AsyncAssistantStreamManager[AsyncAssistantEventHandler])
    async with runs.submit_tool_outputs_stream(
        thread_id="t", run_id="r", tool_outputs=[], event_handler=handler
    ) as entered:
        assert_type(entered, Handler)
    async with client.beta.threads.create_and_run_stream(assistant_id="a", event_handler=handler) as entered:
        assert_type(await entered.get_final_run(), compat.Run)


def errors(error: compat.RateLimitError) -> None:
    """Both libraries' members are there."""
    assert_type(error.status_code, int)
    assert_type(error.retry_after, float | None)
    ours: native.RateLimitedError = error
    assert_type(ours.code, str | None)
