"""The functions that a run may call, and the answering of its calls."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, Literal, Self, TypeAlias, cast

from .._typing import override
from ..core.checks import positive_seconds, whole_number
from ..core.requests.option_checks import check_function
from ..errors import ToolCallError, ToolError, ToolFailedError, printable
from ..models.runs import ToolCall
from .events import ToolEvent, ToolFailed, ToolFinished, ToolResult, ToolStarted
from .outputs import FAILED, cut, error_output, output_of
from .round import Notify, Round, run_limited
from .tool import Tool, tool

Approve: TypeAlias = "Callable[[ToolCall, dict[str, Any]], bool | str | Awaitable[bool | str]]"
"""Called before a tool, with the call and its decoded arguments: True lets it run, False or a reason refuses it."""
OnError: TypeAlias = 'Literal["tell", "raise"] | Callable[[ToolCall, Exception], str | Awaitable[str | None] | None]'
"""The reaction to a tool that fails; a function returns the text for the model, or None for the neutral one."""

MAX_TOOLS = 128
"""Tools of one assistant, by the protocol."""
MAX_OUTPUT_BYTES = 512 * 1024
"""Most bytes of one output that servers take, as far as is known, and far more than a model reads."""
MAX_ARGUMENT_BYTES = 1024 * 1024
"""Most bytes of arguments, more than a model writes."""
_LEAST_OUTPUT_BYTES = 256  # room for the note that an output was cut


class Toolbox:
    """Functions as tools: their definitions for the model, and the answers to its calls.

    Takes tools and plain functions, which are wrapped as by `@tool`. `timeout` is in seconds for each call, where
    its tool has none of its own; `max_concurrency` calls of one round run at a time; `approve` is called before each
    tool, unless the tool says otherwise.

    The model reads its own mistakes (an unknown function, arguments that do not fit) and refusals. It also reads the
    failure of a tool with `on_error="tell"`: the message of a `ToolError`, of any other exception only that the tool
    failed. With `on_error="raise"` a failure ends the round with `ToolFailedError`; a function makes the text for the
    model. An output that is longer than `max_output_bytes` of UTF-8 is cut, with a note; arguments longer than
    `max_argument_bytes` are refused.

    Sync functions run in worker threads. After a time limit or a cancellation nothing waits for such a function, but
    its thread goes on, and the process does not end before it. An async one that refuses its cancellation is left
    behind 5 s after its time limit, or when the grace of a drive is over.

    Raises `TypeError` and `ValueError` for what cannot be a tool, for two of one name, and for a missing `context`.
    """

    def __init__(
        self,
        tools: Iterable[Tool[..., Any] | Callable[..., Any]] = (),
        *,
        context: object = None,
        timeout: float | None = None,
        max_concurrency: int = 8,
        approve: Approve | None = None,
        on_error: OnError = "tell",
        max_output_bytes: int = MAX_OUTPUT_BYTES,
        max_argument_bytes: int = MAX_ARGUMENT_BYTES,
    ) -> None:
        if on_error not in ("tell", "raise") and not callable(on_error):
            raise ValueError(f"on_error must be 'tell', 'raise' or a function, not {on_error!r}")
        if callable(on_error):
            check_function("on_error", on_error, 2)
        check_function("approve", approve, 2)
        self._tools = _by_name(tools)
        if timeout is not None:
            positive_seconds("timeout", timeout)
        whole_number("max_concurrency", max_concurrency)
        whole_number("max_output_bytes", max_output_bytes, least=_LEAST_OUTPUT_BYTES)
        whole_number("max_argument_bytes", max_argument_bytes, least=2)
        self._timeout = timeout
        self._max_concurrency = max_concurrency
        self._approve = approve
        self.on_error: OnError = on_error
        """The reaction to a tool that fails."""
        self._max_output_bytes = max_output_bytes
        self._max_argument_bytes = max_argument_bytes
        self.context = self._checked(context)
        """Value of `Context` parameters."""
        for each in self:
            if each.approve and approve is None:
                raise ValueError(f"tool {each.name!r} asks for approval, and the Toolbox has no approve=")

    def with_context(self, context: object) -> Self:
        """Copy the box, with the same tools, for another context, such as one for each request; cheap."""
        # Shallow: schemas and readers of the tools are made once, which costs most.
        other = copy.copy(self)
        other.context = self._checked(context)
        return other

    @property
    def definitions(self) -> tuple[dict[str, Any], ...]:
        """Tools as `assistants.create(tools=…)` and `runs.create(tools=…)` take them."""
        return tuple(each.definition for each in self)

    def __len__(self) -> int:
        return len(self._tools)

    def __iter__(self) -> Iterator[Tool[..., Any]]:
        return iter(self._tools.values())

    def __contains__(self, item: object) -> bool:
        return item in self._tools or item in self._tools.values()

    @override
    def __repr__(self) -> str:
        return f"Toolbox({', '.join(self._tools)})"

    async def call(self, call: ToolCall) -> ToolResult:
        """Answer one call; raises what `answer` raises."""
        (result,) = await self.answer((call,))
        return result

    async def answer(self, calls: Iterable[ToolCall], *, notify: Notify | None = None) -> list[ToolResult]:
        """Answer all calls of a round, in their order, running their functions side by side.

        Raises `ToolFailedError` with `on_error="raise"`, and unchanged what `approve`, `on_error` and `notify`
        raise: the first of them alone, after the other calls have been cancelled. A function in a worker thread
        cannot be: it goes on, and its result is lost.
        """
        if not (notify is None or callable(notify)):
            raise TypeError(f"notify must be a function of an event, not {notify!r}")
        together = Round(self._max_concurrency, _ignore if notify is None else notify)
        # A task for each and no group of anyio: 1.7 of by hand for four async calls, where it was 3.6 (2026-11-28).
        made = tuple(calls)
        for call in made:
            # All calls are checked before any function runs.
            if not isinstance(call, ToolCall):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
                raise TypeError(f"a Toolbox answers tool calls, such as those of run.tool_calls, not {call!r}")
        together.begin([functools.partial(self._answer_one, call, together) for call in made])
        return await together.results()

    async def _answer_one(self, call: ToolCall, together: Round) -> ToolResult:
        function = call.function
        name, arguments = (function.name or "", function.arguments) if function else ("", None)
        try:
            chosen = self._find(name)
            # Before `approve`, which must not decide about arguments that the tool would refuse anyway.
            values = chosen.read(arguments, self._max_argument_bytes)
        except ToolCallError as error:
            return await self._refuse(call, name, arguments, error, together)
        reason = await self._refusal_reason(chosen, call, values)
        if reason is not None:
            refused = ToolCallError(reason, kind="refused", name=name)
            return await self._refuse(call, name, values, refused, together)
        if together.limiter is None:  # entering one would be a tenth of a call
            result = await self._run(chosen, call, values, together)
        else:
            async with together.limiter:
                result = await self._run(chosen, call, values, together)
        if result.error is not None and self.on_error == "raise":
            raise ToolFailedError(name, call.id, result.error) from result.error
        return result

    def _find(self, name: str) -> Tool[..., Any]:
        found = self._tools.get(name)
        if found is None:
            there = ", ".join(self._tools) or "none"
            raise ToolCallError(
                f"there is no function {printable(name, 80)!r}; there are: {there}", kind="unknown", name=name
            )
        return found

    async def _refusal_reason(self, chosen: Tool[..., Any], call: ToolCall, values: dict[str, Any]) -> str | None:
        if self._approve is None or chosen.approve is False:
            return None
        # A copy: a hook must not change what the function gets.
        verdict = await _awaited(self._approve(call, dict(values)))
        if verdict is True:
            return None
        if verdict is False:
            return "the call was refused"
        if isinstance(verdict, str):
            return f"the call was refused: {verdict}"
        # Never taken for a yes: a hook that forgets its `return` gives None.
        raise TypeError(f"approve must return True, False or a reason, not {verdict!r}")

    async def _refuse(
        self, call: ToolCall, name: str, arguments: Any, error: ToolCallError, together: Round
    ) -> ToolResult:
        output = cut(error_output(str(error)), self._max_output_bytes)
        result = ToolResult(call_id=call.id, name=name, arguments=arguments, output=output, error=error)
        await together.notify(ToolFailed(result))
        return result

    async def _run(self, chosen: Tool[..., Any], call: ToolCall, values: dict[str, Any], together: Round) -> ToolResult:
        together.check()  # nothing begins that would be given up at once
        await together.notify(ToolStarted(call))
        clock = asyncio.get_running_loop().time
        began = clock()
        failure: Exception | None = None
        output = ""
        try:
            output = output_of(chosen.name, await self._value(chosen, values))
        except asyncio.CancelledError as error:
            # The whole round was cancelled: that is not the tool's failure, and goes on.
            if together.stopped:
                raise
            # Nobody cancelled this task: something that the function awaited was cancelled.
            failure = ToolCallError("the function was cancelled", kind="cancelled", name=chosen.name)
            failure.__cause__ = error
        except Exception as error:  # noqa: BLE001  whatever a function raises is its result
            failure = error
        together.check()  # where the function swallowed its cancellation, it goes on from here
        elapsed = clock() - began
        if failure is not None:
            output = await self._error_text(call, failure)
        result = ToolResult(
            call_id=call.id,
            name=chosen.name,
            arguments=values,
            output=cut(output, self._max_output_bytes),
            error=failure,
            elapsed=elapsed,
        )
        await together.notify(ToolFinished(result) if failure is None else ToolFailed(result))
        return result

    def _value(self, chosen: Tool[..., Any], values: dict[str, Any]) -> Awaitable[object]:
        limit = self._timeout if chosen.timeout is None else chosen.timeout
        arguments = {**values, **chosen.injected(self.context)}
        if limit is None:
            return chosen.run(arguments)
        return run_limited(limit, lambda: chosen.run(arguments), chosen.name)

    async def _error_text(self, call: ToolCall, error: Exception) -> str:
        if callable(self.on_error):
            words = await _awaited(self.on_error(call, error))
            if isinstance(words, str):
                return words
            if words is not None:
                raise TypeError(f"on_error must return a text or None, not {words!r}")
        elif isinstance(error, ToolError):
            # The class of a subclass tells the model the kind of failure.
            plain = type(error) in (ToolError, ToolCallError)
            return error_output(str(error) if plain else f"{type(error).__name__}: {error}")
        return error_output(FAILED)

    def _checked(self, context: object) -> object:
        for each in self:
            if context is None and each.wants:
                raise ValueError(f"tool {each.name!r} wants a context for {each.wants[0]!r}: pass context=")
        return context


def _ignore(_: ToolEvent) -> None:
    pass


async def _awaited(value: object) -> object:
    return await value if inspect.isawaitable(value) else value


def _by_name(tools: Iterable[Tool[..., Any] | Callable[..., Any]]) -> dict[str, Tool[..., Any]]:
    if callable(tools):
        raise TypeError(f"tools must be a list, as in Toolbox([{getattr(tools, '__name__', 'function')}])")
    made: dict[str, Tool[..., Any]] = {}
    for each in tools:
        one = cast("Tool[..., Any]", each) if isinstance(each, Tool) else tool(each)
        if one.name in made:
            raise ValueError(f"two tools are called {one.name!r}: pass another name= for one")
        made[one.name] = one
    if len(made) > MAX_TOOLS:
        raise ValueError(f"an assistant takes at most {MAX_TOOLS} tools, not {len(made)}")
    return made
