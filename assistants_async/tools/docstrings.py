"""Descriptions out of docstrings, in Google's, NumPy's and Sphinx's style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_PARAMETERS = frozenset({"args", "arguments", "parameters", "params", "keyword args", "keyword arguments"})
_SECTIONS = _PARAMETERS | {
    "attributes",
    "example",
    "examples",
    "note",
    "notes",
    "other parameters",
    "raises",
    "references",
    "return",
    "returns",
    "see also",
    "todo",
    "warning",
    "warnings",
    "warns",
    "yield",
    "yields",
}
_GOOGLE_HEAD = re.compile(r"(?P<title>[A-Za-z][A-Za-z ]*):\s*\Z")
_UNDERLINE = re.compile(r"-{3,}\s*\Z")
# Possessive where two quantifiers would share the white space between them: a megabyte of it took hours.
_GOOGLE_ENTRY = re.compile(r"(?P<names>\*{0,2}\w+)\s*+(?:\([^:]*\)\s*+)?:\s*(?P<text>.*)\Z")
_NUMPY_ENTRY = re.compile(r"(?P<names>\*{0,2}\w+(?:\s*,\s*\*{0,2}\w+)*)\s*(?::.*)?\Z")
_FIELD = re.compile(r":(?P<kind>\w+)(?:\s++(?P<rest>[^:]*+))?:\s*(?P<text>.*)\Z")
_FIELDS = frozenset({"param", "parameter", "arg", "argument", "key", "keyword"})


class Docstring(NamedTuple):
    """The descriptions that a docstring gives."""

    text: str
    """The text before the first section."""
    parameters: Mapping[str, str]
    """Descriptions by parameter, each on one line."""


class _Section(NamedTuple):
    title: str
    underlined: bool
    lines: list[str]


def read_docstring(docstring: str | None) -> Docstring:
    """Read the description and those of the parameters; text in no known style is left out."""
    first, *others = _sections(inspect.cleandoc(docstring or "").splitlines())
    text, parameters = _fields(first.lines)
    for section in others:
        if section.title in _PARAMETERS or section.title == "other parameters":
            entry = _NUMPY_ENTRY if section.underlined else _GOOGLE_ENTRY
            parameters.update(_entries(section.lines, entry))
        else:
            parameters.update(_fields(section.lines)[1])
    return Docstring("\n".join(text).strip(), parameters)


def _sections(lines: list[str]) -> Iterator[_Section]:
    """Part the lines at headings, `Args:` or one that is underlined; the first section has none."""
    section = _Section("", underlined=False, lines=[])
    skip = False
    for line, after in zip(lines, [*lines[1:], ""], strict=False):
        if skip:  # the line under a heading
            skip = False
            continue
        google = _GOOGLE_HEAD.match(line)
        title = (google["title"] if google else line).strip().lower()
        underlined = bool(_UNDERLINE.match(after))
        if title in _SECTIONS and (google or underlined):
            yield section
            section = _Section(title, underlined, [])
            skip = underlined
        else:
            section.lines.append(line)
    yield section


def _entries(lines: list[str], entry: re.Pattern[str]) -> dict[str, str]:
    """Entries of a parameter section: each begins at the section's indent, and its text goes on further in."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    # The least indent of the section, since `inspect.cleandoc` leaves the inner one to each style.
    margin = min((_indent(line) for line in lines if line.strip()), default=0)
    for line in lines:
        if _indent(line) == margin and line.strip():
            match = entry.match(line.strip())
            current = []
            if match:
                current.append(match.groupdict().get("text") or "")
                found.update((name.strip().lstrip("*"), current) for name in match["names"].split(","))
        else:
            current.append(line)
    return {name: _one_line(text) for name, text in found.items()}


def _fields(lines: list[str]) -> tuple[list[str], dict[str, str]]:
    """Sphinx's fields, `:param int days: text`, parted from the text before the first of them."""
    before: list[str] = []
    found: dict[str, list[str]] = {}
    current = before
    for line in lines:
        match = _FIELD.match(line)
        if match is None:
            current.append(line)
            continue
        current = [match["text"]]
        words = (match["rest"] or "").split()
        if match["kind"] in _FIELDS and words:
            found[words[-1].lstrip("*")] = current
    return before, {name: _one_line(text) for name, text in found.items()}


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _one_line(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
