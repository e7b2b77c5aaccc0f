"""Threads, and the files and stores that tools find through them."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from .._typing import override
from .base import ABSENT, EMPTY, Model, Object, Timestamp

AISearchQueryType = Literal["simple", "semantic", "vector", "vector_simple_hybrid", "vector_semantic_hybrid"] | str
"""The kinds of query to an index of Azure AI Search."""


class DataSource(Model, frozen=True, kw_only=True):
    """Data of a Foundry project in place of a file; in no document."""

    uri: str | None = None
    """Its address or id."""
    type: Literal["uri_asset", "id_asset"] | str | None = None
    """The kind of `uri`: an address or the id of an asset."""


class CodeInterpreterResources(Model, frozen=True, kw_only=True, omit_defaults=False):
    """The files of the code interpreter (`ThreadObject.tool_resources.code_interpreter`)."""

    file_ids: tuple[str, ...] = ()
    """Ids of at most 20 files; sent even when empty, since that takes files away."""
    data_sources: tuple[DataSource, ...] | UnsetType = UNSET
    """Data besides the files; Foundry only."""


class FileSearchResources(Model, frozen=True, kw_only=True, omit_defaults=False):
    """The vector stores of file search (`ThreadObject.tool_resources.file_search`)."""

    vector_store_ids: tuple[str, ...] = ()
    """Id of at most one vector store; sent even when empty, since that takes the store away."""


class AISearchIndex(Model, frozen=True, kw_only=True):
    """An index of Azure AI Search, by its connection and name or as an asset; in no document."""

    index_connection_id: str | None = None
    """The project's connection to the search service."""
    index_name: str | None = None
    """The index."""
    query_type: (
        Literal["simple", "semantic", "vector", "vector_simple_hybrid", "vector_semantic_hybrid"] | str | None
    ) = None
    """The kind of query; absent leaves it to the server."""
    top_k: int | None = None
    """Most documents of a search; absent leaves it to the server."""
    filter: str | None = None
    """A filter of the documents, in the service's own language; absent for all."""
    index_asset_id: str | None = None
    """The index as an asset of the project."""


class AISearchResources(Model, frozen=True, kw_only=True):
    """The indexes of the tool `azure_ai_search`; in no document."""

    indexes: tuple[AISearchIndex, ...] = EMPTY
    """The indexes; Foundry takes one."""


class ApprovedTools(Model, frozen=True, kw_only=True):
    """A list of an MCP server's tools; in no document."""

    tool_names: tuple[str, ...] = EMPTY
    """Their names."""


class ApprovalByTool(Model, frozen=True, kw_only=True):
    """The tools of an MCP server that need approval, and those that do not; in no document."""

    never: ApprovedTools | None = None
    """Tools that need none."""
    always: ApprovedTools | None = None
    """Tools that need one for each call."""


class MCPResources(Model, frozen=True, kw_only=True):
    """The settings of one MCP server: `headers` are shown nowhere, since they carry its credentials; in no document."""

    server_label: str | None = None
    """The label of the tool `mcp` that this is for."""
    headers: dict[str, str] | None = None
    """Headers for the server; Foundry does not keep them."""
    require_approval: Literal["always", "never"] | str | ApprovalByTool | None = None
    """The calls that wait for approval; Foundry takes `"always"` where it is absent."""

    @override
    def __repr__(self) -> str:
        headers = "" if self.headers is None else ", headers=[masked]"
        return f"MCPResources(server_label={self.server_label!r}{headers}, require_approval={self.require_approval!r})"


class ToolResources(Model, frozen=True, kw_only=True):
    """Files and stores for the tools, per kind of tool (`ThreadObject.tool_resources`)."""

    code_interpreter: CodeInterpreterResources | None = None
    """Files for the code interpreter."""
    file_search: FileSearchResources | None = None
    """Stores for file search."""
    azure_ai_search: AISearchResources | None = None
    """Indexes for `azure_ai_search`; Foundry only."""
    mcp: tuple[MCPResources, ...] = ABSENT
    """The settings of MCP servers; Foundry only."""


class Thread(Object, frozen=True, kw_only=True):
    """A conversation, which grows by messages and runs (`ThreadObject`)."""

    promised = ("object", "created_at")
    kinds = ("thread",)

    object: str | None = None
    """`"thread"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    tool_resources: ToolResources | None = None
    """Files and stores that only this thread's runs see; None for none and in protocol v1."""
    metadata: dict[str, Any] | None = None
    """Up to 16 pairs of the caller's own; None where none were set."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
