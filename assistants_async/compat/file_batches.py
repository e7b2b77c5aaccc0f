"""`client.vector_stores.file_batches`."""

from __future__ import annotations

from functools import partial
from typing import Unpack

from . import params
from .models import FileObject, VectorStoreFile, VectorStoreFileBatch
from .pages import AsyncPaginator
from .pending import Pending
from .processing import batch_processed, uploaded, waited
from .resource import Resource


class AsyncFileBatches(Resource):
    """Files that go into a store together."""

    noun = "vector_stores.file_batches"
    answers = ("create", "retrieve", "cancel", "list_files")

    def create(self, vector_store_id: str, **keywords: Unpack[params.CreateBatch]) -> Pending[VectorStoreFileBatch]:
        """Take uploaded files into a store."""
        client, members = self._part("create", params.CreateBatch, keywords)
        return Pending(client.vector_stores.file_batches.create(vector_store_id, **members))

    def retrieve(self, batch_id: str, **keywords: Unpack[params.OnStore]) -> Pending[VectorStoreFileBatch]:
        """Get a batch as it is now."""
        client, ids = self._part("retrieve", params.OnStore, keywords, body=False)
        return Pending(client.vector_stores.file_batches.retrieve(ids["vector_store_id"], batch_id))

    def cancel(self, batch_id: str, **keywords: Unpack[params.OnStore]) -> Pending[VectorStoreFileBatch]:
        """Leave out the files of a batch that are not done yet."""
        client, ids = self._part("cancel", params.OnStore, keywords)
        return Pending(client.vector_stores.file_batches.cancel(ids["vector_store_id"], batch_id))

    def list_files(self, batch_id: str, **keywords: Unpack[params.ListBatchFiles]) -> AsyncPaginator[VectorStoreFile]:
        """List the files of a batch."""
        client, members = self._part("list_files", params.ListBatchFiles, keywords, body=False)
        store = members.pop("vector_store_id")
        return AsyncPaginator(client.vector_stores.file_batches.list_files(store, batch_id, **members))

    async def create_and_poll(
        self, vector_store_id: str, **keywords: Unpack[params.CreateBatchPoll]
    ) -> VectorStoreFileBatch:
        """Take uploaded files into a store, and wait until the server is done with them, well or not."""
        client, members = self._part("create_and_poll", params.CreateBatchPoll, keywords)
        wait = waited(members)
        batch: VectorStoreFileBatch = await Pending(
            client.vector_stores.file_batches.create(vector_store_id, **members)
        )
        return await batch_processed(client, vector_store_id, batch.id, **wait)

    async def poll(self, batch_id: str, **keywords: Unpack[params.PollBatch]) -> VectorStoreFileBatch:
        """Wait until the server is done with a batch, well or not."""
        client, members = self._part("poll", params.PollBatch, keywords, body=False)
        return await batch_processed(client, members.pop("vector_store_id"), batch_id, **waited(members))

    async def upload_and_poll(
        self, vector_store_id: str, **keywords: Unpack[params.UploadBatch]
    ) -> VectorStoreFileBatch:
        """Upload files, some at once, take them into a store, and wait until the server is done with them.

        `file_ids` names files that were uploaded before.
        """
        from ..workflows.concurrency import in_parallel  # on use, as elsewhere

        client, members = self._part("upload_and_poll", params.UploadBatch, keywords)
        files, before = list(members.pop("files")), list(members.pop("file_ids", ()))
        done: dict[int, FileObject] = {}

        async def upload(place: int) -> None:
            done[place] = await uploaded(client, files[place])

        jobs = (partial(upload, place) for place in range(len(files)))
        await in_parallel(jobs, members.pop("max_concurrency", 5))
        ids = [*before, *(done[place].id for place in range(len(files)))]
        return await self.create_and_poll(vector_store_id, file_ids=ids, **members)
