"""`uploads.send`: a file in parts, whole at the server or gone from it, whatever happens on the way."""

from __future__ import annotations

import asyncio
import hashlib
import io
from pathlib import Path
from typing import Any

import anyio
import pytest

from assistants_async import (
    AssistantsClient,
    AuthenticationError,
    BadRequestError,
    ConnectionLostError,
    FilesDeadlineError,
    ServerError,
    Upload,
    UploadError,
    UploadState,
    ValidationError,
    WrongProtocolError,
)
from assistants_async.workflows.files.upload_source import UPLOAD_LIMIT
from tests.calls.test_multipart_body import parts
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure, silent
from tests.support.peak import Peak
from tests.support.routes import Routes, made
from tests.support.steady_loop import MS

CONTENT = bytes(range(256)) * 10
UPLOAD: dict[str, Any] = {"id": "upload_1", "object": "upload", "status": "pending"}
DONE = {**UPLOAD, "status": "completed", "file": {"id": "file_1", "filename": "big.txt"}}


class Parts:
    """A server of uploads that keeps the parts: the id of each is made of its content."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.routes = Routes()
        self.routes.on("POST /uploads", answer(UPLOAD))
        self.routes.on("POST /uploads/upload_1/parts", made(self.part))
        self.routes.on("POST /uploads/upload_1/complete", made(self.complete))
        self.routes.on("POST /uploads/upload_1/cancel", answer({**UPLOAD, "status": "cancelled"}))

    def part(self, seen: Seen) -> bytes:
        """Keep a part."""
        data: Any = parts(seen)["data"].get_payload(decode=True)
        name = hashlib.sha256(data).hexdigest()[:16]
        self.kept[f"part_{name}"] = data
        return answer({"id": f"part_{name}", "object": "upload.part", "upload_id": "upload_1"})

    def complete(self, seen: Seen) -> bytes:
        """Put the parts together, and check them."""
        whole = b"".join(self.kept[name] for name in seen.json["part_ids"])
        same = seen.json["md5"] == hashlib.md5(whole, usedforsecurity=False).hexdigest()
        return answer(DONE) if same else failure(400, "the md5 does not match")

    def __call__(self, wire: Wire) -> Parts:
        """Serve on a wire."""
        wire.answer(self.routes)
        return self


@pytest.fixture
def server(wire: Wire) -> Parts:
    """A server that takes uploads."""
    return Parts()(wire)


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file of several parts."""
    path = tmp_path / "big.txt"
    path.write_bytes(CONTENT)
    return path


def paths(wire: Wire) -> list[str]:
    """The paths of the requests, in order."""
    return [seen.path.removeprefix("/v1/uploads") for seen in wire.seen]


async def test_a_file_is_sent_in_parts(wire: Wire, client: AssistantsClient, server: Parts, big: Path) -> None:
    """Announced with its size and type, put together in its order, its checksum checked."""
    reports: list[tuple[int, int | None]] = []

    def progress(sent: int, total: int | None) -> None:
        reports.append((sent, total))

    upload = await client.uploads.send(big, purpose="assistants", part_size=1000, on_progress=progress)
    assert isinstance(upload, Upload)
    assert upload.file is not None
    assert upload.file.id == "file_1"
    announced = {"filename": "big.txt", "purpose": "assistants", "bytes": 2560, "mime_type": "text/plain"}
    assert wire.seen[0].json == announced
    assert sorted(map(len, server.kept.values())) == [560, 1000, 1000]
    assert paths(wire) == ["", *["/upload_1/parts"] * 3, "/upload_1/complete"]
    assert reports[-1] == (2560, 2560)
    assert [sent for sent, _ in reports] == sorted(sent for sent, _ in reports)


async def test_bytes_are_sent_under_a_name(wire: Wire, client: AssistantsClient, server: Parts) -> None:
    """One part where it fits; without a known ending the type is unknown."""
    await client.uploads.send(CONTENT, purpose="vision", filename="big.unheard")
    assert wire.seen[0].json["mime_type"] == "application/octet-stream"
    assert list(server.kept.values()) == [CONTENT]
    await client.uploads.send(CONTENT, purpose="vision", filename="big", mime_type="image/png")
    assert wire.seen[3].json["mime_type"] == "image/png"


async def test_no_more_parts_than_allowed_at_once(wire: Wire, client: AssistantsClient, server: Parts) -> None:
    """`max_concurrency` is the limit, and it is used."""
    peak = Peak()

    async def slow(seen: Seen, peer: Peer) -> None:
        with peak:
            await asyncio.sleep(20 * MS)
        await peer.send(server.part(seen))

    server.routes.on("POST /uploads/upload_1/parts", slow)
    await client.uploads.send(CONTENT, purpose="p", filename="a", part_size=300, max_concurrency=2)
    assert peak.most == 2


async def test_a_failure_cancels_the_upload(wire: Wire, client: AssistantsClient, server: Parts, big: Path) -> None:
    """The error has the cause, says which file it is, and leaves nothing to go on from."""
    server.routes.on("POST /uploads/upload_1/parts", failure(500, "disk full"))
    with pytest.raises(UploadError, match=r"big.txt was not uploaded: 500 .*disk full") as caught:
        await client.uploads.send(big, purpose="p", part_size=1000, max_concurrency=1)
    assert isinstance(caught.value.__cause__, ServerError)
    assert caught.value.state is None
    assert caught.value.__notes__ == ["while calling uploads.send"]
    assert paths(wire)[-1] == "/upload_1/cancel"


async def test_a_status_is_an_error_in_any_case(client: AssistantsClient, server: Parts, big: Path) -> None:
    """A client that has error statuses returned cannot mean those in the midst of it."""
    server.routes.on("POST /uploads", failure(400, "no room"))
    with pytest.raises(UploadError, match="no room"):
        await client.with_options(raise_for_status=False).uploads.send(big, purpose="p")


async def test_an_upload_that_is_left_goes_on(wire: Wire, client: AssistantsClient, server: Parts, big: Path) -> None:
    """The parts that arrived are not sent again; the state can be kept as JSON."""
    server.routes.on("POST /uploads/upload_1/parts", made(server.part), failure(500))
    states: list[UploadState] = []
    with pytest.raises(UploadError) as caught:
        await client.uploads.send(
            big, purpose="p", part_size=1000, max_concurrency=1, on_failure="leave", on_state=states.append
        )
    state = caught.value.state
    assert state is not None
    assert sum(part is not None for part in state.part_ids) == 1
    assert states[-1] == state
    assert "/upload_1/cancel" not in paths(wire)

    server.routes.on("POST /uploads/upload_1/parts", made(server.part))
    wire.seen.clear()
    reports: list[int] = []
    again = UploadState.from_json(state.to_json())
    upload = await client.uploads.send(
        big, purpose="p", resume=again, part_size=7, on_progress=lambda sent, _: reports.append(sent)
    )
    assert upload.status == "completed"
    assert paths(wire) == [*["/upload_1/parts"] * 2, "/upload_1/complete"]
    assert reports[0] > 1000
    assert reports[-1] == 2560


async def test_a_file_that_changed_is_not_gone_on_with(client: AssistantsClient, server: Parts) -> None:
    """Another size is another file: refused before anything is sent."""
    state = UploadState(upload_id="upload_1", size=3, part_size=1, part_ids=("part_1", None, None))
    with pytest.raises(ValueError, match=r"resume is of a file of 3 bytes, this one has 2560"):
        await client.uploads.send(CONTENT, purpose="p", filename="a", resume=state)


async def test_wrong_md5_is_an_error(wire: Wire, client: AssistantsClient, server: Parts, big: Path) -> None:
    """A file that changes between its parts and its checksum is not taken for whole."""

    def change(seen: Seen) -> bytes:
        big.write_bytes(CONTENT[::-1])
        return server.part(seen)

    server.routes.on("POST /uploads/upload_1/parts", made(change))
    server.routes.on("POST /uploads/upload_1/complete", failure(400, "the md5 does not match"))
    with pytest.raises(UploadError, match="md5 does not match") as caught:
        await client.uploads.send(big, purpose="p", part_size=1000, max_concurrency=1)
    assert isinstance(caught.value.__cause__, BadRequestError)
    assert paths(wire)[-2:] == ["/upload_1/complete", "/upload_1/cancel"]


async def test_a_file_that_shrinks_is_an_error(wire: Wire, client: AssistantsClient, server: Parts, big: Path) -> None:
    """As for any upload, and it is cancelled at the server."""

    def shrink(seen: Seen) -> bytes:
        big.write_bytes(b"")
        return server.part(seen)

    server.routes.on("POST /uploads/upload_1/parts", made(shrink))
    with pytest.raises(ValueError, match="the file changed while it was sent"):
        await client.uploads.send(big, purpose="p", part_size=1000, max_concurrency=1)
    await wire.until_seen(3)
    assert "/upload_1/cancel" in paths(wire)


async def test_a_vanished_file_is_an_error(wire: Wire, client: AssistantsClient, server: Parts, big: Path) -> None:
    """Also between two of its parts."""

    def unlink(_: Seen) -> bytes:
        big.unlink()
        return answer(UPLOAD)

    server.routes.on("POST /uploads", made(unlink))
    with pytest.raises(UploadError) as caught:
        await client.uploads.send(big, purpose="p", part_size=1000)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert paths(wire) == ["", "/upload_1/cancel"]


async def test_a_completion_that_completes_nothing_is_an_error(client: AssistantsClient, server: Parts) -> None:
    """A status other than completed is not taken for success; a server that leaves it out is."""
    server.routes.on("POST /uploads/upload_1/complete", answer({**UPLOAD, "status": "expired"}))
    with pytest.raises(UploadError, match="the upload is expired after it was completed"):
        await client.uploads.send(CONTENT, purpose="p", filename="a")
    server.routes.on("POST /uploads/upload_1/complete", answer({"id": "upload_1"}))
    assert (await client.uploads.send(CONTENT, purpose="p", filename="a")).id == "upload_1"


async def test_cancelling_cancels_at_the_server(wire: Wire, client: AssistantsClient, server: Parts) -> None:
    """The task's cancellation comes out as such, after the request to the server."""
    server.routes.on("POST /uploads/upload_1/parts", silent)
    task = asyncio.create_task(client.uploads.send(CONTENT, purpose="p", filename="a", part_size=1000))
    await wire.until_seen(4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert paths(wire)[-1] == "/upload_1/cancel"


async def test_an_anyio_scope_cancels_at_the_server(wire: Wire, client: AssistantsClient, server: Parts) -> None:
    """Whose cancellation would end every await of the cleanup, too, were it not shielded."""
    server.routes.on("POST /uploads/upload_1/parts", silent)
    with anyio.move_on_after(50 * MS) as scope:
        await client.uploads.send(CONTENT, purpose="p", filename="a", part_size=1000)
    assert scope.cancelled_caught
    assert paths(wire)[-1] == "/upload_1/cancel"


async def test_the_deadline_is_for_all_of_it(wire: Wire, client: AssistantsClient, server: Parts) -> None:
    """It passes while a part hangs; with `leave` the state has the missing parts."""
    server.routes.on("POST /uploads/upload_1/parts", silent)
    with pytest.raises(UploadError, match=r"not done after") as caught:
        await client.uploads.send(CONTENT, purpose="p", filename="a", deadline=40 * MS, on_failure="leave")
    assert isinstance(caught.value.__cause__, FilesDeadlineError)
    assert caught.value.state == UploadState(upload_id="upload_1", size=2560, part_size=16 * 2**20, part_ids=(None,))
    assert "/upload_1/cancel" not in paths(wire)


async def test_an_upload_that_cannot_be_cancelled(wire: Wire, client: AssistantsClient) -> None:
    """It is still there, and the error says so."""
    routes = Parts()(wire).routes

    async def cut(seen: Seen, peer: Peer) -> None:
        peer.reset()

    routes.on("POST /uploads/upload_1/(parts|cancel)", cut)
    with pytest.raises(UploadError) as caught:
        await client.uploads.send(CONTENT, purpose="p", filename="a")
    assert isinstance(caught.value.__cause__, ConnectionLostError)
    assert caught.value.state is not None


async def test_nothing_is_cancelled_that_was_never_made(wire: Wire, client: AssistantsClient) -> None:
    """After an announcement that failed there is nothing to tidy up."""
    wire.answer(failure(401))
    with pytest.raises(UploadError) as caught:
        await client.uploads.send(CONTENT, purpose="p", filename="a")
    assert isinstance(caught.value.__cause__, AuthenticationError)
    assert paths(wire) == [""]


async def test_an_error_of_a_callback_is_raised_unchanged(wire: Wire, client: AssistantsClient, server: Parts) -> None:
    """It is the caller's own, and the upload is cancelled."""

    def fail(_: object) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await client.uploads.send(CONTENT, purpose="p", filename="a", on_state=fail)
    assert paths(wire)[-1] == "/upload_1/cancel"


async def test_bad_input_is_refused_before_anything_is_sent(wire: Wire, client: AssistantsClient, big: Path) -> None:
    """Each error names the fault."""
    empty = big.with_name("empty.txt")
    empty.touch()
    sparse = big.with_name("sparse.bin")
    with sparse.open("wb") as file:
        file.truncate(UPLOAD_LIMIT + 1)
    cases: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        (big.parent, {}, IsADirectoryError, "is a folder: send its files one by one"),
        (big.with_name("gone.txt"), {}, FileNotFoundError, "no file at"),
        (empty, {}, ValueError, "must have 1 to 8589934592 bytes, not 0"),
        (sparse, {}, ValueError, "not 8589934593"),
        ("big.txt", {}, TypeError, "file must be a Path or bytes, not str"),
        (io.BytesIO(b"x"), {}, TypeError, "not BytesIO"),
        (b"x", {}, ValueError, r"bytes have no name, .*: pass filename="),
        (big, {"filename": "../x"}, ValueError, "filename must be a plain name"),
        (big, {"part_size": 0}, ValueError, "part_size must be a whole number of 1 to 67108864, not 0"),
        (big, {"part_size": 64 * 2**20 + 1}, ValueError, "part_size must be a whole number of 1 to"),
        (big, {"max_concurrency": 0}, ValueError, "max_concurrency must be a whole number of at least 1, not 0"),
        (big, {"max_concurrency": 1.5}, ValueError, "max_concurrency must be a whole number of at least 1, not 1.5"),
        (big, {"deadline": -1}, ValueError, "deadline must be a positive number"),
        (big, {"on_failure": "keep"}, ValueError, "on_failure must be 'cancel' or 'leave', not 'keep'"),
        (big, {"purpose": 5}, ValidationError, "purpose"),
    ]
    for file, given, kind, text in cases:
        keywords: dict[str, Any] = {"purpose": "p", **given}
        with pytest.raises(kind, match=text):
            await client.uploads.send(file, **keywords)
    assert wire.seen == []


async def test_protocol_v1_has_no_uploads(wire: Wire) -> None:
    """Refused by name."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol="v1") as client:
        with pytest.raises(WrongProtocolError, match=r"uploads.create\(\) is in protocol v2 only"):
            await client.uploads.send(b"x", purpose="p", filename="a")
