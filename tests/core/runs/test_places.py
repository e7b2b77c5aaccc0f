"""Indexes in deltas as servers send them: absent, null, negative, huge, no number, or one for several parts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistants_async import Message, RunStep
from assistants_async.core.requests.options import Options
from assistants_async.core.runs.places import Places, index_of
from assistants_async.core.runs.snapshot import MessageFold, Snapshot
from assistants_async.core.runs.step_snapshot import StepFold
from assistants_async.core.streams.run_decoders import RunEventBodyDecoder
from assistants_async.models.deltas import MessageDelta, RunStepDelta
from assistants_async.models.unions import Unknown
from tests.support.byte_server import frame

NOTHING = object()
ODD: dict[str, Any] = {
    "absent": NOTHING,
    "null": None,
    "minus one": -1,
    "far below": -(10**30),
    "no number": "x",
    "an object": {"a": 1},
    "true": True,
}
HUGE = 10**30


def at(index: Any, **members: Any) -> dict[str, Any]:
    """A part with an index, or without."""
    return members if index is NOTHING else {"index": index, **members}


def text(value: str, index: Any = 0, *annotations: dict[str, Any]) -> dict[str, Any]:
    """More of a text."""
    return at(index, type="text", text={"value": value, "annotations": list(annotations)})


def image(name: str, index: Any = 0) -> dict[str, Any]:
    """An image."""
    return at(index, type="image_file", image_file={"file_id": name})


def message_of(*parts: dict[str, Any], base: Message | None = None) -> list[Any]:
    """The content of a message after its deltas, each with one part."""
    fold = MessageFold("m")
    if base is not None:
        fold.replace(base)
    for part in parts:
        fold.add(MessageDelta.from_dict({"id": "m", "delta": {"content": [part]}}))
    return [shown(part) for part in fold.whole().content]


def shown(part: Any) -> Any:
    """A part in short."""
    match part.type:
        case "text":
            return part.text.value
        case "refusal":
            return f"no: {part.refusal}"
        case "image_file":
            return {"image": part.image_file.file_id}
        case _:
            return part.raw


def calls_of(*calls: dict[str, Any]) -> list[Any]:
    """The tool calls of a step after its deltas, each with one call: name or type, arguments or input."""
    fold = StepFold("s")
    for call in calls:
        fold.add(
            RunStepDelta.from_dict({"id": "s", "delta": {"step_details": {"type": "tool_calls", "tool_calls": [call]}}})
        )
    made: list[Any] = []
    for one in fold.whole().tool_calls:
        match one.to_dict():
            case {"function": function}:
                made.append((one.id, function.get("name"), function["arguments"]))  # type: ignore[union-attr]  # a function
            case {"code_interpreter": code}:
                made.append((one.id, "code", code["input"]))  # type: ignore[union-attr]  # code
            case other:
                made.append(other)
    return made


def function(arguments: str, index: Any = 0, name: str | None = None, id: str | None = None) -> dict[str, Any]:
    """More of a call of a function."""
    return at(index, type="function", id=id, function={"name": name, "arguments": arguments})


# Messages


@pytest.mark.parametrize("index", ODD.values(), ids=ODD.keys())
def test_a_text_with_an_odd_index_is_the_first_part(index: Any) -> None:
    """From the bytes on: in the events, in the snapshot, with a whole object before and without."""
    decoder, snapshot = RunEventBodyDecoder(Options()), Snapshot()
    body = b"".join(
        frame("thread.message.delta", {"id": "m", "delta": {"content": [text(piece, index)]}})
        for piece in ("Hel", "lo", " you")
    )
    events = [decoder.decode(raw) for raw in decoder.feed(body)]
    for event in events:
        snapshot.add(event)
    assert "".join(getattr(event, "text", "") for event in events) == "Hello you"
    assert [one.text for one in snapshot.messages] == ["Hello you"]
    base = Message.from_dict({"id": "m", "content": [text("Well, "), text("end")]})
    assert message_of(text("yes. ", index), base=base) == ["Well, yes. ", "end"]


@pytest.mark.parametrize("index", [*ODD.values(), 0, HUGE], ids=[*ODD, "zero", "huge"])
def test_parts_of_several_kinds_and_one_index(index: Any) -> None:
    """They are in the order of their arrival, and a text goes on where its last piece went."""
    own = at(index, type="video", video=1)
    assert message_of(text("a", index), text("b", index), image("i", index), text("c", index), text("d", index)) == [
        "ab",
        {"image": "i"},
        "cd",
    ]
    refusal = at(index, type="refusal", refusal="sorry")
    assert message_of(image("i", index), image("j", index), image("j", index), refusal, own, text("e", index)) == [
        {"image": "i"},
        {"image": "j"},
        "no: sorry",
        own,
        "e",
    ]


def test_a_huge_index_is_the_last_part() -> None:
    """For any other indexes."""
    assert message_of(text("z", HUGE), text("a"), text("b", 2**62)) == ["a", "b", "z"]


@pytest.mark.parametrize("first", [image("i"), {"type": "refusal", "refusal": "no"}, {"type": "video"}], ids=str)
def test_a_part_of_a_whole_object_stays(first: dict[str, Any]) -> None:
    """Before a part of another kind; the same part once more is the same."""
    base = Message.from_dict({"id": "m", "content": [first]})
    kept = shown(base.content[0])
    assert message_of(text("a"), base=base) == [kept, "a"]
    assert message_of({**first, "index": 0}, base=base) in ([kept], ["no: nono"], [kept, {**first, "index": 0}])
    fold = MessageFold("m")
    fold.replace(Message.from_dict({"id": "m", "content": [text("abc")]}))
    fold.add(MessageDelta.from_dict({"id": "m", "delta": {"content": [image("i")]}}))
    fold.replace(Message(id="m", status="completed"))
    assert fold.text_length_before == 3


def citation(name: str, index: Any = NOTHING) -> dict[str, Any]:
    """A citation."""
    return at(index, type="file_citation", text=name, file_citation={"file_id": name})


@pytest.mark.parametrize("index", [*ODD.values(), 0, HUGE], ids=[*ODD, "zero", "huge"])
def test_annotations_of_one_index(index: Any) -> None:
    """Each is kept, in its order; one that comes twice is there once."""
    fold = MessageFold("m")
    parts = [
        text("a", 0, citation("f", index), citation("g", index)),
        text("b", 0, citation("h", index), {"type": "own_citation", "url": "http://x"}),
    ]
    for part in [parts[0], text("", 0, citation("f", index)), parts[1]]:
        fold.add(MessageDelta.from_dict({"id": "m", "delta": {"content": [part]}}))
    (made,) = fold.whole().to_dict()["content"]
    named = [one.get("text", one.get("url")) for one in made["text"]["annotations"]]
    assert sorted(named) == ["f", "g", "h", "http://x"]
    assert [name for name in named if name in "fgh"] == ["f", "g", "h"]


# Tool calls


@pytest.mark.parametrize("index", [*ODD.values(), 0, HUGE], ids=[*ODD, "zero", "huge"])
def test_calls_of_one_index(index: Any) -> None:
    """Their ids separate them, or their names; pieces without either belong to the last one."""
    assert calls_of(
        function("", index, "add", "c1"), function('{"a":', index), function("1}", index, id="c1"),
        function("", index, "sub", "c2"), function('{"b":2}', index),
    ) == [("c1", "add", '{"a":1}'), ("c2", "sub", '{"b":2}')]  # fmt: skip
    assert calls_of(
        function("{", index, "add", "c1"), function("[", index, "add", "c2"),
        function("}", index, id="c1", name="add"), function("]", index, id="c2", name="add"),
    ) == [("c1", "add", "{}"), ("c2", "add", "[]")]  # fmt: skip
    assert calls_of(
        function("{", index, "add", "c1"), function("[", index, "sub", "c2"),
        function("}", index, id="c1"), function("]", index, id="c2"),
    ) == [("c1", "add", "{}"), ("c2", "sub", "[]")]  # fmt: skip
    assert calls_of(function("{}", index, "add"), function("[]", index, "sub")) == [
        ("", "add", "{}"),
        ("", "sub", "[]"),
    ]
    code = [at(index, type="code_interpreter", id=name, code_interpreter={"input": name}) for name in ("c1", "c2")]
    assert calls_of(*code, function("{}", index, "add", "c3")) == [
        ("c1", "code", "c1"),
        ("c2", "code", "c2"),
        ("c3", "add", "{}"),
    ]


def test_a_call_whose_id_changes_with_each_piece() -> None:
    """Some servers make one up each time: the name comes once."""
    pieces = [function("{", 0, "add", "x1"), function('"a"', 0, id="x2"), function(":1}", 0, id="x3")]
    assert calls_of(*pieces) == [("x3", "add", '{"a":1}')]


def test_calls_of_a_servers_own_type() -> None:
    """With an index the last piece counts; without, each one is a call."""
    own = [{"type": "mcp", "id": name, "n": n} for n, name in enumerate("aab")]
    assert calls_of(*({"index": 0, **one} for one in own)) == [{"index": 0, **own[1]}, {"index": 0, **own[2]}]
    assert calls_of(*own) == own


@pytest.mark.parametrize("index", [*ODD.values(), 0, HUGE], ids=[*ODD, "zero", "huge"])
def test_outputs_of_one_index(index: Any) -> None:
    """Logs and images keep their order."""
    outputs = [
        at(index, type="logs", logs="a"),
        at(index, type="logs", logs="b"),
        at(index, type="image", image={"file_id": "i"}),
        at(index, type="image", image={"file_id": "i"}),
        at(index, type="image", image={"file_id": "j"}),
        at(index, type="logs", logs="c"),
    ]
    fold = StepFold("s")
    for output in outputs:
        call = {"index": 0, "type": "code_interpreter", "id": "c", "code_interpreter": {"outputs": [output]}}
        details = {"type": "tool_calls", "tool_calls": [call]}
        fold.add(RunStepDelta.from_dict({"id": "s", "delta": {"step_details": details}}))
    made = fold.whole().to_dict()["step_details"]["tool_calls"][0]["code_interpreter"]["outputs"]
    assert [one.get("logs") or one["image"]["file_id"] for one in made] == ["ab", "i", "j", "c"]


INDEXES = st.sampled_from([*ODD.values(), 0, 1, 2, HUGE])
PARTS = st.one_of(
    st.builds(text, st.sampled_from("abc"), INDEXES),
    st.builds(image, st.sampled_from(["i1", "i2"]), INDEXES),
    st.builds(lambda index: at(index, type="refusal", refusal="no"), INDEXES),
)


@given(st.lists(PARTS, max_size=12), st.lists(PARTS, max_size=3))
def test_no_text_and_no_image_is_ever_lost(parts: list[dict[str, Any]], before: list[dict[str, Any]]) -> None:
    """For any indexes, and any whole object."""
    base = Message.from_dict(
        {"id": "m", "content": [{k: v for k, v in part.items() if k != "index"} for part in before]}
    )
    everything = [*before, *parts]
    texts = [part["text"]["value"] for part in everything if part["type"] == "text"]
    fold = MessageFold("m")
    fold.replace(base)
    for part in parts:
        fold.add(MessageDelta.from_dict({"id": "m", "delta": {"content": [part]}}))
    assert sorted(fold.whole().text) == sorted("".join(texts))
    images = {part["image_file"]["file_id"] for part in everything if part["type"] == "image_file"}
    whole = fold.whole().to_dict().get("content", [])
    assert {part["image_file"]["file_id"] for part in whole if part["type"] == "image_file"} == images


@pytest.mark.parametrize(
    ("raw", "index"),
    [({"index": 3}, 3), ({}, 0), ({"index": "x"}, 0), ({"index": None}, 0), ({"index": -2}, 0), ({"index": True}, 0)],
    ids=["number", "absent", "text", "null", "negative", "true"],
)
def test_the_index_of_an_unknown_part(raw: dict[str, Any], index: int) -> None:
    """An index that is no place counts as the first."""
    assert index_of(Unknown(raw=raw)) == index


def test_places_keep_their_earlier_part() -> None:
    """In front of the new part at its index."""
    places: Places[str] = Places()
    places.put(5, "b", "a")
    places.put(5, "c", "never")
    places.put(1, "z")
    assert list(places.ordered()) == ["z", "a", "b", "c"]
    places.clear()
    assert (list(places.ordered()), dict(places)) == ([], {})


def test_many_calls_of_one_index() -> None:
    """Ten thousand are no more work for each."""
    made = calls_of(*(function("{}", 0, "add", f"c{number}") for number in range(10_000)))
    assert made[-1] == ("c9999", "add", "{}")
    assert len(made) == 10_000


def test_a_step_without_calls_is_as_it_was() -> None:
    """No delta, no change."""
    step = RunStep(id="s")
    fold = StepFold("s")
    fold.replace(step)
    assert fold.whole() == step
