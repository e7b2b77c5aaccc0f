"""Collections of documents: plain dicts of one kind under one parent."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import msgspec

from ..errors import missing

Document = dict[str, Any]
"""One stored object: the members of both protocol versions."""

DOCUMENT_COST = 1024
"""Bytes that a document counts besides its JSON: dicts and entries of Python's."""
# Bytes that the place of a removed document goes on to count.
_PLACE_COST = 128


class Counters:
    """The counts that all collections of a store share."""

    def __init__(self) -> None:
        self.bytes = 0
        """Bytes that all documents and contents take, as an estimate."""
        # One sequence for all places: it tells which of a message and a step came first.
        self.places = itertools.count()
        """The places of documents to come."""


class Collection:
    """Documents of one kind under one parent, in the order in which they were put there.

    The place of a document outlives it, so that a cursor which names a deleted one still works. `index` names a
    member by whose values the documents can be walked as well.
    """

    def __init__(self, kind: str, counters: Counters, *, index: str | None = None) -> None:
        self.kind = kind
        """The kind of its documents, such as `"message"`."""
        self._counters = counters
        self._index = index
        self._documents: dict[str, Document] = {}
        self._places: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._line: list[tuple[int, str]] = []
        self._lines: dict[str, list[tuple[int, str]]] = {}

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
        # The place that it had counts as a removed document's until now.
        if key in self._places:
            self._counters.bytes -= _PLACE_COST
        self._documents[key] = document
        place = self._places[key] = next(self._counters.places)
        for line in self._lines_of(document):
            # Places only grow, so that each line stays sorted and a cursor is found by bisection.
            line.append((place, key))
        self.measure(document)
        return document

    def measure(self, document: Document, more: int = 0) -> None:
        """Count the size of a document anew after it was changed; `more` is what belongs to it besides."""
        key = document["id"]
        size = DOCUMENT_COST + more + (0 if more else len(msgspec.json.encode(document)))
        self._counters.bytes += size - self._sizes.get(key, 0)
        self._sizes[key] = size

    def get(self, id: str) -> Document:
        """Return the document of this id; raises the 404."""
        document = self._documents.get(id)
        if document is None:
            raise missing(self.kind, id)
        return document

    def remove(self, id: str) -> Document:
        """Take a document away; raises the 404."""
        document = self.get(id)
        del self._documents[id]
        for line in self._lines_of(document):
            del line[bisect_left(line, (self._places[id], ""))]
        self._counters.bytes -= self._sizes.pop(id) - _PLACE_COST
        return document

    def release(self) -> None:
        """Stop counting what is here; the collection is thrown away."""
        removed = len(self._places) - len(self._documents)
        self._counters.bytes -= sum(self._sizes.values()) + removed * _PLACE_COST

    def walk(self, place: int | None, *, ascending: bool, value: str | None = None) -> Iterator[Document]:
        """Yield the documents behind a place, from the nearest on; all of them where it is None.

        With a `value`, only those whose indexed member has it.
        """
        line = self._line if value is None else self._lines.get(value, [])
        if ascending:
            start = 0 if place is None else bisect_left(line, (place + 1, ""))
            numbers = range(start, len(line))
        else:
            start = len(line) if place is None else bisect_left(line, (place, ""))
            numbers = range(start - 1, -1, -1)
        return (self._documents[line[number][1]] for number in numbers)

    def placed(self) -> Iterator[tuple[int, Document]]:
        """Yield the documents with their places, which can be compared over all collections of a store."""
        return ((self._places[key], document) for key, document in self._documents.items())

    def place(self, id: str) -> int | None:
        """Return the place of a document that is or was here."""
        return self._places.get(id)

    def _lines_of(self, document: Document) -> Iterator[list[tuple[int, str]]]:
        yield self._line
        value = document.get(self._index) if self._index is not None else None
        if value is not None:
            yield self._lines.setdefault(value, [])
