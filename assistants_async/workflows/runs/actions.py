"""Answers to a run that waits for its client: outputs of tool calls, or decisions about calls of MCP servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ...core.runs.status import Called, action_of, calls_to_answer, identity
from ...errors import RunActionError, RunError, printable
from ...models.runs import Run
from ...tools.events import ToolEvent
from ...tools.toolbox import Toolbox
from . import approvals, tool_outputs
from .approvals import Approvals
from .deadline import RunDeadline
from .options import RunOptions
from .state import RunState
from .tool_outputs import ToolOutputs


class RequiredActions:
    """The answers to what a run requires, none of them made twice."""

    def __init__(self, toolbox: Toolbox | None, options: RunOptions, state: RunState, deadline: RunDeadline) -> None:
        self._outputs = ToolOutputs(toolbox, options, state, deadline)
        self._approvals = Approvals(options, state, deadline)
        self._max_rounds = options.max_rounds
        self._state = state

    async def missing(self, run: Run, emit: Callable[[ToolEvent], Awaitable[None] | None]) -> dict[Called, Any]:
        """Make the answers that a run waits for and that the state does not have.

        Raises `RunError` for a run that waits for nothing or too often, `RunActionError` for one that waits for what
        nobody here can answer, and what the toolbox, the ledger and `approve_mcp` raise.
        """
        action = action_of(run)
        if action == "unknown":
            kind = printable(str(run.required_action and run.required_action.type), 80)
            message = f"run {printable(run.id, 80)} requires an action that is not known here: {kind}"
            raise RunActionError(message, run=run)
        self._check_rounds(run)
        return await (self._outputs.missing(run, emit) if action == "outputs" else self._approvals.missing(run))

    def _check_rounds(self, run: Run) -> None:
        most = self._max_rounds
        # The same answers sent once more are no round: their first sending may have been lost.
        if most is None or self._state.rounds < most or self.already_answered(run) or not self._wanted(run):
            return
        asks = f"run {printable(run.id, 80)} asks for {self.names(run)}"
        raise RunError(f"{asks}, and max_rounds={most} rounds have been answered", run=run)

    def already_answered(self, run: Run) -> bool:
        """Test for a run that asks again for answers it was given, and for no others."""
        return run.needs_action and all(called in self.answers_to(run) for called in self._wanted(run))

    def answers_to(self, run: Run) -> dict[Called, Any]:
        """The answers of the state to what a run waits for."""
        # Kept apart, since their values differ: True or False, and texts.
        return self._state.approvals if action_of(run) == "approvals" else self._state.outputs

    def submission(self, run: Run) -> dict[str, Any]:
        """The members of the request that answers all of a run's calls; one that is named twice is answered once."""
        answers, calls = self.answers_to(run), self._wanted(run).items()
        if action_of(run) == "approvals":
            return {"tool_approvals": [{"tool_call_id": call, "approve": answers[called]} for called, call in calls]}
        return {"tool_outputs": [{"tool_call_id": call, "output": answers[called]} for called, call in calls]}

    def names(self, run: Run) -> str:
        """Name what a run waits for, as errors do."""
        if action_of(run) == "approvals":
            return f"approval of {approvals.names_of(run.mcp_calls)}"
        return tool_outputs.names_of(calls_to_answer(run))

    def _wanted(self, run: Run) -> dict[Called, str]:
        calls = run.mcp_calls if action_of(run) == "approvals" else calls_to_answer(run)
        return {identity(call): call.id for call in calls}
