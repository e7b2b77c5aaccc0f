"""Vector stores and uploads as type checkers see them: checked by mypy and basedpyright, never run."""

# Calls are looked at here, and none is awaited or closed.
# mypy: disable-error-code="unused-awaitable"

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, assert_type

from assistants_async import (
    AssistantsClient,
    Call,
    Channel,
    Deleted,
    File,
    FileBatchCall,
    FileBatchError,
    FilesDeadlineError,
    IngestedFile,
    IngestError,
    IngestReport,
    Items,
    ListCall,
    Page,
    PagedCall,
    Response,
    SearchResult,
    Source,
    SourceInput,
    StoreFileCall,
    StoreFileError,
    Upload,
    UploadError,
    UploadPart,
    UploadState,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
)
from assistants_async.models import (
    ComparisonFilter,
    CompoundFilter,
    FileContent,
    FileContentPage,
    SearchPage,
    VectorStoreExpiresAfter,
)


async def stores(client: AssistantsClient, store: VectorStore, file: File) -> None:
    """Each operation on a store, with its values as dicts, as typed dicts and as what came back."""
    assert_type(client.vector_stores.create(), Call[VectorStore, VectorStore])
    await client.vector_stores.create(
        name="a",
        file_ids=[file, "file_2"],
        expires_after={"anchor": "last_active_at", "days": 1},
        chunking_strategy={"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}},
    )
    await client.vector_stores.modify(store, expires_after=VectorStoreExpiresAfter(days=1), metadata=None)
    assert_type(await client.vector_stores.retrieve("vs_1"), VectorStore)
    assert_type(await client.vector_stores.delete(store), Deleted)
    assert_type(client.vector_stores.list(limit=1), ListCall[VectorStore])


async def searches(client: AssistantsClient, store: VectorStore) -> None:
    """A search is a page when awaited, results when iterated."""
    equal: ComparisonFilter = {"type": "eq", "key": "a", "value": 1}
    both: CompoundFilter = {"type": "and", "filters": [equal, {"type": "or", "filters": [equal]}]}
    call = client.vector_stores.search(store, query=["a"], filters=both, ranking_options={"score_threshold": 0.5})
    assert_type(call, PagedCall[SearchPage, SearchResult])
    assert_type(await call, SearchPage)
    assert_type(await call.response(), Response[SearchPage])
    assert_type([result async for result in call], list[SearchResult])
    assert_type([page async for page in call.pages()], list[SearchPage])
    assert_type(await call.first(), SearchResult | None)
    assert_type(call.take(3), Items[SearchResult])
    assert_type(call.stream(), Channel[SearchResult])
    assert_type(call.stream(pages=True), Channel[SearchPage])
    content = client.vector_stores.files.content(store, "file_1")
    assert_type(content, PagedCall[FileContentPage, FileContent])


async def store_files(client: AssistantsClient, store: VectorStore, file: File) -> None:
    """Files and batches can be awaited, or polled to their end."""
    call = client.vector_stores.files.create(store, file_id=file, attributes={"a": 1, "b": True, "c": "d"})
    assert_type(call, StoreFileCall)
    assert_type(await call, VectorStoreFile)
    found = await call.poll(deadline=5, interval=0.5)
    assert_type(found, VectorStoreFile)
    assert_type(client.vector_stores.files.retrieve(store, found), StoreFileCall)
    assert_type(await client.vector_stores.files.modify(store, found, attributes=None), VectorStoreFile)
    assert_type(await client.vector_stores.files.delete(store, found), Deleted)
    assert_type(await client.vector_stores.files.list(store, filter="failed"), Page[VectorStoreFile])
    batch = await client.vector_stores.file_batches.create(store, file_ids=[file, found, "file_2"])
    assert_type(batch, VectorStoreFileBatch)
    await client.vector_stores.file_batches.create(store, files=[{"file_id": file, "attributes": {"a": 1}}])
    assert_type(client.vector_stores.file_batches.retrieve(store, batch), FileBatchCall)
    assert_type(await client.vector_stores.file_batches.retrieve(store, batch).poll(), VectorStoreFileBatch)
    assert_type(await client.vector_stores.file_batches.cancel(store, batch), VectorStoreFileBatch)
    assert_type(client.vector_stores.file_batches.list_files(store, batch), ListCall[VectorStoreFile])


async def ingestions(
    client: AssistantsClient, store: VectorStore, pieces: AsyncIterator[bytes], opened: IO[bytes]
) -> None:
    """Any mix of sources, and a report that goes in again."""

    def progress(file: IngestedFile) -> None:
        assert_type(file.error, str | None)

    sources: list[SourceInput] = [Path("b.txt"), opened, Source("c.txt", b"c"), Source("d.txt", pieces, {"a": 1})]
    report = await client.vector_stores.ingest(store, sources, on_progress=progress, attributes={"a": 1})
    assert_type(report, IngestReport)
    await client.vector_stores.ingest(store, sources, resume=report, remove_orphans=True, deadline=60)


async def uploads(client: AssistantsClient, upload: Upload, state: UploadState) -> None:
    """In parts by hand, and all at once."""
    made = await client.uploads.create(filename="a", purpose="assistants", bytes=1, mime_type="text/plain")
    assert_type(made, Upload)
    part = await client.uploads.parts.create(made, data=b"a")
    assert_type(part, UploadPart)
    assert_type(await client.uploads.complete(made, part_ids=[part, "part_2"], md5="0"), Upload)
    assert_type(await client.uploads.cancel(upload), Upload)
    sent = await client.uploads.send(Path("a"), purpose="assistants", resume=state, on_state=lambda state: None)
    assert_type(sent.file, File | None)


def errors(error: Exception) -> None:
    """Read the attributes of each error."""
    match error:
        case StoreFileError():
            assert_type(error.file, VectorStoreFile)
        case FileBatchError():
            assert_type(error.files, tuple[VectorStoreFile, ...])
        case FilesDeadlineError():
            assert_type(error.last, VectorStoreFile | VectorStoreFileBatch | None)
        case IngestError():
            assert_type(error.report, IngestReport)
        case UploadError():
            assert_type(error.state, UploadState | None)
        case _:
            pass
