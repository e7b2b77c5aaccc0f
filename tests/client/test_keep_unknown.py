"""Members that the models do not name: named ones typed, others kept on request, at every depth, and sent back."""

from __future__ import annotations

import copy
import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest

from assistants_async import Assistant, AssistantsClient, Message, ValidationError
from assistants_async.models.events import MessageDeltaEvent, MessageEvent, RunEvent
from tests.support.byte_server import frame, whole
from tests.support.embedded import drop
from tests.support.http_server import KEY, Wire
from tests.support.http_server import answer as ok
from tests.support.run_events import DONE

FUNCTION = {"name": "f", "parameters": {}, "cache_control": {"type": "ephemeral"}}
ASSISTANT: dict[str, Any] = {
    "id": "asst_1",
    "object": "assistant",
    "created_at": 1,
    "tools": [
        {"type": "function", "function": FUNCTION, "x_tool": 1},
        {"type": "own", "url": "u"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ],
    "reasoning_effort": "medium",
    "tool_resources": {"code_interpreter": {"file_ids": ["f"], "x_files": []}, "own": [{"a": None}]},
    "service_tier": None,
    "x_owner": {"id": "o", "tags": [1, 2.5, "é"]},
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "object": "thread.message",
    "role": "assistant",
    "content": [{"type": "text", "text": {"value": "a", "annotations": [], "x_text": 1}, "x_part": 2}],
    "x_message": 3,
}
RUN: dict[str, Any] = {
    "id": "run_1",
    "object": "thread.run",
    "thread_id": "thread_1",
    "status": "completed",
    "tools": [],
    "reasoning_effort": "high",
    "usage": {
        "completion_tokens": 2,
        "prompt_tokens": 10,
        "total_tokens": 12,
        "prompt_token_details": {"cached_tokens": 8, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 1},
    },
    "x_run": "kept",
}


@pytest.fixture
async def keeping(wire: Wire) -> AsyncIterator[AssistantsClient]:
    """A client that keeps members without a name in the models."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, keep_unknown=True) as made:
        yield made


async def test_members_of_v2_servers_have_names(wire: Wire, client: AssistantsClient) -> None:
    """Reasoning effort and the details of the usage, without an option."""
    wire.answer(ok(ASSISTANT), ok(RUN))
    assert (await client.assistants.retrieve("a")).reasoning_effort == "medium"
    run = await client.runs.retrieve("thread_1", "run_1")
    assert run.reasoning_effort == "high"
    assert run.usage is not None
    assert run.usage.prompt_token_details is not None
    assert run.usage.prompt_token_details.cached_tokens == 8
    assert run.usage.completion_tokens_details is not None
    assert run.usage.completion_tokens_details.reasoning_tokens == 1
    assert run.extra == {}
    assert "x_run" not in run.to_dict()


async def test_kept_at_every_depth(wire: Wire, keeping: AssistantsClient) -> None:
    """Readable at `extra`, by path, and written out as they came; copies have them too."""
    wire.answer(ok(ASSISTANT))
    assistant = await keeping.assistants.retrieve("a")
    assert assistant.extra == {"service_tier": None, "x_owner": ASSISTANT["x_owner"]}
    assert assistant.tools[0].extra == {"x_tool": 1}
    assert assistant.tools[0].function.extra == {"cache_control": {"type": "ephemeral"}}  # type: ignore[union-attr]  # a function
    assert assistant.tools[2].extra == {"container": {"type": "auto"}}
    assert assistant.tool_resources is not None
    assert assistant.tool_resources.extra == {"own": [{"a": None}]}
    assert assistant.at("x_owner.tags[1]") == 2.5
    assert not assistant.has("service_tier")
    assert "_extra" not in assistant.fields()
    for same in (assistant, copy.deepcopy(assistant), pickle.loads(pickle.dumps(assistant))):
        assert same.to_dict() == ASSISTANT
        assert same == assistant


async def test_sent_back_unchanged(wire: Wire, keeping: AssistantsClient) -> None:
    """Nested in keywords; the caller's own values are checked as strictly as ever."""
    wire.answer(ok(ASSISTANT))
    assistant = await keeping.assistants.retrieve("a")
    await keeping.assistants.create(model="m", tools=assistant.tools, tool_resources=assistant.tool_resources)
    assert wire.seen[-1].json == {
        "model": "m",
        "tools": ASSISTANT["tools"],
        "tool_resources": ASSISTANT["tool_resources"],
    }
    await keeping.assistants.modify(assistant, instructions="x" * 5000, tools=assistant.tools)
    assert wire.seen[-1].json["tools"] == ASSISTANT["tools"]
    with pytest.raises(ValidationError, match="unknown field `x_tool`"):
        drop(keeping.assistants.create(model="m", tools=[{"type": "code_interpreter", "x_tool": 1}]))


async def test_in_every_form(wire: Wire, client: AssistantsClient, keeping: AssistantsClient) -> None:
    """Of a client, a view and a call; awaited, listed, streamed, polled; with slips of the server that are mended."""
    wire.answer(ok(RUN))
    view, call = client.with_options(keep_unknown=True), client.runs.retrieve("t", "r").with_options(keep_unknown=True)
    for run in (await view.runs.retrieve("t", "r"), await call, (await keeping.runs.retrieve("t", "r").response())[0]):
        assert run.to_dict() == RUN
    wire.answer(ok({"object": "list", "data": [MESSAGE], "has_more": False, "x_page": 1}))
    page = await keeping.messages.list("t")
    assert (page.extra, page.data[0].to_dict()) == ({"x_page": 1}, MESSAGE)
    async with keeping.messages.list("t").stream() as messages:
        assert [message.to_dict() async for message in messages] == [MESSAGE]
    wire.answer(ok({**RUN, "status": "queued"}), ok({**RUN, "tools": None, "created_at": 1.5}))
    polled = await keeping.runs.create("t", assistant_id="a").poll(deadline=60)
    assert (polled.extra, polled.created_at) == ({"x_run": "kept"}, 1)


async def test_of_a_stream(wire: Wire, client: AssistantsClient, keeping: AssistantsClient) -> None:
    """In events and in their snapshot; a client without the option is not touched by one that has it."""
    delta = {"id": "msg_1", "delta": {"content": [{"index": 0, "type": "text", "text": {"value": "a"}, "x_part": 1}]}}
    body = frame("thread.message.delta", delta) + frame("thread.message.completed", MESSAGE)
    wire.answer(whole(body + frame("thread.run.completed", RUN) + DONE, "text/event-stream"))
    async with keeping.runs.create("t", assistant_id="a").stream() as channel:
        first, second, third = [event async for event in channel]
    assert isinstance(first, MessageDeltaEvent)
    assert first.data.delta is not None
    assert first.data.delta.content[0].extra == {"x_part": 1}
    assert isinstance(second, MessageEvent)
    assert second.data.to_dict() == MESSAGE
    assert isinstance(third, RunEvent)
    assert third.data.to_dict() == RUN
    assert channel.snapshot.messages[0].to_dict() == MESSAGE
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        assert [event.data.extra async for event in channel] == [{}, {}, {}]
    wire.answer(ok(RUN))
    async with keeping.runs.create("t", assistant_id="a").stream() as channel:
        assert [event.data.extra async for event in channel] == [{"x_run": "kept"}]


def test_without_the_option_nothing_is_kept() -> None:
    """Models without the option equal those that never had a member more; the option is a flag."""
    assert Assistant.from_dict(ASSISTANT).extra == {}
    assert Message.from_dict(MESSAGE) == Message.from_dict({key: MESSAGE[key] for key in MESSAGE if key != "x_message"})
    assert "extra" not in repr(Message.from_dict(MESSAGE))
    with pytest.raises(TypeError, match="keep_unknown"):
        AssistantsClient(api_key=KEY, keep_unknown="yes")  # type: ignore[arg-type]  # that it is refused is the point
