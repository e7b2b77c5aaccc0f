"""Deltas folded into messages and steps: any cut, any order of parts, any gap; in time linear in the text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistants_async import Message, RunStep, Thread
from assistants_async.core.runs.snapshot import MessageFold, Snapshot
from assistants_async.core.runs.step_snapshot import StepFold
from assistants_async.models.deltas import MessageDelta, RunStepDelta
from assistants_async.models.events import (
    MessageDeltaEvent,
    MessageEvent,
    RunEvent,
    RunStepDeltaEvent,
    RunStepEvent,
    ThreadEvent,
    UnknownEvent,
)
from assistants_async.models.runs import Run


def delta(*content: dict[str, Any], **changes: Any) -> MessageDelta:
    """More of a message."""
    return MessageDelta.from_dict({"id": "m", "delta": {"content": list(content), **changes}})


def text(value: str | None, index: int = 0, annotations: Any = ()) -> dict[str, Any]:
    """More of a text part."""
    return {"index": index, "type": "text", "text": {"value": value, "annotations": list(annotations)}}


def message(*content: dict[str, Any], **members: Any) -> Message:
    """A whole message."""
    return Message.from_dict(
        {"id": "m", "object": "thread.message", "role": "assistant", "content": list(content), **members}
    )


def folded(*deltas: MessageDelta, base: Message | None = None) -> Message:
    """What deltas make of a message."""
    fold = MessageFold("m")
    if base is not None:
        fold.replace(base)
    for one in deltas:
        fold.add(one)
    return fold.whole()


def step_delta(*calls: dict[str, Any]) -> RunStepDelta:
    """More of a step's tool calls."""
    return RunStepDelta.from_dict(
        {"id": "s", "delta": {"step_details": {"type": "tool_calls", "tool_calls": list(calls)}}}
    )


def step_of(*deltas: RunStepDelta, base: RunStep | None = None) -> RunStep:
    """What deltas make of a step."""
    fold = StepFold("s")
    if base is not None:
        fold.replace(base)
    for one in deltas:
        fold.add(one)
    return fold.whole()


# Messages


@st.composite
def cut_texts(draw: st.DrawFn) -> tuple[dict[int, str], list[tuple[int, str]]]:
    """Texts by index, and their pieces in an order that keeps only that of each text."""
    indexes = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=5, unique=True))
    pieces = {index: draw(st.lists(st.text(max_size=6), min_size=1, max_size=8)) for index in indexes}
    turns = draw(st.permutations([index for index in indexes for _ in pieces[index]]))
    left = {index: iter(parts) for index, parts in pieces.items()}
    return {index: "".join(parts) for index, parts in pieces.items()}, [(index, next(left[index])) for index in turns]


@given(cut_texts())
def test_any_cut_of_texts_folds_to_them(cut: tuple[dict[int, str], list[tuple[int, str]]]) -> None:
    """In whatever order the parts take turns, each is whole in its place, gaps closed."""
    texts, pieces = cut
    whole = folded(*(delta(text(piece, index)) for index, piece in pieces))
    assert [part.text.value for part in whole.content] == [texts[index] for index in sorted(texts)]  # type: ignore[union-attr]  # all are texts
    assert whole.text == "".join(texts[index] for index in sorted(texts))


@given(cut_texts(), st.data())
def test_deltas_of_several_parts_fold_the_same(
    cut: tuple[dict[int, str], list[tuple[int, str]]], data: st.DataObject
) -> None:
    """It makes no difference which pieces share a delta, nor when the fold is looked at."""
    _, pieces = cut
    expected = folded(*(delta(text(piece, index)) for index, piece in pieces))
    fold = MessageFold("m")
    place = 0
    while place < len(pieces):
        count = data.draw(st.integers(1, 4))
        fold.add(delta(*(text(piece, index) for index, piece in pieces[place : place + count])))
        if data.draw(st.booleans()):
            fold.whole()
        place += count
    assert fold.whole() == expected


CITATION = {"type": "file_citation", "text": "[0]", "start_index": 3, "end_index": 6, "file_citation": {"file_id": "f"}}
PATH = {"type": "file_path", "text": "a/b", "start_index": 7, "end_index": 9, "file_path": {"file_id": "g"}}
OWN = {"type": "url_citation", "index": 2, "url": "http://x"}


CONTENT = st.one_of(
    st.builds(text, st.none() | st.text(max_size=4), st.integers(0, 3)),
    st.builds(lambda index: {"index": index, "type": "refusal", "refusal": "no"}, st.integers(0, 3)),
    st.builds(lambda index: {"index": index, "type": "new"}, st.integers(0, 3)),
)


@given(st.lists(st.tuples(st.booleans(), st.lists(CONTENT, max_size=4)), max_size=6))
def test_what_was_told_before_a_whole_object_is_counted(steps: list[tuple[bool, list[dict[str, Any]]]]) -> None:
    """A view of the text yields the rest of a message that comes whole: what stands behind so many characters."""
    fold = MessageFold("m")
    for whole, content in steps:
        before = len(fold.whole().text)
        if whole:
            fold.replace(message(*content))
            assert fold.text_length_before == before
        else:
            fold.add(delta(*content))


def test_the_fold_is_the_final_message() -> None:
    """With annotations of each kind, an image of each kind and a refusal, all from deltas."""
    fold = MessageFold("m")
    fold.replace(message(status="in_progress"))
    for one in (
        delta(text("abc", annotations=[{**CITATION, "index": 0}]), role="assistant"),
        delta({"index": 1, "type": "image_file", "image_file": {"file_id": "i", "detail": "low"}}),
        delta({"index": 2, "type": "image_url", "image_url": {"url": "http://y"}}),
        delta({"index": 3, "type": "refusal", "refusal": "I can"}),
        delta(text("def", annotations=[OWN]), {"index": 3, "type": "refusal", "refusal": "not"}),
        delta(text(None, annotations=[{**PATH, "index": 1}])),
        delta({"index": 4, "type": "video", "video": {"id": 1}}),
    ):
        fold.add(one)
    final = message(
        {"type": "text", "text": {"value": "abcdef", "annotations": [CITATION, PATH, OWN]}},
        {"type": "image_file", "image_file": {"file_id": "i", "detail": "low"}},
        {"type": "image_url", "image_url": {"url": "http://y"}},
        {"type": "refusal", "refusal": "I cannot"},
        {"index": 4, "type": "video", "video": {"id": 1}},
        status="in_progress",
    )
    assert fold.whole() == final


def test_an_annotation_that_comes_again_takes_its_place() -> None:
    """By its index, whatever order they come in."""
    first, second = {**CITATION, "index": 5}, {**PATH, "index": 1}
    whole = folded(
        delta(text("x", annotations=[first])), delta(text("", annotations=[second, {**first, "text": "[1]"}]))
    )
    (part,) = whole.to_dict()["content"]
    assert part["text"]["annotations"] == [PATH, {**CITATION, "text": "[1]"}]


def test_a_message_that_was_never_announced() -> None:
    """Its id and the first delta's role are what is known of it."""
    assert folded(delta(text("a"), role="user")) == Message(
        id="m", object="thread.message", role="user", content=message(text("a")).content
    )
    assert folded(delta(text("a"))).role == "assistant"
    assert folded(MessageDelta(id="m")) == Message(id="m", object="thread.message", role="assistant")


def test_a_whole_object_takes_the_place_of_what_deltas_brought() -> None:
    """If it has content; deltas behind it go on where its texts end, and an empty one takes nothing away."""
    fold = MessageFold("m")
    fold.add(delta(text("ab")))
    fold.replace(message(status="in_progress"))
    assert (fold.whole().text, fold.text_length_before) == ("ab", 2)
    fold.replace(message(text("abc"), text("x", 1)))
    assert fold.whole().text == "abcx"
    fold.add(delta(text("d")))
    assert fold.whole().text == "abcdx"
    fold.replace(message(text("abcde"), text("x", 1), status="completed"))
    fold.replace(message(text("abcde"), text("x", 1), status="completed"))
    assert (fold.whole().text, fold.whole().status, fold.text_length_before) == ("abcdex", "completed", 6)


def test_a_text_goes_on_with_the_annotations_there_were() -> None:
    """Those of the whole object stay in front of those of later deltas."""
    whole = folded(
        delta(text("d", annotations=[{**PATH, "index": 1}])),
        base=message({"type": "text", "text": {"value": "abc", "annotations": [CITATION]}}),
    )
    (part,) = whole.to_dict()["content"]
    assert part["text"] == {"value": "abcd", "annotations": [CITATION, PATH]}


def test_a_refusal_goes_on_behind_what_the_whole_object_had() -> None:
    """As a text does."""
    whole = folded(
        delta({"index": 0, "type": "refusal", "refusal": "not"}), base=message({"type": "refusal", "refusal": "I can"})
    )
    assert whole.to_dict()["content"] == [{"type": "refusal", "refusal": "I cannot"}]


def test_each_piece_is_kept_as_it_came() -> None:
    """A snapshot keeps the very strings of the deltas, and joins them when it is looked at, not for each delta."""
    deltas = [delta(text(f"piece {number}")) for number in range(1000)]
    fold = MessageFold("m")
    for one in deltas:
        fold.add(one)
    part: Any = fold._parts[0]
    assert len(part.pieces) == 1000
    values = [one.delta.content[0].text.value for one in deltas]  # type: ignore[union-attr]  # they are texts
    assert all(kept is came for kept, came in zip(part.pieces, values, strict=True))


# Steps


def call(kind: str, index: int = 0, id: str | None = "c", **members: Any) -> dict[str, Any]:
    """More of a tool call."""
    return {"index": index, "type": kind, **({} if id is None else {"id": id}), **members}


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
    """They come whole; what has come is not lost to a later, emptier piece."""
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
    """The message that a step writes, or what the server made up, where the step itself has none."""
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


# Snapshots


def test_a_snapshot_takes_every_kind_of_event() -> None:
    """Thread and run as they came last; messages and steps in the order they began; the unknown passes by."""
    snapshot = Snapshot()
    assert (snapshot.run, snapshot.thread, snapshot.messages, snapshot.steps) == (None, None, (), ())
    for event in (
        ThreadEvent("thread.created", Thread(id="t")),
        RunEvent("thread.run.queued", Run(id="r", status="queued")),
        MessageDeltaEvent("thread.message.delta", delta(text("a"))),
        RunStepDeltaEvent("thread.run.step.delta", step_delta(call("retrieval"))),
        MessageEvent("thread.message.created", Message(id="n")),
        RunStepEvent("thread.run.step.created", RunStep(id="z")),
        MessageDeltaEvent("thread.message.delta", delta(text("b"))),
        UnknownEvent("odd", b"1"),
        RunEvent("thread.run.completed", Run(id="r", status="completed")),
    ):
        snapshot.add(event)
    assert snapshot.thread == Thread(id="t")
    assert snapshot.run == Run(id="r", status="completed")
    assert [(one.id, one.text) for one in snapshot.messages] == [("m", "ab"), ("n", "")]
    assert [one.id for one in snapshot.steps] == ["s", "z"]
    assert snapshot.message("new").whole().id == "new"
    assert snapshot.step("new").whole().id == "new"
