"""Everything the server remembers: plain dicts, on one shelf for each kind and parent."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

from ..errors import missing

Document = dict[str, Any]
"""What the server knows of one object: the members of both protocol versions."""


class Collection:
    """Documents of one kind under one parent, in the order in which they were put there.

    The place of a document outlives it, so that a cursor which names a deleted one still works.
    """

    def __init__(self, kind: str, numbers: Iterator[int]) -> None:
        self.kind = kind
        """What its documents are, such as `"message"`."""
        self._numbers = numbers
        self._documents: dict[str, Document] = {}
        self._places: dict[str, int] = {}
        self._line: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())

    def __contains__(self, id: object) -> bool:
        return id in self._documents

    def put(self, document: Document) -> Document:
        """Add a document behind the others."""
        key = document["id"]
        # A file that is taken off an assistant and given again goes to the end, like a new one.
        if key in self._documents:
            self.remove(key)
        self._documents[key] = document
        place = self._places[key] = next(self._numbers)
        self._line.append((place, key))
        return document

    def get(self, id: str) -> Document:
        """The document of this id; raises the 404."""
        document = self._documents.get(id)
        if document is None:
            raise missing(self.kind, id)
        return document

    def remove(self, id: str) -> Document:
        """Take a document away; raises the 404."""
        document = self.get(id)
        del self._documents[id]
        del self._line[bisect_left(self._line, (self._places[id], ""))]
        return document

    def walk(self, place: int | None, *, ascending: bool) -> Iterator[Document]:
        """The documents behind a place, from the nearest on; all of them where it is None."""
        if ascending:
            start = 0 if place is None else bisect_left(self._line, (place + 1, ""))
            numbers = range(start, len(self._line))
        else:
            start = len(self._line) if place is None else bisect_left(self._line, (place, ""))
            numbers = range(start - 1, -1, -1)
        return (self._documents[self._line[number][1]] for number in numbers)

    def placed(self) -> Iterator[tuple[int, Document]]:
        """The documents with their places, which can be compared over all collections of a store."""
        return ((self._places[key], document) for key, document in self._documents.items())

    def place(self, id: str) -> int | None:
        """The place of a document that is or was here."""
        return self._places.get(id)


class Store:
    """All shelves; those of a parent are made on first use."""

    def __init__(self) -> None:
        # One sequence for all places: it tells which of a message and a step came first.
        self._numbers = itertools.count()
        self.assistants = Collection("assistant", self._numbers)
        """Assistants."""
        self.threads = Collection("thread", self._numbers)
        """Threads."""
        self.files = Collection("file", self._numbers)
        """Files, without their content."""
        self.contents: dict[str, bytes] = {}
        """The bytes of each file, and of each part of an upload."""
        self.vector_stores = Collection("vector store", self._numbers)
        """Vector stores."""
        self.uploads = Collection("upload", self._numbers)
        """Uploads."""
        self._shelves: dict[tuple[str, str], Collection] = {}

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
            self._shelves.pop(("vector store file", batch["id"]), None)
        for kind in ("file batch", "vector store file"):
            self._shelves.pop((kind, store_id), None)
        self.vector_stores.remove(store_id)

    def forget_parts(self, upload_id: str) -> None:
        """Take the parts of an upload away."""
        for part in self.parts(upload_id):
            del self.contents[part["id"]]
        del self._shelves["part", upload_id]

    def forget_thread(self, thread_id: str) -> None:
        """Take a thread away with all that it holds; raises the 404."""
        for run in self.runs(thread_id):
            self._shelves.pop(("step", run["id"]), None)
        for message in self.messages(thread_id):
            self._shelves.pop(("file", message["id"]), None)
        del self._shelves["run", thread_id], self._shelves["message", thread_id]
        self.threads.remove(thread_id)

    def forget_file(self, file_id: str) -> None:
        """Take a file and its content away, out of the vector stores too; raises the 404."""
        self.files.remove(file_id)
        del self.contents[file_id]
        for store in self.vector_stores:
            files = self.store_files(store["id"])
            if file_id in files:
                files.remove(file_id)

    def expire_files(self, now: float) -> None:
        """Take away the files whose time has come."""
        due = [file["id"] for file in self.files if file.get("expires_at") is not None and file["expires_at"] <= now]
        for file_id in due:
            self.forget_file(file_id)

    def _of(self, kind: str, parent_id: str) -> Collection:
        shelf = self._shelves.get((kind, parent_id))
        if shelf is None:
            shelf = self._shelves[kind, parent_id] = Collection(kind, self._numbers)
        return shelf
