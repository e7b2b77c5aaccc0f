"""`vector_stores.ingest`: many files of any kind into a store, each of them accounted for."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from assistants_async import (
    AssistantsClient,
    IngestedFile,
    IngestError,
    IngestReport,
    Source,
    VectorStore,
)
from tests.support.http_server import Peer, Seen, Wire, answer, failure
from tests.support.peak import Peak
from tests.support.routes import made
from tests.support.steady_loop import MS
from tests.workflows.files.conftest import GONE, STORE, Store, pieces, write


async def test_any_mix_of_sources_goes_in(client: AssistantsClient, store: Store, tmp_path: Path) -> None:
    """Paths, open files and everything under a name of its own; the report has them in their order."""
    path, other = write(tmp_path, "a.txt", "b.md")
    opened = io.BytesIO(b"c")
    opened.name = "/somewhere/c.csv"
    reports: list[IngestedFile] = []
    report = await client.vector_stores.ingest(
        VectorStore(id="vs_1"),
        [path, opened, Source("d.json", b"d"), Source("deep/e.html", pieces(b"e", b"f")), Source("g.txt", other)],
        on_progress=reports.append,
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
    steps = [file.status for file in reports if file.source == "d.json"]
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
    peak = Peak()

    async def slow(seen: Seen, peer: Peer) -> None:
        with peak:
            await asyncio.sleep(20 * MS)
        await peer.send(store.upload(seen))

    store.routes.on("POST /files", slow)
    await client.vector_stores.ingest("vs_1", [Source(f"{n}.txt", b"x") for n in range(9)], max_concurrency=3)
    assert peak.most == 3
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
    """Completed files are left alone, uploaded ones are not sent again, failed ones are sent in their place."""
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
    """The others go in; on request the files in no store are deleted."""
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


async def test_a_batch_that_ends_badly_is_reported_file_by_file(client: AssistantsClient, store: Store) -> None:
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
