"""The events that lead from a known snapshot of a run to its present state."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.core.runs.missed_events import is_news, lacks_answers, missing
from assistants_async.core.runs.snapshot import Snapshot
from assistants_async.models.deltas import MessageDeltaText
from assistants_async.models.events import MessageDeltaEvent, MessageEvent, RunStepEvent
from assistants_async.models.messages import Message
from assistants_async.models.runs import Run
from assistants_async.models.steps import RunStep
from tests.support.run_events import message, run, step


def message_of(status: str, text: str | None = None, **members: Any) -> Message:
    """Make a message of the run."""
    return Message.from_dict(message(status, text) | members)


def step_of(status: str, *, output: str | None = None, id: str = "step_1") -> RunStep:
    """Make a step of the run, one tool call in it where there is an output."""
    if output is None:
        return RunStep.from_dict(step(status, id))
    function = {"name": "f", "arguments": "{}", "output": output}
    calls = [{"id": "c1", "type": "function", "function": function}]
    return RunStep.from_dict(step(status, id, type="tool_calls", tool_calls=calls))


RUNNING, OVER = Run.from_dict(run("in_progress")), Run.from_dict(run("completed"))


@pytest.mark.parametrize(
    ("one", "known", "of", "expected"),
    [
        (step_of("completed"), (), RUNNING, True),
        (step_of("completed"), (step_of("in_progress"),), RUNNING, True),
        (step_of("completed"), (step_of("completed"),), RUNNING, False),
        (step_of("completed"), (step_of("completed", id="step_2"),), RUNNING, True),
        (step_of("in_progress"), (), RUNNING, False),
        (step_of("in_progress"), (), OVER, True),
        (step_of("in_progress"), (step_of("in_progress"),), OVER, False),
        (step_of("in_progress", output="3"), (), RUNNING, True),
        (step_of("in_progress", output="3"), (step_of("in_progress", output="3"),), RUNNING, False),
        (step_of("in_progress", output=""), (), RUNNING, False),
    ],
    ids=[
        "ended",
        "ended since",
        "known as ended",
        "another is known",
        "under way",
        "never ended",
        "never ended, known",
        "with an output",
        "with a known output",
        "with an empty output",
    ],
)
def test_the_steps_that_make_an_event(one: RunStep, known: tuple[RunStep, ...], of: Run, expected: bool) -> None:
    """Those that have ended, and those under way that have outputs or get no further, once."""
    assert is_news(one, known, of) is expected


@pytest.mark.parametrize(
    ("known", "now", "names", "text"),
    [
        (None, message_of("completed", "hello"), ["created", "delta", "completed"], "hello"),
        (message_of("in_progress", "hel"), message_of("completed", "hello"), ["delta", "completed"], "lo"),
        (message_of("in_progress", "hello"), message_of("completed", "hello"), ["completed"], ""),
        (message_of("completed", "hello"), message_of("completed", "hello"), [], ""),
        (message_of("incomplete", "hel"), message_of("completed", "hello"), [], ""),
        (None, message_of("incomplete", "hel"), ["created", "delta", "incomplete"], "hel"),
        (None, message_of("completed"), ["created", "completed"], ""),
        (None, message_of("in_progress", "hel"), ["created", "delta", "completed"], "hel"),
    ],
    ids=["new", "begun", "all but its end", "ended", "cut short", "new, cut short", "empty", "never ended"],
)
def test_the_events_of_a_message(known: Message | None, now: Message, names: list[str], text: str) -> None:
    """Its beginning, the text that is missing, and its end, as far as they are not known."""
    events = missing(known, now)
    assert [event.event.rpartition(".")[2] for event in events] == names
    assert "".join(event.text for event in events if isinstance(event, MessageDeltaEvent)) == text
    if names:
        assert events[-1].data == now


def test_a_text_of_several_parts() -> None:
    """Each missing piece has the index of its part."""
    parts = [{"type": "text", "text": {"value": value, "annotations": []}} for value in ("ab", "cd", "ef")]
    now = message_of("completed", content=parts)
    events = missing(message_of("in_progress", "abc"), now)
    (delta, _) = events
    assert isinstance(delta, MessageDeltaEvent)
    assert delta.data.delta is not None
    texts = [part for part in delta.data.delta.content if isinstance(part, MessageDeltaText)]
    assert [(part.index, part.text and part.text.value) for part in texts] == [(1, "d"), (2, "ef")]


ANSWER = MessageEvent("thread.message.completed", message_of("completed", "hi"))
BEGUN = MessageEvent("thread.message.created", message_of("in_progress"))
QUESTION = MessageEvent("thread.message.completed", message_of("completed", "why?", id="msg_0", role="user"))
ANNOUNCED = RunStepEvent("thread.run.step.completed", step_of("completed"))


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([], True),
        ([QUESTION], True),
        ([BEGUN], True),
        ([ANNOUNCED], True),
        ([ANSWER], False),
        ([QUESTION, ANSWER], False),
        ([ANSWER, ANNOUNCED], False),
    ],
    ids=["nothing", "a question", "a beginning", "a step", "an answer", "both", "an answer with its step"],
)
def test_the_runs_whose_answers_did_not_come(events: list[Any], expected: bool) -> None:
    """Those without a message of their own that is there."""
    known = Snapshot()
    for event in events:
        known.add(event)
    assert lacks_answers(known) is expected
