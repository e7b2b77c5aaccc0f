"""Vector stores: their files, the server's progress with them, and the results of a search."""

from __future__ import annotations

from typing import Any, Literal

from .base import EMPTY, Model, Object, Tag, Tagged, Timestamp
from .pages import AnyPage
from .unions import Unknown

VectorStoreStatus = Literal["expired", "in_progress", "completed"] | str
"""The states of a store; servers may have states of their own."""
StoreFileStatus = Literal["in_progress", "completed", "cancelled", "failed"] | str
"""The server's progress with a file of a store, or with a batch of them."""
FileProblemCode = Literal["server_error", "unsupported_file", "invalid_file"] | str
"""Why a file could not be taken into a store; servers may have reasons of their own."""
STORE_FILE_ENDS = frozenset(("completed", "cancelled", "failed"))
"""States of a store's file, and of a batch, that it does not leave again."""


class FileCounts(Model, frozen=True, kw_only=True):
    """The number of files of a store or batch in each state (`VectorStoreObject.file_counts`)."""

    promised = ("in_progress", "completed", "failed", "cancelled", "total")

    in_progress: int | None = None
    """Still being read."""
    completed: int | None = None
    """Ready to be searched."""
    failed: int | None = None
    """Could not be read; each file's `last_error` says why."""
    cancelled: int | None = None
    """Left out since the batch was cancelled."""
    total: int | None = None
    """All of them."""


class VectorStoreExpiresAfter(Model, frozen=True, kw_only=True):
    """The time after which a store expires (`VectorStoreExpirationAfter`)."""

    promised = ("anchor", "days")

    anchor: Literal["last_active_at"] | str | None = None
    """`"last_active_at"`, the time to count from."""
    days: int | None = None
    """1 to 365."""


class VectorStore(Object, frozen=True, kw_only=True):
    """Files made searchable, for `file_search` and `vector_stores.search` (`VectorStoreObject`)."""

    promised = ("object", "created_at", "name", "usage_bytes", "file_counts", "status")
    kinds = ("vector_store",)

    object: str | None = None
    """`"vector_store"`."""
    created_at: int | None = None
    """Seconds since 1970."""
    name: str | None = None
    """Its name."""
    description: str | None = None
    """Its purpose; in no schema of an answer, yet servers send it."""
    usage_bytes: int | None = None
    """Bytes that its processed files take."""
    file_counts: FileCounts | None = None
    """The number of its files in each state."""
    status: VectorStoreStatus | None = None
    """`"completed"` once all its files have ended."""
    expires_after: VectorStoreExpiresAfter | None = None
    """The time after which it expires; None for never."""
    expires_at: int | None = None
    """Seconds since 1970; None for never."""
    last_active_at: int | None = None
    """Seconds since 1970 at which it was used last."""
    metadata: dict[str, Any] | None = None
    """Up to 16 pairs of the caller's own; None where none were set."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
    expires_time = Timestamp("expires_at")
    """`expires_at` as an aware datetime."""
    last_active_time = Timestamp("last_active_at")
    """`last_active_at` as an aware datetime."""

    @property
    def is_expired(self) -> bool:
        """True once it has expired, so that it takes no files and answers no search."""
        return self.status == "expired"


class StaticChunking(Model, frozen=True, kw_only=True):
    """The size of chunks and their overlap (`StaticChunkingStrategy`)."""

    promised = ("max_chunk_size_tokens", "chunk_overlap_tokens")

    max_chunk_size_tokens: int | None = None
    """Most tokens of a chunk, 100 to 4096."""
    chunk_overlap_tokens: int | None = None
    """Tokens that a chunk shares with the one before, at most half of a chunk."""


class StaticChunkingStrategy(Tagged[Tag["static"]], frozen=True, kw_only=True, tag="static"):
    """Chunks of a size that the caller chose (`StaticChunkingStrategyResponseParam`)."""

    promised = ("static",)

    static: StaticChunking | None = None
    """The sizes."""


class OtherChunkingStrategy(Tagged[Tag["other"]], frozen=True, kw_only=True, tag="other"):
    """Chunks of a time before there was a choice (`OtherChunkingStrategyResponseParam`)."""


ChunkingStrategy = StaticChunkingStrategy | OtherChunkingStrategy | Unknown
"""The chunking of a file, by its `type`."""


class FileProblem(Model, frozen=True, kw_only=True):
    """Why a file could not be taken into a store (`VectorStoreFileObject.last_error`)."""

    promised = ("code", "message")

    code: FileProblemCode | None = None
    """The kind of reason."""
    message: str | None = None
    """The server's own words."""


class VectorStoreFile(Object, frozen=True, kw_only=True):
    """A file as one store has it; its id is the file's (`VectorStoreFileObject`)."""

    promised = ("object", "usage_bytes", "created_at", "vector_store_id", "status")
    kinds = ("vector_store.file",)

    object: str | None = None
    """`"vector_store.file"`."""
    usage_bytes: int | None = None
    """Bytes that it takes in the store, which differ from the file's own size."""
    created_at: int | None = None
    """Seconds since 1970 at which it came into the store."""
    vector_store_id: str | None = None
    """The store."""
    status: StoreFileStatus | None = None
    """The server's progress with it; only `"completed"` can be searched."""
    last_error: FileProblem | None = None
    """Why it failed; None where it did not."""
    chunking_strategy: ChunkingStrategy | None = None
    """The chunking of it."""
    attributes: dict[str, Any] | None = None
    """Up to 16 pairs that a search can filter by: text, numbers and booleans."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""

    @property
    def is_terminal(self) -> bool:
        """True once the server has finished with it, well or not."""
        return self.status in STORE_FILE_ENDS


class VectorStoreFileBatch(Object, frozen=True, kw_only=True):
    """Files that are taken into a store together (`VectorStoreFileBatchObject`)."""

    promised = ("object", "created_at", "vector_store_id", "status", "file_counts")
    kinds = ("vector_store.files_batch", "vector_store.file_batch")

    object: str | None = None
    """`"vector_store.files_batch"` in the schema, `"vector_store.file_batch"` from the vendor's servers."""
    created_at: int | None = None
    """Seconds since 1970."""
    vector_store_id: str | None = None
    """The store."""
    status: StoreFileStatus | None = None
    """Its state; a `"completed"` batch may have files that failed."""
    file_counts: FileCounts | None = None
    """The number of its files in each state."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""

    @property
    def is_terminal(self) -> bool:
        """True once the server has finished with all its files, well or not."""
        return self.status in STORE_FILE_ENDS


class SearchResultContent(Model, frozen=True, kw_only=True):
    """A piece of a file that a search found (`VectorStoreSearchResultContentObject`)."""

    promised = ("type", "text")

    type: Literal["text"] | str | None = None
    """`"text"`."""
    text: str | None = None
    """The words."""


class SearchResult(Model, frozen=True, kw_only=True):
    """The matches of a search in one file (`VectorStoreSearchResultItem`)."""

    promised = ("file_id", "filename", "score")

    file_id: str | None = None
    """The file."""
    filename: str | None = None
    """Its name."""
    score: float | None = None
    """The score of the match, 0 to 1."""
    attributes: dict[str, Any] | None = None
    """The file's pairs in the store."""
    content: tuple[SearchResultContent, ...] = EMPTY
    """The pieces that fit."""

    @property
    def text(self) -> str:
        """The pieces together, a blank line between them."""
        return "\n\n".join(part.text for part in self.content if part.text)


class SearchPage(AnyPage[SearchResult], frozen=True, kw_only=True):
    """One page of what a search found, best first (`VectorStoreSearchResultsPage`)."""

    promised = ("object", "has_more")

    object: str | None = None
    """`"vector_store.search_results.page"`."""
    search_query: tuple[str, ...] = EMPTY
    """The query, as the server rewrote it where the request allows that."""
    data: tuple[SearchResult, ...] = EMPTY
    """The results, best first."""
    has_more: bool | None = None
    """True where results follow; None where the server did not say."""
    next_page: str | None = None
    """The token of the next page; None for the last."""


class FileContent(Model, frozen=True, kw_only=True):
    """A piece of what the server read in a file (`VectorStoreFileContentResponse.data`)."""

    type: Literal["text"] | str | None = None
    """`"text"`."""
    text: str | None = None
    """The words."""


class FileContentPage(AnyPage[FileContent], frozen=True, kw_only=True):
    """One page of what the server read in a file, from its start (`VectorStoreFileContentResponse`)."""

    promised = ("object", "has_more")

    object: str | None = None
    """`"vector_store.file_content.page"`."""
    data: tuple[FileContent, ...] = EMPTY
    """The pieces, in the file's order."""
    has_more: bool | None = None
    """True where pieces follow; None where the server did not say."""
    next_page: str | None = None
    """The token of the next page; None for the last."""
