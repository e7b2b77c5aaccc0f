"""The models and keywords against the published documents, as `facts.json` has them.

The tables say which class stands for which schema; everything else is compared by program.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from msgspec import inspect

from assistants_async.models import (
    assistants,
    deltas,
    events,
    files,
    inputs,
    messages,
    pages,
    params,
    params_vector_stores,
    runs,
    steps,
    threads,
    tools,
    uploads,
    vector_stores,
)
from assistants_async.models.base import Object
from assistants_async.models.unions import Unknown

FACTS: dict[str, dict[str, dict[str, Any]]] = json.loads((Path(__file__).parent / "facts.json").read_text())
VERSIONS = ("v1", "v2")

CITATION = "MessageContentTextAnnotationsFileCitationObject"
FILE_PATH = "MessageContentTextAnnotationsFilePathObject"
STEP = "RunStepDetailsToolCalls"
DELTA_STEP = "RunStepDeltaStepDetails"
NEW_STORE = "tool_resources.file_search.vector_stores"

LISTS = (
    "Assistants",
    "AssistantFiles",
    "Files",
    "Messages",
    "MessageFiles",
    "Runs",
    "RunSteps",
    "VectorStores",
    "VectorStoreFiles",
)
DELETES = ("Assistant", "AssistantFile", "File", "Message", "Thread", "VectorStore", "VectorStoreFile")

MODELS: dict[str, tuple[type, ...]] = {
    **{f"List{name}Response": (pages.Page,) for name in LISTS},
    **{f"Delete{name}Response": (pages.Deleted,) for name in DELETES},
    "AssistantToolsCode": (tools.CodeInterpreterTool,),
    "AssistantToolsRetrieval": (tools.RetrievalTool,),
    "AssistantToolsFileSearch": (tools.FileSearchTool,),
    "AssistantToolsFileSearch.file_search": (tools.FileSearchOptions,),
    "AssistantToolsFileSearchTypeOnly": (tools.FileSearchTool,),
    "FileSearchRankingOptions": (tools.RankingOptions,),
    "AssistantToolsFunction": (tools.FunctionTool,),
    "FunctionObject": (tools.FunctionDefinition,),
    "AssistantsApiNamedToolChoice": (tools.NamedToolChoice,),
    "AssistantsApiNamedToolChoice.function": (tools.FunctionName,),
    "AssistantsNamedToolChoice": (tools.NamedToolChoice,),
    "AssistantsNamedToolChoice.function": (tools.FunctionName,),
    "AssistantsApiResponseFormat": (tools.TextFormat, tools.JSONObjectFormat),
    "ResponseFormatText": (tools.TextFormat,),
    "ResponseFormatJsonObject": (tools.JSONObjectFormat,),
    "ResponseFormatJsonSchema": (tools.JSONSchemaFormat,),
    "ResponseFormatJsonSchema.json_schema": (tools.JSONSchema,),
    "AssistantObject": (assistants.Assistant,),
    "AssistantObject.tool_resources": (threads.ToolResources,),
    "AssistantObject.tool_resources.code_interpreter": (threads.CodeInterpreterResources,),
    "AssistantObject.tool_resources.file_search": (threads.FileSearchResources,),
    "AssistantFileObject": (assistants.AssistantFile,),
    "ThreadObject": (threads.Thread,),
    "ThreadObject.tool_resources": (threads.ToolResources,),
    "ThreadObject.tool_resources.code_interpreter": (threads.CodeInterpreterResources,),
    "ThreadObject.tool_resources.file_search": (threads.FileSearchResources,),
    "MessageObject": (messages.Message,),
    "MessageObject.attachments": (messages.Attachment,),
    "MessageObject.incomplete_details": (messages.MessageIncompleteDetails,),
    "MessageFileObject": (messages.MessageFile,),
    "MessageContentTextObject": (messages.TextContent,),
    "MessageContentTextObject.text": (messages.Text,),
    "MessageContentImageFileObject": (messages.ImageFileContent,),
    "MessageContentImageFileObject.image_file": (messages.ImageFile,),
    "MessageContentImageUrlObject": (messages.ImageURLContent,),
    "MessageContentImageUrlObject.image_url": (messages.ImageURL,),
    "MessageContentRefusalObject": (messages.RefusalContent,),
    CITATION: (messages.FileCitationAnnotation,),
    f"{CITATION}.file_citation": (messages.FileCitation,),
    FILE_PATH: (messages.FilePathAnnotation,),
    f"{FILE_PATH}.file_path": (messages.FilePath,),
    "RunObject": (runs.Run,),
    "RunObject.required_action": (runs.RequiredAction,),
    "RunObject.required_action.submit_tool_outputs": (runs.SubmitToolOutputs,),
    "RunObject.last_error": (runs.LastError,),
    "RunObject.incomplete_details": (runs.IncompleteDetails,),
    "RunToolCallObject": (runs.ToolCall,),
    "RunToolCallObject.function": (runs.FunctionCall,),
    "RunCompletionUsage": (runs.Usage,),
    "TruncationObject": (runs.TruncationStrategy,),
    "RunStepObject": (steps.RunStep,),
    "RunStepObject.last_error": (runs.LastError,),
    "RunStepCompletionUsage": (runs.Usage,),
    "RunStepDetailsMessageCreationObject": (steps.MessageCreationDetails,),
    "RunStepDetailsMessageCreationObject.message_creation": (steps.MessageCreation,),
    f"{STEP}Object": (steps.ToolCallsDetails,),
    f"{STEP}CodeObject": (steps.CodeInterpreterCall,),
    f"{STEP}CodeObject.code_interpreter": (steps.CodeInterpreter,),
    f"{STEP}CodeOutputLogsObject": (steps.LogsOutput,),
    f"{STEP}CodeOutputImageObject": (steps.ImageOutput,),
    f"{STEP}CodeOutputImageObject.image": (steps.OutputImage,),
    f"{STEP}RetrievalObject": (steps.RetrievalCall,),
    f"{STEP}FileSearchObject": (steps.FileSearchCall,),
    f"{STEP}FileSearchObject.file_search": (steps.FileSearch,),
    f"{STEP}FileSearchRankingOptionsObject": (steps.FileSearchRanking,),
    f"{STEP}FileSearchResultObject": (steps.FileSearchResult,),
    f"{STEP}FileSearchResultObject.content": (steps.FileSearchResultContent,),
    f"{STEP}FunctionObject": (steps.FunctionToolCall,),
    f"{STEP}FunctionObject.function": (steps.StepFunction,),
    "OpenAIFile": (files.File,),
    "VectorStoreObject": (vector_stores.VectorStore,),
    "VectorStoreObject.file_counts": (vector_stores.FileCounts,),
    "VectorStoreExpirationAfter": (vector_stores.VectorStoreExpiresAfter,),
    "VectorStoreFileObject": (vector_stores.VectorStoreFile,),
    "VectorStoreFileObject.last_error": (vector_stores.FileProblem,),
    "StaticChunkingStrategyResponseParam": (vector_stores.StaticChunkingStrategy,),
    "StaticChunkingStrategy": (vector_stores.StaticChunking,),
    "OtherChunkingStrategyResponseParam": (vector_stores.OtherChunkingStrategy,),
    "VectorStoreFileBatchObject": (vector_stores.VectorStoreFileBatch,),
    "VectorStoreFileBatchObject.file_counts": (vector_stores.FileCounts,),
    "VectorStoreFileContentResponse": (vector_stores.FileContentPage,),
    "VectorStoreFileContentResponse.data": (vector_stores.FileContent,),
    "VectorStoreSearchResultsPage": (vector_stores.SearchPage,),
    "VectorStoreSearchResultItem": (vector_stores.SearchResult,),
    "VectorStoreSearchResultContentObject": (vector_stores.SearchResultContent,),
    "Upload": (uploads.Upload,),
    "UploadPart": (uploads.UploadPart,),
}

# Parts of deltas; those that come whole are of the same class as in the object.
DELTAS: dict[str, tuple[type, ...]] = {
    "MessageDeltaObject": (deltas.MessageDelta,),
    "MessageDeltaObject.delta": (deltas.MessageDeltaChanges,),
    "MessageDeltaContentTextObject": (deltas.MessageDeltaText,),
    "MessageDeltaContentTextObject.text": (deltas.MessageDeltaTextValue,),
    "MessageDeltaContentTextAnnotationsFileCitationObject": (deltas.MessageDeltaFileCitation,),
    "MessageDeltaContentTextAnnotationsFileCitationObject.file_citation": (messages.FileCitation,),
    "MessageDeltaContentTextAnnotationsFilePathObject": (deltas.MessageDeltaFilePath,),
    "MessageDeltaContentTextAnnotationsFilePathObject.file_path": (messages.FilePath,),
    "MessageDeltaContentImageFileObject": (deltas.MessageDeltaImageFile,),
    "MessageDeltaContentImageFileObject.image_file": (messages.ImageFile,),
    "MessageDeltaContentImageUrlObject": (deltas.MessageDeltaImageURL,),
    "MessageDeltaContentImageUrlObject.image_url": (messages.ImageURL,),
    "MessageDeltaContentRefusalObject": (deltas.MessageDeltaRefusal,),
    "RunStepDeltaObject": (deltas.RunStepDelta,),
    "RunStepDeltaObject.delta": (deltas.RunStepDeltaChanges,),
    f"{DELTA_STEP}MessageCreationObject": (deltas.RunStepDeltaMessageCreation,),
    f"{DELTA_STEP}MessageCreationObject.message_creation": (steps.MessageCreation,),
    f"{DELTA_STEP}ToolCallsObject": (deltas.RunStepDeltaToolCalls,),
    f"{DELTA_STEP}ToolCallsCodeObject": (deltas.RunStepDeltaCodeInterpreter,),
    f"{DELTA_STEP}ToolCallsCodeObject.code_interpreter": (deltas.RunStepDeltaCode,),
    f"{DELTA_STEP}ToolCallsCodeOutputLogsObject": (deltas.RunStepDeltaLogs,),
    f"{DELTA_STEP}ToolCallsCodeOutputImageObject": (deltas.RunStepDeltaImage,),
    f"{DELTA_STEP}ToolCallsCodeOutputImageObject.image": (steps.OutputImage,),
    f"{DELTA_STEP}ToolCallsRetrievalObject": (deltas.RunStepDeltaRetrieval,),
    f"{DELTA_STEP}ToolCallsFileSearchObject": (deltas.RunStepDeltaFileSearch,),
    f"{DELTA_STEP}ToolCallsFunctionObject": (deltas.RunStepDeltaFunction,),
    f"{DELTA_STEP}ToolCallsFunctionObject.function": (steps.StepFunction,),
}

BODIES: dict[str, type] = {
    "CreateAssistantRequest": params.CreateAssistantParams,
    "ModifyAssistantRequest": params.ModifyAssistantParams,
    "CreateAssistantFileRequest": params.CreateAssistantFileParams,
    "CreateThreadRequest": params.CreateThreadParams,
    "ModifyThreadRequest": params.ModifyThreadParams,
    "CreateThreadAndRunRequest": params.CreateThreadAndRunParams,
    "CreateMessageRequest": params.CreateMessageParams,
    "ModifyMessageRequest": params.ModifyMessageParams,
    "CreateRunRequest": params.CreateRunParams,
    "ModifyRunRequest": params.ModifyRunParams,
    "SubmitToolOutputsRunRequest": params.SubmitToolOutputsParams,
    "CreateFileRequest": params.CreateFileParams,
    "CreateVectorStoreRequest": params_vector_stores.CreateVectorStoreParams,
    "UpdateVectorStoreRequest": params_vector_stores.ModifyVectorStoreParams,
    "VectorStoreSearchRequest": params_vector_stores.SearchVectorStoreParams,
    "CreateVectorStoreFileRequest": params_vector_stores.CreateVectorStoreFileParams,
    "UpdateVectorStoreFileAttributesRequest": params_vector_stores.ModifyVectorStoreFileParams,
    "CreateVectorStoreFileBatchRequest": params_vector_stores.CreateVectorStoreFileBatchParams,
    "CreateUploadRequest": params_vector_stores.CreateUploadParams,
    "AddUploadPartRequest": params_vector_stores.AddUploadPartParams,
    "CompleteUploadRequest": params_vector_stores.CompleteUploadParams,
}

SPECS: dict[str, tuple[type, ...]] = {
    **{name: (body,) for name, body in BODIES.items()},
    "SubmitToolOutputsRunRequest.tool_outputs": (params.ToolOutput,),
    "FileExpirationAfter": (params.FileExpiresAfter,),
    "VectorStoreExpirationAfter": (params_vector_stores.VectorStoreExpiry,),
    "VectorStoreSearchRequest.ranking_options": (params_vector_stores.RankingOptionsInput,),
    "ComparisonFilter": params_vector_stores.COMPARISONS,
    "CompoundFilter": (params_vector_stores.AndSpec, params_vector_stores.OrSpec),
    "AutoChunkingStrategyRequestParam": (inputs.AutoChunkingSpec,),
    "StaticChunkingStrategyRequestParam": (inputs.StaticChunkingStrategySpec,),
    "StaticChunkingStrategy": (inputs.StaticChunkingSpec,),
    "AssistantToolsCode": (inputs.CodeInterpreterToolSpec,),
    "AssistantToolsRetrieval": (inputs.RetrievalToolSpec,),
    "AssistantToolsFileSearch": (inputs.FileSearchToolSpec,),
    "AssistantToolsFileSearch.file_search": (inputs.FileSearchOptionsSpec,),
    "AssistantToolsFileSearchTypeOnly": (inputs.FileSearchToolTypeSpec,),
    "FileSearchRankingOptions": (inputs.RankingOptionsSpec,),
    "AssistantToolsFunction": (inputs.FunctionToolSpec,),
    "FunctionObject": (inputs.FunctionDefinitionSpec,),
    "AssistantsApiNamedToolChoice": (inputs.NamedToolChoiceSpec,),
    "AssistantsApiNamedToolChoice.function": (inputs.FunctionNameSpec,),
    "AssistantsNamedToolChoice": (inputs.NamedToolChoiceSpec,),
    "AssistantsNamedToolChoice.function": (inputs.FunctionNameSpec,),
    "AssistantsApiResponseFormat": (inputs.TextFormatSpec, inputs.JSONObjectFormatSpec),
    "ResponseFormatText": (inputs.TextFormatSpec,),
    "ResponseFormatJsonObject": (inputs.JSONObjectFormatSpec,),
    "ResponseFormatJsonSchema": (inputs.JSONSchemaFormatSpec,),
    "ResponseFormatJsonSchema.json_schema": (inputs.JSONSchemaSpec,),
    "TruncationObject": (inputs.TruncationStrategySpec,),
    "MessageRequestContentTextObject": (inputs.TextPartSpec,),
    "MessageContentImageFileObject": (inputs.ImageFilePartSpec,),
    "MessageContentImageFileObject.image_file": (inputs.ImageFileSpec,),
    "MessageContentImageUrlObject": (inputs.ImageURLPartSpec,),
    "MessageContentImageUrlObject.image_url": (inputs.ImageURLSpec,),
    "CreateMessageRequest.attachments": (inputs.AttachmentSpec,),
    **{
        f"{body}.tool_resources{rest}": (spec,)
        for body in ("CreateAssistantRequest", "CreateThreadRequest")
        for rest, spec in {
            "": inputs.NewToolResourcesSpec,
            ".code_interpreter": inputs.CodeInterpreterResourcesSpec,
            ".file_search": inputs.NewFileSearchResourcesSpec,
            ".file_search.vector_stores": inputs.InlineVectorStoreSpec,
            ".file_search.vector_stores.chunking_strategy.auto": inputs.AutoChunkingSpec,
            ".file_search.vector_stores.chunking_strategy.static": inputs.StaticChunkingStrategySpec,
            ".file_search.vector_stores.chunking_strategy.static.static": inputs.StaticChunkingSpec,
        }.items()
    },
    **{
        f"{body}.tool_resources{rest}": (spec,)
        for body in ("ModifyAssistantRequest", "ModifyThreadRequest", "CreateThreadAndRunRequest")
        for rest, spec in {
            "": inputs.ToolResourcesSpec,
            ".code_interpreter": inputs.CodeInterpreterResourcesSpec,
            ".file_search": inputs.FileSearchResourcesSpec,
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
    "listFiles": params.ListFilesParams,
    "listVectorStores": params.ListParams,
    "listVectorStoreFiles": params_vector_stores.ListVectorStoreFilesParams,
    "listFilesInVectorStoreBatch": params_vector_stores.ListVectorStoreFilesParams,
}

# Members that only Foundry's documents have.
FOUNDRYS: dict[str, set[str]] = {
    "CreateRunRequest": {"tool_resources"},
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
# Stand for schemas that do not agree on an order.
SHARED = {pages.Page, pages.Deleted}
# Not a keyword: whether a run streams is the caller's choice of form, and a file is no JSON.
APART = {"stream", "file", "data"}
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


def schema_of(version: str, name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = FACTS[version]["schemas"].get(name)
    return found


def reached(version: str, roots: set[str]) -> set[str]:
    names: set[str] = set()
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name in names:
            continue
        names.add(name)
        for member in FACTS[version]["schemas"][name]["properties"].values():
            todo.extend(member.get("objects", []))
    return names


def members(kind: type) -> dict[str, inspect.Field]:
    info = inspect.type_info(kind)
    assert isinstance(info, (inspect.StructType, inspect.TypedDictType))
    return {field.encode_name: field for field in info.fields}


def tags(kinds: tuple[type, ...]) -> set[str]:
    return {
        info.tag
        for info in map(inspect.type_info, kinds)
        if isinstance(info, inspect.StructType) and isinstance(info.tag, str)
    }


def extra_of(info: inspect.Type) -> dict[str, Any]:
    return {**(info.extra or {}), **extra_of(info.type)} if isinstance(info, inspect.Metadata) else {}


def leaves(info: inspect.Type) -> Iterator[inspect.Type]:
    """The alternatives of a type, not those of its items."""
    match info:
        case inspect.Metadata(type=inner):
            yield from leaves(inner)
        case inspect.UnionType(types=types):
            for inner in types:
                yield from leaves(inner)
        case _:
            yield info


def classes(info: inspect.Type) -> set[type]:
    """The classes of the objects that a type holds, its items' included."""
    found: set[type] = set()
    for leaf in leaves(info):
        if isinstance(leaf, (inspect.StructType, inspect.TypedDictType)):
            found.add(leaf.cls)
        elif isinstance(leaf, (inspect.ListType, inspect.VarTupleType)):
            found |= classes(leaf.item_type)
    return found - {Unknown}


def literals(info: inspect.Type) -> set[Any]:
    return {value for leaf in leaves(info) if isinstance(leaf, inspect.LiteralType) for value in leaf.values}


def is_open(info: inspect.Type) -> bool:
    return any(isinstance(leaf, inspect.StrType) for leaf in leaves(info))


def takes_none(info: inspect.Type) -> bool:
    return any(isinstance(leaf, inspect.NoneType) for leaf in leaves(info))


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


ANSWERS = [pytest.param(name, kinds, id=name) for name, kinds in {**MODELS, **DELTAS}.items()]
REQUESTS = [pytest.param(name, kinds, id=name) for name, kinds in SPECS.items()]


def properties(name: str) -> dict[str, list[dict[str, Any]]]:
    """Each property of a schema with its facts in the versions that have it."""
    found: dict[str, list[dict[str, Any]]] = {}
    for version in VERSIONS:
        for member, fact in (schema_of(version, name) or {"properties": {}})["properties"].items():
            found.setdefault(member, []).append(fact)
    return found


# Sent even when empty, since that takes files away.
RESOURCES = (threads.CodeInterpreterResources, threads.FileSearchResources)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_schema_of_an_answer_has_its_model(version: str) -> None:
    """No object that a server may send is without a class, and no class is without its schema."""
    roots = {fact["response"] for fact in FACTS[version]["operations"].values()} - {None}
    known = reached(version, roots | set(FACTS[version]["events"].values())) - {"Error"}
    assert known == {name for name in {**MODELS, **DELTAS} if schema_of(version, name)} & known
    assert known <= {**MODELS, **DELTAS}.keys()


@pytest.mark.parametrize(("name", "kinds"), ANSWERS)
def test_models_have_every_property(name: str, kinds: tuple[type, ...]) -> None:
    """Every property is a member, in the document's order but for the id, which stands first."""
    for kind in kinds:
        fields = list(members(kind))
        for version in VERSIONS:
            schema = schema_of(version, name)
            if schema is None:
                continue
            wanted = [member for member in schema["properties"] if not (member == "type" and tags((kind,)))]
            if issubclass(kind, Object):
                wanted.sort(key=lambda member: member != "id")
            assert set(fields) >= set(wanted)
            if kind not in SHARED:
                assert [field for field in fields if field in wanted] == wanted


@pytest.mark.parametrize(("name", "kinds"), ANSWERS)
def test_models_know_the_vocabularies(name: str, kinds: tuple[type, ...]) -> None:
    """Values that a document lists are named in the type, which takes any other as well; a tag is the one value."""
    for member, facts in properties(name).items():
        listed = {value for fact in facts for value in fact.get("enum", ())}
        if not listed or (member == "object" and len(listed) == 1):
            continue
        if member == "type" and tags(kinds):
            assert tags(kinds) == listed
            continue
        info = members(kinds[0])[member].type
        assert literals(info) >= listed
        assert is_open(info)


@pytest.mark.parametrize(("name", "kinds"), ANSWERS)
def test_models_lead_to_the_same_objects(name: str, kinds: tuple[type, ...]) -> None:
    """A member holds the classes that stand for the schemas of its property, in both versions."""
    everything = {**MODELS, **DELTAS}
    for member, facts in properties(name).items():
        info = members(kinds[0]).get(member)
        if info is not None and kinds != (pages.Page,):
            held = {kind for fact in facts for item in fact.get("objects", ()) for kind in everything[item]}
            assert held <= classes(info.type)


@pytest.mark.parametrize(("name", "kinds"), ANSWERS)
def test_only_ids_are_needed(name: str, kinds: tuple[type, ...]) -> None:
    """Every member but the id of a kept object has a default, and takes the null that its property allows."""
    for kind in kinds:
        needed = {"id"} if issubclass(kind, Object) else set[str]()
        assert {field for field, info in members(kind).items() if info.required} == needed
        for member, facts in properties(name).items():
            if any(fact.get("nullable") for fact in facts) and member != "attachments":
                assert takes_none(members(kind)[member].type)


@pytest.mark.parametrize("kind", sorted({kind for kinds in MODELS.values() for kind in kinds}, key=repr))
def test_models_say_what_is_promised(kind: Any) -> None:
    """`promised` is what every document requires, not as null, where the model's default is None."""
    schemas = [
        schema
        for name, kinds in MODELS.items()
        if kind in kinds
        for version in VERSIONS
        if (schema := schema_of(version, name))
    ]
    promised = {
        member
        for member in members(kind)
        if all(member in schema["required"] and not schema["properties"][member].get("nullable") for schema in schemas)
        and member != "id"
        and takes_none(members(kind)[member].type)
    }
    assert set(kind.promised) == promised


@pytest.mark.parametrize(("name", "kinds"), ANSWERS)
def test_lists_that_the_documents_require_are_written(name: str, kinds: tuple[type, ...]) -> None:
    """Also when they are empty or were left out; those that may be left out are not."""
    schema = schema_of("v2", name)
    for kind in kinds if schema else ():
        needed = {"id": "x"} if issubclass(kind, Object) else {}
        written = kind(**needed).to_dict()
        for member, info in members(kind).items():
            if isinstance(info.type, inspect.VarTupleType) and kind not in RESOURCES:
                fact = schema["properties"].get(member, {}) if schema else {}
                required = schema is not None and member in schema["required"] and not fact.get("nullable")
                assert (written.get(member) == []) == required, member


@pytest.mark.parametrize("version", VERSIONS)
def test_every_event_has_its_payload(version: str) -> None:
    """The table of events has the documents' names and payloads; `error` and `done` have constants."""
    listed = FACTS[version]["events"]
    everything = {**MODELS, **DELTAS}
    assert {name: everything[schema] for name, schema in listed.items() if name != events.ERROR_EVENT} == {
        name: (get_type_hints(kind)["data"],) for name, kind in events.EVENTS.items() if name in listed
    }
    if version == "v2":
        assert events.EVENTS.keys() | {events.ERROR_EVENT} == listed.keys()


def test_terminal_states_and_events_agree() -> None:
    """A run that has ended says so by its status and by the event of the same name."""
    assert {f"thread.run.{status}" for status in runs.TERMINAL_STATUSES} == events.TERMINAL_EVENTS
    assert events.EVENTS.keys() >= events.TERMINAL_EVENTS


@pytest.mark.parametrize("version", VERSIONS)
def test_every_schema_of_a_request_is_checked(version: str) -> None:
    """No object that a request may hold is without its spec."""
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
def test_requests_require_what_the_documents_require(name: str, kinds: tuple[type, ...]) -> None:
    """A member is required if the version that has it requires it, and null is refused unless allowed."""
    for kind in kinds:
        fields = members(kind)
        for version in VERSIONS:
            schema = schema_of(version, name) or {"required": [], "properties": {}}
            for member in schema["properties"].keys() - APART & fields.keys():
                wanted = member in schema["required"] or (name, member) in REQUIRED_BESIDES
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
    """Listed values are named; only what the protocol itself gives meaning to is closed."""
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
    """A member's JSON is held to the specs of its property's schemas, in both versions."""
    for member, facts in properties(name).items():
        if member in members(kinds[0]):
            held = {kind for fact in facts for item in fact.get("objects", ()) for kind in SPECS[item]}
            assert held == classes(members(kinds[0])[member].type), member


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


def test_facts_hold_no_paths_of_a_machine() -> None:
    """The file can be made anywhere, with the same result."""
    assert "/home" not in json.dumps(FACTS)
    assert [len(FACTS[version]["operations"]) for version in VERSIONS] == [33, 48]
