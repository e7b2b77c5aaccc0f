"""A run's events: every kind typed, every shape that servers send, and no end that is not told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, ClientClosedError, ConnectionLostError, TimedOutError, Timeout
from assistants_async.calls.chunk_stream import ChunkStream
from assistants_async.core.streams.run_events import frame_of
from assistants_async.errors import (
    ItemDecodeError,
    ItemTooLargeError,
    StreamError,
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
    StreamEvent,
    ThreadEvent,
    UnknownEvent,
)
from assistants_async.workflows.runs.call import RunChannel
from tests.conftest import MS
from tests.support.byte_server import CLOSE, RESET, STALL, Body, Hold, Step, cuts, dumps, frame
from tests.support.http_server import KEY, Wire
from tests.support.run_events import DONE, ERROR, TEXT, calls, delta, message, names, payload, run, step, told

EXAMPLES = Path(__file__).parents[3] / "shared" / "spec" / "examples"


def start(client: AssistantsClient) -> RunChannel:
    """The stream of a new run."""
    return client.runs.create("thread_1", assistant_id="asst_1").stream()


async def events(wire: Wire, client: AssistantsClient, *steps: Step, **body: Any) -> list[StreamEvent]:
    """All events of a run whose body is this."""
    wire.answer(Body(*steps, **body))
    async with start(client) as channel:
        return [event async for event in channel]


async def failing(
    wire: Wire, client: AssistantsClient, *steps: Step, **body: Any
) -> tuple[list[str], Exception, RunChannel]:
    """The names of the events before the error that a run's stream ends with."""
    wire.answer(Body(*steps, **body))
    got: list[str] = []
    async with start(client) as channel:
        with pytest.raises(StreamError) as caught:
            async for event in channel:
                got.append(event.event)  # noqa: PERF401  # what came before the error is the point
        assert channel.outcome == "failed"
        with pytest.raises(StopAsyncIteration):
            await anext(channel)
    return got, caught.value, channel


# Every event


@pytest.mark.parametrize("name", sorted(EVENTS))
async def test_case_c_every_event_is_typed(wire: Wire, client: AssistantsClient, name: str) -> None:
    """Each of the 23 events with a payload comes as its class, under its name, with all that it carries."""
    (event, *_) = await events(wire, client, frame(name, payload(name)), told()[-1], DONE)
    assert type(event) is EVENTS[name]
    assert event.event == name
    assert not isinstance(event, UnknownEvent)
    required: dict[str, Any] = {"tools": []} if isinstance(event, RunEvent) else {}
    assert event.data.to_dict() == {**payload(name), **required}


def test_case_c_the_table_has_every_event_of_the_documents() -> None:
    """With `error` and `done` there are 25, and the documents name no other."""
    facts = json.loads((Path(__file__).parents[1] / "contract" / "facts.json").read_text())
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
        *told("a"),
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
    got, error, channel = await failing(wire, client, *told("a")[:4], shape, *told("a"), DONE)
    assert isinstance(error, StreamEventError)
    assert got == names(told("a")[:4])
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
    """`data: [DONE]` alone is the end; what follows is not read, and the body may stay open."""
    for done in (b"data: [DONE]\n\n", DONE, b"event: done\ndata: x\n\n", b"event: foo\ndata: [DONE]\n\n"):
        wire.answer(Body(*told("a"), done, frame("thread.run.failed", run("failed")), STALL))
        async with start(client) as channel:
            assert (await channel.final_run()).status == "completed"
            assert (channel.outcome, channel.terminal_marker_seen) == ("completed", True)


async def test_n24_bytes_behind_done_are_never_seen(wire: Wire, client: AssistantsClient) -> None:
    """In the same read or in a later one, events, errors and garbage behind `done` change nothing."""
    for tail in (frame("error", ERROR), b"\xff\xfe garbage", told("z")[0], b": comment\n\n" * 9):
        for joined in (False, True):
            pieces = (DONE + tail,) if joined else (DONE, tail)
            assert len(await events(wire, client, *told("a"), *pieces)) == len(told("a"))


async def test_done_holds_where_the_server_goes_on_talking(wire: Wire, client: AssistantsClient) -> None:
    """Keep-alive comments behind `done`, without end, do not keep the reader."""

    async def chatter(seen: Any, peer: Any) -> None:
        while True:
            await peer.send(b"4\r\n: x\n\r\n")
            await asyncio.sleep(MS)

    wire.answer(Body(*told("a"), DONE, chatter))
    async with asyncio.timeout(20), start(client) as channel:
        assert (await channel.final_run()).status == "completed"


async def test_frames_that_carry_their_name_inside(wire: Wire, client: AssistantsClient) -> None:
    """`data: {"event": …, "data": …}` is the same as an event line, and so is data that is JSON as text."""
    frames = []
    for number, name in enumerate(names(told("a", "b"))):
        data = json.loads(told("a", "b")[number].split(b"data: ")[1])
        inner = dumps(data).decode() if number % 2 else data
        frames.append(b"data: " + dumps({"event": name, "data": inner}) + b"\n\n")
    ends = b"data: " + dumps({"event": "done", "data": "[DONE]"}) + b"\n\n"
    assert await events(wire, client, *frames, ends) == await events(wire, client, *told("a", "b"), DONE)


async def test_frames_nested_without_end_are_no_recursion(wire: Wire, client: AssistantsClient) -> None:
    """Only one layer is taken off; deeper ones are an unknown event, however many there are."""
    for depth in (2, 100, 300, 480, 2000):
        data = b'{"event":"x","data":' * depth + b"1" + b"}" * depth
        got = await events(wire, client, b"data: " + data + b"\n\n", *told("a"), DONE)
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
    body = bom + b": hi\n\n".replace(b"\n", end) + b"".join([*told(*TEXT), DONE]).replace(b"\n", end)
    expected = await events(wire, client, *told(*TEXT), DONE)
    assert await events(wire, client, body) == expected
    assert await events(wire, client, *(body[place : place + 7] for place in range(0, len(body), 7))) == expected
    assert await events(wire, client, body, framed="length") == expected


async def test_r05_a_run_is_the_same_byte_by_byte(wire: Wire, client: AssistantsClient) -> None:
    """Cut into single bytes, and in two at many places, the events are the same."""
    body = b"".join([*told(*TEXT), DONE])
    expected = await events(wire, client, body)
    assert len(expected) == len(told(*TEXT))
    assert await events(wire, client, *(body[place : place + 1] for place in range(len(body)))) == expected
    for first, second in list(cuts(body))[::41]:
        assert await events(wire, client, first, second) == expected


async def test_r03_events_without_a_content_type(wire: Wire, client: AssistantsClient) -> None:
    """Where the header is missing, what was asked for is taken to have come."""
    assert len(await events(wire, client, *told("a"), DONE, kind=None)) == len(told("a"))


async def test_a_run_goes_on_after_it_asked_for_action(wire: Wire, client: AssistantsClient) -> None:
    """Some servers run tools themselves: `thread.run.completed` after `requires_action` is just the next event."""
    frames = [*told()[:3], frame("thread.run.requires_action", run("requires_action"))]
    got = await events(wire, client, *frames, frame("thread.run.completed", run("completed")), DONE)
    assert [event.event for event in got][-2:] == ["thread.run.requires_action", "thread.run.completed"]


async def test_r13_a_run_that_went_on_after_it_asked_must_end(wire: Wire, client: AssistantsClient) -> None:
    """`requires_action` is an end of the stream only while nothing follows it."""
    asked = [*told()[:3], frame("thread.run.requires_action", run("requires_action"))]
    assert len(await events(wire, client, *asked)) == 4
    for name in ("queued", "in_progress", "cancelling"):
        _, error, _ = await failing(wire, client, *asked, frame(f"thread.run.{name}", run(name)))
        assert isinstance(error, StreamInterruptedError)
        assert error.last_event == f"thread.run.{name}"


async def test_streams_without_message_events(wire: Wire, client: AssistantsClient) -> None:
    """Run and step events alone are a whole stream; `test_missing_messages` says what becomes of the text."""
    frames = [one for one in told("a") if b"event: thread.message" not in one]
    wire.answer(Body(*frames, DONE))
    async with start(client) as channel:
        assert len([event async for event in channel]) == len(frames)
        assert (await channel.final_run()).status == "completed"
        assert [one.id for one in channel.snapshot.steps] == ["step_1"]


async def test_n32_a_payload_that_is_wrong_says_where(wire: Wire, client: AssistantsClient) -> None:
    """`ItemDecodeError` with the event's name, its place in the stream and the path in it."""
    bad = frame("thread.message.delta", b'{"id":"msg_1","delta":{"content":7}}')
    got, error, _ = await failing(wire, client, *told("a")[:7], bad, DONE)
    assert isinstance(error, ItemDecodeError)
    assert "event thread.message.delta" in str(error)
    assert (len(got), error.index, error.items, error.path) == (7, 7, 7, "$.delta.content")
    for broken in (b"{oops", b"\xff\xfe", b"[1]", b"null", b"", b'{"x":' * 100_000):
        got, error, _ = await failing(
            wire, client, *told("a")[:7], b"event: thread.run.queued\ndata: " + broken + b"\n\n"
        )
        assert isinstance(error, ItemDecodeError)
        assert len(got) == 7


async def test_r14_a_wrong_payload_can_be_left_out(wire: Wire, client: AssistantsClient) -> None:
    """The stream goes on behind it, and the callback has what was left out."""
    left_out: list[ItemDecodeError] = []
    frames = told("a", "b")
    wire.answer(Body(*frames[:8], frame("thread.message.delta", b"{}"), *frames[8:], DONE))
    call = client.runs.create("thread_1", assistant_id="a").with_options(on_bad_item=left_out.append)
    async with call.stream() as channel:
        assert "".join([text async for text in channel.text()]) == "ab"
    (error,) = left_out
    assert (error.raw, error.index) == (b"{}", 8)


async def test_r07_an_event_past_the_limit(wire: Wire, client: AssistantsClient) -> None:
    """A line without end is cut off at the limit, after the events before it."""
    wire.answer(Body(told("a")[0], b"data: " + b"x" * 1000, STALL))
    call = client.runs.create("thread_1", assistant_id="a").with_options(max_item_bytes=500)
    async with call.stream() as channel:
        assert (await anext(channel)).event == "thread.run.created"
        with pytest.raises(ItemTooLargeError) as caught:
            await anext(channel)
    assert caught.value.limit == 500


# Interruptions


@pytest.mark.parametrize("end", ["clean", "cut", "fin", "short", "closed", "inside"])
async def test_n23_an_end_without_its_event_is_an_interruption(wire: Wire, client: AssistantsClient, end: str) -> None:
    """However the body ends, the error says which run it was, where it stood and what cut it."""
    frames = told("a", "b")[:8]
    inside = told("a", "b")[8]
    ways: dict[str, Body] = {
        "clean": Body(*frames),
        "cut": Body(*frames, RESET),
        "fin": Body(*frames, CLOSE),
        "short": Body(*frames, CLOSE, framed="length", length=10**6),
        "closed": Body(*frames, framed="close"),
        "inside": Body(*frames, inside[: len(inside) // 2]),
    }
    wire.answer(ways[end])
    async with start(client) as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
        assert channel.items_delivered == 8
    error = caught.value
    assert (error.run_id, error.thread_id, error.last_event, error.items) == (
        "run_1",
        "thread_1",
        "thread.message.delta",
        8,
    )
    assert isinstance(error.__cause__, ConnectionLostError) == (end in ("cut", "fin", "short"))
    assert error.__notes__ == ["while streaming runs.create"]


async def test_n23_nothing_at_all_is_an_interruption_too(wire: Wire, client: AssistantsClient) -> None:
    """An empty event stream, or one of comments only, has no run to name."""
    for steps in ((), (b": hi\n\n",), (b"\n\n",), (b"event: thread.run.created\n",)):
        got, error, _ = await failing(wire, client, *steps)
        assert isinstance(error, StreamInterruptedError)
        assert (got, error.run_id, error.thread_id, error.last_event) == ([], None, None, None)


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled", "expired", "requires_action"])
@pytest.mark.parametrize("cut", [None, RESET, CLOSE])
async def test_a_run_that_has_ended_needs_no_done(wire: Wire, client: AssistantsClient, status: str, cut: Any) -> None:
    """After each event that ends a run the stream may end as it likes, and the run is what its last event says."""
    frames = [*told()[:3], frame(f"thread.run.{status}", run(status))]
    wire.answer(Body(*frames, *([] if cut is None else [cut])))
    async with start(client) as channel:
        assert (await channel.final_run()).status == status
        assert (channel.outcome, channel.terminal_marker_seen) == ("completed", False)


async def test_a_failed_run_is_delivered_and_not_raised(wire: Wire, client: AssistantsClient) -> None:
    """The stream went well; what the run came to is for the caller to look at."""
    failed = frame("thread.run.failed", run("failed", last_error={"code": "server_error", "message": "no"}))
    wire.answer(Body(*told("a")[:9], failed, DONE))
    async with start(client) as channel:
        final = await channel.final_run()
    assert final.last_error is not None
    assert (final.status, final.last_error.code) == ("failed", "server_error")


@pytest.mark.parametrize("limit", ["idle", "stream"])
async def test_r16_a_silent_run_stream_times_out(wire: Wire, client: AssistantsClient, limit: str) -> None:
    """An interruption with the run's id, whose cause is the limit that passed."""
    timeout = Timeout(idle=30 * MS) if limit == "idle" else Timeout(stream=30 * MS)
    wire.answer(Body(*told("a")[:6], STALL))
    async with client.runs.create("t", assistant_id="a").with_options(timeout=timeout).stream() as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    error, cause = caught.value, caught.value.__cause__
    assert (error.run_id, error.thread_id, error.items) == ("run_1", "thread_1", 6)
    assert isinstance(cause, TimedOutError)
    assert (cause.phase, cause.is_long_poll) == ("idle" if limit == "idle" else "total", True)


async def test_r16_comments_reset_the_idle_limit_and_not_the_whole_one(wire: Wire, client: AssistantsClient) -> None:
    """Keep-alives hold a stream open for as long as `timeout.stream` allows, and are no items."""

    async def keep_alive(seen: Any, peer: Any) -> None:
        for _ in range(12):
            await asyncio.sleep(20 * MS)
            await peer.send(b"4\r\n: x\n\r\n")

    wire.answer(Body(*told("a")[:4], keep_alive, *told("a")[4:], DONE))
    call = client.runs.create("t", assistant_id="a").with_options(timeout=Timeout(idle=100 * MS))
    async with call.stream() as channel:
        assert (await channel.final_run()).status == "completed"
        assert channel.items_delivered == len(told("a"))

    async def forever(seen: Any, peer: Any) -> None:
        while True:
            await keep_alive(seen, peer)

    wire.answer(Body(*told("a")[:4], forever))
    limits = Timeout(idle=100 * MS, stream=150 * MS)
    async with client.runs.create("t", assistant_id="a").with_options(timeout=limits).stream() as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    assert isinstance(caught.value.__cause__, TimedOutError)
    assert caught.value.__cause__.phase == "total"


async def test_r16_the_whole_limit_holds_for_a_stream_that_never_pauses(wire: Wire, client: AssistantsClient) -> None:
    """Bytes that are always there keep no stream alive past its limit."""

    async def flood(seen: Any, peer: Any) -> None:
        piece = told("a")[7] * 50
        while True:
            await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    wire.answer(Body(*told("a")[:4], flood))
    limits = Timeout(stream=20 * MS)
    async with client.runs.create("t", assistant_id="a").with_options(timeout=limits).stream() as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    assert isinstance(caught.value.__cause__, TimedOutError)


async def test_r22_the_client_closes_under_a_run(wire: Wire) -> None:
    """It is the caller's own doing, so it is no interruption but `ClientClosedError`; the run stays known."""
    wire.answer(Body(*told("a")[:6], STALL))
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    async with start(client) as channel:
        for _ in range(6):
            await anext(channel)
        await client.close()
        with pytest.raises(ClientClosedError):
            await anext(channel)
        assert channel.run is not None


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
    wire.answer(Body(*told()[:3], *frames, told()[-1], DONE))
    async with start(client) as channel:
        assert [text async for text in channel.text()] == ["a", "b"]
        (whole,) = channel.snapshot.messages
    assert (whole.id, whole.text, whole.role) == ("msg_1", "ab", "assistant")


async def test_n32_deltas_of_messages_that_were_never_announced(wire: Wire, client: AssistantsClient) -> None:
    """They are delivered, make text, and add up to a message."""
    frames = [
        frame("thread.message.delta", delta(text, name)) for text, name in (("a", "m1"), ("x", "m2"), ("b", "m1"))
    ]
    wire.answer(Body(*told()[:3], *frames, told()[-1], DONE))
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
    wire.answer(Body(*told()[:3], *frames, told()[-1], DONE))
    async with start(client) as channel:
        (whole,) = await channel.final_messages()
        (made,) = channel.snapshot.steps
    assert (len(whole.content), whole.text) == (2, "abc")
    assert [call.id for call in made.tool_calls] == ["c1", "c2"]  # type: ignore[union-attr]  # none is unknown


async def test_a_message_that_completes_twice(wire: Wire, client: AssistantsClient) -> None:
    """Its text comes once, it is yielded once, and the last whole object counts."""
    frames = told("a", "b")
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
    wire.answer(Body(*told()[:3], *frames, told()[-1], DONE))
    async with start(client) as channel:
        await channel.until_done()
        first, second, third = channel.snapshot.steps
    assert first.to_dict()["step_details"] == {"type": "deep_research", "deep_research": {"a": 1}}
    assert second.to_dict()["step_details"] == {"type": "tool_calls", "tool_calls": [own]}
    assert third.to_dict()["step_details"] == {"type": "odd", "odd": 1}


# All three operations, and the embedded server


async def test_every_operation_that_starts_a_run_streams(wire: Wire, client: AssistantsClient) -> None:
    """Each asks for a stream in its body, and gives the same events."""
    frames = [frame("thread.created", payload("thread.created")), *told("a"), DONE]
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


# Bytes from elsewhere


async def again(channel: RunChannel) -> list[bytes]:
    """The bytes that a channel is re-emitted as."""
    return [piece async for piece in channel.sse()]


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    """Bytes as any service may hand them over."""
    for piece in data:
        yield piece


async def test_sse_is_read_back_as_the_same_events(wire: Wire, client: AssistantsClient) -> None:
    """Each event is one frame with its name, unknown ones unchanged, and the closing frame stands at the end."""
    odd = frame("odd", b"two\ndata: lines")
    expected = await events(wire, client, *told(*TEXT), odd, DONE)
    wire.answer(Body(*told(*TEXT), odd, DONE))
    async with start(client) as channel:
        written = await again(channel)
    assert written[-1] == DONE
    assert written[:-1] == [*told(*TEXT), odd]
    async with RunChannel.from_sse(pieces(*written)) as back:
        assert back.http.content_type == "text/event-stream"
        assert [event async for event in back] == expected
        assert (back.outcome, back.run) == ("completed", expected[-2].data)


async def test_sse_of_frames_named_inside_has_event_lines(wire: Wire, client: AssistantsClient) -> None:
    """A browser listens for names of events, so they stand where it looks."""
    inside = b"data: " + dumps({"event": "thread.run.completed", "data": run("completed")}) + b"\n\n"
    wire.answer(Body(inside))
    async with start(client) as channel:
        first, last = await again(channel)
    assert first.startswith(b"event: thread.run.completed\ndata: {")
    assert last == DONE


async def test_sse_can_be_cut_at_every_place(wire: Wire, client: AssistantsClient) -> None:
    """Re-cut at each byte, with empty pieces between, the events stay the same."""
    body = b"".join([*told("é"), DONE])
    async with RunChannel.from_sse(pieces(body)) as whole_body:
        expected = [event async for event in whole_body]
    for first, second in cuts(body):
        async with RunChannel.from_sse(pieces(b"", first, b"", second)) as channel:
            assert [event async for event in channel] == expected
    one_by_one = (body[place : place + 1] for place in range(len(body)))
    async with RunChannel.from_sse(pieces(*one_by_one)) as channel:
        assert [event async for event in channel] == expected


async def test_every_event_survives_the_way_to_a_browser() -> None:
    """All kinds of events, written and read back, are equal."""
    body = b"".join(frame(name, payload(name)) for name in EVENTS)
    async with RunChannel.from_sse(pieces(body, DONE)) as channel:
        first = [event async for event in channel]
    async with RunChannel.from_sse(pieces(*(frame_of(event) for event in first), DONE)) as channel:
        assert [event async for event in channel] == first
    assert len(first) == len(EVENTS)


async def test_from_sse_that_ends_early_is_an_interruption() -> None:
    """The same rules hold for bytes from elsewhere: no end, no completion."""
    async with RunChannel.from_sse(pieces(*told("a")[:5])) as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    assert caught.value.run_id == "run_1"


async def test_sse_of_a_closed_stream_does_not_say_done(wire: Wire, client: AssistantsClient) -> None:
    """The browser must not believe that the run is over where the stream was only left."""
    wire.answer(Body(*told("a")[:3], STALL))
    written: list[bytes] = []
    async with start(client) as channel:
        async for piece in channel.sse():
            written.append(piece)
            if len(written) == 3:
                asyncio.get_running_loop().call_later(2 * MS, channel.close)
    assert len(written) == 3
    assert DONE not in written


async def test_r09_closing_wakes_a_reader_of_bytes_from_elsewhere() -> None:
    """Where the bytes come from something that is silent, closing ends the read all the same."""

    async def silent() -> AsyncIterator[bytes]:
        yield told("a")[0]
        await asyncio.Event().wait()

    async with RunChannel.from_sse(silent()) as channel:
        await anext(channel)
        waiting = asyncio.ensure_future(channel.until_done())
        await asyncio.sleep(2 * MS)
        await channel.aclose()
        await asyncio.wait_for(waiting, 30)
        assert channel.outcome == "closed"


async def test_bytes_from_elsewhere_have_a_head_of_their_own() -> None:
    """A source of bytes ends where they end, drains nothing, and reads no more once closed."""
    source = ChunkStream(pieces(b"a", b"", b"b"))
    assert [await source.read(), await source.read(), await source.read()] == [b"a", b"b", b""]
    await source.drain()
    closed = ChunkStream(pieces(b"a"))
    closed.close()
    assert await closed.read() == b""


async def test_from_sse_can_be_read_on_after_a_time_out() -> None:
    """A cancelled read of a source that survives it loses nothing."""
    more = Hold()

    class Slow(AsyncIterator[bytes]):
        given = 0

        async def __anext__(self) -> bytes:
            if self.given:
                await more.wait()
            self.given += 1
            return [b"".join(told("a")), DONE][self.given - 1]

    async with RunChannel.from_sse(Slow()) as channel:
        for _ in told("a"):
            await anext(channel)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * MS):
                await anext(channel)
        more.set()
        with pytest.raises(StopAsyncIteration):
            await anext(channel)
        assert channel.terminal_marker_seen


# What the vendor published


def published() -> list[Any]:
    """Every stream of the documents' examples."""
    files = [file for version in ("v1-final", "v2") for file in sorted((EXAMPLES / version).glob("*.stream.fixed.sse"))]
    return [pytest.param(file.read_bytes(), id=f"{file.parent.name}-{file.name}") for file in files] or [
        pytest.param(None, marks=pytest.mark.skip(reason="the published examples are not at hand"))
    ]


@pytest.mark.parametrize("body", published())
async def test_published_streams_are_typed_and_fold(body: bytes) -> None:
    """Every event is one of the table's, and what the deltas fold to is replaced by the message that they end with."""
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
                # The examples leave deltas out in the middle; those that they show stand in the message, in order.
                place = 0
                for text in texts:
                    place = event.data.text.index(text, place) + len(text)
                assert place == len(event.data.text)
        assert channel.terminal_marker_seen
        assert channel.run is not None
        assert channel.run.is_terminal or channel.run.needs_action
