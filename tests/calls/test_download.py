"""Downloads: the bytes as they are, in memory or on disk, and never half a file."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from assistants_async import (
    AssistantsClient,
    AssistantsError,
    ConnectionLostError,
    NotFoundError,
    TimedOutError,
    Timeout,
)
from tests.support.http_server import Answer, Wire, chunk, failure, head, raw, then_cut, then_silent
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

CONTENT = b"\xef\xbb\xbf" + bytes(range(256)) * 3
NAMED = raw(CONTENT, content_type="application/pdf", content_disposition='attachment; filename="report.pdf"')


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder, hidden files too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_awaiting_gives_the_bytes(wire: Wire, client: AssistantsClient) -> None:
    """As they came: a byte order mark, an error object or nothing at all are content here."""
    for content in (CONTENT, b"", b'{"error":{"message":"not an error"}}'):
        wire.answer(raw(content, content_type="application/json"))
        assert await client.files.content("file_1") == content
    assert (wire.last.target, wire.last.header("accept")) == ("/v1/files/file_1/content", "*/*")
    assert wire.last.header("accept-encoding") == "identity"


async def test_response_gives_the_head_as_well(wire: Wire, client: AssistantsClient) -> None:
    """Name and type are in the headers."""
    wire.answer(NAMED)
    content, http = await client.files.content("file_1").response()
    assert (content, http.content, http.content_type) == (CONTENT, CONTENT, "application/pdf")


async def test_save_writes_under_the_servers_name(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """And returns the path."""
    wire.answer(NAMED)
    path = await client.files.content("file_1").save(tmp_path)
    assert path == tmp_path / "report.pdf"
    assert files(tmp_path) == {"report.pdf": CONTENT}


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"content_disposition": 'attachment; filename="../../etc/passwd"'}, "passwd"),
        ({"content_disposition": "attachment; filename*=UTF-8''..%2F..%2Fa%00b.txt"}, "a_b.txt"),
        ({"content_disposition": 'attachment; filename=".. .. .."'}, "file_1"),
        ({"content_disposition": 'attachment; filename="/"', "content_type": "text/csv"}, "file_1.csv"),
        ({"content_type": "application/json"}, "file_1.json"),
        ({}, "file_1"),
    ],
)
async def test_the_servers_name_never_leads_elsewhere(
    wire: Wire, client: AssistantsClient, tmp_path: Path, headers: dict[str, str], name: str
) -> None:
    """One plain name within the folder, for any header."""
    folder = tmp_path / "in"
    folder.mkdir()
    wire.answer(raw(CONTENT, **headers))
    assert await client.files.content("file_1").save(folder) == folder / name
    assert files(folder) == {name: CONTENT}
    assert os.listdir(tmp_path) == ["in"]  # noqa: PTH208  # all there is, without a generator


async def test_save_under_a_name_of_the_callers(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """It wins over the server's, and takes the place of a file that was there."""
    (tmp_path / "mine.bin").write_bytes(b"old")
    wire.answer(NAMED)
    assert await client.files.content("file_1").save(tmp_path, "mine.bin") == tmp_path / "mine.bin"
    assert files(tmp_path) == {"mine.bin": CONTENT}


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "/x", "a/b", "a\0b", "a\nb", " ", "con", "x" * 300])
async def test_a_name_that_is_no_plain_name_is_refused(
    wire: Wire, client: AssistantsClient, tmp_path: Path, name: str
) -> None:
    """Before anything is sent."""
    with pytest.raises(ValueError, match="is not a plain file name"):
        await client.files.content("file_1").save(tmp_path, name)
    assert (wire.seen, files(tmp_path)) == ([], {})


async def test_a_missing_folder_is_refused(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Missing, or a file: before anything is sent."""
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(NotADirectoryError, match="no folder at"):
            await client.files.content("file_1").save(folder)
    assert wire.seen == []


CUTS: dict[str, Answer] = {
    "short of its length": then_cut(NAMED[:-10]),
    "before its first byte": then_cut(NAMED[: -len(CONTENT)]),
    "inside a chunk": then_cut(head(200, {"transfer-encoding": "chunked"}) + b"fff\r\nabc"),
    "between chunks": then_cut(head(200, {"transfer-encoding": "chunked"}) + chunk(b"abc")),
    "gzip": then_cut(head(200, {"content-encoding": "gzip", "content-length": "99"}) + b"\x1f\x8b\x08"),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
async def test_a_cut_body_leaves_nothing(wire: Wire, client: AssistantsClient, tmp_path: Path, cut: Answer) -> None:
    """Neither a part nor a whole file, and existing files stay."""
    (tmp_path / "report.pdf").write_bytes(b"old")
    wire.answer(cut)
    with pytest.raises(ConnectionLostError) as caught:
        await client.files.content("file_1").save(tmp_path, "report.pdf")
    assert files(tmp_path) == {"report.pdf": b"old"}
    assert caught.value.__notes__ == ["while calling files.content: GET /files/{file_id}/content"]
    with pytest.raises(ConnectionLostError):
        await client.files.content("file_1")


async def test_a_silent_server_is_a_time_out(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """The idle limit applies while a file is written, and nothing is left; `on_error` gets the error."""
    reports: list[Exception] = []
    wire.answer(then_silent(NAMED[:-10]))
    with pytest.raises(TimedOutError) as caught:
        await (
            client.files.content("file_1")
            .with_options(timeout=Timeout(idle=30 * MS), on_error=reports.append)
            .save(tmp_path)
        )
    assert (caught.value.phase, caught.value.is_long_poll) == ("idle", True)
    assert reports == [caught.value]
    assert files(tmp_path) == {}
    await wire.until_open(0)


async def test_an_error_status_is_raised(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Its body is read as an error, and no file is made."""
    wire.answer(failure(404, "no such file"))
    for call in (client.files.content("file_1"), client.files.content("file_1").save(tmp_path)):
        with pytest.raises(NotFoundError, match="no such file") as caught:
            await call
        assert caught.value.__notes__ == ["while calling files.content: GET /files/{file_id}/content"]
    assert files(tmp_path) == {}


async def test_progress_is_in_bytes(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Written so far and in all; None in all where the server gives no length. Its exception ends the download."""
    reports: list[tuple[int, int | None]] = []
    wire.answer(NAMED)
    await client.files.content("file_1").save(tmp_path, on_progress=lambda *step: reports.append((step[0], step[1])))
    assert reports[-1] == (len(CONTENT), len(CONTENT))
    wire.answer(head(200, {"transfer-encoding": "chunked"}) + chunk(b"abc") + b"0\r\n\r\n")
    await client.files.content("file_1").save(tmp_path, on_progress=lambda *step: reports.append((step[0], step[1])))
    assert reports[-1:] == [(3, None)]

    def stop(done: int, total: int | None) -> None:
        raise LookupError("mine")

    before = files(tmp_path)
    wire.answer(NAMED)
    with pytest.raises(LookupError, match="mine"):
        await client.files.content("file_1").save(tmp_path, on_progress=stop)
    assert files(tmp_path) == before


async def test_a_cancelled_download_leaves_nothing(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Neither a file nor a connection."""
    wire.answer(then_silent(NAMED[:-10]))
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(30 * MS):
            await client.files.content("file_1").save(tmp_path)
    assert not isinstance(caught.value, AssistantsError)
    assert files(tmp_path) == {}
    await wire.until_open(0)


async def test_a_large_file_is_written_piece_by_piece(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """The disk slows the server down: it is never far ahead of the written bytes."""
    size = 16 * 1024 * 1024
    steps: list[int] = []
    wire.answer(raw(b"x" * size))
    path = await client.files.content("file_1").save(tmp_path, on_progress=lambda done, total: steps.append(done))
    assert path.stat().st_size == size
    assert len(steps) > 16
    assert max(after - before for before, after in zip([0, *steps], steps, strict=False)) < 4 * 1024 * 1024


async def test_a_download_is_used_once(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Saving uses the call up, as awaiting does."""
    wire.answer(NAMED)
    call = client.files.content("file_1")
    await call.save(tmp_path)
    with pytest.raises(RuntimeError, match="only once"):
        await call.save(tmp_path)
    with pytest.raises(RuntimeError, match="only once"):
        await call
