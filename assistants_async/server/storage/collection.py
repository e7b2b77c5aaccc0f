"""Collections in memory: the documents of one kind under one parent."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile

import msgspec

from .interface import Document, Page, PageQuery, Stored, Tally, UnknownCursorError
from .kinds import Columns, columns

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
        self.places = itertools.count(1)
        """The places of documents to come."""
        self.versions = itertools.count(1)
        """The versions of documents to come."""


class Collection:
    """Documents of one kind under one parent, in the order in which they were put there.

    The place of a document outlives it, so that a cursor which names a deleted one still works.
    """

    def __init__(self, kind: str, counters: Counters) -> None:
        self._kind = kind
        self._counters = counters
        self._rows: dict[str, Stored] = {}
        self._places: dict[str, int] = {}
        self._sizes: dict[str, int] = {}
        self._line: list[tuple[int, str]] = []
        self._lines: dict[str, list[tuple[int, str]]] = {}
        self._states: Counter[str] = Counter()
        self._amount = 0
        self._stamp = 0

    def __iter__(self) -> Iterator[Stored]:
        return iter(self._rows.values())

    def get(self, id: str) -> Stored | None:
        """Return a document; None where there is none."""
        return self._rows.get(id)

    def put(self, document: Document, entry: Columns) -> int:
        """Add a document behind the others, with its columns, and return its version."""
        key = document["id"]
        if key in self._places:
            # A file that is taken off an assistant and given again goes to the end, like a new one.
            if key in self._rows:
                self.remove(key)
            # The place that it had counts as a removed document's until now.
            self._counters.bytes -= _PLACE_COST
        place = self._places[key] = next(self._counters.places)
        # Places only grow, so that each line stays sorted and a cursor is found by bisection.
        self._line.append((place, key))
        if entry.ref:
            self._lines.setdefault(entry.ref, []).append((place, key))
        return self._store(document, place, entry, measured=True)

    def save(self, document: Document, entry: Columns) -> int:
        """Replace a document, whose `ref` stays, with its columns, and return its new version."""
        key = document["id"]
        old = self._rows[key]
        self._uncount(columns(self._kind, old.document))
        # A run is written at each turn of its life, and grows by metadata alone.
        measured = self._kind != "run" or old.document.get("metadata") is not document.get("metadata")
        return self._store(document, old.place, entry, measured=measured)

    def remove(self, id: str) -> None:
        """Take a document away."""
        old = self._rows.pop(id)
        entry = columns(self._kind, old.document)
        self._uncount(entry)
        del self._line[bisect_left(self._line, (old.place, ""))]
        if entry.ref:
            line = self._lines[entry.ref]
            del line[bisect_left(line, (old.place, ""))]
        self._counters.bytes -= self._sizes.pop(id) - _PLACE_COST
        self._stamp = next(self._counters.versions)

    def release(self) -> None:
        """Stop counting what is here; the collection is thrown away."""
        removed = len(self._places) - len(self._rows)
        self._counters.bytes -= sum(self._sizes.values()) + removed * _PLACE_COST

    def tally(self, ref: str | None) -> Tally:
        """Add the documents up, those with this `ref` where it is given."""
        if ref is None:
            return Tally(self._states, self._amount, self._stamp)
        entries = [columns(self._kind, self._rows[key].document) for _, key in self._lines.get(ref, ())]
        return Tally(Counter(entry.state for entry in entries), sum(entry.amount for entry in entries), self._stamp)

    def page(self, query: PageQuery) -> Page:
        """Return a page; raises `UnknownCursorError`."""
        after, before = self._place("after", query.after), self._place("before", query.before)
        backward = before is not None and after is None
        ascending = query.ascending
        line, numbers = self._walk(query.ref, before if backward else after, ascending=ascending != backward)
        # One more than fits tells whether there is more.
        most = None if query.limit is None else query.limit + 1
        between = before is not None and not backward
        if query.state is None and not between:
            # A list and no chain of iterators, which took three times as long.
            found = [self._rows[line[number][1]] for number in numbers[:most]]
        else:
            rows: Iterable[Stored] = (self._rows[line[number][1]] for number in numbers)
            if before is not None and between:
                rows = takewhile(lambda row: row.place < before if ascending else row.place > before, rows)
            if query.state is not None:
                rows = (row for row in rows if columns(self._kind, row.document).state == query.state)
            found = list(islice(rows, most))
        if query.limit is None:
            return Page(found, more=False)
        data = found[: query.limit]
        if backward:
            data.reverse()
        return Page(data, len(found) > query.limit)

    def _walk(self, ref: str | None, place: int | None, *, ascending: bool) -> tuple[list[tuple[int, str]], range]:
        """Return a line, and the numbers in it of the documents behind a place, nearest first; None is before all."""
        line = self._line if ref is None else self._lines.get(ref, [])
        if ascending:
            start = 0 if place is None else bisect_left(line, (place + 1, ""))
            return line, range(start, len(line))
        start = len(line) if place is None else bisect_left(line, (place, ""))
        return line, range(start - 1, -1, -1)

    def _place(self, name: str, id: str | None) -> int | None:
        if id is None:
            return None
        place = self._places.get(id)
        if place is None:
            raise UnknownCursorError(name, id)
        return place

    def _store(self, document: Document, place: int, entry: Columns, *, measured: bool) -> int:
        key = document["id"]
        version = self._stamp = next(self._counters.versions)
        self._rows[key] = Stored(document, version, place)
        self._states[entry.state] += 1
        self._amount += entry.amount
        if measured:
            size = DOCUMENT_COST + len(msgspec.json.encode(document))
            self._counters.bytes += size - self._sizes.get(key, 0)
            self._sizes[key] = size
        return version

    def _uncount(self, entry: Columns) -> None:
        self._states[entry.state] -= 1
        self._amount -= entry.amount
