"""The models against the published documents, as `facts.json` has them."""

from __future__ import annotations

from typing import Any, get_type_hints

import pytest
from msgspec import inspect

from assistants_async.models import (
    assistants,
    deltas,
    events,
    files,
    messages,
    pages,
    runs,
    steps,
    threads,
    tools,
    uploads,
    vector_stores,
)
from assistants_async.models.base import Object
from tests.support.facts import (
    FACTS,
    VERSIONS,
    classes,
    is_open,
    literals,
    members,
    properties,
    reached,
    schema_of,
    tags,
    takes_none,
)

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
# For schemas that do not agree on an order.
SHARED = {pages.Page, pages.Deleted}


ANSWERS = [pytest.param(name, kinds, id=name) for name, kinds in {**MODELS, **DELTAS}.items()]


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
    """Every property is a member, in the document's order but for the id, which is first."""
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
    """A member has the classes of the schemas of its property, in both versions."""
    everything = {**MODELS, **DELTAS}
    for member, facts in properties(name).items():
        info = members(kinds[0]).get(member)
        if info is not None and kinds != (pages.Page,):
            nested = {kind for fact in facts for item in fact.get("objects", ()) for kind in everything[item]}
            assert nested <= classes(info.type)


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
def test_models_list_their_promises(kind: Any) -> None:
    """`promised` has the members that every document requires, not as null, with None as the model's default."""
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
