"""The methods of namespaces that take several requests, for the namespaces: imported on use, as it imports anyio."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Never

from ..calls.context import CallContext
from ..core.checks import known_keywords
from ..models.messages import CitationStyle, Message
from ..models.threads import Thread
from ..models.transfers import IngestReport
from ..models.uploads import Upload
from ..workflows.files.ingest import IngestRequest, ingest
from ..workflows.files.upload_in_parts import UploadRequest, send
from ..workflows.messages.render import render
from ..workflows.messages.save_files import save_files
from ..workflows.threads.copy_thread import copy_of


class Workflows:
    """The work of several requests, with the options of a client; each method is its namespace's."""

    def __init__(self, context: CallContext) -> None:
        # Its requests raise for an error status, even where the client's options take those as values.
        self._context = context.for_workflow()

    async def copy(self, thread: Thread | str) -> Thread:
        """See `client.threads.copy`."""
        return await copy_of(self._context, thread)

    async def render(self, message: Message, style: CitationStyle) -> str:
        """See `client.messages.render`."""
        return await render(self._context, message, style)

    async def save_files(self, message: Message, folder: Path, *, overwrite: bool) -> tuple[Path, ...]:
        """See `client.messages.save_files`."""
        return await save_files(self._context, message, folder, overwrite=overwrite)

    async def send(self, unknown: Mapping[str, Never], **wanted: Any) -> Upload:
        """See `client.uploads.send`; `unknown` are the keywords that it does not have."""
        known_keywords("uploads.send", unknown, UploadRequest.__struct_fields__)
        return await send(self._context, UploadRequest(**wanted))

    async def ingest(self, unknown: Mapping[str, Never], **wanted: Any) -> IngestReport:
        """See `client.vector_stores.ingest`; `unknown` are the keywords that it does not have."""
        known_keywords("vector_stores.ingest", unknown, IngestRequest.__struct_fields__)
        return await ingest(self._context, IngestRequest(**wanted))
