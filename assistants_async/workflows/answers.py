"""The outputs of a run's tool calls: known from its steps, recalled from a ledger, or given by a toolbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..core.runs import Called, identity
from ..errors import RunError, printable
from ..models.runs import Run, ToolCall
from ..tools.events import ToolEvent, ToolStarted
from ..tools.toolbox import Toolbox
from .hold import Hold
from .policy import Policy


class Answers:
    """What answers the tool calls of a run, none of them twice."""

    def __init__(self, toolbox: Toolbox | None, policy: Policy, hold: Hold) -> None:
        self._toolbox = toolbox
        self._ledger = policy.ledger
        self._max_rounds = policy.max_rounds
        self._hold = hold
        self.known: dict[Called, str] = {}
        """The outputs that are there."""
        self.rounds = 0
        """How many times calls were answered."""

    async def outputs(self, run: Run, tell: Callable[[ToolEvent], Awaitable[None]]) -> tuple[dict[str, str], bool]:
        """The outputs for all calls that a run waits for, by their ids, and whether any was not known before.

        Raises `RunError` for a run that waits for nothing or too often, or where nothing can answer it, and what the
        toolbox and the ledger raise.
        """
        calls = run.tool_calls
        if not calls:
            raise RunError(f"run {printable(run.id, 80)} requires action, but names no tool calls", run=run)
        new = [call for call in calls if identity(call) not in self.known]
        if new:
            await self._answer(run, new, tell)
        return {call.id: self.known[identity(call)] for call in calls}, bool(new)

    async def _answer(self, run: Run, calls: list[ToolCall], tell: Callable[[ToolEvent], Awaitable[None]]) -> None:
        names = ", ".join(printable((call.function and call.function.name) or "?", 80) for call in calls)
        asks = f"run {printable(run.id, 80)} asks for {names}"
        if self._max_rounds is not None and self.rounds >= self._max_rounds:
            raise RunError(f"{asks}, and max_rounds={self._max_rounds} rounds have been answered", run=run)
        self.rounds += 1
        left = [call for call in calls if not await self._recalled(call)]
        if not left:
            return
        if self._toolbox is None:
            raise RunError(f"{asks}, and there is no toolbox to answer it", run=run)

        async def notify(event: ToolEvent) -> None:
            if self._ledger is not None:
                if isinstance(event, ToolStarted):
                    await self._ledger.attempted(event.call)
                else:
                    await self._ledger.finished(event.result)
            await tell(event)

        results = await self._hold.ours(self._toolbox.answer(left, notify=notify))
        for call, result in zip(left, results, strict=True):
            self.known[identity(call)] = result.output

    async def _recalled(self, call: ToolCall) -> bool:
        output = None if self._ledger is None else await self._hold.ours(self._ledger.recall(call.id))
        if output is None:
            return False
        self.known[identity(call)] = output
        return True
