"""The next step that a run's status asks for: to wait on, to act, or to stop."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from ..._typing import is_sequence
from ...errors import (
    AssistantsError,
    RunCancelledError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
    TimedOutError,
    did_you_mean,
    printable,
)
from ...models.runs import MCPCall, Run, ToolCall
from ...models.steps import FunctionToolCall, RunStep
from ..requests.retry import classify_failure

RunEnd = Literal["failed", "expired", "cancelled", "incomplete"]
"""The ends of a run other than completion."""

BAD_ENDS: frozenset[RunEnd] = frozenset({"failed", "expired", "cancelled", "incomplete"})
"""Every such end."""

ANSWERED = frozenset({"completed", "incomplete"})
"""The ends of a run that has written an answer, whole or in part."""

_SERVERS_OWN = frozenset({"azure_function"})  # calls that Foundry lists, and answers itself

Action = Literal["outputs", "approvals", "unknown"]
"""The kinds of action that a run can wait for."""

NextStep = Literal["wait", "act", "over"]
"""The next step for a run: poll again later, answer its tool calls, or nothing more."""


def next_step(run: Run) -> NextStep:
    """Return the next step for a run; a status that is unknown or absent means to wait."""
    if run.needs_action:
        return "wait" if run.tool_calls and not calls_to_answer(run) else "act"
    return "over" if run.is_terminal else "wait"


def action_of(run: Run) -> Action:
    """Return the kind of action that a run waits for, by the type of the action or by its members."""
    action = run.required_action
    if action is None or action.submit_tool_outputs is not None or action.type == "submit_tool_outputs":
        return "outputs"
    if action.submit_tool_approval is not None or action.type == "submit_tool_approval":
        return "approvals"
    return "unknown" if action.type else "outputs"


def calls_to_answer(run: Run) -> list[ToolCall]:
    """The calls whose outputs a run waits for from here; those that its server answers itself are left out."""
    return [call for call in run.tool_calls if call.type not in _SERVERS_OWN]


def end_of(run: Run) -> str | None:
    """Return the way in which a run ended, `"completed"` included; None while it has not.

    Protocol v1 has no status for a run that stopped short: it is `completed`, with `incomplete_details`.
    """
    if not run.is_terminal:
        return None
    details = run.incomplete_details
    short = run.status == "completed" and details is not None and details.reason is not None
    return "incomplete" if short else run.status


def error_of(run: Run, raise_on: Collection[str], steps: tuple[RunStep, ...] = ()) -> RunError | None:
    """The error of a run that ended as one of `raise_on`; None for any other."""
    end = end_of(run)
    if end is None or end not in raise_on:
        return None
    name = f"run {printable(run.id, 80)}"
    match end:
        case "failed":
            return RunFailedError(run=run, steps=steps)
        case "incomplete":
            return RunIncompleteError(run=run, steps=steps)
        case "expired":
            return RunExpiredError(f"{name} expired before it had ended", run=run, steps=steps)
        case _:
            return RunCancelledError(f"{name} was cancelled", run=run, steps=steps)


def checked_ends(ends: object) -> frozenset[str]:
    """Read what `raise_on` may be; raises `TypeError` and `ValueError` for what it may not."""
    if not (is_sequence(ends) or isinstance(ends, (set, frozenset))):
        raise TypeError(f"raise_on must be a set of {', '.join(sorted(BAD_ENDS))}, not {ends!r}")
    names: list[object] = [*ends]
    for name in names:
        if not isinstance(name, str) or name not in BAD_ENDS:
            hint = did_you_mean(str(name), BAD_ENDS)
            raise ValueError(f"raise_on takes {', '.join(sorted(BAD_ENDS))}, not {name!r}{hint}")
    return frozenset(str(name) for name in names)


Called = tuple[str, str | None, str | None]
"""A tool call's id, name and arguments: some servers begin their ids anew each time that a run asks."""


def identity(call: ToolCall | FunctionToolCall | MCPCall) -> Called:
    """Return the key that identifies a call among all calls of its run."""
    if isinstance(call, MCPCall):
        return (call.id, f"{call.server_label}/{call.name}", call.arguments)
    function = call.function
    return (call.id, None, None) if function is None else (call.id, function.name, function.arguments)


def answered(steps: Iterable[RunStep]) -> dict[Called, str]:
    """The outputs that were submitted, as its steps show them."""
    outputs: dict[Called, str] = {}
    for step in steps:
        for call in step.tool_calls:
            if isinstance(call, FunctionToolCall) and call.function is not None:
                output = call.function.output
                # Some servers have "" for an output that nobody has sent yet.
                if output or (output is not None and step.status == "completed"):
                    outputs[identity(call)] = output
    return outputs


def may_pass(error: AssistantsError) -> bool:
    """Check whether polling a run again may help: after a network error or an overloaded server, but no refusal."""
    return isinstance(error, TimedOutError) or classify_failure(error) != "final"
