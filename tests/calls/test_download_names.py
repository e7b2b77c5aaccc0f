"""The names of saved files: existing files stay, unless the caller allows to replace them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient
from tests.calls.test_download import files
from tests.support.http_server import Seen, Wire, raw

REPORT = 'attachment; filename="report.csv"'


def named(content: bytes, disposition: str | None = REPORT) -> bytes:
    """A download under a name of the server's, or under none."""
    return raw(content) if disposition is None else raw(content, content_disposition=disposition)


async def test_a_file_from_before_stays(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Its name is the server's too, so the new file gets the next number, which the path says."""
    (tmp_path / "report.csv").write_bytes(b"mine")
    wire.answer(*(named(content) for content in (b"a", b"b", b"c")))
    paths = [await client.files.content(f"file_{number}").save(tmp_path) for number in range(3)]
    assert [path.name for path in paths] == ["report (2).csv", "report (3).csv", "report (4).csv"]
    expected = {"report.csv": b"mine", "report (2).csv": b"a", "report (3).csv": b"b", "report (4).csv": b"c"}
    assert files(tmp_path) == expected


async def test_files_that_the_server_does_not_name_go_by_their_ids(
    wire: Wire, client: AssistantsClient, tmp_path: Path
) -> None:
    """Two of them do not meet; the same one twice does, and is numbered."""
    wire.answer(named(b"content", None))
    for name in ("a", "b", "a"):
        await client.files.content(name).save(tmp_path)
    assert set(files(tmp_path)) == {"a", "b", "a (2)"}


async def test_downloads_at_the_same_time_each_get_a_name(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Nobody's file takes the place of another's."""

    async def content(seen: Seen, peer: Any) -> None:
        await peer.send(named(seen.path.encode()))

    wire.answer(content)
    paths = await asyncio.gather(*(client.files.content(f"file_{n}").save(tmp_path) for n in range(8)))
    assert len(set(paths)) == 8
    for number, path in enumerate(paths):
        assert path.read_bytes() == f"/v1/files/file_{number}/content".encode()


@pytest.mark.parametrize("kind", ["folder", "dangling"])
async def test_an_existing_entry_of_the_name_stays(
    wire: Wire, client: AssistantsClient, tmp_path: Path, kind: str
) -> None:
    """A folder, and a link that leads nowhere: nothing is written through it."""
    taken = tmp_path / "in" / "report.csv"
    taken.parent.mkdir()
    if kind == "folder":
        taken.mkdir()
    else:
        taken.symlink_to(tmp_path / "elsewhere")
    wire.answer(named(b"a"))
    path = await client.files.content("file_1").save(taken.parent)
    assert (path.name, path.read_bytes()) == ("report (2).csv", b"a")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("filename", "overwrite", "kept"),
    [
        (None, None, True),
        (None, False, True),
        (None, True, False),
        ("report.csv", None, False),
        ("report.csv", True, False),
        ("report.csv", False, True),
    ],
    ids=["servers", "servers-keep", "servers-replace", "own", "own-replace", "own-keep"],
)
async def test_replacing_is_the_callers_choice(
    wire: Wire,
    client: AssistantsClient,
    tmp_path: Path,
    filename: str | None,
    overwrite: bool | None,
    kept: bool,
) -> None:
    """A file with the caller's name is replaced; one with the server's name only on request."""
    (tmp_path / "report.csv").write_bytes(b"old")
    wire.answer(named(b"new"))
    path = await client.files.content("file_1").save(tmp_path, filename, overwrite=overwrite)
    if kept:
        assert files(tmp_path) == {"report.csv": b"old", "report (2).csv": b"new"}
        assert path == tmp_path / "report (2).csv"
    else:
        assert files(tmp_path) == {"report.csv": b"new"}
        assert path == tmp_path / "report.csv"


async def test_bad_arguments_are_refused_before_anything_is_sent(
    wire: Wire, client: AssistantsClient, tmp_path: Path
) -> None:
    """Each error names the argument and the values that it takes."""

    async def waits(done: int, total: int | None) -> None:
        """Never called."""

    (tmp_path / "file").touch()
    (tmp_path / "taken").mkdir()
    cases: list[tuple[Path, dict[str, Any], type[Exception], str]] = [
        (tmp_path / "missing", {}, NotADirectoryError, "no folder at '.*missing': make it first"),
        (tmp_path / "file", {}, NotADirectoryError, "no folder at '.*file': it is a file"),
        (tmp_path, {"filename": "taken"}, IsADirectoryError, "'.*taken' is a folder"),
        (tmp_path, {"filename": 5}, TypeError, "filename must be str, not int"),
        (tmp_path, {"overwrite": "yes"}, TypeError, "overwrite must be True or False, not 'yes'"),
        (tmp_path, {"on_progress": 5}, TypeError, r"on_progress must be a function of \(done, total\), not 5"),
        (tmp_path, {"on_progress": waits}, TypeError, "which is not async"),
    ]
    for folder, keywords, kind, words in cases:
        with pytest.raises(kind, match=r"files\.content\(\)\.save\(\): .*" + words):
            await client.files.content("file_1").save(folder, **keywords)
    assert wire.seen == []
