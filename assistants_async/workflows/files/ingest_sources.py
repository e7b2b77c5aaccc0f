"""Sources of an ingestion: files under the names that the server gets, checked before any is read."""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from ...calls.file_input import Content, FileInput, UploadedFile, check_path

BATCH_LIMIT = 2000
"""Most files of a batch, as the documents have it."""


class Source(msgspec.Struct, frozen=True):
    """A file to ingest that is no `Path`, or goes by another name or with attributes of its own."""

    name: str
    """Its name for the server, which reads it by the extension; no two sources of an ingestion have the same."""
    data: FileInput
    """A path, the content itself, an open binary file, or an async iterable of pieces."""
    attributes: Mapping[str, str | float | bool] | None = None
    """Attributes that a search can filter by, in place of the ingestion's."""


SourceInput = Path | IO[bytes] | Source | UploadedFile | tuple[str, Content]
"""A source: a path, an open file or a framework's upload under its own name, or anything under a given name."""


def checked_sources(operation: str, sources: Iterable[SourceInput]) -> dict[str, Source]:
    """Return the sources by their names in the report; raises where one cannot be right, naming its place."""
    if isinstance(sources, (str, bytes, Path, Source)) or not isinstance(sources, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{operation}(): sources must be an iterable of sources, not {type(sources).__name__}")
    found: dict[str, Source] = {}
    for place, given in enumerate(sources):
        where = f"{operation}(): sources[{place}]"
        key, source = _named(where, given)
        # The report names sources by these: two of one name could not be told apart.
        if key in found:
            raise ValueError(f"{where}: there are two of {key!r}: name one of them by Source")
        if not Path(source.name).suffix:
            raise ValueError(f"{where}: {source.name!r} has no extension, which the server reads it by")
        found[key] = source
    if not found:
        raise ValueError(f"{operation}(): sources is empty")
    return found


def _named(where: str, given: object) -> tuple[str, Source]:
    """Return the name of a source in the report, and the source under the name that the server gets."""
    if isinstance(given, os.PathLike):
        path = Path(cast("os.PathLike[str]", given))
        check_path(where, path)
        return str(path), Source(path.name, path)
    if isinstance(given, tuple):
        given = _pair(where, cast("tuple[Any, ...]", given))  # type: ignore[redundant-cast]  # pyright needs it
    if isinstance(given, Source):
        if isinstance(given.data, str):
            raise TypeError(f"{where}: data must not be str: Path({given.data!r}) to open it, or bytes for content")
        if isinstance(given.data, os.PathLike):
            check_path(where, Path(given.data))
        return given.name, given
    name = _own_name(where, given)
    return name, Source(Path(name).name, cast("FileInput", given))


def _own_name(where: str, given: object) -> str:
    """Return the name of an open file, or of an upload that a framework received."""
    # By its members: no web framework is imported to look for its class.
    received = hasattr(given, "file") and hasattr(given, "filename")
    readable = callable(getattr(given, "read", None))
    name = getattr(given, "filename" if received else "name", None)
    if (received or readable) and isinstance(name, str):
        return name
    if isinstance(given, str):
        raise TypeError(f"{where} must not be str: Path({given!r}) to open it")
    kind = type(given).__name__
    if received or readable or isinstance(given, (bytes, bytearray, memoryview, AsyncIterable)):
        raise TypeError(f"{where}: {kind} has no name: use Source(name, data)")
    raise TypeError(f"{where} must be a Path, an open file, (name, data) or a Source, not {kind}")


def _pair(where: str, given: tuple[Any, ...]) -> Source:
    if len(given) != 2 or not isinstance(given[0], str):
        raise TypeError(f"{where} must be (name, data), not a tuple of other things")
    return Source(given[0], given[1])
