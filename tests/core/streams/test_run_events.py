"""Frames to events: the table, the state for a stream that breaks off, and the way back to bytes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async.core.streams.run_events import EventDecoder, event_of_run, frame_of
from assistants_async.core.streams.sse import ServerSentEvent, SSEDecoder
from assistants_async.errors import ItemDecodeError, StreamEventError
from assistants_async.models.deltas import MessageDelta
from assistants_async.models.events import EVENTS, MessageDeltaEvent, RunEvent, StreamEvent, UnknownEvent
from assistants_async.models.runs import Run


def sent(name: str, data: Any) -> ServerSentEvent:
    """A frame; bytes go as they are."""
    return ServerSentEvent(name, data if isinstance(data, bytes) else msgspec.json.encode(data))


def run(status: str) -> dict[str, Any]:
    """A run in some state."""
    return {"id": "run_1", "thread_id": "thread_1", "status": status}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_a_name_of_the_table_gives_its_class(name: str) -> None:
    """All that a payload needs is an id."""
    decoder = EventDecoder()
    event = decoder.decode(sent(name, {"id": "x"}))
    assert type(event) is EVENTS[name]
    assert (decoder.items, decoder.last_event) == (1, name)


def test_the_decoder_remembers_the_state_of_the_run() -> None:
    """Its last run, its last event, and their number."""
    decoder = EventDecoder()
    assert (decoder.run, decoder.last_event, decoder.ended, decoder.done, decoder.items) == (
        None,
        None,
        False,
        False,
        0,
    )
    decoder.decode(sent("thread.run.queued", run("queued")))
    decoder.decode(sent("thread.message.delta", {"id": "msg_1"}))
    decoder.decode(sent("gossip", b"x"))
    assert decoder.run == Run(id="run_1", thread_id="thread_1", status="queued")
    assert (decoder.last_event, decoder.ended, decoder.items) == ("gossip", False, 3)


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled", "expired", "requires_action"])
def test_a_run_ends_by_its_events(status: str) -> None:
    """And not by those of its messages and steps, nor by its other states."""
    decoder = EventDecoder()
    for name in (
        "thread.run.created",
        "thread.run.cancelling",
        "thread.run.step.completed",
        "thread.message.completed",
    ):
        decoder.decode(sent(name, {"id": "x"}))
        assert not decoder.ended
    decoder.decode(sent(f"thread.run.{status}", run(status)))
    assert decoder.ended
    decoder.decode(sent("thread.message.completed", {"id": "x"}))
    assert decoder.ended
    decoder.decode(sent("thread.run.in_progress", run("in_progress")))
    assert not decoder.ended


@pytest.mark.parametrize(
    ("name", "data"), [("done", b"[DONE]"), ("done", b""), ("message", b"[DONE]"), ("x", b" [DONE] ")]
)
def test_done_is_no_item(name: str, data: bytes) -> None:
    """By its name or by its data."""
    decoder = EventDecoder()
    assert decoder.decode(sent(name, data)) is None
    assert (decoder.done, decoder.items) == (True, 0)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("error", {"message": "m", "code": "c"}),
        ("error", {"error": {"message": "m", "code": "c"}}),
        ("message", {"error": {"message": "m", "code": "c"}}),
        ("thread.run.failed", {"error": {"message": "m", "code": "c"}}),
        ("message", {"event": "error", "data": {"message": "m", "code": "c"}}),
    ],
)
def test_errors_raise(name: str, data: Any) -> None:
    """In every shape, with how many items came before."""
    decoder = EventDecoder()
    decoder.decode(sent("x", b"1"))
    with pytest.raises(StreamEventError) as caught:
        decoder.decode(sent(name, data))
    assert (caught.value.message, caught.value.code, caught.value.items) == ("m", "c", 1)


def test_an_object_with_an_error_member_is_an_object() -> None:
    """An object with an id is of the kind of its name, and `error: null` is no error."""
    decoder = EventDecoder()
    assert isinstance(decoder.decode(sent("thread.run.failed", {**run("failed"), "error": {"message": "m"}})), RunEvent)
    assert isinstance(decoder.decode(sent("odd", {"error": None})), UnknownEvent)


def test_a_bad_payload_is_an_error_with_its_place() -> None:
    """Name, path and bytes; the decoder goes on behind it."""
    decoder = EventDecoder()
    with pytest.raises(
        ItemDecodeError, match=r"event thread\.run\.queued: expected `str`, got `int` at \$\.id"
    ) as caught:
        decoder.decode(sent("thread.run.queued", b'{"id":1}'))
    assert (caught.value.path, caught.value.raw, caught.value.index) == ("$.id", b'{"id":1}', 0)
    assert decoder.decode(sent("thread.run.queued", run("queued"))) is not None


def test_names_inside_the_data() -> None:
    """One layer is taken off, whether the data inside is JSON or text that is JSON."""
    decoder = EventDecoder()
    for inner in (run("queued"), msgspec.json.encode(run("queued")).decode()):
        event = decoder.decode(sent("message", {"event": "thread.run.queued", "data": inner}))
        assert event == RunEvent("thread.run.queued", Run(id="run_1", thread_id="thread_1", status="queued"))
    assert decoder.decode(sent("message", {"event": "odd", "data": [1]})) == UnknownEvent("odd", b"[1]")
    assert decoder.decode(sent("message", {"event": "done", "data": "[DONE]"})) is None
    assert decoder.done


@pytest.mark.parametrize("depth", [2, 3, 50, 400, 480, 490, 5000])
def test_only_one_layer_is_taken_off(depth: int) -> None:
    """However deep a server nests, it costs no recursion."""
    data = b'{"event":"x","data":' * depth + b"1" + b"}" * depth
    assert isinstance(EventDecoder().decode(sent("message", data)), UnknownEvent)


def test_the_data_of_an_unknown_event() -> None:
    """JSON as values, anything else as text."""
    assert UnknownEvent("x", b'{"a":[1]}').data == {"a": [1]}
    assert UnknownEvent("x", b"a\xffb").data == "a\ufffdb"
    assert UnknownEvent("x", b"[" * 100_000).data == "[" * 100_000


def test_the_event_of_a_run_is_named_by_its_status() -> None:
    """For servers that answer a stream with one run."""
    assert event_of_run(Run(id="r", status="queued")) == RunEvent("thread.run.queued", Run(id="r", status="queued"))


def test_the_text_of_a_delta() -> None:
    """All its text parts in order; images, refusals and nothing give none."""

    def text(*content: Any) -> str:
        event = EventDecoder().decode(sent("thread.message.delta", {"id": "m", "delta": {"content": list(content)}}))
        assert isinstance(event, MessageDeltaEvent)
        return event.text

    part = {"type": "text", "text": {"value": "a"}}
    assert text(part) == "a"
    assert text(part, {"type": "image_file"}, {"type": "refusal", "refusal": "no"}, part) == "aa"
    assert text({"type": "text", "text": {"value": None}}) == ""
    assert text({"type": "text"}) == text() == ""
    assert MessageDeltaEvent("thread.message.delta", MessageDelta(id="m")).text == ""


NAMES = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name not in EVENTS and name not in ("error", "done") and not name.startswith(" ")
)
DATA = st.binary().filter(lambda data: b"\r" not in data and data.strip() != b"[DONE]")


@given(NAMES, DATA)
def test_frames_are_read_back(name: str, data: bytes) -> None:
    """Any data of an unknown event, over any number of lines, is the same after the way to bytes and back."""
    event = UnknownEvent(name, data)
    frames = SSEDecoder().feed(frame_of(event))
    assert frames == [ServerSentEvent(name, data)]


@given(st.text(), st.sampled_from(["queued", "failed"]))
def test_known_events_are_read_back(text: str, status: str) -> None:
    """Models with any text in them, too; with the bytes they came in, the frame is those."""
    event: StreamEvent = RunEvent(f"thread.run.{status}", Run(id=text, status=status, instructions=text))
    (frame,) = SSEDecoder().feed(frame_of(event))
    assert EventDecoder().decode(frame) == event
    assert frame_of(event, b"{}") == b"event: thread.run.%b\ndata: {}\n\n" % status.encode()
