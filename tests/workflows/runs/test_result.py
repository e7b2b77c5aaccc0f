"""`output_type`: an answer of a type, requested and read, also while it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, TypedDict

import msgspec
import pytest

from assistants_async import AssistantsClient, RunChannel, RunFailedError, RunIncompleteError, WrongProtocolError
from assistants_async.errors import AnswerDecodeError
from assistants_async.server import CallTools, Fail, Incomplete, Say
from assistants_async.tools import answer_format
from tests.support.byte_server import frame
from tests.support.embedded import TOOLS, Server, drop, listed, serving
from tests.support.http_server import Wire
from tests.support.run_events import DONE, delta, message, run


class City(msgspec.Struct):
    """A city."""

    name: str
    people: int
    rivers: list[str] = []


@dataclass
class Point:
    """A point."""

    x: int
    y: int


class Pair(TypedDict):
    """Two texts."""

    left: str
    right: str


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("kind", "text", "parsed"),
    [
        (City, '{"name":"Rome","people":3,"rivers":["Tiber"]}', City("Rome", 3, ["Tiber"])),
        (Point, '{"x":1,"y":2}', Point(1, 2)),
        (Pair, '{"left":"a","right":"b"}', {"left": "a", "right": "b"}),
        (list[Point], '{"value":[{"x":1,"y":2}]}', [Point(1, 2)]),
    ],
)
async def test_an_answer_of_a_type(kind: type[Any], text: str, parsed: Any, stream: bool) -> None:
    """The run gets its strict schema, and the last message is read."""
    async with serving([Say("Let me think."), Say(text)]) as served:
        result = await served.start().drive(output_type=kind, stream=stream)
        assert (result.parsed, result.text) == (parsed, text)
        (created,) = [record.body for record in served.server.requests if record.operation == "createRun"]
    assert created["response_format"] == answer_format(kind).response_format
    assert created["response_format"]["json_schema"]["strict"] is True


async def test_an_answer_after_tools_and_in_a_thread_of_its_own() -> None:
    """Nothing else changes."""
    async with serving(CallTools({"add": {"a": 1, "b": 2}}), Say('{"x":3,"y":0}')) as served:
        call = served.client.threads.create_and_run(assistant_id=served.assistant)
        assert (await call.drive(TOOLS, output_type=Point)).parsed == Point(3, 0)


@pytest.mark.parametrize(
    ("text", "path"), [('{"x":1,"y":"two"}', "$.y"), ('{"x":1', "$"), ("It is 1, 2.", "$"), ('{"x":1}', "$")]
)
async def test_an_answer_that_does_not_fit(text: str, path: str) -> None:
    """The error has path and text, and the note of the call."""
    async with serving(*[Say(text)] * 2) as served:
        with pytest.raises(AnswerDecodeError) as caught:
            await served.start().drive(output_type=Point)
        assert (caught.value.path, caught.value.text) == (path, text)
        assert caught.value.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]
        async with served.start().drive(output_type=Point) as channel:
            with pytest.raises(AnswerDecodeError):
                await channel.result()


async def test_a_run_that_stopped_short_is_the_reason() -> None:
    """Also where `raise_on` lets it pass: there is no answer to give. A whole answer is one all the same."""
    async with serving(Incomplete(text='{"x":1'), Fail(), Incomplete(text='{"x":1,"y":2}')) as served:
        with pytest.raises(RunIncompleteError) as caught:
            await served.start().drive(output_type=Point, raise_on=())
        assert isinstance(caught.value.__cause__, AnswerDecodeError)
        with pytest.raises(RunFailedError):
            await served.start().drive(output_type=Point, raise_on=())
        assert (await served.start().drive(output_type=Point, raise_on=())).parsed == Point(1, 2)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("before", [True, False])
async def test_a_refusal_is_no_answer(wire: Wire, client: AssistantsClient, before: bool, stream: bool) -> None:
    """The error has its words; text before it is not taken for the answer."""
    refusal = {**message("completed", id="msg_2"), "content": [{"type": "refusal", "refusal": "I will not."}]}
    first = [message("completed", '{"x":1,"y":2}')] if before else []
    picture = message("completed", id="msg_3")
    Server(wire, create=[run("completed")], steps=[listed()], messages=[listed(picture, refusal, *first)])
    with pytest.raises(AnswerDecodeError, match="the model refused to answer at") as caught:
        await client.runs.create("t", assistant_id="a").drive(output_type=Point, stream=stream)
    assert caught.value.text == "I will not."


async def test_a_run_that_was_taken_over() -> None:
    """Its answer is read; its own format is fixed already, in any version."""
    for protocol in ("v1", "v2"):
        async with serving(
            Say('{"x":1,"y":2}'), CallTools({"add": {"a": 1, "b": 2}}), Say('{"x":3,"y":0}'), protocol=protocol
        ) as served:
            run = await served.start()
            assert (await served.client.runs.resume(served.thread, run, output_type=Point)).parsed == Point(1, 2)
            paused = await served.start().poll()
            outputs = [{"tool_call_id": call.id, "output": "3"} for call in paused.tool_calls]
            call = served.client.runs.submit_tool_outputs(served.thread, paused, tool_outputs=outputs)
            assert (await call.drive(output_type=Point)).parsed == Point(3, 0)


def test_a_type_is_not_possible_everywhere() -> None:
    """Refused before anything is sent: v1, two formats, a type that JSON cannot encode."""
    old, new = AssistantsClient(api_key="k", protocol="v1"), AssistantsClient(api_key="k")
    with pytest.raises(WrongProtocolError, match=r"runs\.create\(\): output_type is in protocol v2 only"):
        drop(old.runs.create("t", assistant_id="a").drive(output_type=Point))
    with pytest.raises(TypeError, match="pass response_format or output_type, not both"):
        drop(new.runs.create("t", assistant_id="a", response_format="auto").drive(output_type=Point))
    with pytest.raises(TypeError):
        new.runs.create("t", assistant_id="a").drive(output_type=object())  # type: ignore[call-overload]


async def test_the_answer_while_it_is_written() -> None:
    """Plain values that grow, the last one whole; a list without what it was wrapped in."""
    text = '{"name": "Rome", "people": 3, "rivers": ["Tiber", "Aniene"]}'
    async with serving(
        Say(text), Say('{"value": [{"x": 1, "y": 2}, {"x": 3, "y": 4}]}'), Say("no JSON"), Say(text)
    ) as served:
        async with served.start().drive(output_type=City) as channel:
            parts = [part async for part in channel.partial()]
            assert (await channel.result()).parsed == City("Rome", 3, ["Tiber", "Aniene"])
        assert len(parts) > 2
        assert parts[-1] == {"name": "Rome", "people": 3, "rivers": ["Tiber", "Aniene"]}
        assert {"name": "Rome", "people": 3} in parts
        async with served.start().drive(output_type=list[Point]) as channel:
            parts = [part async for part in channel.partial()]
        assert parts[-1] == [{"x": 1, "y": 2}, {"x": 3, "y": 4}]
        assert [{"x": 1, "y": 2}] in parts
        async with served.start().drive() as channel:
            assert [part async for part in channel.partial()] == []
        async with served.start().stream() as stream:
            parts = [part async for part in stream.partial()]
            assert parts[-1]["people"] == 3


async def test_a_long_answer_is_read_in_steps() -> None:
    """Of some thousand pieces not each gives a value; the last one is there though no whole message comes."""
    pieces = ["[", *(f'"{number}", ' for number in range(3000)), '"end"]']
    events = [frame("thread.message.delta", delta(piece)) for piece in pieces]
    events += [frame("thread.run.completed", run("completed")), DONE]

    async def body() -> AsyncIterator[bytes]:
        for event in events:
            yield event

    async with RunChannel.from_sse(body()) as channel:
        values = [value async for value in channel.partial()]
    assert values[-1] == [*map(str, range(3000)), "end"]
    assert 300 < len(values) < 2000
    assert values[:3] == [["0"], ["0", "1"], ["0", "1", "2"]]


async def test_the_answer_of_a_server_that_sends_it_whole() -> None:
    """A polled drive has it in one piece, or two."""
    async with (
        serving(Say('{"x": 1, "y": 2}')) as served,
        served.start().drive(output_type=Point, stream=False) as channel,
    ):
        assert [part async for part in channel.partial()] == [{"x": 1, "y": 2}]
