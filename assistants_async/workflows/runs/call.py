"""Calls that start or continue a run, and the ways to take it to its end."""

from __future__ import annotations

from collections.abc import Collection, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Unpack, overload

from ..._typing import override
from ...calls.call import Call
from ...calls.channel import Channel
from ...calls.pipe import Sender
from ...core.checks import flag
from ...core.keyword_help import show_keywords
from ...core.requests.options import Options
from ...core.requests.request import Request, ids_of
from ...core.runs.snapshot import Snapshot
from ...core.runs.status import BAD_ENDS, RunEnd
from ...errors import WrongProtocolError
from ...models.events import StreamEvent
from ...models.runs import Run
from ...response import HTTPResponse
from ...tools.schema import AnswerFormat, answer_format
from ...tools.toolbox import Toolbox
from .channel import EndHolder, RunChannel
from .drive import Drive
from .options import MAKES_RUN, DriveOptions, PollOptions, RunOptions, drive_options, poll_options

if TYPE_CHECKING:
    from ...session.manager import SessionManager
    from .execution import RunExecution
    from .recovery import FollowUps

__all__ = ["RunCall", "RunChannel"]

T = TypeVar("T")


@show_keywords
class RunCall(Call[Run, StreamEvent]):
    """A call that starts or continues a run.

    `await` it for the run as it is then, `stream()` it for its events, `poll()` it for the run at its end, or
    `drive()` it there with tools.
    """

    __slots__ = ()

    @overload
    def stream(
        self, *, recover: bool = False, raise_on: Collection[RunEnd] = BAD_ENDS, events: Literal[True] = True
    ) -> RunChannel: ...

    @overload
    def stream(self, *, events: Literal[False]) -> Channel[Run]: ...

    @override
    def stream(
        self, *, recover: bool = False, raise_on: Collection[RunEnd] = BAD_ENDS, events: bool = True
    ) -> RunChannel | Channel[Run]:
        """Enter for the run's events: sends `"stream": true`.

        With `recover`, a stream that ends before its run goes on by polling the run, its steps and messages: what was
        missed is yielded, each text once, and the stream ends as the run did. No second run is ever started.
        `raise_on` names the ends of the run that raise out of the views that give its answer, such as `text()`: all
        four unless given, as in `poll`.

        With `events=False` the request is the plain one, for servers that know no events of runs, and the channel
        yields the run as it is then.
        """
        name, follow_ups = self._request.endpoint.name, self._follow_ups
        on_error = partial(self._session.errors.notify, self._options)
        if events is not True:
            self._check_plain(events, recover=recover or raise_on is not BAD_ENDS)
            return Channel(name, self._opener(self._decoder), on_error)
        # Added now and not when bound: one and the same call can be awaited, polled or driven.
        self._request.add_member("stream", True)
        decoder = partial(self._decoder, events=True)
        if not recover:
            return RunChannel(name, self._opener(decoder, events=True), on_error, follow_ups, raise_on=raise_on)
        known = Snapshot()
        opener = self._opener(lambda http: EndHolder(decoder(http), known), events=True)
        channel = RunChannel(name, opener, on_error, follow_ups, recover=True, raise_on=raise_on)
        # Shared with the decoder, which looks whether the messages have come.
        channel.snapshot = known
        return channel

    def _check_plain(self, events: object, *, recover: bool) -> None:
        """Refuse a value of `events` that is no flag, and keywords that are for events beside `events=False`."""
        name = self._request.endpoint.name
        if recover or events is not False:
            self._drop_warning()
        flag(f"{name}().stream(): events", events)
        if recover:
            raise TypeError(f"{name}().stream(): recover and raise_on are for events, not for events=False")

    @overload
    async def into(
        self, sender: Sender[StreamEvent], *, close: bool = True, events: Literal[True] = True
    ) -> HTTPResponse | None: ...

    @overload
    async def into(self, sender: Sender[Run], *, close: bool = True, events: Literal[False]) -> HTTPResponse | None: ...

    @override
    async def into(self, sender: Sender[Any], *, close: bool = True, events: bool = True) -> HTTPResponse | None:
        """Push the run's events into a channel of the caller's, or with `events=False` the run; see `Call.into`."""
        channel: Channel[Any] = self.stream() if events else self.stream(events=False)
        return await self._push(channel, sender, close=close)

    def _follow_ups(self) -> FollowUps:
        from .recovery import FollowUps  # on use: most streams end well

        return FollowUps(self._session, self._options, ids_of(self._request))

    def poll(self, **options: Unpack[PollOptions]) -> Coroutine[Any, Any, Run]:
        """Await for the run at its end, or asking for tool outputs: created, then polled.

        Raises `RunFailedError`, `RunExpiredError`, `RunCancelledError` and `RunIncompleteError` as `raise_on` says,
        `RunDeadlineError` at the deadline, and `TypeError` and `ValueError` at once for keywords that cannot work.
        A poll that fails is sent again, up to 5 times in a row, unless the server refused it. What ends the wait
        before the run has ended (the deadline, a cancellation, an error of `on_status`) cancels the run at the server,
        within `grace` seconds, unless `on_deadline="leave"`; a request that fails for good leaves it. Either is said
        in the error or its note. An unknown status is waited on.
        """
        self._use()
        return self._execution(poll_options(**options)).run()

    @overload
    def drive(
        self, toolbox: Toolbox | None = None, /, *, output_type: None = None, **options: Unpack[DriveOptions]
    ) -> Drive[None]: ...

    @overload
    def drive(
        self, toolbox: Toolbox | None = None, /, *, output_type: type[T], **options: Unpack[DriveOptions]
    ) -> Drive[T]: ...

    def drive(
        self,
        toolbox: Toolbox | None = None,
        /,
        *,
        output_type: type[Any] | None = None,
        **options: Unpack[DriveOptions],
    ) -> Drive[Any]:
        """Take the run to its end, calling its tools: await for a `RunResult`, or enter for the events of all rounds.

        Each time that the run asks for tool outputs, `toolbox` answers all its calls in one request. The tools are
        those of the assistant or of this call: `tools=toolbox.definitions` belongs to `assistants.create`, or to
        `runs.create` in place of the assistant's. `output_type` asks for an answer of a type by `response_format`,
        and reads it: `AnswerDecodeError` where it does not fit; protocol v2 only.

        A call of an MCP server that waits for approval is decided by `approve_mcp`.

        Raises what `poll` raises, `RunError` for a run that asks for tools without a toolbox, more often than
        `max_rounds`, or again and again for the same, and `RunActionError` for one that waits for what cannot be done
        here, which leaves it waiting. What ends the drive before the run has ended, such as an error
        of a tool or leaving its block, cancels the run as in `poll`; a request that fails for good leaves it, and
        `runs.resume` can go on with it.
        """
        self._use()
        return Drive(self._execution(drive_options(**options), toolbox, self._format(output_type)))

    def _format(self, kind: type[Any] | None) -> AnswerFormat[Any] | None:
        """Ask for answers of a type, where the run is made here and has no format yet."""
        if kind is None:
            return None
        request, wanted = self._request, answer_format(kind)
        # A submission goes on with a run whose format was chosen when it was made.
        if request.body is not None and request.endpoint in MAKES_RUN:
            if self._session.protocol != "v2":
                raise WrongProtocolError(request.endpoint.name, "output_type", self._session.protocol, "v2")
            if request.body.get("response_format") is not None:
                raise TypeError(f"{request.endpoint.name}: pass response_format or output_type, not both")
            request.add_member("response_format", wanted.response_format)
        return wanted

    def _execution(
        self, options: RunOptions, toolbox: Toolbox | None = None, format: AnswerFormat[Any] | None = None
    ) -> RunExecution[Any]:
        return run_execution(self._session, self._request, self._options, options, toolbox, format)


def run_execution(
    session: SessionManager,
    request: Request,
    options: Options,
    run_options: RunOptions,
    toolbox: Toolbox | None,
    format: AnswerFormat[Any] | None,
) -> RunExecution[Any]:
    """Make the execution that takes the run of a request to its end."""
    from .traced_execution import new_execution  # on use: a program that only makes runs need not load it

    return new_execution(session, request, options, run_options, toolbox, format)
