"""A program of 300 lines that was written with openai-python runs by its other import."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistants_async.compat import AsyncOpenAI, InternalServerError
from tests.compat.app import NAME, Desk
from tests.support.http_server import Wire, answer, failure


@pytest.fixture
async def desk(served: AsyncOpenAI, tmp_path: Path) -> Desk:
    """Open a desk with two manuals."""
    manuals = [tmp_path / "kettle.md", tmp_path / "toaster.md"]
    for path in manuals:
        path.write_text(f"Everything about the {path.stem}: press the button.")
    opened = Desk(served)
    await opened.open(manuals)
    return opened


async def test_the_assistant_is_found_again(desk: Desk, tmp_path: Path) -> None:
    """It is made once, then updated; the manuals can be searched."""
    before = desk.assistant_id
    assert await desk.find() == before
    assert "kettle.md" in await desk.search("kettle")
    await desk.open([tmp_path / "kettle.md"])
    assert desk.assistant_id == before
    assistant = await desk.client.beta.assistants.retrieve(before)
    assert (assistant.name, assistant.metadata) == (NAME, {"owner": "desk"})


async def test_talk_that_is_polled(desk: Desk) -> None:
    """Tools are called in as many rounds as it takes, then the answer is there."""
    thread = await desk.start("Hello", attachment=desk.file_ids[0])
    run = await desk.answer(thread)
    assert run.usage.total_tokens > 0
    assert await desk.last(thread) == "Echo: Hello"
    await desk.say(thread, '/call lookup_order {"number": 17}')
    await desk.answer(thread)
    assert await desk.last(thread) == 'Tool lookup_order said: {"number": 17, "item": "kettle", "state": "packed"}'
    assert all(name.startswith("req_") for name in desk.request_ids)
    written = await desk.transcript(thread)
    assert [message["role"] for message in written] == ["user", "assistant"] * 2
    assert written[0]["content"] == [{"type": "text", "text": {"value": "Hello", "annotations": []}}]
    assert await desk.cost(thread) > 0


async def test_talk_that_is_streamed(desk: Desk) -> None:
    """A handler answers the calls from within, and another goes on with the answer."""
    thread = await desk.start('/call cancel_order {"number": 23}')
    run = await desk.stream(thread)
    assert desk.screen == ["[cancel_order]", 'Tool cancel_order said: {"error": "order 23 cannot be cancelled"}']
    assert (await desk.client.beta.threads.runs.retrieve(run, thread_id=thread)).status == "completed"
    await desk.say(thread, "Bye")
    forwarded = await desk.events(thread)
    assert ("".join(forwarded[:-1]), forwarded[-1]) == ("Echo: Bye", "[DONE]")


async def test_a_run_that_fails(desk: Desk) -> None:
    """Its error is data."""
    thread = await desk.start("/fail server_error too bad")
    with pytest.raises(RuntimeError, match=r"the run failed: \{'code': 'server_error'"):
        await desk.answer(thread)


async def test_everything_is_deleted(desk: Desk) -> None:
    """And what is gone is a `NotFoundError`."""
    thread = await desk.start("Hello")
    assert await desk.patiently(thread) is not None
    deleted = await desk.close(thread)
    assert deleted == [True] * 6
    assert await desk.patiently(thread) is None


async def test_trouble(wire: Wire, old: AsyncOpenAI) -> None:
    """A busy server is waited for, a broken one is not."""
    wire.answer(failure(429), answer({"id": "thread_1"}))
    assert (await Desk(old).patiently("thread_1")).id == "thread_1"
    wire.answer(failure(500))
    with pytest.raises(InternalServerError):
        await Desk(old).patiently("thread_1")
