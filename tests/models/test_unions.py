"""Union members of known and unknown `type`."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from typing import Any, Literal, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistants_async import models
from assistants_async.models import base as base_module
from assistants_async.models.assistants import Assistant
from assistants_async.models.base import Model, Tagged
from assistants_async.models.decoding import UNKNOWN, decoder_for
from assistants_async.models.deltas import MessageDelta, RunStepDelta
from assistants_async.models.hosted_calls import HostedToolCall
from assistants_async.models.messages import FilePathAnnotation, Message, TextContent
from assistants_async.models.pages import Page
from assistants_async.models.runs import Run
from assistants_async.models.steps import RunStep, ToolCallsDetails
from assistants_async.models.tools import CodeInterpreterTool, FunctionTool, NamedToolChoice, RetrievalTool
from assistants_async.models.unions import Unknown
from tests.support.json_values import JSON

STRANGE: dict[str, Any] = {
    "type": "openapi",
    "openapi": {"spec": {"paths": [1, None, {"type": "function"}]}, "type": 7},
    "é": "\u2028",
}

# Where a server puts members of its own.
PLACES: list[tuple[type[Model], Any]] = [
    (Assistant, {"id": "x", "tools": [STRANGE]}),
    (Assistant, {"id": "x", "tools": [], "response_format": STRANGE}),
    (Run, {"id": "x", "tools": [{"type": "code_interpreter"}, STRANGE]}),
    (Message, {"id": "x", "content": [STRANGE]}),
    (Message, {"id": "x", "content": [{"type": "text", "text": {"value": "a", "annotations": [STRANGE]}}]}),
    (Message, {"id": "x", "content": [], "attachments": [{"file_id": "f", "tools": [STRANGE]}]}),
    (RunStep, {"id": "x", "step_details": STRANGE}),
    (RunStep, {"id": "x", "step_details": {"type": "tool_calls", "tool_calls": [STRANGE]}}),
    (
        RunStep,
        {
            "id": "x",
            "step_details": {
                "type": "tool_calls",
                "tool_calls": [
                    {"type": "code_interpreter", "id": "c", "code_interpreter": {"input": "1", "outputs": [STRANGE]}}
                ],
            },
        },
    ),
    (MessageDelta, {"id": "x", "delta": {"content": [STRANGE]}}),
    (RunStepDelta, {"id": "x", "delta": {"step_details": STRANGE}}),
    (RunStepDelta, {"id": "x", "delta": {"step_details": {"type": "tool_calls", "tool_calls": [STRANGE]}}}),
]


@pytest.mark.parametrize(("kind", "value"), PLACES)
def test_unknown_members_survive_a_round_trip(kind: type[Model], value: dict[str, Any]) -> None:
    """A member of the server's own is kept, and sent back as it came."""
    model = kind.from_dict(value)
    assert model.to_dict() == value
    assert kind.from_json(model.to_json()) == model
    assert "Unknown(raw=" in repr(model)


def test_unknown_members_show_type_and_raw() -> None:
    """The tag and the whole member can be read."""
    (tool,) = Assistant.from_dict({"id": "a", "tools": [STRANGE]}).tools
    assert isinstance(tool, Unknown)
    assert str(tool.type) == "openapi"
    assert tool.raw == STRANGE
    assert tool.to_dict() == STRANGE


@pytest.mark.parametrize("member", [{}, {"type": 7}, {"kind": "x"}, {"type": ["function"]}])
def test_members_without_a_tag_are_kept_too(member: dict[str, Any]) -> None:
    """Even an object that has no `type` at all does not make its neighbours unreadable."""
    assistant = Assistant.from_dict({"id": "a", "tools": [member, {"type": "retrieval"}]})
    assert isinstance(assistant.tools[0], Unknown)
    assert assistant.tools[1] == RetrievalTool()
    assert assistant.to_dict()["tools"][0] == member


def test_a_known_tag_in_a_shape_that_cannot_be_read_is_kept() -> None:
    """A known `type` whose member is something else stays as it came, so the rest can be read."""
    part = {"type": "text", "text": 7}
    message = Message.from_dict({"id": "m", "content": [part, {"type": "text", "text": {"value": "b"}}]})
    assert message.content[0] == Unknown(raw=part)
    assert message.text == "b"
    assert message.to_dict()["content"][0] == part


def test_a_map_that_looks_like_the_mark_is_left_alone() -> None:
    """The tag that marks unknown members inside encoded JSON may be in a map of the caller's own."""
    run = Run(id="r", metadata={"type": UNKNOWN}, tools=(Unknown(raw=STRANGE),))
    assert run.to_dict() == {"id": "r", "tools": [STRANGE], "metadata": {"type": UNKNOWN}}


def test_members_that_are_no_objects_are_refused() -> None:
    """A tool that is a number is an error with its path."""
    with pytest.raises(msgspec.ValidationError, match=r"\$\.tools\[1\]"):
        Assistant.from_dict({"id": "a", "tools": [{"type": "mcp"}, 7]})


def test_tags() -> None:
    """A member's `type` is its tag, in the class and on the wire."""
    assert CodeInterpreterTool().type == "code_interpreter"
    assert CodeInterpreterTool().to_json() == b'{"type":"code_interpreter"}'
    details = ToolCallsDetails()
    assert details.type == "tool_calls"
    assert FunctionTool.from_dict({"type": "function", "function": {"name": "f"}}).to_dict() == {
        "type": "function",
        "function": {"name": "f"},
    }


def test_the_literals_of_type_checkers_are_the_tags() -> None:
    """The literal by which a type checker narrows a union is the tag on the wire, for every class."""
    kinds: list[Any] = [kind for kind in vars(models).values() if isinstance(kind, type)]
    tagged: list[Any] = [kind for kind in kinds if issubclass(kind, Tagged) and kind not in {Tagged, HostedToolCall}]
    assert len(tagged) > 40
    for kind in tagged:
        assert literals_of(kind) == [kind.__struct_config__.tag], kind


def literals_of(kind: type) -> list[str]:
    """The tags in the bases of a class, out of its source: classes do not keep them."""
    (node,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(node, ast.ClassDef)
    names = {**vars(base_module), **vars(sys.modules[kind.__module__]), "Tag": Literal}
    bases = [eval(ast.unparse(base.slice), names) for base in node.bases if isinstance(base, ast.Subscript)]
    return [tag for each in bases for tag in ([each] if isinstance(each, str) else get_args(each))]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("none", "none"),
        ("my_own", "my_own"),
        ({"type": "file_search"}, NamedToolChoice(type="file_search")),
        ({"type": "mcp", "server": 1}, NamedToolChoice(type="mcp")),
        (None, None),
    ],
)
def test_tool_choices(choice: object, expected: object) -> None:
    """A choice is a word or names a tool."""
    assert Run.from_dict({"id": "r", "tool_choice": choice}).tool_choice == expected


@pytest.mark.parametrize(
    "sent",
    [
        "auto",
        "none",
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": None}},
        {"type": "grammar", "grammar": "x"},
        {},
    ],
)
def test_response_formats(sent: object) -> None:
    """Words, formats and formats of the server's own come back as they were."""
    assert Run.from_dict({"id": "r", "response_format": sent}).to_dict()["response_format"] == sent


def calls_of(kind: type[Any], data: bytes) -> int:
    """The number of functions that a decode calls, builtin ones included."""
    decoder = decoder_for(kind)
    decoder.decode(data)
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        decoder.decode(data)
    finally:
        sys.setprofile(before)
    return calls


@pytest.mark.parametrize("depth", ["tools", "annotations"])
def test_the_price_of_unknown_members_is_linear(depth: str) -> None:
    """Twice as many unknown members take twice as many calls, and nothing is converted a second time."""

    def page(count: int) -> bytes:
        members = [STRANGE, {"type": "file_path", "text": "p", "file_path": {"file_id": "f"}}] * count
        if depth == "tools":
            return json.dumps({"data": [{"id": "m", "attachments": [{"tools": members}]}]}).encode()
        content = {"type": "text", "text": {"value": "", "annotations": members}}
        return json.dumps({"data": [{"id": "m", "content": [content]}]}).encode()

    first, second, third = (calls_of(Page[Message], page(count)) for count in (10, 20, 40))
    assert third - second == 2 * (second - first)
    part = TextContent()
    assert msgspec.convert([part], list[TextContent])[0] is part


def test_known_members_cost_nothing() -> None:
    """Data as the documents describe it takes the one decode of msgspec."""
    data = json.dumps(
        {"id": "m", "content": [{"type": "text", "text": {"value": "a", "annotations": []}}] * 50}
    ).encode()
    # `decode` itself, msgspec's decode, and the call that takes the counter away.
    assert calls_of(Message, data) == 3


@settings(database=None, max_examples=150)
@given(type=st.text(), rest=st.dictionaries(st.text(max_size=8), JSON, max_size=4))
def test_any_unknown_member_comes_back_unchanged(type: str, rest: dict[str, Any]) -> None:
    """Any value in a server's own member is sent back with the same meaning."""
    member = {**rest, "type": "x-" + type}
    annotations = [member, {"type": "file_path", "text": "p"}]
    message = Message.from_dict(
        {"id": "m", "content": [{"type": "text", "text": {"annotations": annotations}}, member]}
    )
    first = message.content[0]
    assert isinstance(first, TextContent)
    assert first.text is not None
    assert first.text.annotations[1] == FilePathAnnotation(text="p")
    assert message.to_dict()["content"] == [{"type": "text", "text": {"annotations": annotations}}, member]
