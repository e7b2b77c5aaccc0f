"""A run driven to its end: started, streamed or polled, its tool calls answered, started again where that helps.

Straight on, in one task: the run's state says what comes next (`core.runs.status.next_step`), whichever way it was
learned. A stream that ends early, and a server that does not stream, only mean that the next step is to poll.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable
from inspect import isawaitable
from typing import TYPE_CHECKING

from ...core.requests.request import Request
from ...core.runs.backoff import back_off, poll_delay
from ...core.runs.missed_events import lacks_answers
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import (
    ANSWERED,
    NextStep,
    answered,
    end_of,
    error_of,
    may_pass,
    next_step,
)
from ...core.runs.stream_refusal import refuses_streams
from ...core.streams.run_events import event_of_run
from ...errors import (
    AssistantsError,
    BadRequestError,
    RunError,
    RunFailedError,
    StatusError,
    StreamInterruptedError,
    TransportError,
    UnprocessableError,
    printable,
)
from ...models.events import RunEvent, StreamEvent
from ...models.runs import Run
from ...response import Headers
from ...session.deadlines import jitter
from ...tools.events import ToolEvent
from .actions import RequiredActions
from .channel import RunChannel
from .deadline import RunDeadline
from .options import RunOptions, StatusHook
from .requests import PASSING, RunRequests, delay_after
from .result import DriveEvent
from .sink import Sink
from .state import RunState

if TYPE_CHECKING:
    from ...core.streams.run_events import Frame

_STEPS_TIME = 5.0  # seconds in which the steps for an error are looked up


class RunLoop:
    """The loop behind `poll`, `wait`, `drive` and `resume`; used once, and the only writer of the state."""

    def __init__(
        self,
        requests: RunRequests,
        options: RunOptions,
        state: RunState,
        sink: Sink,
        *,
        deadline: RunDeadline,
        actions: RequiredActions,
    ) -> None:
        self._requests = requests
        self._options = options
        self._state = state
        self._sink = sink
        self._deadline = deadline
        self._actions = actions
        # Whether the server may know more than the snapshot: the run was retrieved, and no stream came with it.
        self._behind = False
        self._shown: tuple[str, str | None] | None = None  # the run's last state that was emitted
        self._streams = options.stream
        self._repeats = 0  # times in a row that the run required outputs it already has

    async def begin(self, first: Request, thread_id: str) -> Run:
        """Send the request that makes or continues a run, and take that run to its end."""
        self._state.thread_id = thread_id
        return await self._loop(await self._send(first, creates=True), first)

    async def take(self, thread_id: str, run_id: str) -> Run:
        """Take a run that was started elsewhere to its end."""
        self._state.thread_id = thread_id
        run = await self._retrieve(run_id)
        self._sink.started()
        if self._options.on_action == "answer":
            await self._catch_up(run)
            self._state.outputs = answered(self._state.snapshot.steps)
        return await self._loop(run, None)

    async def _loop(self, run: Run, first: Request | None) -> Run:
        attempt, state, on_action = 1, self._state, self._options.on_action
        while True:
            step = next_step(run)
            await self._catch_up_and_emit(run, step)
            match step:
                case "act" if on_action == "answer":
                    run = await self._answer(run)
                case "act" if on_action == "stop":
                    return run
                case "over":
                    if not await self._pause(run, attempt) or first is None:
                        return await self._ended(run)
                    attempt += 1
                    # Nothing of the failed run answers the next one, whose calls have ids of their own.
                    state.snapshot, state.outputs, state.approvals = Snapshot(), {}, {}
                    run = await self._send(self._requests.another(first, state.thread_id), creates=True)
                case _:
                    run = await self._wait(run)

    # Events

    async def _catch_up_and_emit(self, run: Run, step: NextStep) -> None:
        """Emit the missed events of the run, then its new state, where no stream has done so."""
        wanted = self._sink.wants_events or self._options.stream
        # Requests only where their events are used: by a reader, or for the result of a drive.
        if self._behind and self._options.on_action == "answer" and (step == "over" or (step == "act" and wanted)):
            await self._catch_up(run)
        # A stream has emitted it already, and a reader must see each state once.
        if self._shown != (run.id, run.status):
            await self._emit(event_of_run(run))

    async def _catch_up(self, run: Run) -> None:
        state = self._state
        for event in await self._requests.with_retries(
            lambda: self._requests.missed_events(state.thread_id, run, state.snapshot)
        ):
            state.snapshot.add(event)
            await self._emit(event)
        self._behind = False

    async def _emit(self, event: DriveEvent, frame: Frame | None = None) -> None:
        if isinstance(event, RunEvent):
            await self._note_and_show(event.data)
        if self._sink.wants_events and (full := self._sink.event(event, frame)) is not None:
            await full

    def _emit_of_tool(self, event: ToolEvent) -> Awaitable[None] | None:
        return self._sink.event(event, None) if self._sink.wants_events else None

    async def _note_and_show(self, run: Run) -> None:
        """Note the run, and call `on_status` where its status is another than the last one shown."""
        self._note(run)
        before, self._shown = self._shown, (run.id, run.status)
        if before != self._shown and self._options.on_status is not None:
            await self._deadline.user_code(_call(self._options.on_status, run), _on_status)

    def _note(self, run: Run) -> None:
        self._state.run = run
        self._state.thread_id = self._state.thread_id or run.thread_id or ""

    # The end

    async def _pause(self, run: Run, attempt: int) -> bool:
        """Return True, after a pause, where a further run is to follow a failed one."""
        # Added up over all runs: failed ones were paid for as well.
        self._state.usages += () if run.usage is None else (run.usage,)
        rerun, failed = self._options.rerun, error_of(run, ("failed",))
        if rerun is None or not isinstance(failed, RunFailedError) or not rerun.again(failed, attempt):
            return False
        await self._requests.pause(rerun.pause(attempt, jitter()))
        return True

    async def _ended(self, run: Run) -> Run:
        steps, ends = self._state.snapshot.steps, self._options.raise_on
        self._state.end = error_of(run, ends, steps)
        if self._state.end is not None and not steps:
            with contextlib.suppress(AssistantsError):  # they would only add to the error
                steps = await self._requests.first_steps(self._state.thread_id, run.id, _STEPS_TIME)
        error = error_of(run, ends, steps)
        if error is not None:
            raise error
        return run

    # Polling

    async def _wait(self, run: Run) -> Run:
        """Retrieve the run until its status or its required action changes."""
        # The pause grows anew with each status: a run that was queued for long may now be quick.
        before, attempt = (run.status, next_step(run)), 0
        while (run.status, next_step(run)) == before:
            headers = self._state.http.headers if self._state.http is not None else Headers()
            await self._requests.pause(poll_delay(attempt, headers, jitter(), self._options.interval))
            run = await self._retrieve(run.id)
            attempt += 1
        return run

    async def _retrieve(self, run_id: str) -> Run:
        thread_id = self._state.thread_id
        run, self._state.http = await self._requests.with_retries(lambda: self._requests.run(thread_id, run_id))
        self._note(run)
        self._behind = True
        return run

    # Sending

    async def _send(self, request: Request, *, creates: bool) -> Run:
        """Send the request that makes or continues a run; return the run as it was at the end of the answer."""
        if self._streams:
            try:
                return await self._stream(self._requests.stream(request, self._state.snapshot), creates=creates)
            except (BadRequestError, UnprocessableError) as error:
                # Only a refusal of streaming itself: any other error would come again without it.
                if not refuses_streams(error):
                    raise
            self._streams = False  # a server that knows no run streams: the run is polled
        work = self._post(request)
        run = await (self._deadline.shielded_start(work) if creates else work)
        self._sink.started()
        return run

    async def _post(self, request: Request) -> Run:
        run, self._state.http = await self._requests.send(request)
        self._note(run)
        self._behind = True
        return run

    async def _stream(self, channel: RunChannel, *, creates: bool) -> Run:
        opening, all_events = self._open(channel), self._sink.wants_events
        try:
            events = await (self._deadline.shielded_start(opening) if creates else opening)
            self._sink.started()
            self._behind = False
            for event, frame in events:
                if not self._defers_end(event):
                    await self._emit(event, frame)
            async for event in channel:
                if type(event) is RunEvent:
                    # Its messages are to come before it: a reader that stops at the end would miss them.
                    if self._defers_end(event):
                        break
                    await self._emit(event, channel.received())
                # Without a coroutine for each: nearly every event is another, and finds room.
                elif all_events and (full := self._sink.event(event, channel.received())) is not None:
                    await full
            # A server that does not stream answers with the run alone.
            self._behind = self._behind or channel.items_delivered < 2
        except StreamInterruptedError:
            run = channel.run if creates else self._state.run
            if run is None:
                raise
            return await self._retrieve(run.id)
        finally:
            channel.close()
        run = channel.run if creates else self._state.run
        if run is None:
            raise StreamInterruptedError("the stream had no run event", items=channel.items_delivered)
        return run

    def _defers_end(self, event: StreamEvent) -> bool:
        """Keep back the end of a run whose messages did not come with its events: they are looked up first."""
        if not isinstance(event, RunEvent) or end_of(event.data) not in ANSWERED:
            return False
        if not lacks_answers(self._state.snapshot):
            return False
        self._note(event.data)
        self._behind = True
        return True

    async def _open(self, channel: RunChannel) -> list[tuple[StreamEvent, Frame | None]]:
        """Open a stream, and read on until it has named the run."""
        await channel.__aenter__()
        self._state.http = channel.http
        events: list[tuple[StreamEvent, Frame | None]] = []
        while channel.run is None and (event := await anext(channel, None)) is not None:
            events.append((event, channel.received()))
        if channel.run is not None:
            self._note(channel.run)
        return events

    # Actions

    async def _answer(self, run: Run) -> Run:
        """Answer or decide the calls that a run waits for, in one request; again where the run requires the same."""
        state, new = self._state, await self._actions.missing(run, self._emit_of_tool)
        self._actions.answers_to(run).update(new)
        state.rounds += bool(new)
        self._repeats = 0 if new else self._repeats + 1
        if self._repeats > PASSING:
            asks = f"run {printable(run.id, 80)} keeps asking for {self._actions.names(run)}"
            raise RunError(f"{asks}, which is answered already", run=run)
        request = self._requests.submission(state.thread_id, run.id, self._actions.submission(run))
        try:
            run = await self._send(request, creates=False)
        except BadRequestError as error:
            # What is refused the second time was taken the first time; else the run may have gone on without us.
            looked = await self._retrieve(run.id)
            if new and error.attempts == 1 and self._actions.already_answered(looked):
                raise
            run, delay = looked, delay_after(error, self._repeats)
        except (TransportError, StatusError) as error:
            # Whether it was taken shows in the run; where it was not, the same outputs are sent once more.
            if not may_pass(error) or self._repeats >= PASSING:
                raise
            await self._requests.pause(delay_after(error, self._repeats))
            return await self._retrieve(run.id)
        else:
            delay = back_off(self._repeats, jitter())
        if not self._actions.already_answered(run):
            return run
        await self._requests.pause(delay)
        return await self._retrieve(run.id)


async def _call(hook: StatusHook, run: Run) -> None:
    answer = hook(run)
    if isawaitable(answer):
        await answer


def _on_status() -> str:
    return "on_status"
