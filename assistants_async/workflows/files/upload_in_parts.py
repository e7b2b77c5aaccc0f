"""A large file in parts: several at once, checked, and either whole at the server or gone from it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import mimetypes
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Literal, cast

import anyio
import anyio.to_thread
import msgspec

from ...calls.context import CallContext
from ...calls.file_input import SeekableInput
from ...calls.multipart_body import CHUNK, MultipartBody, Progress
from ...core.checks import plain_function, positive_seconds, whole_number
from ...endpoints import ADD_UPLOAD_PART, CANCEL_UPLOAD, COMPLETE_UPLOAD, CREATE_UPLOAD
from ...errors import AssistantsError, UploadError, printable
from ...models.transfers import UploadState
from ...models.uploads import Upload, UploadPart
from ..concurrency import Work, in_parallel, stopped_by
from .part_limits import PART_LIMIT
from .processing import CLEANUP
from .upload_source import FileSlice, UploadSource

_NAME = "uploads.send"


class UploadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `uploads.send`; see there."""

    file: SeekableInput
    purpose: str
    filename: str | None
    mime_type: str | None
    part_size: int
    max_concurrency: int
    on_progress: Progress | None
    on_state: Callable[[UploadState], None] | None
    on_failure: Literal["cancel", "leave"]
    resume: UploadState | None
    deadline: float | None


async def send(context: CallContext, wanted: UploadRequest) -> Upload:
    """Send a file in parts; see `client.uploads.send`."""
    work = PartUploader(context, wanted)
    scope = asyncio.timeout(wanted.deadline)
    try:
        async with scope:
            return await work.run()
    except BaseException as error:
        # Before the error is made: it says whether the upload is still there.
        await work.clean_up()
        cause = stopped_by(error, scope, wanted.deadline) or error
        if not isinstance(cause, (AssistantsError, OSError)):  # as a file raises that cannot be read
            raise
        failure = UploadError(f"{printable(work.name, 80)} was not uploaded: {cause}", work.state)
        failure.add_note(f"while calling {_NAME}")
        raise failure from cause


class PartUploader:
    """One file on its way; making it checks the arguments."""

    def __init__(self, context: CallContext, wanted: UploadRequest) -> None:
        self._context = context
        self._wanted = wanted
        self._source = source = UploadSource(_NAME, wanted.file)
        self._size = source.size
        self.name = wanted.filename or source.name
        """Name of the file to be."""
        if not isinstance(self.name, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise TypeError(f"{_NAME}(): filename must be str, not {type(self.name).__name__}")
        if not self.name and source.kind == "bytes":
            raise ValueError(f"{_NAME}(): bytes have no name, which the server knows their kind by: pass filename=")
        if not self.name:
            text = "file must be a Path, or have a name: pass filename= or (name, data)"
            raise TypeError(f"{_NAME}(): {text}, not {source.kind}")
        # No folder of this machine is shown to the server.
        if Path(self.name).name != self.name:
            raise ValueError(f"{_NAME}(): filename must be a plain name, not {self.name!r}")
        whole_number(f"{_NAME}(): max_concurrency", wanted.max_concurrency)
        whole_number(f"{_NAME}(): part_size", wanted.part_size, most=PART_LIMIT)
        plain_function(f"{_NAME}(): on_progress", wanted.on_progress, "sent", "total")
        plain_function(f"{_NAME}(): on_state", wanted.on_state, "state")
        if wanted.resume is not None and not isinstance(wanted.resume, UploadState):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise TypeError(f"{_NAME}(): resume must be an UploadState, not {type(wanted.resume).__name__}")
        if wanted.deadline is not None:
            positive_seconds(f"{_NAME}(): deadline", wanted.deadline)
        if wanted.on_failure not in ("cancel", "leave"):
            raise ValueError(f"{_NAME}(): on_failure must be 'cancel' or 'leave', not {wanted.on_failure!r}")
        mime_type = wanted.mime_type or source.media or mimetypes.guess_type(self.name)[0] or "application/octet-stream"
        announced = {"filename": self.name, "purpose": wanted.purpose, "bytes": self._size, "mime_type": mime_type}
        # Bound now, so that a purpose or type that is wrong is refused before anything is sent.
        self._create = context.bind(CREATE_UPLOAD, (), announced)
        self.state = wanted.resume
        """State of the upload at the server; None before it is made, and once it is cancelled."""
        if self.state is not None and (self.state.size != self._size or len(self.state.part_ids) != self._count()):
            raise ValueError(f"{_NAME}(): resume is of a file of {self.state.size} bytes, this one has {self._size}")
        # The document's checksum of the whole; it guards against mistakes on the way, not against attackers.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sent: dict[int, int] = {}

    def _count(self) -> int:
        return -(-self._size // self._part_size)

    @property
    def _part_size(self) -> int:
        return self._wanted.part_size if self.state is None else self.state.part_size

    async def run(self) -> Upload:
        """Announce the file, send what is missing of it, and have it put together."""
        if self.state is None:
            upload = (await self._context.send(self._create, Upload)).value
            parts: tuple[str | None, ...] = (None,) * self._count()
            self._keep(UploadState(upload_id=upload.id, size=self._size, part_size=self._part_size, part_ids=parts))
        # The digest reads the file beside the uploads, so that a large file is not read twice one after the other.
        await in_parallel(self._parts(self._known), self._wanted.max_concurrency, self._digest)
        state = self._known
        md5 = self._md5.hexdigest()
        upload = await self._context.call(COMPLETE_UPLOAD, state.upload_id, part_ids=state.part_ids, md5=md5)
        if upload.status not in (None, "completed"):
            raise AssistantsError(f"the upload is {printable(upload.status, 60)} after it was completed")
        return upload

    @property
    def _known(self) -> UploadState:
        assert self.state is not None
        return self.state

    def _parts(self, state: UploadState) -> Iterator[Work]:
        """Yield the work of sending each part that is not at the server yet."""
        for index, part_id in enumerate(state.part_ids):
            start = index * state.part_size
            size = min(state.part_size, self._size - start)
            if part_id is None:
                yield partial(self._part, index, start, size)
            else:
                # Parts that are there count as sent, so that progress goes on where it stopped.
                self._sent[index] = size

    async def _digest(self) -> None:
        def step() -> bool:
            piece = file.read(CHUNK)
            self._md5.update(piece)
            return bool(piece)

        file = await anyio.to_thread.run_sync(self._source.open)
        with file:
            while await anyio.to_thread.run_sync(step):
                pass

    async def _part(self, index: int, start: int, size: int) -> None:
        with await anyio.to_thread.run_sync(self._source.open) as file:
            form = MultipartBody(
                ADD_UPLOAD_PART.name,
                cast("IO[bytes]", FileSlice(file, start, size)),
                {},
                part=ADD_UPLOAD_PART.form or "",
                filename=self.name,
                on_progress=partial(self._progress, index),
            )
            request = self._context.bind(ADD_UPLOAD_PART, (self._known.upload_id,), {}, form)
            part = (await self._context.send(request, UploadPart)).value
        parts = list(self._known.part_ids)
        parts[index] = part.id
        self._keep(msgspec.structs.replace(self._known, part_ids=tuple(parts)))

    def _progress(self, index: int, sent: int, _: int | None) -> None:
        # By part: several are under way, and one that is sent again begins at 0.
        self._sent[index] = sent
        if self._wanted.on_progress is not None:
            self._wanted.on_progress(sum(self._sent.values()), self._size)

    def _keep(self, state: UploadState) -> None:
        self.state = state
        if self._wanted.on_state is not None:
            self._wanted.on_state(state)

    async def clean_up(self) -> None:
        """Cancel the upload at the server, unless it is to stay; where that fails, its state is kept."""
        if self.state is None or self._wanted.on_failure == "leave":
            return
        # Shielded: the task may be cancelled, and parts that nobody completes would stay for an hour.
        with anyio.move_on_after(CLEANUP, shield=True), contextlib.suppress(AssistantsError):
            await self._context.call(CANCEL_UPLOAD, self.state.upload_id)
            self.state = None
