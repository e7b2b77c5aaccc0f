"""The folder of an account, made again in a store: ids, times and order stay as they were."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

from ..server.storage.batch import Batch, content_of
from ..server.storage.blob_writer import BlobWriter
from ..server.storage.interface import ConflictError, Document, Key, PageQuery, Store, StoreError
from ..server.storage.text_extraction import Unreadable, text_of
from .folder import ASSISTANTS, FILES, VECTOR_STORES, AccountFolder, piecewise
from .incoming import Incoming, IncomingThread, read_objects, read_thread
from .report import Account, ImportConflictError, MovingProblem

_PARTS = ("message", "run", "step")
_OTHER = "the store has another one of this id, which stays"
_GROUP = 500
"""Documents of threads in one commit: to wait for the disk after each thread would take most of the time."""

State = Literal["new", "same", "other"]
"""The state of the store before an object comes."""


async def import_into_store(
    store: Store, folder: AccountFolder, account: Account, on_conflict: Literal["fail", "skip"]
) -> None:
    """Import an account; raises `ImportConflictError` before anything is written, and `FolderError`."""
    check = _Check(store, folder, account)
    # The whole folder is read first, with `skip` too: a truncated line then ends the import before it begins.
    threads = await check.run()
    if check.conflicts and on_conflict == "fail":
        raise ImportConflictError(store.name, check.conflicts)
    try:
        await _StoreImport(store, folder, account).run(threads)
    except ConflictError as error:
        # In a database that servers use meanwhile.
        raise StoreError(f"{store.name} was changed by others meanwhile, import again: {error}") from error


class _Check:
    """The comparison of a folder with a store, which changes nothing."""

    def __init__(self, store: Store, folder: AccountFolder, account: Account) -> None:
        self._present = _Present(store, folder)
        self._folder = folder
        self._account = account
        self.conflicts: list[MovingProblem] = []
        """Objects of which the store has others."""

    async def run(self) -> list[str]:
        """Compare all; return the names of the threads' files, the oldest thread first."""
        for name in (FILES, VECTOR_STORES, ASSISTANTS):
            for incoming in read_objects(self._folder.path / name, _ignore):
                self._note(incoming, await self._present.state(incoming))
                self._account.advance("checks")
        # Names and not paths, which take five times the memory.
        ages: list[tuple[int, str]] = []
        for name in self._folder.thread_names():
            found = read_thread(self._folder.path_of(name), _ignore)
            ages.append((0 if found is None else found.thread.document["created_at"], name))
            if found is not None:
                await self._thread(found)
            self._account.advance("checks")
            await asyncio.sleep(0)  # a store in memory lets nobody else have a turn
        return [name for _, name in sorted(ages)]

    async def _thread(self, found: IncomingThread) -> None:
        state = await self._present.state(found.thread)
        self._note(found.thread, state)
        if state == "same":
            there = await self._present.parts(found.thread.key.id)
            for part in found.parts:
                self._note(part, _state(part, there.get(part.key)))

    def _note(self, incoming: Incoming, state: State) -> None:
        if state == "other":
            self.conflicts.append(MovingProblem(incoming.kind, incoming.key.id, _OTHER))


class _StoreImport:
    """An import under way."""

    def __init__(self, store: Store, folder: AccountFolder, account: Account) -> None:
        self._store = store
        self._present = _Present(store, folder)
        self._folder = folder
        self._account = account
        self._batch = Batch(store)
        self._waiting = 0
        """Documents in the batch."""
        self._parent = ""
        """The vector store whose files are taken."""

    async def run(self, threads: Sequence[str]) -> None:
        """Import everything, what is named by others first."""
        path, miss = self._folder.path, self._account.miss
        for incoming in read_objects(path / FILES, miss):
            await self._file(incoming)
            self._account.advance("files")
        for incoming in read_objects(path / VECTOR_STORES, miss):
            await (self._store_file(incoming) if incoming.kind == "vector_store_file" else self._vector_store(incoming))
            self._account.advance("vector_stores")
        for incoming in read_objects(path / ASSISTANTS, miss):
            await self._assistant(incoming)
            self._account.advance("assistants")
        for name in threads:
            found = read_thread(self._folder.path_of(name), miss)
            if found is not None:
                await self._thread(found)
            if self._waiting >= _GROUP:
                await self._commit()
            self._account.advance("threads", len(threads))
            await asyncio.sleep(0)
        await self._commit()

    async def _file(self, incoming: Incoming) -> None:
        path = self._folder.bytes_of(incoming.key.id)
        state = await self._state(incoming)
        if state != "new":
            return
        if path is None:
            self._account.miss("file", incoming.key.id, "its content is not in the folder")
            return
        blob = self._store.new_blob()
        try:
            for piece in piecewise(path):
                await blob.write(piece)
            document = _file_of(incoming, path, blob.size)
            self._put(incoming, {**document, "blob": self._batch.keep(blob)})
            # By itself: the bytes are in no batch, and go where it is not committed.
            await self._commit()
        finally:
            await blob.close()

    async def _vector_store(self, incoming: Incoming) -> None:
        state = await self._state(incoming)
        self._parent = "" if state == "other" else incoming.key.id
        if state == "new":
            self._put(incoming, incoming.document)
            await self._commit()

    async def _store_file(self, incoming: Incoming) -> None:
        file = await self._store.get(Key("file", "", incoming.key.id))
        if incoming.key.parent != self._parent or file is None:
            self._account.miss(incoming.kind, _name(incoming), "its file or its store was not imported")
        elif await self._state(incoming) == "new":
            blob = self._store.new_blob()
            try:
                await self._guard(Key("vector_store", "", incoming.key.parent))
                self._put(incoming, await self._indexed(incoming, file.document, blob))
                await self._commit()
            finally:
                await blob.close()

    async def _indexed(self, incoming: Incoming, file: Document, blob: BlobWriter) -> Document:
        """Return the document of a file in a vector store, with the text to search: the index is made of that."""
        document = incoming.document
        if document["status"] not in ("in_progress", "completed"):
            return document
        try:
            text = text_of(file["filename"], await content_of(self._store, file["blob"]))
        except Unreadable as error:
            self._account.miss(incoming.kind, _name(incoming), f"it cannot be searched here: {error.message}")
            return {**document, "status": "failed", "last_error": {"code": error.code, "message": error.message}}
        await blob.write(text.encode())
        known = {"usage_bytes": document["usage_bytes"] or blob.size, "filename": file["filename"]}
        return {**document, **known, "status": "completed", "text": self._batch.keep(blob)}

    async def _assistant(self, incoming: Incoming) -> None:
        if await self._state(incoming) == "new":
            self._put(incoming, incoming.document)
            for file_id in incoming.document.get("file_ids") or ():
                # The time at which it was attached is in no export.
                file = {"id": file_id, "created_at": incoming.document["created_at"], "assistant_id": incoming.key.id}
                self._batch.put("assistant_file", file, incoming.key.id)
            await self._commit()

    async def _thread(self, found: IncomingThread) -> None:
        state = await self._state(found.thread)
        # Another thread of this id: messages of two threads are not to be mixed.
        if state == "other":
            return
        if state == "new":
            self._put(found.thread, found.thread.document)
            for part in found.parts:
                self._put(part, part.document)
            return
        there = await self._present.parts(found.thread.key.id)
        states = [(part, _state(part, there.get(part.key))) for part in found.parts]
        for part in [part for part, state in states if state == "new"]:
            await self._guard(found.thread.key)
            self._put(part, part.document)
        for part in [part for part, state in states if state == "other"]:
            self._account.miss(part.kind, part.key.id, _OTHER)

    async def _state(self, incoming: Incoming) -> State:
        """Compare an object; another one of its id is in the report."""
        state = await self._present.state(incoming)
        if state == "other":
            self._account.miss(incoming.kind, incoming.key.id, _OTHER)
        return state

    async def _guard(self, key: Key) -> None:
        """Commit only where an object is still there, and the same: a server of the store may remove it meanwhile."""
        await self._batch.find(key.kind, key.id)
        self._batch.guard(key.kind, key.id)

    def _put(self, incoming: Incoming, document: Document) -> None:
        self._batch.put(incoming.key.kind, document, incoming.key.parent, expected=0)
        self._account.counts[incoming.kind] += 1
        self._waiting += 1

    async def _commit(self) -> None:
        self._waiting = 0
        await self._batch.commit()


class _Present:
    """The objects that are in the store already."""

    def __init__(self, store: Store, folder: AccountFolder) -> None:
        self._store = store
        self._folder = folder

    async def state(self, incoming: Incoming) -> State:
        """Compare an object with that of its id."""
        stored = await self._store.get(incoming.key)
        document = None if stored is None else stored.document
        if document is None or incoming.kind != "file":
            return _state(incoming, document)
        path = self._folder.bytes_of(incoming.key.id)
        if path is None:
            return _state(incoming, document)
        incoming = incoming._replace(document=_file_of(incoming, path, path.stat().st_size))
        state = _state(incoming, document)
        if state == "same" and not await _has(path, self._store.read_blob(document["blob"])):
            return "other"
        return state

    async def parts(self, thread_id: str) -> dict[Key, Document]:
        """Read all that is in a thread."""
        pages = [(kind, await self._store.page(kind, thread_id, PageQuery())) for kind in _PARTS]
        rows = [(kind, row.document) for kind, page in pages for row in page.rows]
        return {Key(kind, thread_id, document["id"]): document for kind, document in rows}


def _state(incoming: Incoming, stored: Document | None) -> State:
    if stored is None:
        return "new"
    return "same" if incoming.is_same(stored) else "other"


def _file_of(incoming: Incoming, path: Path, size: int) -> Document:
    """Return the document of a file with this content; a text in the place of refused bytes has a name of its own."""
    name: str = incoming.document.get("filename") or incoming.key.id
    return {**incoming.document, "bytes": size, "filename": f"{name}.txt" if path.suffix == ".txt" else name}


async def _has(path: Path, pieces: AsyncIterator[bytes]) -> bool:
    """Return True where a file has these bytes; no more than one piece is in memory."""
    with path.open("rb") as file:
        async for piece in pieces:
            if file.read(len(piece)) != piece:
                return False
        return not file.read(1)


def _ignore(_kind: str, _id: str, _reason: str) -> None:
    """Name nothing: the import itself does."""


def _name(incoming: Incoming) -> str:
    return f"{incoming.key.parent}/{incoming.key.id}"
