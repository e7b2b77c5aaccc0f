"""Polled and streamed drives do the same, and a drive as an object."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistants_async import (
    AssistantsClient,
    Run,
    ToolError,
)
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.models.events import MessageDeltaEvent, RunEvent
from assistants_async.models.messages import Message
from assistants_async.server import CallTools, Fail, Incomplete, Say
from assistants_async.tools import Toolbox, ToolFailed, ToolFinished, ToolStarted
from assistants_async.workflows.runs.drive import DriveChannel
from assistants_async.workflows.runs.result import DriveEvent, RunResult
from tests.support.drives import ROUNDS, calls_of
from tests.support.embedded import TOOLS, drop, serving

TEXTS = st.text("ab é😀\n", min_size=1, max_size=12).filter(str.strip)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("get_weather"), st.fixed_dictionaries({"city": TEXTS})),
        st.tuples(st.just("add"), st.fixed_dictionaries({"a": st.integers(-9, 9), "b": st.integers(-9, 9)})),
        st.tuples(st.just("add"), st.just({"a": "no number"})),
        st.tuples(st.just("unknown"), st.just({})),
        st.tuples(st.just("broken"), st.fixed_dictionaries({"how": st.sampled_from(["shown", "kept"])})),
        st.tuples(st.just("later"), st.fixed_dictionaries({"text": TEXTS})),
    ),
    min_size=1,
    max_size=3,
).map(CallTools)
SAYS = st.builds(Say, TEXTS)
TURNS = st.lists(st.tuples(st.lists(SAYS, max_size=2), CALLS).map(lambda turn: [*turn[0], turn[1]]), max_size=4)
LAST = st.one_of(
    st.lists(SAYS, min_size=1, max_size=3),
    st.builds(Fail, text=TEXTS).map(lambda one: [one]),
    st.builds(Incomplete, text=TEXTS).map(lambda one: [one]),
)


def broken(how: str) -> None:
    """Fail, in words for the model or not."""
    raise ToolError("no luck") if how == "shown" else ZeroDivisionError("hunter2")


async def later(text: str) -> dict[str, str]:
    """Give a text back after other tasks had their turn."""
    await asyncio.sleep(0)
    return {"text": text}


MORE_TOOLS = Toolbox([*TOOLS, broken, later])


def shape(result: RunResult[None]) -> Any:
    """All that does not depend on ids and times."""

    def said(message: Message) -> Any:
        return message.role, message.status, message.text

    steps = [(step.type, step.status, step.usage) for step in result.steps]
    run = result.run
    rest = (run.status, run.usage, run.last_error, run.incomplete_details, result.usage, result.rounds, result.text)
    return [said(message) for message in result.messages], steps, calls_of(result.steps), rest


def happened(event: DriveEvent) -> list[tuple[str, str, str]]:
    """The facts of a tool's event without the call's id; nothing for another event."""
    match event:
        case ToolStarted(call):
            assert call.function is not None
            return [(event.event, call.function.name or "", call.function.arguments or "")]
        case ToolFinished(result) | ToolFailed(result):
            return [(event.event, result.name, result.output)]
        case _:
            return []


@settings(max_examples=25)
@given(st.tuples(TURNS, LAST), st.sampled_from(["v1", "v2"]))
async def test_polled_and_streamed_drives_agree(script: tuple[list[Any], Any], protocol: ProtocolVersion) -> None:
    """Messages, steps and tool calls, awaited or read, for any course of the run."""
    turns, last = script
    shapes: list[Any] = []
    calls: list[Any] = []
    for stream in (True, False):
        async with serving(*[*turns, last] * 2, protocol=protocol) as served:
            shapes.append(shape(await served.start().drive(MORE_TOOLS, stream=stream, raise_on=())))
            thread = await served.client.threads.create(messages=[{"role": "user", "content": "hi"}])
            call = served.client.runs.create(thread, assistant_id=served.assistant)
            async with call.drive(MORE_TOOLS, stream=stream, raise_on=()) as channel:
                events = [event async for event in channel]
                result = await channel.result()
                assert [event.data.status for event in events if isinstance(event, RunEvent)][-1] == result.run.status
                calls.append(sorted(reports for event in events for reports in happened(event)))
                texts = [event.text for event in events if isinstance(event, MessageDeltaEvent)]
                assert "".join(texts) == "".join(message.text for message in result.messages)
                assert (channel.snapshot.messages, channel.snapshot.steps) == (result.messages, result.steps)
                shapes.append(shape(result))
    assert shapes == [shapes[0]] * 4
    assert calls[0] == calls[1]


# The object


async def test_a_drive_is_a_coroutine() -> None:
    """For `create_task`, `gather` and `TaskGroup`; once."""
    async with serving(*[Say("a")] * 3) as served:
        call = served.start().drive()
        assert repr(call) == "<Drive of runs.create, not begun>"
        task = asyncio.create_task(call)
        assert (await task).text == "a"
        assert repr(call) == "<Drive of runs.create, used>"
        with pytest.raises(RuntimeError, match="used only once"):
            await call
        with pytest.raises(RuntimeError, match="used only once"):
            async with call:
                raise AssertionError("not entered")
        (result,) = await asyncio.gather(served.start().drive())
        assert result.text == "a"
        async with served.start().drive() as channel:
            assert isinstance(channel, DriveChannel)
            await channel.until_done()


class Keeping:
    """A ledger, and not one before it is made."""

    async def recall(self, call_id: str, /) -> str | None:
        """Nothing."""
        raise NotImplementedError

    attempted = finished = recall


def test_a_drive_that_is_never_awaited_warns() -> None:
    """With the name of its call."""
    with pytest.warns(RuntimeWarning, match=r"runs\.create\(\)\.drive\(\) was never awaited"):
        drop(AssistantsClient(api_key="k").runs.create("t", assistant_id="a").drive())
        gc.collect()


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        (
            (),
            {"steram": True},
            TypeError,
            r"drive\(\) got an unexpected keyword argument 'steram', did you mean 'stream'",
        ),
        ((), {"stop_at_action": True}, TypeError, "unexpected keyword argument 'stop_at_action'"),
        ((), {"max_rounds": -1}, ValueError, "max_rounds must be a whole number from 0, not -1"),
        ((), {"max_rounds": 1.5}, ValueError, "max_rounds must be"),
        ((), {"stream": "no"}, TypeError, "stream must be True or False, not 'no'"),
        ((), {"ledger": {}}, TypeError, r"ledger must have recall\(\), attempted\(\) and finished\(\), not {}"),
        ((), {"ledger": Keeping}, TypeError, "ledger must have .*, not <class"),
        (([print],), {}, TypeError, r"a Toolbox answers tool calls, not \[.*\]: pass Toolbox"),
        ((), {"deadline": -1}, ValueError, "deadline must be"),
    ],
)
def test_arguments_that_cannot_work_are_refused_at_once(
    arguments: tuple[Any, ...], options: dict[str, Any], kind: type[Exception], text: str
) -> None:
    """Before anything is sent."""
    with pytest.raises(kind, match=text):
        drop(AssistantsClient(api_key="k").runs.create("t", assistant_id="a").drive(*arguments, **options))


async def test_states_are_reported_in_a_drive() -> None:
    """`on_status` gets each, streamed and polled."""
    for stream in (True, False):
        states: list[str | None] = []

        async def note(run: Run, states: list[str | None] = states) -> None:
            states.append(run.status)

        async with serving(*ROUNDS[1:]) as served:
            await served.start().drive(TOOLS, stream=stream, on_status=note)
        kept = [state for state in states if state != "in_progress"]
        assert kept == ["queued", "requires_action", "queued", "completed"]
