"""Everything the server remembers: one collection for each kind and parent, and the bytes of files."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ..errors import full
from .collection import DOCUMENT_COST, Collection, Counters, Document
from .due_times import DueTimes

# Members by which the documents of a kind are looked for.
_INDEXES = {"message": "run_id"}


class Room:
    """Memory that a request takes while its body is read; it is given back when the request has been served."""

    def __init__(self, counters: Counters, most: int) -> None:
        self._counters = counters
        self._most = most
        self.taken = 0
        """Bytes that were taken."""

    def take(self, size: int) -> None:
        """Take so many bytes more; raises the 507 where the store has no room for them."""
        if self._counters.bytes + size > self._most:
            raise full(self._most)
        self._counters.bytes += size
        self.taken += size


class Store:
    """All collections; those of a parent are made on first use.

    `most` is the cap on the bytes of it all, as an estimate.
    """

    def __init__(self, most: int = 2**30) -> None:
        self._most = most
        self._counters = Counters()
        self.assistants = Collection("assistant", self._counters)
        """Assistants."""
        self.threads = Collection("thread", self._counters)
        """Threads."""
        self.files = Collection("file", self._counters)
        """Files, without their content."""
        self.contents: dict[str, bytes] = {}
        """The bytes of each file, and of each part of an upload."""
        self.vector_stores = Collection("vector store", self._counters)
        """Vector stores."""
        self.uploads = Collection("upload", self._counters)
        """Uploads."""
        self._due = DueTimes()
        self._shelves: dict[tuple[str, str], Collection] = {}

    @contextmanager
    def room(self) -> Generator[Room, None, None]:
        """Enter for the memory of one request that makes or changes something."""
        room = Room(self._counters, self._most)
        try:
            room.take(DOCUMENT_COST)
            yield room
        finally:
            self._counters.bytes -= room.taken

    def has_room(self, size: int) -> bool:
        """Tell whether so many bytes more may be kept."""
        return self._counters.bytes + size <= self._most

    def keep_content(self, id: str, content: bytes) -> None:
        """Keep the bytes of a file or of a part."""
        self.contents[id] = content
        self._counters.bytes += len(content)

    def keep_file(self, document: Document, content: bytes) -> Document:
        """Keep a file with its bytes until it expires or is deleted."""
        self.keep_content(document["id"], content)
        # Files that never expire stay out, so that looking for expired ones costs by their number alone.
        if document.get("expires_at") is not None:
            self._due.add(document["id"], document["expires_at"])
        return self.files.put(document)

    def messages(self, thread_id: str) -> Collection:
        """Messages of a thread; raises the 404 of the thread."""
        return self._of("message", self.threads.get(thread_id)["id"])

    def runs(self, thread_id: str) -> Collection:
        """Runs of a thread; raises the 404 of the thread."""
        return self._of("run", self.threads.get(thread_id)["id"])

    def steps(self, thread_id: str, run_id: str) -> Collection:
        """Steps of a run; raises the 404 of the thread or the run."""
        return self._of("step", self.runs(thread_id).get(run_id)["id"])

    def attached(self, parent_id: str) -> Collection:
        """Protocol v1's files of an assistant or a message."""
        return self._of("file", parent_id)

    def store_files(self, store_id: str) -> Collection:
        """Files of a vector store; raises the 404 of the store."""
        return self._of("vector store file", self.vector_stores.get(store_id)["id"])

    def batches(self, store_id: str) -> Collection:
        """File batches of a vector store; raises the 404 of the store."""
        return self._of("file batch", self.vector_stores.get(store_id)["id"])

    def batch_files(self, batch_id: str) -> Collection:
        """Files of a batch."""
        return self._of("vector store file", batch_id)

    def parts(self, upload_id: str) -> Collection:
        """Parts of an upload."""
        return self._of("part", upload_id)

    def forget_vector_store(self, store_id: str) -> None:
        """Take a vector store away with its batches, not the files themselves; raises the 404."""
        for batch in self.batches(store_id):
            self._drop("vector store file", batch["id"])
        for kind in ("file batch", "vector store file"):
            self._drop(kind, store_id)
        self.vector_stores.remove(store_id)

    def forget_parts(self, upload_id: str) -> None:
        """Take the parts of an upload away."""
        for part in self.parts(upload_id):
            self._drop_content(part["id"])
        self._drop("part", upload_id)

    def forget_thread(self, thread_id: str) -> None:
        """Take a thread away with all that it holds; raises the 404."""
        for run in self.runs(thread_id):
            self._drop("step", run["id"])
        for message in self.messages(thread_id):
            self._drop("file", message["id"])
        for kind in ("run", "message"):
            self._drop(kind, thread_id)
        self.threads.remove(thread_id)

    def forget_file(self, file_id: str) -> None:
        """Take a file and its content away, out of the vector stores too; raises the 404."""
        self.files.remove(file_id)
        self._drop_content(file_id)
        self._due.discard(file_id)
        for store in self.vector_stores:
            files = self.store_files(store["id"])
            if file_id in files:
                files.remove(file_id)

    def expire_files(self, now: float) -> None:
        """Take away the files whose time has come."""
        for file_id in self._due.take(now):
            self.forget_file(file_id)

    def _drop(self, kind: str, parent_id: str) -> None:
        collection = self._shelves.pop((kind, parent_id), None)
        if collection is not None:
            collection.release()

    def _drop_content(self, id: str) -> None:
        self._counters.bytes -= len(self.contents.pop(id))

    def _of(self, kind: str, parent_id: str) -> Collection:
        shelf = self._shelves.get((kind, parent_id))
        if shelf is None:
            index = _INDEXES.get(kind)
            shelf = self._shelves[kind, parent_id] = Collection(kind, self._counters, index=index)
        return shelf
