"""The content of a file written to disk: whole under its name, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from ..core.checks import flag, plain_function
from ..core.filenames import numbered, safe_name, suggested_name
from ..session.open_response import OpenResponse
from .multipart_body import Progress

__all__ = ["check_folder", "check_save", "claim", "suggested_name", "write_file"]

_NAME = "files.content().save"


def check_folder(operation: str, folder: Path) -> None:
    """Refuse a path that is missing, or is no folder."""
    if not isinstance(folder, (str, os.PathLike)):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{operation}(): folder must be a Path, not {type(folder).__name__}")
    folder = Path(folder)
    if not folder.is_dir():
        what = "it is a file" if folder.exists() else "make it first"
        raise NotADirectoryError(f"{operation}(): no folder at {str(folder)!r}: {what}")


def claim(path: Path) -> Path:
    """Make an empty file under a name that was free, the given one or a numbered one, and return its path."""
    number = 1
    while True:
        free = path.with_name(numbered(path.name, number))
        try:
            # Made at once, not looked up first: another process may take the name in between.
            free.touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return free


def check_save(folder: Path, filename: str | None, overwrite: bool | None, on_progress: Progress | None) -> bool:
    """Check the arguments of `save`, and return True where an existing file is replaced."""
    plain_function(f"{_NAME}(): on_progress", on_progress, "done", "total")
    if overwrite is not None:
        flag(f"{_NAME}(): overwrite", overwrite)
    check_folder(_NAME, folder)
    if filename is None:
        return bool(overwrite)
    if not isinstance(filename, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{_NAME}(): filename must be str, not {type(filename).__name__}")
    if not filename or safe_name(filename) != filename:
        raise ValueError(f"{_NAME}(): {filename!r} is not a plain file name")
    replace = overwrite is not False
    if replace and Path(folder, filename).is_dir():
        raise IsADirectoryError(f"{_NAME}(): {str(Path(folder, filename))!r} is a folder")
    return replace


async def write_file(reader: OpenResponse, target: Path, on_progress: Progress | None, *, replace: bool) -> Path:
    """Write to a name of our own beside the target, then rename, so that no half a file is ever seen."""
    # In the same folder: a rename within one file system is a single step.
    part = target.with_name(f".{os.urandom(8).hex()}.part")
    total = _length(reader)
    done = 0
    try:
        with part.open("xb") as file:
            while piece := await reader.read():
                file.write(piece)
                done += len(piece)
                if on_progress is not None:
                    on_progress(done, total)
        # Another name could be taken meanwhile: an empty file of the name is made first, which the whole one replaces.
        target = target if replace else claim(target)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return target


def _length(reader: OpenResponse) -> int | None:
    text = reader.http.headers.get("content-length", "")
    return int(text) if text.isdecimal() else None
