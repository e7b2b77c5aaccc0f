"""`client.uploads`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Never, Unpack

from .. import endpoints
from ..calls.call import Call
from ..calls.context import CallContext
from ..calls.file_input import FileInput, SeekableInput
from ..calls.multipart_body import MultipartBody, Progress
from ..models import params, params_vector_stores
from ..models.transfers import UploadState
from ..models.uploads import Upload, UploadPart
from ..workflows.files.part_limits import PART_SIZE, check_part
from .base import Resource


class UploadParts(Resource):
    """The pieces of a large file (v2)."""

    __slots__ = ()

    def create(
        self, upload: Upload | str, /, *, data: FileInput, on_progress: Progress | None = None
    ) -> Call[UploadPart, UploadPart]:
        """Send a part of at most 64 MiB, streamed in constant memory (`addUploadPart`).

        `data` is what `files.create` takes for a file. Parts may arrive in any order: `complete` names it.
        `on_progress` is called with the bytes sent so far and in all.
        """
        row = endpoints.ADD_UPLOAD_PART
        context = self._context
        request = context.bind(row, (upload,), {})
        fields = request.body or {}
        request.form = form = MultipartBody(row.name, data, fields, part=row.form or "", on_progress=on_progress)
        if context.validate:
            check_part(row.name, form.size)
        return Call(context.session, request, context.options)


class Uploads(Resource):
    """Files too large for one request, sent in parts (v2)."""

    __slots__ = ("parts",)

    def __init__(self, context: CallContext) -> None:
        super().__init__(context)
        self.parts = UploadParts(context)
        """The pieces of a file."""

    def create(self, **keywords: Unpack[params_vector_stores.CreateUploadParams]) -> Call[Upload, Upload]:
        """Announce a file of at most 8 GiB, whose parts then have an hour (`createUpload`)."""
        return self._call(endpoints.CREATE_UPLOAD, **keywords)

    def cancel(self, upload: Upload | str, /, **keywords: Unpack[params.NoParams]) -> Call[Upload, Upload]:
        """Give an upload up, with the parts that came (`cancelUpload`)."""
        return self._call(endpoints.CANCEL_UPLOAD, upload, **keywords)

    def complete(
        self, upload: Upload | str, /, **keywords: Unpack[params_vector_stores.CompleteUploadParams]
    ) -> Call[Upload, Upload]:
        """Put the parts together, in the order given; the answer has the file (`completeUpload`)."""
        return self._call(endpoints.COMPLETE_UPLOAD, upload, **keywords)

    async def send(
        self,
        file: SeekableInput,
        /,
        *,
        purpose: str,
        filename: str | None = None,
        mime_type: str | None = None,
        part_size: int = PART_SIZE,
        max_concurrency: int = 4,
        on_progress: Progress | None = None,
        on_state: Callable[[UploadState], None] | None = None,
        on_failure: Literal["cancel", "leave"] = "cancel",
        resume: UploadState | None = None,
        deadline: float | None = None,
        **unknown: Never,
    ) -> Upload:
        """Send a file in parts, several at once, and return the completed upload with its `file`.

        `file` is a path, an open binary file, a framework's upload, bytes, or one of these as `(name, data)`; bytes
        alone need a `filename`. Only pieces of it are in memory; its MD5 is taken besides, and checked by the server.
        `part_size` is in bytes, up to 64 MiB; `mime_type` is guessed from the name where absent. `on_progress` is
        called with the bytes sent so far and in all, `on_state` whenever a part has arrived, with what `resume` takes.

        Where it fails, runs out of time (`deadline`, in seconds) or is cancelled, the upload is cancelled at the
        server; with `on_failure="leave"` it stays, for an hour, to be gone on with by `resume`. Raises `UploadError`
        from the cause, with the state; `FileNotFoundError`, `TypeError` and `ValueError` before anything is sent.
        """
        return await self._workflows().send(
            unknown,
            file=file,
            purpose=purpose,
            filename=filename,
            mime_type=mime_type,
            part_size=part_size,
            max_concurrency=max_concurrency,
            on_progress=on_progress,
            on_state=on_state,
            on_failure=on_failure,
            resume=resume,
            deadline=deadline,
        )
