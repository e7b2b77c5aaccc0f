"""Keywords of the operations: what is refused, by which name, and what goes over the wire."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

import msgspec
import pytest

from assistants_async import Assistant, File, Run, Thread, Unknown, ValidationError, WrongProtocolError
from assistants_async.core.requests.endpoint import Endpoint, ProtocolVersion
from assistants_async.core.requests.request import Request, bind
from assistants_async.core.requests.validation import encoded
from assistants_async.endpoints import (
    CREATE_ASSISTANT,
    CREATE_ASSISTANT_FILE,
    CREATE_FILE,
    CREATE_FILE_BATCH,
    CREATE_MESSAGE,
    CREATE_RUN,
    CREATE_THREAD,
    CREATE_THREAD_AND_RUN,
    DELETE_MESSAGE,
    GET_RUN_STEP,
    KINDS,
    LIST_ASSISTANT_FILES,
    LIST_FILES,
    LIST_MESSAGES,
    LIST_RUN_STEPS,
    LIST_RUNS,
    MODIFY_THREAD,
    SUBMIT_TOOL_OUTPUTS,
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

Row = Endpoint[Any, Any]

RUN = {"assistant_id": "asst_1"}
MODEL = {"model": "gpt-4o"}
MESSAGE = {"role": "user", "content": "hi"}


def call(row: Row, keywords: dict[str, Any], protocol: ProtocolVersion = "v2") -> Request:
    """Bind a row with an id for each of its places."""
    return bind(row, ("id_1",) * len(row.parameters), keywords, protocol=protocol, kinds=KINDS)


def body(row: Row, keywords: dict[str, Any], protocol: ProtocolVersion = "v2") -> Any:
    """The JSON that a call would send."""
    return json.loads(encoded(row.name, call(row, keywords, protocol).body))


def deep(depth: int) -> dict[str, Any]:
    """A mapping inside a mapping, so many times."""
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


UNKNOWN: dict[str, tuple[Row, dict[str, Any], str]] = {
    "misspelt": (CREATE_ASSISTANT, {**MODEL, "instruction": "x"}, "'instruction', did you mean 'instructions'?"),
    "nothing like it": (CREATE_ASSISTANT, {**MODEL, "zzz": 1}, "'zzz'"),
    "of another operation": (LIST_RUNS, {"run_id": "x"}, "'run_id'"),
    "in a list": (
        CREATE_THREAD,
        {"messages": [MESSAGE, {**MESSAGE, "roles": 1}]},
        "'messages[1].roles', did you mean 'messages[1].role'?",
    ),
    "in an object in a list": (
        CREATE_THREAD_AND_RUN,
        {**RUN, "thread": {"messages": [{**MESSAGE, "contents": ""}]}},
        "'thread.messages[0].contents', did you mean 'thread.messages[0].content'?",
    ),
    "in a tool output": (
        SUBMIT_TOOL_OUTPUTS,
        {"tool_outputs": [{"tool_call_id": "c", "outputs": "x"}]},
        "'tool_outputs[0].outputs', did you mean 'tool_outputs[0].output'?",
    ),
    "in a form": (
        CREATE_FILE,
        {"purpose": "vision", "expires_after": {"anchor": "created_at", "second": 1}},
        "'expires_after.second', did you mean 'expires_after.seconds'?",
    ),
    "stream": (CREATE_RUN, {**RUN, "stream": True}, "takes no 'stream': use runs.create(…).stream()"),
    "no name at all": (CREATE_THREAD, {"messages": [{**MESSAGE, 1: "x"}]}, "'messages[0].1'"),
}


@pytest.mark.parametrize(("row", "keywords", "words"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_keyword_is_refused_at_every_depth(row: Row, keywords: dict[str, Any], words: str) -> None:
    """A TypeError names the method and the path, and the name that was probably meant."""
    with pytest.raises(TypeError) as caught:
        call(row, keywords)
    assert str(caught.value).startswith(f"{row.name}() ")
    assert str(caught.value).endswith(words)


MISSING: dict[str, tuple[Row, dict[str, Any], str]] = {
    "of the body": (CREATE_ASSISTANT, {"name": "x"}, "'model'"),
    "of an empty call": (CREATE_RUN, {}, "'assistant_id'"),
    "of the form": (CREATE_FILE, {}, "'purpose'"),
    "in a list": (CREATE_THREAD, {"messages": [MESSAGE, {"role": "user"}]}, "'messages[1].content'"),
    "in an object in a list": (
        CREATE_THREAD_AND_RUN,
        {**RUN, "thread": {"messages": [{"content": ""}]}},
        "'thread.messages[0].role'",
    ),
    "in a tool output": (SUBMIT_TOOL_OUTPUTS, {"tool_outputs": [{"output": "x"}]}, "'tool_outputs[0].tool_call_id'"),
}


@pytest.mark.parametrize(("row", "keywords", "path"), MISSING.values(), ids=MISSING.keys())
def test_a_missing_keyword_is_refused_at_every_depth(row: Row, keywords: dict[str, Any], path: str) -> None:
    """A TypeError names the method and the path."""
    with pytest.raises(TypeError) as caught:
        call(row, keywords)
    assert str(caught.value) == f"{row.name}() missing required keyword argument: {path}"


def pairs(count: int, key: int = 1, value: int = 1) -> dict[str, str]:
    """Metadata of so many pairs, with keys and values of at least these lengths."""
    return {str(place).zfill(key): "v" * value for place in range(count)}


# (row, what else the call needs, keyword, largest or smallest value that passes, first value that does not, path, rule)
LIMITS: dict[str, tuple[Row, dict[str, Any], str, Any, Any, str, str]] = {
    "limit, least": (LIST_RUNS, {}, "limit", 1, 0, "limit", "`int` >= 1"),
    "limit, most": (LIST_RUNS, {}, "limit", 100, 101, "limit", "`int` <= 100"),
    "limit of files": (LIST_FILES, {}, "limit", 10_000, 10_001, "limit", "`int` <= 10000"),
    "order": (LIST_MESSAGES, {}, "order", "asc", "up", "order", "invalid enum value"),
    "name": (CREATE_ASSISTANT, MODEL, "name", "x" * 256, "x" * 257, "name", "length <= 256"),
    "description": (CREATE_ASSISTANT, MODEL, "description", "x" * 512, "x" * 513, "description", "length <= 512"),
    "instructions": (
        CREATE_ASSISTANT,
        MODEL,
        "instructions",
        "x" * 256_000,
        "x" * 256_001,
        "instructions",
        "length <= 256000",
    ),
    "temperature, most": (CREATE_ASSISTANT, MODEL, "temperature", 2, 2.01, "temperature", "<= 2"),
    "temperature, least": (CREATE_RUN, RUN, "temperature", 0, -0.01, "temperature", ">= 0"),
    "top_p, most": (CREATE_RUN, RUN, "top_p", 1, 1.01, "top_p", "<= 1"),
    "top_p, least": (CREATE_RUN, RUN, "top_p", 0, -1, "top_p", ">= 0"),
    "tools of an assistant": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "mcp"}] * 128,
        [{"type": "mcp"}] * 129,
        "tools",
        "length <= 128",
    ),
    "tools of a run": (
        CREATE_RUN,
        RUN,
        "tools",
        [{"type": "mcp"}] * 20,
        [{"type": "mcp"}] * 21,
        "tools",
        "length <= 20",
    ),
    "prompt tokens": (CREATE_RUN, RUN, "max_prompt_tokens", 256, 255, "max_prompt_tokens", ">= 256"),
    "completion tokens": (CREATE_RUN, RUN, "max_completion_tokens", 256, 255, "max_completion_tokens", ">= 256"),
    "metadata pairs": (MODIFY_THREAD, {}, "metadata", pairs(16), pairs(17), "metadata", "length <= 16"),
    "metadata keys": (MODIFY_THREAD, {}, "metadata", pairs(1, key=64), pairs(1, key=65), "metadata", "length <= 64"),
    "metadata values": (
        MODIFY_THREAD,
        {},
        "metadata",
        pairs(1, value=512),
        pairs(1, value=513),
        "metadata.0",
        "length <= 512",
    ),
    "metadata of other values": (
        MODIFY_THREAD,
        {},
        "metadata",
        {"a": "1"},
        {"a": 1},
        "metadata.a",
        "expected `str`",
    ),
    "parts of a message": (
        CREATE_MESSAGE,
        {"role": "user"},
        "content",
        [{"type": "text", "text": ""}],
        [],
        "content",
        "length >= 1",
    ),
    "role": (CREATE_MESSAGE, {"content": "x"}, "role", "assistant", "system", "role", "invalid enum value"),
    "last messages": (
        CREATE_RUN,
        RUN,
        "truncation_strategy",
        {"type": "last_messages", "last_messages": 1},
        {"type": "last_messages", "last_messages": 0},
        "truncation_strategy.last_messages",
        ">= 1",
    ),
    "files of the code interpreter": (
        CREATE_THREAD,
        {},
        "tool_resources",
        {"code_interpreter": {"file_ids": ["f"] * 20}},
        {"code_interpreter": {"file_ids": ["f"] * 21}},
        "tool_resources.code_interpreter.file_ids",
        "length <= 20",
    ),
    "stores of file search": (
        MODIFY_THREAD,
        {},
        "tool_resources",
        {"file_search": {"vector_store_ids": ["v"]}},
        {"file_search": {"vector_store_ids": ["v", "w"]}},
        "tool_resources.file_search.vector_store_ids",
        "length <= 1",
    ),
    "chunk size": (
        CREATE_THREAD,
        {},
        "tool_resources",
        {
            "file_search": {
                "vector_stores": [
                    {
                        "chunking_strategy": {
                            "type": "static",
                            "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50},
                        }
                    }
                ]
            }
        },
        {
            "file_search": {
                "vector_stores": [
                    {
                        "chunking_strategy": {
                            "type": "static",
                            "static": {"max_chunk_size_tokens": 99, "chunk_overlap_tokens": 0},
                        }
                    }
                ]
            }
        },
        "tool_resources.file_search.vector_stores[0].chunking_strategy.static.max_chunk_size_tokens",
        ">= 100",
    ),
    "search results": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "file_search", "file_search": {"max_num_results": 50}}],
        [{"type": "file_search", "file_search": {"max_num_results": 51}}],
        "tools[0].file_search.max_num_results",
        "<= 50",
    ),
    "score": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 1}}}],
        [{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 1.1}}}],
        "tools[0].file_search.ranking_options.score_threshold",
        "<= 1",
    ),
    "name of a function": (
        CREATE_ASSISTANT,
        MODEL,
        "tools",
        [{"type": "function", "function": {"name": "a_-9" * 16}}],
        [{"type": "function", "function": {"name": "get weather"}}],
        "tools[0].function.name",
        "matching regex",
    ),
    "name of a format": (
        CREATE_RUN,
        RUN,
        "response_format",
        {"type": "json_schema", "json_schema": {"name": "n"}},
        {"type": "json_schema", "json_schema": {"name": ""}},
        "response_format.json_schema.name",
        "matching regex",
    ),
    "life of a file, least": (
        CREATE_FILE,
        {"purpose": "vision"},
        "expires_after",
        {"anchor": "created_at", "seconds": 3600},
        {"anchor": "created_at", "seconds": 3599},
        "expires_after.seconds",
        ">= 3600",
    ),
    "life of a file, most": (
        CREATE_FILE,
        {"purpose": "vision"},
        "expires_after",
        {"anchor": "created_at", "seconds": 2_592_000},
        {"anchor": "created_at", "seconds": 2_592_001},
        "expires_after.seconds",
        "<= 2592000",
    ),
    "anchor of a file's life": (
        CREATE_FILE,
        {"purpose": "vision"},
        "expires_after",
        {"anchor": "created_at", "seconds": 3600},
        {"anchor": "now", "seconds": 3600},
        "expires_after.anchor",
        "invalid enum value",
    ),
}


@pytest.mark.parametrize(("row", "rest", "name", "good", "bad", "path", "rule"), LIMITS.values(), ids=LIMITS.keys())
def test_each_documented_limit_holds_at_its_edge(
    row: Row, rest: dict[str, Any], name: str, good: Any, bad: Any, path: str, rule: str
) -> None:
    """The last value inside passes; the first outside is a ValidationError with path, rule and value."""
    call(row, {**rest, name: good})
    with pytest.raises(ValidationError) as caught:
        call(row, {**rest, name: bad})
    assert (caught.value.operation, caught.value.path) == (row.name, path)
    assert rule in caught.value.rule
    assert str(caught.value).startswith(
        f"{row.name}(): {path}: expected" if "enum" not in rule else f"{row.name}(): {path}: invalid"
    )


# Protocol v1 narrows what it shares with v2.
LIMITS_V1: dict[str, tuple[Row, dict[str, Any], str, Any, Any, str, str]] = {
    "content, least": (CREATE_MESSAGE, {"role": "user"}, "content", "x", "", "content", "length >= 1"),
    "content, most": (
        CREATE_MESSAGE,
        {"role": "user"},
        "content",
        "x" * 256_000,
        "x" * 256_001,
        "content",
        "length <= 256000",
    ),
    "content in a thread": (
        CREATE_THREAD,
        {},
        "messages",
        [MESSAGE],
        [{"role": "user", "content": ""}],
        "messages[0].content",
        "length >= 1",
    ),
    "content in a run's thread": (
        CREATE_THREAD_AND_RUN,
        RUN,
        "thread",
        {"messages": [MESSAGE]},
        {"messages": [{"role": "user", "content": ""}]},
        "thread.messages[0].content",
        "length >= 1",
    ),
    "files of a message, most": (
        CREATE_MESSAGE,
        MESSAGE,
        "file_ids",
        ["f"] * 10,
        ["f"] * 11,
        "file_ids",
        "length <= 10",
    ),
    "files of a message, least": (CREATE_MESSAGE, MESSAGE, "file_ids", ["f"], [], "file_ids", "length >= 1"),
    "files of an assistant": (CREATE_ASSISTANT, MODEL, "file_ids", ["f"] * 20, ["f"] * 21, "file_ids", "length <= 20"),
}


@pytest.mark.parametrize(
    ("row", "rest", "name", "good", "bad", "path", "rule"), LIMITS_V1.values(), ids=LIMITS_V1.keys()
)
def test_limits_of_protocol_v1_hold_there(
    row: Row, rest: dict[str, Any], name: str, good: Any, bad: Any, path: str, rule: str
) -> None:
    """What v2 allows and v1 does not is refused by a client of v1."""
    call(row, {**rest, name: good}, "v1")
    with pytest.raises(ValidationError) as caught:
        call(row, {**rest, name: bad}, "v1")
    assert caught.value.path == path
    assert rule in caught.value.rule


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
def test_what_the_protocol_lacks_is_refused_by_name(
    row: Row, keywords: dict[str, Any], protocol: ProtocolVersion, field: str | None, wanted: str
) -> None:
    """The error says which operation or member it is, and which version has it."""
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
        {"role": "user", "content": [{"type": "text", "text": {"value": "x"}}]},
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
    """A ValidationError names the path, and shows the value that stands there."""
    with pytest.raises(ValidationError) as caught:
        call(row, keywords)
    assert caught.value.path == path
    value: Any = keywords
    for step in path.replace("[", ".[").split("."):
        value = value[int(step[1:-1])] if step.startswith("[") else value[step]
    assert caught.value.value == value or value != value  # noqa: PLR0124  # NaN


@pytest.mark.parametrize("text", ["short", "long " * 20_000])
def test_a_long_text_hides_no_value_beside_it(text: str) -> None:
    """Every member is held to its rules, and a text that is sent is the one that was given."""
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
def test_what_json_cannot_hold_is_refused_before_io(value: Any) -> None:
    """A TypeError or ValidationError, never something of msgspec's or a RecursionError."""
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
    """What a server sent and this version does not know is sent back unchanged."""
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


def test_objects_stand_for_their_ids_in_keywords() -> None:
    """`…_id` and `…_ids` take the object, in the body as in the query."""
    file = File(id="file_1")
    assert body(CREATE_ASSISTANT_FILE, {"file_id": file}, "v1") == {"file_id": "file_1"}
    assert body(CREATE_MESSAGE, {**MESSAGE, "file_ids": (file, "file_2")}, "v1")["file_ids"] == ["file_1", "file_2"]
    assert call(LIST_MESSAGES, {"run_id": Run(id="run_1")}).query == {"run_id": "run_1"}


def test_objects_stand_for_their_ids_in_lists_of_objects() -> None:
    """Where a request holds others, such as the files of a batch."""
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
    """Where no id is asked for, an object is checked like any mapping."""
    with pytest.raises(ValidationError) as caught:
        call(CREATE_ASSISTANT, {"model": Thread(id="thread_1")})
    assert caught.value.path == "model"


class Order(str, Enum):  # noqa: UP042  # what services had before StrEnum
    """An order as an enum, as services write it."""

    NEWEST = "desc"


def test_an_enum_is_sent_by_its_value() -> None:
    """What is checked is what is sent, in the query as in the body."""
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
    """Binding copies what it changes: the caller's mapping is as it was."""
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
    """The path leads into the object, and what stands at its last step that can be followed is shown."""
    tool = FileSearchTool(file_search=FileSearchOptions(max_num_results=500))
    with pytest.raises(ValidationError, match=r"tools\[0\]\.file_search\.max_num_results: expected `int` <= 50"):
        bind(find("createAssistant"), (), {"model": "m", "tools": [tool]}, protocol="v2")
