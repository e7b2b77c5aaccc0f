"""How to wait for a run: the keywords of `poll`, `wait`, `drive` and `resume`, and what is made of them."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Literal, Protocol, TypedDict, Unpack

import msgspec

from ...core.checks import flag, positive_seconds, whole_number
from ...core.requests.option_checks import check_function
from ...core.runs.backoff import back_off
from ...core.runs.status import BAD_ENDS, RunEnd, checked_ends
from ...endpoints import CREATE_RUN, CREATE_THREAD_AND_RUN
from ...errors import RunFailedError, did_you_mean
from ...models.runs import Run, ToolCall
from ...tools.events import ToolResult

StatusHook = Callable[[Run], Awaitable[object] | object]
"""Is given the run at each change of its status; sync or async."""

OnDeadline = Literal["cancel", "leave"]
"""What becomes of the run at the server when the wait ends before it."""

OnAction = Literal["answer", "stop", "wait"]
"""What is done about a run that asks for tool outputs: it gets them, the wait ends, or goes on while others answer."""

MAKES_RUN = (CREATE_RUN, CREATE_THREAD_AND_RUN)
"""The operations that make a run."""

RERUN_CODES = frozenset({"rate_limit_exceeded", "server_error"})
"""The failures that another run may not have."""

GRACE = 5.0
"""Seconds that cancelling a run may take, unless given."""

MAX_ROUNDS = 16
"""Rounds of tool calls that a run may ask for, unless given."""

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
    """Seconds before the second run; half as much again before each further one, up to a minute."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant; raises `TypeError` and `ValueError`."""
        whole_number("attempts", self.attempts)
        if isinstance(self.codes, str):
            raise TypeError(f"codes must be a set of codes, not the text {self.codes!r}")
        positive_seconds("delay", self.delay, zero=True)

    def again(self, error: RunFailedError, attempt: int) -> bool:
        """Whether a run follows number `attempt`, which failed so."""
        return attempt < self.attempts and error.code in self.codes

    def pause(self, attempt: int, jitter: float) -> float:
        """Seconds between number `attempt` and the next; `jitter` from 0 to 1 takes up to a quarter off."""
        return back_off(attempt - 1, jitter, self.delay, max(self.delay, _LONGEST))


class Ledger(Protocol):
    """Keeps what tools were called and what they gave, so that a run can be finished after a crash.

    Its methods are called one by one for each call, and may be sync; what they raise comes out of the drive.
    """

    async def recall(self, call_id: str, /) -> str | None:
        """The output that was kept for a call, which is then submitted in place of calling the tool again."""
        ...

    async def attempted(self, call: ToolCall, /) -> None:
        """A tool is about to be called."""
        ...

    async def finished(self, result: ToolResult, /) -> None:
        """A tool has given its output, or failed with one that the model is told."""
        ...


class PollOptions(TypedDict, total=False):
    """Keywords of `poll` and `wait`."""

    deadline: float | None
    """Seconds for all of it, from creating the run to its end, hanging requests included; None for no limit."""
    interval: float | None
    """Seconds between polls; else the server's hint, else 0.2 growing to 5, less some jitter."""
    on_deadline: OnDeadline
    """Whether the run is cancelled at the server (`"cancel"`, but `"leave"` for `wait`) when the wait ends before it:
    at the deadline, by cancellation of the task, or by what a hook or a tool raises."""
    grace: float
    """Seconds that hearing of a run that is being made, and cancelling it, may take together, 5 unless given; they
    come on top of the deadline."""
    raise_on: Collection[RunEnd]
    """The ends that raise, all four unless given; a run that ends otherwise is returned."""
    on_status: StatusHook | None
    """Called with the run at each change of its status, the first one included; sync or async."""
    stop_at_action: bool
    """Whether a run that asks for tool outputs ends the wait (True), or others will send them (False)."""
    rerun: Rerun | None
    """When to start a run that failed again; None for never."""


class DriveOptions(TypedDict, total=False):
    """Keywords of `drive` and `resume`."""

    stream: bool
    """Whether events are streamed (True), or the run is polled."""
    max_rounds: int | None
    """How many times tool calls are answered, 16 unless given; a run that asks once more is a `RunError`."""
    ledger: Ledger | None
    """Keeps what tools were called and what they gave."""
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
    """The keywords, checked, with what holds where they say nothing."""

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


def poll_options(name: str = "poll", /, **options: Unpack[PollOptions]) -> RunOptions:
    """Check the keywords of `poll` or `wait`; raises `TypeError` and `ValueError`."""
    return _checked(name, PollOptions.__annotations__, options)


def drive_options(name: str = "drive", /, **options: Unpack[DriveOptions]) -> RunOptions:
    """Check the keywords of `drive` or `resume`; raises `TypeError` and `ValueError`."""
    return _checked(name, DriveOptions.__annotations__, {"stream": True, **options})


def _checked(name: str, known: Mapping[str, Any], options: Mapping[str, Any]) -> RunOptions:
    for unknown in options.keys() - known.keys():
        hint = ": pass deadline=" if unknown == "timeout" else did_you_mean(unknown, known)
        raise TypeError(f"{name}() got an unexpected keyword argument {unknown!r}{hint}")
    given: dict[str, Any] = {**options, "raise_on": checked_ends(options.get("raise_on", BAD_ENDS))}
    if "stop_at_action" in known:
        given["on_action"] = "stop" if options.get("stop_at_action", True) else "wait"
    policy = RunOptions(**given)
    _check_switches(name, policy)
    _check_ledger(name, policy.ledger)
    for limit in ("deadline", "interval", "grace"):
        seconds = getattr(policy, limit)
        if seconds is not None or limit == "grace":
            positive_seconds(f"{name}(): {limit}", seconds)
    if policy.on_deadline not in ("cancel", "leave"):
        raise ValueError(f"{name}(): on_deadline is 'cancel' or 'leave', not {policy.on_deadline!r}")
    check_function(f"{name}(): on_status", policy.on_status, 1)
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
    if ledger is not None and (not whole or isinstance(ledger, type)):
        raise TypeError(f"{name}(): ledger must have recall(), attempted() and finished(), not {ledger!r}")
    for method in _LEDGER_METHODS if ledger is not None else ():
        check_function(f"{name}(): the ledger's {method}()", getattr(ledger, method), 1)
