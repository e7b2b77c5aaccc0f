"""Keywords of vector stores and uploads, which protocol v2 alone has; marks and limits as in `params`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Required

from msgspec import Meta

from .._typing import TypedDict
from .base import Metadata
from .inputs import FileID, rule
from .params import ListParams
from .params_files import FileExpiresAfter

if TYPE_CHECKING:
    from .unions import Unknown
    from .uploads import UploadPart
    from .vector_stores import StaticChunkingStrategy

Attributes = Annotated[
    Mapping[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)] | float | bool],
    Meta(max_length=16),
]
"""Attributes for the filters of a search: 16 pairs, keys to 64 characters, text to 512, numbers and booleans."""
SearchRanker = Literal["none", "auto", "default-2024-11-15"] | str
"""The ranking of search results; servers may have rankers of their own."""
StoreFileFilter = Literal["in_progress", "completed", "failed", "cancelled"] | str
"""A state to list files by."""


# Filters


class ComparisonFilter(TypedDict):
    """An attribute against a value (`ComparisonFilter`)."""

    type: Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin"]
    """The comparison; `in` and `nin` take a list."""
    key: str
    """The attribute."""
    value: str | float | bool | Sequence[str | float]
    """The value to compare with."""


class CompoundFilter(TypedDict):
    """Filters together, nested as deep as need be (`CompoundFilter`)."""

    type: Literal["and", "or"]
    """`"and"` where all filters must match, `"or"` where any of them."""
    filters: Sequence[ComparisonFilter | CompoundFilter]
    """The filters to combine."""


if TYPE_CHECKING:
    ChunkingStrategyInput = StaticChunkingStrategy | Unknown | Mapping[str, object]
    """The cutting of files: `{"type": "auto"}`, or `"static"` with its sizes."""
    FilterInput = ComparisonFilter | CompoundFilter | Mapping[str, Any]
    """A condition on the attributes of the files to search."""
    UploadPartID = UploadPart | str
    """A part or its id."""
else:
    ChunkingStrategyInput = rule("ChunkingStrategyRule")
    FilterInput = rule("FilterRule")
    UploadPartID = str


# Vector stores


class VectorStoreExpiry(TypedDict):
    """The time after which a store expires (`VectorStoreExpirationAfter`)."""

    anchor: Literal["last_active_at"]
    """The time to count from."""
    days: Annotated[int, Meta(ge=1, le=365)]
    """One day to a year."""


if TYPE_CHECKING:
    from .vector_stores import VectorStoreExpiresAfter

    VectorStoreExpiryInput = VectorStoreExpiry | VectorStoreExpiresAfter | Mapping[str, object]
    """The expiry of a store."""
else:
    VectorStoreExpiryInput = VectorStoreExpiry


class CreateVectorStoreParams(TypedDict, total=False):
    """Body of `createVectorStore` (`CreateVectorStoreRequest`)."""

    file_ids: Annotated[Sequence[FileID], Meta(max_length=500)]
    """Files to begin with; more go in by batches."""
    name: str
    """Its name."""
    description: str
    """Its purpose."""
    expires_after: VectorStoreExpiryInput
    """The time after which it expires; never where absent."""
    chunking_strategy: ChunkingStrategyInput
    """The size of the chunks; `auto` where absent, which is 800 tokens with 400 shared."""
    metadata: Metadata | None
    """The caller's own pairs."""


class ModifyVectorStoreParams(TypedDict, total=False):
    """Body of `modifyVectorStore` (`UpdateVectorStoreRequest`)."""

    name: str | None
    """Its name."""
    expires_after: VectorStoreExpiryInput | None
    """The time after which it expires; null for never."""
    metadata: Metadata | None
    """The caller's own pairs, in place of those before."""


class RankingOptionsInput(TypedDict, total=False):
    """The ranking and the lowest score of results (`VectorStoreSearchRequest.ranking_options`)."""

    ranker: SearchRanker
    """The ranker; `"auto"` where absent."""
    score_threshold: Annotated[float, Meta(ge=0, le=1)]
    """Least score of a result."""


class SearchVectorStoreParams(TypedDict, total=False):
    """Body of `searchVectorStore` (`VectorStoreSearchRequest`)."""

    query: Required[str | Annotated[Sequence[str], Meta(min_length=1)]]
    """The text to look for; several are searched for together."""
    rewrite_query: bool
    """True to let the server rewrite the query in words that find more."""
    max_num_results: Annotated[int, Meta(ge=1, le=50)]
    """Most results on a page; servers take 10 where absent."""
    filters: FilterInput
    """A filter of the files to look through, by their attributes."""
    ranking_options: RankingOptionsInput
    """The ranking and the lowest score of results."""


# Their files


class CreateVectorStoreFileParams(TypedDict, total=False):
    """Body of `createVectorStoreFile`, and a file of a batch (`CreateVectorStoreFileRequest`)."""

    file_id: Required[FileID]
    """An uploaded file."""
    chunking_strategy: ChunkingStrategyInput
    """The size of its chunks; `auto` where absent."""
    attributes: Attributes | None
    """Attributes that a search can filter by."""


class ModifyVectorStoreFileParams(TypedDict, total=False):
    """Body of `updateVectorStoreFileAttributes` (`UpdateVectorStoreFileAttributesRequest`)."""

    attributes: Required[Attributes | None]
    """Attributes that a search can filter by, in place of the old ones."""


class ListVectorStoreFilesParams(ListParams, total=False):
    """Query of `listVectorStoreFiles` and `listFilesInVectorStoreBatch`."""

    filter: StoreFileFilter
    """Only files in this state."""


class CreateVectorStoreFileBatchParams(TypedDict, total=False):
    """Body of `createVectorStoreFileBatch` (`CreateVectorStoreFileBatchRequest`): `file_ids` or `files`, not both."""

    file_ids: Annotated[Sequence[FileID], Meta(min_length=1, max_length=2000)]
    """Files that are cut and described alike."""
    files: Annotated[
        Sequence[CreateVectorStoreFileParams], Meta(min_length=1, max_length=2000, extra={"instead_of": "file_ids"})
    ]
    """Files with attributes and chunking of their own; the two below do not count for them."""
    chunking_strategy: ChunkingStrategyInput
    """The size of their chunks; `auto` where absent."""
    attributes: Attributes | None
    """Attributes that a search can filter by."""


# Uploads


class CreateUploadParams(TypedDict, total=False):
    """Body of `createUpload` (`CreateUploadRequest`)."""

    filename: Required[str]
    """Name of the file to be."""
    purpose: Required[Literal["assistants", "batch", "fine-tune", "vision"] | str]
    """Its purpose; servers may have purposes of their own."""
    bytes: Required[int]
    """Its size, to which the parts must add up."""
    mime_type: Required[str]
    """Its media type, which must be one that the purpose allows."""
    expires_after: FileExpiresAfter
    """The time after which the server deletes the file; never where absent."""


class AddUploadPartParams(TypedDict):
    """Form of `addUploadPart` besides the bytes themselves, which has nothing else (`AddUploadPartRequest`)."""


class CompleteUploadParams(TypedDict, total=False):
    """Body of `completeUpload` (`CompleteUploadRequest`)."""

    part_ids: Required[Sequence[UploadPartID]]
    """The parts, in the order of the file."""
    md5: str
    """Checksum of the whole file in hex, for the server to check."""
