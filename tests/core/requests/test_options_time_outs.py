"""The time limits of streams: a run may be silent for ten minutes, anything else for one; a number bounds both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import AssistantsClient, TimedOutError, Timeout
from assistants_async.errors import StreamInterruptedError
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import STALL, Body, frame
from tests.support.http_server import KEY, Peer, Seen, Wire, silent
from tests.support.run_events import run, run_frames
from tests.support.steady_loop import MS


class ShiftedLoop(asyncio.SelectorEventLoop):
    """A loop whose clock the test sets forward."""

    shift = 0.0

    def time(self) -> float:
        """Seconds of the machine, and those that the test has added."""
        return super().time() + self.shift


STREAMS: dict[str, tuple[Callable[[AssistantsClient], Any], bytes, float]] = {
    "runs.create": (lambda client: client.runs.create("thread_1", assistant_id="a"), run_frames()[0], 600.0),
    "threads.create_and_run": (lambda client: client.threads.create_and_run(assistant_id="a"), run_frames()[0], 600.0),
    "runs.submit_tool_outputs": (
        lambda client: client.runs.submit_tool_outputs("thread_1", "run_1", tool_outputs=[]),
        run_frames()[0],
        600.0,
    ),
    "assistants.list": (lambda client: client.assistants.list(), b'{"data":[{"id":"a"},', 60.0),
    "files.content": (lambda client: client.files.content("file_1"), b"bytes", 60.0),
}


async def silence(name: str, seconds: float, timeout: Timeout | None = None) -> bool:
    """Say whether a stream outlives a silence."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ShiftedLoop)
    call, first, _ = STREAMS[name]
    kind = "text/event-stream" if first == run_frames()[0] else "application/json"
    async with Wire().serve() as wire:
        wire.answer(Body(first, STALL, kind=kind))
        options: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, **options) as client:
            made = call(client)
            async with made.stream() as channel:
                await anext(channel)
                waiting = asyncio.ensure_future(anext(channel))
                for _ in range(20):
                    await asyncio.sleep(0)
                loop.shift += seconds
                await asyncio.sleep(10 * MS)
                done = waiting.done()
                waiting.cancel()
                await asyncio.wait([waiting])
        loop.shift = 0.0
    return not done


@pytest.mark.parametrize("name", STREAMS)
def test_the_default_silence_of_a_stream(name: str) -> None:
    """600 s for runs, as in other clients: a model that thinks sends nothing for minutes; 60 s for all else."""
    limit = STREAMS[name][2]
    with asyncio.Runner(loop_factory=ShiftedLoop) as runner:
        assert runner.run(silence(name, limit - 5))
        assert not runner.run(silence(name, limit + 5))


def test_an_idle_limit_applies_to_runs_too() -> None:
    """As a `Timeout`, also one that has the default's value; None is none."""
    with asyncio.Runner(loop_factory=ShiftedLoop) as runner:
        assert not runner.run(silence("runs.create", 65, Timeout(idle=60)))
        assert not runner.run(silence("runs.create", 65, Timeout(idle=60.0, total=5)))
        assert runner.run(silence("runs.create", 650, Timeout(idle=None)))
        assert runner.run(silence("runs.create", 590, Timeout(total=5)))
        assert runner.run(silence("runs.create", 650, Timeout(idle=700)))


def test_the_default_is_shown_as_it_is_for_plain_calls() -> None:
    """A `Timeout` that sets nothing has 60 s, and equals one that sets just that."""
    assert (Timeout().idle, Timeout(), repr(Timeout().idle)) == (60, Timeout(idle=60.0), "60.0")


async def waits(channel: RunChannel, seconds: float) -> asyncio.Future[Any]:
    """Read on, and let time pass while the read waits."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ShiftedLoop)
    waiting = asyncio.ensure_future(anext(channel))
    for _ in range(20):
        await asyncio.sleep(0)
    loop.shift += seconds
    await asyncio.sleep(MS)
    return waiting


async def bounded_silences(where: str) -> None:
    """Read a stream of 360 s whose silences are 60 s long, then one of 120 s, with a limit of 100 s."""
    gates = [asyncio.Event() for _ in range(6)]
    steps = [step for gate in gates for step in (gate, run_frames()[2])]
    async with Wire().serve() as wire:
        wire.answer(Body(run_frames()[0], *steps, STALL))
        async with AssistantsClient(
            base_url=wire.base_url, api_key=KEY, retry=None, timeout=100 if where == "client" else None
        ) as client:
            view = client.with_options(timeout=100) if where == "view" else client
            call = view.runs.create("thread_1", assistant_id="a")
            if where == "call":
                call = call.with_options(timeout=100)
            async with call.stream() as channel:
                await anext(channel)
                for gate in gates:
                    waiting = await waits(channel, 60)
                    gate.set()
                    await waiting
                waiting = await waits(channel, 120)
                with pytest.raises(StreamInterruptedError, match="idle time-out of 100 s") as caught:
                    await waiting
    assert isinstance(caught.value.__cause__, TimedOutError)


@pytest.mark.parametrize("where", ["client", "view", "call"])
def test_a_number_bounds_the_silences_of_a_stream(where: str) -> None:
    """It bounds nothing of its length: pieces that keep coming may take longer in all."""
    with asyncio.Runner(loop_factory=ShiftedLoop) as runner:
        runner.run(bounded_silences(where))


async def test_a_number_bounds_the_head_of_a_stream(wire: Wire, client: AssistantsClient) -> None:
    """In words that name the limit."""
    wire.answer(silent)
    with pytest.raises(TimedOutError) as caught:
        async with client.runs.create("t", assistant_id="a").with_options(timeout=50 * MS).stream():
            pass
    assert caught.value.phase == "head"


async def test_a_later_number_takes_the_place_of_an_earlier_one(wire: Wire, client: AssistantsClient) -> None:
    """A client in a hurry, and a call that has time."""

    async def pause(_: Seen, __: Peer) -> None:
        await asyncio.sleep(60 * MS)

    wire.answer(Body(frame("thread.run.queued", run("queued")), pause, run_frames()[-1]))
    hasty = client.with_options(timeout=20 * MS)
    async with hasty.runs.create("t", assistant_id="a").with_options(timeout=30).stream() as channel:
        assert len([event async for event in channel]) == 2
