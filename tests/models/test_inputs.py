"""Requests checked by the rules: the JSON of keywords and of the values inside them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from assistants_async.endpoints import TABLE
from assistants_async.models import params
from assistants_async.models.assistants import Assistant
from assistants_async.models.decoding import Decoder, decoder_for, encode
from assistants_async.models.messages import Attachment, ImageURL, ImageURLContent, TextContent
from assistants_async.models.params import (
    CreateAssistantParams,
    CreateMessageParams,
    CreateRunParams,
    CreateThreadAndRunParams,
    CreateThreadParams,
    ListParams,
    ModifyAssistantParams,
    SubmitToolOutputsParams,
)
from assistants_async.models.params_files import CreateFileParams, ListFilesParams
from assistants_async.models.tools import CodeInterpreterTool, FunctionDefinition, FunctionTool
from assistants_async.models.unions import Unknown


def accept(kind: type, **values: Any) -> None:
    decoder_for(kind).decode_request(encode(values))


def refuse(kind: type, rule: str, path: str, **values: Any) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        accept(kind, **values)
    message = str(caught.value)
    assert rule in message
    assert message.endswith(f"`{path}`") if path else "at `" not in message


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (CreateAssistantParams, {"model": "m"}),
        (
            CreateAssistantParams,
            {"model": "m", "name": None, "tools": [], "metadata": None, "temperature": 0, "top_p": 1.0},
        ),
        (CreateAssistantParams, {"model": "m", "name": "é" * 256, "instructions": "x" * 256_000}),
        (CreateAssistantParams, {"model": "m", "tools": [{"type": "code_interpreter"}] * 128}),
        (CreateAssistantParams, {"model": "m", "reasoning_effort": "of the server's own"}),
        (CreateAssistantParams, {"model": "m", "metadata": {str(i): "v" * 512 for i in range(16)}}),
        (ModifyAssistantParams, {}),
        (ModifyAssistantParams, {"tool_resources": {"file_search": {"vector_store_ids": []}}}),
        (ModifyAssistantParams, {"tool_resources": {"file_search": {}}}),
        (CreateThreadParams, {}),
        (CreateThreadParams, {"messages": [{"role": "user", "content": "hi"}]}),
        (CreateMessageParams, {"role": "assistant", "content": ""}),
        (CreateMessageParams, {"role": "user", "content": [{"type": "text", "text": "hi"}]}),
        (CreateRunParams, {"assistant_id": "a", "tool_choice": "required", "response_format": "auto", "tools": None}),
        (CreateRunParams, {"assistant_id": "a", "truncation_strategy": {"type": "auto", "last_messages": None}}),
        (CreateThreadAndRunParams, {"assistant_id": "a", "thread": {"messages": [{"role": "user", "content": "x"}]}}),
        (SubmitToolOutputsParams, {"tool_outputs": [{"tool_call_id": "c"}, {"tool_call_id": "d", "output": ""}]}),
        (SubmitToolOutputsParams, {"tool_outputs": []}),
        (CreateFileParams, {"purpose": "mine", "expires_after": {"anchor": "created_at", "seconds": 3600}}),
        (ListParams, {"limit": 1, "order": "asc", "after": "x", "before": "y"}),
        (ListFilesParams, {"limit": 10_000}),
    ],
)
def test_allowed_values(kind: type, values: dict[str, Any]) -> None:
    """Values at their limits and words of the server's own pass."""
    accept(kind, **values)


@pytest.mark.parametrize(
    ("kind", "values", "rule", "path"),
    [
        (CreateAssistantParams, {}, "missing required field `model`", ""),
        (CreateAssistantParams, {"model": None}, "got `null`", "$.model"),
        (CreateAssistantParams, {"model": "m", "name": "x" * 257}, "<= 256", "$.name"),
        (CreateAssistantParams, {"model": "m", "tools": None}, "got `null`", "$.tools"),
        (CreateAssistantParams, {"model": "m", "tools": [{"type": "code_interpreter"}] * 129}, "<= 128", "$.tools"),
        (CreateAssistantParams, {"model": "m", "tools": [{"type": "mcp"}] * 129}, "<= 128", "$.tools"),
        (CreateAssistantParams, {"model": "m", "temperature": 2.1}, "<= 2.0", "$.temperature"),
        (CreateAssistantParams, {"model": "m", "top_p": -0.1}, ">= 0.0", "$.top_p"),
        (CreateAssistantParams, {"model": "m", "temperature": True}, "got `bool`", "$.temperature"),
        (CreateAssistantParams, {"model": "m", "metadata": {str(i): "" for i in range(17)}}, "<= 16", "$.metadata"),
        (CreateAssistantParams, {"model": "m", "metadata": {"k" * 65: ""}}, "<= 64", "$.metadata"),
        (CreateAssistantParams, {"model": "m", "metadata": {"k": "v" * 513}}, "<= 512", "$.metadata[...]"),
        (CreateAssistantParams, {"model": "m", "metadata": {"k": 1}}, "got `int`", "$.metadata[...]"),
        (CreateMessageParams, {"role": "system", "content": "x"}, "'system'", "$.role"),
        (CreateMessageParams, {"role": "user", "content": []}, ">= 1", "$.content"),
        (CreateMessageParams, {"role": "user", "content": None}, "got `null`", "$.content"),
        (CreateMessageParams, {"role": "user", "content": "x", "file_ids": []}, ">= 1", "$.file_ids"),
        (CreateRunParams, {"assistant_id": "a", "tools": [{"type": "retrieval"}] * 21}, "<= 20", "$.tools"),
        (CreateRunParams, {"assistant_id": "a", "max_prompt_tokens": 255}, ">= 256", "$.max_prompt_tokens"),
        (
            CreateRunParams,
            {"assistant_id": "a", "truncation_strategy": {"type": "x"}},
            "'x'",
            "$.truncation_strategy.type",
        ),
        (
            CreateRunParams,
            {"assistant_id": "a", "truncation_strategy": {"type": "last_messages", "last_messages": 0}},
            ">= 1",
            "$.truncation_strategy.last_messages",
        ),
        (
            CreateThreadAndRunParams,
            {"assistant_id": "a", "thread": {"messages": [{"role": "user"}]}},
            "missing required field `content`",
            "$.thread.messages[0]",
        ),
        (SubmitToolOutputsParams, {"tool_outputs": [{"output": "x"}]}, "`tool_call_id`", "$.tool_outputs[0]"),
        (
            SubmitToolOutputsParams,
            {"tool_outputs": [{"tool_call_id": "c", "output": 7}]},
            "got `int`",
            "$.tool_outputs[0].output",
        ),
        (
            CreateFileParams,
            {"purpose": "x", "expires_after": {"anchor": "now", "seconds": 3600}},
            "'now'",
            "$.expires_after.anchor",
        ),
        (
            CreateFileParams,
            {"purpose": "x", "expires_after": {"anchor": "created_at", "seconds": 60}},
            ">= 3600",
            "$.expires_after.seconds",
        ),
        (ListParams, {"limit": 0}, ">= 1", "$.limit"),
        (ListParams, {"limit": 101}, "<= 100", "$.limit"),
        (ListParams, {"limit": "20"}, "got `str`", "$.limit"),
        (ListParams, {"order": "up"}, "'up'", "$.order"),
        (ListFilesParams, {"limit": 10_001}, "<= 10000", "$.limit"),
    ],
)
def test_refused_values(kind: type, values: dict[str, Any], rule: str, path: str) -> None:
    """The error names the broken rule, and the place."""
    refuse(kind, rule, path, **values)


TOOL_ERRORS: list[tuple[dict[str, Any], str, str]] = [
    ({"type": "function"}, "missing required field `function`", ""),
    ({"type": "function", "function": {}}, "missing required field `name`", ".function"),
    ({"type": "function", "function": {"name": "get weather"}}, "matching regex", ".function.name"),
    ({"type": "function", "function": {"name": "x" * 65}}, "matching regex", ".function.name"),
    ({"type": "function", "function": {"name": "f\n"}}, "matching regex", ".function.name"),
    ({"type": "function", "function": {"name": "f", "parameters": None}}, "got `null`", ".function.parameters"),
    ({"type": "function", "function": {"name": "f", "params": {}}}, "unknown field `params`", ".function"),
    ({"type": "code_interpreter", "x": 1}, "unknown field `x`", ""),
    ({"type": "file_search", "file_search": {"max_num_results": 51}}, "<= 50", ".file_search.max_num_results"),
    (
        {"type": "file_search", "file_search": {"ranking_options": {}}},
        "`score_threshold`",
        ".file_search.ranking_options",
    ),
    (
        {"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 1.5}}},
        "<= 1.0",
        ".file_search.ranking_options.score_threshold",
    ),
    ({"typ": "function"}, "missing required field `type`", ""),
    ({"type": 7}, "got `int`", ".type"),
]


@pytest.mark.parametrize(("tool", "rule", "path"), TOOL_ERRORS)
@pytest.mark.parametrize("neighbours", [[], [{"type": "mcp", "server": "s"}]])
def test_known_tools_are_checked(tool: dict[str, Any], rule: str, path: str, neighbours: list[Any]) -> None:
    """A tool of a known type must be right, beside tools of the server's own as well."""
    where = f"$.tools[{len(neighbours)}]{path}"
    refuse(CreateAssistantParams, rule, where, model="m", tools=[*neighbours, tool])


@pytest.mark.parametrize(
    "tool", [{"type": "mcp"}, {"type": "openapi", "openapi": {"spec": {}}}, Unknown(raw={"type": "bing_grounding"})]
)
def test_tools_of_the_servers_own_pass(tool: Any) -> None:
    """A tool of an unknown type is sent as given, as a mapping or as it was received."""
    accept(CreateAssistantParams, model="m", tools=[tool])
    accept(CreateRunParams, assistant_id="a", tools=(tool,), response_format={"type": "grammar"})
    accept(
        CreateMessageParams, role="user", content=[{"type": "audio"}], attachments=[{"file_id": "f", "tools": [tool]}]
    )


def test_nothing_is_mended_beside_unknown_members() -> None:
    """One unknown tool does not make null a list, a float a number or a list an object."""
    tools = [{"type": "mcp"}]
    refuse(CreateAssistantParams, "got `null`", "$.file_ids", model="m", tools=tools, file_ids=None)
    refuse(
        CreateRunParams, "got `float`", "$.max_prompt_tokens", assistant_id="a", tools=tools, max_prompt_tokens=300.5
    )
    refuse(ModifyAssistantParams, "got `array`", "$.tool_resources", tools=tools, tool_resources=[{}])
    refuse(ModifyAssistantParams, "got `array`", "$.metadata", tools=tools, metadata=[])
    refuse(ModifyAssistantParams, "got `str`", "$.tools[1]", tools=[*tools, "code_interpreter"])


@pytest.mark.parametrize(
    ("kind", "prefix", "wrap"),
    [
        (CreateAssistantParams, "$", lambda resources: {"model": "m", "tool_resources": resources}),
        (CreateThreadParams, "$", lambda resources: {"tool_resources": resources}),
        (
            CreateThreadAndRunParams,
            "$.thread",
            lambda resources: {"assistant_id": "a", "thread": {"tool_resources": resources}},
        ),
    ],
)
def test_one_source_of_vector_stores(kind: type, prefix: str, wrap: Any) -> None:
    """An assistant or thread names a store or makes one: not both, not neither."""
    store = {
        "file_ids": ["f"],
        "chunking_strategy": {"type": "static", "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}},
    }
    accepted: list[dict[str, Any]] = [{"vector_store_ids": ["v"]}, {"vector_store_ids": []}, {"vector_stores": [store]}]
    for search in accepted:
        accept(kind, **wrap({"file_search": search}))
    refused: list[dict[str, Any]] = [{}, {"vector_store_ids": [], "vector_stores": []}]
    for search in refused:
        refuse(
            kind,
            "exactly one of `vector_store_ids` and `vector_stores`",
            f"{prefix}.tool_resources.file_search",
            **wrap({"file_search": search}),
        )
    refuse(
        kind,
        "<= 1",
        f"{prefix}.tool_resources.file_search.vector_stores",
        **wrap({"file_search": {"vector_stores": [store, store]}}),
    )
    refuse(
        kind,
        "<= 20",
        f"{prefix}.tool_resources.code_interpreter.file_ids",
        **wrap({"code_interpreter": {"file_ids": ["f"] * 21}}),
    )


def test_chunks_overlap_by_half_at_most() -> None:
    """The rule is in the prose of the document only."""
    static = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 401}
    stores = [{"chunking_strategy": {"type": "static", "static": static}}]
    refuse(
        CreateThreadParams,
        "at most half",
        "$.tool_resources.file_search.vector_stores[0].chunking_strategy.static",
        tool_resources={"file_search": {"vector_stores": stores}},
    )


def test_received_values_can_be_sent() -> None:
    """Tools, resources and formats of an answer are accepted unchanged in a request."""
    assistant = Assistant.from_dict(
        {
            "id": "a",
            "model": "m",
            "tools": [
                {"type": "code_interpreter"},
                {"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0.0}}},
                {"type": "function", "function": {"name": "f", "strict": None, "parameters": {}}},
                {"type": "mcp", "x": [None]},
            ],
            "tool_resources": {"code_interpreter": {"file_ids": []}, "file_search": {"vector_store_ids": ["v"]}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": None, "schema": {}}},
            "temperature": 1,
        }
    )
    accept(
        CreateAssistantParams,
        model=assistant.model,
        tools=assistant.tools,
        tool_resources=assistant.tool_resources,
        response_format=assistant.response_format,
        temperature=assistant.temperature,
        metadata=assistant.metadata,
    )
    assert msgspec.json.decode(encode(assistant.tools)) == assistant.to_dict()["tools"]


def test_models_and_mappings_mix() -> None:
    """Structs, mappings and tuples are the same JSON."""
    accept(
        CreateAssistantParams,
        model="m",
        tools=(CodeInterpreterTool(), FunctionTool(function=FunctionDefinition(name="f")), {"type": "retrieval"}),
    )
    accept(
        CreateMessageParams,
        role="user",
        content=(ImageURLContent(image_url=ImageURL(url="https://x/y.png")), {"type": "text", "text": "?"}),
        attachments=(Attachment(file_id="f", tools=(CodeInterpreterTool(),)),),
    )


def test_text_parts_of_answers_are_not_those_of_requests() -> None:
    """In a request the text of a part is a plain string; the other form is refused by its path."""
    part = TextContent.from_dict({"type": "text", "text": {"value": "hi"}})
    refuse(CreateMessageParams, "got `object`", "$.content[0].text", role="user", content=[part])


def test_narrower_in_v1() -> None:
    """The types in `Meta.extra["v1"]` are the stricter ones of protocol v1."""
    hints = msgspec.inspect.type_info(CreateMessageParams)
    assert isinstance(hints, msgspec.inspect.TypedDictType)
    (content,) = (field.type for field in hints.fields if field.name == "content")
    assert isinstance(content, msgspec.inspect.Metadata)
    assert content.extra is not None
    decoder = decoder_for(content.extra["v1"])
    assert decoder.decode_request(b'"hi"') == "hi"
    for data in (b'""', b"[]", msgspec.json.encode("x" * 256_001)):
        with pytest.raises(msgspec.ValidationError):
            decoder.decode_request(data)


SCALARS: tuple[Any, ...] = (
    *("", "x", "asc", "a" * 513, "é" * 70_000, "a" * 300_000, "\x7funknown", True, False, None),
    *(-1, 0, 1, 101, 2**53, 2**63, 2**64 - 1, -(2**63), -0.0, 1.0, 1.5, 1e16, 1e300),
)


INNER: tuple[Any, ...] = ("a", "a" * 300_000, {}, 5)
NESTED: tuple[Any, ...] = (
    *([value] for value in SCALARS),
    *({"a": value} for value in SCALARS),
    *(({"type": kind, kind: value},) for kind in ("text", "function", "new") for value in INNER),
)


def is_allowed(decoder: Decoder[Any], values: Any) -> bool:
    """Read values as JSON."""
    try:
        decoder.decode_request(encode(values))
    except msgspec.ValidationError:
        return False
    return True


@pytest.mark.parametrize("kind", dict.fromkeys(row.params for row in TABLE.values() if row.params is not None))
def test_plain_values_follow_the_same_rules_without_json(kind: type[Any]) -> None:
    """Keyword by keyword; a nested value that does not fit may still pass, as members of unknown kinds do."""
    decoder = decoder_for(kind)
    for name in kind.__annotations__:
        for value in SCALARS:
            assert decoder.fits({name: value}) == is_allowed(decoder, {name: value}), value
        for value in NESTED:
            assert not decoder.fits({name: value}) or is_allowed(decoder, {name: value}), value


def test_syntax_errors_are_not_hidden() -> None:
    """Only rules are checked twice; a text that is no JSON is refused as such."""
    with pytest.raises(msgspec.DecodeError):
        decoder_for(ListParams).decode_request(b"{")


def test_params_have_no_stream_and_no_file() -> None:
    """The form of the call decides on streaming, and a file is no JSON."""
    kinds = [getattr(params, name) for name in dir(params) if name.endswith("Params")]
    assert len(kinds) > 15
    for kind in kinds:
        assert not kind.__annotations__.keys() & {"stream", "file"}
