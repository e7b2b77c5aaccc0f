"""Answers of sloppy servers, read as they were meant, and those that cannot be, refused with their path."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistants_async.models import deltas
from assistants_async.models.assistants import Assistant, AssistantFile
from assistants_async.models.base import Model, Object
from assistants_async.models.decoding import decoder_for
from assistants_async.models.deltas import MessageDelta, MessageDeltaText, RunStepDelta
from assistants_async.models.files import File
from assistants_async.models.messages import Message, MessageFile, TextContent
from assistants_async.models.pages import Deleted, Page
from assistants_async.models.runs import Run, ToolCall
from assistants_async.models.steps import FunctionToolCall, RunStep
from assistants_async.models.threads import Thread
from assistants_async.models.uploads import Upload, UploadPart
from assistants_async.models.vector_stores import SearchPage, VectorStore, VectorStoreFile, VectorStoreFileBatch
from tests.support.json_values import JSON

OBJECTS: tuple[type[Object], ...] = (
    Assistant,
    AssistantFile,
    Deleted,
    File,
    Message,
    MessageDelta,
    MessageFile,
    Run,
    RunStep,
    RunStepDelta,
    Thread,
    ToolCall,
    Upload,
    UploadPart,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
)


def read(kind: type[Any], value: Any) -> Any:
    return decoder_for(kind).decode(json.dumps(value).encode())


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("id", ["run_1", "665f1c2e9b1d8b0012ab34cd", "1", "r/1 é"])
def test_an_id_is_enough(kind: type[Object], id: str) -> None:
    """Every kept object reads from its id alone, whatever the id looks like."""
    value = read(kind, {"id": id})
    assert value.id == id
    assert value == kind(id=id)


@pytest.mark.parametrize("kind", OBJECTS)
def test_an_id_is_needed(kind: type[Object]) -> None:
    """Without its id nothing is an object, so that an error under status 200 is not read as one."""
    for value in ({}, {"error": {"message": "no"}}, {"id": None}, {"id": 7}):
        with pytest.raises(msgspec.ValidationError):
            read(kind, value)


@pytest.mark.parametrize("kind", OBJECTS)
def test_nulls_read_as_defaults(kind: type[Object]) -> None:
    """A server may send null for any member but the id."""
    nulls = {name: None for name in kind.__struct_fields__ if name != "id"}
    assert read(kind, {"id": "x", **nulls}) == kind(id="x")


@pytest.mark.parametrize("kind", OBJECTS)
def test_unknown_members_and_wrong_tags_do_no_harm(kind: type[Object]) -> None:
    """Members that the class does not name are skipped, and `object` may say anything."""
    value = read(kind, {"id": "x", "object": "thread.run.step", "metadata_": {"a": 1}, "_links": [{}]})
    assert value.id == "x"


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        (1_700_000_000, 1_700_000_000),
        (1_700_000_000.75, 1_700_000_000),
        (1_700_000_000_000, 1_700_000_000_000),
        ("1700000000", 1_700_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000),
        ("2023-11-14 22:13:20.5", 1_700_000_000),
    ],
)
def test_times_come_in_many_forms(sent: object, seconds: int) -> None:
    """A time is an int as sent, be it a float, milliseconds or text, and the twin reads the same moment."""
    run = read(Run, {"id": "r", "created_at": sent, "started_at": sent})
    assert run.created_at == run.started_at == seconds
    assert run.created_time is not None
    assert int(run.created_time.timestamp()) == 1_700_000_000
    assert run.failed_time is None


@pytest.mark.parametrize("sent", ["soon", "2023-11-14", True, [], {}])
def test_bad_times_are_refused_with_their_path(sent: object) -> None:
    """Nothing is guessed: a time that cannot be read is an error with its place."""
    with pytest.raises(msgspec.ValidationError, match=r"\$\.created_at"):
        read(Run, {"id": "r", "created_at": sent})


def test_text_in_a_list() -> None:
    """Some servers wrap the one text of a part in a list."""
    message = read(Message, {"id": "m", "content": [{"type": "text", "text": [{"value": "hi", "annotations": None}]}]})
    assert message.text == "hi"
    assert isinstance(message.content[0], TextContent)
    delta = read(MessageDelta, {"id": "m", "delta": {"content": [{"type": "text", "text": [{"value": "hi"}]}]}})
    (part,) = delta.delta.content
    assert isinstance(part, MessageDeltaText)
    assert part.text == deltas.MessageDeltaTextValue(value="hi")


def test_one_text_for_a_list_of_texts() -> None:
    """As the documents' own example of a search has its query."""
    assert read(SearchPage, {"data": [], "search_query": "q"}).search_query == ("q",)
    assert read(SearchPage, {"data": None, "search_query": ["q", "r"]}).search_query == ("q", "r")
    with pytest.raises(msgspec.ValidationError, match="search_query"):
        read(SearchPage, {"search_query": 5})


def test_deltas_with_nulls() -> None:
    """Null annotations and roles, and a missing index, are what several servers stream."""
    part = {"type": "text", "text": {"value": "a", "annotations": None}}
    delta = read(MessageDelta, {"id": "m", "delta": {"role": None, "content": [part]}})
    assert delta.delta == deltas.MessageDeltaChanges(
        content=(MessageDeltaText(index=0, text=deltas.MessageDeltaTextValue(value="a")),)
    )


@pytest.mark.parametrize(
    "page",
    [
        {"data": None},
        {"object": "thread.run.step", "data": [], "first_id": None, "last_id": None},
        {"object": "list", "data": [], "has_more": None},
    ],
)
def test_empty_pages(page: dict[str, Any]) -> None:
    """A page may have null for data and ids, and say nothing of what follows."""
    value = read(Page[Run], page)
    assert (value.data, value.first_id, value.last_id, value.has_more) == ((), None, None, None)


def test_pages_decode_their_items() -> None:
    """Items are models, also where one of them needs mending."""
    page = read(Page[Run], {"data": [{"id": "a"}, {"id": "b", "tools": None, "created_at": 1.0}], "has_more": False})
    assert page.data == (Run(id="a"), Run(id="b", created_at=1))
    assert page.has_more is False


@pytest.mark.parametrize(
    ("page", "path"),
    [
        ({"data": [{"id": "a"}, {}]}, r"\$\.data\[1\]"),
        ({"data": [{"id": "a", "status": 7}]}, r"\$\.data\[0\]\.status"),
        ({"data": {"id": "a"}}, r"\$\.data"),
        ({"data": [None]}, r"\$\.data\[0\]"),
    ],
)
def test_errors_name_their_place(page: object, path: str) -> None:
    """An unreadable value is one error with the path from the top."""
    with pytest.raises(msgspec.ValidationError, match=path):
        read(Page[Run], page)


@pytest.mark.parametrize("data", [b"", b"{", b'{"id":"a"}x', b'{"id":"a","created_at":1e400}', b"<html>"])
def test_bad_json_is_refused(data: bytes) -> None:
    """Syntax errors are `msgspec.DecodeError` as well."""
    with pytest.raises(msgspec.DecodeError):
        decoder_for(Run).decode(data)


def test_empty_maps_sent_as_lists() -> None:
    """PHP and Lua write an empty map as `[]`."""
    assert read(Thread, {"id": "t", "metadata": []}).metadata == {}


def test_a_run_waits_with_an_empty_action() -> None:
    """`required_action` without its parts leads to no calls, not to an error."""
    actions: list[dict[str, Any]] = [
        {},
        {"type": "submit_tool_outputs"},
        {"submit_tool_outputs": {}},
        {"submit_tool_outputs": {"tool_calls": None}},
    ]
    for action in actions:
        run = read(Run, {"id": "r", "status": "requires_action", "required_action": action})
        assert run.needs_action
        assert run.tool_calls == ()


def test_strict_decoding_mends_nothing() -> None:
    """`decode_strict` takes the documents at their word."""
    decoder = decoder_for(Run)
    assert decoder.decode_strict(b'{"id":"r","required_action":null}') == Run(id="r")
    for data in (b'{"id":"r","tools":null}', b'{"id":"r","created_at":1.5}', b'{"id":"r","tools":[{"type":"mcp"}]}'):
        with pytest.raises(msgspec.ValidationError):
            decoder.decode_strict(data)


def test_decoders_are_made_once() -> None:
    """The same type has one decoder, generic pages included."""
    assert decoder_for(Page[Run]) is decoder_for(Page[Run])


@settings(database=None, max_examples=150)
@given(kind=st.sampled_from(OBJECTS), data=st.data())
def test_nothing_but_decode_errors(kind: type[Object], data: st.DataObject) -> None:
    """For any JSON in a member, the answer is a `DecodeError` or a model that survives a round trip."""
    names = data.draw(st.lists(st.sampled_from(kind.__struct_fields__), max_size=4))
    value = {"id": "x", **{name: data.draw(JSON) for name in names}}
    try:
        model = read(kind, value)
    except msgspec.DecodeError:
        return
    assert isinstance(model, Model)
    # Compared as written: only the datetime twin has the fraction of a time.
    assert decoder_for(kind).decode(model.to_json()).to_dict() == model.to_dict()


def test_function_calls_of_steps_keep_a_null_output() -> None:
    """An output that is not there yet reads as None."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}", "output": None}}
    step = read(RunStep, {"id": "s", "step_details": {"type": "tool_calls", "tool_calls": [call]}})
    (read_call,) = step.tool_calls
    assert isinstance(read_call, FunctionToolCall)
    assert read_call.function is not None
    assert read_call.function.output is None
