"""Tool rounds: a streamed run that calls a tool four times at once, is answered, and says a text of ten deltas."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from assistants_async import AssistantsClient, Run, Toolbox
from benchmarks.work import Hand, Work
from benchmarks.works.streams import Event, events_of_post

CALLS = 4


async def double(number: int) -> int:
    """Double a number; async, since sync functions run in threads here, and by hand would not."""
    return 2 * number


_TOOLBOX = Toolbox([double])


class _Arguments(msgspec.Struct):
    number: int


_arguments = msgspec.json.Decoder(_Arguments).decode


async def _outputs(run: Any) -> list[dict[str, str]]:
    """The outputs for the calls of a run, of any client's."""
    calls = run.required_action.submit_tool_outputs.tool_calls
    return [
        {"tool_call_id": call.id, "output": str(await double(_arguments(call.function.arguments).number))}
        for call in calls
    ]


async def _paused_run(events: AsyncIterator[Event]) -> Run | None:
    """Read to the end, and return the run that requires outputs."""
    paused: Run | None = None
    async for event in events:
        if event.event == "thread.run.requires_action" and isinstance(event.data, Run):
            paused = event.data
    return paused


async def _drive_by_hand(hand: Hand, count: int) -> int:
    done = 0
    for _ in range(count):
        runs = f"{hand.url}/threads/thread_1/runs"
        paused = await _paused_run(events_of_post(hand, runs, {"assistant_id": "asst_1", "stream": True}))
        while paused is not None:
            outputs = {"tool_outputs": await _outputs(paused), "stream": True}
            paused = await _paused_run(events_of_post(hand, f"{runs}/{paused.id}/submit_tool_outputs", outputs))
        done += 1
    return done


async def _drive(client: AssistantsClient, count: int) -> int:
    done = 0
    for _ in range(count):
        async with client.runs.create("thread_1", assistant_id="asst_1").drive(_TOOLBOX) as channel:
            async for _event in channel:
                pass
        done += 1
    return done


async def _drive_by_peer(peer: Any, count: int) -> int:
    runs, done = peer.beta.threads.runs, 0
    for _ in range(count):
        manager = runs.stream(thread_id="thread_1", assistant_id="asst_1")
        while manager is not None:
            paused = None
            async with manager as stream:
                async for event in stream:
                    if event.event == "thread.run.requires_action":
                        paused = event.data
            manager = paused and runs.submit_tool_outputs_stream(
                run_id=paused.id, thread_id="thread_1", tool_outputs=await _outputs(paused)
            )
        done += 1
    return done


WORKS = (
    Work(
        name="tools",
        title=f"a run with a round of {CALLS} tool calls, streamed",
        unit="run",
        answer=lambda _: f"tools-{CALLS}",
        count=50,
        quick=5,
        hand=_drive_by_hand,
        ours=_drive,
        peer=_drive_by_peer,
    ),
)
