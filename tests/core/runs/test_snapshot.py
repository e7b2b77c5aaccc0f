"""Deltas added up to messages, and snapshots of a run."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assistants_async import Message, RunStep, Thread
from assistants_async.core.runs.snapshot import MessageFold, Snapshot
from assistants_async.models.deltas import MessageDelta
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
from tests.support.deltas import call, step_delta


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
    """The message after its deltas."""
    fold = MessageFold("m")
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
    """In any order of the parts, each is whole in its place, with gaps closed."""
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
def test_text_before_a_whole_object_is_counted(steps: list[tuple[bool, list[dict[str, Any]]]]) -> None:
    """A view of the text yields the rest of a message that arrives whole, behind the characters already given."""
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
    """By its index, in any order."""
    first, second = {**CITATION, "index": 5}, {**PATH, "index": 1}
    whole = folded(
        delta(text("x", annotations=[first])), delta(text("", annotations=[second, {**first, "text": "[1]"}]))
    )
    (part,) = whole.to_dict()["content"]
    assert part["text"]["annotations"] == [PATH, {**CITATION, "text": "[1]"}]


def test_a_message_that_was_never_announced() -> None:
    """Only its id and the first delta's role are known."""
    assert folded(delta(text("a"), role="user")) == Message(
        id="m", object="thread.message", role="user", content=message(text("a")).content
    )
    assert folded(delta(text("a"))).role == "assistant"
    assert folded(MessageDelta(id="m")) == Message(id="m", object="thread.message", role="assistant")


def test_a_whole_object_replaces_its_deltas() -> None:
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


def test_a_refusal_goes_on_behind_the_whole_object() -> None:
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


def test_text_after_a_part_without_text() -> None:
    """The delta's text is all that there is."""
    whole = folded(delta(text("more")), base=message({"type": "text"}))
    assert whole.text == "more"
