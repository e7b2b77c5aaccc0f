"""The decisions about calls of MCP servers that a run waits for: made by a function of the user's, once for each."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import isawaitable
from typing import Any

import msgspec

from ...core.runs.status import Called, identity
from ...errors import RunActionError, printable
from ...models.runs import MCPCall, Run
from .deadline import RunDeadline
from .options import ApproveMCP, RunOptions
from .state import RunState

_MCP = (None, "mcp")


class Approvals:
    """The decisions about the calls of MCP servers of a run, none of them made twice."""

    def __init__(self, options: RunOptions, state: RunState, deadline: RunDeadline) -> None:
        self._approve = options.approve_mcp
        self._state = state
        self._deadline = deadline

    async def missing(self, run: Run) -> dict[Called, bool]:
        """Make the decisions that a run waits for and that the state does not have.

        Raises `RunActionError` where there is nobody to decide, or nothing that can be decided, and what the user's
        function raises.
        """
        calls = {identity(call): call for call in run.mcp_calls}  # one that is named twice is decided once
        if not calls:
            raise RunActionError(f"run {printable(run.id, 80)} requires approval, but names no calls", run=run)
        waits = f"run {printable(run.id, 80)} waits for approval of {names_of(calls.values())}"
        if self._approve is None:
            hint = "pass approve_mcp= to drive() or resume(), or send runs.submit_tool_outputs(tool_approvals=…)"
            raise RunActionError(f"{waits}, and there is no approve_mcp to decide: {hint}", run=run)
        for call in calls.values():
            if call.type not in _MCP:
                kind = printable(str(call.type), 80)
                raise RunActionError(f"{waits}, and approve_mcp is not for calls of type {kind}", run=run)
        decisions: dict[Called, bool] = {}
        for called, call in calls.items():
            if called not in self._state.approvals:
                decisions[called] = await self._deadline.user_code(_decided(self._approve, call), _approve_mcp)
        return decisions


def names_of(calls: Iterable[MCPCall]) -> str:
    """Name the tools that calls are for, as errors do."""
    return ", ".join(f"{printable(call.server_label or '?', 80)}/{printable(call.name or '?', 80)}" for call in calls)


async def _decided(approve: ApproveMCP, call: MCPCall) -> bool:
    verdict: object = approve(call, _decoded(call.arguments))
    if isawaitable(verdict):
        verdict = await verdict
    return verdict is True


def _decoded(text: str | None) -> Any:
    """Decode a call's arguments; text that is no JSON stays as it is, since the function has to see what would go."""
    try:
        return msgspec.json.decode(text) if text else {}
    except (ValueError, RecursionError):
        return text


def _approve_mcp() -> str:
    return "approve_mcp"
