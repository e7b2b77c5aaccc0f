"""The text of an uploaded file, for search: plain text, Markdown, source code, JSON, CSV and HTML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from ..._typing import is_array, is_object
from .html_text import text_of_html

_PLAIN = ("c", "cpp", "cs", "css", "go", "java", "js", "log", "md", "php", "py", "rb", "sh", "tex", "ts", "txt")

# A name stands before each value that it has: without a cap, 1 MB of name before 10,000 values is 10 GB.
_MOST_NAME = 200


class Unreadable(Exception):  # noqa: N818  # it ends a file's processing, and is no failure of the server
    """A file that has no text to search: `code` is the protocol's reason, `message` says more."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """`"unsupported_file"`, `"invalid_file"` or `"server_error"`."""
        self.message = message
        """The problem, as a sentence."""


def text_of(filename: str, content: bytes) -> str:
    """Return the words of a file by the ending of its name; raises `Unreadable`.

    A file that begins with `/fail` is refused with what follows as the reason, so that clients in any language can
    be driven through it.
    """
    read = _READERS.get(PurePath(filename).suffix.lower().removeprefix("."))
    if read is None:
        known = ", ".join(sorted(_READERS))
        raise Unreadable("unsupported_file", f"The file {filename!r} is of no kind that can be searched: {known}.")
    text = _decoded(filename, content)
    if text.startswith("/fail"):
        raise Unreadable("server_error", text.removeprefix("/fail").strip() or "The file asked for a failure.")
    try:
        words = read(text)
    except (ValueError, csv.Error, RecursionError) as error:
        raise Unreadable("invalid_file", f"The file {filename!r} cannot be read: {error}.") from None
    if not words.strip():
        raise Unreadable("invalid_file", f"The file {filename!r} has no text.")
    return words


def _decoded(filename: str, content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise Unreadable("invalid_file", f"The file {filename!r} is not {encoding[:6].upper()}: {error}.") from None


def _json(text: str) -> str:
    return "\n".join(_leaves(json.loads(text)))


def _leaves(document: Any) -> Iterator[str]:
    """Yield each value behind the names that lead to it, so that both can be found."""
    # A stack, no recursion: each value would pass through a generator for each level around it.
    waiting = [(document, "")]
    while waiting:
        value, path = waiting.pop()
        if is_object(value):
            members = [(inner, f"{path} {name}".strip()[-_MOST_NAME:]) for name, inner in value.items()]
            waiting += reversed(members)
        elif is_array(value):
            waiting += [(inner, path) for inner in reversed(value)]
        else:
            yield f"{path}: {value}" if path else str(value)


def _csv(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    names, *lines = rows or [[]]
    if not lines:
        return ", ".join(names)
    names = [name[:_MOST_NAME] for name in names]
    return "\n".join(", ".join(_cells(names, line)) for line in lines)


def _cells(names: list[str], line: list[str]) -> Iterator[str]:
    """Yield cells behind the names of their columns; a line may have more or fewer of them."""
    for place, cell in enumerate(line):
        yield f"{names[place]}: {cell}" if place < len(names) else cell


# The reader of each kind of file, by the end of its name.
_READERS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(_PLAIN, str),
    "json": _json,
    "csv": _csv,
    "html": text_of_html,
    "htm": text_of_html,
}
