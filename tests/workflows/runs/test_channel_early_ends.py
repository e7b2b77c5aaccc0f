"""A run's stream that ends before its run has ended, in any way: an error, or polling on with `recover=True`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.errors import ItemDecodeError, StreamInterruptedError
from tests.support.byte_server import Body, dumps, frame
from tests.support.http_server import Wire, raw
from tests.support.run_events import DONE, TEXT, run, run_frames
from tests.workflows.runs.test_recovery import Polled

QUEUED = dumps(run("queued"))
JSON = "application/json"

# What is sent, as which content type, how many events it has, and whether it names the run.
ENDS: dict[str, tuple[list[bytes], str | None, int, bool]] = {
    "events, then the end of the body": (run_frames(*TEXT)[:9], "text/event-stream", 9, True),
    "events, then done": ([*run_frames(*TEXT)[:9], DONE], "text/event-stream", 9, True),
    "events, then a bare done": ([*run_frames(*TEXT)[:3], b"data: [DONE]\n\n"], "text/event-stream", 3, True),
    "done, then the run's end": ([*run_frames()[:3], DONE, run_frames()[-1]], "text/event-stream", 3, True),
    "an action that was answered, then done": (
        [run_frames()[0], frame("thread.run.requires_action", run("requires_action")), run_frames()[1], DONE],
        "text/event-stream",
        3,
        True,
    ),
    "a status that is new, then done": (
        [run_frames()[0], frame("thread.run.paused", run("paused")), DONE],
        "text/event-stream",
        2,
        True,
    ),
    "a queued run as JSON": ([QUEUED], JSON, 1, True),
    "a run in progress as JSON without a type": ([QUEUED], "text/plain", 1, True),
    "two runs as lines, the last one open": (
        [QUEUED + b"\n" + dumps(run("in_progress"))],
        "application/x-ndjson",
        2,
        True,
    ),
    "a run as a record": ([b"\x1e" + QUEUED + b"\n"], "application/json-seq", 1, True),
    "nothing": ([], "text/event-stream", 0, False),
    "nothing as JSON": ([], JSON, 0, False),
    "nothing without a type": ([], None, 0, False),
    "white space as JSON": ([b" \n"], JSON, 0, False),
    "comments": ([b": hello\n\n", b": still here\n\n"], "text/event-stream", 0, False),
    "done alone": ([DONE], "text/event-stream", 0, False),
    "a page of HTML in place of events": ([b"<html><body>Log in</body></html>\n\n"], "text/event-stream", 0, False),
    "a run as JSON in place of events": ([QUEUED + b"\n\n"], "text/event-stream", 0, False),
    "invented events, then done": ([frame("odd", {"id": "x"}), DONE], "text/event-stream", 1, False),
    "a run as JSON that is cut": ([QUEUED[:-9]], JSON, 0, False),
}

CALLS: dict[str, Callable[[AssistantsClient], Any]] = {
    "runs.create": lambda client: client.runs.create("thread_1", assistant_id="asst_1"),
    "threads.create_and_run": lambda client: client.threads.create_and_run(assistant_id="asst_1"),
    "runs.submit_tool_outputs": lambda client: client.runs.submit_tool_outputs("thread_1", "run_1", tool_outputs=[]),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("end", ENDS)
async def test_an_early_end_is_an_interruption(wire: Wire, client: AssistantsClient, end: str, call: str) -> None:
    """After the events that came, and with the run's id as far as it is known: never a stream that is complete."""
    pieces, kind, count, named = ENDS[end]
    wire.answer(Body(*pieces, kind=kind))
    async with CALLS[call](client).stream() as channel:
        got = []
        with pytest.raises(StreamInterruptedError) as caught:
            async for event in channel:
                got.append(event)  # noqa: PERF401  # an error comes in between
        assert channel.outcome == "failed"
    assert (len(got), caught.value.items) == (count, count)
    sent = call == "runs.submit_tool_outputs"
    assert caught.value.run_id == ("run_1" if named or sent else None)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("end", ENDS)
async def test_an_early_end_is_recovered_from(wire: Wire, client: AssistantsClient, end: str, call: str) -> None:
    """With `recover`, polling takes a run that is known to its end, and its text comes once; no second run starts."""
    pieces, kind, _, named = ENDS[end]
    server = Polled(pending=2)
    server.body = Body(*pieces, kind=kind)
    wire.answer(server)
    async with CALLS[call](client).stream(recover=True) as channel:
        if not (named or call == "runs.submit_tool_outputs"):
            with pytest.raises(StreamInterruptedError):
                await channel.until_done()
            assert server.polls == 0
        else:
            assert "".join([text async for text in channel.text()]) == "".join(TEXT)
            assert (await channel.final_run()).status == "completed"
            assert channel.outcome == "completed"
    assert server.posts == 1


async def test_a_run_without_its_thread_is_recovered_from(wire: Wire, client: AssistantsClient) -> None:
    """Servers that leave `thread_id` out of the run: the request knows it."""
    bare = {key: value for key, value in run("queued").items() if key != "thread_id"}
    server = Polled()
    server.body = Body(frame("thread.run.created", bare), DONE)
    wire.answer(server)
    async with client.runs.create("thread_1", assistant_id="asst_1").stream(recover=True) as channel:
        assert "".join([text async for text in channel.text()]) == "".join(TEXT)
    assert {seen.path for seen in wire.seen[1:]} == {
        "/v1/threads/thread_1/runs/run_1",
        "/v1/threads/thread_1/runs/run_1/steps",
        "/v1/threads/thread_1/messages",
    }


async def test_messages_and_done_without_run_events_are_complete(wire: Wire, client: AssistantsClient) -> None:
    """A server that sends no run events says by `done` that it has sent all; without `done` it has said nothing."""
    messages = [one for one in run_frames(*TEXT) if one.startswith(b"event: thread.message")]
    wire.answer(Body(*messages, DONE), Body(*messages))
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        assert "".join([text async for text in channel.text()]) == "".join(TEXT)
        assert channel.outcome == "completed"
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        with pytest.raises(StreamInterruptedError, match="no run event"):
            await channel.until_done()


PAGE = b"<html><title>Sign in</title></html>"


@pytest.mark.parametrize("framing", ["run", "list", "object"])
async def test_a_page_in_place_of_a_stream_is_named(wire: Wire, client: AssistantsClient, framing: str) -> None:
    """The error has the content type and the start of the body: a proxy's or a portal's page, most often."""
    wire.answer(raw(PAGE, content_type="text/html"))
    streams: dict[str, Any] = {
        "run": lambda: client.runs.create("t", assistant_id="a").stream(),
        "list": lambda: client.messages.list("t").stream(),
        "object": lambda: client.threads.retrieve("t").stream(),
    }
    with pytest.raises(ItemDecodeError, match=r"text/html, body '<html><title>Sign in</title>"):
        async with streams[framing]() as channel:
            async for _ in channel:
                pass
