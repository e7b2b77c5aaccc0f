"""The meaning of a run's status for a caller that waits."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import (
    AssistantsError,
    BadRequestError,
    ClientClosedError,
    ConflictError,
    ConnectionLostError,
    DecodeError,
    Headers,
    HTTPResponse,
    RateLimitedError,
    RunCancelledError,
    RunError,
    RunExpiredError,
    RunFailedError,
    RunIncompleteError,
    ServerError,
    StatusError,
    TimedOutError,
    TransportError,
)
from assistants_async.core.runs.status import (
    BAD_ENDS,
    answered,
    checked_ends,
    end_of,
    error_of,
    identity,
    may_pass,
    next_step,
)
from assistants_async.models.runs import TERMINAL_STATUSES, Run, ToolCall
from assistants_async.models.steps import RunStep


def run(status: str | None, **members: Any) -> Run:
    """A run in some state."""
    return Run.from_dict({"id": "run_1", "thread_id": "thread_1", "status": status, **members})


@pytest.mark.parametrize(
    ("status", "step"),
    [
        *((status, "over") for status in sorted(TERMINAL_STATUSES)),
        *((status, "wait") for status in ("queued", "in_progress", "cancelling", "paused", "", None)),
        ("requires_action", "act"),
    ],
)
def test_the_next_step_of_a_status(status: str | None, step: str) -> None:
    """With an unknown status, or none, the caller waits."""
    assert next_step(run(status)) == step


@pytest.mark.parametrize(
    ("status", "details", "end"),
    [
        ("completed", None, "completed"),
        ("completed", {"reason": "max_tokens"}, "incomplete"),
        ("completed", {}, "completed"),
        ("incomplete", None, "incomplete"),
        ("failed", {"reason": "max_tokens"}, "failed"),
        ("in_progress", {"reason": "max_tokens"}, None),
        ("requires_action", None, None),
    ],
)
def test_how_a_run_ended(status: str, details: dict[str, str] | None, end: str | None) -> None:
    """A v1 run that stopped short is `completed`, with details."""
    assert end_of(run(status, incomplete_details=details)) == end


@pytest.mark.parametrize(
    ("status", "kind", "text"),
    [
        ("failed", RunFailedError, r"run run_1 failed: boom \(server_error\)"),
        ("expired", RunExpiredError, "run run_1 expired"),
        ("cancelled", RunCancelledError, "run run_1 was cancelled"),
        ("incomplete", RunIncompleteError, "run run_1 is incomplete: max_tokens"),
    ],
)
def test_each_end_has_its_error(status: str, kind: type[RunError], text: str) -> None:
    """It names the run, carries run and steps, and is raised on request only."""
    ended = run(
        status, last_error={"code": "server_error", "message": "boom"}, incomplete_details={"reason": "max_tokens"}
    )
    steps = (RunStep(id="step_1"),)
    error = error_of(ended, BAD_ENDS, steps)
    assert type(error) is kind
    assert (error.run, error.steps) == (ended, steps)
    with pytest.raises(kind, match=text):
        raise error
    assert error_of(ended, BAD_ENDS - {status}) is None


def test_no_error_without_a_bad_end() -> None:
    """Neither a run that completed nor one that goes on."""
    assert error_of(run("completed"), BAD_ENDS) is None
    assert error_of(run("requires_action"), BAD_ENDS) is None


@pytest.mark.parametrize("ends", [(), ["failed"], {"failed", "expired"}, frozenset(BAD_ENDS), ("failed", "failed")])
def test_raise_on_takes_any_subset(ends: Any) -> None:
    """As a list, tuple or set."""
    assert checked_ends(ends) == frozenset(ends)


@pytest.mark.parametrize(
    ("ends", "kind", "text"),
    [
        ({"fialed"}, ValueError, "not 'fialed', did you mean 'failed'"),
        ({"completed"}, ValueError, r"raise_on takes cancelled, expired, failed, incomplete, not 'completed'"),
        ([7], ValueError, "not 7"),
        ("failed", TypeError, "raise_on must be a set of cancelled, expired, failed, incomplete, not 'failed'"),
        (None, TypeError, "not None"),
    ],
)
def test_raise_on_refuses_the_rest(ends: Any, kind: type[Exception], text: str) -> None:
    """With the names that there are."""
    with pytest.raises(kind, match=text):
        checked_ends(ends)


def step(status: str, *calls: dict[str, Any]) -> RunStep:
    """A step of tool calls."""
    return RunStep.from_dict(
        {"id": "step_1", "status": status, "step_details": {"type": "tool_calls", "tool_calls": list(calls)}}
    )


def function(id: str, output: str | None, arguments: str = "{}") -> dict[str, Any]:
    """A call of a function."""
    return {"id": id, "type": "function", "function": {"name": "f", "arguments": arguments, "output": output}}


def test_the_outputs_that_were_submitted() -> None:
    """An empty one counts only where its step has completed; other tools have none."""
    steps = [
        step("completed", function("a", "1"), function("b", ""), {"id": "c", "type": "code_interpreter"}),
        step("in_progress", function("d", ""), function("e", None), function("f", "2")),
        step("in_progress", {"id": "g", "type": "function"}),
        RunStep(id="step_2"),
    ]
    assert answered(steps) == {("a", "f", "{}"): "1", ("b", "f", "{}"): "", ("f", "f", "{}"): "2"}


def test_a_call_is_known_by_its_arguments_too() -> None:
    """Since some servers start their ids from the first again in each round."""
    one, two = (ToolCall.from_dict(function("a", None, text)) for text in ("{}", '{"x":1}'))
    assert identity(one) != identity(two)
    assert identity(ToolCall(id="a")) == ("a", None, None)
    assert answered([step("completed", function("a", "1"))]).get(identity(one)) == "1"


def http(status: int, again: str = "") -> HTTPResponse:
    """The head of an answer, with its advice on retrying."""
    return HTTPResponse(status, "", Headers([("x-should-retry", again)]), b"", "", "")


PERMANENT = TransportError("a certificate that nobody trusts")
PERMANENT.permanent = True


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (ConnectionLostError("cut"), True),
        (TimedOutError("head", 1.0), True),
        (ServerError(http(500)), True),
        (ServerError(http(503)), True),
        (RateLimitedError(http(429)), True),
        (StatusError(http(408)), True),
        (ConflictError(http(409)), True),
        (BadRequestError(http(400)), False),
        (StatusError(http(404)), False),
        (PERMANENT, False),
        (ClientClosedError("closed"), False),
        (DecodeError("no JSON", http=http(200), path="$"), False),
        (StatusError(http(503, "false")), False),
    ],
    ids=repr,
)
def test_passing_failures(error: AssistantsError, passing: bool) -> None:
    """The network and an overloaded server; no refusal, and no fault of the caller's own."""
    assert may_pass(error) is passing
