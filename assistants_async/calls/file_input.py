"""Files as callers give them, taken apart into content, name and size, and checked before anything is sent.

A `str` is never opened: only a path names a file. An input that would send nothing, or only
a part of a file, is refused.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import AsyncGenerator, AsyncIterable
from opcode import opmap
from pathlib import Path
from typing import IO, Any, Protocol, TypeAlias, cast

import msgspec


class UploadedFile(Protocol):
    """A file that a web framework received, such as FastAPI's `UploadFile`."""

    @property
    def file(self) -> Any:
        """The open binary file."""
        ...

    @property
    def filename(self) -> str | None:
        """The name that the sender gave it."""
        ...


Content: TypeAlias = (
    "Path | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | AsyncIterable[bytes] | UploadedFile"
)
"""A path to open, the content itself, an open binary file, an async iterable of pieces, or a framework's upload."""

FileInput: TypeAlias = "Content | tuple[str, Content] | tuple[str, Content, str]"
"""Content, alone or as `(name, content)` or `(name, content, media type)`."""

SeekableContent: TypeAlias = "Path | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | UploadedFile"
SeekableInput: TypeAlias = "SeekableContent | tuple[str, SeekableContent] | tuple[str, SeekableContent, str]"
"""The same without what can be read only once, from its start."""

_KINDS = "a Path, bytes, a binary file, an async iterable of bytes or (name, data)"


class GivenFile(msgspec.Struct, frozen=True):
    """The content of a file, with the name and media type that came with it."""

    content: Path | bytes | IO[bytes] | AsyncIterable[bytes]
    name: str | None = None
    media: str | None = None


def given_file(where: str, file: Any) -> GivenFile:
    """Take apart a `FileInput`; raises an error that says what to pass instead."""
    if isinstance(file, tuple):
        whole = cast("tuple[Any, ...]", file)  # type: ignore[redundant-cast]  # pyright needs it
        if len(whole) not in (2, 3) or not isinstance(whole[0], str):
            raise TypeError(f"{where} must be (name, data) or (name, data, content_type), not a tuple of other things")
        return GivenFile(_content(where, whole[1]).content, whole[0], whole[2] if len(whole) == 3 else None)
    return _content(where, file)


def _content(where: str, file: Any) -> GivenFile:
    # A name or the text itself? Guessing wrong would send a path as the content, or open a file by its text.
    if isinstance(file, str):
        raise TypeError(f"{where} must not be str: Path({file!r}) to open it, or bytes for content")
    if isinstance(file, (bytes, bytearray, memoryview)):
        return GivenFile(bytes(cast("bytes", file)))
    if isinstance(file, os.PathLike):
        path = Path(cast("os.PathLike[str]", file))
        check_path(where, path)
        return GivenFile(path, path.name)
    if hasattr(file, "filename") and callable(getattr(getattr(file, "file", None), "read", None)):
        return GivenFile(_content(where, file.file).content, file.filename if isinstance(file.filename, str) else None)
    name = getattr(file, "name", None)
    name = name if isinstance(name, str) else None
    if isinstance(file, AsyncIterable):
        if isinstance(file, AsyncGenerator) and _was_started(file):
            raise ValueError(
                f"{where}: the generator was read from before, so only a part would be sent: make a new one"
            )
        return GivenFile(cast("AsyncIterable[bytes]", file), name)
    if not callable(getattr(file, "read", None)):
        raise TypeError(f"{where} must be {_KINDS}, not {type(file).__name__}")
    _check_file(where, file)
    return GivenFile(file, name)


def check_path(where: str, path: Path) -> None:
    """Refuse a path that leads to no file."""
    if path.is_dir():
        raise IsADirectoryError(f"{where}: {str(path)!r} is a folder: pass its files one by one")
    if not path.is_file():
        raise FileNotFoundError(f"{where}: no file at {str(path)!r}")


def _check_file(where: str, file: Any) -> None:
    """Refuse an open file that gives no bytes, or would give only a part of its content."""
    if getattr(file, "closed", False) is True:
        raise ValueError(f"{where} is closed")
    try:
        # Reads nothing, and yet shows whether the file is open for reading, and in which mode.
        nothing = file.read(0)
    except OSError as error:  # as a file does that was opened for writing
        raise TypeError(f"{where} must be opened for reading, in binary mode") from error
    if isinstance(nothing, str):
        raise TypeError(f"{where} must be opened in binary mode")
    if hasattr(nothing, "__await__"):
        if hasattr(nothing, "close"):
            nothing.close()
        kind = type(file).__name__
        raise TypeError(
            f"{where}: read() of {kind} is async: pass file.file and filename=, or the bytes of await read()"
        )
    if position := position_of(file):
        end = _end_of(file)
        sent = "nothing" if end is not None and position >= end else "only a part"
        raise ValueError(f"{where} is at byte {position}, so {sent} would be sent: seek(0) first")


async def check_start(file: object) -> None:
    """Refuse an async file, such as anyio's, that has been read from."""
    tell = getattr(file, "tell", None)
    if callable(tell):
        position: Any = tell()
        if hasattr(position, "__await__"):
            position = await position
        if position:
            raise ValueError(f"the file is at byte {position}, so only a part would be sent: seek(0) first")


def _was_started(generator: Any) -> bool:
    frame = getattr(generator, "ag_frame", None)
    if frame is None:  # ended, or no generator of Python's own
        return hasattr(generator, "ag_frame")
    state_of = getattr(inspect, "getasyncgenstate", None)
    if state_of is not None:
        return bool(state_of(generator) != "AGEN_CREATED")
    # Python 3.11 has no better sign: a new generator waits at this instruction.
    return bool(frame.f_code.co_code[frame.f_lasti] != opmap["RETURN_GENERATOR"])


def name_of(operation: str, where: str, given: GivenFile, filename: object, nameless: str | None) -> str:
    """Choose the base name to send: the caller's, else the file's own, else `nameless`; None there refuses the file."""
    if filename is not None and not isinstance(filename, str):
        raise TypeError(f"{operation}(): filename must be str, not {type(filename).__name__}")
    chosen = given.name if filename is None else filename
    if chosen is None or (filename is None and not chosen):
        if nameless is None:
            kind = "bytes" if isinstance(given.content, bytes) else type(given.content).__name__
            raise TypeError(f"{where}: {kind} has no name, which the server knows its kind by: pass filename=")
        return nameless
    name = Path(chosen).name
    if name in ("", ".."):
        raise ValueError(f"{operation}(): filename must be a plain name, not {chosen!r}")
    try:
        name.encode()
    except UnicodeEncodeError:  # as a path has it whose bytes are no UTF-8
        raise ValueError(f"{where}: its name {name!r} has lone surrogates: pass filename=") from None
    return name


def position_of(file: object) -> int | None:
    """Return the place at which an open file would be read; None for a file that cannot go back."""
    try:
        return int(cast("IO[bytes]", file).tell())
    except (AttributeError, OSError, TypeError, ValueError):
        return None


def _end_of(file: IO[bytes]) -> int | None:
    try:
        here = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(here)
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    return end


def size_of(where: str, file: Path | bytes | IO[bytes] | AsyncIterable[bytes]) -> int | None:
    """Bytes of a file, None where only reading it can show that; raises `ValueError` for an empty file."""
    if isinstance(file, bytes):
        size: int | None = len(file)
    elif isinstance(file, Path):
        size = file.stat().st_size
    else:
        size = None if isinstance(file, AsyncIterable) else _end_of(file)
    if size == 0:
        raise ValueError(f"{where} is empty: a file must have at least 1 byte")
    return size
