"""`vector_stores.ingest`: many files of any kind into a store, each of them accounted for, whatever happens."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from assistants_async import (
    AssistantsClient,
    AuthenticationError,
    FilesDeadlineError,
    IngestedFile,
    IngestError,
    IngestReport,
    NotFoundError,
    Source,
    ValidationError,
    VectorStore,
    WrongProtocolError,
)
from tests.client.test_uploads import parts
from tests.conftest import MS
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure, silent
from tests.workflows.routes import Routes, made

STORE: dict[str, Any] = {"id": "vs_1", "object": "vector_store", "status": "completed"}
GONE = failure(404, "no such file")


class Store:
    """A server of one store: it keeps what is uploaded, and takes batches in at once but for files named `bad`."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, bytes]] = {}
        """Name and content of each file that is there."""
        self.batches: list[dict[str, Any]] = []
        """The bodies of the batches, in order."""
        self.routes = Routes()
        self.routes.on("POST /files", made(self.upload))
        self.routes.on("DELETE /files/.*", made(self.delete))
        self.routes.on("GET /vector_stores/vs_1", answer(STORE))
        self.routes.on("DELETE /vector_stores/vs_1/files/.*", answer({"id": "file", "deleted": True}))
        self.routes.on("POST /vector_stores/vs_1/file_batches", made(self.take))
        self.routes.on("GET /vector_stores/vs_1/file_batches/.*/files", made(self.listed))

    def upload(self, seen: Seen) -> bytes:
        """Keep a file."""
        part = parts(seen)["file"]
        name = f"file_{part.get_filename()}"
        self.files[name] = (str(part.get_filename()), cast("bytes", part.get_payload(decode=True)))
        return answer({"id": name, "object": "file", "filename": part.get_filename()})

    def delete(self, seen: Seen) -> bytes:
        """Forget a file."""
        name = seen.path.rpartition("/")[2]
        return answer({"id": name, "deleted": True}) if self.files.pop(name, None) else GONE

    def take(self, seen: Seen) -> bytes:
        """Take a batch in."""
        self.batches.append(seen.json)
        return answer(self.batch(len(self.batches)))

    def batch(self, number: int, **members: Any) -> dict[str, Any]:
        """A batch as it has ended."""
        ids = self.ids(number)
        failed = sum("bad" in name for name in ids)
        counts = {"completed": len(ids) - failed, "failed": failed, "cancelled": 0, "total": len(ids)}
        return {"id": f"vsfb_{number}", "status": "completed", "file_counts": counts, **members}

    def ids(self, number: int) -> list[str]:
        """The files of a batch."""
        body = self.batches[number - 1]
        return body.get("file_ids") or [file["file_id"] for file in body["files"]]

    def listed(self, seen: Seen) -> bytes:
        """The files of a batch, those that are bad with a reason."""
        problem = {"code": "invalid_file", "message": "It is torn."}
        bad = {"status": "failed", "last_error": problem}
        ids = self.ids(int(seen.path.split("_")[-1].split("/")[0]))
        data = [{"id": name, **(bad if "bad" in name else {"status": "completed"})} for name in ids]
        return answer({"object": "list", "data": data, "has_more": False})


@pytest.fixture
def store(wire: Wire) -> Store:
    """A store on the wire."""
    made = Store()
    wire.answer(made.routes)
    return made


def write(folder: Path, *names: str) -> list[Path]:
    """Files whose content is their name."""
    for name in names:
        (folder / name).write_text(name, encoding="utf-8")
    return [folder / name for name in names]


async def pieces(*values: bytes) -> AsyncIterator[bytes]:
    """An iterator that ends."""
    for value in values:
        yield value


async def test_any_mix_of_sources_goes_in(client: AssistantsClient, store: Store, tmp_path: Path) -> None:
    """Paths, open files and everything under a name of its own; the report has them in their order."""
    path, other = write(tmp_path, "a.txt", "b.md")
    opened = io.BytesIO(b"c")
    opened.name = "/somewhere/c.csv"
    told: list[IngestedFile] = []
    report = await client.vector_stores.ingest(
        VectorStore(id="vs_1"),
        [path, opened, Source("d.json", b"d"), Source("deep/e.html", pieces(b"e", b"f")), Source("g.txt", other)],
        on_progress=told.append,
    )
    assert report.is_complete
    assert report.vector_store_id == "vs_1"
    assert [file.source for file in report.files] == [str(path), "/somewhere/c.csv", "d.json", "deep/e.html", "g.txt"]
    assert store.files == {
        "file_a.txt": ("a.txt", b"a.txt"),
        "file_c.csv": ("c.csv", b"c"),
        "file_d.json": ("d.json", b"d"),
        "file_e.html": ("e.html", b"ef"),
        "file_g.txt": ("g.txt", b"b.md"),
    }
    assert store.batches == [{"file_ids": list(report.file_ids)}]
    steps = [file.status for file in told if file.source == "d.json"]
    assert steps == ["uploaded", "in_progress", "completed"]


async def test_batches_are_split_and_shared_settings_sent(client: AssistantsClient, store: Store) -> None:
    """Files with attributes of their own make their batch spell each file out."""
    sources = [Source(f"{n}.txt", b"x") for n in range(4)] + [Source("4.txt", b"x", {"year": 2026})]
    report = await client.vector_stores.ingest(
        "vs_1",
        sources,
        batch_size=2,
        max_concurrency=1,
        purpose="user_data",
        attributes={"lang": "en"},
        chunking_strategy={"type": "auto"},
    )
    shared = {"chunking_strategy": {"type": "auto"}, "attributes": {"lang": "en"}}
    assert store.batches == [
        {"file_ids": ["file_0.txt", "file_1.txt"], **shared},
        {"file_ids": ["file_2.txt", "file_3.txt"], **shared},
        {"files": [{"file_id": "file_4.txt", **shared, "attributes": {"year": 2026}}]},
    ]
    assert report.is_complete


async def test_uploads_are_side_by_side_up_to_the_limit(wire: Wire, client: AssistantsClient, store: Store) -> None:
    """As many as allowed, and no more."""
    now = most = 0

    async def slow(seen: Seen, peer: Peer) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(20 * MS)
        now -= 1
        await peer.send(store.upload(seen))

    store.routes.on("POST /files", slow)
    await client.vector_stores.ingest("vs_1", [Source(f"{n}.txt", b"x") for n in range(9)], max_concurrency=3)
    assert most == 3
    assert wire.seen[1].header("content-type") is not None


async def test_a_file_that_fails_costs_no_other(client: AssistantsClient, store: Store, tmp_path: Path) -> None:
    """Refused by the store, refused at its upload, vanished, or broken in the middle: each has its entry."""

    async def breaks() -> AsyncIterator[bytes]:
        yield b"x"
        raise LookupError

    def unlink(_: Seen) -> bytes:
        path.unlink()
        return answer(STORE)

    (path,) = write(tmp_path, "gone.txt")
    store.routes.on("GET /vector_stores/vs_1", made(unlink))
    sources: list[Any] = [
        Source("good.txt", b"x"),
        Source("bad.txt", b"x"),
        path,
        Source("breaks.txt", breaks()),
        Source("text.txt", cast("Any", io.StringIO("x"))),
    ]
    with pytest.raises(IngestError, match=r"4 of 5 files are not in vector store vs_1; first 'bad.txt'") as caught:
        await client.vector_stores.ingest("vs_1", sources)
    report = caught.value.report
    assert caught.value.__cause__ is None
    assert caught.value.__notes__ == ["while calling vector_stores.ingest"]
    good, bad, gone, broken, text = report.files
    assert good == IngestedFile(source="good.txt", status="completed", file_id="file_good.txt")
    assert bad == IngestedFile(
        source="bad.txt", status="failed", file_id="file_bad.txt", code="invalid_file", error="It is torn."
    )
    assert (gone.status, gone.file_id) == ("failed", None)
    assert "no file at" in str(gone.error)
    assert (broken.status, broken.error) == ("failed", "LookupError")
    assert "opened in binary mode" in str(text.error)
    assert report.unfinished == (bad, gone, broken, text)
    assert not report.is_complete


async def test_a_report_goes_on_where_it_ended(wire: Wire, client: AssistantsClient, store: Store) -> None:
    """What is completed is left alone, what is uploaded is not sent again, what failed is sent in its place."""
    sources = [Source(name, b"x") for name in ("done.txt", "up.txt", "torn.txt", "new.txt")]
    store.files = {"file_up.txt": ("up.txt", b"x"), "file_old": ("torn.txt", b"")}
    before = IngestReport(
        vector_store_id="vs_1",
        files=(
            IngestedFile(source="done.txt", status="completed", file_id="file_done.txt"),
            IngestedFile(source="up.txt", status="uploaded", file_id="file_up.txt", error="500"),
            IngestedFile(source="torn.txt", status="failed", file_id="file_old", code="invalid_file", error="torn"),
            IngestedFile(source="elsewhere.txt", status="uploaded", file_id="file_other"),
        ),
    )
    kept = IngestReport.from_json(before.to_json())
    assert kept == before
    report = await client.vector_stores.ingest("vs_1", sources, resume=kept)
    assert report.is_complete
    assert [file.error for file in report.files] == [None] * 4
    assert store.batches == [{"file_ids": ["file_up.txt", "file_torn.txt", "file_new.txt"]}]
    assert [seen.path for seen in wire.seen if seen.method == "DELETE"] == [
        "/v1/vector_stores/vs_1/files/file_old",
        "/v1/files/file_old",
    ]
    wire.seen.clear()
    assert await client.vector_stores.ingest("vs_1", sources, resume=report) == report
    assert [seen.target for seen in wire.seen] == ["/v1/vector_stores/vs_1"]


async def test_an_earlier_upload_that_is_gone_is_no_trouble(client: AssistantsClient, store: Store) -> None:
    """It was to be deleted anyway; one that cannot be deleted stays in the report."""
    failed = IngestedFile(source="a.txt", status="failed", file_id="file_old")
    before = IngestReport(vector_store_id="vs_1", files=(failed,))
    store.routes.on("DELETE .*", failure(500))
    with pytest.raises(IngestError) as caught:
        await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")], resume=before)
    assert caught.value.report.file_ids == ("file_old",)
    store.routes.on("DELETE .*", GONE)
    assert (await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")], resume=before)).is_complete


async def test_a_batch_that_is_refused_leaves_its_files_uploaded(client: AssistantsClient, store: Store) -> None:
    """The others go in; on request what is in no store is deleted."""
    store.routes.on("POST /vector_stores/vs_1/file_batches", failure(500, "busy"), made(store.take))
    sources = [Source(f"{n}.txt", b"x") for n in range(2)]
    with pytest.raises(IngestError) as caught:
        await client.vector_stores.ingest("vs_1", sources, batch_size=1, max_concurrency=1)
    before = caught.value.report
    left, done = before.files
    assert (left.status, left.file_id, done.status) == ("uploaded", "file_0.txt", "completed")
    assert "busy" in str(left.error)
    assert set(store.files) == {"file_0.txt", "file_1.txt"}

    store.routes.on("POST /vector_stores/vs_1/file_batches", failure(500, "busy"))
    with pytest.raises(IngestError) as caught:
        await client.vector_stores.ingest("vs_1", sources, resume=before, remove_orphans=True)
    left, done = caught.value.report.files
    assert (left.status, left.file_id, done.status) == ("waiting", None, "completed")
    assert "busy" in str(left.error)
    assert set(store.files) == {"file_1.txt"}


async def test_a_batch_that_ends_badly_is_told_file_by_file(client: AssistantsClient, store: Store) -> None:
    """As the server lists them; one that it does not list, or not as ended, ends as the batch did."""
    ended = {"id": "vsfb_1", "status": "cancelled"}
    store.routes.on("POST /vector_stores/vs_1/file_batches", answer({**ended, "status": "in_progress"}))
    store.routes.on("GET /vector_stores/vs_1/file_batches/vsfb_1", answer(ended))
    listed = [
        {"id": "file_a.txt", "status": "completed"},
        {"id": "file_b.txt", "status": "cancelled"},
        {"id": "file_c.txt", "status": "in_progress"},
        {"id": "file_e.txt", "status": "failed"},
    ]
    store.routes.on("GET /vector_stores/vs_1/file_batches/vsfb_1/files", answer({"data": listed, "has_more": False}))
    with pytest.raises(IngestError) as caught:
        await client.vector_stores.ingest("vs_1", [Source(f"{n}.txt", b"x") for n in "abcde"])
    assert [(file.status, file.error) for file in caught.value.report.files] == [
        ("completed", None),
        ("cancelled", "the server has it as cancelled"),
        ("cancelled", "batch vsfb_1 ended as cancelled"),
        ("cancelled", "batch vsfb_1 ended as cancelled"),
        ("failed", "the server has it as failed"),
    ]
    ended["status"] = "completed"
    counts = {"completed": 0, "failed": 1, "cancelled": 0, "total": 1}
    store.routes.on("POST /vector_stores/vs_1/file_batches", answer({**ended, "file_counts": counts}))
    with pytest.raises(IngestError) as caught:
        await client.vector_stores.ingest("vs_1", [Source("unlisted.txt", b"x")])
    assert caught.value.report.files[0].status == "in_progress"
    store.routes.on("POST /vector_stores/vs_1/file_batches", made(store.take))
    report = await client.vector_stores.ingest("vs_1", [Source("unlisted.txt", b"x")], resume=caught.value.report)
    assert report.is_complete


async def test_what_the_next_file_would_meet_stops_all(wire: Wire, client: AssistantsClient, store: Store) -> None:
    """A key that is refused: no hundred more uploads, and the report says how far it came."""
    store.routes.on("POST /files", made(store.upload), failure(401, "revoked"))
    sources = [Source(f"{n}.txt", b"x") for n in range(100)]
    with pytest.raises(IngestError, match=r"100 of 100 files are not in vector store vs_1: 401 .*revoked") as caught:
        await client.vector_stores.ingest("vs_1", sources, max_concurrency=1)
    assert isinstance(caught.value.__cause__, AuthenticationError)
    assert len(wire.seen) == 3
    assert [file.status for file in caught.value.report.files[:2]] == ["uploaded", "waiting"]
    store.routes.on("POST /vector_stores/vs_1/file_batches", failure(403))
    store.routes.on("POST /files", made(store.upload))
    with pytest.raises(IngestError, match="403"):
        await client.vector_stores.ingest("vs_1", sources[:1])


async def test_a_store_that_cannot_take_files_takes_no_uploads(
    wire: Wire, client: AssistantsClient, store: Store
) -> None:
    """Expired or unknown: found out before anything is uploaded."""
    store.routes.on("GET /vector_stores/vs_1", answer({**STORE, "status": "expired"}))
    with pytest.raises(IngestError, match="vector store vs_1 has expired") as caught:
        await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")])
    assert caught.value.report.files == (IngestedFile(source="a.txt"),)
    store.routes.on("GET /vector_stores/vs_1", failure(404))
    with pytest.raises(IngestError) as caught:
        await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")])
    assert isinstance(caught.value.__cause__, NotFoundError)
    assert [seen.method for seen in wire.seen] == ["GET", "GET"]


async def test_the_deadline_is_for_all_of_it(client: AssistantsClient, store: Store) -> None:
    """It passes while the server works on a batch; the files are in the store, and are no orphans."""
    working = {"id": "vsfb_1", "status": "in_progress"}
    store.routes.on("POST /vector_stores/vs_1/file_batches", answer(working))
    store.routes.on("GET /vector_stores/vs_1/file_batches/vsfb_1", silent)
    with pytest.raises(IngestError, match="not done after") as caught:
        await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")], deadline=400 * MS, remove_orphans=True)
    assert isinstance(caught.value.__cause__, FilesDeadlineError)
    assert caught.value.report.files[0].status == "in_progress"
    assert set(store.files) == {"file_a.txt"}


async def test_cancelling_removes_orphans_on_request(wire: Wire, client: AssistantsClient, store: Store) -> None:
    """The cancellation comes out as such; what was deleted is told to `on_progress` before."""
    store.routes.on("POST /files", made(store.upload), silent)
    told: dict[str, IngestedFile] = {}

    def progress(file: IngestedFile) -> None:
        told[file.source] = file

    sources = [Source("a.txt", b"x"), Source("b.txt", b"x")]
    task = asyncio.create_task(
        client.vector_stores.ingest("vs_1", sources, max_concurrency=1, on_progress=progress, remove_orphans=True)
    )
    await wire.until_seen(3)
    assert told["a.txt"].file_id == "file_a.txt"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.files == {}
    assert told == {"a.txt": IngestedFile(source="a.txt")}


async def test_an_anyio_scope_removes_orphans_too(client: AssistantsClient, store: Store) -> None:
    """Shielded from the scope that cancelled it; without the request they stay."""
    store.routes.on("POST /files", made(store.upload), silent)
    for remove in (False, True):
        with anyio.move_on_after(60 * MS) as scope:
            await client.vector_stores.ingest(
                "vs_1", [Source("a.txt", b"x"), Source("b.txt", b"x")], max_concurrency=1, remove_orphans=remove
            )
        assert scope.cancelled_caught
        assert set(store.files) == (set() if remove else {"file_a.txt"})
        store.routes.on("POST /files", made(store.upload), silent)


async def test_an_orphan_that_cannot_be_removed_stays_in_the_report(client: AssistantsClient, store: Store) -> None:
    """The reason for the failure is the one that is told."""
    store.routes.on("POST /vector_stores/vs_1/file_batches", failure(500, "busy"))
    store.routes.on("DELETE /files/.*", failure(500))
    with pytest.raises(IngestError, match="busy") as caught:
        await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")], remove_orphans=True)
    assert caught.value.report.file_ids == ("file_a.txt",)


async def test_what_on_progress_raises_comes_out_as_it_is(client: AssistantsClient, store: Store) -> None:
    """It is the caller's own, and no file's outcome."""

    def fail(_: IngestedFile) -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await client.vector_stores.ingest(
            "vs_1", [Source("a.txt", b"x")], on_progress=fail, remove_orphans=True, deadline=10_000 * MS
        )
    assert store.files == {}


async def test_a_file_in_the_store_is_no_orphan(client: AssistantsClient, store: Store) -> None:
    """Whatever stops the ingestion while the batch is told of, file by file."""

    def fail(file: IngestedFile) -> None:
        if file.status == "in_progress":
            raise LookupError("mine")

    sources = [Source("a.txt", b"x"), Source("b.txt", b"x")]
    with pytest.raises(LookupError, match="mine"):
        await client.vector_stores.ingest("vs_1", sources, on_progress=fail, remove_orphans=True)
    assert set(store.files) == {"file_a.txt", "file_b.txt"}


async def test_bad_input_is_refused_before_anything_is_sent(
    wire: Wire, client: AssistantsClient, tmp_path: Path
) -> None:
    """Each names the source and what is wrong with it."""
    path, plain = write(tmp_path, "a.txt", "plain")
    nameless = io.BytesIO(b"x")
    other = IngestReport(vector_store_id="vs_2")
    cases: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        ([], {}, ValueError, r"ingest\(\): sources is empty"),
        (path, {}, TypeError, "sources must be an iterable of sources, not PosixPath"),
        ("a.txt", {}, TypeError, "sources must be an iterable of sources, not str"),
        (5, {}, TypeError, "not int"),
        ([path, tmp_path], {}, IsADirectoryError, r"sources\[1\]: .* is a folder: give its files"),
        ([tmp_path / "gone.txt"], {}, FileNotFoundError, r"sources\[0\]: no file at"),
        ([Source("x.txt", tmp_path / "gone.txt")], {}, FileNotFoundError, r"sources\[0\]: no file at"),
        ([plain], {}, ValueError, r"sources\[0\]: 'plain' has no extension"),
        ([Source("", b"x")], {}, ValueError, "'' has no extension"),
        ([path, path], {}, ValueError, r"sources\[1\]: there are two of"),
        (["a.txt"], {}, TypeError, r"sources\[0\] must not be str: Path\('a.txt'\) to open it"),
        ([Source("x.txt", cast("Any", "text"))], {}, TypeError, "data must not be str"),
        ([b"x"], {}, TypeError, r"bytes has no name: use Source\(name, data\)"),
        ([nameless], {}, TypeError, r"BytesIO has no name: use Source\(name, data\)"),
        ([pieces(b"x")], {}, TypeError, "async_generator has no name"),
        ([("a.txt", b"x", "text/plain")], {}, TypeError, r"sources\[0\] must be \(name, data\)"),
        ([("a.txt", tmp_path / "gone.txt")], {}, FileNotFoundError, r"sources\[0\]: no file at"),
        ([7], {}, TypeError, r"must be a Path, an open file, \(name, data\) or a Source, not int"),
        ([path], {"batch_size": 2001}, ValueError, "batch_size must be a whole number of 1 to 2000, not 2001"),
        ([path], {"max_concurrency": 0}, ValueError, "max_concurrency must be a whole number of at least 1, not 0"),
        ([path], {"deadline": 0}, ValueError, "deadline must be a positive number"),
        ([path], {"purpose": 1}, ValidationError, "purpose"),
        ([path], {"attributes": {"k" * 65: 1}}, ValidationError, "attributes"),
        ([path, Source("x.txt", b"x", {"k": "v" * 513})], {}, ValidationError, r"ingest\(\): sources\[1\].attributes"),
        ([path], {"chunking_strategy": {"type": "static"}}, ValidationError, "chunking_strategy"),
        ([path], {"resume": other}, ValueError, "resume is of vector store 'vs_2'"),
    ]
    for sources, keywords, kind, text in cases:
        with pytest.raises(kind, match=text):
            await client.vector_stores.ingest("vs_1", sources, **keywords)
    for wrong in ("", " ", ".."):
        with pytest.raises(ValidationError, match="vector_store_id: expected an id"):
            await client.vector_stores.ingest(wrong, [path])
    assert wire.seen == []


async def test_protocol_v1_has_no_stores(wire: Wire) -> None:
    """Refused by name, before anything is sent."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol="v1") as client:
        with pytest.raises(WrongProtocolError, match="is in protocol v2 only"):
            await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")])
    assert wire.seen == []
