"""The folder of an exported account: its files, its lines, and its manifest.

A file is written under another name and renamed, so that each file in the folder is whole.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from .._typing import is_object

FORMAT = 1
"""The version of the folder's format."""
MANIFEST = "manifest.json"
ASSISTANTS = "assistants.jsonl"
FILES = "files.jsonl"
VECTOR_STORES = "vector_stores.jsonl"
CONTENTS = "files"
THREADS = "threads"
_PART = ".part"
# File systems take 255 bytes, suffixes included.
_LONGEST_NAME = 200


class FolderError(ValueError):
    """A folder cannot be used as that of an account; the text has the place and the reason."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The file that says what the folder is."""

    format: int
    """Version of the format."""
    source: str
    """Base URL of the server."""
    made_at: int
    """Time of the first start, in seconds since 1970."""
    complete: bool = False
    """True once an export came to its end."""


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One object of an account."""

    kind: str
    """Kind of the object, such as `"message"`."""
    object: dict[str, Any]
    """The object as the server gave it."""
    parent: str | None = None
    """Id of the object that it belongs to; None where it belongs to none."""

    def encode(self) -> bytes:
        """Write the line, with its end."""
        parent = {} if self.parent is None else {"parent": self.parent}
        return msgspec.json.encode({"kind": self.kind, **parent, "object": self.object}) + b"\n"


_line = msgspec.json.Decoder(Line)


def plain_name(id: str) -> str:
    """Return the name of a file for an id: letters, digits, `_` and `-` as they are, all other bytes as `%2F`."""
    return re.sub(rb"[^A-Za-z0-9_-]", lambda match: b"%%%02X" % match[0][0], id.encode("utf-8", "replace")).decode()


def has_id(found: dict[str, Any]) -> bool:
    """Return True for an object whose id a path of the API and the name of a file can have."""
    name = found.get("id")
    if not isinstance(name, str) or name in {"", ".", ".."}:
        return False
    return name.isprintable() and len(plain_name(name)) <= _LONGEST_NAME


class AccountFolder:
    """The folder of an account."""

    def __init__(self, path: Path) -> None:
        self.path = path
        """The path."""

    # Paths

    def content(self, file_id: str) -> Path:
        """Return the path of the bytes of a file."""
        return self.path / CONTENTS / plain_name(file_id)

    def text(self, file_id: str) -> Path:
        """Return the path of the text that a vector store has of a file."""
        return self.path / CONTENTS / f"{plain_name(file_id)}.txt"

    def thread(self, thread_id: str) -> Path:
        """Return the path of a thread with its messages, runs and steps."""
        return self.path / THREADS / f"{plain_name(thread_id)}.jsonl"

    def bytes_of(self, file_id: str) -> Path | None:
        """Return the path of the bytes of a file, or of its text; None where the folder has neither."""
        # An id has no dot, so that a suffix tells the text from the bytes.
        return next((path for path in (self.content(file_id), self.text(file_id)) if path.exists()), None)

    def threads(self) -> list[Path]:
        """Return the paths of all threads, in the order of their names."""
        return sorted((self.path / THREADS).glob("*.jsonl"))

    def thread_names(self) -> Iterator[str]:
        """Yield the names of the threads' files, in any order; raises `FolderError`."""
        path = self.path / THREADS
        try:
            entries = os.scandir(path)
        except OSError as error:
            raise FolderError(f"cannot read {str(path)!r}: {error.strerror}") from None
        with entries:
            yield from (entry.name for entry in entries if entry.name.endswith(".jsonl"))

    def path_of(self, name: str) -> Path:
        """Return the path of a thread's file by its name."""
        return self.path / THREADS / name

    # Manifest

    def read_manifest(self) -> Manifest:
        """Read the manifest; raises `FolderError` for a folder without one, and for one of a newer format."""
        path = self.path / MANIFEST
        try:
            found = msgspec.json.decode(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise FolderError(f"{str(self.path)!r} is no exported account: there is no {MANIFEST} in it") from None
        except (OSError, ValueError, RecursionError) as error:
            raise FolderError(f"{str(path)!r} cannot be read: {error}") from None
        if not is_object(found) or type(found.get("format")) is not int:
            raise FolderError(f"{str(path)!r} is no manifest: it has no format")
        if found["format"] != FORMAT:
            raise FolderError(f"{str(path)!r} has format {found['format']}, which is not {FORMAT}: use a newer version")
        try:
            return msgspec.convert(found, Manifest)
        except msgspec.ValidationError as error:
            raise FolderError(f"{str(path)!r} cannot be read: {error}") from None

    def check_complete(self) -> None:
        """Raise `FolderError` where the folder is none, or its export has not come to its end."""
        if not self.read_manifest().complete:
            raise FolderError(f"{str(self.path)!r} is an unfinished export: run it to its end first")

    def begin(self, source: str, now: int) -> Manifest:
        """Make the folder, or go on with it; return the manifest as it was before.

        Raises `FolderError` where the folder has something else in it, or the account of another server.
        """
        if self.path.exists() and not self.path.is_dir():
            raise FolderError(f"{str(self.path)!r} is not a folder")
        if (self.path / MANIFEST).exists():
            before = self.read_manifest()
            # Ids are a server's own: objects of two accounts would replace each other.
            if before.source != source:
                raise FolderError(f"{str(self.path)!r} has the account of {before.source}, not of {source}")
        elif self.path.exists() and any(each.name != MANIFEST + _PART for each in self.path.iterdir()):
            raise FolderError(f"{str(self.path)!r} is no exported account, and it is not empty")
        else:
            before = Manifest(format=FORMAT, source=source, made_at=now)
        for name in (CONTENTS, THREADS):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        self.write_manifest(before, complete=False)
        for rest in self.path.rglob(f"*{_PART}"):  # of a process that was killed
            rest.unlink()
        return before

    def write_manifest(self, manifest: Manifest, *, complete: bool) -> None:
        """Write the manifest."""
        changed = msgspec.structs.replace(manifest, complete=complete)
        with writing(self.path / MANIFEST) as file:
            file.write(msgspec.json.format(msgspec.json.encode(changed), indent=2) + b"\n")


@contextmanager
def writing(path: Path) -> Generator[BinaryIO]:
    """Enter for a file that appears under its name when the block ends, and not at all where the block fails."""
    part = path.with_name(path.name + _PART)
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            # Without it a power cut may leave an empty file under the final name, which a rerun would keep.
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def read_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a file; raises `FolderError` for one that is no whole line, with its number."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise FolderError(f"cannot read {str(path)!r}: {error.strerror}") from None
    with file:
        for number, line in enumerate(file, 1):
            try:
                # The end of a truncated file may be valid JSON by chance.
                found = _line.decode(line) if line.endswith(b"\n") else None
            except (ValueError, RecursionError):
                found = None
            if found is None or not isinstance(found.object.get("id"), str):
                raise FolderError(f"{str(path)!r}, line {number}: not a whole line of an exported account")
            yield found


def piecewise(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file in pieces of 1 MiB."""
    with path.open("rb") as file:
        while piece := file.read(2**20):
            yield piece


def read_thread_lines(path: Path) -> Iterator[Line]:
    """Yield the lines of a thread's file, the thread first; raises `FolderError` where it has no thread."""
    lines = read_lines(path)
    first = next(lines, None)
    if first is None or first.kind != "thread":
        raise FolderError(f"{str(path)!r}, line 1: not a thread")
    yield first
    yield from lines
