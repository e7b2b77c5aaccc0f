"""A run to be taken to its end in a span of its own, for clients with telemetry."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from ..._typing import override
from ...core.requests.options import Options
from ...core.requests.request import Request
from ...models.runs import Run
from ...session.manager import SessionManager
from ...tools.events import ToolEvent, ToolStarted
from ...tools.schema import AnswerFormat
from ...tools.toolbox import Toolbox
from .execution import RunExecution
from .options import RunOptions
from .result import RunResult, total
from .sink import Sink

if TYPE_CHECKING:
    from ...telemetry.tracing import RunSpan, Tracing

T = TypeVar("T")
V = TypeVar("V")


def new_execution(
    session: SessionManager,
    request: Request,
    options: Options,
    run_options: RunOptions,
    toolbox: Toolbox | None = None,
    format: AnswerFormat[T] | None = None,
) -> RunExecution[T]:
    """Make the execution of a run, with a span where its client has telemetry."""
    # A class of its own, so that runs without telemetry pay nothing for it.
    if session.telemetry is None:
        return RunExecution(session, request, options, run_options, toolbox, format)
    made: TracedExecution[T] = TracedExecution(session, request, options, run_options, toolbox, format)
    made.trace_with(session.telemetry)
    return made


class TracedExecution(RunExecution[T]):
    """An execution whose requests and tools are below one span."""

    _tracing: Tracing
    _span: RunSpan | None = None

    def trace_with(self, tracing: Tracing) -> None:
        """Set the maker of the span, before the execution begins."""
        self._tracing = tracing
        self._watch_tools(self._tool)

    @override
    async def run(self, sink: Sink | None = None) -> Run:
        """Do what `RunExecution.run` does, in the span, which `result` may have begun."""
        if self._span is not None:
            return await super().run(sink)
        return await self._traced(super().run(sink))

    @override
    async def result(self, sink: Sink | None = None) -> RunResult[T]:
        """Do what `RunExecution.result` does, in the span."""
        return await self._traced(super().result(sink))

    async def _traced(self, work: Coroutine[Any, Any, V]) -> V:
        self._span = span = self._tracing.run(self._request)
        with span.whole():
            try:
                return await work
            finally:
                # After a failure too: the tokens were spent all the same.
                state = self.state
                span.seen(state.run, total(state.usages), state.snapshot.messages)

    def _tool(self, event: ToolEvent) -> None:
        span = self._span
        assert span is not None
        if isinstance(event, ToolStarted):
            span.tool_began(event.call)
        else:
            result = event.result
            span.tool_ended(result.name, result.call_id, result.output, result.error)
