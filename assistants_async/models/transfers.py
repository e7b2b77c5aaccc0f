"""The progress of a transfer of files: values of the client's own, to keep as JSON and to go on from."""

from __future__ import annotations

from typing import Literal

from .._typing import override
from .base import Model

IngestStatus = Literal["waiting", "uploaded", "in_progress", "completed", "failed", "cancelled"]
"""The progress of a source: not sent, at the server, in the store, searchable, refused, left out."""


class IngestedFile(Model, frozen=True, kw_only=True, omit_defaults=False):
    """One source of an ingestion, and what has become of it."""

    source: str
    """The path or the name that was given."""
    status: IngestStatus = "waiting"
    """Its progress."""
    file_id: str | None = None
    """The uploaded file; None while there is none."""
    code: str | None = None
    """The server's kind of reason where it failed, such as `"unsupported_file"`."""
    error: str | None = None
    """Why it is not completed; None where nothing went wrong."""


class IngestReport(Model, frozen=True, kw_only=True, omit_defaults=False):
    """The result of an ingestion, source by source, in the order they were given."""

    vector_store_id: str
    """The store."""
    files: tuple[IngestedFile, ...] = ()
    """An entry for each source."""

    @override
    def __repr__(self) -> str:
        """Write the number of its files, and of those that cannot be searched."""
        return f"<IngestReport of {len(self.files)} files, {len(self.unfinished)} unfinished: {self.vector_store_id}>"

    @property
    def is_complete(self) -> bool:
        """True once every source can be searched."""
        return not self.unfinished

    @property
    def unfinished(self) -> tuple[IngestedFile, ...]:
        """The sources that cannot be searched, each with its reason."""
        return tuple(file for file in self.files if file.status != "completed")

    @property
    def file_ids(self) -> tuple[str, ...]:
        """The uploaded files that there are, in the order of their sources."""
        return tuple(file.file_id for file in self.files if file.file_id is not None)


class UploadState(Model, frozen=True, kw_only=True, omit_defaults=False):
    """The progress of an upload in parts."""

    upload_id: str
    """The upload, which the server keeps for an hour."""
    size: int
    """Bytes of the file."""
    part_size: int
    """Bytes of each part but the last."""
    part_ids: tuple[str | None, ...]
    """Ids of the parts in the file's order; None for those that are not at the server yet."""
