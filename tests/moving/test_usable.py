"""Folders with objects that no client could read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from assistants_async.moving import FolderError, MovingReport, convert_account, import_account
from assistants_async.moving.folder import Line, read_lines
from tests.support.account import account, client_of

MESSAGE: dict[str, Any] = {"id": "m1", "role": "user", "content": [{"type": "text", "text": {"value": "Hi"}}]}
ODD: dict[str, tuple[str, Line]] = {
    "content that is a text": ("threads/t.jsonl", Line("message", {**MESSAGE, "id": "odd", "content": "Hi"}, "t")),
    "parts that are none": ("threads/t.jsonl", Line("message", {**MESSAGE, "id": "odd", "content": [None]}, "t")),
    "attachments": ("threads/t.jsonl", Line("message", {**MESSAGE, "id": "odd", "attachments": "x"}, "t")),
    "tools": ("assistants.jsonl", Line("assistant", {"id": "odd", "model": "m", "tools": "x"})),
    "name of a file": ("files.jsonl", Line("file", {"id": "odd", "filename": 5})),
    "chunks": ("vector_stores.jsonl", Line("vector_store_file", {"id": "odd", "chunking_strategy": "x"}, "v")),
}


def folder(path: Path, name: str, odd: Line) -> Path:
    """Write an account with one object that is odd, and others that are not."""
    manifest = {"format": 1, "source": "http://a/v1", "made_at": 1, "complete": True}
    thread = [Line("thread", {"id": "t"}), Line("message", MESSAGE, "t")]
    files = {
        "assistants.jsonl": [Line("assistant", {"id": "a", "model": "m"})],
        "files.jsonl": [],
        "vector_stores.jsonl": [Line("vector_store", {"id": "v"})],
        "threads/t.jsonl": thread,
    }
    (path / "threads").mkdir(parents=True)
    (path / "files").mkdir()
    (path / "files" / "odd").write_bytes(b"x")
    (path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    for each, lines in files.items():
        added = [*lines, odd] if each == name else lines
        (path / each).write_bytes(b"".join(line.encode() for line in added))
    return path


def problems(report: MovingReport) -> list[str]:
    """Return the ids of what was left out because it cannot be used."""
    return [problem.id for problem in report.problems if problem.reason.startswith("it cannot be used: Expected")]


@pytest.mark.parametrize(("name", "odd"), ODD.values(), ids=ODD)
async def test_an_object_that_cannot_be_used_costs_itself_alone(tmp_path: Path, name: str, odd: Line) -> None:
    """It is named, and every other one is converted, or imported into a server."""
    source = folder(tmp_path / "a", name, odd)
    if odd.kind != "vector_store_file":  # of which a conversation has nothing
        report = await convert_account(source, tmp_path / "out")
        assert problems(report) == ["odd"]
        assert report.counts == {"assistant": 1, "thread": 1, "item": 1}
    async with account(threads=0) as server, client_of(server) as client:
        report = await import_account(client, source)
        assert problems(report) == ["odd"]
        assert (report.counts["assistant"], report.counts["thread"]) == (1, 1)


def test_nesting_without_an_end_is_no_line(tmp_path: Path) -> None:
    """The error has the place."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"kind": "thread", "object": {"id": "t", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}}\n")
    with pytest.raises(FolderError, match=r"line 1: not a whole line"):
        next(read_lines(path))


async def test_a_manifest_that_is_a_folder(tmp_path: Path) -> None:
    """The error has the place and the reason."""
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(FolderError, match=r"manifest.json' cannot be read: .*[Dd]irectory"):
        await convert_account(tmp_path, tmp_path / "out")
