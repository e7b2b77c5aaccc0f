"""The outputs of a run's tool calls: known from its steps, recalled from a ledger, or given by a toolbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from inspect import isawaitable
from typing import Any

from ...core.runs.status import Called, calls_to_answer, identity
from ...errors import RunError, printable
from ...models.runs import Run, ToolCall
from ...tools.events import ToolEvent, ToolFailed, ToolStarted
from ...tools.toolbox import Toolbox
from .deadline import RunDeadline
from .options import RunOptions
from .state import RunState


class ToolOutputs:
    """The answers to the tool calls of a run, none of them given twice."""

    def __init__(self, toolbox: Toolbox | None, options: RunOptions, state: RunState, deadline: RunDeadline) -> None:
        self._toolbox = toolbox
        self._ledger = options.ledger
        self._watch = options.watch_tools
        self._state = state
        self._deadline = deadline
        self._running: dict[str, ToolCall] = {}  # those under way, by call

    async def missing(self, run: Run, emit: Callable[[ToolEvent], Awaitable[None] | None]) -> dict[Called, str]:
        """Make the outputs that a run waits for and that the state does not have.

        Raises `RunError` for a run that waits for nothing or too often, or where nothing can answer it, and what the
        toolbox and the ledger raise.
        """
        calls = {identity(call): call for call in calls_to_answer(run)}  # one that is named twice is made once
        if not calls:
            raise RunError(f"run {printable(run.id, 80)} requires action, but names no tool calls", run=run)
        new = [call for called, call in calls.items() if called not in self._state.outputs]
        return await self._answered(run, new, emit) if new else {}

    async def _answered(
        self, run: Run, calls: list[ToolCall], emit: Callable[[ToolEvent], Awaitable[None] | None]
    ) -> dict[Called, str]:
        before = {call_id for call_id, _, _ in self._state.outputs}
        outputs: dict[Called, str] = {}
        left: list[ToolCall] = []
        for call in calls:
            output = None if call.id in before else await self._recalled(call)
            if output is None:
                left.append(call)
            else:
                outputs[identity(call)] = output
        if not left:
            return outputs
        if self._toolbox is None:
            asks = f"run {printable(run.id, 80)} asks for {names_of(calls)}"
            raise RunError(f"{asks}, and there is no toolbox to answer it", run=run)
        results = await self._deadline.user_code(
            self._toolbox.answer(left, notify=self._notify(self._toolbox, emit)), self._names
        )
        return outputs | {identity(call): result.output for call, result in zip(left, results, strict=True)}

    def _notify(
        self, toolbox: Toolbox, emit: Callable[[ToolEvent], Awaitable[None] | None]
    ) -> Callable[[ToolEvent], Awaitable[None]]:
        """Make the function that passes each tool event to the ledger, and then to the reader."""
        ledger, running, watch = self._ledger, self._running, self._watch
        fatal = toolbox.on_error == "raise"  # the failure goes to the caller, and the model gets no output
        begun: set[str] = set()

        async def notify(event: ToolEvent) -> None:
            if isinstance(event, ToolStarted):
                begun.add(event.call.id)
                if ledger is not None:
                    await _awaited(ledger.attempted(event.call))
                if (full := emit(event)) is not None:
                    await full
                running[event.call.id] = event.call
                if watch is not None:  # last: what follows is the function's
                    watch(event)
                return
            if watch is not None:
                watch(event)
            running.pop(event.result.call_id, None)
            if ledger is not None and not (fatal and isinstance(event, ToolFailed) and event.result.call_id in begun):
                await _awaited(ledger.finished(event.result))
            if (full := emit(event)) is not None:
                await full

        return notify

    def _names(self) -> str:
        """Name the tools under way, for an error about them."""
        # Made on use: masking a name costs more than to call an async function.
        names = ", ".join(repr(names_of((call,))) for call in self._running.values())
        return f"tool {names}" if names else "a function of the toolbox or the ledger"

    async def _recalled(self, call: ToolCall) -> str | None:
        if self._ledger is None:
            return None
        output = await self._deadline.user_code(_awaited(self._ledger.recall(call.id)), _ledger)
        if output is not None and not isinstance(output, str):
            raise TypeError(f"the ledger's recall() must return a text or None, not {output!r}")
        return output


def names_of(calls: Iterable[ToolCall]) -> str:
    """Name the functions that calls are for, as errors do."""
    return ", ".join(printable((call.function and call.function.name) or "?", 80) for call in calls)


async def _awaited(value: Any) -> Any:
    """Await the result of a ledger's method, which need not be async."""
    return await value if isawaitable(value) else value


def _ledger() -> str:
    return "the ledger's recall()"
