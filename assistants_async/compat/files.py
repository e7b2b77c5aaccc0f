"""`client.files`."""

from __future__ import annotations

import time
from asyncio import sleep
from typing import Any, Unpack, cast

from ..client import AssistantsClient
from . import params
from .content import BinaryContent, PendingContent
from .models import Deleted, FileObject
from .options import RequestOptions
from .pages import AsyncPaginator
from .pending import Pending
from .resource import Resource, without_version

_PROCESSED = ("processed", "error", "deleted")


class AsyncFiles(Resource):
    """Files for assistants and messages."""

    noun = "files"
    answers = ("create", "retrieve", "list", "delete", "content")

    def __init__(self, client: AssistantsClient) -> None:
        super().__init__(without_version(client))

    def create(self, **keywords: Unpack[params.CreateFile]) -> Pending[FileObject]:
        """Upload a file; bytes without a name are sent as `upload`."""
        client, members = self._part("create", params.CreateFile, keywords)
        return Pending(client.files.create(file=rewound(members.pop("file")), **members))

    def retrieve(self, file_id: str, **options: Unpack[RequestOptions]) -> Pending[FileObject]:
        """Get what is known of a file."""
        client, _ = self._part("retrieve", RequestOptions, options, body=False)
        return Pending(client.files.retrieve(file_id))

    def delete(self, file_id: str, **options: Unpack[RequestOptions]) -> Pending[Deleted]:
        """Delete a file."""
        client, _ = self._part("delete", RequestOptions, options, body=False)
        return Pending(client.files.delete(file_id))

    def content(self, file_id: str, **options: Unpack[RequestOptions]) -> Pending[BinaryContent]:
        """Get a file's content."""
        client, _ = self._part("content", RequestOptions, options, body=False)
        return PendingContent(client.files.content(file_id))

    async def retrieve_content(self, file_id: str, **options: Unpack[RequestOptions]) -> str:
        """Get a file's content as text."""
        return (await self.content(file_id, **options)).text

    async def wait_for_processing(
        self, id: str, *, poll_interval: float = 5.0, max_wait_seconds: float = 1800.0
    ) -> FileObject:
        """Ask for a file until the server has processed it; raises `RuntimeError` where that takes too long."""
        started = time.monotonic()
        while (file := await self.retrieve(id)).status not in _PROCESSED:
            if time.monotonic() - started > max_wait_seconds:
                raise RuntimeError(f"file {id} was not processed within {max_wait_seconds:g} s")
            await sleep(poll_interval)
        return file

    def list(self, **keywords: Unpack[params.ListFiles]) -> AsyncPaginator[FileObject]:
        """List the files."""
        client, members = self._part("list", params.ListFiles, keywords, body=False)
        return AsyncPaginator(client.files.list(**members))


def rewound(file: Any) -> Any:
    """Take a file as httpx does: from its start, and without the headers of its part."""
    if isinstance(file, tuple):
        whole = cast("tuple[Any, ...]", file)  # type: ignore[redundant-cast]  # pyright needs it
        return whole[:3] if len(whole) < 3 or whole[2] is not None else whole[:2]
    if callable(getattr(file, "seek", None)) and not getattr(file, "closed", False):
        # A file that was read before would be sent empty.
        file.seek(0)
    return file
