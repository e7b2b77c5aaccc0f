"""Values for a file: taken whole under its name, or refused with the right form."""

from __future__ import annotations

import asyncio
import io
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient
from tests.calls.test_multipart_body import BODY, pieces, sent
from tests.support.http_server import Wire


class Framework:
    """An upload as FastAPI and aiohttp hand it over."""

    def __init__(self, file: Any, filename: str | None) -> None:
        self.file = file
        self.filename = filename
        self.name = "form-field"


class AsyncOnly:
    """An object whose `read` is async, and that has no file inside."""

    filename = "notes.md"

    async def read(self, size: int = -1) -> bytes:
        """Give the same again and again."""
        return b"# Notes"[:size]


class Lazy(io.RawIOBase):
    """A file in non-blocking mode: it has nothing to read yet."""

    def read(self, size: int = -1, /) -> Any:  # as `os.set_blocking` makes a file
        """Nothing for now."""
        return None if size else b""


def upload(client: AssistantsClient, file: Any, **keywords: Any) -> Any:
    """The call of an upload for a vector store."""
    return client.files.create(file=file, **{"purpose": "assistants", **keywords})


# Names


NAMELESS: dict[str, Callable[[], Any]] = {
    "bytes": lambda: b"x",
    "bytearray": lambda: bytearray(b"x"),
    "memoryview": lambda: memoryview(b"x"),
    "buffer": lambda: io.BytesIO(b"x"),
    "generator": lambda: pieces(b"x"),
    "framework": lambda: Framework(io.BytesIO(b"x"), None),
}


@pytest.mark.parametrize("name", NAMELESS)
@pytest.mark.parametrize("purpose", ["assistants", "vision", "user_data", "mine"])
async def test_content_without_a_name_is_refused(wire: Wire, client: AssistantsClient, name: str, purpose: str) -> None:
    """Servers know a file's kind by its name: without one the file would fail later, in the store."""
    with pytest.raises(TypeError, match=r"files\.create\(\): file: \w+ has no name, .*: pass filename="):
        upload(client, NAMELESS[name](), purpose=purpose)
    assert wire.connections == 0


async def test_open_files_without_a_name_are_refused(wire: Wire, client: AssistantsClient) -> None:
    """A temporary file's name is a number, or None."""
    for make in (tempfile.TemporaryFile, tempfile.SpooledTemporaryFile):
        with make() as file:
            file.write(b"x")
            file.seek(0)
            with pytest.raises(TypeError, match="has no name"):
                upload(client, file)
    assert wire.connections == 0


@pytest.mark.parametrize("purpose", ["fine-tune", "batch"])
async def test_a_purpose_can_say_the_kind(wire: Wire, client: AssistantsClient, purpose: str) -> None:
    """Those files are JSON lines, and are called so."""
    wire.answer(BODY)
    await upload(client, b"{}", purpose=purpose)
    assert sent(wire)[0] == "upload.jsonl"


async def test_a_client_that_checks_nothing_sends_any_content(wire: Wire) -> None:
    """With `validate=False` a name is made up."""
    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url, api_key="k", validate=False) as client:
        await upload(client, b"x")
    assert sent(wire)[0] == "upload"


# Other forms of a file


FORMS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "pair": (lambda: ("a.txt", b"abc"), "a.txt", "application/octet-stream"),
    "triple": (lambda: ("a.txt", b"abc", "text/plain"), "a.txt", "text/plain"),
    "pair of a buffer": (lambda: ("dir/a.txt", io.BytesIO(b"abc")), "a.txt", "application/octet-stream"),
    "pair of an iterator": (lambda: ("a.txt", pieces(b"a", b"bc")), "a.txt", "application/octet-stream"),
    "framework": (lambda: Framework(io.BytesIO(b"abc"), "a.txt"), "a.txt", "application/octet-stream"),
}


@pytest.mark.parametrize(("make", "name", "media"), FORMS.values(), ids=FORMS.keys())
async def test_other_forms_are_taken(
    wire: Wire, client: AssistantsClient, make: Callable[[], Any], name: str, media: str
) -> None:
    """Content beside its name, and the upload objects of web frameworks."""
    wire.answer(BODY)
    await upload(client, make())
    assert sent(wire) == (name, media, b"abc")
    await upload(client, make(), filename="mine.md")
    assert sent(wire)[0] == "mine.md"


async def test_a_part_takes_the_same_forms(wire: Wire, client: AssistantsClient) -> None:
    """A part needs no name."""
    for data in (b"abc", ("a.txt", b"abc"), Framework(io.BytesIO(b"abc"), None), pieces(b"abc")):
        wire.answer(b'HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"id":"p1"}')
        await client.uploads.parts.create("u", data=data)
        assert b"\r\n\r\nabc\r\n--" in wire.last.body


async def test_paths_of_other_kinds_are_opened(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Any `os.PathLike` is a path."""
    (tmp_path / "a.txt").write_bytes(b"abc")
    wire.answer(BODY)
    await upload(client, anyio.Path(tmp_path / "a.txt"))
    assert sent(wire)[0::2] == ("a.txt", b"abc")


async def test_an_async_file_is_read_whole(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """From its start, or not at all."""
    (tmp_path / "a.txt").write_bytes(b"abc\ndef")
    wire.answer(BODY)
    async with await anyio.open_file(tmp_path / "a.txt", "rb") as file:
        await upload(client, file)
        assert sent(wire)[0::2] == ("a.txt", b"abc\ndef")
        wire.answer(BODY)
        with pytest.raises(ValueError, match="the file is at byte 7, so only a part would be sent"):
            await upload(client, file)
        assert wire.seen == []


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "async read": (AsyncOnly, r"read\(\) of AsyncOnly is async: pass file\.file and filename="),
    "pair of text": (lambda: ("a.txt", "abc"), r"file must not be str: Path\('abc'\)"),
    "name last": (lambda: (b"abc", "a.txt"), r"file must be \(name, data\)"),
    "four things": (lambda: ("a.txt", b"abc", "text/plain", {}), r"file must be \(name, data\)"),
    "closed inside": (lambda: Framework(None, "a.txt"), "not Framework"),
    "text inside": (lambda: Framework(io.StringIO("x"), "a.txt"), "binary mode"),
    "sync generator": (lambda: (piece for piece in (b"x",)), "an async iterable of bytes or .*, not generator"),
    "name of another kind": (lambda: (5, b"abc"), r"file must be \(name, data\)"),
}


@pytest.mark.parametrize(("make", "words"), REFUSED.values(), ids=REFUSED.keys())
async def test_values_that_cannot_be_sent_are_refused(
    wire: Wire, client: AssistantsClient, make: Callable[[], Any], words: str
) -> None:
    """At once, with the right form."""
    with pytest.raises(TypeError, match=words):
        upload(client, make())
    with pytest.raises(TypeError, match=words.replace("file must", "data must")):
        client.uploads.parts.create("u", data=make())  # type: ignore[unused-awaitable]  # it raises
    assert wire.connections == 0


async def test_other_arguments_of_a_wrong_kind_are_refused(wire: Wire, client: AssistantsClient) -> None:
    """Each is named; a callback is checked when it is given, not in the middle of an upload."""

    async def waits(done: int, total: int | None) -> None:
        """Never called."""

    cases: list[tuple[dict[str, Any], str]] = [
        ({"filename": 5}, "filename must be str, not int"),
        ({"filename": "a", "on_progress": 5}, r"on_progress must be a function of \(sent, total\), not 5"),
        ({"filename": "a", "on_progress": waits}, "which is not async"),
        ({"filename": "a", "on_progress": lambda done: None}, "too many positional arguments"),
    ]
    for keywords, words in cases:
        with pytest.raises(TypeError, match=words):
            upload(client, b"x", **keywords)
    with pytest.raises(ValueError, match="content_type 5 is not a media type"):
        upload(client, b"x", filename="a", content_type=5)
    assert wire.connections == 0


# Nothing, or a part


def moved(position: int, whence: int = os.SEEK_SET) -> io.BytesIO:
    """A buffer that has been read from."""
    file = io.BytesIO(b"0123456789")
    file.seek(position, whence)
    return file


PARTLY: dict[str, tuple[Callable[[], Any], str]] = {
    "empty bytes": (lambda: b"", "file is empty: a file must have at least 1 byte"),
    "empty buffer": (io.BytesIO, "file is empty"),
    "at its end": (lambda: moved(0, os.SEEK_END), "file is at byte 10, so nothing would be sent: seek"),
    "in the middle": (lambda: moved(4), r"file is at byte 4, so only a part would be sent: seek\(0\) first"),
    "framework": (lambda: Framework(moved(1), "a.txt"), "file is at byte 1"),
    "pair": (lambda: ("a.txt", moved(1)), "file is at byte 1"),
}


@pytest.mark.parametrize(("make", "words"), PARTLY.values(), ids=PARTLY.keys())
async def test_nothing_and_parts_are_refused(
    wire: Wire, client: AssistantsClient, make: Callable[[], Any], words: str
) -> None:
    """An upload sends the whole of a file, and something."""
    with pytest.raises(ValueError, match=words):
        upload(client, make(), filename="a.txt")
    with pytest.raises(ValueError, match=words.replace("file is", "data is")):
        client.uploads.parts.create("u", data=make())  # type: ignore[unused-awaitable]  # it raises
    assert wire.connections == 0


async def test_files_on_disk_that_give_nothing(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """An empty path, a closed file, one that was read, one for writing and one for text."""
    path = tmp_path / "a.txt"
    path.touch()
    with pytest.raises(ValueError, match="file is empty"):
        upload(client, path)
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        assert file.read() == b"abc"
        with pytest.raises(ValueError, match="file is at byte 3, so nothing would be sent"):
            upload(client, file)
    with pytest.raises(ValueError, match="file is closed"):
        upload(client, file)
    with path.open("ab") as writing, pytest.raises(TypeError, match="must be opened for reading, in binary mode"):
        upload(client, writing)
    with path.open() as text, pytest.raises(TypeError, match="must be opened in binary mode"):
        upload(client, text)
    assert wire.connections == 0


async def test_a_generator_that_has_begun_is_refused(wire: Wire, client: AssistantsClient) -> None:
    """Its earlier pieces would be missing; an ended one would send nothing."""
    mark = b"-"

    async def closing_over() -> AsyncIterator[bytes]:
        yield mark
        yield mark

    makes: list[Callable[[], Any]] = [lambda: pieces(b"a", b"b"), closing_over]
    for make in makes:
        generator: Any = make()
        wire.answer(BODY)
        await upload(client, make(), filename="a.txt")
        assert len(wire.seen) == 1
        await anext(generator)
        for _ in range(2):
            with pytest.raises(ValueError, match="the generator was read from before"):
                upload(client, generator, filename="a.txt")
            assert [piece async for piece in generator] in ([b"b"], [mark], [])


@pytest.mark.parametrize("file", [pieces, lambda: pieces(b"", b""), Lazy], ids=["none", "empty", "lazy"])
async def test_an_empty_iterator_is_an_error(wire: Wire, client: AssistantsClient, file: Callable[[], Any]) -> None:
    """Found only while it is read, so the request is broken off: no server sees a whole one."""
    wire.answer(BODY)
    with pytest.raises((ValueError, BlockingIOError), match=r"gave no bytes|nothing to read yet"):
        await upload(client, file(), filename="a.txt")
    assert wire.seen == []


async def test_two_calls_cannot_share_one_generator(wire: Wire, client: AssistantsClient) -> None:
    """The second finds it used up, and says so."""
    wire.answer(BODY)
    shared = pieces(b"abc")
    first, second = upload(client, shared, filename="a.txt"), upload(client, shared, filename="b.txt")
    await first
    with pytest.raises(ValueError, match="gave no bytes"):
        await second


async def test_a_file_that_shrinks_while_it_is_sent(wire: Wire, client: AssistantsClient) -> None:
    """The rest is missing, so the upload fails."""
    file = io.BytesIO(b"x" * 100)
    call = upload(client, file, filename="a.bin")
    file.truncate(10)
    wire.answer(BODY)
    with pytest.raises(ValueError, match="changed while it was sent: 100 bytes before, 10 now"):
        await call
    await asyncio.sleep(0)
    assert wire.seen == []


class Deferred:
    """A file whose `read` returns an awaitable that is no coroutine."""

    def read(self, size: int = -1) -> Any:
        """Give the bytes later."""
        return asyncio.get_running_loop().create_future() if size else Later()


class Later:
    """An awaitable that cannot be closed."""

    def __await__(self) -> Generator[None, None, bytes]:
        """Give nothing."""
        yield
        return b""


async def test_an_awaitable_that_cannot_be_closed(client: AssistantsClient) -> None:
    """The file is refused as any other whose `read` is async."""
    with pytest.raises(TypeError, match=r"read\(\) of Deferred is async"):
        upload(client, Deferred(), filename="a.txt")


async def test_an_async_generator_that_ended(client: AssistantsClient) -> None:
    """It has nothing to give any more, which is known before anything is sent."""
    ended: Any = pieces(b"a")
    assert [piece async for piece in ended] == [b"a"]
    with pytest.raises(ValueError, match="the generator was read from before"):
        upload(client, ended, filename="a.txt")
