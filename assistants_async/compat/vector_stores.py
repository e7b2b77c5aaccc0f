"""`client.vector_stores`."""

from __future__ import annotations

from typing import Unpack

from ..client import AssistantsClient
from ..models import FileContent, SearchResult
from . import params
from .file_batches import AsyncFileBatches
from .models import Deleted, VectorStore, VectorStoreFile
from .options import RequestOptions
from .pages import AsyncPaginator
from .pending import Pending
from .processing import processed, uploaded, waited
from .resource import Resource


class AsyncVectorStoreFiles(Resource):
    """The files of a store."""

    noun = "vector_stores.files"
    answers = ("create", "retrieve", "update", "list", "delete", "content")

    def create(self, vector_store_id: str, **keywords: Unpack[params.CreateStoreFile]) -> Pending[VectorStoreFile]:
        """Take an uploaded file into a store."""
        client, members = self._part("create", params.CreateStoreFile, keywords)
        return Pending(client.vector_stores.files.create(vector_store_id, **members))

    def retrieve(self, file_id: str, **keywords: Unpack[params.OnStore]) -> Pending[VectorStoreFile]:
        """Get a file as the store has it."""
        client, ids = self._part("retrieve", params.OnStore, keywords, body=False)
        return Pending(client.vector_stores.files.retrieve(ids["vector_store_id"], file_id))

    def update(self, file_id: str, **keywords: Unpack[params.UpdateStoreFile]) -> Pending[VectorStoreFile]:
        """Change a file's attributes."""
        client, members = self._part("update", params.UpdateStoreFile, keywords)
        return Pending(client.vector_stores.files.modify(members.pop("vector_store_id"), file_id, **members))

    def delete(self, file_id: str, **keywords: Unpack[params.OnStore]) -> Pending[Deleted]:
        """Take a file out of a store; the file itself stays."""
        client, ids = self._part("delete", params.OnStore, keywords, body=False)
        return Pending(client.vector_stores.files.delete(ids["vector_store_id"], file_id))

    def content(self, file_id: str, **keywords: Unpack[params.OnStore]) -> AsyncPaginator[FileContent]:
        """List what the server read in a file, piece by piece."""
        client, ids = self._part("content", params.OnStore, keywords, body=False)
        return AsyncPaginator(client.vector_stores.files.content(ids["vector_store_id"], file_id))

    async def create_and_poll(self, file_id: str, **keywords: Unpack[params.CreateStoreFilePoll]) -> VectorStoreFile:
        """Take an uploaded file into a store, and wait until the server is done with it, well or not."""
        client, members = self._part("create_and_poll", params.CreateStoreFilePoll, keywords)
        store, wait = members.pop("vector_store_id"), waited(members)
        await Pending(client.vector_stores.files.create(store, file_id=file_id, **members))
        return await processed(client, store, file_id, **wait)

    async def poll(self, file_id: str, **keywords: Unpack[params.PollStoreFile]) -> VectorStoreFile:
        """Wait until the server is done with a file, well or not."""
        client, members = self._part("poll", params.PollStoreFile, keywords, body=False)
        return await processed(client, members.pop("vector_store_id"), file_id, **waited(members))

    async def upload(self, **keywords: Unpack[params.UploadStoreFile]) -> VectorStoreFile:
        """Upload a file, and take it into a store."""
        client, members = self._part("upload", params.UploadStoreFile, keywords)
        file = await uploaded(client, members.pop("file"))
        return await self.create(members.pop("vector_store_id"), file_id=file.id, **members)

    async def upload_and_poll(self, **keywords: Unpack[params.UploadStoreFilePoll]) -> VectorStoreFile:
        """Upload a file, take it into a store, and wait until the server is done with it."""
        client, members = self._part("upload_and_poll", params.UploadStoreFilePoll, keywords)
        file = await uploaded(client, members.pop("file"))
        return await self.create_and_poll(file.id, **members)

    def list(self, vector_store_id: str, **keywords: Unpack[params.ListStoreFiles]) -> AsyncPaginator[VectorStoreFile]:
        """List a store's files, newest first."""
        client, members = self._part("list", params.ListStoreFiles, keywords, body=False)
        return AsyncPaginator(client.vector_stores.files.list(vector_store_id, **members))


class AsyncVectorStores(Resource):
    """Files made searchable."""

    noun = "vector_stores"
    answers = ("create", "retrieve", "update", "list", "delete", "search")

    def __init__(self, client: AssistantsClient) -> None:
        super().__init__(client)
        self.files = AsyncVectorStoreFiles(client)
        """The files of a store."""
        self.file_batches = AsyncFileBatches(client)
        """Files that go into a store together."""

    def create(self, **keywords: Unpack[params.CreateStore]) -> Pending[VectorStore]:
        """Make a store."""
        client, members = self._part("create", params.CreateStore, keywords)
        return Pending(client.vector_stores.create(**members))

    def retrieve(self, vector_store_id: str, **options: Unpack[RequestOptions]) -> Pending[VectorStore]:
        """Get a store."""
        client, _ = self._part("retrieve", RequestOptions, options, body=False)
        return Pending(client.vector_stores.retrieve(vector_store_id))

    def update(self, vector_store_id: str, **keywords: Unpack[params.UpdateStore]) -> Pending[VectorStore]:
        """Change a store's name, expiry or metadata."""
        client, members = self._part("update", params.UpdateStore, keywords)
        return Pending(client.vector_stores.modify(vector_store_id, **members))

    def delete(self, vector_store_id: str, **options: Unpack[RequestOptions]) -> Pending[Deleted]:
        """Delete a store; the files themselves stay."""
        client, _ = self._part("delete", RequestOptions, options, body=False)
        return Pending(client.vector_stores.delete(vector_store_id))

    def search(self, vector_store_id: str, **keywords: Unpack[params.SearchStore]) -> AsyncPaginator[SearchResult]:
        """Search a store, best results first."""
        client, members = self._part("search", params.SearchStore, keywords)
        return AsyncPaginator(client.vector_stores.search(vector_store_id, **members))

    def list(self, **keywords: Unpack[params.List]) -> AsyncPaginator[VectorStore]:
        """List the stores, newest first."""
        client, members = self._part("list", params.List, keywords, body=False)
        return AsyncPaginator(client.vector_stores.list(**members))
