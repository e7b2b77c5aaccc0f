"""Large files, uploaded in parts."""

from __future__ import annotations

from typing import Literal

from .base import Object, Timestamp
from .files import File, FilePurpose

UploadStatus = Literal["pending", "completed", "cancelled", "expired"] | str
"""The states of an upload; servers may have states of their own."""


class Upload(Object, frozen=True, kw_only=True):
    """A file on its way to the server in parts, and then the file (`Upload`)."""

    promised = ("created_at", "filename", "bytes", "purpose", "status", "expires_at")
    kinds = ("upload",)

    created_at: int | None = None
    """Seconds since 1970."""
    filename: str | None = None
    """Name of the file to be."""
    bytes: int | None = None
    """Size of the file to be, as it was announced."""
    purpose: FilePurpose | None = None
    """The purpose of the file."""
    status: UploadStatus | None = None
    """Its state; only a `"pending"` one takes parts."""
    expires_at: int | None = None
    """Seconds since 1970 at which the server gives it up, an hour after it was made."""
    object: str | None = None
    """`"upload"`."""
    file: File | None = None
    """The file, once the upload is completed."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
    expires_time = Timestamp("expires_at")
    """`expires_at` as an aware datetime."""


class UploadPart(Object, frozen=True, kw_only=True):
    """A part that the server has, to be named when the upload is completed (`UploadPart`)."""

    promised = ("created_at", "upload_id", "object")
    kinds = ("upload.part",)

    created_at: int | None = None
    """Seconds since 1970."""
    upload_id: str | None = None
    """The upload."""
    object: str | None = None
    """`"upload.part"`."""

    created_time = Timestamp("created_at")
    """`created_at` as an aware datetime."""
