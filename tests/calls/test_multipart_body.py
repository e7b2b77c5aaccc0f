"""Uploads: every kind of file as the standard library's parser reads it back from the wire."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
import threading
from collections.abc import AsyncIterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, BadRequestError, File, StatusError, ValidationError
from assistants_async._typing import override
from assistants_async.calls.multipart_body import CHUNK
from tests.support.http_server import FILE, Seen, Wire, answer, failure, then_silent
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

BODY = answer(FILE)


def parts(seen: Seen) -> dict[str, EmailMessage]:
    """The parts of a form by their names."""
    head = f"content-type: {seen.header('content-type')}\r\n\r\n".encode()
    message = BytesParser(EmailMessage, policy=policy.HTTP).parsebytes(head + seen.body)
    assert not message.defects
    named = [(part.get_param("name", header="content-disposition"), part) for part in message.iter_parts()]
    return {str(name): part for name, part in named if isinstance(part, EmailMessage)}


def sent(wire: Wire) -> tuple[str | None, str, Any]:
    """Name, media type and content of the file that was sent."""
    file = parts(wire.last)["file"]
    return file.get_filename(), file.get_content_type(), file.get_payload(decode=True)


class Counting(io.BytesIO):
    """A file that records the size of each read."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        self.reads: list[int] = []

    @override
    def read(self, size: int | None = -1, /) -> bytes:
        """Note the size."""
        self.reads.append(-1 if size is None else size)
        return super().read(size)


class Pipe(io.RawIOBase):
    """A file that can neither be measured nor wound back."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = list(pieces)

    @override
    def readable(self) -> bool:
        """It can be read."""
        return True

    @override
    def read(self, size: int = -1, /) -> bytes:
        """Next piece."""
        return self.pieces.pop(0) if size and self.pieces else b""


async def pieces(*values: bytes) -> AsyncIterator[bytes]:
    """An iterator that ends."""
    for value in values:
        yield value


CONTENT = b"\x00\r\n--" + bytes(range(256))


async def test_bytes(wire: Wire, client: AssistantsClient) -> None:
    """Fields first, then the file; the length is known, and the answer is a File."""
    wire.answer(BODY)
    got = await client.files.create(
        file=CONTENT, purpose="assistants", filename="a.bin", content_type="application/x-test"
    )
    assert got == File(id="file_1", object="file", bytes=3, filename="a.txt", purpose="assistants")
    assert list(parts(wire.last)) == ["purpose", "file"]
    assert parts(wire.last)["purpose"].get_payload() == "assistants"
    assert sent(wire) == ("a.bin", "application/x-test", CONTENT)
    assert wire.last.header("content-length") == str(len(wire.last.body))
    assert wire.last.header("transfer-encoding") is None


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_each_kind_of_bytes(wire: Wire, client: AssistantsClient, kind: Any) -> None:
    """Sent under the name that is given."""
    wire.answer(BODY)
    await client.files.create(file=kind(CONTENT), purpose="vision", filename="a.png")
    assert sent(wire) == ("a.png", "application/octet-stream", CONTENT)


@pytest.mark.parametrize("content", [b"x", b"x" * (CHUNK + 1)], ids=["small", "large"])
async def test_a_path(wire: Wire, client: AssistantsClient, tmp_path: Path, content: bytes) -> None:
    """The file's own name, and its size as the length."""
    path = tmp_path / "notes é.txt"
    path.write_bytes(content)
    wire.answer(BODY)
    await client.files.create(file=path, purpose="assistants")
    assert sent(wire) == ("notes é.txt", "application/octet-stream", content)
    assert wire.last.header("content-length") == str(len(wire.last.body))


async def test_an_open_file(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Under the base name of its own; it stays open."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"0123456789")
    wire.answer(BODY)
    with path.open("rb") as file:
        await client.files.create(file=file, purpose="assistants")
        assert not file.closed
    assert sent(wire)[0::2] == ("a.txt", b"0123456789")
    with tempfile.TemporaryFile() as nameless:  # its name is a number
        nameless.write(b"abc")
        nameless.seek(0)
        await client.files.create(file=nameless, purpose="assistants", filename="b.txt")
    assert sent(wire)[0::2] == ("b.txt", b"abc")


async def test_an_async_iterator(wire: Wire, client: AssistantsClient) -> None:
    """Its length is not known, so the body is chunked."""
    wire.answer(BODY)
    await client.files.create(file=pieces(b"abc", b"", CONTENT), purpose="assistants", filename="a.bin")
    assert sent(wire) == ("a.bin", "application/octet-stream", b"abc" + CONTENT)
    assert (wire.last.header("transfer-encoding"), wire.last.header("content-length")) == ("chunked", None)


async def test_a_file_that_cannot_be_measured(wire: Wire, client: AssistantsClient) -> None:
    """Read as it comes, chunked."""
    wire.answer(BODY)
    pipe: Any = Pipe(b"abc", b"def")
    await client.files.create(file=pipe, purpose="assistants", filename="a.bin")
    assert sent(wire)[2] == b"abcdef"
    assert wire.last.header("transfer-encoding") == "chunked"


async def test_fields_of_every_kind(wire: Wire, client: AssistantsClient) -> None:
    """A nested object is flattened as the vendor's servers read it."""
    wire.answer(BODY)
    await client.files.create(
        file=b"x", filename="a.txt", purpose="user_data", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    got = {name: part.get_payload() for name, part in parts(wire.last).items() if name != "file"}
    assert got == {"purpose": "user_data", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}


NAMES = {
    "path": ("../../etc/passwd", "passwd"),
    "absolute": ("/etc/passwd", "passwd"),
    "quote": ('a"b.txt', "a%22b.txt"),
    "header injection": ('a"\r\nx-admin: 1\r\n\r\n.txt', "a%22%0D%0Ax-admin: 1%0D%0A%0D%0A.txt"),
    "non-ASCII": ("naïve.txt", "naïve.txt"),
}


@pytest.mark.parametrize(("name", "wanted"), NAMES.values(), ids=NAMES.keys())
async def test_only_a_plain_name_is_sent(wire: Wire, client: AssistantsClient, name: str, wanted: str) -> None:
    """The base name, with escapes for characters that would end it."""
    wire.answer(BODY)
    await client.files.create(file=b"x", purpose="assistants", filename=name)
    disposition = next(line for line in wire.last.body.split(b"\r\n") if b"filename=" in line)
    assert disposition.decode().endswith(f'filename="{wanted}"')
    assert b"\r\nx-admin: 1\r\n" not in wire.last.body


async def test_progress_is_in_bytes(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Sent so far and in all, after each piece; None in all for an unknown length."""
    path = tmp_path / "a"
    path.write_bytes(b"x" * (2 * CHUNK + 5))
    wire.answer(BODY)
    for file in (path, path.read_bytes()):
        reports: list[tuple[int, int | None]] = []

        def note(done: int, total: int | None, reports: list[tuple[int, int | None]] = reports) -> None:
            reports.append((done, total))

        await client.files.create(file=file, purpose="assistants", filename="a", on_progress=note)
        assert reports == [(done, 2 * CHUNK + 5) for done in (CHUNK, 2 * CHUNK, 2 * CHUNK + 5)]
    open_ended: list[tuple[int, int | None]] = []

    def note_open(done: int, total: int | None) -> None:
        open_ended.append((done, total))

    await client.files.create(file=pieces(b"ab", b"c"), purpose="batch", on_progress=note_open)
    assert open_ended == [(2, None), (3, None)]


async def test_a_file_is_read_in_small_pieces(wire: Wire, client: AssistantsClient) -> None:
    """Never the whole of any large file, and not in the thread of the loop."""
    threads: set[int] = set()

    class Watching(Counting):
        @override
        def read(self, size: int | None = -1, /) -> bytes:
            if size:
                threads.add(threading.get_ident())
            return super().read(size)

    file = Watching(b"x" * (3 * CHUNK))
    wire.answer(BODY)
    await client.files.create(file=file, purpose="assistants", filename="a.bin")
    assert set(file.reads) == {0, CHUNK}
    assert threading.get_ident() not in threads


async def test_an_early_answer_ends_an_upload(wire: Wire, client: AssistantsClient) -> None:
    """A server that does not want the rest gets no more of it; the iterator is closed, and the answer is the result."""
    closed = False
    count = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal closed, count
        try:
            while True:
                count += 1
                yield b"x" * 65536
        finally:
            closed = True

    wire.early = True
    wire.answer(then_silent(failure(413, "too large")))
    with pytest.raises(StatusError) as caught:
        await client.files.create(file=endless(), purpose="assistants", filename="a.bin")
    assert caught.value.status == 413
    del caught  # its traceback refers to the request
    await wire.until_open(0)
    while not closed:  # a generator has no event for its end
        await asyncio.sleep(MS)
    assert count < 10_000


# What is refused


BAD: dict[str, tuple[Any, type[Exception], str]] = {
    "str": ("/etc/passwd", TypeError, r"files\.create\(\): file must not be str: Path\('/etc/passwd'\) to open it"),
    "missing file": (Path("nowhere") / "none.txt", FileNotFoundError, "no file at"),
    "folder": (Path(), IsADirectoryError, r"'\.' is a folder: pass its files one by one"),
    "text file": (io.StringIO("x"), TypeError, "binary mode"),
    "number": (
        5,
        TypeError,
        r"must be a Path, bytes, a binary file, an async iterable of bytes or \(name, data\), not int",
    ),
    "None": (None, TypeError, "not NoneType"),
    "list": ([b"x"], TypeError, "not list"),
}


@pytest.mark.parametrize(("file", "kind", "words"), BAD.values(), ids=BAD.keys())
def test_a_value_that_is_no_file_is_refused_at_once(file: Any, kind: type[Exception], words: str) -> None:
    """Nothing is opened, guessed or sent."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1")
    with pytest.raises(kind, match=words):
        client.files.create(file=file, purpose="assistants")  # type: ignore[unused-awaitable]  # it raises


async def test_a_name_or_type_that_breaks_a_header_is_refused(client: AssistantsClient) -> None:
    """By a ValueError, before anything is sent."""
    for name in ("", "/", ".", ".."):
        with pytest.raises(ValueError, match="filename"):
            client.files.create(file=b"x", purpose="vision", filename=name)  # type: ignore[unused-awaitable]  # it raises
    for media in ("text", "text/plain\r\nx-admin: 1"):
        with pytest.raises(ValueError, match="is not a media type"):
            client.files.create(file=b"x", filename="a", purpose="vision", content_type=media)  # type: ignore[unused-awaitable]  # it raises
    with pytest.raises(ValidationError, match="expires_after"):
        client.files.create(file=b"x", purpose="vision", expires_after={"anchor": "created_at", "seconds": 1})  # type: ignore[unused-awaitable]  # it raises


# What goes wrong on the way


async def works_on(wire: Wire, client: AssistantsClient) -> None:
    """The next upload succeeds."""
    wire.answer(BODY)
    assert (await client.files.create(file=b"x", filename="a.txt", purpose="assistants")).id == "file_1"


async def test_the_exception_of_an_iterator_comes_out_unchanged(wire: Wire, client: AssistantsClient) -> None:
    """Not as a broken connection; the server never sees a whole request."""

    async def broken() -> AsyncIterator[bytes]:
        yield b"abc"
        raise LookupError("mine")

    wire.answer(BODY)
    with pytest.raises(LookupError, match="mine"):
        await client.files.create(file=broken(), purpose="assistants", filename="a.txt")
    assert wire.seen == []
    await works_on(wire, client)


async def test_the_exception_of_on_progress_comes_out_unchanged(wire: Wire, client: AssistantsClient) -> None:
    """The way to give an upload up."""

    def stop(done: int, total: int | None) -> None:
        raise KeyboardError(f"{done} of {total}")

    wire.answer(BODY)
    with pytest.raises(KeyboardError, match=f"{CHUNK} of {2 * CHUNK}"):
        await client.files.create(file=b"x" * (2 * CHUNK), filename="a", purpose="assistants", on_progress=stop)
    assert wire.seen == []
    await works_on(wire, client)


class KeyboardError(Exception):
    """An exception of the caller's own."""


async def test_a_file_that_vanishes_is_not_found(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Between the call and the sending of it."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"abc")
    call = client.files.create(file=path, purpose="assistants")
    path.unlink()
    wire.answer(BODY)
    with pytest.raises(FileNotFoundError):
        await call
    assert wire.seen == []
    await works_on(wire, client)


@pytest.mark.parametrize("size", [2, 2 * CHUNK])
async def test_a_file_that_changes_its_size_is_refused(
    wire: Wire, client: AssistantsClient, tmp_path: Path, size: int
) -> None:
    """The head has its old size; neither a short nor a long body passes as whole."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * CHUNK)
    call = client.files.create(file=path, purpose="assistants")
    os.truncate(path, size)
    wire.answer(BODY)
    with pytest.raises(ValueError, match=f"the file changed while it was sent: {CHUNK} bytes before"):
        await call
    assert wire.seen == []
    await works_on(wire, client)


async def test_a_piece_of_another_kind_is_a_type_error(wire: Wire, client: AssistantsClient) -> None:
    """An iterator of text is found when its first piece comes."""

    async def text() -> AsyncIterator[Any]:
        yield "abc"

    wire.answer(BODY)
    with pytest.raises(TypeError):
        await client.files.create(file=text(), purpose="assistants", filename="a.txt")
    assert wire.seen == []
    await works_on(wire, client)


async def test_an_error_status_is_raised_as_for_any_call(wire: Wire, client: AssistantsClient) -> None:
    """With the operation as a note."""
    wire.answer(failure(400))
    with pytest.raises(BadRequestError) as caught:
        await client.files.create(file=b"x", filename="a.txt", purpose="assistants")
    assert caught.value.__notes__ == ["while calling files.create: POST /files"]


async def test_operation_uploads_as_the_method_does(wire: Wire, client: AssistantsClient) -> None:
    """`body` has the file under `file`."""
    wire.answer(BODY)
    await client.operation("createFile", body={"file": b"abc", "purpose": "assistants", "filename": "a.txt"})
    assert sent(wire)[0::2] == ("a.txt", b"abc")
