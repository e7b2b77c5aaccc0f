"""Streams of runs that are interrupted, and those that are not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, ClientClosedError, ConnectionLostError, TimedOutError, Timeout
from assistants_async.errors import (
    StreamInterruptedError,
)
from tests.support.byte_server import CLOSE, RESET, STALL, Body, frame
from tests.support.http_server import KEY, Wire
from tests.support.run_channels import failing, start
from tests.support.run_events import DONE, run, run_frames
from tests.support.steady_loop import MS


@pytest.mark.parametrize("end", ["clean", "cut", "fin", "short", "closed", "inside"])
async def test_n23_an_end_without_its_event_is_an_interruption(wire: Wire, client: AssistantsClient, end: str) -> None:
    """For any end of the body, the error has the run, its last state and the cause."""
    frames = run_frames("a", "b")[:8]
    inside = run_frames("a", "b")[8]
    ways: dict[str, Body] = {
        "clean": Body(*frames),
        "cut": Body(*frames, RESET),
        "fin": Body(*frames, CLOSE),
        "short": Body(*frames, CLOSE, framed="length", length=10**6),
        "closed": Body(*frames, framed="close"),
        "inside": Body(*frames, inside[: len(inside) // 2]),
    }
    wire.answer(ways[end])
    async with start(client) as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
        assert channel.items_delivered == 8
    error = caught.value
    assert (error.run_id, error.thread_id, error.last_event, error.items) == (
        "run_1",
        "thread_1",
        "thread.message.delta",
        8,
    )
    assert isinstance(error.__cause__, ConnectionLostError) == (end in ("cut", "fin", "short"))
    assert error.__notes__ == ["while streaming runs.create"]


async def test_n23_nothing_at_all_is_an_interruption_too(wire: Wire, client: AssistantsClient) -> None:
    """An empty event stream, or one of comments only, has no run to name."""
    for steps in ((), (b": hi\n\n",), (b"\n\n",), (b"event: thread.run.created\n",)):
        got, error, _ = await failing(wire, client, *steps)
        assert isinstance(error, StreamInterruptedError)
        assert (got, error.run_id, error.thread_id, error.last_event) == ([], None, None, None)


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled", "expired", "requires_action"])
@pytest.mark.parametrize("cut", [None, RESET, CLOSE])
async def test_a_run_that_has_ended_needs_no_done(wire: Wire, client: AssistantsClient, status: str, cut: Any) -> None:
    """After each event that ends a run the stream may end as it likes, and the run is what its last event says."""
    frames = [*run_frames()[:3], frame(f"thread.run.{status}", run(status))]
    wire.answer(Body(*frames, *([] if cut is None else [cut])))
    async with start(client) as channel:
        assert (await channel.final_run()).status == status
        assert (channel.outcome, channel.terminal_marker_seen) == ("completed", False)


async def test_a_failed_run_is_delivered_and_not_raised(wire: Wire, client: AssistantsClient) -> None:
    """The stream itself succeeded; the end of the run is for the caller to read."""
    failed = frame("thread.run.failed", run("failed", last_error={"code": "server_error", "message": "no"}))
    wire.answer(Body(*run_frames("a")[:9], failed, DONE))
    async with start(client) as channel:
        final = await channel.final_run()
    assert final.last_error is not None
    assert (final.status, final.last_error.code) == ("failed", "server_error")


@pytest.mark.parametrize("limit", ["idle", "stream"])
async def test_r16_a_silent_run_stream_times_out(wire: Wire, client: AssistantsClient, limit: str) -> None:
    """An interruption with the run's id, whose cause is the limit that passed."""
    timeout = Timeout(idle=30 * MS) if limit == "idle" else Timeout(stream=30 * MS)
    wire.answer(Body(*run_frames("a")[:6], STALL))
    async with client.runs.create("t", assistant_id="a").with_options(timeout=timeout).stream() as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    error, cause = caught.value, caught.value.__cause__
    assert (error.run_id, error.thread_id, error.items) == ("run_1", "thread_1", 6)
    assert isinstance(cause, TimedOutError)
    assert (cause.phase, cause.is_long_poll) == ("idle" if limit == "idle" else "total", True)


async def test_r16_comments_reset_the_idle_limit_and_not_the_whole_one(wire: Wire, client: AssistantsClient) -> None:
    """Keep-alives keep a stream open for as long as `timeout.stream` allows, and are no items."""

    async def keep_alive(seen: Any, peer: Any) -> None:
        for _ in range(12):
            await asyncio.sleep(20 * MS)
            await peer.send(b"4\r\n: x\n\r\n")

    wire.answer(Body(*run_frames("a")[:4], keep_alive, *run_frames("a")[4:], DONE))
    call = client.runs.create("t", assistant_id="a").with_options(timeout=Timeout(idle=100 * MS))
    async with call.stream() as channel:
        assert (await channel.final_run()).status == "completed"
        assert channel.items_delivered == len(run_frames("a"))

    async def forever(seen: Any, peer: Any) -> None:
        while True:
            await keep_alive(seen, peer)

    wire.answer(Body(*run_frames("a")[:4], forever))
    limits = Timeout(idle=100 * MS, stream=150 * MS)
    async with client.runs.create("t", assistant_id="a").with_options(timeout=limits).stream() as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    assert isinstance(caught.value.__cause__, TimedOutError)
    assert caught.value.__cause__.phase == "total"


async def test_r16_the_whole_limit_ends_a_stream_that_never_pauses(wire: Wire, client: AssistantsClient) -> None:
    """Constant bytes keep no stream alive past its limit."""

    async def flood(seen: Any, peer: Any) -> None:
        piece = run_frames("a")[7] * 50
        while True:
            await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    wire.answer(Body(*run_frames("a")[:4], flood))
    limits = Timeout(stream=20 * MS)
    async with client.runs.create("t", assistant_id="a").with_options(timeout=limits).stream() as channel:
        with pytest.raises(StreamInterruptedError) as caught:
            await channel.until_done()
    assert isinstance(caught.value.__cause__, TimedOutError)


async def test_r22_the_client_closes_under_a_run(wire: Wire) -> None:
    """It is the caller's own doing, so it is no interruption but `ClientClosedError`; the run stays known."""
    wire.answer(Body(*run_frames("a")[:6], STALL))
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    async with start(client) as channel:
        for _ in range(6):
            await anext(channel)
        await client.close()
        with pytest.raises(ClientClosedError):
            await anext(channel)
        assert channel.run is not None
