"""A run to be taken to its end, with all that it takes: the common form of `poll`, `wait`, `drive` and `resume`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar, cast

import msgspec

from ...core.requests.options import Options, earlier
from ...core.requests.request import Request, ids_of
from ...core.runs.status import BAD_ENDS, error_of
from ...endpoints import GET_RUN
from ...errors import AnswerDecodeError, AssistantsError, RunError
from ...models.messages import Message
from ...models.runs import Run
from ...session.manager import SessionManager
from ...tools.events import ToolEvent
from ...tools.schema import AnswerFormat
from ...tools.toolbox import Toolbox
from .actions import RequiredActions
from .deadline import RunDeadline
from .loop import RunLoop
from .options import MAKES_RUN, RunOptions
from .requests import RunRequests
from .result import RunResult, answer_of, refusal_of, total
from .sink import NoSink, Sink
from .state import RunState

T = TypeVar("T")


class RunExecution(Generic[T]):
    """A run to be taken to its end, once; `T` is the type that its answer is read as.

    `request` makes the run, continues it, or retrieves one that was started elsewhere. Raises `TypeError` and
    `ValueError` for what cannot work together.
    """

    def __init__(
        self,
        session: SessionManager,
        request: Request,
        options: Options,
        run_options: RunOptions,
        toolbox: Toolbox | None = None,
        format: AnswerFormat[T] | None = None,
    ) -> None:
        if not (toolbox is None or isinstance(toolbox, Toolbox)):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise TypeError(f"a Toolbox answers tool calls, not {toolbox!r}: pass Toolbox([…])")
        if run_options.rerun is not None and request.endpoint not in MAKES_RUN:
            raise ValueError(f"{request.endpoint.name}: rerun is for runs that are made here")
        self.name = request.endpoint.name
        """The method whose request it begins with."""
        self.format = format
        """The reader of the answer; None for text."""
        self.state = RunState()
        """The run so far."""
        self._request = request
        self._options = options
        # A time-out set for a view or a call bounds the whole, as `deadline=` does.
        limit = earlier(run_options.deadline, options.wait_limit)
        self._run_options = run_options = msgspec.structs.replace(run_options, deadline=limit)
        self._toolbox = toolbox
        self._errors = session.errors
        # An error status that is no error would be no run.
        options = msgspec.structs.replace(options, raise_for_status=True, resolve_type=None)
        self._requests = RunRequests(session, options)
        self._deadline = RunDeadline(self._requests, run_options, self.state, options.busy_thread)

    def _watch_tools(self, watch: Callable[[ToolEvent], None]) -> None:
        self._run_options = msgspec.structs.replace(self._run_options, watch_tools=watch)

    async def run(self, sink: Sink | None = None) -> Run:
        """Take the run to its end; raises `RunError`, `TransportError`, `StatusError` and `StreamError`."""
        state, deadline, options = self.state, self._deadline, self._run_options
        actions = RequiredActions(self._toolbox, options, state, deadline)
        loop = RunLoop(self._requests, options, state, sink or NoSink(), deadline=deadline, actions=actions)

        def work() -> Coroutine[Any, Any, Run]:
            ids = ids_of(self._request)
            if self._request.endpoint is GET_RUN:
                return loop.take(*ids)
            return loop.begin(self._request, ids[0] if ids else "")

        try:
            return await deadline.run_within(work)
        except AssistantsError as error:
            self._errors.masker(self._options, self._request).error(error)
            # A request that failed has reported its error.
            if isinstance(error, RunError) or error is deadline.error or not hasattr(error, "__notes__"):
                await self._report(error)
            raise

    async def result(self, sink: Sink | None = None) -> RunResult[T]:
        """Take the run to its end, and put its result together; raises `AnswerDecodeError` besides."""
        run = await self.run(sink)
        state = self.state
        messages = state.snapshot.messages
        return RunResult(
            run=run,
            messages=messages,
            steps=state.snapshot.steps,
            usage=total(state.usages),
            text=answer_of(messages),
            parsed=await self._parsed(run, messages),
            rounds=state.rounds,
        )

    async def _parsed(self, run: Run, messages: tuple[Message, ...]) -> T:
        if self.format is None:
            return cast("T", None)
        try:
            return _read(self.format, messages)
        except AnswerDecodeError as bad:
            # A run that stopped short is why there is no whole answer, also where `raise_on` lets it pass.
            error = error_of(run, BAD_ENDS, self.state.snapshot.steps) or bad
            await self._report(error)
            raise error from (None if error is bad else bad)

    async def _report(self, error: AssistantsError) -> None:
        """Put the operation on an error, and give it to `on_error`, which may wait as long as the deadline allows."""
        # No hook means nothing to wait for: the error is raised at once.
        if self._options.on_error is None:
            await self._errors.report(error, self._request, self._options)
        else:
            await self._deadline.after(lambda: self._errors.report(error, self._request, self._options), "on_error")


def _read(format: AnswerFormat[T], messages: tuple[Message, ...]) -> T:
    refusal = refusal_of(messages)
    if refusal is not None:
        raise AnswerDecodeError("the model refused to answer", path="$", text=refusal)
    return format.decode(answer_of(messages))
