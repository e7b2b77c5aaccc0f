"""The spans of calls, runs and tools. Only what makes spans imports this module, since it imports OpenTelemetry.

Plan: a span is the parent of what its work does, so it is the current one of OpenTelemetry's context while that is
awaited, and never over a `yield` or while the caller's own code runs. A tool's is current in the tool's own task.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from .._typing import override
from .._version import __version__
from ..core.requests.request import Request
from ..errors import printable
from ..models.messages import Message
from ..models.runs import Run, ToolCall, Usage
from . import attributes as names
from . import content
from .metrics import Metrics
from .settings import Telemetry

_CALL = context.create_key("assistants_async.call")
_RUN = context.create_key("assistants_async.run")
_FAILED = frozenset({"failed", "expired"})


class Tracing:
    """The maker of one client's spans."""

    def __init__(self, settings: Telemetry, base_url: str, mask: Callable[[Any], Any]) -> None:
        self.mask = mask
        """Masks the client's keys in text or attributes: a server may have echoed them in any member."""
        self.server = names.of_server(base_url)
        """The attributes that every span of a call or a run has."""
        self.content = settings.content
        """True where spans say what was written."""
        self.metrics = Metrics(settings.meter_provider, self.server)
        """The client's metrics."""
        self.tracer = trace.get_tracer("assistants_async", __version__, settings.tracer_provider)
        """The tracer of OpenTelemetry."""

    def call(self, request: Request) -> CallSpan:
        """Begin the span of a call."""
        operation = names.operation_of(request)
        attributes = {**self.server, **names.of_request(request), "gen_ai.operation.name": operation}
        if self.content:
            attributes |= content.of_input(request)
        return CallSpan(self, request.endpoint.name, SpanKind.CLIENT, attributes)

    def run(self, request: Request) -> RunSpan:
        """Begin the span of a run."""
        attributes = {**self.server, **names.of_work(request), "gen_ai.operation.name": "invoke_agent"}
        if self.content:
            attributes |= content.of_input(request)
        return RunSpan(self, "invoke_agent", SpanKind.CLIENT, attributes)

    def tokens(self, run: Run, usage: Usage) -> None:
        """Note the tokens of a run."""
        self.metrics.tokens(self.mask(names.of_value(run)), usage)

    def current_call(self) -> CallSpan | None:
        """Return the span of the call that is being sent."""
        found = context.get_value(_CALL)
        return found if isinstance(found, CallSpan) else None

    def current_run(self) -> RunSpan | None:
        """Return the span of the run that is being taken to its end."""
        found = context.get_value(_RUN)
        return found if isinstance(found, RunSpan) else None


class OpenSpan:
    """A span under way, and its duration; ended once."""

    key: str | None = None
    """The name under which the context has it, for those below."""

    def __init__(self, tracing: Tracing, name: str, kind: SpanKind, attributes: names.Attributes) -> None:
        self._tracing = tracing
        self.attributes = dict(tracing.mask(attributes))
        """The attributes so far."""
        self._span = tracing.tracer.start_span(name, kind=kind, attributes=self.attributes)
        self._began = time.monotonic()
        self._is_over = False
        # Made once: a stream makes it current for each of its requests.
        here = trace.set_span_in_context(self._span)
        self._context = here if self.key is None else context.set_value(self.key, self, here)

    @contextmanager
    def current(self) -> Generator[None]:
        """Make it the parent of the spans that begin in the block."""
        token = context.attach(self._context)
        try:
            yield
        finally:
            context.detach(token)

    @contextmanager
    def whole(self) -> Generator[None]:
        """Make it the parent of the block's spans, and end it with the block."""
        try:
            with self.current():
                yield
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            self.end()

    def set(self, attributes: names.Attributes) -> None:
        """Add attributes, until it has ended."""
        if not self._is_over:
            shown = self._tracing.mask(attributes)
            self.attributes |= shown
            self._span.set_attributes(shown)

    def fail(self, error: BaseException) -> None:
        """Note the error that the work ends with."""
        if self._is_over:
            return
        self.set(names.of_error(error))
        summary = names.summary_of(error, content=self._tracing.content)
        self._span.set_status(Status(StatusCode.ERROR, self._tracing.mask(summary)))

    def end(self) -> None:
        """End it; again does nothing."""
        if not self._is_over:
            self._is_over = True
            self._note(time.monotonic() - self._began)
            self._span.end()

    def _note(self, seconds: float) -> None:
        self._tracing.metrics.duration(self.attributes, seconds)


class CallSpan(OpenSpan):
    """The span of one call, its attempts included."""

    key = _CALL
    _attempts = 0

    def attempted(self, status: int | None, request_id: str | None, error: BaseException | None) -> None:
        """Note an attempt: the status of its answer, or the error in place of one."""
        self._attempts += 1
        # The convention counts what was sent again, and not the first sending.
        if self._attempts > 1:
            self._tracing.metrics.retry(self.attributes)
            self.set({"http.request.resend_count": self._attempts - 1})
        self.set({"assistants_async.attempts": self._attempts})
        found: names.Attributes = {} if status is None else {"http.response.status_code": status}
        if request_id is not None:
            # Bounded: the text is the server's.
            found["http.response.header.x-request-id"] = [printable(request_id, 80)]
        self.set(found)
        if error is not None:
            found |= names.of_error(error)
        if error is not None or (status is not None and status >= 400):
            self._span.add_event("attempt failed", {**found, "assistants_async.attempt": self._attempts})

    def answered(self, value: object) -> None:
        """Note the ids that an answer brings."""
        self.set(names.of_value(value))

    @override
    def _note(self, seconds: float) -> None:
        self._tracing.metrics.call(self.attributes, seconds)


class RunSpan(OpenSpan):
    """The span of a run that is taken to its end, and those of its tools."""

    key = _RUN

    def __init__(self, tracing: Tracing, name: str, kind: SpanKind, attributes: names.Attributes) -> None:
        super().__init__(tracing, name, kind, attributes)
        self._tools: dict[str, ToolSpan] = {}

    def seen(self, run: Run | None, usage: Usage | None = None, messages: Iterable[Message] = ()) -> None:
        """Note the run as it is at the end of the work, and what it wrote."""
        # A stream may be closed before its first event.
        if run is None or self._is_over:
            return
        self.set(names.of_value(run) | names.of_usage(usage or run.usage))
        if run.status is not None:
            self.set({"gen_ai.response.finish_reasons": [printable(run.status, 80)]})
        if run.status in _FAILED:
            self.set({"error.type": run.status})
            self._span.set_status(Status(StatusCode.ERROR, f"the run {run.status}"))
        if self._tracing.content:
            self.set(content.of_output(messages))

    def tool_began(self, call: ToolCall) -> None:
        """Begin the span of a tool, in the task that calls its function."""
        name = (call.function and call.function.name) or ""
        span = self._tools[call.id] = ToolSpan(self._tracing, name, call.id, self._context)
        if self._tracing.content and call.function is not None:
            span.set({"gen_ai.tool.call.arguments": call.function.arguments or "{}"})
        span.enter()

    def tool_ended(self, name: str, call_id: str, output: str, error: Exception | None) -> None:
        """End the span of a tool; of a call that was refused there is but its end."""
        # A refused call has an end without a beginning: its span is as short as that.
        span = self._tools.pop(call_id, None) or ToolSpan(self._tracing, name, call_id, self._context)
        if error is not None:
            span.fail(error)
        if self._tracing.content:
            span.set({"gen_ai.tool.call.result": output})
        span.end()

    @override
    def end(self) -> None:
        """End it, after the tools that were cancelled."""
        for span in self._tools.values():
            span.fail(asyncio.CancelledError())
            span.end()
        self._tools.clear()
        super().end()


class ToolSpan(OpenSpan):
    """The span of one tool call."""

    def __init__(self, tracing: Tracing, name: str, call_id: str, parent: context.Context) -> None:
        token = context.attach(parent)
        try:
            attributes = tracing.mask(
                {
                    "gen_ai.operation.name": "execute_tool",
                    "gen_ai.tool.name": printable(name, 80),
                    "gen_ai.tool.call.id": printable(call_id, 80),
                    "gen_ai.tool.type": "function",
                }
            )
            super().__init__(tracing, f"execute_tool {attributes['gen_ai.tool.name']}", SpanKind.INTERNAL, attributes)
        finally:
            context.detach(token)

    def enter(self) -> None:
        """Make it the parent of what the tool's task does from now on; the task's context ends with the task."""
        # Another run that the function drives is no part of this one.
        context.attach(context.set_value(_RUN, None, self._context))
