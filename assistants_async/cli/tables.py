"""Tables on the screen: by rich where it is installed, in plain columns elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import msgspec

_WIDE = 240  # columns of an output that is no terminal: a program that reads it must find no folded line


class Table(msgspec.Struct, frozen=True):
    """A table: its title, the names of its columns, and its rows of plain text."""

    title: str
    columns: Sequence[str]
    """Names of the columns; all empty for no line of names."""
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    """Places of the columns that are aligned to the right."""


def print_table(table: Table) -> None:
    """Print a table."""
    # By name: rich is no dependency, and type checkers would ask for it.
    try:
        console = import_module("rich.console").Console
        rich_table = import_module("rich.table").Table
        text = import_module("rich.text").Text
    except ImportError:
        print("\n".join(plain_lines(table)))
        return
    shown = rich_table(title=table.title, title_justify="left", show_header=any(table.columns))
    for place, name in enumerate(table.columns):
        shown.add_column(name, justify="right" if place in table.numbers else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*map(text, row))  # as text: a server's words are no markup
    console(width=None if sys.stdout.isatty() else _WIDE).print(shown)


def plain_lines(table: Table) -> list[str]:
    """Write a table in columns with two spaces between them."""
    rows = [table.columns, *table.rows] if any(table.columns) else table.rows
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.columns))]
    lines = [table.title, ""]
    for row in rows:
        cells = [
            cell.rjust(width) if place in table.numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
