"""Views of a run's stream: text, runs, messages, steps and ends, alone, one after another, and cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, Message, Run, RunStep
from assistants_async.errors import StreamEventError, StreamInterruptedError
from assistants_async.models.events import MessageDeltaEvent, RunEvent
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import STALL, Body, Gate, frame
from tests.support.http_server import Wire
from tests.support.run_events import DONE, ERROR, TEXT, delta, message, run, run_frames, step
from tests.support.steady_loop import MS

WHOLE = "".join(TEXT)


def start(wire: Wire, client: AssistantsClient, *steps: Any) -> RunChannel:
    """The stream of a new run whose body is this."""
    wire.answer(Body(*steps))
    return client.runs.create("thread_1", assistant_id="asst_1").stream()


async def test_text_comes_piece_by_piece(wire: Wire, client: AssistantsClient) -> None:
    """Each delta's text as it comes, the whole message at the end adding nothing."""
    async with start(wire, client, *run_frames(*TEXT), DONE) as channel:
        assert [text async for text in channel.text()] == list(TEXT)
        assert channel.run is not None
        assert channel.run.status == "completed"


async def test_text_of_messages_that_come_whole(wire: Wire, client: AssistantsClient) -> None:
    """Without deltas, the finished message is the text; one that ends with more than its deltas gives the rest."""
    frames = [one for one in run_frames(*TEXT) if b"delta" not in one.split(b"\n")[0]]
    async with start(wire, client, *frames, DONE) as channel:
        assert [text async for text in channel.text()] == [WHOLE]
    async with start(wire, client, *run_frames(*TEXT)[:9], *run_frames(*TEXT)[12:], DONE) as channel:
        assert [text async for text in channel.text()] == [*TEXT[:2], "".join(TEXT[2:])]


async def test_text_that_a_message_has_from_the_start(wire: Wire, client: AssistantsClient) -> None:
    """A message that is announced with text already in it, and deltas behind it."""
    frames = run_frames("lo", "!")
    frames[6] = frame("thread.message.in_progress", message("in_progress", "Hel"))
    frames[9] = frame("thread.message.completed", message("completed", "Hello!"))
    async with start(wire, client, *frames, DONE) as channel:
        assert [text async for text in channel.text()] == ["Hel", "lo", "!"]
        assert [one.text for one in await channel.final_messages()] == ["Hello!"]


async def test_text_of_several_messages(wire: Wire, client: AssistantsClient) -> None:
    """Messages that are written by turns keep apart; what the user said is no text of the run."""
    mixed = [
        frame("thread.message.created", {**message("completed", "Question?", "msg_0"), "role": "user"}),
        frame("thread.message.delta", delta("a", "msg_1")),
        frame("thread.message.delta", delta("x", "msg_2")),
        frame("thread.message.delta", delta("b", "msg_1")),
        frame("thread.message.completed", message("completed", "abc", "msg_1")),
        frame("thread.message.completed", message("completed", "xy", "msg_2")),
    ]
    async with start(wire, client, *run_frames()[:3], *mixed, run_frames()[-1], DONE) as channel:
        assert [text async for text in channel.text()] == ["a", "x", "b", "c", "y"]


async def test_n25_runs_are_the_snapshots(wire: Wire, client: AssistantsClient) -> None:
    """Each state of the run once, in order, nothing else: the v1 document's channel of runs."""
    async with start(wire, client, *run_frames(*TEXT), DONE) as channel:
        runs = [item async for item in channel.runs()]
        assert all(isinstance(item, Run) for item in runs)
        assert [item.status for item in runs] == ["queued", "queued", "in_progress", "completed"]
        assert runs[-1] == channel.run


async def test_messages_come_when_they_are_finished(wire: Wire, client: AssistantsClient) -> None:
    """Each once, and at the end those that the server never finished."""
    unfinished = frame("thread.message.delta", delta("half", "msg_2"))
    async with start(wire, client, *run_frames(*TEXT)[:8], unfinished, *run_frames(*TEXT)[8:], DONE) as channel:
        got = [item async for item in channel.messages()]
        assert all(isinstance(item, Message) for item in got)
        assert [(item.id, item.text, item.status) for item in got] == [
            ("msg_1", WHOLE, "completed"),
            ("msg_2", "half", None),
        ]
        assert [item.id for item in await channel.final_messages()] == ["msg_1", "msg_2"]


async def test_steps_come_when_they_have_ended(wire: Wire, client: AssistantsClient) -> None:
    """Each once, and at the end those that have not."""
    open_step = frame("thread.run.step.created", step("in_progress", "step_2"))
    async with start(wire, client, *run_frames("a")[:5], open_step, *run_frames("a")[5:], DONE) as channel:
        got = [item async for item in channel.steps()]
        assert all(isinstance(item, RunStep) for item in got)
        assert [(item.id, item.status) for item in got] == [("step_1", "completed"), ("step_2", "in_progress")]


async def test_final_run_and_messages(wire: Wire, client: AssistantsClient) -> None:
    """They read to the end, and can be called again."""
    async with start(wire, client, *run_frames(*TEXT), DONE) as channel:
        final = await channel.final_run()
        assert (final.status, await channel.final_run()) == ("completed", final)
        assert [item.text for item in await channel.final_messages()] == [WHOLE]
        assert await channel.until_done() is None  # type: ignore[func-returns-value]  # nothing is what it gives


async def test_final_run_of_a_stream_without_one(wire: Wire, client: AssistantsClient) -> None:
    """A stream that is done without any run has no final run to give."""
    async with start(wire, client, frame("odd", {}), DONE) as channel:
        with pytest.raises(StreamInterruptedError, match="no run event"):
            await channel.final_run()


async def test_wait_for_stops_at_an_event(wire: Wire, client: AssistantsClient) -> None:
    """It returns the event, and the stream goes on behind it."""
    async with start(wire, client, *run_frames(*TEXT), DONE) as channel:
        event = await channel.wait_for("thread.message.created")
        assert event.event == "thread.message.created"
        assert (await anext(channel)).event == "thread.message.in_progress"
        with pytest.raises(StreamInterruptedError, match=r"ended without thread\.run\.requires_action") as caught:
            await channel.wait_for("thread.run.requires_action")
    assert (caught.value.run_id, caught.value.thread_id, caught.value.items) == (
        "run_1",
        "thread_1",
        len(run_frames(*TEXT)),
    )


async def test_n26_a_run_that_requires_action_goes_on_in_the_next_stream(wire: Wire, client: AssistantsClient) -> None:
    """Waiting for `requires_action`, answering its calls, and reading the second stream to the end."""
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    paused = run(
        "requires_action",
        required_action={"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}},
    )
    async with start(wire, client, *run_frames()[:3], frame("thread.run.requires_action", paused), DONE) as channel:
        event = await channel.wait_for("thread.run.requires_action")
        assert isinstance(event, RunEvent)
        outputs: Any = [{"tool_call_id": one.id, "output": "42"} for one in event.data.tool_calls]
    wire.answer(Body(*run_frames("42"), DONE))
    async with client.runs.submit_tool_outputs("thread_1", event.data, tool_outputs=outputs).stream() as channel:
        assert [text async for text in channel.text()] == ["42"]
    assert wire.last.json == {"tool_outputs": [{"tool_call_id": "call_1", "output": "42"}], "stream": True}


# One after another


async def test_a_second_text_view_goes_on_where_the_first_stopped(wire: Wire, client: AssistantsClient) -> None:
    """Each piece once over both views, also where the end of the message brings a rest."""
    frames = run_frames(*TEXT)
    for missing in ([], [frames[11]]):
        kept = [one for one in frames if one not in missing]
        async with start(wire, client, *kept, DONE) as channel:
            got: list[str] = []
            async for text in channel.text():
                got.append(text)
                break
            async for text in channel.text():
                got.append(text)
                if len(got) == 3:
                    break
            got += [text async for text in channel.text()]
        assert "".join(got) == WHOLE


async def test_text_after_events_were_read_by_hand(wire: Wire, client: AssistantsClient) -> None:
    """An event that was read does not come again as text."""
    async with start(wire, client, *run_frames(*TEXT), DONE) as channel:
        async for event in channel:
            if isinstance(event, MessageDeltaEvent):
                break
        assert "".join([text async for text in channel.text()]) == "".join(TEXT[1:])


async def test_views_of_different_kinds_follow_each_other(wire: Wire, client: AssistantsClient) -> None:
    """A run, then a step or a message, then text: all from the same stream, nothing twice."""
    async with start(wire, client, *run_frames(*TEXT), DONE) as channel:
        assert (await anext(channel.runs())).status == "queued"
        assert await anext(channel.text()) == TEXT[0]
        assert (await anext(channel.messages())).text == WHOLE
        assert (await anext(channel.steps())).id == "step_1"
        assert [item.id async for item in channel.messages()] == []
        assert [item.id async for item in channel.steps()] == []
        assert [text async for text in channel.text()] == []
        assert (await channel.final_run()).status == "completed"


async def test_the_snapshot_runs_along(wire: Wire, client: AssistantsClient) -> None:
    """At each delta it has all the text so far."""
    async with start(wire, client, *run_frames(*TEXT), DONE) as channel:
        so_far = ""
        async for text in channel.text():
            so_far += text
            assert channel.snapshot.message("msg_1").whole().text == so_far
            assert [item.text for item in channel.snapshot.messages] == [so_far]


# Ends of views


async def test_r11_a_view_survives_a_cancelled_read(wire: Wire, client: AssistantsClient) -> None:
    """A time-out around one piece of a view loses nothing, and the same view can be read on."""
    gates = [Gate() for _ in TEXT]
    frames = run_frames(*TEXT)
    steps: list[Any] = [*frames[:7]]
    for place, gate in enumerate(gates):
        steps += [gate, frames[7 + place]]
    async with start(wire, client, *steps, *frames[12:], DONE) as channel:
        for view in (channel.text(), channel.text()):
            for gate, text in list(zip(gates, TEXT, strict=True))[:3] if not gates[0].is_set() else []:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(2 * MS):
                        await anext(view)
                gate.set()
                assert await anext(view) == text
            for gate in gates[3:]:
                gate.set()
        assert [text async for text in view] == list(TEXT[3:])


@pytest.mark.parametrize("view", ["text", "runs", "messages", "steps"])
async def test_r15_an_error_comes_out_of_every_view(wire: Wire, client: AssistantsClient, view: str) -> None:
    """After the view's items so far, once."""
    async with start(wire, client, *run_frames("a", "b"), frame("error", ERROR)) as channel:
        items = getattr(channel, view)()
        got = []
        with pytest.raises(StreamEventError):
            async for item in items:
                got.append(item)  # noqa: PERF401  # an error comes in between
        counts = {"text": 2, "runs": 4, "messages": 1, "steps": 1}
        assert len(got) == counts[view]
        with pytest.raises(StopAsyncIteration):
            await anext(items)


@pytest.mark.parametrize("view", ["text", "runs", "messages", "steps", "sse"])
async def test_r09_closing_ends_every_view(wire: Wire, client: AssistantsClient, view: str) -> None:
    """A view that waits ends as if nothing followed, and adds nothing unfinished."""
    body = Body(*run_frames("a")[:8], STALL)
    wire.answer(body)
    async with client.runs.create("t", assistant_id="a").stream() as channel:

        async def consume() -> int:
            return len([item async for item in getattr(channel, view)()])

        waiting = asyncio.ensure_future(consume())
        while channel.items_delivered < 8:
            await asyncio.sleep(0)
        await channel.aclose()
        counts = {"text": 1, "runs": 3, "messages": 0, "steps": 0, "sse": 8}
        assert await asyncio.wait_for(waiting, 30) == counts[view]
    await asyncio.wait_for(body.left.wait(), 30)
