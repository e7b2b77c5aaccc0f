"""`client.files`."""

from __future__ import annotations

from typing import Any, Unpack

from .. import endpoints
from ..calls.call import Call
from ..calls.download import Download
from ..calls.file_input import FileInput
from ..calls.lists import ListCall
from ..calls.multipart_body import MultipartBody, Progress
from ..models import params, params_files
from ..models.files import File
from ..models.pages import Deleted
from .base import Resource

# Purposes whose files are always JSON lines, whatever they are called.
_JSON_LINES = frozenset({"fine-tune", "batch", "evals"})


class Files(Resource):
    """Files for assistants and messages, and those that tools made."""

    __slots__ = ()

    def create(
        self,
        *,
        file: FileInput,
        filename: str | None = None,
        content_type: str | None = None,
        on_progress: Progress | None = None,
        **keywords: Unpack[params_files.CreateFileParams],
    ) -> Call[File, File]:
        """Upload a file, streamed in constant memory (`createFile`).

        `file` is a `Path`, the content as bytes, an open binary file, an async iterable of pieces, FastAPI's
        `UploadFile`, or `(name, data)`; a `str` is refused. The name sent is `filename`, else the file's own base name.
        A file without either is refused, unless its `purpose` says that it is JSON lines: servers know a file's kind
        by its name. So is what would send nothing, or only a part, such as an open file that is not at its start.
        `on_progress` is called with the bytes sent so far and in all.
        """
        endpoint = endpoints.CREATE_FILE
        context = self._context
        request = context.bind(endpoint, (), keywords)
        fields: dict[str, Any] = request.body or {}
        nameless = "upload.jsonl" if fields.get("purpose") in _JSON_LINES else None if context.validate else "upload"
        request.form = MultipartBody(
            endpoint.name,
            file,
            fields,
            filename=filename,
            nameless=nameless,
            content_type=content_type,
            on_progress=on_progress,
        )
        return Call(context.session, request, context.options)

    def retrieve(self, file: File | str, /, **keywords: Unpack[params.NoParams]) -> Call[File, File]:
        """Get what is known of a file (`retrieveFile`)."""
        return self._call(endpoints.RETRIEVE_FILE, file, **keywords)

    def delete(self, file: File | str, /, **keywords: Unpack[params.NoParams]) -> Call[Deleted, Deleted]:
        """Delete a file (`deleteFile`)."""
        return self._call(endpoints.DELETE_FILE, file, **keywords)

    def content(self, file: File | str, /, **keywords: Unpack[params.NoParams]) -> Download:
        """Get a file's bytes: await for them, or `.save(folder)` (`downloadFile`)."""
        context = self._context
        return Download(context.session, context.bind(endpoints.DOWNLOAD_FILE, (file,), keywords), context.options)

    def list(self, **keywords: Unpack[params_files.ListFilesParams]) -> ListCall[File]:
        """List the files, of one purpose or of all (`listFiles`); v1 has no pages."""
        return self._list(endpoints.LIST_FILES, **keywords)
