"""Streams of runs: iterated, or read by a handler whose methods are called as openai-python calls them."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

from assistants_async import models
from assistants_async.compat import (
    APIError,
    AsyncAssistantEventHandler,
    AsyncOpenAI,
    AsyncStream,
    Message,
    Run,
)
from tests.support.byte_server import STALL, Body, frame
from tests.support.http_server import Wire, failure
from tests.support.run_events import DONE, ERROR, calls, delta, message, run, run_frames, step
from tests.support.steady_loop import MS

TEXT = Body(*run_frames("Hel", "lo"), DONE)
PARTS = (
    calls({"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}),
    calls({"index": 0, "type": "function", "function": {"arguments": '{"a"'}}),
    calls({"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": "{}"}}),
)


class Recorder(AsyncAssistantEventHandler):
    """A handler that notes the arguments of its methods."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[str, Any]] = []

    def named(self, *names: str) -> list[tuple[str, Any]]:
        """The calls of these methods."""
        return [call for call in self.heard if call[0] in names]


def _noting(name: str) -> Any:
    async def note(self: Recorder, *given: Any) -> None:
        self.heard.append((name, [_short(each) for each in given]))

    return note


def _short(value: Any) -> Any:
    """The distinctive part of a value: a text, the arguments of a call, a status."""
    match value:
        case models.Text() | models.MessageDeltaTextValue():
            return value.value
        case models.FunctionToolCall() | models.RunStepDeltaFunction():
            return value.function and value.function.arguments
        case models.Message():
            return value.text
        case models.RunStep():
            return value.status
        case _:
            return getattr(value, "event", type(value).__name__)


METHODS = [name for name in vars(AsyncAssistantEventHandler) if name.startswith("on_")]
for method in METHODS:
    setattr(Recorder, method, _noting(method))


async def heard(wire: Wire, old: AsyncOpenAI, *frames: Any) -> Recorder:
    """Read a stream with a handler that notes everything."""
    wire.answer(Body(*frames))
    handler = Recorder()
    stream = old.beta.threads.runs.stream(thread_id="thread_1", assistant_id="a", event_handler=handler)
    async with stream as entered:
        assert entered is handler
        with contextlib.suppress(APIError):
            await entered.until_done()
    return handler


async def test_a_text(wire: Wire, old: AsyncOpenAI) -> None:
    """Each piece comes with the text so far; the whole text comes with the message's end."""
    handler = await heard(wire, old, *run_frames("Hel", "lo"), DONE)
    texts = handler.named("on_text_created", "on_text_delta", "on_text_done", "on_message_delta", "on_message_done")
    assert texts == [
        ("on_text_created", ["Hel"]),
        ("on_text_delta", ["Hel", "Hel"]),
        ("on_message_delta", ["MessageDeltaChanges", "Hel"]),
        ("on_text_delta", ["lo", "Hello"]),
        ("on_message_delta", ["MessageDeltaChanges", "Hello"]),
        ("on_text_done", ["Hello"]),
        ("on_message_done", ["Hello"]),
    ]
    events = [given[0] for _, given in handler.named("on_event")]
    assert events[:2] == ["thread.run.created", "thread.run.queued"]
    assert [name for name, _ in handler.heard][:2] == ["on_event", "on_event"]
    assert handler.heard[-1] == ("on_end", [])
    steps = handler.named("on_run_step_created", "on_run_step_done")
    assert steps == [("on_run_step_created", ["in_progress"]), ("on_run_step_done", ["completed"])]


async def test_tool_calls(wire: Wire, old: AsyncOpenAI) -> None:
    """A call is created with its first piece, and done when the next begins or its step or run goes on."""
    handler = await heard(
        wire,
        old,
        frame("thread.run.step.created", step("in_progress", type="tool_calls", tool_calls=[])),
        *(frame("thread.run.step.delta", part) for part in PARTS),
        frame("thread.run.requires_action", run("requires_action")),
        DONE,
    )
    tools = handler.named("on_tool_call_created", "on_tool_call_delta", "on_tool_call_done")
    assert tools == [
        ("on_tool_call_created", [""]),
        ("on_tool_call_delta", ['{"a"', '{"a"']),
        ("on_tool_call_done", ['{"a"']),
        ("on_tool_call_created", ["{}"]),
        ("on_tool_call_done", ["{}"]),
    ]
    assert handler.named("on_run_step_delta")[0] == ("on_run_step_delta", ["RunStepDeltaChanges", "in_progress"])
    assert handler.current_run is not None
    assert handler.current_run.status == "requires_action"


async def test_a_call_whose_step_ends_without_it(wire: Wire, old: AsyncOpenAI) -> None:
    """It is done as far as it had come."""
    ended = step("completed", type="tool_calls", tool_calls=[])
    handler = await heard(
        wire,
        old,
        *(frame("thread.run.step.delta", part) for part in PARTS[:2]),
        frame("thread.run.step.completed", ended),
        frame("thread.run.completed", run("completed")),
        DONE,
    )
    assert handler.named("on_tool_call_done") == [("on_tool_call_done", ['{"a"'])]
    frames = [frame("thread.run.step.delta", PARTS[1]), frame("thread.run.step.failed", step("failed"))]
    handler = await heard(wire, old, *frames, frame("thread.run.failed", run("failed")), DONE)
    assert handler.named("on_tool_call_done") == [("on_tool_call_done", ['{"a"'])]


async def test_an_image_between_texts(wire: Wire, old: AsyncOpenAI) -> None:
    """A part is done when the next begins, or its message ends."""
    image = {"index": 1, "type": "image_file", "image_file": {"file_id": "file_1"}}
    whole = message("completed", "a")
    whole["content"].append({"type": "image_file", "image_file": {"file_id": "file_1"}})
    link = {"index": 2, "type": "image_url", "image_url": {"url": "https://a.b/c"}}
    whole["content"].append({"type": "image_url", "image_url": {"url": "https://a.b/c"}})
    handler = await heard(
        wire,
        old,
        frame("thread.message.created", message("in_progress")),
        frame("thread.message.delta", delta("a")),
        frame("thread.message.delta", {"id": "msg_1", "delta": {"content": [image]}}),
        frame("thread.message.delta", {"id": "msg_1", "delta": {"content": [link]}}),
        frame("thread.message.completed", whole),
        frame("thread.run.completed", run("completed")),
        DONE,
    )
    done = handler.named("on_text_done", "on_image_file_done", "on_message_done")
    assert done == [("on_text_done", ["a"]), ("on_image_file_done", ["ImageFile"]), ("on_message_done", ["a"])]
    async with old.beta.threads.runs.stream(thread_id="thread_1", assistant_id="a") as stream:
        assert [text async for text in stream.text_deltas] == ["a"]


async def test_failures_are_reported_and_raised(wire: Wire, old: AsyncOpenAI) -> None:
    """An error of the server's, and a time-out, which has a method of its own."""
    handler = await heard(wire, old, *run_frames("a")[:3], frame("error", ERROR))
    assert [name for name, _ in handler.heard][-2:] == ["on_exception", "on_end"]
    wire.answer(Body(*run_frames("a")[:3], STALL))
    handler = Recorder()
    runs = old.with_options(timeout=50 * MS).beta.threads.runs
    async with runs.create_and_stream(thread_id="t", assistant_id="a", event_handler=handler) as stream:
        with pytest.raises(APIError):
            await stream.until_done()
    assert [name for name, _ in handler.heard][-3:] == ["on_timeout", "on_exception", "on_end"]


async def test_views_of_a_stream(wire: Wire, old: AsyncOpenAI) -> None:
    """The pieces of text, and the end of the stream; a stream without a handler of the caller's has its own."""
    wire.answer(TEXT)
    async with old.beta.threads.runs.stream(thread_id="thread_1", assistant_id="a") as stream:
        assert [text async for text in stream.text_deltas] == ["Hel", "lo"]
        final = await stream.get_final_run()
        assert (type(final), final.status) == (Run, "completed")
        assert [(type(each), each.text) for each in await stream.get_final_messages()] == [(Message, "Hello")]
        assert [each.status for each in await stream.get_final_run_steps()] == ["completed"]
        assert stream.current_event is None
    assert wire.last.json == {"assistant_id": "a", "stream": True}


async def test_the_current_event_and_objects(wire: Wire, old: AsyncOpenAI) -> None:
    """While an event's methods run, the event and its objects can be read."""
    seen: list[Any] = []

    class Looking(AsyncAssistantEventHandler):
        async def on_text_delta(self, delta: Any, snapshot: Any) -> None:
            message, step, run = self.current_message_snapshot, self.current_run_step_snapshot, self.current_run
            assert message
            assert step
            assert run
            assert self.current_event
            seen.append((message.text, step.status, run.status, self.current_event.event))

    wire.answer(TEXT)
    handler = Looking()
    assert (handler.current_run, handler.current_message_snapshot, handler.current_run_step_snapshot) == (None,) * 3
    async with old.beta.threads.create_and_run_stream(assistant_id="a", event_handler=handler) as stream:
        assert (await anext(stream)).event == "thread.run.created"
        await stream.until_done()
    assert seen == [
        ("Hel", "in_progress", "in_progress", "thread.message.delta"),
        ("Hello", "in_progress", "in_progress", "thread.message.delta"),
    ]
    assert handler.current_run_step_snapshot is None


async def test_an_empty_stream_has_nothing_final(wire: Wire, old: AsyncOpenAI) -> None:
    """Each view says so, as openai-python does."""
    wire.answer(Body(frame("thread.created", {"id": "thread_1"}), DONE))
    async with old.beta.threads.create_and_run_stream(assistant_id="a") as stream:
        for view in (stream.get_final_run, stream.get_final_messages, stream.get_final_run_steps):
            with pytest.raises(RuntimeError, match="the stream had no"):
                await view()


async def test_a_handler_is_for_one_stream(wire: Wire, old: AsyncOpenAI) -> None:
    """And reads none before it is entered; one that was never started closes in silence."""
    wire.answer(TEXT)
    handler = AsyncAssistantEventHandler()
    await handler.close()
    with pytest.raises(RuntimeError, match="enter the stream first"):
        await AsyncAssistantEventHandler().until_done()
    async with old.beta.threads.runs.stream(thread_id="t", assistant_id="a", event_handler=handler):
        pass
    with pytest.raises(RuntimeError, match="one stream"):
        async with old.beta.threads.runs.stream(thread_id="t", assistant_id="a", event_handler=handler):
            raise AssertionError


async def test_stream_true(wire: Wire, old: AsyncOpenAI) -> None:
    """Awaited, a call with `stream=True` is an iterator of events, which can be written out."""
    wire.answer(TEXT)
    runs = old.beta.threads.runs
    stream = await runs.create("thread_1", assistant_id="a", stream=True)
    assert isinstance(stream, AsyncStream)
    assert stream.response.status_code == 200
    events: list[Any] = [event async for event in stream]
    assert events[0].event == "thread.run.created"
    assert events[0].model_dump(exclude_none=True)["data"]["status"] == "queued"
    assert wire.last.json == {"assistant_id": "a", "stream": True}
    async with await runs.submit_tool_outputs("r", thread_id="t", tool_outputs=[], stream=True) as stream:
        await anext(stream)
    got = await old.beta.threads.with_raw_response.create_and_run(assistant_id="a", stream=True)
    assert got.headers["content-type"] == "text/event-stream"
    assert len([event async for event in got.parse()]) == len(events)
    async with runs.with_streaming_response.create("thread_1", assistant_id="a", stream=True) as answered:
        assert answered.headers["content-type"] == "text/event-stream"
        assert len([event async for event in await answered.parse()]) == len(events)
    assert wire.last.json == {"assistant_id": "a", "stream": True}
    async with runs.with_streaming_response.create("thread_1", assistant_id="a", stream=True) as answered:
        lines = [line async for line in answered.iter_lines()]
        assert (lines[0], lines.count("")) == ("event: thread.run.created", len(events) + 1)
    stream = await runs.create("thread_1", assistant_id="a", stream=True)
    await stream.response.aclose()
    assert [event async for event in stream] == []
    async with runs.submit_tool_outputs_stream(thread_id="t", run_id="r", tool_outputs=[]) as entered:
        await entered.until_done()
    wire.answer(failure(404))
    with pytest.raises(APIError):
        await runs.create("thread_1", assistant_id="a", stream=True)
