"""A thread as the items of a conversation: messages, function calls, and the outputs behind them.

The steps of a run give the order of its items. Times are whole seconds, so that they cannot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._typing import is_object
from .folder import Line
from .message_items import MessageItems, Note

Item = dict[str, Any]
_GROUP = 20
"""The most items that a conversation takes in one request."""


class ThreadItems:
    """The lines of a thread, converted."""

    def __init__(self, lines: Iterable[Line], messages: MessageItems, note: Note, *, code: bool) -> None:
        self._convert = messages
        self._note = note
        self._code = code
        self._messages: dict[str, dict[str, Any]] = {}
        self._runs: dict[str, dict[str, Any]] = {}
        self._steps: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._of_run: dict[str, list[str]] = defaultdict(list)
        """Ids of the messages of each run."""
        for line in lines:
            self._sort(line)

    def _sort(self, line: Line) -> None:
        found = line.object
        if line.kind == "message":
            self._messages[found["id"]] = found
            if found.get("run_id"):
                self._of_run[found["run_id"]].append(found["id"])
        elif line.kind == "run":
            self._runs[found["id"]] = found
        elif line.kind == "step":
            self._steps[line.parent or found.get("run_id") or ""].append(found)

    def units(self) -> Iterator[Sequence[Item]]:
        """Yield the items, those that belong together in one sequence: a call and its output."""
        done: set[str] = set()
        places = {name: place for place, name in enumerate(self._runs)}
        silent = [run for name, run in self._runs.items() if name not in self._of_run]
        for name, message in self._messages.items():
            run_id: str | None = message.get("run_id")
            # A thread takes no message while a run is active, so the items of a run are not parted by others.
            if run_id is None or run_id not in self._runs:
                while silent and _time(silent[0]) < _time(message):
                    yield from self._run(silent.pop(0)["id"])
                yield from self._message(name)
            elif run_id not in done:
                done.add(run_id)
                while silent and places[silent[0]["id"]] < places[run_id]:
                    yield from self._run(silent.pop(0)["id"])
                yield from self._run(run_id)
        for run in silent:
            yield from self._run(run["id"])

    def _run(self, run_id: str) -> Iterator[Sequence[Item]]:
        """Yield the items of a run: the messages that it was started with, then step by step."""
        left = dict.fromkeys(self._of_run.get(run_id, ()))
        for name in list(left):
            if self._messages[name].get("role") == "user":
                del left[name]
                yield from self._message(name)
        for step in self._steps.get(run_id, ()):
            details: Mapping[str, Any] = step.get("step_details") or {}
            creation: Mapping[str, Any] = details.get("message_creation") or {}
            made: str | None = creation.get("message_id")
            if made is not None and made in left:
                del left[made]
                yield from self._message(made)
            elif made is not None:
                self._note(f"message {made} of step {step['id']} is not in the thread")
            for call in details.get("tool_calls") or ():
                yield from self._call(step["id"], call)
        for name in left:
            yield from self._message(name)

    def _message(self, name: str) -> Iterator[Sequence[Item]]:
        item = self._convert.item(self._messages[name], self._note)
        if item is not None:
            yield (item,)

    def _call(self, step_id: str, call: Mapping[str, Any]) -> Iterator[Sequence[Item]]:
        kind, function = call.get("type"), call.get("function")
        if kind == "function" and is_object(function):
            output = function.get("output")
            if output is None:
                self._note(f"call {call.get('id')} of {function.get('name')!r} is left out: it has no output")
                return
            yield (
                {
                    "type": "function_call",
                    "call_id": call["id"],
                    "name": function.get("name") or "",
                    "arguments": function.get("arguments") or "{}",
                },
                {"type": "function_call_output", "call_id": call["id"], "output": output},
            )
        elif kind == "code_interpreter" and self._code:
            yield ({"type": "message", "role": "assistant", "content": _code_note(call.get(kind) or {})},)
        elif kind == "code_interpreter":
            self._note(f"code_interpreter of step {step_id} is left out")
        else:
            self._note(f"call of {kind!r} in step {step_id} has no counterpart")


def groups(units: Iterable[Sequence[Item]]) -> Iterator[list[Item]]:
    """Yield groups of 1 to 20 items; a call and its output are in one."""
    group: list[Item] = []
    for unit in units:
        if len(group) + len(unit) > _GROUP:
            yield group
            group = []
        group.extend(unit)
    if group:
        yield group


def _time(thing: Mapping[str, Any]) -> int:
    return thing.get("created_at") or 0


def _code_note(call: Mapping[str, Any]) -> str:
    """Write the code that was run, and what it printed, as a text."""
    logs = [output.get("logs") for output in call.get("outputs") or () if output.get("type") == "logs"]
    printed = "\n".join(log for log in logs if log)
    code = f"[code_interpreter]\n{call.get('input') or ''}"
    return f"{code}\n[output]\n{printed}" if printed else code
