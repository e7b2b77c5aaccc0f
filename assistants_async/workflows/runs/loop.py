"""A run driven to its end: started, streamed or polled, its tool calls answered, started again where that helps.

Straight on, in one task: the run's state says what comes next (`core.runs.next_step`), whichever way it was learned.
A stream that ends early, and a server that does not stream, only mean that the next thing is to poll.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from ...core.requests.request import Request
from ...core.runs.backoff import back_off, poll_delay
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import NextStep, answered, error_of, may_pass, next_step
from ...core.streams.run_events import event_of_run
from ...errors import (
    AssistantsError,
    BadRequestError,
    RunError,
    RunFailedError,
    StatusError,
    StreamInterruptedError,
    TransportError,
    printable,
)
from ...models.events import RunEvent, StreamEvent
from ...models.runs import Run, Usage
from ...response import Headers, HTTPResponse, Response
from ...session.manager import jitter
from ...tools.toolbox import Toolbox
from .channel import RunChannel
from .deadline import RunDeadline
from .options import OnAction, RunOptions
from .requests import PASSING, RunRequests, delay_after
from .result import DriveEvent
from .tool_outputs import ToolOutputs, names_of

Emit = Callable[[DriveEvent], Awaitable[None]]
"""Takes each event as it happens."""

_STEPS_TIME = 5.0  # seconds in which the steps for an error are looked up


class Start(Protocol):
    """A request that starts a run or continues it."""

    def response(self) -> Coroutine[Any, Any, Response[Run]]:
        """Send it for the run as it is then."""
        ...

    def stream(self) -> RunChannel:
        """Send it for the run's events."""
        ...

    def close(self) -> None:
        """Give it up, sent or not."""
        ...


class RunLoop:
    """The loop behind `poll`, `wait`, `drive` and `resume`; used once.

    `on_action` says what a run that asks for tool outputs means: `"answer"` it, `"stop"` there, or `"wait"` for
    others to answer. `again` makes the request of another run like the one that failed.
    """

    def __init__(
        self,
        lookups: RunRequests,
        policy: RunOptions,
        start: Callable[[Request], Start],
        *,
        on_action: OnAction,
        toolbox: Toolbox | None,
        again: Callable[[], Request],
    ) -> None:
        self._lookups = lookups
        self._policy = policy
        self._start = start
        self._on_action = on_action
        self._again = again
        # Whether there may be more at the server than `told` has: the run was looked at, and no stream came with it.
        self._behind = False
        self._shown: tuple[str, str | None] | None = None  # the run's last state that was told
        self._repeats = 0  # how often the run has asked again for what was answered
        self.hold = RunDeadline(lookups, policy)
        """The run, and what becomes of it."""
        self.answers = ToolOutputs(toolbox, policy, self.hold)
        """What its calls are answered with."""
        self.snapshot = Snapshot()
        """Messages and steps of the last run; empty unless its calls are answered here."""
        self.http: HTTPResponse | None = None
        """Head of the last answer that showed the run."""
        self.emit: Emit | None = None
        """Takes the events; set before it begins."""
        self.begun: Callable[[], object] = int
        """Called when the first answer is there."""
        self.usage: tuple[Usage, ...] = ()
        """What each run cost, where the server said so."""

    async def begin(self, first: Start) -> Run:
        """Send the request that makes or continues a run, and take that to its end."""
        return await self._loop(await self._send(first, creates=True))

    async def take(self, thread_id: str, run_id: str) -> Run:
        """Take a run that was started elsewhere to its end."""
        self.hold.thread_id = thread_id
        run = await self._retrieve(run_id)
        self.begun()
        if self._on_action == "answer":
            await self._catch_up(run)
            self.answers.by_call = answered(self.snapshot.steps)
        return await self._loop(run)

    async def _loop(self, run: Run) -> Run:
        attempt = 1
        while True:
            step = next_step(run)
            await self._catch_up_and_emit(run, step)
            match step:
                case "act" if self._on_action == "answer":
                    run = await self._answer_tools(run)
                case "act" if self._on_action == "stop":
                    return run
                case "over":
                    if not await self._pause(run, attempt):
                        return await self._ended(run)
                    attempt += 1
                    self.snapshot, self.answers.by_call = Snapshot(), {}
                    run = await self._send(self._start(self._again()), creates=True)
                case _:
                    run = await self._wait(run)

    # Telling

    async def _catch_up_and_emit(self, run: Run, step: NextStep) -> None:
        """Tell what has happened to the run, and then the state that it led to, where no stream has."""
        now = step == "over" or (step == "act" and (self.emit is not None or self._policy.stream))
        if self._behind and now and self._on_action == "answer":
            await self._catch_up(run)
        if self._shown != (run.id, run.status):
            await self._emit(event_of_run(run))

    async def _catch_up(self, run: Run) -> None:
        for event in await self._lookups.with_retries(
            lambda: self._lookups.missed_events(self.hold.thread_id, run, self.snapshot)
        ):
            self.snapshot.add(event)
            await self._emit(event)
        self._behind = False

    async def _emit(self, event: DriveEvent) -> None:
        if isinstance(event, RunEvent):
            self._shown = (event.data.id, event.data.status)
            await self.hold.see(event.data)
        if self.emit is not None:
            await self.emit(event)

    # The end

    async def _pause(self, run: Run, attempt: int) -> bool:
        """Wait before another run, where one is to follow."""
        self.usage += () if run.usage is None else (run.usage,)
        rerun, failed = self._policy.rerun, error_of(run, ("failed",))
        if rerun is None or not isinstance(failed, RunFailedError) or not rerun.again(failed, attempt):
            return False
        await self._lookups.pause(rerun.pause(attempt, jitter()))
        return True

    async def _ended(self, run: Run) -> Run:
        steps = self.snapshot.steps
        self.hold.end = error_of(run, self._policy.raise_on, steps)
        if self.hold.end is not None and not steps:
            with contextlib.suppress(AssistantsError):  # they would only add to the error
                steps = await self._lookups.first_steps(self.hold.thread_id, run.id, _STEPS_TIME)
        error = error_of(run, self._policy.raise_on, steps)
        if error is not None:
            raise error
        return run

    # Asking

    async def _wait(self, run: Run) -> Run:
        """Ask for the run until its status is another."""
        before, attempt = run.status, 0
        while run.status == before:
            headers = self.http.headers if self.http is not None else Headers()
            await self._lookups.pause(poll_delay(attempt, headers, jitter(), self._policy.interval))
            run = await self._retrieve(run.id)
            attempt += 1
        return run

    async def _retrieve(self, run_id: str) -> Run:
        run, self.http = await self._lookups.with_retries(lambda: self._lookups.run(self.hold.thread_id, run_id))
        self.hold.note(run)
        self._behind = True
        return run

    # Sending

    async def _send(self, request: Start, *, creates: bool) -> Run:
        """Send what makes or continues a run; return the run as it was at the end of the answer."""
        if self._policy.stream:
            return await self._stream(request.stream(), creates=creates)
        work = self._post(request)
        try:
            run = await (self.hold.creating(work) if creates else work)
        finally:
            request.close()
        self.begun()
        return run

    async def _post(self, request: Start) -> Run:
        run, self.http = await request.response()
        self.hold.note(run)
        self._behind = True
        return run

    async def _stream(self, channel: RunChannel, *, creates: bool) -> Run:
        channel.snapshot = self.snapshot
        opening = self._open(channel)
        try:
            events = await (self.hold.creating(opening) if creates else opening)
            self.begun()
            for event in events:
                await self._emit(event)
            async for event in channel:
                await self._emit(event)
            # A server that does not stream answers with the run alone.
            self._behind = channel.items_delivered < 2
        except StreamInterruptedError:
            run = channel.run if creates else self.hold.run
            if run is None:
                raise
            return await self._retrieve(run.id)
        finally:
            channel.close()
        run = channel.run if creates else self.hold.run
        if run is None:
            raise StreamInterruptedError("the stream had no run event", items=channel.items_delivered)
        return run

    async def _open(self, channel: RunChannel) -> list[StreamEvent]:
        """Open a stream, and read on until it has named the run."""
        await channel.__aenter__()
        self.http = channel.http
        events: list[StreamEvent] = []
        while channel.run is None and (event := await anext(channel, None)) is not None:
            events.append(event)
        if channel.run is not None:
            self.hold.note(channel.run)
        return events

    # Tools

    async def _answer_tools(self, run: Run) -> Run:
        """Answer the calls that a run waits for, all in one request; again where it asks again for just the same."""
        outputs, fresh = await self.answers.outputs(run, self._emit)
        self._repeats = 0 if fresh else self._repeats + 1
        if self._repeats > PASSING:
            asks = f"run {printable(run.id, 80)} asks again and again for {names_of(run.tool_calls)}"
            raise RunError(f"{asks}, though that is answered", run=run)
        request = self._lookups.submission(self.hold.thread_id, run.id, outputs)
        try:
            run = await self._send(self._start(request), creates=False)
        except BadRequestError as error:
            # What is refused the second time was taken the first time; else the run may have gone on without us.
            looked = await self._retrieve(run.id)
            if fresh and error.attempts == 1 and self.answers.already_answered(looked):
                raise
            run, delay = looked, delay_after(error, self._repeats)
        except (TransportError, StatusError) as error:
            # Whether it was taken shows in the run; where it was not, the same outputs are sent once more.
            if not may_pass(error) or self._repeats >= PASSING:
                raise
            await self._lookups.pause(delay_after(error, self._repeats))
            return await self._retrieve(run.id)
        else:
            delay = back_off(self._repeats, jitter())
        if not self.answers.already_answered(run):
            return run
        await self._lookups.pause(delay)
        return await self._retrieve(run.id)
