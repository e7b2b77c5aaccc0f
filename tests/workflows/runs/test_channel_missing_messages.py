"""A completed run whose stream had no messages: they are requested once, by a view of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.errors import ClientClosedError, NotFoundError, StreamInterruptedError
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import Body, Gate, dumps, frame
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure
from tests.support.run_events import DONE, TEXT, delta, message, names, run, run_frames, step
from tests.support.steady_loop import MS
from tests.workflows.runs.test_recovery import Polled, answer_page

WHOLE = "".join(TEXT)
FRAMES = run_frames(*TEXT)
RUN_EVENTS = [*FRAMES[:3], FRAMES[-1]]

View = Callable[[RunChannel], Awaitable[Any]]


async def gathered(items: AsyncIterator[Any]) -> list[Any]:
    """All items."""
    return [item async for item in items]


async def text(channel: RunChannel) -> str:
    """The text."""
    return "".join(await gathered(channel.text()))


async def messages(channel: RunChannel) -> str:
    """The text of the messages."""
    return "".join([one.text async for one in channel.messages() if one.role == "assistant"])


async def final_messages(channel: RunChannel) -> str:
    """The text of the final messages."""
    return "".join(one.text for one in await channel.final_messages() if one.role == "assistant")


VIEWS: dict[str, View] = {"text": text, "messages": messages, "final_messages": final_messages}


def without_messages(*names: str) -> list[bytes]:
    """The frames of a whole run, but for those of messages; and of what else is named."""
    return [one for one in FRAMES if not one.startswith((b"event: thread.message", *(name.encode() for name in names)))]


STREAMS: dict[str, Body] = {
    "run events": Body(*RUN_EVENTS, DONE),
    "run events without done": Body(*RUN_EVENTS),
    "run and step events": Body(*without_messages(), DONE),
    "a message that is only announced": Body(*FRAMES[:7], FRAMES[-1], DONE),
    "a question alone": Body(
        *FRAMES[:3],
        frame("thread.message.created", {**message("completed", "?", "msg_0"), "role": "user"}),
        FRAMES[-1],
        DONE,
    ),
    "a completed run as JSON": Body(dumps(run("completed")), kind="application/json"),
    "a completed run as a line": Body(dumps(run("completed")), kind="application/jsonl"),
}


def start(client: AssistantsClient, **options: Any) -> RunChannel:
    """The stream of a new run."""
    channel: RunChannel = client.runs.create("thread_1", assistant_id="asst_1").stream(**options)
    return channel


def requested(wire: Wire) -> list[str]:
    """The paths of the requests behind the first."""
    return [seen.path.removeprefix("/v1/threads/thread_1") for seen in wire.seen[1:]]


@pytest.mark.parametrize("recover", [False, True], ids=["plain", "recover"])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("stream", STREAMS)
async def test_an_answer_view_requests_messages_once(
    wire: Wire, client: AssistantsClient, stream: str, view: str, recover: bool
) -> None:
    """The text comes once, from one request; a second view sends none."""
    server = Polled()
    server.body = STREAMS[stream]
    wire.answer(server)
    async with start(client, recover=recover) as channel:
        assert await VIEWS[view](channel) == WHOLE
        assert channel.outcome == "completed"
        assert await final_messages(channel) == WHOLE
        assert (await channel.final_run()).status == "completed"
    assert requested(wire) == ["/messages"]


async def test_events_alone_ask_for_nothing(wire: Wire, client: AssistantsClient) -> None:
    """Without `recover` the events are those that came, and so are the views of runs, steps and bytes."""
    server = Polled()
    server.body = STREAMS["run events"]
    wire.answer(server)
    for view in ("runs", "steps", "sse"):
        async with start(client) as channel:
            await gathered(getattr(channel, view)())
    async with start(client) as channel:
        assert [event.event async for event in channel] == names(RUN_EVENTS)
        assert (await channel.final_run()).status == "completed"
    assert {seen.method for seen in wire.seen} == {"POST"}


async def test_the_answer_is_available_behind_the_events(wire: Wire, client: AssistantsClient) -> None:
    """A view that begins when all events were read still gives the text; none does once the block was left."""
    server = Polled()
    server.body = STREAMS["run events"]
    wire.answer(server)
    async with start(client) as channel:
        await channel.until_done()
        assert await text(channel) == WHOLE
    async with start(client) as channel:
        await channel.until_done()
    assert await final_messages(channel) == ""
    assert len(wire.seen) == 3


@pytest.mark.parametrize("stream", STREAMS)
async def test_recover_delivers_messages_before_the_end(wire: Wire, client: AssistantsClient, stream: str) -> None:
    """With `recover` the run's end stays the last event, also for who reads no further than that."""
    server = Polled()
    server.body = STREAMS[stream]
    wire.answer(server)
    async with start(client, recover=True) as channel:
        events = [(await channel.wait_for("thread.message.completed")).event]
        events += [event.event async for event in channel]
        assert events == ["thread.message.completed", "thread.run.completed"]
        assert [one.text for one in channel.snapshot.messages if one.role != "user"] == [WHOLE]
    assert requested(wire) == ["/messages"]


async def test_recover_takes_messages_that_come_behind_the_end(wire: Wire, client: AssistantsClient) -> None:
    """In one piece with the run's end, they are the messages, and nothing is requested."""
    server = Polled()
    server.body = Body(b"".join([*RUN_EVENTS, *FRAMES[5:13], DONE]))
    wire.answer(server)
    async with start(client, recover=True) as channel:
        assert await text(channel) == WHOLE
        assert (await channel.final_run()).status == "completed"
    assert requested(wire) == []


async def test_messages_that_a_step_names_are_requested(wire: Wire, client: AssistantsClient) -> None:
    """One message came, and a step wrote another: both are there at the end, each text once."""
    second = step("completed", "step_2")
    second["step_details"] = {"type": "message_creation", "message_creation": {"message_id": "msg_2"}}
    server = Polled(messages=[message("completed", WHOLE), message("completed", "more", "msg_2")])
    server.body = Body(*FRAMES[:-1], frame("thread.run.step.completed", second), FRAMES[-1], DONE)
    wire.answer(server)
    async with start(client) as channel:
        assert await text(channel) == WHOLE + "more"
        assert [one.id for one in channel.snapshot.messages] == ["msg_1", "msg_2"]
    assert requested(wire) == ["/messages"]


@pytest.mark.parametrize("recover", [False, True], ids=["plain", "recover"])
@pytest.mark.parametrize("body", ["whole", "half"])
async def test_received_messages_are_not_requested(
    wire: Wire, client: AssistantsClient, body: str, recover: bool
) -> None:
    """Neither whole ones, nor those with deltas only, nor those of a run that was to write none."""
    server = Polled()
    frames = FRAMES if body == "whole" else [*FRAMES[:3], frame("thread.message.delta", delta(WHOLE)), FRAMES[-1]]
    server.body = Body(*frames, DONE)
    wire.answer(server)
    async with start(client, recover=recover) as channel:
        assert await text(channel) == WHOLE
    assert requested(wire) == []


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired", "requires_action"])
async def test_other_ends_request_nothing(wire: Wire, client: AssistantsClient, status: str) -> None:
    """Only a run with an answer does."""
    server = Polled()
    server.body = Body(*FRAMES[:3], frame(f"thread.run.{status}", run(status)), DONE)
    wire.answer(server)
    async with start(client, recover=True, raise_on=()) as channel:
        assert await text(channel) == ""
    assert requested(wire) == []


async def test_a_run_that_wrote_nothing_has_one_request(wire: Wire, client: AssistantsClient) -> None:
    """No message at the server either: no text, and no error."""
    server = Polled(messages=[])
    server.body = STREAMS["run events"]
    wire.answer(server)
    async with start(client) as channel:
        assert await text(channel) == ""
        assert await final_messages(channel) == ""
    assert requested(wire) == ["/messages"]


async def test_messages_that_cannot_be_read_are_an_interruption(wire: Wire, client: AssistantsClient) -> None:
    """No text is no answer: the error names the run, and its cause has the reason."""
    wire.answer(STREAMS["run events"], failure(404, "no such thread"))
    async with start(client) as channel:
        with pytest.raises(StreamInterruptedError, match=r"messages did not come: .*no such thread") as caught:
            await text(channel)
        assert channel.outcome == "failed"
        assert channel.run is not None
    assert (caught.value.run_id, caught.value.thread_id) == ("run_1", "thread_1")
    assert isinstance(caught.value.__cause__, NotFoundError)


@pytest.mark.parametrize("stream", STREAMS)
async def test_the_end_of_a_run_whose_messages_cannot_be_read(
    wire: Wire, client: AssistantsClient, stream: str
) -> None:
    """With `recover` the end comes before the error, and `final_run` is not about messages."""
    wire.answer(STREAMS[stream], failure(403, "not yours"))
    async with start(client, recover=True) as channel:
        assert (await channel.final_run()).status == "completed"
        assert channel.outcome == "failed"
    wire.answer(STREAMS[stream], failure(403, "not yours"))
    async with start(client, recover=True) as channel:
        assert (await channel.wait_for("thread.run.completed")).event == "thread.run.completed"
        with pytest.raises(StreamInterruptedError, match=r"messages did not come: .*not yours"):
            await channel.until_done()
        assert (await channel.final_run()).status == "completed"
    wire.answer(STREAMS[stream], failure(403, "not yours"))
    async with start(client, recover=True) as channel:
        with pytest.raises(StreamInterruptedError, match="not yours"):
            await text(channel)


async def test_the_final_run_of_a_stream_that_broke_off(wire: Wire, client: AssistantsClient) -> None:
    """It is not known where the run has not ended."""
    wire.answer(Body(*FRAMES[:5]), failure(403, "not yours"))
    async with start(client, recover=True) as channel:
        with pytest.raises(StreamInterruptedError, match="the stream broke off, and then"):
            await channel.final_run()


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_messages_are_requested_in_both_protocols(wire: Wire, protocol: ProtocolVersion) -> None:
    """Also where the user's options let error statuses pass, and where the server leaves the thread out."""
    bare = {key: value for key, value in run("completed").items() if key != "thread_id"}
    server = Polled()
    server.body = Body(frame("thread.run.completed", bare), DONE)
    wire.answer(server)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol=protocol) as client:
        call = client.runs.create("thread_1", assistant_id="asst_1").with_options(raise_for_status=False)
        async with call.stream() as channel:
            assert await text(channel) == WHOLE
    assert requested(wire) == ["/messages"]


@pytest.mark.parametrize("named", [True, False], ids=["thread event", "no thread"])
async def test_a_thread_that_only_its_event_names(wire: Wire, client: AssistantsClient, named: bool) -> None:
    """Of a thread made with its run, by a server that leaves it out of the run; without it no request is possible."""
    bare = {key: value for key, value in run("completed").items() if key != "thread_id"}
    created = frame("thread.created", {"id": "thread_1", "object": "thread", "created_at": 1})
    server = Polled()
    server.body = Body(*([created] if named else []), frame("thread.run.completed", bare), DONE)
    wire.answer(server)
    async with client.threads.create_and_run(assistant_id="asst_1").stream(recover=True) as channel:
        assert await text(channel) == (WHOLE if named else "")
        assert (await channel.final_run()).status == "completed"
    assert requested(wire) == (["/messages"] if named else [])


class Slow:
    """A server whose list of messages waits for the test."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.requested = 0

    async def __call__(self, seen: Seen, peer: Peer) -> None:
        """Answer one request."""
        if seen.method == "POST":
            await STREAMS["run events"](seen, peer)
        elif seen.path.endswith("/messages"):
            self.requested += 1
            self.gate.reached.set()
            await self.gate.wait()
            await peer.send(answer_page([message("completed", WHOLE)]))
        else:
            await peer.send(answer(run("completed")))


async def test_r11_a_cancelled_look_up_begins_anew(wire: Wire, client: AssistantsClient) -> None:
    """A time-out around the read loses nothing."""
    server = Slow()
    wire.answer(server)
    async with start(client) as channel:
        view = channel.text()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10 * MS):
                await anext(view)
        server.gate.set()
        assert "".join([one async for one in view]) == WHOLE


async def test_r09_closing_ends_a_look_up(wire: Wire, client: AssistantsClient) -> None:
    """The view ends as if nothing followed; a closed client is an error."""
    server = Slow()
    wire.answer(server)
    async with start(client) as channel:
        waiting = asyncio.ensure_future(gathered(channel.text()))
        await server.gate.reached.wait()
        await channel.aclose()
        assert await asyncio.wait_for(waiting, 30) == []
    server.gate.reached.clear()
    async with start(client) as channel:
        waiting = asyncio.ensure_future(gathered(channel.text()))
        await server.gate.reached.wait()
        await client.close()
        with pytest.raises(ClientClosedError):
            await asyncio.wait_for(waiting, 30)
    server.gate.set()
