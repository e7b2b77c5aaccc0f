"""Keywords of the operations on files; marks as in `models.params`."""

from __future__ import annotations

from typing import Annotated, Literal, Required

from msgspec import Meta

from .._typing import TypedDict
from .params import V2, Order

UploadPurpose = Literal["assistants", "batch", "fine-tune", "vision", "user_data", "evals"] | str
"""The purpose of an uploaded file; servers may have purposes of their own."""


class ListFilesParams(TypedDict, total=False):
    """Query of `listFiles`."""

    purpose: str
    """Only files of this purpose."""
    limit: Annotated[int, Meta(ge=1, le=10_000, extra={"protocol": "v2"})]
    """Most files on a page; servers take 10,000 where absent."""
    order: Annotated[Order, V2]
    """Newest first where absent."""
    after: Annotated[str, V2]
    """Id of the file that the page starts behind."""


class FileExpiresAfter(TypedDict, total=False):
    """The time after which the server deletes a file (`FileExpirationAfter`)."""

    anchor: Required[Literal["created_at"]]
    """The time to count from."""
    seconds: Required[Annotated[int, Meta(ge=3600, le=2_592_000)]]
    """One hour to thirty days."""


class CreateFileParams(TypedDict, total=False):
    """Form of `createFile` besides the file itself (`CreateFileRequest`)."""

    purpose: Required[UploadPurpose]
    """Its purpose."""
    expires_after: Annotated[FileExpiresAfter, V2]
    """The time after which the server deletes it; never where absent."""
