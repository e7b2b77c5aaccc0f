"""Deltas that no document promises, and streams of each operation."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.models.events import (
    MessageDeltaEvent,
    MessageEvent,
    ThreadEvent,
    UnknownEvent,
)
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import Body, dumps, frame
from tests.support.http_server import Wire
from tests.support.places import SHARED
from tests.support.run_channels import pieces, start
from tests.support.run_events import DONE, calls, delta, message, payload, run, run_frames, step

EXAMPLES = SHARED / "spec" / "examples"


# Deltas that no document promises


async def test_deltas_with_nulls(wire: Wire, client: AssistantsClient) -> None:
    """Nulls where lists and names are promised are read as nothing."""
    sloppy: list[Any] = [
        {"id": "msg_1", "object": "thread.message.delta", "delta": {"role": None, "content": None}},
        {
            "id": "msg_1",
            "delta": {"content": [{"index": 0, "type": "text", "text": {"value": "a", "annotations": None}}]},
        },
        {"id": "msg_1", "delta": {"content": [{"index": 0, "type": "text", "text": {"value": None}}]}},
        {"id": "msg_1", "delta": {"content": [{"index": 0, "type": "text", "text": None}]}},
        {"id": "msg_1", "delta": None},
        {"id": "msg_1"},
        delta("b"),
    ]
    frames = [frame("thread.message.delta", one) for one in sloppy]
    wire.answer(Body(*run_frames()[:3], *frames, run_frames()[-1], DONE))
    async with start(client) as channel:
        assert [text async for text in channel.text()] == ["a", "b"]
        (whole,) = channel.snapshot.messages
    assert (whole.id, whole.text, whole.role) == ("msg_1", "ab", "assistant")


async def test_n32_deltas_of_messages_that_were_never_announced(wire: Wire, client: AssistantsClient) -> None:
    """They are delivered, make text, and add up to a message."""
    frames = [
        frame("thread.message.delta", delta(text, name)) for text, name in (("a", "m1"), ("x", "m2"), ("b", "m1"))
    ]
    wire.answer(Body(*run_frames()[:3], *frames, run_frames()[-1], DONE))
    async with start(client) as channel:
        assert [text async for text in channel.text()] == ["a", "x", "b"]
        assert [(one.id, one.text) for one in await channel.final_messages()] == [("m1", "ab"), ("m2", "x")]


async def test_an_index_of_a_million_makes_no_list(wire: Wire, client: AssistantsClient) -> None:
    """Parts and calls at far places are parts like any other, and cost no more."""
    frames = [
        frame("thread.message.delta", delta("b", index=10**6)),
        frame("thread.message.delta", delta("a", index=0)),
        frame("thread.message.delta", delta("c", index=10**6)),
        frame("thread.run.step.delta", calls({"index": 10**6, "id": "c1", "type": "function", "function": {}})),
        frame("thread.run.step.delta", calls({"index": 10**9, "id": "c2", "type": "file_search", "file_search": {}})),
    ]
    wire.answer(Body(*run_frames()[:3], *frames, run_frames()[-1], DONE))
    async with start(client) as channel:
        (whole,) = await channel.final_messages()
        (made,) = channel.snapshot.steps
    assert (len(whole.content), whole.text) == (2, "abc")
    assert [call.id for call in made.tool_calls] == ["c1", "c2"]  # type: ignore[union-attr]  # none is unknown


async def test_a_message_that_completes_twice(wire: Wire, client: AssistantsClient) -> None:
    """Its text comes once, it is yielded once, and the last whole object counts."""
    frames = run_frames("a", "b")
    again = frame("thread.message.completed", message("completed", "ab"))
    for view, expected in (("text", ["a", "b"]), ("messages", ["ab"])):
        wire.answer(Body(*frames[:-1], again, frames[-1], frames[-1], DONE, DONE))
        async with start(client) as channel:
            got = [getattr(item, "text", item) async for item in getattr(channel, view)()]
            assert got == expected
            assert len(await channel.final_messages()) == 1


async def test_steps_of_kinds_that_no_document_has(wire: Wire, client: AssistantsClient) -> None:
    """Tool calls and details of the server's own are kept as they came."""
    own = {"index": 0, "id": "c1", "type": "bing_grounding", "bing_grounding": {"q": "x"}}
    frames = [
        frame("thread.run.step.created", step("in_progress", type="deep_research", deep_research={"a": 1})),
        frame("thread.run.step.delta", calls(own, id="step_2")),
        frame("thread.run.step.delta", {"id": "step_3", "delta": {"step_details": {"type": "odd", "odd": 1}}}),
    ]
    wire.answer(Body(*run_frames()[:3], *frames, run_frames()[-1], DONE))
    async with start(client) as channel:
        await channel.until_done()
        first, second, third = channel.snapshot.steps
    assert first.to_dict()["step_details"] == {"type": "deep_research", "deep_research": {"a": 1}}
    assert second.to_dict()["step_details"] == {"type": "tool_calls", "tool_calls": [own]}
    assert third.to_dict()["step_details"] == {"type": "odd", "odd": 1}


# All three operations, and the embedded server


async def test_every_operation_that_starts_a_run_streams(wire: Wire, client: AssistantsClient) -> None:
    """Each has `"stream": true` in its body, and gives the same events."""
    frames = [frame("thread.created", payload("thread.created")), *run_frames("a"), DONE]
    made = [
        client.runs.create("t", assistant_id="a"),
        client.threads.create_and_run(assistant_id="a"),
        client.runs.submit_tool_outputs("t", "r", tool_outputs=[{"tool_call_id": "c", "output": "1"}]),
    ]
    for call in made:
        wire.answer(Body(*frames))
        async with call.stream() as channel:
            got = [event async for event in channel]
            assert channel.snapshot.thread is not None
        assert isinstance(got[0], ThreadEvent)
        assert len(got) == len(frames) - 1
        assert wire.last.json["stream"] is True


async def test_a_run_that_is_awaited_does_not_stream(wire: Wire, client: AssistantsClient) -> None:
    """The plain form sends no `stream` member."""
    wire.answer(Body(dumps(run("queued")), kind="application/json", framed="length"))
    assert (await client.runs.create("t", assistant_id="a")).status == "queued"
    assert "stream" not in wire.last.json


# What the vendor published


def published() -> list[Any]:
    """Every stream of the documents' examples."""
    files = [file for version in ("v1-final", "v2") for file in sorted((EXAMPLES / version).glob("*.stream.fixed.sse"))]
    return [pytest.param(file.read_bytes(), id=f"{file.parent.name}-{file.name}") for file in files] or [
        pytest.param(None, marks=pytest.mark.skip(reason="the published examples are not at hand"))
    ]


@pytest.mark.parametrize("body", published())
async def test_published_streams_are_typed_and_fold(body: bytes) -> None:
    """Every event is one of the table's, and the sum of the deltas is replaced by the message at their end."""
    async with RunChannel.from_sse(pieces(body)) as channel:
        texts: list[str] = []
        async for event in channel:
            assert not isinstance(event, UnknownEvent)
            if isinstance(event, MessageDeltaEvent):
                texts.append(event.text)
                assert [one.text for one in channel.snapshot.messages] == ["".join(texts)]
            if event.event == "thread.message.completed":
                assert isinstance(event, MessageEvent)
                assert channel.snapshot.messages == (event.data,)
                # The examples leave deltas out in the middle; the message has the shown ones in order.
                place = 0
                for text in texts:
                    place = event.data.text.index(text, place) + len(text)
                assert place == len(event.data.text)
        assert channel.terminal_marker_seen
        assert channel.run is not None
        assert channel.run.is_terminal or channel.run.needs_action
