"""Files that the server keeps."""

from __future__ import annotations

from typing import Literal

from .base import Object, Timestamp

FilePurpose = (
    Literal[
        "assistants",
        "assistants_output",
        "batch",
        "batch_output",
        "fine-tune",
        "fine-tune-results",
        "vision",
        "user_data",
    ]
    | str
)
"""The purpose of a file; servers may have purposes of their own."""
FileStatus = Literal["uploaded", "processed", "error"] | str
"""The server's progress with a file."""


class File(Object, frozen=True, kw_only=True):
    """A file, without its content (`OpenAIFile`)."""

    promised = ("bytes", "created_at", "filename", "object", "purpose", "status")
    kinds = ("file",)

    bytes: int | None = None
    """Its size."""
    created_at: int | None = None
    """Seconds since 1970."""
    expires_at: int | None = None
    """Seconds since 1970 at which the server will delete it; None for never."""
    filename: str | None = None
    """Its name, as uploaded."""
    object: str | None = None
    """`"file"`."""
    purpose: FilePurpose | None = None
    """Its purpose."""
    status: FileStatus | None = None
    """The server's progress with it; deprecated, and often absent."""
    status_details: str | None = None
    """Why it is in error; deprecated."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
    expires_time = Timestamp("expires_at")
    """`expires_at` as an aware datetime."""
