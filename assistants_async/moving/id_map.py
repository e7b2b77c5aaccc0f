"""The new ids of objects that were imported into a server, kept in the folder of the account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from .._typing import is_array, is_object

_END = b"\n}\n"
_ONE = frozenset({"file_id"})
_MANY = frozenset({"file_ids", "vector_store_ids"})
_FOREIGN = frozenset({"function", "json_schema", "metadata", "text"})
"""Members of the user's own, which may have the names of the protocol's inside."""


class IdMap:
    """Old ids and the new ones, a JSON object of a line each; a line is added after each object."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(exist_ok=True)
        self._new = dict(_read(path)) if path.exists() else dict[str, str]()
        lines = b",\n".join(_line(old, new) for old, new in self._new.items())
        path.write_bytes(b"{\n" + lines + _END)

    def get(self, old: str) -> str | None:
        """Return the new id; None where the object was not imported."""
        return self._new.get(old)

    def add(self, old: str, new: str) -> None:
        """Note an object that was made."""
        with self._path.open("r+b") as file:
            file.seek(-len(_END), 2)
            # In place: to write the whole map after each of a million messages would take days.
            file.write((b",\n" if self._new else b"") + _line(old, new) + _END)
        self._new[old] = new

    def translate(self, value: Any, lost: list[str], name: str = "") -> Any:
        """Return a value with the new ids of files and stores in it; those that have none are left out, into `lost`."""
        if is_object(value):
            made = {key: each if key in _FOREIGN else self.translate(each, lost, key) for key, each in value.items()}
            return {key: each for key, each in made.items() if not (key in _ONE and each is None)}
        if is_array(value):
            items = [self.translate(each, lost, name) for each in value]
            return [each for each in items if each is not None] if name in _MANY else items
        if name not in _ONE | _MANY or not isinstance(value, str):
            return value
        new = self._new.get(value)
        if new is None:
            lost.append(value)
        return new


def _line(old: str, new: str) -> bytes:
    return msgspec.json.encode({old: new})[1:-1]


def _read(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a file; the end of one that was cut in the middle of a line is left out."""
    for line in path.read_bytes().splitlines():
        try:
            pair: Mapping[str, str] = msgspec.json.decode(b"{" + line.rstrip(b",") + b"}", type=dict[str, str])
        except ValueError:
            continue
        yield from pair.items()
