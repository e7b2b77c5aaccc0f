"""Specs: the rules for the JSON of values inside requests, as the documents have them.

A spec has the members, limits and required members of the documents, and refuses members that they do not have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from .base import Metadata
from .messages import ImageDetail
from .tools import Ranker, ToolChoiceType
from .unions import Unknown

Name = Annotated[str, Meta(pattern=r"^[a-zA-Z0-9_-]{1,64}\Z")]
"""Name of a function or of a response format."""


class Spec(Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of the specs for the JSON of a request; only the decoder makes instances."""


class CodeInterpreterToolSpec(Spec, kw_only=True, tag_field="type", tag="code_interpreter"):
    """`AssistantToolsCode`."""


class RetrievalToolSpec(Spec, kw_only=True, tag_field="type", tag="retrieval"):
    """`AssistantToolsRetrieval`."""


class RankingOptionsSpec(Spec, kw_only=True):
    """`FileSearchRankingOptions`."""

    ranker: Ranker | UnsetType = UNSET
    score_threshold: Annotated[float, Meta(ge=0, le=1)]


class FileSearchOptionsSpec(Spec, kw_only=True):
    """`AssistantToolsFileSearch.file_search`."""

    max_num_results: Annotated[int, Meta(ge=1, le=50)] | UnsetType = UNSET
    ranking_options: RankingOptionsSpec | UnsetType = UNSET


class FileSearchToolSpec(Spec, kw_only=True, tag_field="type", tag="file_search"):
    """`AssistantToolsFileSearch`."""

    file_search: FileSearchOptionsSpec | UnsetType = UNSET


class FunctionDefinitionSpec(Spec, kw_only=True):
    """`FunctionObject`."""

    description: str | UnsetType = UNSET
    name: Name
    parameters: dict[str, Any] | UnsetType = UNSET
    strict: bool | UnsetType | None = UNSET


class FunctionToolSpec(Spec, kw_only=True, tag_field="type", tag="function"):
    """`AssistantToolsFunction`."""

    function: FunctionDefinitionSpec


class FunctionNameSpec(Spec, kw_only=True):
    """`AssistantsNamedToolChoice.function`."""

    name: str


class NamedToolChoiceSpec(Spec, kw_only=True):
    """`AssistantsNamedToolChoice`."""

    type: ToolChoiceType
    function: FunctionNameSpec | UnsetType = UNSET


class TextFormatSpec(Spec, kw_only=True, tag_field="type", tag="text"):
    """`ResponseFormatText`."""


class JSONObjectFormatSpec(Spec, kw_only=True, tag_field="type", tag="json_object"):
    """`ResponseFormatJsonObject`."""


class JSONSchemaSpec(Spec, kw_only=True):
    """`ResponseFormatJsonSchema.json_schema`."""

    description: str | UnsetType = UNSET
    name: Name
    schema: dict[str, Any] | UnsetType = UNSET
    strict: bool | UnsetType | None = UNSET


class JSONSchemaFormatSpec(Spec, kw_only=True, tag_field="type", tag="json_schema"):
    """`ResponseFormatJsonSchema`."""

    json_schema: JSONSchemaSpec


class TruncationStrategySpec(Spec, kw_only=True):
    """`TruncationObject`."""

    type: Literal["auto", "last_messages"]
    last_messages: Annotated[int, Meta(ge=1)] | UnsetType | None = UNSET


class DataSourceSpec(Spec, kw_only=True):
    """Data of a Foundry project."""

    uri: str
    type: str


class DataSourcesSpec(Spec, kw_only=True):
    """The data of a Foundry vector store."""

    data_sources: Sequence[DataSourceSpec]


class CodeInterpreterResourcesSpec(Spec, kw_only=True):
    """`CreateAssistantRequest.tool_resources.code_interpreter`."""

    file_ids: Annotated[Sequence[str], Meta(max_length=20)] | UnsetType = UNSET
    data_sources: Sequence[DataSourceSpec] | UnsetType = UNSET


class AISearchIndexSpec(Spec, kw_only=True):
    """An index of Azure AI Search."""

    index_connection_id: str | UnsetType = UNSET
    index_name: str | UnsetType = UNSET
    query_type: str | UnsetType = UNSET
    top_k: Annotated[int, Meta(ge=1)] | UnsetType = UNSET
    filter: str | UnsetType = UNSET
    index_asset_id: str | UnsetType = UNSET


class AISearchResourcesSpec(Spec, kw_only=True):
    """Foundry's `tool_resources.azure_ai_search`."""

    indexes: Sequence[AISearchIndexSpec] | UnsetType = UNSET


class ToolNamesSpec(Spec, kw_only=True):
    """A list of an MCP server's tools."""

    tool_names: Sequence[str]


class ApprovalByToolSpec(Spec, kw_only=True):
    """The tools of an MCP server that need approval, and those that do not."""

    never: ToolNamesSpec | UnsetType = UNSET
    always: ToolNamesSpec | UnsetType = UNSET


class MCPResourcesSpec(Spec, kw_only=True):
    """An item of Foundry's `tool_resources.mcp`."""

    server_label: str
    headers: dict[str, str] | UnsetType = UNSET
    require_approval: Literal["always", "never"] | ApprovalByToolSpec | UnsetType = UNSET


class FileSearchResourcesSpec(Spec, kw_only=True):
    """`ModifyAssistantRequest.tool_resources.file_search`."""

    vector_store_ids: Annotated[Sequence[str], Meta(max_length=1)] | UnsetType = UNSET


class ToolResourcesSpec(Spec, kw_only=True):
    """`ModifyAssistantRequest.tool_resources`."""

    code_interpreter: CodeInterpreterResourcesSpec | UnsetType = UNSET
    file_search: FileSearchResourcesSpec | UnsetType = UNSET
    azure_ai_search: AISearchResourcesSpec | UnsetType = UNSET
    mcp: Sequence[MCPResourcesSpec] | UnsetType = UNSET


class AutoChunkingSpec(Spec, kw_only=True, tag_field="type", tag="auto"):
    """`AutoChunkingStrategyRequestParam`."""


class StaticChunkingSpec(Spec, kw_only=True):
    """`StaticChunkingStrategy`."""

    max_chunk_size_tokens: Annotated[int, Meta(ge=100, le=4096)]
    chunk_overlap_tokens: int

    def __post_init__(self) -> None:
        if 2 * self.chunk_overlap_tokens > self.max_chunk_size_tokens:
            raise ValueError("Expected `chunk_overlap_tokens` of at most half of `max_chunk_size_tokens`")


class StaticChunkingStrategySpec(Spec, kw_only=True, tag_field="type", tag="static"):
    """`StaticChunkingStrategyRequestParam`."""

    static: StaticChunkingSpec


class InlineVectorStoreSpec(Spec, kw_only=True):
    """`CreateAssistantRequest.tool_resources.file_search.vector_stores`."""

    file_ids: Annotated[Sequence[str], Meta(max_length=100_000_000)] | UnsetType = UNSET
    chunking_strategy: AutoChunkingSpec | StaticChunkingStrategySpec | Unknown | UnsetType = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    name: str | UnsetType = UNSET
    configuration: DataSourcesSpec | UnsetType = UNSET


class NewFileSearchResourcesSpec(FileSearchResourcesSpec, kw_only=True):
    """`CreateAssistantRequest.tool_resources.file_search`."""

    vector_stores: Annotated[Sequence[InlineVectorStoreSpec], Meta(max_length=1)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if (self.vector_store_ids is UNSET) == (self.vector_stores is UNSET):
            raise ValueError("Expected exactly one of `vector_store_ids` and `vector_stores`")


class NewToolResourcesSpec(Spec, kw_only=True):
    """`CreateAssistantRequest.tool_resources`."""

    code_interpreter: CodeInterpreterResourcesSpec | UnsetType = UNSET
    file_search: NewFileSearchResourcesSpec | UnsetType = UNSET
    azure_ai_search: AISearchResourcesSpec | UnsetType = UNSET
    mcp: Sequence[MCPResourcesSpec] | UnsetType = UNSET


class TextPartSpec(Spec, kw_only=True, tag_field="type", tag="text"):
    """`MessageRequestContentTextObject`: its text is a plain string, other than in answers."""

    text: str


class ImageFileSpec(Spec, kw_only=True):
    """`MessageContentImageFileObject.image_file`."""

    file_id: str
    detail: ImageDetail | UnsetType = UNSET


class ImageFilePartSpec(Spec, kw_only=True, tag_field="type", tag="image_file"):
    """`MessageContentImageFileObject`."""

    image_file: ImageFileSpec


class ImageURLSpec(Spec, kw_only=True):
    """`MessageContentImageUrlObject.image_url`."""

    url: str
    detail: ImageDetail | UnsetType = UNSET


class ImageURLPartSpec(Spec, kw_only=True, tag_field="type", tag="image_url"):
    """`MessageContentImageUrlObject`."""

    image_url: ImageURLSpec


class FileSearchToolTypeSpec(Spec, kw_only=True, tag_field="type", tag="file_search"):
    """`AssistantToolsFileSearchTypeOnly`."""


class AttachmentSpec(Spec, kw_only=True):
    """`CreateMessageRequest.attachments`."""

    file_id: str | UnsetType = UNSET
    data_source: DataSourceSpec | UnsetType = UNSET
    tools: Sequence[CodeInterpreterToolSpec | FileSearchToolTypeSpec | Unknown] | UnsetType = UNSET
