"""Files for `uploads.send` in every form that a caller has them, and what is said about other forms."""

from __future__ import annotations

import io
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import UploadFile

from assistants_async import AssistantsClient, Upload
from assistants_async.workflows.files.upload_source import FileSlice, UploadSource

CONTENT = bytes(range(256)) * 40


def spooled(most: int) -> Any:
    """A temporary file such as FastAPI's uploads are in, in memory up to so many bytes."""
    file = tempfile.SpooledTemporaryFile(max_size=most)  # noqa: SIM115  closed by who makes it
    file.write(CONTENT)
    file.seek(0)
    return file


async def pieces() -> AsyncIterator[bytes]:
    """An iterator of bytes."""
    yield CONTENT


FORMS = [
    "path",
    "open file",
    "UploadFile",
    "UploadFile on disk",
    "name and bytes",
    "name and path",
    "name and file",
    "name, bytes and type",
]


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Any, str, str | None]]:
    """A file in each form, the name that it goes by, and the media type that came with it."""
    path = tmp_path / "whole.csv"
    path.write_bytes(CONTENT)
    with path.open("rb") as opened, spooled(10**6) as memory, spooled(100) as disk:
        forms: dict[str, tuple[Any, str, str | None]] = {
            "path": (path, "whole.csv", None),
            "open file": (opened, "whole.csv", None),
            "UploadFile": (UploadFile(memory, filename="sent.csv"), "sent.csv", None),
            "UploadFile on disk": (UploadFile(disk, filename="sent.csv"), "sent.csv", None),
            "name and bytes": (("a.csv", CONTENT), "a.csv", None),
            "name and path": (("a.csv", path), "a.csv", None),
            "name and file": (("a.csv", io.BytesIO(CONTENT)), "a.csv", None),
            "name, bytes and type": (("a.bin", memoryview(CONTENT), "text/csv"), "a.bin", "text/csv"),
        }
        yield forms[request.param]


async def test_a_file_in_any_form_is_sent_whole(form: tuple[Any, str, str | None]) -> None:
    """Its parts go side by side, and the server checks the sum of the whole."""
    file, name, _ = form
    async with AssistantsClient.local() as client:
        upload = await client.uploads.send(file, purpose="assistants", part_size=1000, max_concurrency=4)
        assert (upload.status, upload.filename, upload.bytes) == ("completed", name, len(CONTENT))
        assert upload.file is not None
        assert await client.files.content(upload.file) == CONTENT


def test_a_source_has_its_form(form: tuple[Any, str, str | None]) -> None:
    """Name, media type and size; each handle has a position of its own."""
    file, name, media = form
    source = UploadSource("send", file)
    assert (source.name, source.media, source.size) == (name, media, len(CONTENT))
    with source.open() as first, source.open() as second:
        assert first.read(300) == CONTENT[:300]
        assert second.read(10) == CONTENT[:10]
        assert first.read(5) == CONTENT[300:305]


async def test_a_name_given_beside_it_goes_before() -> None:
    """For bytes and files without one as well."""
    async with AssistantsClient.local() as client:
        for file in (io.BytesIO(CONTENT), CONTENT, ("a.csv", CONTENT), UploadFile(io.BytesIO(CONTENT))):
            upload: Upload = await client.uploads.send(file, purpose="assistants", filename="b.csv")
            assert upload.filename == "b.csv"


class OneWay(io.RawIOBase):
    """A pipe: it cannot seek."""

    name = "pipe.csv"

    def readable(self) -> bool:
        """It can be read."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """Nothing yet."""
        return b""


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "str": ("a.csv", TypeError, r"file must be a Path or bytes, not str: Path\('a.csv'\) to open it"),
    "no name": (io.BytesIO(b"x"), TypeError, r"pass filename= or \(name, data\), not BytesIO"),
    "an upload without a name": (UploadFile(io.BytesIO(b"x")), TypeError, r"pass filename= .*, not BytesIO"),
    "an iterator": (pieces(), TypeError, r"a binary file or \(name, data\), not async_generator: use files.create"),
    "an iterator with a name": (("a.csv", pieces()), TypeError, "not async_generator: use files.create"),
    "a pipe": (OneWay(), TypeError, "must be able to seek, .*: use files.create"),
    "a text file": (io.StringIO("x"), TypeError, "opened in binary mode"),
    "empty": (("a.csv", io.BytesIO(b"")), ValueError, "must have 1 to 8589934592 bytes, not 0"),
    "a number": (5, TypeError, r"uploads.send\(\): file must be a Path, bytes, .*, not int"),
    "a tuple of one": ((b"x",), TypeError, r"must be \(name, data\)"),
}


@pytest.mark.parametrize(("file", "kind", "words"), REFUSED.values(), ids=REFUSED)
async def test_values_that_cannot_be_sent_in_parts(
    client: AssistantsClient, file: Any, kind: type[Exception], words: str
) -> None:
    """Refused before anything is sent, with what to give."""
    with pytest.raises(kind, match=words):
        await client.uploads.send(file, purpose="assistants")


def test_a_slice_is_a_file_of_its_own() -> None:
    """It begins and ends within the other, and can be read again."""
    slice_ = FileSlice(io.BytesIO(b"0123456789"), 2, 5)
    assert (slice_.seek(0, 2), slice_.tell(), slice_.read(9)) == (5, 5, b"")
    assert (slice_.seek(0), slice_.read(3), slice_.read(9), slice_.read(9)) == (0, b"234", b"56", b"")
