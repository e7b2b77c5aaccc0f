"""Values of keywords: those of the other protocol, of a wrong type, of the server's own, and what is sent."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import msgspec
import pytest

from assistants_async import Assistant, File, Run, Thread, Unknown, ValidationError, WrongProtocolError
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.core.requests.request import bind
from assistants_async.core.requests.validation import encoded
from assistants_async.endpoints import (
    CREATE_ASSISTANT,
    CREATE_ASSISTANT_FILE,
    CREATE_FILE_BATCH,
    CREATE_MESSAGE,
    CREATE_RUN,
    CREATE_THREAD,
    CREATE_THREAD_AND_RUN,
    DELETE_MESSAGE,
    GET_RUN_STEP,
    LIST_ASSISTANT_FILES,
    LIST_FILES,
    LIST_MESSAGES,
    LIST_RUN_STEPS,
    LIST_RUNS,
    MODIFY_THREAD,
    find,
)
from assistants_async.models.messages import ImageFile, ImageFileContent
from assistants_async.models.runs import TruncationStrategy
from assistants_async.models.threads import CodeInterpreterResources, ToolResources
from assistants_async.models.tools import (
    CodeInterpreterTool,
    FileSearchOptions,
    FileSearchTool,
    FunctionDefinition,
    FunctionName,
    FunctionTool,
    JSONSchema,
    JSONSchemaFormat,
    NamedToolChoice,
)
from tests.support.keywords import MESSAGE, MODEL, RUN, Row, call


def body(row: Row, keywords: dict[str, Any], protocol: ProtocolVersion = "v2") -> Any:
    """The JSON that a call would send."""
    return json.loads(encoded(row.name, call(row, keywords, protocol).body))


def deep(depth: int) -> dict[str, Any]:
    """A mapping inside a mapping, so many times."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


OTHER_PROTOCOL: dict[str, tuple[Row, dict[str, Any], ProtocolVersion, str | None, str]] = {
    "v1 operation": (LIST_ASSISTANT_FILES, {}, "v2", None, "v1"),
    "v2 operation": (DELETE_MESSAGE, {}, "v1", None, "v2"),
    "v1 member": (CREATE_ASSISTANT, {**MODEL, "file_ids": []}, "v2", "file_ids", "v1"),
    "v2 member": (CREATE_ASSISTANT, {**MODEL, "tool_resources": None}, "v1", "tool_resources", "v2"),
    "v2 member of a run": (CREATE_RUN, {**RUN, "parallel_tool_calls": True}, "v1", "parallel_tool_calls", "v2"),
    "v2 parameter": (LIST_FILES, {"after": "file_1"}, "v1", "after", "v2"),
    "v2 parameter of one": (GET_RUN_STEP, {"include": ["x"]}, "v1", "include", "v2"),
    "v1 member in a list": (
        CREATE_THREAD,
        {"messages": [{**MESSAGE, "file_ids": ["f"]}]},
        "v2",
        "messages[0].file_ids",
        "v1",
    ),
    "v2 member in a list": (
        CREATE_THREAD_AND_RUN,
        {**RUN, "thread": {"messages": [{**MESSAGE, "attachments": []}]}},
        "v1",
        "thread.messages[0].attachments",
        "v2",
    ),
}


@pytest.mark.parametrize(
    ("row", "keywords", "protocol", "field", "wanted"), OTHER_PROTOCOL.values(), ids=OTHER_PROTOCOL.keys()
)
def test_members_of_the_other_protocol_are_refused(
    row: Row, keywords: dict[str, Any], protocol: ProtocolVersion, field: str | None, wanted: str
) -> None:
    """The error names the operation or member, and the version that has it."""
    with pytest.raises(WrongProtocolError) as caught:
        call(row, keywords, protocol)
    error = caught.value
    assert (error.operation, error.field, error.protocol, error.wanted) == (row.name, field, protocol, wanted)
    assert str(error).endswith(f"is in protocol {wanted} only, and this client speaks {protocol}")


WRONG_TYPES: dict[str, tuple[Row, dict[str, Any], str]] = {
    "number for text": (CREATE_ASSISTANT, {"model": 4}, "model"),
    "null for text": (CREATE_ASSISTANT, {"model": None}, "model"),
    "text for a number": (LIST_RUNS, {"limit": "10"}, "limit"),
    "bool for a number": (LIST_RUNS, {"limit": True}, "limit"),
    "fraction for a number": (LIST_RUNS, {"limit": 1.5}, "limit"),
    "text for a bool": (CREATE_RUN, {**RUN, "parallel_tool_calls": "yes"}, "parallel_tool_calls"),
    "text for a list": (CREATE_ASSISTANT, {**MODEL, "tools": "code_interpreter"}, "tools"),
    "text for an object": (MODIFY_THREAD, {"metadata": "x"}, "metadata"),
    "text in a list of objects": (CREATE_THREAD, {"messages": ["hi"]}, "messages[0]"),
    "known tool in a wrong shape": (CREATE_ASSISTANT, {**MODEL, "tools": [{"type": "function"}]}, "tools[0]"),
    "unknown member of a known tool": (
        CREATE_ASSISTANT,
        {**MODEL, "tools": [{"type": "retrieval", "x": 1}]},
        "tools[0]",
    ),
    "tool without a type": (CREATE_ASSISTANT, {**MODEL, "tools": [{}]}, "tools[0]"),
    "known part in a wrong shape": (
        CREATE_MESSAGE,
        {"role": "user", "content": [{"type": "text", "text": {"words": "x"}}]},
        "content[0].text",
    ),
    "both ways to a store": (
        CREATE_THREAD,
        {"tool_resources": {"file_search": {"vector_store_ids": ["v"], "vector_stores": [{}]}}},
        "tool_resources.file_search",
    ),
    "neither way to a store": (
        CREATE_ASSISTANT,
        {**MODEL, "tool_resources": {"file_search": {}}},
        "tool_resources.file_search",
    ),
    "more overlap than half": (
        CREATE_THREAD,
        {
            "tool_resources": {
                "file_search": {
                    "vector_stores": [
                        {
                            "chunking_strategy": {
                                "type": "static",
                                "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 51},
                            }
                        }
                    ]
                }
            }
        },
        "tool_resources.file_search.vector_stores[0].chunking_strategy.static",
    ),
    "object of another kind for an id": (CREATE_RUN, {"assistant_id": 5}, "assistant_id"),
    "not a number": (CREATE_ASSISTANT, {**MODEL, "temperature": float("nan")}, "temperature"),
    "infinite": (CREATE_ASSISTANT, {**MODEL, "top_p": float("inf")}, "top_p"),
}


@pytest.mark.parametrize(("row", "keywords", "path"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
def test_a_value_of_the_wrong_type_is_refused(row: Row, keywords: dict[str, Any], path: str) -> None:
    """A ValidationError names the path, and shows the value there."""
    with pytest.raises(ValidationError) as caught:
        call(row, keywords)
    assert caught.value.path == path
    value: Any = keywords
    for step in path.replace("[", ".[").split("."):
        value = value[int(step[1:-1])] if step.startswith("[") else value[step]
    assert caught.value.value == value or value != value  # noqa: PLR0124  # NaN


@pytest.mark.parametrize("text", ["short", "long " * 20_000])
def test_a_long_text_hides_no_value_beside_it(text: str) -> None:
    """Every member is checked by its rules, and a text is sent unchanged."""
    assert body(CREATE_MESSAGE, {**MESSAGE, "content": text})["content"] == text
    with pytest.raises(ValidationError, match="role") as caught:
        call(CREATE_MESSAGE, {"role": 7, "content": text})
    assert (caught.value.path, caught.value.value) == ("role", 7)
    with pytest.raises(ValidationError) as caught:
        call(CREATE_MESSAGE, {**MESSAGE, "content": text, "metadata": 7})
    assert (caught.value.path, caught.value.value) == ("metadata", 7)


@pytest.mark.parametrize(
    "value",
    [object(), deep(10_000), "\ud800", 1 << 70, {1: 2}],
    ids=["object", "too deep", "surrogate", "huge", "keys"],
)
def test_values_that_json_cannot_encode_are_refused(value: Any) -> None:
    """A TypeError or ValidationError before any I/O, never something of msgspec's or a RecursionError."""
    with pytest.raises((TypeError, ValidationError), match=r"^assistants\.create\(\)"):
        call(CREATE_ASSISTANT, {**MODEL, "metadata": value})


def test_objects_mappings_and_tuples_are_sent_alike() -> None:
    """A model, the mapping it came from and a tuple in place of a list make the same bytes."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}, "strict": True}}
    search = {"type": "file_search", "file_search": {"max_num_results": 3}}
    plain = {
        "assistant_id": "asst_1",
        "tools": [tool, search, {"type": "code_interpreter"}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
        "truncation_strategy": {"type": "last_messages", "last_messages": 2},
        "additional_messages": [{"role": "user", "content": [{"type": "image_file", "image_file": {"file_id": "f"}}]}],
    }
    function = FunctionDefinition(name="f", parameters={"type": "object"}, strict=True)
    models = {
        "assistant_id": Assistant(id="asst_1"),
        "tools": (
            FunctionTool(function=function),
            FileSearchTool(file_search=FileSearchOptions(max_num_results=3)),
            CodeInterpreterTool(),
        ),
        "tool_choice": NamedToolChoice(type="function", function=FunctionName(name="f")),
        "response_format": JSONSchemaFormat(json_schema=JSONSchema(name="n", schema={"type": "object"})),
        "truncation_strategy": TruncationStrategy(type="last_messages", last_messages=2),
        "additional_messages": ({"role": "user", "content": (ImageFileContent(image_file=ImageFile(file_id="f")),)},),
    }
    assert body(CREATE_RUN, plain) == plain
    assert body(CREATE_RUN, models) == plain


def test_empty_lists_of_resources_are_sent() -> None:
    """An empty list takes files away, which leaving it out would not."""
    resources = ToolResources(code_interpreter=CodeInterpreterResources(file_ids=()))
    assert body(MODIFY_THREAD, {"tool_resources": resources}) == {
        "tool_resources": {"code_interpreter": {"file_ids": []}}
    }


SERVERS_OWN: dict[str, tuple[Row, str, Any]] = {
    "tool": (CREATE_ASSISTANT, "tools", [{"type": "bing_grounding", "bing_grounding": {"connections": [{"id": "c"}]}}]),
    "part": (CREATE_MESSAGE, "content", [{"type": "input_audio", "input_audio": {"data": "x"}}]),
    "format": (CREATE_RUN, "response_format", {"type": "grammar", "grammar": "x"}),
    "tool of an attachment": (CREATE_MESSAGE, "attachments", [{"file_id": "f", "tools": [{"type": "deep_research"}]}]),
}
NEEDED = {"assistants.create": MODEL, "messages.create": MESSAGE, "runs.create": RUN}


@pytest.mark.parametrize(("row", "name", "value"), SERVERS_OWN.values(), ids=SERVERS_OWN.keys())
def test_a_type_of_the_servers_own_is_sent_as_given(row: Row, name: str, value: Any) -> None:
    """A mapping of an unknown `type` passes the check, and not a member of it is lost."""
    assert body(row, {**NEEDED[row.name], name: value})[name] == value


def test_an_unknown_tool_goes_back_as_it_came() -> None:
    """A server's value that this version does not know is sent back unchanged."""
    raw = {"type": "mcp", "server": {"url": "https://mcp.test"}, "n": None}
    assert body(CREATE_ASSISTANT, {**MODEL, "tools": [Unknown(raw=raw)]})["tools"] == [raw]


def test_absent_null_and_value_are_three_things() -> None:
    """UNSET is left out, None is sent as null."""
    keywords = {**MODEL, "name": None, "description": msgspec.UNSET, "instructions": ""}
    assert body(CREATE_ASSISTANT, keywords) == {"model": "gpt-4o", "name": None, "instructions": ""}


def test_unset_counts_as_missing() -> None:
    """A required keyword that is UNSET is not there."""
    with pytest.raises(TypeError, match="missing required keyword argument: 'model'"):
        call(CREATE_ASSISTANT, {"model": msgspec.UNSET})


def test_objects_are_sent_as_ids_in_keywords() -> None:
    """`…_id` and `…_ids` take the object, in the body as in the query."""
    file = File(id="file_1")
    assert body(CREATE_ASSISTANT_FILE, {"file_id": file}, "v1") == {"file_id": "file_1"}
    assert body(CREATE_MESSAGE, {**MESSAGE, "file_ids": (file, "file_2")}, "v1")["file_ids"] == ["file_1", "file_2"]
    assert call(LIST_MESSAGES, {"run_id": Run(id="run_1")}).query == {"run_id": "run_1"}


def test_objects_are_sent_as_ids_in_lists() -> None:
    """In objects inside a request too, such as the files of a batch."""
    files = [{"file_id": File(id="file_1")}, {"file_id": "file_2"}]
    assert body(CREATE_FILE_BATCH, {"files": files}) == {"files": [{"file_id": "file_1"}, {"file_id": "file_2"}]}
    assert files[0] == {"file_id": File(id="file_1")}
    message = {**MESSAGE, "file_ids": [File(id="file_1")]}
    assert body(CREATE_THREAD, {"messages": [message]}, "v1")["messages"][0]["file_ids"] == ["file_1"]


@pytest.mark.parametrize("given", [{}, {"file_ids": ["a"], "files": [{"file_id": "a"}]}], ids=["neither", "both"])
def test_one_of_two_keywords_is_given(given: dict[str, Any]) -> None:
    """A batch is of ids or of files: neither is refused, and so are both, before anything is sent."""
    with pytest.raises(ValidationError, match="expected exactly one of `file_ids` and `files`") as caught:
        call(CREATE_FILE_BATCH, given)
    assert (caught.value.path, caught.value.value) == ("files", list(given))


def test_an_object_is_no_value_elsewhere() -> None:
    """In a member that takes no id, an object is checked like any mapping."""
    with pytest.raises(ValidationError) as caught:
        call(CREATE_ASSISTANT, {"model": Thread(id="thread_1")})
    assert caught.value.path == "model"


class Order(str, Enum):  # noqa: UP042  # what services had before StrEnum
    """An order as an enum, as services write it."""

    NEWEST = "desc"


def test_an_enum_is_sent_by_its_value() -> None:
    """The checked value is the sent value, in the query as in the body."""
    assert body(CREATE_ASSISTANT, {"model": Order.NEWEST}) == {"model": "desc"}
    assert call(LIST_RUNS, {"order": Order.NEWEST}).query["order"] == "desc"


def test_keywords_part_into_query_and_body() -> None:
    """Those of a GET are its query; `include` of a POST is too, under its wire name."""
    request = call(CREATE_RUN, {**RUN, "include": ["a"]})
    assert (request.query, request.body) == ({"include[]": ["a"]}, RUN)
    listed = call(LIST_RUN_STEPS, {"include": ["a"], "limit": 3})
    assert (listed.query, listed.body) == ({"include[]": ["a"], "limit": 3}, None)


def test_unchecked_keywords_are_sent_as_given() -> None:
    """`validate=False` lets a server's own keywords through, and limits are the server's."""
    request = bind(CREATE_ASSISTANT, (), {"shiny": 1, "temperature": 9}, protocol="v2", validate=False)
    assert request.body == {"shiny": 1, "temperature": 9}
    assert bind(LIST_RUNS, ("thread_1",), {"limit": 999, "x": 1}, protocol="v2", validate=False).query == {
        "limit": 999,
        "x": 1,
    }


def test_the_callers_values_are_left_alone() -> None:
    """Binding copies values that it changes: the caller's mapping is as it was."""
    keywords: dict[str, Any] = {"assistant_id": Assistant(id="asst_1"), "name": msgspec.UNSET, "metadata": {"a": "b"}}
    before = dict(keywords)
    bind(CREATE_RUN, ("thread_1",), keywords, protocol="v2", validate=False)
    assert keywords == before


@pytest.mark.parametrize("validate", [True, False])
def test_an_operation_without_keywords_takes_none(validate: bool) -> None:
    """Or sends them as they are, where nothing is checked: none is lost."""
    row = find("getThread")
    if validate:
        with pytest.raises(TypeError, match=r"threads\.retrieve\(\) got an unexpected keyword argument 'expand'"):
            bind(row, ("t",), {"expand": "x"}, protocol="v2")
    else:
        assert bind(row, ("t",), {"expand": "x"}, protocol="v2", validate=False).query == {"expand": "x"}


def test_a_value_inside_an_object_is_named() -> None:
    """The path leads into the object, as far as it can be followed, and the value there is shown."""
    tool = FileSearchTool(file_search=FileSearchOptions(max_num_results=500))
    with pytest.raises(ValidationError, match=r"tools\[0\]\.file_search\.max_num_results: expected `int` <= 50"):
        bind(find("createAssistant"), (), {"model": "m", "tools": [tool]}, protocol="v2")
