"""A run that ends badly while it is streamed: the views of its answer raise, and everything else shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from assistants_async import AssistantsClient, Run
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.errors import (
    RunCancelledError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
    StreamEventError,
    StreamInterruptedError,
)
from assistants_async.server import Fail, Incomplete, ScriptedResponder
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import CLOSE, RESET, Body, Gate, frame
from tests.support.http_server import KEY, Wire
from tests.support.run_events import DONE, ERROR, message, run, run_frames
from tests.workflows.runs.test_recovery import Polled

SHORT = {"reason": "max_completion_tokens"}

# The run's last object, and the error that its answer raises.
ENDS: dict[str, tuple[dict[str, Any], type[RunError]]] = {
    "failed": (run("failed", last_error={"code": "rate_limit_exceeded", "message": "Slow down."}), RunFailedError),
    "failed without a reason": (run("failed"), RunFailedError),
    "expired": (run("expired"), RunExpiredError),
    "cancelled": (run("cancelled"), RunCancelledError),
    "incomplete": (run("incomplete", incomplete_details=SHORT), RunIncompleteError),
    "incomplete as version 1 says it": (run("completed", incomplete_details=SHORT), RunIncompleteError),
}
VIEWS = ["text", "messages", "partial", "final_messages"]


def frames(end: dict[str, Any]) -> list[bytes]:
    """A run that has written half of an answer when it ends."""
    return [*run_frames('{"a": 1, "b', end="incomplete")[:9], frame(f"thread.run.{end['status']}", end), DONE]


def start(client: AssistantsClient, **options: Any) -> RunChannel:
    """The stream of a new run."""
    channel: RunChannel = client.runs.create("thread_1", assistant_id="asst_1").stream(**options)
    return channel


async def read(channel: RunChannel, view: str, got: list[Any]) -> None:
    """All that a view gives."""
    if view == "final_messages":
        got += await channel.final_messages()
    else:
        items: AsyncIterator[Any] = getattr(channel, view)()
        async for item in items:
            got.append(item)  # an error comes in between


@pytest.mark.parametrize("recover", [False, True], ids=["plain", "recover"])
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("end", ENDS)
async def test_the_answer_of_a_bad_end_raises(
    wire: Wire, client: AssistantsClient, end: str, view: str, recover: bool
) -> None:
    """After all items before it, once, with the run in it; the stream itself was read to its end."""
    shown, kind = ENDS[end]
    wire.answer(Body(*frames(shown)))
    async with start(client, recover=recover) as channel:
        got: list[Any] = []
        with pytest.raises(kind) as caught:
            await read(channel, view, got)
        assert caught.value.run == channel.run
        assert caught.value.__notes__ == ["while streaming runs.create"]
        assert len(got) == (view != "final_messages")
        assert (channel.outcome, len(channel.snapshot.messages)) == ("completed", 1)
        assert (await channel.final_run()).status == shown["status"]


@pytest.mark.parametrize("view", VIEWS)
async def test_the_error_comes_once_from_a_view(wire: Wire, client: AssistantsClient, view: str) -> None:
    """A view that has raised is over; the next view of the answer raises again, and `on_error` is called for each."""
    heard: list[Exception] = []
    wire.answer(Body(*frames(ENDS["failed"][0])))
    call = client.runs.create("thread_1", assistant_id="asst_1").with_options(on_error=heard.append)
    async with call.stream() as channel:
        if view != "final_messages":
            items = getattr(channel, view)()
            with pytest.raises(RunFailedError):
                _ = [item async for item in items]
            with pytest.raises(StopAsyncIteration):
                await anext(items)
        for count in (1, 2):
            with pytest.raises(RunFailedError):
                await read(channel, view, [])
            assert len(heard) == count + (view != "final_messages")


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("end", ENDS)
async def test_raise_on_lets_ends_pass(wire: Wire, client: AssistantsClient, end: str, view: str) -> None:
    """As in `poll` and `drive`: none, or the ends that are named."""
    shown, kind = ENDS[end]
    name: Any = end.split(maxsplit=1)[0]
    wire.answer(Body(*frames(shown)))
    async with start(client, raise_on=()) as channel:
        await read(channel, view, [])
    async with start(client, raise_on={"failed", "expired", "cancelled", "incomplete"} - {name}) as channel:
        await read(channel, view, [])
    async with start(client, raise_on=[name]) as channel:
        with pytest.raises(kind):
            await read(channel, view, [])


async def test_raise_on_is_checked_at_once(client: AssistantsClient) -> None:
    """Before anything is sent, with the allowed values."""
    with pytest.raises(ValueError, match=r"raise_on takes .*, not 'failled', did you mean 'failed'"):
        start(client, raise_on=["failled"])
    with pytest.raises(TypeError, match="raise_on must be a set"):
        start(client, raise_on="failed")


@pytest.mark.parametrize("end", ENDS)
async def test_events_and_other_views_show_a_bad_end(wire: Wire, client: AssistantsClient, end: str) -> None:
    """They do not raise: who reads them sees the run."""
    shown, _ = ENDS[end]
    status = shown["status"]
    wire.answer(Body(*frames(shown)))
    async with start(client) as channel:
        assert [event.event async for event in channel][-1] == f"thread.run.{status}"
    async with start(client) as channel:
        assert (await channel.final_run()).status == status
        await channel.until_done()
    async with start(client) as channel:
        assert [one.status async for one in channel.runs()][-1] == status
    async with start(client) as channel:
        assert [one.id async for one in channel.steps()] == ["step_1"]
    async with start(client) as channel:
        assert [piece async for piece in channel.sse()] == frames(shown)


async def test_a_run_that_requires_action_is_no_bad_end(wire: Wire, client: AssistantsClient) -> None:
    """Its caller answers, and the next stream has the text."""
    wire.answer(Body(*run_frames()[:3], frame("thread.run.requires_action", run("requires_action")), DONE))
    async with start(client) as channel:
        assert [piece async for piece in channel.text()] == []


async def test_a_view_that_is_left_does_not_raise(wire: Wire, client: AssistantsClient) -> None:
    """Neither does one that is closed before the run's end."""
    wire.answer(Body(*frames(ENDS["failed"][0])))
    async with start(client) as channel:
        got = []
        async for piece in channel.text():
            got.append(piece)
            channel.close()
    assert len(got) == 1


async def test_a_bad_end_behind_a_cut_raises_as_well(wire: Wire, client: AssistantsClient) -> None:
    """A recovered stream ends as its run did."""
    server = Polled(*run_frames("half")[:8], RESET, run=ENDS["failed"][0], messages=[message("incomplete", "half")])
    wire.answer(server)
    async with start(client, recover=True) as channel:
        got: list[Any] = []
        with pytest.raises(RunFailedError, match="Slow down"):
            await read(channel, "text", got)
    assert got == ["half"]


@pytest.mark.parametrize("protocol", ["v1", "v2"])
@pytest.mark.parametrize("view", VIEWS)
async def test_bad_ends_against_the_embedded_server(view: str, protocol: ProtocolVersion) -> None:
    """A run that fails, and one that stops short, in both protocols."""
    script = ScriptedResponder([Fail("rate_limit_exceeded", "Slow down."), Incomplete("max_prompt_tokens", "[1, 2")])
    async with AssistantsClient.local(protocol=protocol, responder=script) as client:
        assistant = await client.assistants.create(model="m")
        for kind in (RunFailedError, RunIncompleteError):
            thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
            async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
                with pytest.raises(kind):
                    await read(channel, view, [])


# Bytes for a browser

CUTS: dict[str, tuple[list[Any], type[Exception]]] = {
    "an error event": ([*run_frames("a")[:8], frame("error", ERROR)], StreamEventError),
    "an error event in another shape": ([*run_frames("a")[:8], frame("error", {"error": ERROR})], StreamEventError),
    "a reset": ([*run_frames("a")[:8], RESET], StreamInterruptedError),
    "a body that is cut": ([*run_frames("a")[:8], CLOSE], StreamInterruptedError),
    "an early end": (run_frames("a")[:8], StreamInterruptedError),
    "an early done": ([*run_frames("a")[:8], DONE], StreamInterruptedError),
}


@pytest.mark.parametrize("cut", CUTS)
async def test_sse_ends_with_an_error_event(wire: Wire, client: AssistantsClient, cut: str) -> None:
    """In place of `done`, in the documents' shape and with the `error` that other clients look for; nothing raises."""
    steps, kind = CUTS[cut]
    heard: list[Exception] = []
    wire.answer(Body(*steps))
    call = client.runs.create("thread_1", assistant_id="asst_1").with_options(on_error=heard.append)
    async with call.stream() as channel:
        written = [piece async for piece in channel.sse()]
        assert channel.outcome == "failed"
    assert written[:-1] == run_frames("a")[:8]
    name, data = written[-1].split(b"\n")[:2]
    assert (name, written[-1][-2:]) == (b"event: error", b"\n\n")
    members = decoded(data)
    assert members.pop("error") == members
    assert sorted(members) == ["code", "message", "param", "type"]
    if kind is StreamEventError:
        assert members == ERROR
    else:
        assert members["type"] == "StreamInterruptedError"
        assert members["message"]
    assert [type(error) for error in heard] == [kind]


async def test_an_error_event_that_was_written_is_read_back(wire: Wire, client: AssistantsClient) -> None:
    """As the error that the server reported, by every form of a channel of bytes."""
    wire.answer(Body(*run_frames("a")[:8], frame("error", ERROR)))
    async with start(client) as channel:
        written = [piece async for piece in channel.sse()]
    async with RunChannel.from_sse(pieces(*written)) as back:
        with pytest.raises(StreamEventError) as caught:
            await back.until_done()
    error = caught.value
    assert (error.message, error.type, error.code, error.param, error.items) == (*ERROR.values(), 8)


async def test_from_sse_raises_for_bad_ends_too() -> None:
    """Whose answer is read from bytes learns of the run's end in the same way."""
    written = frames(ENDS["failed"][0])
    async with RunChannel.from_sse(pieces(*written)) as channel:
        with pytest.raises(RunFailedError, match="Slow down"):
            await channel.final_messages()
    async with RunChannel.from_sse(pieces(*written), raise_on=()) as channel:
        assert len(await channel.final_messages()) == 1


async def test_no_secret_is_written_to_a_browser(wire: Wire, client: AssistantsClient) -> None:
    """An error that quotes the key is written without it."""
    wire.answer(Body(*run_frames("a")[:8], frame("error", {**ERROR, "message": f"bad key {KEY}"})))
    async with start(client) as channel:
        written = [piece async for piece in channel.sse()]
    assert KEY.encode() not in b"".join(written)


def decoded(line: bytes) -> dict[str, Any]:
    """The object in a line of data."""
    return msgspec.json.decode(line.removeprefix(b"data: "), type=dict[str, Any])


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    """Bytes as any service may hand them over."""
    for piece in data:
        yield piece


async def test_sse_of_a_drive_does_not_show_an_error_of_the_program() -> None:
    """A hook's error is a bare error event for the browser, and is raised here."""

    def leak(run: Run) -> None:
        if run.status == "in_progress":
            raise LookupError("row 7 of the table of salaries")

    async with AssistantsClient.local() as client:
        assistant = await client.assistants.create(model="m")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
        call = client.runs.create(thread, assistant_id=assistant)
        async with call.drive(on_status=leak) as channel:
            written: list[bytes] = []
            with pytest.raises(LookupError, match="salaries"):
                async for piece in channel.sse():
                    written.append(piece)  # noqa: PERF401  # an error comes in between
    name, data = written[-1].split(b"\n")[:2]
    assert name == b"event: error"
    assert decoded(data)["error"] == {"message": "internal error", "type": "server_error", "param": None, "code": None}
    assert b"salaries" not in b"".join(written)


async def test_a_second_reader_of_sse_is_refused(wire: Wire, client: AssistantsClient) -> None:
    """Misuse is no failure of the stream: the first reader goes on."""
    gate = Gate()
    wire.answer(Body(*run_frames("a")[:3], gate, *run_frames("a")[3:], DONE))
    async with start(client) as channel:
        items = channel.sse()
        for _ in range(3):
            await anext(items)
        waiting = asyncio.ensure_future(gather(items))
        await gate.reached.wait()
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task is reading"):
            await anext(channel.sse())
        gate.set()
        assert (await waiting)[-1] == DONE


async def gather(items: AsyncIterator[bytes]) -> list[bytes]:
    """All pieces."""
    return [piece async for piece in items]
