"""Citations in a message: the places of their marks in its text, and the readable text in place of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import msgspec

from ..errors import escaped
from ..models.messages import (
    CitationStyle,
    FileAnnotation,
    FileCitationAnnotation,
    FilePathAnnotation,
    Message,
    SourceAnnotation,
    Text,
    TextContent,
    URLCitationAnnotation,
)
from .filenames import safe_name

# How a style refers to a number, and how it explains one at the end.
_FORMS = {"footnotes": ("[{}]", "[{}] {}"), "markdown": ("[^{}]", "[^{}]: {}")}
# Characters looked at for marks that are not where they should be, a tenth of a second: 1000 marks in 64 KiB.
_MOST_SEARCHED = 64 * 1024 * 1024
_MARKUP = r"[\\\[\]<>*`]"
_WEB = ("http://", "https://")
_URL_SAFE = "/:?#@!$&'*+,;=%-._~"  # what a URL has unescaped, but for brackets, which end a link in Markdown


class _Mark(msgspec.Struct):
    """A stretch of a text that is nothing but marks, and what they lead to: by ids of files and addresses of pages."""

    start: int
    end: int
    sources: dict[str, SourceAnnotation]


def check_style(operation: str, style: object) -> None:
    """Refuse an unknown style."""
    if not callable(style) and not (isinstance(style, str) and style in _FORMS):
        raise ValueError(f"{operation}(): style must be 'footnotes', 'markdown' or a function, not {style!r}")


def rendered(message: Message, names: Mapping[str, str], style: CitationStyle) -> str:
    """The message's text parts with every mark of a source replaced; `names` are those of the files by their ids.

    All other text stays as it is. A reference without a mark in the text goes to the end of its part.
    """
    notes = _Notes(names, style)
    return "".join(_replaced(text, notes) for text in texts_of(message)) + notes.listed()


def texts_of(message: Message) -> tuple[Text, ...]:
    """The message's texts, in order."""
    return tuple(part.text for part in message.content if isinstance(part, TextContent) and part.text is not None)


def file_annotations(text: Text) -> Iterator[tuple[str, FileAnnotation]]:
    """The annotations that lead to a file, each behind the file's id, in the server's order."""
    for source, annotation in sources(text):
        if not isinstance(annotation, URLCitationAnnotation):
            yield source, annotation


def sources(text: Text) -> Iterator[tuple[str, SourceAnnotation]]:
    """The annotations that lead to a file or a web page, each behind the file's id or the page's address."""
    for annotation in text.annotations:
        match annotation:
            case FileCitationAnnotation(file_citation=file) | FilePathAnnotation(file_path=file):
                if file is not None and file.file_id:
                    yield file.file_id, annotation
            case URLCitationAnnotation(url_citation=page):
                if page is not None and page.url:
                    yield page.url, annotation
            case _:
                pass


def names_in_text(message: Message) -> dict[str, str]:
    """The names of the files that code made, by their ids: the last part of the path that the text has."""
    named: dict[str, str] = {}
    for text in texts_of(message):
        for file_id, annotation in file_annotations(text):
            path = (annotation.text or "") if isinstance(annotation, FilePathAnnotation) else ""
            if "/" in path and (name := safe_name(path)):
                named.setdefault(file_id, name)
    return named


def kept_name(name: str, file_id: str) -> str:
    """The name that a file of a message has on disk, made from the server's; one plain name in any case."""
    return safe_name(name) or safe_name(file_id) or "file"


class _Notes:
    """The sources that a text refers to, numbered in the order in which it does."""

    def __init__(self, names: Mapping[str, str], style: CitationStyle) -> None:
        self._names = names
        self._style = style
        self._numbers: dict[str, int] = {}
        self._titles: dict[str, str] = {}  # of pages, by their addresses

    def refer(self, source: str, annotation: SourceAnnotation, *, is_target: bool) -> str:
        """Return the text that replaces a mark; `is_target` is true for the target of a link in Markdown."""
        name = self._names.get(source, source)
        if isinstance(annotation, URLCitationAnnotation):
            title = (annotation.url_citation and annotation.url_citation.title) or source
            name = self._titles.setdefault(source, title)
        if self._style == "markdown" and isinstance(annotation, FilePathAnnotation):
            target = quote(kept_name(name, source))
            return target if is_target else f"[{_plain(name)}]({target})"
        number = self._numbers.setdefault(source, len(self._numbers) + 1)
        if isinstance(self._style, str):
            return _FORMS[self._style][0].format(number)
        reference = self._style(annotation, number, escaped(name))
        if not isinstance(reference, str):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
            raise TypeError(f"messages.render(): style must return str, not {type(reference).__name__}")
        return reference

    def listed(self) -> str:
        """The list of the sources for the end of the text; empty for no sources, and for a style that is a function."""
        if not self._numbers or not isinstance(self._style, str):
            return ""
        form = _FORMS[self._style][1]
        lines = (form.format(number, self._described(source)) for source, number in self._numbers.items())
        return "\n\n" + "\n".join(lines)

    def _described(self, source: str) -> str:
        title, is_markdown = self._titles.get(source), self._style == "markdown"
        write = _plain if is_markdown else escaped
        if title is None:
            return write(self._names.get(source, source))
        if is_markdown and source.lower().startswith(_WEB):  # a link to anything else may do something
            return f"[{write(title)}]({quote(source, _URL_SAFE, errors='replace')})"
        return write(source if title == source else f"{title}: {source}")


def _plain(name: str) -> str:
    """A name that Markdown shows as it is."""
    return re.sub(_MARKUP, r"\\\g<0>", escaped(name))


def _replaced(text: Text, notes: _Notes) -> str:
    value = text.value or ""
    pieces: list[str] = []
    done = 0
    for mark in _marks(text, value):
        pieces.append(value[done : mark.start])
        is_target = value.endswith("](", 0, mark.start) and value.startswith(")", mark.end)
        pieces += (notes.refer(*source, is_target=is_target) for source in mark.sources.items())
        done = mark.end
    return "".join([*pieces, value[done:]])


def _marks(text: Text, value: str) -> list[_Mark]:
    """The stretches to be replaced, first to last; marks that overlap are one, and a source counts once in it."""
    marks: list[_Mark] = []
    for place in sorted(_places(text, value), key=lambda place: (place.start, place.end)):
        last = marks[-1] if marks else None
        if last is not None and (place.start < last.end or (place.start, place.end) == (last.start, last.end)):
            last.end = max(last.end, place.end)
            last.sources |= place.sources
        else:
            marks.append(place)
    return marks


# Goals: replace a mark only where the text has it, whatever the offsets say, and drop no reference.
# Plan: offsets count where they lead to the mark. Those of other servers count bytes or UTF-16 units, or nothing at
# all, but keep the order: each of their marks is the next of its spelling that is not spoken for. An annotation
# without a mark replaces nothing, and goes where it ends. Looking for them ends after `_MOST_SEARCHED` characters: a
# server may send as many marks as it likes that a long text does not have.
def _places(text: Text, value: str) -> Iterator[_Mark]:
    taken: set[tuple[str, int]] = set()
    lost: list[tuple[str, str, SourceAnnotation]] = []
    for source, annotation in sources(text):
        start, end = annotation.start_index, annotation.end_index
        mark = annotation.text or _spanned(annotation, value)
        if not mark:
            place = end if end is not None and 0 <= end <= len(value) else len(value)
            yield _Mark(place, place, {source: annotation})
        elif start is not None and start >= 0 and value.startswith(mark, start):
            taken.add((mark, start))
            yield _Mark(start, start + len(mark), {source: annotation})
        else:
            lost.append((mark, source, annotation))
    search = _Search(value, taken)
    for mark, source, annotation in sorted(lost, key=lambda one: one[2].start_index or 0):
        start = search.next_of(mark)
        end = start + len(mark)
        if start < 0:
            start = end = len(value)
        yield _Mark(start, end, {source: annotation})


def _spanned(annotation: SourceAnnotation, value: str) -> str | None:
    """The mark between the offsets of a web page's citation, which some versions give without its text."""
    start, end = annotation.start_index, annotation.end_index
    if not isinstance(annotation, URLCitationAnnotation) or start is None or end is None or start < 0:
        return None
    mark = value[start:end]
    return mark if mark.startswith("【") and mark.find("】") == len(mark) - 1 else None


class _Search:
    """Finds the marks of one text, each spelling from left to right."""

    def __init__(self, value: str, taken: set[tuple[str, int]]) -> None:
        self._value = value
        self._taken = taken
        self._after: dict[str, int] = {}
        self._first: dict[str, int] = {}
        self._left = _MOST_SEARCHED

    def next_of(self, mark: str) -> int:
        """Find the next mark of this spelling; its first where all are taken, -1 where there is none."""
        start = self._find(mark, self._after.get(mark, 0))
        while (mark, start) in self._taken:
            start = self._find(mark, start + len(mark))
        if start < 0:
            self._after[mark] = len(self._value)
            return self._first.get(mark, -1)
        self._after[mark] = start + len(mark)
        return start

    def _find(self, mark: str, begin: int) -> int:
        if self._left <= 0:
            return -1
        found = self._value.find(mark, begin)
        self._left -= (len(self._value) if found < 0 else found) - begin + len(mark)
        if found >= 0:
            self._first.setdefault(mark, found)
        return found
