"""`client.vector_stores`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Never, Unpack

from .. import endpoints
from ..calls.call import Call
from ..calls.context import CallContext
from ..calls.lists import ListCall, PagedCall
from ..core.requests.endpoint import Endpoint
from ..models import params, params_vector_stores
from ..models.files import File
from ..models.pages import Deleted
from ..models.transfers import IngestedFile, IngestReport
from ..models.vector_stores import (
    FileContent,
    FileContentPage,
    SearchPage,
    SearchResult,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
)
from ..workflows.files.ingest_sources import BATCH_LIMIT, SourceInput
from ..workflows.files.processing import FileBatchCall, StoreFileCall
from .base import Resource


class VectorStoreFiles(Resource):
    """The files of a store (v2)."""

    __slots__ = ()

    def create(
        self, vector_store: VectorStore | str, /, **keywords: Unpack[params_vector_stores.CreateVectorStoreFileParams]
    ) -> StoreFileCall:
        """Take an uploaded file into a store; `.poll()` waits until it can be searched (`createVectorStoreFile`)."""
        return self._store_file(endpoints.CREATE_VECTOR_STORE_FILE, vector_store, **keywords)

    def retrieve(
        self,
        vector_store: VectorStore | str,
        file: VectorStoreFile | File | str,
        /,
        **keywords: Unpack[params.NoParams],
    ) -> StoreFileCall:
        """Get a file as the store has it; `.poll()` waits for its end (`getVectorStoreFile`)."""
        return self._store_file(endpoints.GET_VECTOR_STORE_FILE, vector_store, file, **keywords)

    def modify(
        self,
        vector_store: VectorStore | str,
        file: VectorStoreFile | File | str,
        /,
        **keywords: Unpack[params_vector_stores.ModifyVectorStoreFileParams],
    ) -> StoreFileCall:
        """Put attributes in place of those before (`updateVectorStoreFileAttributes`)."""
        return self._store_file(endpoints.MODIFY_VECTOR_STORE_FILE, vector_store, file, **keywords)

    def delete(
        self,
        vector_store: VectorStore | str,
        file: VectorStoreFile | File | str,
        /,
        **keywords: Unpack[params.NoParams],
    ) -> Call[Deleted, Deleted]:
        """Take a file out of a store; the file itself stays (`deleteVectorStoreFile`)."""
        return self._call(endpoints.DELETE_VECTOR_STORE_FILE, vector_store, file, **keywords)

    def content(
        self,
        vector_store: VectorStore | str,
        file: VectorStoreFile | File | str,
        /,
        **keywords: Unpack[params.NoParams],
    ) -> PagedCall[FileContentPage, FileContent]:
        """List what the server read in a file, piece by piece (`retrieveVectorStoreFileContent`)."""
        return self._paged(endpoints.GET_VECTOR_STORE_FILE_CONTENT, vector_store, file, **keywords)

    def _store_file(
        self, row: Endpoint[VectorStoreFile, VectorStoreFile], *ids: object, **keywords: Any
    ) -> StoreFileCall:
        context = self._context
        # No plain call: a file changes by itself after the answer, and can be polled.
        return StoreFileCall(context.session, context.bind(row, ids, keywords), context.options)

    def list(
        self, vector_store: VectorStore | str, /, **keywords: Unpack[params_vector_stores.ListVectorStoreFilesParams]
    ) -> ListCall[VectorStoreFile]:
        """List a store's files, newest first; `filter` picks a state (`listVectorStoreFiles`)."""
        return self._list(endpoints.LIST_VECTOR_STORE_FILES, vector_store, **keywords)


class FileBatches(Resource):
    """Files that go into a store together (v2)."""

    __slots__ = ()

    def create(
        self,
        vector_store: VectorStore | str,
        /,
        **keywords: Unpack[params_vector_stores.CreateVectorStoreFileBatchParams],
    ) -> FileBatchCall:
        """Take up to 2000 uploaded files into a store; `.poll()` waits for their end (`createVectorStoreFileBatch`)."""
        return self._batch(endpoints.CREATE_FILE_BATCH, vector_store, **keywords)

    def retrieve(
        self, vector_store: VectorStore | str, batch: VectorStoreFileBatch | str, /, **keywords: Unpack[params.NoParams]
    ) -> FileBatchCall:
        """Get a batch as it is now; `.poll()` waits for its end (`getVectorStoreFileBatch`)."""
        return self._batch(endpoints.GET_FILE_BATCH, vector_store, batch, **keywords)

    def cancel(
        self, vector_store: VectorStore | str, batch: VectorStoreFileBatch | str, /, **keywords: Unpack[params.NoParams]
    ) -> FileBatchCall:
        """Leave out the files of a batch that are not done yet (`cancelVectorStoreFileBatch`)."""
        return self._batch(endpoints.CANCEL_FILE_BATCH, vector_store, batch, **keywords)

    def list_files(
        self,
        vector_store: VectorStore | str,
        batch: VectorStoreFileBatch | str,
        /,
        **keywords: Unpack[params_vector_stores.ListVectorStoreFilesParams],
    ) -> ListCall[VectorStoreFile]:
        """List the files of a batch; `filter` picks a state (`listFilesInVectorStoreBatch`)."""
        return self._list(endpoints.LIST_BATCH_FILES, vector_store, batch, **keywords)

    def _batch(
        self, row: Endpoint[VectorStoreFileBatch, VectorStoreFileBatch], *ids: object, **keywords: Any
    ) -> FileBatchCall:
        context = self._context
        # No plain call, for the same reason as that of a file.
        return FileBatchCall(context.session, context.bind(row, ids, keywords), context.options)


class VectorStores(Resource):
    """Files made searchable, for `file_search` and for `search` (v2)."""

    __slots__ = ("file_batches", "files")

    def __init__(self, context: CallContext) -> None:
        super().__init__(context)
        self.files = VectorStoreFiles(context)
        """The files of a store."""
        self.file_batches = FileBatches(context)
        """Files that go into a store together."""

    def create(
        self, **keywords: Unpack[params_vector_stores.CreateVectorStoreParams]
    ) -> Call[VectorStore, VectorStore]:
        """Make a store, empty or with up to 500 uploaded files (`createVectorStore`)."""
        return self._call(endpoints.CREATE_VECTOR_STORE, **keywords)

    def retrieve(
        self, vector_store: VectorStore | str, /, **keywords: Unpack[params.NoParams]
    ) -> Call[VectorStore, VectorStore]:
        """Get a store as it is now (`getVectorStore`)."""
        return self._call(endpoints.GET_VECTOR_STORE, vector_store, **keywords)

    def modify(
        self, vector_store: VectorStore | str, /, **keywords: Unpack[params_vector_stores.ModifyVectorStoreParams]
    ) -> Call[VectorStore, VectorStore]:
        """Change a store's name, expiry or metadata (`modifyVectorStore`)."""
        return self._call(endpoints.MODIFY_VECTOR_STORE, vector_store, **keywords)

    def delete(self, vector_store: VectorStore | str, /, **keywords: Unpack[params.NoParams]) -> Call[Deleted, Deleted]:
        """Delete a store; the files themselves stay (`deleteVectorStore`)."""
        return self._call(endpoints.DELETE_VECTOR_STORE, vector_store, **keywords)

    def search(
        self, vector_store: VectorStore | str, /, **keywords: Unpack[params_vector_stores.SearchVectorStoreParams]
    ) -> PagedCall[SearchPage, SearchResult]:
        """Search a store: await for the first page, iterate for every result, best first (`searchVectorStore`)."""
        return self._paged(endpoints.SEARCH_VECTOR_STORE, vector_store, **keywords)

    async def ingest(
        self,
        vector_store: VectorStore | str,
        sources: Iterable[SourceInput],
        /,
        *,
        purpose: str = "assistants",
        attributes: Mapping[str, str | float | bool] | None = None,
        chunking_strategy: params_vector_stores.ChunkingStrategyInput | None = None,
        max_concurrency: int = 8,
        batch_size: int = BATCH_LIMIT,
        on_progress: Callable[[IngestedFile], None] | None = None,
        resume: IngestReport | None = None,
        remove_orphans: bool = False,
        deadline: float | None = None,
        **unknown: Never,
    ) -> IngestReport:
        """Upload files, take them into a store and wait until they can be searched; a report has every one.

        A source is a `Path`, an open binary file with a name, or a `Source(name, data)` of bytes, a file or an async
        iterable; each is streamed, `max_concurrency` at a time, then all go in by batches of `batch_size`, at most
        2000. A file that cannot be read or is refused costs no other. `on_progress` is called with a source's entry
        whenever it has come further. `deadline` is in seconds for all of it.

        Raises `IngestError` with the report where not every source is completed, from what stopped it if anything
        did. With `resume` what the report has completed is left alone, and what it has uploaded is not sent again; a
        file that failed is sent anew, in place of its earlier upload. `remove_orphans` deletes what was uploaded and
        is in no store when it fails or is cancelled. Sources that cannot be right (none, a folder, a vanished file,
        a name without extension, two of one name) are refused before anything is sent. What was cut off on its way
        may have arrived all the same: such a file has no id here, and stays.
        """
        return await self._workflows().ingest(
            unknown,
            vector_store=vector_store,
            sources=sources,
            purpose=purpose,
            attributes=attributes,
            chunking_strategy=chunking_strategy,
            max_concurrency=max_concurrency,
            batch_size=batch_size,
            on_progress=on_progress,
            resume=resume,
            remove_orphans=remove_orphans,
            deadline=deadline,
        )

    def list(self, **keywords: Unpack[params.ListParams]) -> ListCall[VectorStore]:
        """List the stores, newest first (`listVectorStores`)."""
        return self._list(endpoints.LIST_VECTOR_STORES, **keywords)
