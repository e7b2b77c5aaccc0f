"""Deltas of run steps folded: calls by their index, pieces of what they are called with, outputs."""

from __future__ import annotations

from typing import Any

import msgspec

from ...models import deltas, hosted_calls, steps
from ...models.steps import RunStep
from ...models.unions import Unknown
from .places import Places, index_of


class _CallFold:
    """One tool call: its id, pieces of what it is called with, outputs by their index."""

    __slots__ = ("_id", "_last", "_name", "_output", "_outputs", "_pieces", "_server")

    def __init__(self) -> None:
        self._id = ""
        self._last: deltas.RunStepDeltaToolCall | None = None
        self._name: str | None = None
        self._server: str | None = None
        self._output: str | None = None
        self._pieces: list[str] = []
        self._outputs: Places[list[str] | steps.CodeOutput] = Places()

    def continues(self, delta: deltas.RunStepDeltaToolCall) -> bool:
        """Decide if a delta of the same index belongs to this call: servers give one index to several calls."""
        last = self._last
        if last is None or type(last) is not type(delta) or last.type != delta.type:
            return last is None
        if isinstance(delta, Unknown):
            # Without an index, unknown calls cannot be matched: each delta is a call of its own.
            mine, its = (last.raw.get("id"), delta.raw.get("id")) if isinstance(last, Unknown) else (None, None)
            return "index" in delta.raw and (mine is None or its is None or mine == its)
        if not isinstance(delta, deltas.RunStepDeltaFunction):
            return not (delta.id and self._id) or delta.id == self._id
        # Some servers make up an id for each piece, and only the first piece of a call has the name.
        name = delta.function.name if delta.function is not None else None
        if not name or not self._name or (delta.id and delta.id == self._id):
            return True
        return name == self._name and not (delta.id and self._id)

    def add(self, delta: deltas.RunStepDeltaToolCall) -> None:
        # A delta without a search must not take the place of one with it.
        if self._last is None or not _is_empty_search(delta):
            self._last = delta
        if not isinstance(delta, Unknown):
            self._id = delta.id or self._id
        if isinstance(delta, deltas.RunStepDeltaFunction) and delta.function is not None:
            self._name = delta.function.name or self._name
            self._output = delta.function.output if delta.function.output is not None else self._output
            self._pieces.append(delta.function.arguments or "")
        elif isinstance(delta, Unknown) and delta.raw.get("type") == "mcp":
            self._add_mcp(delta.raw)
        elif isinstance(delta, deltas.RunStepDeltaCodeInterpreter) and delta.code_interpreter is not None:
            self._pieces.append(delta.code_interpreter.input or "")
            for output in delta.code_interpreter.outputs:
                self._add_output(output)

    def _add_mcp(self, raw: dict[str, Any]) -> None:
        """Add to a call of an MCP server, which no document has: arguments by pieces, all else whole."""
        text = {name: value for name, value in raw.items() if isinstance(value, str)}
        self._id = text.get("id") or self._id
        self._name = text.get("name") or self._name
        self._server = text.get("server_label") or self._server
        self._output = text.get("output", self._output)
        self._pieces.append(text.get("arguments", ""))

    def _mcp_call(self) -> hosted_calls.MCPToolCall:
        return hosted_calls.MCPToolCall(
            id=self._id,
            server_label=self._server,
            name=self._name,
            arguments="".join(self._pieces),
            output=self._output,
        )

    def _add_output(self, output: deltas.RunStepDeltaOutput) -> None:
        index = index_of(output)
        now = self._outputs.get(index)
        if isinstance(output, deltas.RunStepDeltaLogs):
            if isinstance(now, list):
                now.append(output.logs or "")
            else:
                self._outputs.put(index, [output.logs or ""])
            return
        whole = steps.ImageOutput(image=output.image) if isinstance(output, deltas.RunStepDeltaImage) else output
        # An image that comes again is the same output.
        if whole != now:
            self._outputs.put(index, whole)

    def whole(self) -> steps.StepToolCall:
        match self._last:
            case deltas.RunStepDeltaFunction():
                text = "".join(self._pieces)
                function = steps.StepFunction(name=self._name, arguments=text, output=self._output)
                return steps.FunctionToolCall(id=self._id, function=function)
            case deltas.RunStepDeltaCodeInterpreter():
                outputs = (
                    steps.LogsOutput(logs="".join(output)) if isinstance(output, list) else output
                    for output in self._outputs.ordered()
                )
                code = steps.CodeInterpreter(input="".join(self._pieces), outputs=tuple(outputs))
                return steps.CodeInterpreterCall(id=self._id, code_interpreter=code)
            case deltas.RunStepDeltaFileSearch(file_search=search):
                return steps.FileSearchCall(id=self._id, file_search=search)
            case deltas.RunStepDeltaRetrieval(retrieval=retrieval):
                return steps.RetrievalCall(id=self._id, retrieval=retrieval)
            case Unknown() as unknown:
                return self._mcp_call() if self._name or self._server else unknown
            case None:  # pragma: no cover  # a fold is made with its first delta
                raise AssertionError(self._id)


def _is_empty_search(delta: deltas.RunStepDeltaToolCall) -> bool:
    match delta:
        case deltas.RunStepDeltaFileSearch(file_search=None) | deltas.RunStepDeltaRetrieval(retrieval=None):
            return True
        case _:
            return False


class StepFold:
    """One step as far as it has come."""

    __slots__ = ("_base", "_by_id", "_calls", "_details", "_id", "_open")

    def __init__(self, id: str) -> None:
        self._id = id
        self._base: RunStep | None = None
        self._details: steps.StepDetails | None = None
        self._calls: Places[_CallFold] = Places()
        self._by_id: dict[tuple[int, str | None], _CallFold] = {}
        self._open: dict[int, _CallFold] = {}  # the call of each index that the last delta of it went to

    def replace(self, step: RunStep) -> None:
        """Take a whole object; one whose calls are still empty, such as the first, leaves what deltas have brought."""
        self._base = step
        if step.tool_calls:
            self._calls.clear()
            self._open.clear()
            self._by_id.clear()

    def add(self, delta: deltas.RunStepDelta) -> None:
        """Put a delta behind what there is."""
        details = delta.delta.step_details if delta.delta is not None else None
        if isinstance(details, Unknown) and "tool_calls" in details.raw:
            # Foundry names a step of tool calls by the type of its calls.
            details = deltas.RunStepDeltaToolCalls.from_dict({"tool_calls": details.raw["tool_calls"]})
        if isinstance(details, deltas.RunStepDeltaToolCalls):
            for call in details.tool_calls:
                self._call_of(call).add(call)
        elif isinstance(details, deltas.RunStepDeltaMessageCreation):
            self._details = steps.MessageCreationDetails(message_creation=details.message_creation)
        elif details is not None:
            self._details = details

    def _call_of(self, delta: deltas.RunStepDeltaToolCall) -> _CallFold:
        """The call that a delta is more of: one that has its id, the last of its index, or a new one."""
        index = index_of(delta)
        place = (index, None if isinstance(delta, Unknown) else delta.id)
        # The id first: calls that are written side by side may have one index.
        fold = self._by_id.get(place) if place[1] else None
        if fold is None:
            fold = self._open.get(index)
            if fold is None or not fold.continues(delta):
                fold = _CallFold()
                self._calls.put(index, fold)
        self._open[index] = fold
        if place[1]:
            self._by_id[place] = fold
        return fold

    def whole(self) -> RunStep:
        """The step as far as it has come; calls in the order of their indexes, gaps closed."""
        base = self._base or RunStep(id=self._id, object="thread.run.step", status="in_progress")
        if self._calls:
            calls = tuple(call.whole() for call in self._calls.ordered())
            return msgspec.structs.replace(base, step_details=steps.ToolCallsDetails(tool_calls=calls))
        if base.step_details is None and self._details is not None:
            return msgspec.structs.replace(base, step_details=self._details)
        return base
