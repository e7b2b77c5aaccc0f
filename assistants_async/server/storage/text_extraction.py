"""The text of an uploaded file, for search: plain text, Markdown, source code, JSON, CSV and HTML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import PurePath
from typing import Any

from ..._typing import is_array, is_object, override

_PLAIN = ("c", "cpp", "cs", "css", "go", "java", "js", "log", "md", "php", "py", "rb", "sh", "tex", "ts", "txt")


class Unreadable(Exception):  # noqa: N818  # it ends a file's processing, and is no failure of the server
    """A file that has no text to search: `code` is the protocol's reason, `message` says more."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        """`"unsupported_file"`, `"invalid_file"` or `"server_error"`."""
        self.message = message
        """What is wrong with it."""


def text_of(filename: str, content: bytes) -> str:
    """The words of a file by the kind that its name tells; raises `Unreadable`.

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


def _leaves(value: Any, path: str = "") -> Iterator[str]:
    """Each value behind the names that lead to it, so that both can be found."""
    if is_object(value):
        for name, inner in value.items():
            yield from _leaves(inner, f"{path} {name}".strip())
    elif is_array(value):
        for inner in value:
            yield from _leaves(inner, path)
    else:
        yield f"{path}: {value}" if path else str(value)


def _csv(text: str) -> str:
    rows = list(csv.reader(io.StringIO(text)))
    names, *lines = rows or [[]]
    if not lines:
        return ", ".join(names)
    return "\n".join(", ".join(_cells(names, line)) for line in lines)


def _cells(names: list[str], line: list[str]) -> Iterator[str]:
    """Cells behind the names of their columns; a line may have more or fewer of them."""
    for place, cell in enumerate(line):
        yield f"{names[place]}: {cell}" if place < len(names) else cell


class _Words(HTMLParser):
    """What a reader of a page sees."""

    _HIDDEN = frozenset(("script", "style", "template", "head"))
    _BLOCKS = frozenset(("p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "td"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._hidden: list[str] = []
        self.pieces: list[str] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # the parser's
        if tag in self._HIDDEN:
            self._hidden.append(tag)
        elif tag in self._BLOCKS:
            self.pieces.append("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag in self._hidden:
            self._hidden.remove(tag)

    @override
    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.pieces.append(data)


def _html(text: str) -> str:
    words = _Words()
    words.feed(text)
    words.close()
    lines = (" ".join(line.split()) for line in "".join(words.pieces).splitlines())
    return "\n".join(line for line in lines if line)


_READERS: Mapping[str, Callable[[str], str]] = {
    **dict.fromkeys(_PLAIN, str),
    "json": _json,
    "csv": _csv,
    "html": _html,
    "htm": _html,
}
"""What reads each kind of file, by the end of its name."""
