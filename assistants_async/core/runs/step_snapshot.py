"""Deltas of run steps folded: calls by their index, pieces of what they are called with, outputs."""

from __future__ import annotations

from typing import Any

import msgspec

from ...models import deltas, steps
from ...models.steps import RunStep
from ...models.unions import Unknown


class _CallFold:
    """One tool call: its id, pieces of what it is called with, outputs by their index."""

    __slots__ = ("_id", "_last", "_logs", "_name", "_output", "_outputs", "_pieces")

    def __init__(self) -> None:
        self._id = ""
        self._last: deltas.RunStepDeltaToolCall | None = None
        self._name: str | None = None
        self._output: str | None = None
        self._pieces: list[str] = []
        self._logs: dict[int, list[str]] = {}
        self._outputs: dict[int, steps.CodeOutput] = {}

    def add(self, delta: deltas.RunStepDeltaToolCall) -> None:
        if self._last is None or not _is_empty_search(delta):
            self._last = delta
        if not isinstance(delta, Unknown):
            self._id = delta.id or self._id
        if isinstance(delta, deltas.RunStepDeltaFunction) and delta.function is not None:
            self._name = delta.function.name or self._name
            self._output = delta.function.output if delta.function.output is not None else self._output
            self._pieces.append(delta.function.arguments or "")
        elif isinstance(delta, deltas.RunStepDeltaCodeInterpreter) and delta.code_interpreter is not None:
            self._pieces.append(delta.code_interpreter.input or "")
            for output in delta.code_interpreter.outputs:
                self._add_output(output)

    def _add_output(self, output: deltas.RunStepDeltaOutput) -> None:
        index = index_of(output)
        if isinstance(output, deltas.RunStepDeltaLogs):
            self._logs.setdefault(index, []).append(output.logs or "")
        elif isinstance(output, deltas.RunStepDeltaImage):
            self._outputs[index] = steps.ImageOutput(image=output.image)
        else:
            self._outputs[index] = output

    def whole(self) -> steps.StepToolCall:
        match self._last:
            case deltas.RunStepDeltaFunction():
                text = "".join(self._pieces)
                function = steps.StepFunction(name=self._name, arguments=text, output=self._output)
                return steps.FunctionToolCall(id=self._id, function=function)
            case deltas.RunStepDeltaCodeInterpreter():
                logs = {index: steps.LogsOutput(logs="".join(pieces)) for index, pieces in self._logs.items()}
                outputs: dict[int, steps.CodeOutput] = {**logs, **self._outputs}
                ordered = tuple(outputs[index] for index in sorted(outputs))
                code = steps.CodeInterpreter(input="".join(self._pieces), outputs=ordered)
                return steps.CodeInterpreterCall(id=self._id, code_interpreter=code)
            case deltas.RunStepDeltaFileSearch(file_search=search):
                return steps.FileSearchCall(id=self._id, file_search=search)
            case deltas.RunStepDeltaRetrieval(retrieval=retrieval):
                return steps.RetrievalCall(id=self._id, retrieval=retrieval)
            case Unknown() as unknown:
                return unknown
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

    __slots__ = ("_base", "_calls", "_details", "_id")

    def __init__(self, id: str) -> None:
        self._id = id
        self._base: RunStep | None = None
        self._details: steps.StepDetails | None = None
        self._calls: dict[int, _CallFold] = {}

    def replace(self, step: RunStep) -> None:
        """Take a whole object; one whose calls are still empty, such as the first, leaves what deltas have brought."""
        self._base = step
        if step.tool_calls:
            self._calls.clear()

    def add(self, delta: deltas.RunStepDelta) -> None:
        """Put a delta behind what there is."""
        details = delta.delta.step_details if delta.delta is not None else None
        if isinstance(details, deltas.RunStepDeltaToolCalls):
            for call in details.tool_calls:
                self._calls.setdefault(index_of(call), _CallFold()).add(call)
        elif isinstance(details, deltas.RunStepDeltaMessageCreation):
            self._details = steps.MessageCreationDetails(message_creation=details.message_creation)
        elif details is not None:
            self._details = details

    def whole(self) -> RunStep:
        """The step as far as it has come; calls in the order of their indexes, gaps closed."""
        base = self._base or RunStep(id=self._id, object="thread.run.step", status="in_progress")
        if self._calls:
            calls = tuple(self._calls[index].whole() for index in sorted(self._calls))
            return msgspec.structs.replace(base, step_details=steps.ToolCallsDetails(tool_calls=calls))
        if base.step_details is None and self._details is not None:
            return msgspec.structs.replace(base, step_details=self._details)
        return base


def index_of(member: Any) -> int:
    """Place of a part among its kind; what is unknown may have its own idea of one."""
    index = member.raw.get("index") if isinstance(member, Unknown) else member.index
    return index if isinstance(index, int) else 0
