"""The outputs of a run's tool calls: known from its steps, recalled from a ledger, or given by a toolbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from ...core.runs.status import Called, identity
from ...errors import RunError, printable
from ...models.runs import Run, ToolCall
from ...tools.events import ToolEvent, ToolFailed, ToolStarted
from ...tools.toolbox import Toolbox
from .deadline import RunDeadline
from .options import RunOptions


class ToolOutputs:
    """What answers the tool calls of a run, none of them twice."""

    def __init__(self, toolbox: Toolbox | None, policy: RunOptions, hold: RunDeadline) -> None:
        self._toolbox = toolbox
        self._ledger = policy.ledger
        self._max_rounds = policy.max_rounds
        self._hold = hold
        self.by_call: dict[Called, str] = {}
        """The outputs that are there."""
        self.rounds = 0
        """How many times calls were answered."""

    def already_answered(self, run: Run) -> bool:
        """Whether a run asks again for what was answered, and for nothing else."""
        return run.needs_action and all(identity(call) in self.by_call for call in run.tool_calls)

    async def outputs(
        self, run: Run, tell: Callable[[ToolEvent], Awaitable[None]]
    ) -> tuple[list[tuple[str, str]], bool]:
        """The outputs for all calls that a run waits for, with their ids, and whether any was not known before.

        Raises `RunError` for a run that waits for nothing or too often, or where nothing can answer it, and what the
        toolbox and the ledger raise.
        """
        calls = {identity(call): call for call in run.tool_calls}  # one that is named twice is made once
        if not calls:
            raise RunError(f"run {printable(run.id, 80)} requires action, but names no tool calls", run=run)
        new = [call for called, call in calls.items() if called not in self.by_call]
        if new:
            await self._answer(run, new, tell)
        return [(call.id, self.by_call[called]) for called, call in calls.items()], bool(new)

    async def _answer(self, run: Run, calls: list[ToolCall], tell: Callable[[ToolEvent], Awaitable[None]]) -> None:
        asks = f"run {printable(run.id, 80)} asks for {names_of(calls)}"
        if self._max_rounds is not None and self.rounds >= self._max_rounds:
            raise RunError(f"{asks}, and max_rounds={self._max_rounds} rounds have been answered", run=run)
        self.rounds += 1
        before = {call_id for call_id, _, _ in self.by_call}
        left = [call for call in calls if call.id in before or not await self._recalled(call)]
        if not left:
            return
        if self._toolbox is None:
            raise RunError(f"{asks}, and there is no toolbox to answer it", run=run)
        fatal = self._toolbox.on_error == "raise"  # the model is not told of a function that fails

        begun: set[str] = set()

        async def notify(event: ToolEvent) -> None:
            if self._ledger is not None:
                if isinstance(event, ToolStarted):
                    begun.add(event.call.id)
                    await self._ledger.attempted(event.call)
                elif not (fatal and isinstance(event, ToolFailed) and event.result.call_id in begun):
                    await self._ledger.finished(event.result)
            await tell(event)

        results = await self._hold.ours(self._toolbox.answer(left, notify=notify))
        for call, result in zip(left, results, strict=True):
            self.by_call[identity(call)] = result.output

    async def _recalled(self, call: ToolCall) -> bool:
        output = None if self._ledger is None else await self._hold.ours(self._ledger.recall(call.id))
        if output is None:
            return False
        if not isinstance(output, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise TypeError(f"the ledger's recall() must return a text or None, not {output!r}")
        self.by_call[identity(call)] = output
        return True


def names_of(calls: Iterable[ToolCall]) -> str:
    """The functions that calls are for, as errors name them."""
    return ", ".join(printable((call.function and call.function.name) or "?", 80) for call in calls)
