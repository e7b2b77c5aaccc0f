"""`EventHandler`: every method is called, in the order of the events, and what one raises comes out."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.errors import StreamEventError, StreamInterruptedError
from assistants_async.workflows.runs.call import RunChannel
from assistants_async.workflows.runs.event_handler import EventHandler
from tests.support.byte_server import STALL, Body, frame
from tests.support.http_server import Wire
from tests.support.run_events import DONE, ERROR, calls, delta, message, run, run_frames, step
from tests.support.steady_loop import MS

METHODS = sorted(name for name in vars(EventHandler) if name.startswith("on_") and name != "on_tool")  # a drive's alone
ASK = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def start(wire: Wire, client: AssistantsClient, *steps: Any) -> RunChannel:
    """The stream of a new run whose body is this."""
    wire.answer(Body(*steps))
    return client.runs.create("thread_1", assistant_id="asst_1").stream()


def recorder(heard: list[tuple[str, Any]]) -> EventHandler:
    """A handler that notes every call of every method."""

    def method(name: str) -> Any:
        async def note(self: EventHandler, *args: Any) -> None:
            heard.append((name, args[0] if args else None))

        return note

    kind = type("Recorder", (EventHandler,), {name: method(name) for name in METHODS})
    handler: EventHandler = kind()
    return handler


def piece(index: int, kind: str, **members: Any) -> dict[str, Any]:
    """More of one tool call."""
    return {"index": index, "type": kind, **members}


def tool_frames() -> list[bytes]:
    """Return the events of a step with a call of each kind."""
    outputs = [
        {"index": 0, "type": "logs", "logs": "4\n"},
        {"index": 1, "type": "image", "image": {"file_id": "file_9"}},
    ]
    found = {"results": [{"file_id": "f1", "file_name": "a.txt", "score": 0.5}]}
    ended = step(
        "completed",
        "step_2",
        type="tool_calls",
        tool_calls=[
            {"id": "c0", "type": "code_interpreter", "code_interpreter": {"input": "2+2", "outputs": []}},
            {"id": "c1", "type": "file_search", "file_search": found},
            {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}", "output": "1"}},
        ],
    )
    return [
        frame("thread.run.step.created", step("in_progress", "step_2", type="tool_calls", tool_calls=[])),
        frame(
            "thread.run.step.delta",
            calls(piece(0, "code_interpreter", id="c0", code_interpreter={"input": "2+"}), id="step_2"),
        ),
        frame(
            "thread.run.step.delta",
            calls(piece(0, "code_interpreter", code_interpreter={"input": "2", "outputs": outputs}), id="step_2"),
        ),
        frame(
            "thread.run.step.delta",
            calls(piece(2, "function", id="c2", function={"name": "f", "arguments": "{}"}), id="step_2"),
        ),
        frame(
            "thread.run.requires_action",
            run(
                "requires_action",
                required_action={"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [ASK]}},
            ),
        ),
        frame("thread.run.step.completed", ended),
    ]


def everything() -> list[bytes]:
    """Return the events of a run with one for each method of a handler."""
    refusal = {"id": "msg_1", "delta": {"content": [{"index": 1, "type": "refusal", "refusal": "No"}]}}
    whole = {
        **message("completed", "Hello"),
        "content": [
            {"type": "text", "text": {"value": "Hello", "annotations": []}},
            {"type": "refusal", "refusal": "No"},
            {"type": "image_file", "image_file": {"file_id": "file_1"}},
        ],
    }
    return [
        *run_frames()[:3],
        *tool_frames(),
        frame("thread.message.created", message("in_progress")),
        frame("thread.message.delta", delta("Hel")),
        frame("thread.message.delta", delta("lo")),
        frame("thread.message.delta", refusal),
        frame("thread.message.completed", whole),
        run_frames()[-1],
    ]


async def test_every_method_is_called_in_order(wire: Wire, client: AssistantsClient) -> None:
    """Each kind of thing has its call, created before its deltas and done after them; only errors are missing."""
    heard: list[tuple[str, Any]] = []
    async with start(wire, client, *everything(), DONE) as channel:
        await channel.handle(recorder(heard))
    called = [name for name, _ in heard]
    assert [name for name in called if name != "on_event"] == [
        *["on_run"] * 3,
        "on_run_step_created",
        "on_run_step_delta",
        "on_tool_call_created",
        "on_tool_call_delta",
        "on_run_step_delta",
        "on_tool_call_delta",
        "on_code_logs",
        "on_code_image",
        "on_run_step_delta",
        "on_tool_call_created",
        "on_tool_call_delta",
        "on_run",
        "on_requires_action",
        *["on_tool_call_done", "on_tool_call_done", "on_search_results", "on_tool_call_done"],
        "on_run_step_done",
        "on_message_created",
        *["on_message_delta", "on_text_created", "on_text_delta"],
        *["on_message_delta", "on_text_delta"],
        *["on_message_delta", "on_refusal_delta"],
        *["on_text_done", "on_refusal_done", "on_image_file_done"],
        "on_message_done",
        "on_run",
        "on_usage",
        "on_end",
    ]
    assert called.count("on_event") == len(everything())
    assert {*called, "on_error"} == set(METHODS)


async def test_methods_get_the_values_of_their_names(wire: Wire, client: AssistantsClient) -> None:
    """Texts as text, logs as text, images, results, calls and usage as their models."""
    heard: list[tuple[str, Any]] = []
    async with start(wire, client, *everything(), DONE) as channel:
        await channel.handle(recorder(heard))
    told_of: dict[str, list[Any]] = {}
    for name, value in heard:
        told_of.setdefault(name, []).append(value)
    assert told_of["on_text_created"] == ["Hel"]
    assert told_of["on_text_delta"] == ["Hel", "lo"]
    assert [text.value for text in told_of["on_text_done"]] == ["Hello"]
    assert (told_of["on_refusal_delta"], told_of["on_refusal_done"]) == (["No"], ["No"])
    assert [image.file_id for image in told_of["on_image_file_done"]] == ["file_1"]
    assert told_of["on_code_logs"] == ["4\n"]
    assert [image.file_id for image in told_of["on_code_image"]] == ["file_9"]
    assert [result.file_id for result in told_of["on_search_results"][0]] == ["f1"]
    assert [call.id for call in told_of["on_tool_call_done"]] == ["c0", "c1", "c2"]
    assert told_of["on_requires_action"][0].tool_calls[0].id == "c1"
    assert told_of["on_usage"][0].total_tokens == 3
    assert [step.id for step in told_of["on_run_step_done"]] == ["step_2"]
    assert [message.text for message in told_of["on_message_done"]] == ["Hello"]


async def test_the_handler_has_openai_pythons_methods_and_more() -> None:
    """One for each of that client's events, under names of the same making, and what it lacks."""
    theirs = {
        "on_end",
        "on_event",
        "on_image_file_done",
        "on_message_created",
        "on_message_delta",
        "on_message_done",
        "on_run_step_created",
        "on_run_step_delta",
        "on_run_step_done",
        "on_text_created",
        "on_text_delta",
        "on_text_done",
        "on_tool_call_created",
        "on_tool_call_delta",
        "on_tool_call_done",
    }
    lacking = {
        "on_run",
        "on_refusal_delta",
        "on_code_logs",
        "on_code_image",
        "on_search_results",
        "on_usage",
        "on_error",
    }
    assert theirs | lacking <= set(METHODS)


async def test_the_snapshot_is_at_hand(wire: Wire, client: AssistantsClient) -> None:
    """In a delta's method it has all that came up to it."""
    so_far: list[str] = []

    class Watching(EventHandler):
        async def on_text_delta(self, text: str) -> None:
            so_far.append(self.snapshot.messages[0].text)

    async with start(wire, client, *run_frames("a", "b", "c"), DONE) as channel:
        await channel.handle(Watching())
        assert channel.outcome == "completed"
    assert so_far == ["a", "ab", "abc"]


@pytest.mark.parametrize("method", METHODS)
async def test_an_error_of_a_method_is_raised(wire: Wire, client: AssistantsClient, method: str) -> None:
    """Unchanged, from any method, after `on_error` and `on_end`; the stream is closed by then."""
    ended: list[str] = []

    async def fail(self: EventHandler, *args: Any) -> None:
        raise KeyError(method)

    async def note(self: EventHandler, *args: Any) -> None:
        ended.append("end")

    members: dict[str, Any] = {"on_end": note, method: fail}
    handler: EventHandler = type("Failing", (EventHandler,), members)()
    body = Body(*everything(), frame("error", ERROR), STALL) if method == "on_error" else Body(*everything(), DONE)
    wire.answer(body)
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        with pytest.raises(KeyError, match=method):
            await channel.handle(handler)
        assert channel.outcome != "open"
    assert ended == ([] if method == "on_end" else ["end"])


async def test_a_method_that_fails_closes_the_stream(wire: Wire, client: AssistantsClient) -> None:
    """The server sees the connection close while the block is still open, and `on_error` got the error."""
    errors: list[Exception] = []

    class Failing(EventHandler):
        async def on_text_delta(self, text: str) -> None:
            raise KeyError("mine")

        async def on_error(self, error: Exception) -> None:
            errors.append(error)

    body = Body(*run_frames("a")[:8], STALL)
    wire.answer(body)
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        with pytest.raises(KeyError, match="mine") as caught:
            await channel.handle(Failing())
        await asyncio.wait_for(body.left.wait(), 30)
        assert (errors, channel.outcome) == ([caught.value], "closed")


@pytest.mark.parametrize(
    ("tail", "kind"), [(frame("error", ERROR), StreamEventError), (b": \n", StreamInterruptedError)]
)
async def test_the_streams_own_error_is_reported_and_raised(
    wire: Wire, client: AssistantsClient, tail: bytes, kind: type[Exception]
) -> None:
    """`on_error` once, then `on_end`, then the error itself."""
    heard: list[tuple[str, Any]] = []
    async with start(wire, client, *run_frames("a")[:8], tail) as channel:
        with pytest.raises(kind) as caught:
            await channel.handle(recorder(heard))
    assert heard[-2:] == [("on_error", caught.value), ("on_end", None)]
    assert [name for name, _ in heard].count("on_error") == 1


async def test_a_slow_method_delays_the_stream(wire: Wire, client: AssistantsClient) -> None:
    """The next event is not read before the method has returned."""
    order: list[str] = []

    class Slow(EventHandler):
        async def on_text_delta(self, text: str) -> None:
            order.append(f"in {text}")
            await asyncio.sleep(2 * MS)
            order.append(f"out {text}")

    async with start(wire, client, *run_frames("a", "b"), DONE) as channel:
        await channel.handle(Slow())
    assert order == ["in a", "out a", "in b", "out b"]


async def test_cancelling_a_handler_ends_it(wire: Wire, client: AssistantsClient) -> None:
    """`on_end` is called, `on_error` is not: a cancellation is no error."""
    heard: list[tuple[str, Any]] = []
    async with start(wire, client, *run_frames("a")[:8], STALL) as channel:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(20 * MS):
                await channel.handle(recorder(heard))
    called = [name for name, _ in heard]
    assert called[-1] == "on_end"
    assert "on_error" not in called


# Handlers of other forms


async def test_methods_need_not_be_async(wire: Wire, client: AssistantsClient) -> None:
    """All of them, sync or returning something that can be awaited."""
    heard: list[str] = []

    def method(name: str) -> Any:
        return lambda self, *args: heard.append(name)

    kind: Any = type("Sync", (EventHandler,), {name: method(name) for name in METHODS})
    async with start(wire, client, *everything(), DONE) as channel:
        await channel.handle(kind())
    assert set(heard) == set(METHODS) - {"on_error"}

    class Both(EventHandler):
        def on_text_done(self, text: Any) -> Any:
            async def note() -> None:
                heard.append("noted")

            return note()

    async with start(wire, client, *run_frames("Hi"), DONE) as channel:
        await channel.handle(Both())
    assert heard[-1] == "noted"


class Short(EventHandler):
    """A method takes nothing."""

    async def on_text_delta(self) -> None:  # type: ignore[override]  # the slip
        """Never called."""
        raise NotImplementedError


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        (
            EventHandler,
            r"handle\(\) takes an EventHandler, of a class that is derived from it, not the class EventHandler",
        ),
        (print, "not builtin_function_or_method"),
        (None, "not NoneType"),
        (Short(), r"Short\.on_text_delta must be a function of 1 argument"),
    ],
    ids=["class", "function", "none", "short method"],
)
async def test_a_bad_handler_is_refused(wire: Wire, client: AssistantsClient, handler: Any, text: str) -> None:
    """Before anything is read, and the stream can be read on."""
    async with start(wire, client, *run_frames("Hi"), DONE) as channel:
        with pytest.raises(TypeError, match=text):
            await channel.handle(handler)
        assert "".join([each async for each in channel.text()]) == "Hi"
