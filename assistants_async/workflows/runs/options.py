"""The keywords of `poll`, `wait`, `drive` and `resume`, and their checks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Literal, Protocol, TypeAlias, Unpack

import msgspec

from ..._typing import TypedDict
from ...core.checks import flag, known_keywords, positive_seconds, whole_number
from ...core.requests.option_checks import check_function
from ...core.runs.backoff import back_off
from ...core.runs.status import BAD_ENDS, RunEnd, checked_ends
from ...endpoints import CREATE_RUN, CREATE_THREAD_AND_RUN
from ...errors import RunFailedError
from ...models.runs import MCPCall, Run, ToolCall
from ...tools.events import ToolEvent, ToolResult

StatusHook: TypeAlias = "Callable[[Run], Awaitable[object] | object]"
"""Called with the run at each change of its status; sync or async."""

ApproveMCP: TypeAlias = "Callable[[MCPCall, Any], Awaitable[bool | str] | bool | str]"
"""Decides about a call of an MCP server, given its arguments as decoded: True lets it be called, anything else refuses
it; sync or async."""

OnDeadline = Literal["cancel", "leave"]
"""The fate of the run at the server when the wait ends before the run does."""

OnAction = Literal["answer", "stop", "wait"]
"""The reaction to a run that asks for tool outputs: answer it, end the wait, or wait on while others answer."""

MAKES_RUN = (CREATE_RUN, CREATE_THREAD_AND_RUN)
"""The operations that make a run."""

RERUN_CODES = frozenset({"rate_limit_exceeded", "server_error"})
"""Codes of failures that another run may not have."""

GRACE = 5.0
"""Seconds of grace after a deadline, unless given."""

MAX_ROUNDS = 16
"""Most rounds of tool calls of a run, unless given."""

# Servers count their limits by the minute: a longer pause helps no run.
_LONGEST = 60.0
_LEDGER_METHODS = ("recall", "attempted", "finished")


class Rerun(msgspec.Struct, frozen=True, kw_only=True):
    """Start a failed run again: on the same thread, with the same arguments but no messages to add.

    What the failed run had written by then stays on the thread.
    """

    attempts: int = 3
    """Runs in all, the first one counted."""
    codes: Collection[str] = RERUN_CODES
    """The `last_error.code`s that another run may not have."""
    delay: float = 1.0
    """Seconds before the second run; half as long again before each further one, up to a minute."""

    def __post_init__(self) -> None:
        """Check the values; raises `TypeError` and `ValueError`."""
        whole_number("attempts", self.attempts)
        # A text is a collection too, of its letters: no code would ever match.
        if isinstance(self.codes, str):
            raise TypeError(f"codes must be a set of codes, not the text {self.codes!r}")
        positive_seconds("delay", self.delay, zero=True)

    def again(self, error: RunFailedError, attempt: int) -> bool:
        """Return True where another run follows number `attempt`, which failed with this error."""
        return attempt < self.attempts and error.code in self.codes

    def pause(self, attempt: int, jitter: float) -> float:
        """Return the seconds from run number `attempt` to the next; `jitter` from 0 to 1 takes up to a quarter off."""
        # A delay above the longest is the caller's own choice, and is kept.
        return back_off(attempt - 1, jitter, self.delay, max(self.delay, _LONGEST))


class Ledger(Protocol):
    """Keeps the tool calls and their outputs outside the process, so that a run can be finished after a crash.

    Its methods are called one by one for each call, and may be sync; what they raise comes out of the drive.
    """

    async def recall(self, call_id: str, /) -> str | None:
        """Return the output that was kept for a call; it is submitted, and the tool is not called again."""
        ...

    async def attempted(self, call: ToolCall, /) -> None:
        """Note that a tool is about to be called."""
        ...

    async def finished(self, result: ToolResult, /) -> None:
        """Keep the output of a tool, or the output that reports its failure to the model."""
        ...


class PollOptions(TypedDict, total=False):
    """Keywords of `poll` and `wait`."""

    deadline: float | None
    """Seconds for all of it, from creating the run to its end, hanging requests included; None for no limit."""
    interval: float | None
    """Seconds between polls; else the server's hint, else 0.2 growing to 5, less some jitter."""
    on_deadline: OnDeadline
    """The fate of the run when the wait ends before it, at the deadline, by cancellation of the task or by an error of
    a hook or a tool: cancelled at the server (`"cancel"`), or not (`"leave"`, the default of `wait`)."""
    grace: float
    """Seconds on top of the deadline, 5 unless given: for a run that is being made to be named, for tools and hooks to
    clean up, and for the run to be cancelled."""
    raise_on: Collection[RunEnd]
    """The ends that raise, all four unless given; a run that ends otherwise is returned."""
    on_status: StatusHook | None
    """Called with the run at each change of its status, the first one included; sync or async."""
    stop_at_action: bool
    """True: a run that asks for tool outputs ends the wait; False: the wait goes on, since others send them."""
    rerun: Rerun | None
    """The rule to start a failed run again; None for never."""


class DriveOptions(TypedDict, total=False):
    """Keywords of `drive` and `resume`."""

    stream: bool
    """True: events are streamed; False: the run is polled."""
    max_rounds: int | None
    """Most rounds of tool calls and approvals, 16 unless given; a run that asks once more is a `RunError`."""
    approve_mcp: ApproveMCP | None
    """Decides once about each call of an MCP server that waits for approval: called with the call and its arguments.
    Only True approves; a reason refuses, and is not sent, since the protocol has no place for it. Without it, a run
    that waits for approval is left so, and is a `RunActionError`; Foundry only."""
    ledger: Ledger | None
    """Keeps the tool calls and their outputs."""
    deadline: float | None
    """Seconds for all of it, tools included; None for no limit."""
    interval: float | None
    """As for `poll`."""
    on_deadline: OnDeadline
    """As for `poll`, `"cancel"` unless given; leaving a drive's block before the run's end counts as well."""
    grace: float
    """As for `poll`."""
    raise_on: Collection[RunEnd]
    """As for `poll`."""
    on_status: StatusHook | None
    """As for `poll`."""
    rerun: Rerun | None
    """As for `poll`."""


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The keywords, checked, with their defaults."""

    deadline: float | None = None
    interval: float | None = None
    on_deadline: OnDeadline = "cancel"
    grace: float = GRACE
    raise_on: Collection[str] = BAD_ENDS
    on_status: StatusHook | None = None
    stop_at_action: bool = True
    on_action: OnAction = "answer"
    rerun: Rerun | None = None
    stream: bool = False
    max_rounds: int | None = MAX_ROUNDS
    ledger: Ledger | None = None
    approve_mcp: ApproveMCP | None = None
    watch_tools: Callable[[ToolEvent], None] | None = None
    """Called in the task of each tool as it begins and ends; for telemetry."""


def poll_options(name: str = "poll", /, **options: Unpack[PollOptions]) -> RunOptions:
    """Check the keywords of `poll` or `wait`; raises `TypeError` and `ValueError`."""
    return _checked(name, PollOptions.__annotations__, options)


def drive_options(name: str = "drive", /, **options: Unpack[DriveOptions]) -> RunOptions:
    """Check the keywords of `drive` or `resume`; raises `TypeError` and `ValueError`."""
    # Streamed unless the caller says otherwise: tool calls are seen at once, without a poll.
    return _checked(name, DriveOptions.__annotations__, {"stream": True, **options})


def _checked(name: str, known: Mapping[str, Any], options: Mapping[str, Any]) -> RunOptions:
    known_keywords(name, options, known.keys())
    given: dict[str, Any] = {**options, "raise_on": checked_ends(options.get("raise_on", BAD_ENDS))}
    # A drive answers the calls itself: only a wait can stop at them, or go on.
    if "stop_at_action" in known:
        given["on_action"] = "stop" if options.get("stop_at_action", True) else "wait"
    policy = RunOptions(**given)
    _check_switches(name, policy)
    _check_ledger(name, policy.ledger)
    for limit in ("deadline", "interval", "grace"):
        seconds = getattr(policy, limit)
        # None is no limit, but never for the grace: a cancel that hangs has to end.
        if seconds is not None or limit == "grace":
            positive_seconds(f"{name}(): {limit}", seconds)
    if policy.on_deadline not in ("cancel", "leave"):
        raise ValueError(f"{name}(): on_deadline is 'cancel' or 'leave', not {policy.on_deadline!r}")
    check_function(f"{name}(): on_status", policy.on_status, 1)
    check_function(f"{name}(): approve_mcp", policy.approve_mcp, 2)
    if policy.rerun is not None and not isinstance(policy.rerun, Rerun):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{name}(): rerun must be a Rerun, not {policy.rerun!r}")
    if policy.max_rounds is not None:
        whole_number(f"{name}(): max_rounds", policy.max_rounds, least=0)
    return policy


def _check_switches(name: str, policy: RunOptions) -> None:
    for switch in ("stream", "stop_at_action"):
        flag(f"{name}(): {switch}", getattr(policy, switch))


def _check_ledger(name: str, ledger: object) -> None:
    whole = all(callable(getattr(ledger, method, None)) for method in _LEDGER_METHODS)
    # A class has the methods too, and would fail at the first tool call, in the middle of a run.
    if ledger is not None and (not whole or isinstance(ledger, type)):
        raise TypeError(f"{name}(): ledger must have recall(), attempted() and finished(), not {ledger!r}")
    for method in _LEDGER_METHODS if ledger is not None else ():
        check_function(f"{name}(): the ledger's {method}()", getattr(ledger, method), 1)
