"""Tables on the screen: the same cells with rich and without, a server's words never read as markup."""

from __future__ import annotations

import sys

import pytest

from assistants_async.cli.tables import Table, plain_lines, print_table

TABLE = Table("Steps", ("step", "tokens"), [("step_1", "7"), ("[bold]step_22[/bold]", "1234")], numbers=(1,))


def test_plain_columns_line_up() -> None:
    """Numbers to the right, without spaces at the end of a line."""
    assert plain_lines(TABLE) == [
        "Steps",
        "",
        "step                  tokens",
        "step_1                     7",
        "[bold]step_22[/bold]    1234",
    ]


def test_a_table_without_names() -> None:
    """Has no line of names."""
    assert plain_lines(Table("Run", ("", ""), [("status", "completed")])) == ["Run", "", "status  completed"]


def test_rich_prints_the_same_cells(capsys: pytest.CaptureFixture[str]) -> None:
    """In boxes, not folded where the output is no terminal."""
    print_table(TABLE)
    shown = capsys.readouterr().out
    assert "│ [bold]step_22[/bold] │   1234 │" in shown
    assert "step   " in shown


def test_without_rich_the_columns_are_plain(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command needs no extra."""
    for name in ("rich.console", "rich.table", "rich.text"):
        monkeypatch.setitem(sys.modules, name, None)
    print_table(TABLE)
    assert capsys.readouterr().out == "\n".join(plain_lines(TABLE)) + "\n"
