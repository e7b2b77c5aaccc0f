"""Files that did not get where they were meant to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import AssistantsError, printable

if TYPE_CHECKING:
    from ..models.transfers import IngestReport, UploadState
    from ..models.vector_stores import VectorStoreFile, VectorStoreFileBatch


class FilesError(AssistantsError):
    """Files that were waited for did not all get where they were meant to."""


class StoreFileError(FilesError):
    """The server could not take a file into a store, or was set not to."""

    def __init__(self, file: VectorStoreFile) -> None:
        problem = file.last_error
        self.file = file
        """The file as it was last seen; `file.status` is `"failed"` or `"cancelled"`."""
        self.code: str | None = None if problem is None else problem.code
        """The server's reason, such as `"unsupported_file"`."""
        self.message: str = "" if problem is None else problem.message or ""
        """The server's own words, unchanged; empty where it sent none."""
        super().__init__(f"file {printable(file.id, 80)} {_end(file)}{_reason(self.message, self.code)}")


class FileBatchError(FilesError):
    """A batch failed or was cancelled, or some of its files were; the others are in the store."""

    def __init__(self, batch: VectorStoreFileBatch, files: tuple[VectorStoreFile, ...] = ()) -> None:
        self.batch = batch
        """The batch as it was last seen, with its counts."""
        self.files = files
        """Its files that failed, each with its `last_error`; empty where they could not be listed."""
        counts = batch.file_counts
        text = f"batch {printable(batch.id, 80)} {_end(batch)}"
        if counts is not None:
            text += f", {counts.failed or 0} failed and {counts.cancelled or 0} cancelled of {counts.total or 0} files"
        if files:
            problem = files[0].last_error
            first = _reason(problem.message or "", problem.code) if problem is not None else ""
            text += f"; first {printable(files[0].id, 80)}{first or ' ' + _end(files[0])}"
        super().__init__(text)


class FilesDeadlineError(FilesError, TimeoutError):  # pyright: ignore[reportUnsafeMultipleInheritance]  both only store the message
    """The deadline of a wait passed; a file or batch that was waited for is worked on at the server."""

    def __init__(
        self, message: str, *, deadline: float, last: VectorStoreFile | VectorStoreFileBatch | None = None
    ) -> None:
        super().__init__(message)
        self.deadline = deadline
        """The deadline in seconds."""
        self.last = last
        """The file or batch as it was last seen; None where none was."""


class IngestError(FilesError):
    """Not every source can be searched: the report says which, and why; pass it as `resume` to go on."""

    def __init__(self, message: str, report: IngestReport) -> None:
        super().__init__(message)
        self.report = report
        """Every source, as far as it has come."""


class UploadError(FilesError):
    """An upload in parts did not complete; the cause says why."""

    def __init__(self, message: str, state: UploadState | None) -> None:
        super().__init__(message)
        self.state = state
        """The value for `resume`; None where the upload was cancelled at the server, or never made."""


def _end(thing: VectorStoreFile | VectorStoreFileBatch) -> str:
    return "was cancelled" if thing.status == "cancelled" else printable(str(thing.status), 60)


def _reason(message: str, code: str | None) -> str:
    text = f": {printable(message)}" if message else ""
    return text + (f" ({printable(code, 60)})" if code else "")
