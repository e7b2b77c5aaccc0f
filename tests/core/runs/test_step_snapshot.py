"""Deltas added up to steps."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistants_async import RunStep
from assistants_async.core.runs.step_snapshot import StepFold
from assistants_async.models.deltas import RunStepDelta
from tests.support.deltas import call, step_delta


def step_of(*deltas: RunStepDelta, base: RunStep | None = None) -> RunStep:
    """The step after its deltas."""
    fold = StepFold("s")
    if base is not None:
        fold.replace(base)
    for one in deltas:
        fold.add(one)
    return fold.whole()


def test_functions_fold() -> None:
    """Arguments add up; name and output come whole, and are not taken away again."""
    whole = step_of(
        step_delta(call("function", function={"name": "f", "arguments": ""})),
        step_delta(call("function", id=None, function={"arguments": '{"a":'})),
        step_delta(call("function", id=None, function={"arguments": "1}", "output": "2"})),
        step_delta(call("function", id=None, function=None)),
        step_delta(call("function", id=None, function={"arguments": None})),
    )
    assert [one.to_dict() for one in whole.tool_calls] == [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}', "output": "2"}}
    ]


def test_code_folds() -> None:
    """Input and logs add up, each output in its place, images and outputs of the server's own among them."""
    own = {"index": 2, "type": "table", "rows": [1]}

    def code(**members: Any) -> RunStepDelta:
        return step_delta(call("code_interpreter", code_interpreter=members))

    whole = step_of(
        code(input="x = 1\n"),
        code(input="print(x)", outputs=None),
        code(outputs=[{"index": 0, "type": "logs", "logs": "1"}, own]),
        code(outputs=[{"index": 3, "type": "image", "image": {"file_id": "i"}}]),
        code(outputs=[{"index": 0, "type": "logs", "logs": "\n2"}, {"index": 1, "type": "logs", "logs": None}]),
        step_delta(call("code_interpreter", code_interpreter=None)),
    )
    (made,) = whole.to_dict()["step_details"]["tool_calls"]
    assert made["code_interpreter"] == {
        "input": "x = 1\nprint(x)",
        "outputs": [
            {"type": "logs", "logs": "1\n2"},
            {"type": "logs", "logs": ""},
            own,
            {"type": "image", "image": {"file_id": "i"}},
        ],
    }


def test_searches_fold() -> None:
    """They arrive whole; results are not lost to a later, emptier piece."""
    search = {
        "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
        "results": [{"file_id": "f", "score": 1.0}],
    }
    whole = step_of(
        step_delta(call("file_search", 0, "c0", file_search=search), call("retrieval", 1, "c1", retrieval={"a": 1})),
        step_delta(call("file_search", 0, None), call("retrieval", 1, None)),
    )
    assert [one.to_dict() for one in whole.tool_calls] == [
        {"id": "c0", "type": "file_search", "file_search": search},
        {"id": "c1", "type": "retrieval", "retrieval": {"a": 1}},
    ]


def test_calls_of_the_servers_own_are_kept() -> None:
    """As they came last, at the index that they name."""
    own = {"index": 1, "type": "mcp", "id": "x", "mcp": {"a": 1}}
    whole = step_of(step_delta(own), step_delta(call("function", function={"name": "f"})))
    assert [one.type for one in whole.tool_calls] == ["function", "mcp"]
    assert whole.to_dict()["step_details"]["tool_calls"][1] == own


@given(st.lists(st.text(max_size=5), min_size=1, max_size=10), st.lists(st.text(max_size=5), min_size=1, max_size=10))
def test_any_cut_of_arguments_folds_to_them(first: list[str], second: list[str]) -> None:
    """Two calls that take turns, at far places."""
    deltas = []
    for place in range(max(len(first), len(second))):
        deltas += [
            step_delta(call("function", index, f"c{index}", function={"arguments": pieces[place]}))
            for index, pieces in ((10**6, second), (0, first))
            if place < len(pieces)
        ]
    calls: Any = step_of(*deltas).tool_calls
    assert [one.function.arguments for one in calls] == ["".join(first), "".join(second)]


def test_a_whole_step_takes_the_place_of_its_deltas() -> None:
    """If it has calls; the first one has none, and leaves what deltas have brought."""
    started = RunStep.from_dict(
        {"id": "s", "status": "in_progress", "step_details": {"type": "tool_calls", "tool_calls": []}}
    )
    ended = RunStep.from_dict(
        {"id": "s", "status": "completed", "step_details": {"type": "tool_calls", "tool_calls": [call("retrieval")]}}
    )
    fold = StepFold("s")
    fold.add(step_delta(call("function", function={"name": "f"})))
    fold.replace(started)
    assert [one.type for one in fold.whole().tool_calls] == ["function"]
    assert fold.whole().status == "in_progress"
    fold.replace(ended)
    fold.replace(ended)
    assert fold.whole() == ended


def test_details_that_are_no_calls() -> None:
    """The message that a step writes, or an invention of the server, where the step itself has none."""
    creation = RunStepDelta.from_dict(
        {"id": "s", "delta": {"step_details": {"type": "message_creation", "message_creation": {"message_id": "m"}}}}
    )
    assert step_of(creation).to_dict()["step_details"] == {
        "type": "message_creation",
        "message_creation": {"message_id": "m"},
    }
    own = RunStepDelta.from_dict({"id": "s", "delta": {"step_details": {"type": "odd", "odd": 1}}})
    assert step_of(own).to_dict()["step_details"] == {"type": "odd", "odd": 1}
    assert step_of(RunStepDelta(id="s")) == RunStep(id="s", object="thread.run.step", status="in_progress")
    whole = RunStep.from_dict(
        {"id": "s", "status": "completed", "step_details": {"type": "tool_calls", "tool_calls": []}}
    )
    assert step_of(creation, base=whole) == whole
