"""The benchmark of moves, on a small account."""

from __future__ import annotations

from pathlib import Path

from assistants_async.server import SqliteStore
from benchmarks.moving import move, write_account
from tests.support.account import reexport


async def test_an_account_is_moved(tmp_path: Path) -> None:
    """All of its objects can be used: the folder that comes out has each line that went in."""
    write_account(tmp_path / "a", 3)
    cost = await move("import", str(tmp_path / "a"), str(tmp_path / "home.db"))
    assert min(cost) >= 0
    await reexport(SqliteStore(tmp_path / "home.db"), tmp_path / "b")
    for path in (tmp_path / "a" / "threads").iterdir():
        again = tmp_path / "b" / "threads" / path.name
        assert again.read_bytes().count(b"\n") == path.read_bytes().count(b"\n") == 11
