"""`import --store`, called in this process."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from assistants_async.server import AssistantsServer, SqliteStore
from tests.cli.test_moving import command
from tests.server.storage.test_disk_blobs_full import largest_file
from tests.support.account import client_of, export_once, reexport, snapshot


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Export an account once for all tests here."""
    return export_once(tmp_path_factory.mktemp("exported") / "a", threads=1)


async def test_an_export_is_imported(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once: the second time there is nothing new; a server of the store has it all."""
    given = ["import", "--from", str(exported), "--store", f"sqlite:{tmp_path / 'home.db'}"]
    for words in ("1 thread, 1 run, 2 message, 2 step", "nothing new"):
        assert await command(*given) == 0
        assert words in capsys.readouterr().out
    await reexport(SqliteStore(tmp_path / "home.db"), tmp_path / "b")
    assert snapshot(tmp_path / "b") == snapshot(exported)


async def test_conflicts(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Are named in a sentence, with 2; `skip` leaves them, with 3."""
    given = ["import", "--from", str(exported), "--store", f"sqlite:{tmp_path / 'home.db'}"]
    assert await command(*given) == 0
    async with AssistantsServer(store=SqliteStore(tmp_path / "home.db")) as server, client_of(server) as client:
        assistant = await client.assistants.list().first()
        assert assistant is not None
        await client.assistants.modify(assistant, name="Other")
    capsys.readouterr()
    assert await command(*given) == 2
    line = capsys.readouterr().err
    assert f"other content for assistant {assistant.id}; " in line
    assert line.count("\n") == 1
    assert await command(*given, "--on-conflict", "skip") == 3
    shown = capsys.readouterr()
    assert "nothing new" in shown.out
    assert shown.err == f"assistant {assistant.id}: the store has another one of this id, which stays\n"


async def test_without_room_and_again(exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that cannot grow is one sentence and 2; the next import goes on."""
    given = ["import", "--from", str(exported), "--store", f"sqlite:{tmp_path / 'home.db'}"]
    await _made(tmp_path / "home.db")
    with largest_file(60_000):
        assert await command(*given) == 2
    line = capsys.readouterr().err
    assert line.startswith("assistants-async import: sqlite:")
    assert line.count("\n") == 1
    assert await command(*given) == 0
    await reexport(SqliteStore(tmp_path / "home.db"), tmp_path / "b")
    assert snapshot(tmp_path / "b") == snapshot(exported)


def _foreign(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()


def _newer(path: Path) -> None:
    asyncio.run(_made(path))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET schema_version = 99")
    connection.close()


async def _made(path: Path) -> None:
    store = SqliteStore(path)
    await store.open()
    await store.close()


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (_foreign, "is a database of something else: its tables are songs"),
        (_newer, "has schema version 99"),
        (lambda path: path.write_bytes(b"text" * 1000), "is no store of this package"),
        (Path.mkdir, "cannot be opened"),
    ],
    ids=["foreign", "newer", "text", "folder"],
)
def test_a_file_that_is_no_store(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], prepare: Callable[[Path], object], words: str
) -> None:
    """One sentence, and 2."""
    path = tmp_path / "home.db"
    prepare(path)
    assert asyncio.run(command("import", "--from", str(exported), "--store", f"sqlite:{path}")) == 2
    line = capsys.readouterr().err
    assert words in line
    assert line.count("\n") == 1


async def test_a_file_that_another_server_has(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One process a file."""
    path = tmp_path / "home.db"
    async with AssistantsServer(store=SqliteStore(path)):
        assert await command("import", "--from", str(exported), "--store", f"sqlite:{path}") == 2
    assert "is used by another process" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--store", "memory"], "would be gone with this command"),
        (["--store", "mysql://host/x"], "'mysql://host/x' is not a store: give memory, sqlite:PATH"),
        (["--store", "postgresql://127.0.0.1:9/x"], "the store postgresql://127.0.0.1:9/x "),
        (["--store", "sqlite:no/such/home.db"], "cannot be opened"),
        (["--store", "sqlite:home.db", "--from", "none"], "'none' is no exported account"),
        (["--store", "sqlite:home.db", "--to", "http://host/v1"], "not allowed with argument --store"),
        ([], "one of the arguments --store --to is required"),
        (["--store", "sqlite:home.db", "--protocol", "v1"], "--protocol needs --to"),
        (["--store", "sqlite:home.db", "--api-version", "v1"], "--api-version needs --to"),
        (["--store", "sqlite:home.db", "--on-conflict", "ask"], "invalid choice: 'ask'"),
        (["--to", "http://127.0.0.1:9/v1", "--on-conflict", "skip"], "--on-conflict needs --store"),
    ],
    ids=[
        "memory",
        "scheme",
        "address",
        "path",
        "folder",
        "both",
        "neither",
        "protocol",
        "version",
        "conflict",
        "server",
    ],
)
def test_bad_input(
    exported: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    """One sentence each, and 2; no empty store is left behind."""
    monkeypatch.chdir(tmp_path)
    # Stores need no key: what the environment has of one does not matter.
    monkeypatch.setenv("OPENAI_API_KEY", "k" if "--to" in options else "")
    assert asyncio.run(command("import", "--from", str(exported), *options)) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
