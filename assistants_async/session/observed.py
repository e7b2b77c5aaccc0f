"""The session manager of a client with telemetry or a limit of its own; other clients do without this module."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .._typing import override
from ..core.requests.options import Options
from ..core.requests.rate_limit import Place, RateLimit
from ..core.requests.request import Request
from ..core.requests.retry import Attempts
from ..errors import TransportError
from ..models.messages import Message
from ..models.runs import Run
from ..response import Response
from ..telemetry.settings import Telemetry
from ..transport.interface import Transport
from .deadlines import Deadline
from .manager import SessionManager
from .masking import Masker
from .open_response import OpenResponse
from .rate_limiter import RateLimiter
from .request_writer import RequestWriter

if TYPE_CHECKING:
    from ..telemetry.tracing import CallSpan, RunSpan, Tracing

T = TypeVar("T")

_REMEMBERED = 4096  # runs, more than are under way at a time


def observed_session(
    writer: RequestWriter,
    make_transport: Callable[[], Transport],
    transport: Transport | None,
    limit: RateLimit | None,
    telemetry: Telemetry | None,
) -> ObservedSession:
    """Make the session that the settings ask for; raises `ModuleNotFoundError` where OpenTelemetry is missing."""
    tracing = None
    if telemetry is not None:
        try:
            from ..telemetry.tracing import Tracing  # on use: it imports OpenTelemetry
        except ModuleNotFoundError as error:
            text = "telemetry needs opentelemetry-api: pip install 'assistants-async[otel]'"
            raise ModuleNotFoundError(text, name=error.name) from None
        tracing = Tracing(telemetry, writer.base_url, _mask_of(writer))
    return ObservedSession(writer, make_transport, transport, None if limit is None else RateLimiter(limit), tracing)


def _mask_of(writer: RequestWriter) -> Callable[[Any], Any]:
    """Make the function that masks the client's keys in what spans and metrics show."""
    known: list[str] = []
    masker = Masker(())
    options = Options()

    def mask(value: Any) -> Any:
        nonlocal known, masker
        secrets = [*writer.secrets(options, None)]
        if secrets != known:  # the first time, and where a token has been renewed
            known, masker = secrets, Masker(secrets)
        return masker.value(value)

    return mask


class ObservedSession(SessionManager):
    """A session whose calls have spans and metrics, and wait for their place under a limit."""

    def __init__(
        self,
        writer: RequestWriter,
        make_transport: Callable[[], Transport],
        transport: Transport | None,
        limiter: RateLimiter | None,
        telemetry: Tracing | None,
    ) -> None:
        super().__init__(writer, make_transport, transport)
        self.telemetry = telemetry
        self._limiter = limiter
        self._runs: dict[str, bool] = {}  # True for those whose tokens are counted
        if telemetry is not None:
            telemetry.metrics.observe(self)

    def connections(self) -> Mapping[str, int]:
        """Count the open connections by state; empty where the transport does not know."""
        count = getattr(self._transport, "connections", None)
        return {} if count is None else count()

    # Calls

    @override
    async def value(self, request: Request, options: Options, result: type[T]) -> T:
        """Do what `send` does, for the value alone."""
        return (await self.send(request, options, result)).value

    @override
    async def send(self, request: Request, options: Options, result: type[T]) -> Response[T]:
        """Send a request in a span of its own, and note the tokens that its answer names."""
        if self.telemetry is None:
            response = await super().send(request, options, result)
        else:
            span = self.telemetry.call(request)
            with span.whole():
                response = await super().send(request, options, result)
                span.answered(response.value)
        if isinstance(response.value, Run):
            self.note(response.value, is_new=request.endpoint.streams)
        return response

    @override
    async def open(self, request: Request, options: Options) -> OpenResponse:
        """Send a request in a span that lasts until its answer is closed."""
        if self.telemetry is None:
            reader = await super().open(request, options)
            reader.watch = Watch(self.note, self.errors.masker(options, request).error)
            return reader
        run = self._run_span(request)
        call = self._call_span(request, run)
        try:
            with call.current():
                reader = await super().open(request, options)
        except BaseException as error:
            for span in (call, run):
                if span is not None:
                    span.fail(error)
                    span.end()
            raise
        reader.watch = Watch(self.note, self.errors.masker(options, request).error, call, run)
        return reader

    def _run_span(self, request: Request) -> RunSpan | None:
        """Begin the span of a run that is streamed by itself: a drive has one already."""
        assert self.telemetry is not None
        streamed = request.endpoint.streams and request.body is not None and bool(request.body.get("stream"))
        return self.telemetry.run(request) if streamed and self.telemetry.current_run() is None else None

    def _call_span(self, request: Request, run: RunSpan | None) -> CallSpan:
        assert self.telemetry is not None
        if run is None:
            return self.telemetry.call(request)
        with run.current():
            return self.telemetry.call(request)

    @override
    async def _attempt(
        self, request: Request, options: Options, deadline: Deadline, attempts: Attempts | None, cap: int | None
    ) -> OpenResponse | TransportError:
        """Send once, in turn under the limit, and note the attempt."""
        if self._limiter is None:
            return await self._noted(super()._attempt(request, options, deadline, attempts, cap), request, options)
        place = await self._place(self._limiter, request, options, deadline)
        if isinstance(place, TransportError):
            return place
        sent = super()._attempt(request, options, deadline, attempts, cap)
        return await self._noted(_settled(sent, place, self._limiter), request, options)

    async def _place(
        self, limiter: RateLimiter, request: Request, options: Options, deadline: Deadline
    ) -> Place | TransportError:
        """Wait for a place as long as the call may take; return the error of one that may not wait so long."""
        place: Place | None = None
        with deadline:
            # A stream has no limit in all: the wait before it has that of a call.
            deadline.limit("total", options.timeout.total)
            place = await limiter.wait(request)
        if place is not None:
            return place
        error = deadline.error()
        assert isinstance(error, TransportError)
        error.maybe_processed = False  # by this attempt: those before it are counted elsewhere
        return error

    async def _noted(
        self, sent: Coroutine[Any, Any, OpenResponse | TransportError], request: Request, options: Options
    ) -> OpenResponse | TransportError:
        """Await an attempt, and note it on the span of its call."""
        answer = await sent
        if self.telemetry is not None:
            span = self.telemetry.current_call()
            assert span is not None  # `send` or `open` has made it
            if isinstance(answer, TransportError):
                span.attempted(None, None, answer)
            else:
                name = answer.http.request_id
                shown = None if name is None else self.errors.masker(options, request).text(name)
                span.attempted(answer.status, shown, None)
        return answer

    # Tokens

    def note(self, run: Run, *, is_new: bool) -> None:
        """Count the tokens of a run once, when it has ended: of one that was made or seen at work by this client."""
        known = self._runs.get(run.id)
        if not run.is_terminal:
            if known is None:
                self._remember(run.id, counted=False)
        elif known is False or (known is None and is_new):
            self._remember(run.id, counted=True)
            if run.usage is not None:
                if self._limiter is not None:
                    self._limiter.use(run.usage)
                if self.telemetry is not None:
                    self.telemetry.tokens(run, run.usage)

    def _remember(self, run_id: str, *, counted: bool) -> None:
        self._runs.pop(run_id, None)
        self._runs[run_id] = counted
        if len(self._runs) > _REMEMBERED:
            del self._runs[next(iter(self._runs))]


class Watch:
    """The notes about one stream: its tokens, and its spans, which end when it is closed."""

    def __init__(
        self,
        note: Callable[..., None],
        mask: Callable[[Exception], None],
        call: CallSpan | None = None,
        run: RunSpan | None = None,
    ) -> None:
        self._note = note
        self._mask = mask
        self._call = call
        self._run = run
        self._has_ended = False  # the run, as far as it was shown

    def failed(self, error: Exception) -> None:
        """Note the error on both spans, without the keys that it may show."""
        self._mask(error)
        for span in (self._call, self._run):
            if span is not None:
                span.fail(error)

    def ended(self, outcome: str, items: int) -> None:
        """Note how the stream ended."""
        if self._call is not None:
            self._call.set({"assistants_async.stream.outcome": outcome, "assistants_async.stream.items": items})

    def shown(self, run: Run | None, messages: Iterable[Message] = ()) -> None:
        """Note the run as its events, or the requests in place of them, have shown it last."""
        if run is None or (self._has_ended and not run.is_terminal):
            return
        self._has_ended = run.is_terminal
        self._note(run, is_new=True)
        if self._call is not None:
            self._call.answered(run)
        if self._run is not None:
            self._run.seen(run, None, messages)

    def closed(self) -> None:
        """End the spans, the inner one first."""
        for span in (self._call, self._run):
            if span is not None:
                span.end()

    def recovery(self, error: Exception) -> Watch:
        """End the call with its error; the run goes on."""
        run, self._run = self._run, None
        self.failed(error)
        self.closed()
        return Watch(self._note, self._mask, None, run)

    async def within(self, work: Callable[[], Awaitable[T]]) -> T:
        """Await requests as the run's."""
        if self._run is None:
            return await work()
        with self._run.current():
            return await work()


async def _settled(
    sent: Coroutine[Any, Any, OpenResponse | TransportError], place: Place, limiter: RateLimiter
) -> OpenResponse | TransportError:
    """Await an attempt, and give back or settle its place, by its end."""
    try:
        answer = await sent
    except BaseException:
        limiter.settle(place)  # it may have been sent
        raise
    if isinstance(answer, OpenResponse):
        limiter.settle(place)
        limiter.heed(answer.http.headers)
    elif answer.maybe_processed:
        limiter.settle(place)
    else:
        limiter.give_back(place)
    return answer
