"""The JSON of documents on pages: most of them were on a page before, and have not changed since."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...core.requests.endpoint import ProtocolVersion
from ..storage.documents import render
from ..storage.interface import Stored

_MOST_BYTES = 4 * 2**20
# Of a longer one, sending the bytes costs more than making them.
_MOST_EACH = 2**16
# Bytes of the objects around the JSON of one document.
_ENTRY_COST = 250


class RenderedDocuments:
    """Keeps the JSON of documents as one version of the protocol shows them, up to a total size."""

    def __init__(self, protocol: ProtocolVersion) -> None:
        self._protocol: ProtocolVersion = protocol
        # No order of use, which would take a tenth of a list: the older half goes once the younger is full.
        self._young: dict[int, msgspec.Raw] = {}
        self._old: dict[int, msgspec.Raw] = {}
        self._bytes = 0

    def page(self, kind: str, rows: Sequence[Stored]) -> list[msgspec.Raw]:
        """Return the JSON of each document."""
        # No two writes of a store have the same version, so that a changed document is never found.
        try:
            kept = self._young
            return [kept[row.version] for row in rows]
        except KeyError:
            return [self._young.get(row.version) or self._found(kind, row) for row in rows]

    def _found(self, kind: str, row: Stored) -> msgspec.Raw:
        json = self._old.pop(row.version, None)
        if json is None:
            json = msgspec.Raw(msgspec.json.encode(render(kind, row.document, self._protocol)))
        size = len(memoryview(json))
        if size <= _MOST_EACH:
            self._young[row.version] = json
            self._bytes += size + _ENTRY_COST
            if self._bytes > _MOST_BYTES // 2:
                self._young, self._old, self._bytes = {}, self._young, 0
        return json
