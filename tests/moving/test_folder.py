"""The folder of an account: what is none, and names for ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistants_async.moving import FolderError
from assistants_async.moving.folder import AccountFolder, Line, plain_name, read_lines, writing

GOOD = '{"format": 1, "source": "http://a/v1", "made_at": 1, "complete": true}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "is no exported account: there is no manifest.json in it"),
        ("{", "cannot be read"),
        ("[]", "is no manifest: it has no format"),
        ('{"format": 2}', "has format 2, which is not 1: use a newer version"),
        ('{"format": 1}', "cannot be read: Object missing required field `source`"),
    ],
    ids=["none", "no JSON", "no object", "newer", "no source"],
)
def test_a_manifest_that_is_none(tmp_path: Path, text: str | None, words: str) -> None:
    """One sentence each, with the path."""
    if text is not None:
        (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(FolderError, match=words):
        AccountFolder(tmp_path).read_manifest()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """A file, a folder with other files, and the account of another server."""
    (tmp_path / "file").touch()
    with pytest.raises(FolderError, match="is not a folder"):
        AccountFolder(tmp_path / "file").begin("http://a/v1", 1)
    with pytest.raises(FolderError, match="it is not empty"):
        AccountFolder(tmp_path).begin("http://a/v1", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    (tmp_path / "manifest.json").write_text(GOOD, encoding="utf-8")
    with pytest.raises(FolderError, match=r"has the account of http://a/v1, not of http://b/v1"):
        AccountFolder(tmp_path).begin("http://b/v1", 1)


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    """Half files have a name of their own."""
    folder = AccountFolder(tmp_path / "deep" / "account")
    folder.begin("http://a/v1", 1)
    part = folder.path / "threads" / "t.jsonl.part"
    part.touch()
    assert folder.begin("http://a/v1", 9).made_at == 1
    assert not part.exists()
    assert folder.threads() == []


@pytest.mark.parametrize(
    "end", ["", '{"kind": "a"}\n', '{"kind": "message", "obj', "\n", '{"kind": "a", "object": {}}']
)
def test_a_truncated_line_is_named(tmp_path: Path, end: str) -> None:
    """By its file and number; the lines before it are read."""
    path = tmp_path / "threads.jsonl"
    path.write_bytes(Line("thread", {"id": "t"}).encode() + end.encode())
    lines = read_lines(path)
    assert next(lines) == Line("thread", {"id": "t"})
    if end:
        with pytest.raises(FolderError, match=r"threads.jsonl', line 2: not a whole line"):
            next(lines)
    else:
        assert list(lines) == []


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path, and the system's reason."""
    with pytest.raises(FolderError, match=r"cannot read .*none': No such file"):
        next(read_lines(tmp_path / "none"))


def test_nothing_is_left_of_a_file_that_failed(tmp_path: Path) -> None:
    """Its name keeps what it had."""
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"), writing(path) as file:
        file.write(b"new")
        raise OSError("disk full")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_names_for_ids() -> None:
    """An id of a server cannot lead out of the folder."""
    assert plain_name("thread_aB-9") == "thread_aB-9"
    assert plain_name("../x") == "%2E%2E%2Fx"
    assert plain_name("é\ud800") == "%C3%A9%3F"
