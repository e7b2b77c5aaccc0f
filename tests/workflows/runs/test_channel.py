"""A run's events: every kind typed, in every shape that servers send."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.errors import (
    ItemDecodeError,
    ItemTooLargeError,
    StreamEventError,
    StreamInterruptedError,
)
from assistants_async.models.events import (
    EVENTS,
    MessageDeltaEvent,
    MessageEvent,
    RunEvent,
    RunStepDeltaEvent,
    RunStepEvent,
    ThreadEvent,
    UnknownEvent,
)
from tests.support.byte_server import STALL, Body, cuts, dumps, frame
from tests.support.http_server import Wire
from tests.support.places import FACTS as FACTS_FILE
from tests.support.run_channels import events, failing, start
from tests.support.run_events import DONE, ERROR, TEXT, names, payload, run, run_frames
from tests.support.steady_loop import MS


@pytest.mark.parametrize("name", sorted(EVENTS))
async def test_case_c_every_event_is_typed(wire: Wire, client: AssistantsClient, name: str) -> None:
    """Each of the 23 events with a payload comes as its class, under its name, with all that it carries."""
    (event, *_) = await events(wire, client, frame(name, payload(name)), run_frames()[-1], DONE)
    assert type(event) is EVENTS[name]
    assert event.event == name
    assert not isinstance(event, UnknownEvent)
    required: dict[str, Any] = {"tools": []} if isinstance(event, RunEvent) else {}
    assert event.data.to_dict() == {**payload(name), **required}


def test_case_c_the_table_has_every_event_of_the_documents() -> None:
    """With `error` and `done` there are 25, and the documents name no other."""
    facts = json.loads(FACTS_FILE.read_text())
    named = {*facts["v1"]["events"], *facts["v2"]["events"], "error", "done"}
    # In the documents' prose only (CONTRACT): the object's status has it.
    assert {*EVENTS, "error", "done"} - named <= {"thread.run.step.cancelled", "thread.run.step.expired"}
    assert named <= {*EVENTS, "error", "done"}
    assert {kind.__name__ for kind in EVENTS.values()} == {
        kind.__name__
        for kind in (ThreadEvent, RunEvent, RunStepEvent, RunStepDeltaEvent, MessageEvent, MessageDeltaEvent)
    }


async def test_n21_unknown_events_are_delivered(wire: Wire, client: AssistantsClient) -> None:
    """Names that no document has, with JSON, with text, with nothing inside, are events and no errors."""
    got = await events(
        wire,
        client,
        frame("thread.run.thinking", {"id": "x"}),
        frame("gossip", "né".encode()),
        b"data: 7\n\n",
        b'event: x\ndata: {"event": 1, "data": 2}\n\n',
        b"event: bytes\ndata: \xff\n\n",
        b"event: y\ndata\n\n",
        *run_frames("a"),
        DONE,
    )
    unknown = [event for event in got if isinstance(event, UnknownEvent)]
    assert [(event.event, event.data) for event in unknown] == [
        ("thread.run.thinking", {"id": "x"}),
        ("gossip", "né"),
        ("message", 7),
        ("x", {"event": 1, "data": 2}),
        ("bytes", "\ufffd"),
        ("y", ""),
    ]


SHAPES = [
    frame("error", ERROR),
    frame("error", {"error": ERROR}),
    b"data: " + dumps({"error": ERROR}) + b"\n\n",
    frame("thread.run.failed", {"error": ERROR}),
    frame("thread.message.delta", {"error": ERROR}),
    frame("whatever", {"error": ERROR}),
    b"data: " + dumps({"event": "error", "data": ERROR}) + b"\n\n",
    b"data: " + dumps({"event": "error", "data": {"error": ERROR}}) + b"\n\n",
]


@pytest.mark.parametrize("shape", SHAPES)
async def test_n22_an_error_in_any_shape_raises(wire: Wire, client: AssistantsClient, shape: bytes) -> None:
    """The events before it come first, and its words, type, code and field are on the error."""
    got, error, channel = await failing(wire, client, *run_frames("a")[:4], shape, *run_frames("a"), DONE)
    assert isinstance(error, StreamEventError)
    assert got == names(run_frames("a")[:4])
    assert (error.message, error.type, error.code, error.param) == tuple(ERROR.values())
    assert error.items == 4
    assert str(error) == ERROR["message"]
    assert channel.run is not None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"the model is\ndata: overloaded", "the model is\noverloaded"),
        (b'{"error": "busy"}', "busy"),
        (b'{"message": "busy"}', "busy"),
        (b'{"detail": "busy"}', "busy"),
        (b'{"detail": [{"msg": "busy"}]}', "busy"),
        (b"null", "null"),
        (b"", ""),
    ],
)
async def test_n22_an_error_without_the_vendors_shape(
    wire: Wire, client: AssistantsClient, data: bytes, message: str
) -> None:
    """Text, a bare message, another framework's detail: what there is of words is kept."""
    _, error, _ = await failing(wire, client, b"event: error\ndata: " + data + b"\n\n", DONE)
    assert isinstance(error, StreamEventError)
    assert error.message == message


async def test_n22_an_error_in_place_of_a_stream(wire: Wire, client: AssistantsClient) -> None:
    """A JSON error object under 200 raises, and is no run."""
    got, error, channel = await failing(wire, client, dumps({"error": ERROR}), kind="application/json")
    assert isinstance(error, StreamEventError)
    assert (got, error.code, channel.run) == ([], "boom", None)


# Shapes that servers really send


async def test_done_without_a_name_ends_the_stream(wire: Wire, client: AssistantsClient) -> None:
    """`data: [DONE]` alone is the end; later bytes are not read, and the body may stay open."""
    for done in (b"data: [DONE]\n\n", DONE, b"event: done\ndata: x\n\n", b"event: foo\ndata: [DONE]\n\n"):
        wire.answer(Body(*run_frames("a"), done, frame("thread.run.failed", run("failed")), STALL))
        async with start(client) as channel:
            assert (await channel.final_run()).status == "completed"
            assert (channel.outcome, channel.terminal_marker_seen) == ("completed", True)


async def test_n24_bytes_behind_done_are_never_seen(wire: Wire, client: AssistantsClient) -> None:
    """In the same read or in a later one, events, errors and garbage behind `done` change nothing."""
    for tail in (frame("error", ERROR), b"\xff\xfe garbage", run_frames("z")[0], b": comment\n\n" * 9):
        for joined in (False, True):
            pieces = (DONE + tail,) if joined else (DONE, tail)
            assert len(await events(wire, client, *run_frames("a"), *pieces)) == len(run_frames("a"))


async def test_done_ends_a_stream_that_goes_on(wire: Wire, client: AssistantsClient) -> None:
    """Keep-alive comments behind `done`, without end, do not keep the reader."""

    async def chatter(seen: Any, peer: Any) -> None:
        while True:
            await peer.send(b"4\r\n: x\n\r\n")
            await asyncio.sleep(MS)

    wire.answer(Body(*run_frames("a"), DONE, chatter))
    async with asyncio.timeout(20), start(client) as channel:
        assert (await channel.final_run()).status == "completed"


async def test_frames_that_carry_their_name_inside(wire: Wire, client: AssistantsClient) -> None:
    """`data: {"event": …, "data": …}` is the same as an event line, and so is data that is JSON as text."""
    frames = []
    for number, name in enumerate(names(run_frames("a", "b"))):
        data = json.loads(run_frames("a", "b")[number].split(b"data: ")[1])
        inner = dumps(data).decode() if number % 2 else data
        frames.append(b"data: " + dumps({"event": name, "data": inner}) + b"\n\n")
    ends = b"data: " + dumps({"event": "done", "data": "[DONE]"}) + b"\n\n"
    assert await events(wire, client, *frames, ends) == await events(wire, client, *run_frames("a", "b"), DONE)


async def test_frames_nested_without_end_are_no_recursion(wire: Wire, client: AssistantsClient) -> None:
    """Only one layer is taken off; deeper ones are an unknown event, however many there are."""
    for depth in (2, 100, 300, 480, 2000):
        data = b'{"event":"x","data":' * depth + b"1" + b"}" * depth
        got = await events(wire, client, b"data: " + data + b"\n\n", *run_frames("a"), DONE)
        assert isinstance(got[0], UnknownEvent)


async def test_n27_a_json_run_answered_to_a_stream(wire: Wire, client: AssistantsClient) -> None:
    """A server that does not stream gives one event, named by the run's status; `test_early_ends` has the others."""
    for status in ("completed", "failed", "requires_action"):
        wire.answer(Body(dumps(run(status)), kind="application/json", framed="length"))
        async with start(client) as channel:
            (event,) = [event async for event in channel]
            assert (event.event, channel.outcome) == (f"thread.run.{status}", "completed")
            assert isinstance(event, RunEvent)
            assert channel.run == event.data


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
async def test_every_line_end_is_understood(wire: Wire, client: AssistantsClient, end: bytes, bom: bytes) -> None:
    """CRLF, CR and LF, also cut between reads, with a byte order mark or without, with comments and a gzip of none."""
    body = bom + b": hi\n\n".replace(b"\n", end) + b"".join([*run_frames(*TEXT), DONE]).replace(b"\n", end)
    expected = await events(wire, client, *run_frames(*TEXT), DONE)
    assert await events(wire, client, body) == expected
    assert await events(wire, client, *(body[place : place + 7] for place in range(0, len(body), 7))) == expected
    assert await events(wire, client, body, framed="length") == expected


async def test_r05_a_run_is_the_same_byte_by_byte(wire: Wire, client: AssistantsClient) -> None:
    """Cut into single bytes, and in two at many places, the events are the same."""
    body = b"".join([*run_frames(*TEXT), DONE])
    expected = await events(wire, client, body)
    assert len(expected) == len(run_frames(*TEXT))
    assert await events(wire, client, *(body[place : place + 1] for place in range(len(body)))) == expected
    for first, second in list(cuts(body))[::41]:
        assert await events(wire, client, first, second) == expected


async def test_r03_events_without_a_content_type(wire: Wire, client: AssistantsClient) -> None:
    """Without the header, the answer is read as the requested form."""
    assert len(await events(wire, client, *run_frames("a"), DONE, kind=None)) == len(run_frames("a"))


async def test_a_run_goes_on_after_it_required_action(wire: Wire, client: AssistantsClient) -> None:
    """Some servers run tools themselves: `thread.run.completed` after `requires_action` is just the next event."""
    frames = [*run_frames()[:3], frame("thread.run.requires_action", run("requires_action"))]
    got = await events(wire, client, *frames, frame("thread.run.completed", run("completed")), DONE)
    assert [event.event for event in got][-2:] == ["thread.run.requires_action", "thread.run.completed"]


async def test_r13_a_run_that_went_on_must_end(wire: Wire, client: AssistantsClient) -> None:
    """`requires_action` is an end of the stream only while nothing follows it."""
    waiting = [*run_frames()[:3], frame("thread.run.requires_action", run("requires_action"))]
    assert len(await events(wire, client, *waiting)) == 4
    for name in ("queued", "in_progress", "cancelling"):
        _, error, _ = await failing(wire, client, *waiting, frame(f"thread.run.{name}", run(name)))
        assert isinstance(error, StreamInterruptedError)
        assert error.last_event == f"thread.run.{name}"


async def test_streams_without_message_events(wire: Wire, client: AssistantsClient) -> None:
    """Run and step events alone are a whole stream; `test_missing_messages` says what becomes of the text."""
    frames = [one for one in run_frames("a") if b"event: thread.message" not in one]
    wire.answer(Body(*frames, DONE))
    async with start(client) as channel:
        assert len([event async for event in channel]) == len(frames)
        assert (await channel.final_run()).status == "completed"
        assert [one.id for one in channel.snapshot.steps] == ["step_1"]


async def test_n32_a_payload_that_is_wrong_says_where(wire: Wire, client: AssistantsClient) -> None:
    """`ItemDecodeError` with the event's name, its place in the stream and the path in it."""
    bad = frame("thread.message.delta", b'{"id":"msg_1","delta":{"content":7}}')
    got, error, _ = await failing(wire, client, *run_frames("a")[:7], bad, DONE)
    assert isinstance(error, ItemDecodeError)
    assert "event thread.message.delta" in str(error)
    assert (len(got), error.index, error.items, error.path) == (7, 7, 7, "$.delta.content")
    for broken in (b"{oops", b"\xff\xfe", b"[1]", b"null", b"", b'{"x":' * 100_000):
        got, error, _ = await failing(
            wire, client, *run_frames("a")[:7], b"event: thread.run.queued\ndata: " + broken + b"\n\n"
        )
        assert isinstance(error, ItemDecodeError)
        assert len(got) == 7


async def test_r14_a_wrong_payload_can_be_left_out(wire: Wire, client: AssistantsClient) -> None:
    """The stream goes on behind it, and the callback has what was left out."""
    left_out: list[ItemDecodeError] = []
    frames = run_frames("a", "b")
    wire.answer(Body(*frames[:8], frame("thread.message.delta", b"{}"), *frames[8:], DONE))
    call = client.runs.create("thread_1", assistant_id="a").with_options(on_bad_item=left_out.append)
    async with call.stream() as channel:
        assert "".join([text async for text in channel.text()]) == "ab"
    (error,) = left_out
    assert (error.raw, error.index) == (b"{}", 8)


async def test_r07_an_event_past_the_limit(wire: Wire, client: AssistantsClient) -> None:
    """A line without end is cut off at the limit, after the events before it."""
    wire.answer(Body(run_frames("a")[0], b"data: " + b"x" * 1000, STALL))
    call = client.runs.create("thread_1", assistant_id="a").with_options(max_item_bytes=500)
    async with call.stream() as channel:
        assert (await anext(channel)).event == "thread.run.created"
        with pytest.raises(ItemTooLargeError) as caught:
            await anext(channel)
    assert caught.value.limit == 500
