"""A unit of work: what one request reads, and all that it changes, committed in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..errors import missing
from .blob_writer import BlobWriter
from .interface import Changes, ConflictError, Document, Event, Key, Page, PageQuery, Store, Tally, Write
from .kinds import columns


class Batch:
    """Reads from a store, collects changes, and commits them all or none.

    `find`, `get` and `all` see the changes of the batch itself. A document that was read is only saved or removed
    where nobody else has changed it since; else `commit` raises `ConflictError`.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        """The store, for what the batch does not change."""
        self._changes = Changes()
        self._seen: dict[Key, int] = {}
        self._changed = False

    # Reads

    async def find(self, kind: str, id: str, parent: str = "") -> Document | None:
        """Return a document; None where there is none."""
        key = Key(kind, parent, id)
        write = self._changes.writes.get(key)
        if write is not None:
            return write.document
        stored = await self.store.get(key)
        if stored is None:
            return None
        self._seen[key] = stored.version
        return stored.document

    async def get(self, kind: str, id: str, parent: str = "") -> Document:
        """Return a document; raises the 404 where there is none."""
        document = await self.find(kind, id, parent)
        if document is None:
            raise missing(kind, id)
        return document

    async def all(self, kind: str, parent: str, ref: str | None = None) -> list[Document]:
        """Return every document of a parent, oldest first, those with this `ref` where it is given."""
        rows = (await self.store.page(kind, parent, PageQuery(ref=ref))).rows
        found: dict[str, Document] = {}
        for row in rows:
            found[row.document["id"]] = row.document
            self._seen.setdefault(Key(kind, parent, row.document["id"]), row.version)
        for key, write in self._changes.writes.items():
            if key[:2] != (kind, parent):
                continue
            # One that is put again goes to the end of the list.
            if write.new or write.document is None:
                found.pop(key.id, None)
            if write.document is not None:
                found[key.id] = write.document
        return list(found.values())

    async def page(self, kind: str, parent: str, query: PageQuery) -> Page:
        """Return a page of what is committed; raises `UnknownCursorError`."""
        return await self.store.page(kind, parent, query)

    async def tally(self, kind: str, parent: str, ref: str | None = None) -> Tally:
        """Add documents up."""
        # Nearly always: the store adds up without reading the documents.
        if all(key[:2] != (kind, parent) for key in self._changes.writes):
            return await self.store.tally(kind, parent, ref)
        entries = [columns(kind, document) for document in await self.all(kind, parent)]
        mine = [entry for entry in entries if ref is None or entry.ref == ref]
        return Tally(Counter(entry.state for entry in mine), sum(entry.amount for entry in mine), 0)

    async def active(self, thread_id: str) -> str | None:
        """Return the id of a thread's active run; None where there is none."""
        return await self.store.active(thread_id)

    # Changes

    @property
    def has_changes(self) -> bool:
        """True where there is something to commit."""
        return self._changed

    def put(self, kind: str, document: Document, parent: str = "", *, expected: int | None = None) -> Document:
        """Add a document behind all others; one with its id goes to the end, if it has the version that is expected."""
        self._write(Key(kind, parent, document["id"]), Write(document, new=True, expected=expected))
        return document

    def save(self, kind: str, document: Document, parent: str = "") -> Document:
        """Replace a document that was read or put in this batch."""
        key = Key(kind, parent, document["id"])
        write = self._changes.writes.get(key)
        if write is not None:
            write.document = document
        else:
            self._write(key, Write(document, expected=self._seen.get(key)))
        return document

    def remove(self, kind: str, id: str, parent: str = "") -> None:
        """Take a document away; cursors may go on to name it."""
        key = Key(kind, parent, id)
        self._write(key, Write(None, expected=self._seen.get(key)))

    def clear(self, kind: str, parent: str) -> None:
        """Take all documents of a parent away."""
        self._changes.cleared.append((kind, parent))
        self._changed = True

    def guard(self, kind: str, id: str, parent: str = "") -> None:
        """Commit only where a document that was read is still the same: nothing is added to one that was removed."""
        key = Key(kind, parent, id)
        if key in self._seen:
            self._changes.guards[key] = self._seen[key]

    def emit(self, run_id: str, events: Iterable[Event]) -> None:
        """Append events to those of a run."""
        self._changes.events.setdefault(run_id, []).extend(events)
        self._changed = True

    def keep(self, blob: BlobWriter) -> str:
        """Keep a blob that is complete, and return its id."""
        self._changes.kept.append(blob)
        self._changed = True
        return blob.id

    def drop(self, blob_id: str | None) -> None:
        """Take a blob away; None is none."""
        if blob_id is not None:
            self._changes.dropped.append(blob_id)
            self._changed = True

    async def commit(self) -> Changes:
        """Make the changes, and begin anew; raises `ConflictError` where one of them is out of date."""
        changes = self._changes
        # A request that only reads needs no transaction.
        if self._changed:
            await self.store.commit(changes)
            self._changes, self._changed = Changes(), False
            self._seen.clear()
        return changes

    def _write(self, key: Key, write: Write) -> None:
        self._changes.writes[key] = write
        self._changed = True


async def content_of(store: Store, blob_id: str) -> bytes:
    """Read a whole blob; raises `ConflictError` where it has gone since its id was read."""
    try:
        return b"".join([piece async for piece in store.read_blob(blob_id)])
    except KeyError:
        raise ConflictError(f"blob {blob_id} is gone") from None
