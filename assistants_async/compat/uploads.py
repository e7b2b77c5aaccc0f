"""`client.uploads`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Unpack

from ..client import AssistantsClient
from . import params
from .errors import translating
from .models import Upload, UploadPart, dressed
from .options import RequestOptions
from .pending import Pending
from .resource import Resource, without_version

_PART_SIZE = 64 * 1024 * 1024


class AsyncParts(Resource):
    """The pieces of a large file."""

    noun = "uploads.parts"
    answers = ("create",)

    def create(self, upload_id: str, **keywords: Unpack[params.CreatePart]) -> Pending[UploadPart]:
        """Send a part."""
        client, members = self._part("create", params.CreatePart, keywords)
        return Pending(client.uploads.parts.create(upload_id, **members))


class AsyncUploads(Resource):
    """Files too large for one request, sent in parts."""

    noun = "uploads"
    answers = ("create", "cancel", "complete")

    def __init__(self, client: AssistantsClient) -> None:
        super().__init__(without_version(client))
        self.parts = AsyncParts(self._client)
        """The pieces of a file."""

    def create(self, **keywords: Unpack[params.CreateUpload]) -> Pending[Upload]:
        """Announce a file."""
        client, members = self._part("create", params.CreateUpload, keywords)
        return Pending(client.uploads.create(**members))

    def cancel(self, upload_id: str, **options: Unpack[RequestOptions]) -> Pending[Upload]:
        """Give an upload up."""
        client, _ = self._part("cancel", RequestOptions, options)
        return Pending(client.uploads.cancel(upload_id))

    def complete(self, upload_id: str, **keywords: Unpack[params.CompleteUpload]) -> Pending[Upload]:
        """Put the parts together, in the order given."""
        client, members = self._part("complete", params.CompleteUpload, keywords)
        return Pending(client.uploads.complete(upload_id, **members))

    async def upload_file_chunked(
        self,
        *,
        file: str | PathLike[str] | bytes,
        mime_type: str,
        purpose: str,
        filename: str | None = None,
        bytes: int | None = None,
        part_size: int | None = None,
    ) -> Upload:
        """Send a file in parts, several at once, with its checksum; a `str` is a path here.

        `bytes` need not be given: it is checked where it is, for content in memory.
        """
        source = Path(file) if isinstance(file, str | PathLike) else file
        if bytes is not None and not isinstance(source, Path) and bytes != len(source):
            raise ValueError(f"uploads.upload_file_chunked(): bytes is {bytes}, and file has {len(source)}")
        with translating():
            upload = await self._client.uploads.send(
                source, purpose=purpose, mime_type=mime_type, filename=filename, part_size=part_size or _PART_SIZE
            )
        made: Upload = dressed(upload)
        return made
