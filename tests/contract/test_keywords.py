"""The keywords of requests against the published documents, as `facts.json` has them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import inspect

from assistants_async.models import (
    params,
    params_files,
    params_vector_stores,
    specs,
    specs_filters,
)
from tests.support.facts import (
    FACTS,
    VERSIONS,
    classes,
    is_open,
    leaves,
    literals,
    members,
    properties,
    reached,
    schema_of,
    tags,
    takes_none,
)
from tests.support.request_bodies import BODIES

SPECS: dict[str, tuple[type, ...]] = {
    **{name: (body,) for name, body in BODIES.items()},
    "SubmitToolOutputsRunRequest.tool_outputs": (params.ToolOutput,),
    "FileExpirationAfter": (params_files.FileExpiresAfter,),
    "VectorStoreExpirationAfter": (params_vector_stores.VectorStoreExpiry,),
    "VectorStoreSearchRequest.ranking_options": (params_vector_stores.RankingOptionsInput,),
    "ComparisonFilter": specs_filters.COMPARISONS,
    "CompoundFilter": (specs_filters.AndSpec, specs_filters.OrSpec),
    "AutoChunkingStrategyRequestParam": (specs.AutoChunkingSpec,),
    "StaticChunkingStrategyRequestParam": (specs.StaticChunkingStrategySpec,),
    "StaticChunkingStrategy": (specs.StaticChunkingSpec,),
    "AssistantToolsCode": (specs.CodeInterpreterToolSpec,),
    "AssistantToolsRetrieval": (specs.RetrievalToolSpec,),
    "AssistantToolsFileSearch": (specs.FileSearchToolSpec,),
    "AssistantToolsFileSearch.file_search": (specs.FileSearchOptionsSpec,),
    "AssistantToolsFileSearchTypeOnly": (specs.FileSearchToolTypeSpec,),
    "FileSearchRankingOptions": (specs.RankingOptionsSpec,),
    "AssistantToolsFunction": (specs.FunctionToolSpec,),
    "FunctionObject": (specs.FunctionDefinitionSpec,),
    "AssistantsApiNamedToolChoice": (specs.NamedToolChoiceSpec,),
    "AssistantsApiNamedToolChoice.function": (specs.FunctionNameSpec,),
    "AssistantsNamedToolChoice": (specs.NamedToolChoiceSpec,),
    "AssistantsNamedToolChoice.function": (specs.FunctionNameSpec,),
    "AssistantsApiResponseFormat": (specs.TextFormatSpec, specs.JSONObjectFormatSpec),
    "ResponseFormatText": (specs.TextFormatSpec,),
    "ResponseFormatJsonObject": (specs.JSONObjectFormatSpec,),
    "ResponseFormatJsonSchema": (specs.JSONSchemaFormatSpec,),
    "ResponseFormatJsonSchema.json_schema": (specs.JSONSchemaSpec,),
    "TruncationObject": (specs.TruncationStrategySpec,),
    "MessageRequestContentTextObject": (specs.TextPartSpec,),
    "MessageContentImageFileObject": (specs.ImageFilePartSpec,),
    "MessageContentImageFileObject.image_file": (specs.ImageFileSpec,),
    "MessageContentImageUrlObject": (specs.ImageURLPartSpec,),
    "MessageContentImageUrlObject.image_url": (specs.ImageURLSpec,),
    "CreateMessageRequest.attachments": (specs.AttachmentSpec,),
    **{
        f"{body}.tool_resources{rest}": (spec,)
        for body in ("CreateAssistantRequest", "CreateThreadRequest")
        for rest, spec in {
            "": specs.NewToolResourcesSpec,
            ".code_interpreter": specs.CodeInterpreterResourcesSpec,
            ".file_search": specs.NewFileSearchResourcesSpec,
            ".file_search.vector_stores": specs.InlineVectorStoreSpec,
            ".file_search.vector_stores.chunking_strategy.auto": specs.AutoChunkingSpec,
            ".file_search.vector_stores.chunking_strategy.static": specs.StaticChunkingStrategySpec,
            ".file_search.vector_stores.chunking_strategy.static.static": specs.StaticChunkingSpec,
        }.items()
    },
    **{
        f"{body}.tool_resources{rest}": (spec,)
        for body in ("ModifyAssistantRequest", "ModifyThreadRequest", "CreateThreadAndRunRequest")
        for rest, spec in {
            "": specs.ToolResourcesSpec,
            ".code_interpreter": specs.CodeInterpreterResourcesSpec,
            ".file_search": specs.FileSearchResourcesSpec,
        }.items()
    },
}

QUERIES: dict[str, type] = {
    "listAssistants": params.ListParams,
    "listAssistantFiles": params.ListParams,
    "listMessages": params.ListMessagesParams,
    "listMessageFiles": params.ListParams,
    "listRuns": params.ListParams,
    "createRun": params.CreateRunParams,
    "listRunSteps": params.ListStepsParams,
    "getRunStep": params.RetrieveStepParams,
    "listFiles": params_files.ListFilesParams,
    "listVectorStores": params.ListParams,
    "listVectorStoreFiles": params_vector_stores.ListVectorStoreFilesParams,
    "listFilesInVectorStoreBatch": params_vector_stores.ListVectorStoreFilesParams,
}

# Members that only Foundry's documents have.
FOUNDRYS: dict[str, set[str]] = {
    "CreateRunRequest": {"tool_resources"},
    "SubmitToolOutputsRunRequest": {"tool_approvals"},
    "CreateMessageRequest.attachments": {"data_source"},
    **{
        f"{body}.tool_resources{rest}": own
        for body in (
            "CreateAssistantRequest",
            "ModifyAssistantRequest",
            "CreateThreadRequest",
            "ModifyThreadRequest",
            "CreateThreadAndRunRequest",
        )
        for rest, own in {
            "": {"azure_ai_search", "mcp"},
            ".code_interpreter": {"data_sources"},
            ".file_search.vector_stores": {"name", "configuration"},
        }.items()
    },
}
# Not a keyword: whether a run streams is the caller's choice of form, and a file is no JSON.
APART = {"stream", "file", "data"}
# Foundry takes approvals in place of outputs: one of the two is required.
REQUIRED_OR_ANOTHER = {("SubmitToolOutputsRunRequest", "tool_outputs")}
# The documents forget to require it (CONTRACT 11, 8).
REQUIRED_BESIDES = {("SubmitToolOutputsRunRequest.tool_outputs", "tool_call_id")}
# The document has it at the items, where it means nothing.
LIMITS_BESIDES = {("VectorStoreSearchRequest", "query"): {"minItems": 1}}
CLOSED = {
    ("CreateMessageRequest", "role"),
    ("TruncationObject", "type"),
    ("FileExpirationAfter", "anchor"),
    ("VectorStoreExpirationAfter", "anchor"),
}


def extra_of(info: inspect.Type) -> dict[str, Any]:
    return {**(info.extra or {}), **extra_of(info.type)} if isinstance(info, inspect.Metadata) else {}


def limits(info: inspect.Type, version: str) -> dict[str, Any]:
    narrow = extra_of(info).get(version)
    found: dict[str, Any] = {}
    for leaf in leaves(inspect.type_info(narrow) if narrow is not None else info):
        match leaf:
            case inspect.StrType(min_length=low, max_length=high):
                found |= {"minLength": low, "maxLength": high}
            case inspect.IntType(ge=low, le=high) | inspect.FloatType(ge=low, le=high):
                found |= {"minimum": low, "maximum": high}
            case inspect.ListType(min_length=low, max_length=high):
                found |= {"minItems": low, "maxItems": high}
            case _:
                pass
    return {name: limit for name, limit in found.items() if limit is not None}


REQUESTS = [pytest.param(name, kinds, id=name) for name, kinds in SPECS.items()]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_schema_of_a_request_is_checked(version: str) -> None:
    """Every object of a request has its spec."""
    roots = {fact["body"] for fact in FACTS[version]["operations"].values() if "body" in fact}
    assert roots <= BODIES.keys()
    assert reached(version, roots) <= SPECS.keys()


def query_of(kind: type) -> set[str]:
    return {field for field, info in members(kind).items() if "query" in extra_of(info.type)}


@pytest.mark.parametrize(("name", "kinds"), REQUESTS)
def test_requests_have_exactly_the_properties(name: str, kinds: tuple[type, ...]) -> None:
    """Keywords are the properties of either version; nothing else but what travels in the query."""
    for kind in kinds:
        tag = {"type"} if tags((kind,)) else set[str]()
        own = members(kind).keys() - query_of(kind) - FOUNDRYS.get(name, set())
        assert own | tag == properties(name).keys() - APART


@pytest.mark.parametrize(("name", "kinds"), REQUESTS)
def test_requests_require_the_documents_members(name: str, kinds: tuple[type, ...]) -> None:
    """A member is required if the version that has it requires it, and null is refused unless allowed."""
    for kind in kinds:
        fields = members(kind)
        for version in VERSIONS:
            schema = schema_of(version, name) or {"required": [], "properties": {}}
            for member in schema["properties"].keys() - APART & fields.keys():
                wanted = member in schema["required"] or (name, member) in REQUIRED_BESIDES
                wanted = wanted and (name, member) not in REQUIRED_OR_ANOTHER
                assert fields[member].required == wanted, member
        for member, facts in properties(name).items():
            if member in fields:
                assert takes_none(fields[member].type) == any(fact.get("nullable") for fact in facts), member


@pytest.mark.parametrize(("name", "kinds"), REQUESTS)
def test_requests_have_the_limits(name: str, kinds: tuple[type, ...]) -> None:
    """Lengths, counts and ranges are those of the version, neither more nor less."""
    for kind in kinds:
        for version in VERSIONS:
            for member, fact in (schema_of(version, name) or {"properties": {}})["properties"].items():
                if member in members(kind):
                    wanted = {key: value for key, value in fact.items() if key.startswith(("min", "max"))}
                    wanted |= LIMITS_BESIDES.get((name, member), {})
                    assert limits(members(kind)[member].type, version) == wanted, (version, member)


@pytest.mark.parametrize(("name", "kinds"), REQUESTS)
def test_requests_know_the_vocabularies(name: str, kinds: tuple[type, ...]) -> None:
    """Listed values are named; only vocabularies of the protocol itself are closed."""
    twins = [twin for twin, others in SPECS.items() if others == kinds]
    for member in properties(name):
        listed = {value for twin in twins for fact in properties(twin)[member] for value in fact.get("enum", ())}
        if member == "type" and tags(kinds):
            assert tags(kinds) == listed
        elif listed and member not in ("tool_choice", "response_format"):
            info = members(kinds[0])[member].type
            assert literals(info) == listed, member
            assert is_open(info) == ((name, member) not in CLOSED), member


@pytest.mark.parametrize(("name", "kinds"), REQUESTS)
def test_requests_lead_to_the_same_objects(name: str, kinds: tuple[type, ...]) -> None:
    """A member's JSON follows the specs of its property's schemas, in both versions."""
    for member, facts in properties(name).items():
        if member in members(kinds[0]):
            nested = {kind for fact in facts for item in fact.get("objects", ()) for kind in SPECS[item]}
            assert nested == classes(members(kinds[0])[member].type), member


@pytest.mark.parametrize(("name", "kind"), BODIES.items(), ids=list(BODIES))
def test_keywords_are_marked_with_their_protocol(name: str, kind: type) -> None:
    """A keyword that one version alone has is marked with it."""
    for member, info in members(kind).items():
        if "query" in extra_of(info.type) or member in FOUNDRYS.get(name, ()):
            continue
        having = [
            version for version in VERSIONS if member in (schema_of(version, name) or {"properties": {}})["properties"]
        ]
        shared = [version for version in VERSIONS if schema_of(version, name)] == having
        assert extra_of(info.type).get("protocol") == (None if shared else having[0]), member


@pytest.mark.parametrize(("operation", "kind"), QUERIES.items(), ids=list(QUERIES))
def test_queries_are_those_of_the_operation(operation: str, kind: type) -> None:
    """Query keywords have the documents' wire names and versions, and `limit` its range, which is only in prose."""
    versions = [version for version in VERSIONS if operation in FACTS[version]["operations"]]
    listed = {version: FACTS[version]["operations"][operation]["query"] for version in versions}
    names = query_of(kind) if "body" in FACTS[versions[0]]["operations"][operation] else members(kind).keys()
    found = {extra_of(info.type).get("query", name): info for name, info in members(kind).items() if name in names}
    assert found.keys() == {name for query in listed.values() for name in query}
    for name, info in found.items():
        having = [version for version in versions if name in listed[version]]
        assert extra_of(info.type).get("protocol") == (None if having == versions else having[0])
        assert not info.required
        assert not takes_none(info.type)
        if name == "limit":
            assert limits(info.type, "v2") == {"minimum": 1, "maximum": 10_000 if operation == "listFiles" else 100}
        else:
            assert limits(info.type, "v2") == {}


def test_every_operation_with_a_query_is_listed() -> None:
    """The table above leaves out no operation."""
    assert QUERIES.keys() == {
        name for version in VERSIONS for name, fact in FACTS[version]["operations"].items() if fact["query"]
    }


def test_facts_have_no_paths_of_a_machine() -> None:
    """The file can be made anywhere, with the same result."""
    assert "/home" not in json.dumps(FACTS)
    assert [len(FACTS[version]["operations"]) for version in VERSIONS] == [33, 48]
