"""A run that is in the way: forms of a call to try against it, and a server of bytes that has it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from assistants_async import AssistantsClient, RetryPolicy, Run, RunCall
from assistants_async.server import CallTools
from tests.support.embedded import GRACE, TOOLS, Served
from tests.support.http_server import Seen, Wire, answer, failure
from tests.support.routes import Routes
from tests.support.run_events import run
from tests.support.steady_loop import MS

ASKS = CallTools({"add": {"a": 1, "b": 2}})
"""A run that stays active until somebody submits the output."""


async def poll(call: RunCall) -> Run:
    """To its end."""
    return await call.poll(grace=GRACE)


async def respond(call: RunCall) -> Run:
    """With its answer."""
    return (await call.response()).value


async def stream(call: RunCall) -> Run:
    """By its events."""
    async with call.stream() as channel:
        return await channel.final_run()


async def drive(call: RunCall) -> Run:
    """By its stream, to its end."""
    return (await call.drive(TOOLS)).run


async def drive_polled(call: RunCall) -> Run:
    """The same without a stream."""
    return (await call.drive(TOOLS, stream=False)).run


async def enter_drive(call: RunCall) -> Run:
    """By the events of all rounds."""
    async with call.drive(TOOLS) as channel:
        return (await channel.result()).run


async def plain(call: RunCall) -> Run:
    """As it is at first."""
    return await call


FORMS: list[Callable[[RunCall], Awaitable[Run]]] = [plain, respond, stream, poll, drive, drive_polled, enter_drive]


def say(served: Served, **options: Any) -> Any:
    """A call that adds a message."""
    return served.client.messages.create(served.thread, role="user", content="more", **options)


async def looked(served: Served, task: asyncio.Task[Any]) -> None:
    """Wait until the call has been refused, and waits for the run."""
    before = served.sent("getRun")
    while served.sent("getRun") < before + 2 and not task.done():
        await asyncio.sleep(MS)


async def finish(served: Served, run: Run) -> None:
    """Submit the outputs that a run waits for."""
    outputs = [{"tool_call_id": call.id, "output": "3"} for call in run.tool_calls]
    await served.client.runs.submit_tool_outputs(served.thread, run, tool_outputs=outputs)


CREATE, GET, CANCEL = "POST /threads/thread_1/runs", "GET /threads/thread_1/runs/", "POST /threads/thread_1/runs/"
LIST = "GET /threads/thread_1/runs"
MESSAGES = "POST /threads/thread_1/messages"
SOON = {"openai_poll_after_ms": "1"}
QUICK = RetryPolicy(initial_delay=MS, max_delay=MS)

BUSY = failure(400, "Thread thread_1 already has an active run run_7.")
BUSY_NAMELESS = failure(400, "Thread already has an active run.")
MADE = answer(run("queued"))


def other(status: str, id: str = "run_7") -> bytes:
    """The run that is in the way."""
    return answer(run(status) | {"id": id}, **SOON)


class Busy:
    """A server of one thread, which refuses a given number of first runs."""

    def __init__(self, wire: Wire, *creates: Any) -> None:
        self.wire = wire
        self.routes = Routes()
        self.routes.on(CREATE, *(creates or (BUSY, MADE)))
        self.routes.on(GET + "run_7", other("in_progress"), other("completed"))
        wire.answer(self.routes)

    @property
    def places(self) -> list[str]:
        """The requests, in order."""
        return [f"{seen.method} {seen.path.removeprefix('/v1')}" for seen in self.wire.seen]

    @property
    def creates(self) -> list[Seen]:
        """The requests that were to make a run."""
        return [seen for seen in self.wire.seen if (seen.method, seen.path) == ("POST", "/v1/threads/thread_1/runs")]


def start(client: AssistantsClient, if_active: Any = "wait", **options: Any) -> Any:
    """A run on the thread."""
    call = client.runs.create("thread_1", assistant_id="asst_1", instructions="Sei wörtlich.", if_active=if_active)
    return call.with_options(**options)
