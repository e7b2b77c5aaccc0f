"""The session manager: sends bound requests, reads answers, and turns every failure into a typed error.

Decisions are made in `core`; aiohttp is known to the transport alone.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from ..core.requests.endpoint import ProtocolVersion
from ..core.requests.options import RUN_IDLE, DefaultLimit, Options
from ..core.requests.request import PreparedRequest, Request
from ..core.requests.retry import Attempts, Budget, Retry
from ..core.responses.decode import error_for
from ..errors import AssistantsError, ClientClosedError, ThreadBusyError, TransportError
from ..response import Response
from ..transport.interface import RawResponse, Transport
from .answer_value import value_of
from .deadlines import Deadline, DeadlineTimer, jitter, no_loop
from .hooks import ErrorReporter, await_user_code, run_hook, run_hook_within, wait_within
from .open_response import MAX_CONTENT, MAX_ERROR, MAX_JSON, OpenResponse
from .request_writer import RequestWriter
from .trace import log_retry, show_head, stream_tracer, trace_body, trace_request

if TYPE_CHECKING:
    from ..telemetry.tracing import Tracing

T = TypeVar("T")

_log = logging.getLogger("assistants_async")


class SessionManager:
    """Everything that the calls of one client share: where to send, as whom, and the connections."""

    telemetry: Tracing | None = None
    """The maker of spans, where the client has one."""

    def __init__(
        self, writer: RequestWriter, make_transport: Callable[[], Transport], transport: Transport | None = None
    ) -> None:
        self.protocol: ProtocolVersion = writer.protocol
        self.base_url = writer.base_url
        self.credential = writer.credential
        self._writer = writer
        # Made by the first call: aiohttp is two thirds of the time to import all (150 of 220 ms).
        self._make_transport = make_transport
        self._transport = transport
        self.errors = ErrorReporter(writer)
        """The reporter that every error of a call or stream passes before it is raised."""
        self._budget = Budget()
        self._clock: DeadlineTimer | None = None
        self._closed = False

    # Calls

    async def value(self, request: Request, options: Options, result: type[T]) -> T:
        """Send a request and decode its whole answer.

        Raises `TransportError`, `StatusError`, `DecodeError` or `BodyTooLargeError`, with the operation as a note;
        a cancellation of the task passes through untouched.
        """
        try:
            return value_of(request, options, result, await self._send_and_read(request, options, result))
        except AssistantsError as error:
            await self.errors.report(error, request, options)
            raise

    async def send(self, request: Request, options: Options, result: type[T]) -> Response[T]:
        """Do what `value` does, and return the answer beside the value."""
        try:
            answer = await self._send_and_read(request, options, result)
            http = answer.http  # now: it says how long the answer took
            return Response(value_of(request, options, result, answer), http)
        except AssistantsError as error:
            await self.errors.report(error, request, options)
            raise

    async def open(self, request: Request, options: Options) -> OpenResponse:
        """Send a request and return at the head of a 2xx answer, its body to be read by the caller, who closes it.

        Raises what `value` raises. Where the options take error statuses, the body of one has been read.
        """
        call = self._call if options.busy_thread is None else self._send_when_free
        try:
            reader = await call(request, options, options.timeout.stream, None)
            if options.raise_for_status and not 200 <= reader.status < 300:
                raise error_for(reader.http, time.time())
        except AssistantsError as error:
            await self.errors.report(error, request, options)
            raise
        if options.trace is not None:
            reader.on_piece = stream_tracer(options.trace, self.errors.masker(options, request))
        return reader

    def _send_and_read(
        self, request: Request, options: Options, result: type[Any]
    ) -> Coroutine[Any, Any, OpenResponse]:
        call = self._call if options.busy_thread is None else self._send_when_free
        return call(request, options, options.timeout.total, MAX_CONTENT if result is bytes else MAX_JSON)

    async def _send_when_free(
        self, request: Request, options: Options, total: float | None, cap: int | None
    ) -> OpenResponse:
        """Send, and again each time that the thread, which another run kept busy, has been waited for."""
        busy_thread, started = options.busy_thread, self._bind_loop().loop.time()
        assert busy_thread is not None
        limit = min((seconds for seconds in (total, options.timeout.total) if seconds is not None), default=None)
        sent_options = options
        while True:
            answer = await self._call(request, sent_options, total, cap, started)
            refusal = error_for(answer.http, time.time()) if answer.status == 400 else None
            if not isinstance(refusal, ThreadBusyError):
                return answer
            await busy_thread.until_free(refusal, options, started=started, limit=limit)
            sent_options = msgspec.structs.replace(options, on_request=None)  # which is called once for a call

    async def _call(
        self,
        request: Request,
        options: Options,
        total: float | None,
        cap: int | None,
        started: float | None = None,
    ) -> OpenResponse:
        """Send until there is a final answer: read whole and closed; where `cap` is None, a 2xx at its head."""
        clock = self._bind_loop()
        deadline = Deadline(clock, total, started)
        clock.deadlines.add(deadline)
        attempts: Attempts | None = None  # most calls need but one
        if request.endpoint.method == "POST":
            request.idempotency_key = os.urandom(16).hex()
        try:
            if options.on_request is not None:
                request.encoded_body = None  # the hook may change the body
                await run_hook_within(deadline, options.timeout.head, options.on_request, request, "on_request")
            while True:
                answer = await self._attempt(request, options, deadline, attempts, cap)
                if not isinstance(answer, TransportError) and answer.status < 400:
                    self._budget.succeeded(attempts)
                    return answer
                clock.deadlines.add(deadline)  # a reader that was closed has taken it out
                attempts = attempts or Attempts(request, options.retry, self._budget)
                if not await self._wait_for_retry(answer, request, options, deadline, attempts):
                    break
        except BaseException:
            deadline.close()
            raise
        deadline.close()
        if isinstance(answer, TransportError):
            answer.elapsed = deadline.elapsed
            raise answer
        if options.busy_thread is not None:
            options.busy_thread.may_have_succeeded = attempts.may_have_succeeded
        return answer

    async def _attempt(
        self, request: Request, options: Options, deadline: Deadline, attempts: Attempts | None, cap: int | None
    ) -> OpenResponse | TransportError:
        """Send once; a failure that another attempt may mend is returned."""
        outgoing: PreparedRequest | None = None
        head: RawResponse | None = None
        try:
            with deadline:
                deadline.limit("head", options.timeout.head)
                outgoing = self._writer.write_simple(request, options) if attempts is None else None
                if outgoing is None:
                    outgoing = await self._write(request, options, attempts, deadline)
                    if options.on_send is not None and deadline.cause is not None:  # the hook has closed the client
                        raise deadline.error()
                assert self._transport is not None
                head = await self._transport.open(outgoing, options.timeout)
            if head is None or outgoing is None:
                raise deadline.error()
            idle = options.timeout.idle
            if cap is None and type(idle) is DefaultLimit and request.endpoint.streams:
                idle = RUN_IDLE
            reader = OpenResponse(head.status, head, outgoing, deadline, idle)
            try:
                if options.trace is not None or _log.isEnabledFor(logging.DEBUG):
                    masker = self.errors.masker(options, request)
                    show_head(_log, request, outgoing.attempt, head, options.trace, masker)
                failed = not 200 <= head.status < 300
                most = MAX_ERROR if failed else cap
                if most is not None and not reader.read_all_nowait(most, truncate=failed):
                    await reader.read_all(most, truncate=failed)
                if options.trace is not None or options.on_response is not None:
                    await self._show(reader, request, options, deadline, is_over=failed or cap is not None)
            except BaseException:
                reader.close()
                raise
        except TransportError as error:
            return error
        return reader

    async def _show(
        self, reader: OpenResponse, request: Request, options: Options, deadline: Deadline, *, is_over: bool
    ) -> None:
        """Show an answer to `trace` and `on_response`."""
        if options.trace is not None and reader.ended:
            trace_body(options.trace, reader.http, self.errors.masker(options, request))
        if options.on_response is not None:
            self._bind_loop().deadlines.add(deadline)  # a body that was read to its end has taken it out
            await run_hook_within(deadline, options.timeout.head, options.on_response, reader.http, "on_response")
            if is_over:
                deadline.close()

    async def _wait_for_retry(
        self,
        answer: OpenResponse | TransportError,
        request: Request,
        options: Options,
        deadline: Deadline,
        attempts: Attempts,
    ) -> bool:
        """Wait and return True where the request is to be sent once more; otherwise `answer` is final."""
        if isinstance(answer, TransportError):
            failure: AssistantsError = answer
        else:
            if answer.status == 401 and self.credential.renewable and attempts.allow_new_key():
                return True  # `credential` asks for a key each time
            failure = error_for(answer.http, time.time())
        attempt, left = attempts.count, deadline.left
        delay = attempts.delay(failure, left=left, jitter=jitter())
        if delay is None:
            return False
        deadline.clear_timeout()
        if options.on_retry is not None or _log.isEnabledFor(logging.DEBUG):
            self.errors.masker(options, request).error(failure)
            log_retry(_log, request, attempt, delay, failure)
        if options.on_retry is not None:
            retry = Retry(request.endpoint.name, attempt, failure, delay)
            await run_hook_within(deadline, options.timeout.head, options.on_retry, retry, "on_retry")
        await wait_within(deadline, None, asyncio.sleep, delay)
        return True

    async def _write(
        self, request: Request, options: Options, attempts: Attempts | None, deadline: Deadline
    ) -> PreparedRequest:
        """Write a request out, and call `on_send`, which may change it."""
        outgoing = await self._writer.write(request, options, partial(await_user_code, deadline, name="api_key"))
        if attempts is not None:
            outgoing.attempt, outgoing.new_connection = attempts.count, attempts.needs_new_connection
        if options.on_send is not None:
            await run_hook(deadline, options.on_send, outgoing, "on_send")
            self._writer.note_secrets(outgoing.headers)
        if options.trace is not None:
            trace_request(options.trace, outgoing, self.errors.masker(options, request))
        return outgoing

    async def pause(self, seconds: float) -> None:
        """Sleep between two calls of a workflow; raises `ClientClosedError` as soon as the client is closed."""
        clock = self._bind_loop()
        deadline = Deadline(clock, None)
        clock.deadlines.add(deadline)
        try:
            await wait_within(deadline, None, asyncio.sleep, seconds)
        finally:
            deadline.close()

    # Life

    def _bind_loop(self) -> DeadlineTimer:
        """Bind to the first loop that calls; refuse a closed client and any other loop."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise no_loop() from None
        if self._closed:
            raise ClientClosedError("the client is closed: make a new one")
        if self._clock is None:
            self._transport = self._transport or self._make_transport()
            self._transport.start(self._writer.default_headers)
            self._clock = self.errors.timer = DeadlineTimer(loop)
        elif self._clock.loop is not loop:
            raise RuntimeError("this client belongs to another event loop: make one client per loop")
        return self._clock

    @property
    def is_open(self) -> bool:
        """True where something would be left open if the client were dropped now."""
        return self._clock is not None and not self._closed

    async def close(self) -> None:
        """End the calls under way with `ClientClosedError`, and close every connection; again is no error.

        Calls that wait in a hook or for their next attempt end at once. A hook may close the client of its own call.
        """
        if self._closed:
            return
        self._closed = True
        if self._clock is not None:
            self._clock.cancel()
            text = "the client was closed while the call was under way"
            for deadline in tuple(self._clock.deadlines):
                # A cancellation of this very task would end the close.
                deadline.interrupt(ClientClosedError(text, maybe_processed=True), cancel=not deadline.is_own)
        if self._transport is not None:
            await self._transport.close()
