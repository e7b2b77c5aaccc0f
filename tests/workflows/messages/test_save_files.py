"""`messages.save_files`: the files of a message on disk, whole or not at all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, ConnectionLostError, Message, NotFoundError, ValidationError
from assistants_async.core.requests.endpoint import ProtocolVersion
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure, head, raw, then_cut
from tests.support.routes import Routes, made
from tests.support.steady_loop import MS


def message(*content: dict[str, Any], **members: Any) -> Message:
    """A message of these parts."""
    return Message.from_dict({"id": "msg_1", "content": content, **members})


def image(file_id: str | None) -> dict[str, Any]:
    """An image."""
    return {"type": "image_file", "image_file": {"file_id": file_id}}


def text(*paths: tuple[str, str | None]) -> dict[str, Any]:
    """A text with a path to each file."""
    marks = [{"type": "file_path", "text": path, "file_path": {"file_id": file_id}} for file_id, path in paths]
    return {"type": "text", "text": {"value": " ".join(path or "" for _, path in paths), "annotations": marks}}


def named(seen: Seen) -> bytes:
    """A file named like its id."""
    name = seen.path.rpartition("/")[2]
    return answer({"id": name, "object": "file", "filename": f"/mnt/data/{name}.png"})


def content(seen: Seen) -> bytes:
    """The content of a file, which is its id; the header's name is another's choice."""
    body = seen.path.split("/")[-2].encode()
    return raw(body, content_type="application/octet-stream", content_disposition='attachment; filename="other.bin"')


@pytest.fixture
def routes(wire: Wire) -> Routes:
    """A server that has every file."""
    places = Routes()
    places.on("GET /files/[^/]*", made(named))
    places.on("GET /files/[^/]*/content", made(content))
    wire.answer(places)
    return places


def files(folder: Path) -> dict[str, bytes]:
    """All that is in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path, pattern: str = "*") -> list[str]:
    """The names in a folder that fit."""
    return [path.name for path in folder.glob(pattern)]


def remove(folder: Path, pattern: str) -> None:
    """Remove the files of a name."""
    for path in folder.glob(pattern):
        path.unlink()


async def test_the_images_of_a_message_are_saved(tmp_path: Path) -> None:
    """Uploaded to the embedded server; by namespace and by message."""
    async with AssistantsClient.local() as client:
        uploads = [
            await client.files.create(file=data, filename="sky.png", purpose="vision") for data in (b"one", b"two")
        ]
        parts: list[Any] = [{"type": "image_file", "image_file": {"file_id": file.id}} for file in uploads]
        thread = await client.threads.create()
        sent = await client.messages.create(thread, role="user", content=[{"type": "text", "text": "Look:"}, *parts])
        assert await client.messages.save_files(sent, tmp_path) == (tmp_path / "sky.png", tmp_path / "sky (2).png")
        assert files(tmp_path) == {"sky.png": b"one", "sky (2).png": b"two"}
        assert await sent.save_files(client, tmp_path) == (tmp_path / "sky (3).png", tmp_path / "sky (4).png")
        assert files(tmp_path)["sky (4).png"] == b"two"


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_files_of_a_message_are_saved_in_order(
    wire: Wire, routes: Routes, tmp_path: Path, protocol: ProtocolVersion
) -> None:
    """Images and files made by code, each once; neither citations nor attachments."""
    citation = {"type": "file_citation", "text": "【1】", "file_citation": {"file_id": "cited"}}
    shown = message(
        image("img_1"),
        text(("made_1", "sandbox:/mnt/data/table.csv"), ("img_2", "sandbox:/mnt/data/plot.png")),
        {"type": "text", "text": {"value": "【1】", "annotations": [citation]}},
        image("img_2"),
        image(None),
        image("img_1"),
        {"type": "image_file"},
        {"type": "text"},
        {"type": "refusal", "refusal": "no"},
        text(("made_2", None), ("made_1", "sandbox:/mnt/data/again.csv")),
        attachments=[{"file_id": "attached", "tools": []}],
        file_ids=["attached"],
    )
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol=protocol) as client:
        paths = await client.messages.save_files(shown, tmp_path)
    assert [path.name for path in paths] == ["img_1.png", "table.csv", "plot.png", "made_2.png"]
    assert files(tmp_path) == {
        "img_1.png": b"img_1",
        "table.csv": b"made_1",
        "plot.png": b"img_2",
        "made_2.png": b"made_2",
    }
    requested = sorted(seen.path.removeprefix("/v1/files/") for seen in wire.seen)
    assert requested == ["img_1", "img_1/content", "img_2/content", "made_1/content", "made_2", "made_2/content"]


async def test_no_name_leads_out_of_the_folder(routes: Routes, client: AssistantsClient, tmp_path: Path) -> None:
    """Neither a path in the text nor the server's name; where nothing is left of that, the id takes its place."""
    routes.on("GET /files/b", answer({"id": "b", "filename": "..\\..\\evil.exe"}))
    routes.on("GET /files/c", answer({"id": "c", "filename": ".."}))
    routes.on("GET /files/d", answer({"id": "d", "filename": None}))
    routes.on("GET /files/e", failure(404))
    shown = message(text(("a", "sandbox:/../../etc/pass\x00wd")), *(image(name) for name in "bcde"))
    folder = tmp_path / "in"
    folder.mkdir()
    await shown.save_files(client, folder)
    assert files(folder) == {"pass_wd": b"a", "evil.exe": b"b", "c": b"c", "d": b"d", "e": b"e"}
    assert names(tmp_path) == ["in"]


async def test_no_file_is_overwritten(routes: Routes, client: AssistantsClient, tmp_path: Path) -> None:
    """Neither one from before, a folder among them, nor one of another message that is saved meanwhile."""
    (tmp_path / "a.txt").write_bytes(b"old")
    (tmp_path / "a (2).txt").mkdir()
    shown = [message(text((f"made_{number}", "sandbox:/a.txt"))) for number in range(3)]
    saved = await asyncio.gather(*(each.save_files(client, tmp_path) for each in shown))
    assert sorted(path.name for (path,) in saved) == ["a (3).txt", "a (4).txt", "a (5).txt"]
    assert [path.read_bytes() for (path,) in saved] == [b"made_0", b"made_1", b"made_2"]
    assert (tmp_path / "a.txt").read_bytes() == b"old"


async def test_files_from_before_are_overwritten_where_that_is_wanted(
    routes: Routes, client: AssistantsClient, tmp_path: Path
) -> None:
    """Those of the same message never are."""
    for name in ("a.txt", "a (2).txt", "b.txt"):
        (tmp_path / name).write_bytes(b"old")
    shown = message(text(("made_1", "sandbox:/a.txt"), ("made_2", "sandbox:/x/a.txt")))
    paths = await shown.save_files(client, tmp_path, overwrite=True)
    assert [path.name for path in paths] == ["a.txt", "a (2).txt"]
    assert files(tmp_path) == {"a.txt": b"made_1", "a (2).txt": b"made_2", "b.txt": b"old"}
    wrong: Any = "yes"
    with pytest.raises(TypeError, match=r"messages\.save_files\(\): overwrite must be True or False, not 'yes'"):
        await shown.save_files(client, tmp_path, overwrite=wrong)


async def test_a_message_without_files_saves_none(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """And sends no request."""
    assert await message(text()).save_files(client, tmp_path) == ()
    assert (wire.seen, files(tmp_path)) == ([], {})


ENDS: dict[str, tuple[Any, type[Exception]]] = {
    "gone": (failure(404), NotFoundError),
    "cut": (then_cut(head(200, {"content-length": "99"}) + b"half"), ConnectionLostError),
}


@pytest.mark.parametrize(("end", "error"), ENDS.values(), ids=ENDS.keys())
async def test_where_one_fails_nothing_is_left(
    routes: Routes, client: AssistantsClient, tmp_path: Path, end: Any, error: type[Exception]
) -> None:
    """No other of its files either; earlier files in the folder stay."""
    (tmp_path / "a.png").write_bytes(b"old")
    routes.on("GET /files/c/content", end)
    with pytest.raises(error) as caught:
        await message(*(image(name) for name in "abcdef")).save_files(client, tmp_path)
    assert files(tmp_path) == {"a.png": b"old"}
    assert caught.value.__notes__ == ["while calling files.content: GET /files/{file_id}/content"]


async def test_where_one_cannot_have_its_name_none_has(
    routes: Routes, client: AssistantsClient, tmp_path: Path
) -> None:
    """As where something tidies the folder up before the last one is there."""

    async def tidy(seen: Seen, peer: Peer) -> None:
        while not names(tmp_path, ".*.part/0"):
            await asyncio.sleep(MS)
        remove(tmp_path, ".*.part/0")
        await peer.send(content(seen))

    routes.on("GET /files/b/content", tidy)
    with pytest.raises(FileNotFoundError):
        await message(image("a"), image("b")).save_files(client, tmp_path)
    assert files(tmp_path) == {}


async def test_cancelling_leaves_nothing(wire: Wire, routes: Routes, client: AssistantsClient, tmp_path: Path) -> None:
    """In the middle of a file, with another one whole."""

    async def stall(seen: Seen, peer: Peer) -> None:
        await peer.send(head(200, {"content-length": "99"}) + b"half")
        await peer.gone()

    routes.on("GET /files/b/content", stall)
    shown = message(text(("a", "sandbox:/a.txt"), ("b", "sandbox:/b.txt")))
    task = asyncio.ensure_future(client.messages.save_files(shown, tmp_path))
    await wire.until_seen(2)
    while not names(tmp_path, ".*.part/0"):
        await asyncio.sleep(MS)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert files(tmp_path) == {}


async def test_bad_arguments_send_nothing(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """No message, no folder; and a bad id is refused by name, with nothing left."""
    wrong: Any = "msg_1"
    with pytest.raises(TypeError, match=r"messages\.save_files\(\): message must be a Message, not str"):
        await client.messages.save_files(wrong, tmp_path)
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(NotADirectoryError, match=r"messages\.save_files\(\): no folder at "):
            await message(image("a")).save_files(client, folder)
    with pytest.raises(ValidationError, match="file_id"):
        await message(image("..")).save_files(client, tmp_path)
    assert (wire.seen, files(tmp_path)) == ([], {"file": b""})
