"""The HTML by which notebooks show messages, runs and pages: tables and texts, every character of theirs escaped.

Nothing here makes a browser ask a server for anything: an image is its address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .base import Model, Object

# Characters, rows and columns that a screen can show: a page of 100 long messages would bury the notebook.
_CELL = 200
_ROWS = 100
_COLUMNS = 6
_PRE = '<pre style="white-space: pre-wrap; text-align: left">'


# As `html.escape` has it, whose module would bring the table of all entities into every program.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})


def escape(text: str) -> str:
    """Write a text so that a browser shows it as it is."""
    return text.translate(_ESCAPES)


def parts_html(head: Iterable[str | None], parts: Iterable[str]) -> str:
    """Write a heading of several words, and texts below it, their lines kept."""
    title = " ".join(word for word in head if word)
    return f"<div><b>{escape(title)}</b>{''.join(f'{_PRE}{escape(part)}</pre>' for part in parts)}</div>"


def members_html(members: Mapping[str, object]) -> str:
    """Write names and values, a line each; what is None or empty is left out."""
    return _table((), ((name, value) for name, value in members.items() if value not in (None, "")))


def page_html(items: Sequence[Any], *, has_more: bool | None) -> str:
    """Write a line for each item, and the number of items that are not shown."""
    columns = _columns(items)
    table = _table(columns, ([_member(item, name) for name in columns] for item in items[:_ROWS]))
    notes = [f"{len(items)} item{'' if len(items) == 1 else 's'}"]
    if len(items) > _ROWS:
        notes.append(f"the first {_ROWS} shown")
    if has_more:
        notes.append("more pages follow")
    return f"<div>{table}<p>{escape(', '.join(notes))}</p></div>"


def _columns(items: Sequence[Any]) -> tuple[str, ...]:
    """Choose the members that are shown: those of one line that an item has."""
    first = next((item for item in items if isinstance(item, Model)), None)
    if first is None:
        return ("item",)
    if isinstance(getattr(first, "text", None), str):
        return "id", "role", "text"
    names = (name for name in first.fields() if name != "object")
    return tuple(name for name in names if any(_is_plain(getattr(item, name, None)) for item in items))[:_COLUMNS]


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float))


def _member(item: object, name: str) -> object:
    return item if name == "item" else getattr(item, name, None)


def _table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table>{head and f'<tr>{head}</tr>'}{body}</table>"


def _cell(value: object) -> str:
    text = "" if value is None else value.id if isinstance(value, Object) else str(value)
    return escape(text if len(text) <= _CELL else text[: _CELL - 1] + "…")
