"""`drive` with servers that stream runs in ways of their own, or not at all."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient, BadRequestError, NotFoundError, ThreadBusyError, UnprocessableError
from assistants_async.tools import Toolbox
from tests.support.byte_server import Body, frame
from tests.support.embedded import TOOLS, Server, listed, required_calls
from tests.support.http_server import Wire, answer, failure
from tests.support.run_events import DONE, TEXT, message, run, run_frames, step

EXTRA = {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream"], "msg": "Extra inputs are not permitted"}]}
REFUSALS = {
    "422 of a schema": answer(EXTRA, 422),
    "400 with a param": answer(
        {"error": {"message": "Unrecognized argument", "param": "stream", "type": "invalid_request_error"}},
        400,
    ),
    "400 in words": failure(400, "Streaming is not supported."),
}
ASKED = run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}')))
COMPLETED = run("completed", usage={"total_tokens": 3})


def start(client: AssistantsClient, toolbox: Toolbox | None = TOOLS, **options: Any) -> Any:
    """Drive a new run, sending nothing again by itself."""
    call = client.runs.create("thread_1", assistant_id="a", metadata={"a": "b"}).with_options(retry=None)
    return call.drive(toolbox, **options)


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)
async def test_a_server_that_knows_no_streams(wire: Wire, client: AssistantsClient, refusal: bytes) -> None:
    """It refuses the member: the run is made without it, and polled, its submissions too."""
    server = Server(
        wire,
        create=[refusal, run("queued")],
        get=[ASKED, COMPLETED],
        submit=[run("queued")],
        steps=[listed(), listed(step("completed"))],
        messages=[listed(), listed(message("completed", "3"))],
    )
    result = await start(client)
    assert (result.text, result.rounds, result.run.status) == ("3", 1, "completed")
    bodies = [seen.json for seen in wire.seen if seen.method == "POST"]
    assert [body.get("stream") for body in bodies] == [True, None, None]
    assert bodies[1] == {"assistant_id": "a", "metadata": {"a": "b"}}
    assert server.outputs == [[{"tool_call_id": "c1", "output": "3"}]]


async def test_its_events_can_be_read(wire: Wire, client: AssistantsClient) -> None:
    """Entered, as any other."""
    Server(
        wire,
        create=[REFUSALS["422 of a schema"], run("queued")],
        get=[COMPLETED],
        steps=[listed()],
        messages=[listed(message("completed", "hi"))],
    )
    async with start(client) as channel:
        assert "".join([text async for text in channel.text()]) == "hi"
        assert (await channel.result()).run.status == "completed"


async def test_another_refusal_is_raised(wire: Wire, client: AssistantsClient) -> None:
    """At once: the run is not requested a second time."""
    for refusal, kind in (
        (failure(400, "no such assistant"), BadRequestError),
        (failure(422, "no such assistant"), UnprocessableError),
        (failure(404, "no stream here"), NotFoundError),
        (failure(400, "Thread thread_1 already has an active run run_stream7."), ThreadBusyError),
    ):
        Server(wire, create=[refusal, run("completed")])
        with pytest.raises(kind):
            await start(client)
        assert len(wire.seen) == 1


async def test_a_refusal_that_stays(wire: Wire, client: AssistantsClient) -> None:
    """A refusal without the member as well is the error."""
    Server(wire, create=[REFUSALS["400 in words"], failure(400, "no such assistant")])
    with pytest.raises(BadRequestError, match="no such assistant"):
        await start(client)


# Events without messages


def without_messages() -> list[bytes]:
    """The frames of a run that writes one message, but those of the message itself."""
    return [each for each in run_frames(*TEXT) if b"event: thread.message" not in each]


ONLY_RUNS = [
    frame("thread.run.created", run("queued")),
    frame("thread.run.in_progress", run("in_progress")),
    frame("thread.run.completed", COMPLETED),
    DONE,
]


@pytest.mark.parametrize("frames", [ONLY_RUNS, [*without_messages(), DONE]], ids=["runs alone", "runs and steps"])
@pytest.mark.parametrize("entered", [False, True], ids=["awaited", "entered"])
async def test_missing_messages_are_requested(
    wire: Wire, client: AssistantsClient, frames: list[bytes], entered: bool
) -> None:
    """Once; they come before the end of the run."""
    Server(
        wire,
        create=[Body(*frames)],
        steps=[listed(step("completed"))],
        messages=[listed(message("completed", "the answer"))],
    )
    if entered:
        async with start(client) as channel:
            events = [event async for event in channel]
            result = await channel.result()
        names = [event.event for event in events]
        assert names[-1] == "thread.run.completed"
        assert names.count("thread.run.completed") == names.count("thread.message.completed") == 1
    else:
        result = await start(client)
    assert (result.text, result.run.status, len(result.steps)) == ("the answer", "completed", 1)
    assert result.usage is not None
    assert sum(seen.path.endswith("/messages") for seen in wire.seen) == 1


async def test_a_run_that_has_written_nothing(wire: Wire, client: AssistantsClient) -> None:
    """One request, and it ends as it did."""
    Server(wire, create=[Body(*ONLY_RUNS)], steps=[listed()], messages=[listed()])
    result = await start(client)
    assert (result.text, result.messages, result.run.status) == ("", (), "completed")
    assert sum(seen.path.endswith("/messages") for seen in wire.seen) == 1


async def test_received_messages_are_not_requested(wire: Wire, client: AssistantsClient) -> None:
    """A whole stream costs one request."""
    Server(wire, create=[Body(*run_frames(*TEXT), DONE)])
    assert (await start(client)).text == "".join(TEXT)
    assert len(wire.seen) == 1


async def test_a_queued_run_in_place_of_events(wire: Wire, client: AssistantsClient) -> None:
    """It is polled to its end, and its text is there in every form."""
    for entered in (False, True):
        Server(
            wire,
            create=[run("queued")],
            get=[run("in_progress"), COMPLETED],
            steps=[listed()],
            messages=[listed(message("completed", "hi"))],
        )
        if entered:
            async with start(client) as channel:
                assert "".join([text async for text in channel.text()]) == "hi"
        else:
            assert (await start(client)).text == "hi"


@pytest.mark.parametrize("status", [404, 405, 500], ids=str)
@pytest.mark.parametrize("stream", [False, True], ids=["polled", "streamed"])
async def test_a_server_without_steps(wire: Wire, client: AssistantsClient, status: int, stream: bool) -> None:
    """The answer is there all the same: steps only add to it."""
    Server(
        wire,
        create=[run("completed")],
        steps=[failure(status, retry_after_ms="1")],
        messages=[listed(message("completed", "hi"))],
    )
    result = await start(client, stream=stream)
    assert (result.text, result.steps) == ("hi", ())


async def test_server_sent_events_are_written_as_they_came(wire: Wire, client: AssistantsClient) -> None:
    """Byte for byte, members that the models do not know and empty ones included, over all rounds."""
    delta = (
        b'event: thread.message.delta\ndata: {"id":"msg_1","object":"thread.message.delta","new":[],'
        b'"delta":{"content":[{"index":0,"type":"text","text":{"value":"Hi","annotations":[]}}]}}\n\n'
    )
    first = [frame("thread.run.created", run("queued", tools=[])), frame("thread.run.requires_action", ASKED)]
    second = [
        frame("thread.run.in_progress", run("in_progress", metadata={})),
        frame("thread.message.created", message("in_progress")),
        delta,
        frame("thread.message.completed", message("completed", "Hi")),
        frame("thread.run.completed", COMPLETED),
    ]
    Server(wire, create=[Body(*first, DONE)], submit=[Body(*second, DONE)])
    async with start(client) as channel:
        written = [each async for each in channel.sse()]
    assert written == [*first, *second, DONE]
