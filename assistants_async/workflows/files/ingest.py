"""Files into a vector store, many at once: uploaded, taken in by batches, waited for, each accounted for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import msgspec

from ...calls.context import CallContext
from ...calls.multipart_body import MultipartBody
from ...core.checks import flag, plain_function, positive_seconds, whole_number
from ...endpoints import (
    CREATE_FILE,
    CREATE_FILE_BATCH,
    DELETE_FILE,
    DELETE_VECTOR_STORE_FILE,
    GET_FILE_BATCH,
    GET_VECTOR_STORE,
)
from ...errors import (
    AssistantsError,
    AuthenticationError,
    ClientClosedError,
    IngestError,
    NotFoundError,
    PermissionDeniedError,
    ValidationError,
    printable,
)
from ...models.files import File
from ...models.params_vector_stores import ChunkingStrategyInput
from ...models.transfers import IngestedFile, IngestReport
from ...models.vector_stores import VectorStore, VectorStoreFile, VectorStoreFileBatch
from ..concurrency import Work, in_parallel, stopped_by
from .ingest_sources import BATCH_LIMIT, Source, SourceInput, checked_sources
from .processing import CLEANUP, ProcessingPoller, is_whole

_NAME = "vector_stores.ingest"
# Errors that the next file would meet as well.
_STOPS = (AuthenticationError, PermissionDeniedError, ClientClosedError)


class IngestRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `vector_stores.ingest`; see there."""

    vector_store: VectorStore | str
    sources: Iterable[SourceInput]
    purpose: str
    attributes: Mapping[str, str | float | bool] | None
    chunking_strategy: ChunkingStrategyInput | None
    max_concurrency: int
    batch_size: int
    on_progress: Callable[[IngestedFile], None] | None
    resume: IngestReport | None
    remove_orphans: bool
    deadline: float | None


async def ingest(context: CallContext, wanted: IngestRequest) -> IngestReport:
    """Bring sources into a store; see `client.vector_stores.ingest`."""
    # In a thread: it looks at every file, and a folder on a network may take its time.
    work = await anyio.to_thread.run_sync(Ingester, context, wanted)  # which looks at each file
    scope = asyncio.timeout(wanted.deadline)
    try:
        async with scope:
            await work.run()
    except BaseException as error:
        await work.remove_orphans()
        stopped = stopped_by(error, scope, wanted.deadline)
        if stopped is None:
            raise
    else:
        if work.report.is_complete:
            return work.report
        await work.remove_orphans()
        stopped = None
    failure = IngestError(_summary(work.report, stopped), work.report)
    failure.add_note(f"while calling {_NAME}")
    raise failure from stopped


def _summary(report: IngestReport, stopped: Exception | None) -> str:
    left = report.unfinished
    text = f"{len(left)} of {len(report.files)} files are not in vector store {printable(report.vector_store_id, 80)}"
    if stopped is not None:
        return f"{text}: {stopped}"
    first = left[0]
    return f"{text}; first {printable(first.source, 80)!r}: {printable(first.error or first.status)}"


class Ingester:
    """The sources on their way; making it checks the arguments."""

    def __init__(self, context: CallContext, wanted: IngestRequest) -> None:
        self._context = context
        self._wanted = wanted
        whole_number(f"{_NAME}(): max_concurrency", wanted.max_concurrency)
        whole_number(f"{_NAME}(): batch_size", wanted.batch_size, most=BATCH_LIMIT)
        plain_function(f"{_NAME}(): on_progress", wanted.on_progress, "file")
        flag(f"{_NAME}(): remove_orphans", wanted.remove_orphans)
        if wanted.resume is not None and not isinstance(wanted.resume, IngestReport):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise TypeError(f"{_NAME}(): resume must be an IngestReport, not {type(wanted.resume).__name__}")
        if wanted.deadline is not None:
            positive_seconds(f"{_NAME}(): deadline", wanted.deadline)
        self._store_id = wanted.vector_store.id if isinstance(wanted.vector_store, VectorStore) else wanted.vector_store
        self._sources = checked_sources(_NAME, wanted.sources)
        for place, source in enumerate(self._sources.values()):
            # Each by itself, as a batch of one: so an error names the source by its place.
            self._check(place, source)
        context.bind(CREATE_FILE, (), {"purpose": wanted.purpose})
        self._files = {name: IngestedFile(source=name) for name in self._sources}
        if wanted.resume is not None:
            if wanted.resume.vector_store_id != self._store_id:
                raise ValueError(f"{_NAME}(): resume is of vector store {wanted.resume.vector_store_id!r}")
            # Only of sources that are given again: the others are none of this ingestion.
            self._files |= {file.source: file for file in wanted.resume.files if file.source in self._sources}

    def _check(self, place: int, source: Source) -> None:
        try:
            self._context.bind(CREATE_FILE_BATCH, (self._store_id,), self._body([("file", source)]))
        except ValidationError as error:
            path = error.path.replace("files[0]", f"sources[{place}]")
            raise ValidationError(_NAME, path, error.rule, error.value) from None

    @property
    def report(self) -> IngestReport:
        """Every source, as far as it has come."""
        return IngestReport(vector_store_id=self._store_id, files=tuple(self._files.values()))

    async def run(self) -> None:
        """Upload what is not at the server, take in what is not in the store, and wait for the end."""
        store = await self._context.call(GET_VECTOR_STORE, self._store_id)
        if store.is_expired:
            raise AssistantsError(f"vector store {printable(store.id, 80)} has expired")
        # All uploads first: one batch of up to 2,000 files costs one request, however small they are.
        await in_parallel(self._uploads(), self._wanted.max_concurrency)
        await in_parallel(self._batches(), self._wanted.max_concurrency)

    def _move(self, *names: str, **changes: Any) -> None:
        self._files |= {name: msgspec.structs.replace(self._files[name], **changes) for name in names}
        # After all are moved: an error of the callback must not leave files that seem to be in no store.
        if self._wanted.on_progress is not None:
            for name in names:
                self._wanted.on_progress(self._files[name])

    # Uploading

    def _uploads(self) -> Iterator[Work]:
        for name, file in self._files.items():
            if file.status in ("waiting", "failed"):
                yield partial(self._upload, name)

    async def _upload(self, name: str) -> None:
        source = self._sources[name]
        try:
            # A second copy of a file would be found twice by every search.
            await self._replace(self._files[name].file_id)
            fields = {"purpose": self._wanted.purpose}
            form = MultipartBody(
                CREATE_FILE.name, source.data, fields, part=CREATE_FILE.form or "", filename=source.name
            )
            file = (await self._context.send(self._context.bind(CREATE_FILE, (), fields, form), File)).value
        except _STOPS:
            raise
        except Exception as error:  # noqa: BLE001  # whatever reading a source raises is that source's outcome
            self._move(name, status="failed", code=None, error=_words(error))
        else:
            self._move(name, status="uploaded", file_id=file.id, code=None, error=None)

    async def _replace(self, file_id: str | None) -> None:
        """Delete the earlier upload of a file that failed, which its next one takes the place of."""
        if file_id is not None:
            for row, ids in ((DELETE_VECTOR_STORE_FILE, (self._store_id, file_id)), (DELETE_FILE, (file_id,))):
                with contextlib.suppress(NotFoundError):
                    await self._context.call(row, *ids)

    # Taking in

    def _batches(self) -> Iterator[Work]:
        # Also those of an earlier ingestion whose end nobody saw: taking a file in again changes nothing.
        names = [name for name, file in self._files.items() if file.status in ("uploaded", "in_progress", "cancelled")]
        for start in range(0, len(names), self._wanted.batch_size):
            yield partial(self._batch, names[start : start + self._wanted.batch_size])

    async def _batch(self, names: list[str]) -> None:
        files = {name: self._files[name].file_id or "" for name in names}
        body = self._body([(files[name], self._sources[name]) for name in names])
        request = self._context.bind(CREATE_FILE_BATCH, (self._store_id,), body)
        wait = ProcessingPoller(self._context, GET_FILE_BATCH, request)
        try:
            await wait.begin()
            self._move(*names, status="in_progress", code=None, error=None)
            batch = await wait.until_done()
            found = {} if is_whole(batch) else {file.id: file async for file in wait.files()}
        except _STOPS:
            raise
        except AssistantsError as error:
            self._move(*names, error=_words(error))
        else:
            for name, file_id in files.items():
                self._move(name, **_outcome(batch, found.get(file_id)))

    def _body(self, files: list[tuple[str, Source]]) -> dict[str, Any]:
        """Make the body of a batch: of ids alone, which older servers take, unless a file has attributes of its own."""
        wanted = self._wanted
        shared = {"chunking_strategy": wanted.chunking_strategy, "attributes": wanted.attributes}
        shared = {name: value for name, value in shared.items() if value is not None}
        if all(source.attributes is None for _, source in files):
            return {"file_ids": [file_id for file_id, _ in files], **shared}
        own = [{} if source.attributes is None else {"attributes": source.attributes} for _, source in files]
        return {
            "files": [{"file_id": file_id, **shared, **mine} for (file_id, _), mine in zip(files, own, strict=True)]
        }

    # Tidying up

    async def remove_orphans(self) -> None:
        """Delete the uploaded files that are in no store, where `remove_orphans` says so."""
        if self._wanted.remove_orphans:
            orphans = [file for file in self._files.values() if file.status == "uploaded"]
            with anyio.move_on_after(CLEANUP, shield=True):
                await in_parallel((partial(self._remove, file) for file in orphans), self._wanted.max_concurrency)

    async def _remove(self, file: IngestedFile) -> None:
        # Whatever fails here, the caller's `on_progress` included, must not take the place of why it is done.
        with contextlib.suppress(Exception):
            await self._context.call(DELETE_FILE, file.file_id)
            self._move(file.source, status="waiting", file_id=None)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _outcome(batch: VectorStoreFileBatch, file: VectorStoreFile | None) -> dict[str, Any]:
    """Return the outcome of a file whose batch has ended: as the server lists it, else as its batch."""
    if is_whole(batch):
        return {"status": "completed"}
    if file is None or not file.is_terminal:
        status = batch.status if batch.status in ("failed", "cancelled") else "in_progress"
        return {
            "status": status,
            "error": f"batch {printable(batch.id, 80)} ended as {printable(str(batch.status), 60)}",
        }
    problem = file.last_error
    code, message = (None, None) if problem is None else (problem.code, problem.message)
    error = None if file.status == "completed" else message or f"the server has it as {file.status}"
    return {"status": file.status, "code": code, "error": error}
