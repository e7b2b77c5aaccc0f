"""`vector_stores.ingest` that is refused, limited, cancelled, or stopped by an error."""

from __future__ import annotations

import asyncio
import io
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
    WrongProtocolError,
)
from tests.support.http_server import KEY, Wire, answer, failure, silent
from tests.support.routes import made
from tests.support.steady_loop import MS
from tests.workflows.files.conftest import STORE, Store, pieces, write


async def test_a_refused_key_stops_all_uploads(wire: Wire, client: AssistantsClient, store: Store) -> None:
    """No hundred more uploads, and the report says how far it came."""
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
    """The cancellation comes out as such; `on_progress` gets the deleted files before."""
    store.routes.on("POST /files", made(store.upload), silent)
    reports: dict[str, IngestedFile] = {}

    def progress(file: IngestedFile) -> None:
        reports[file.source] = file

    sources = [Source("a.txt", b"x"), Source("b.txt", b"x")]
    task = asyncio.create_task(
        client.vector_stores.ingest("vs_1", sources, max_concurrency=1, on_progress=progress, remove_orphans=True)
    )
    await wire.until_seen(3)
    assert reports["a.txt"].file_id == "file_a.txt"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert store.files == {}
    assert reports == {"a.txt": IngestedFile(source="a.txt")}


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
    """The reported reason is that of the failure."""
    store.routes.on("POST /vector_stores/vs_1/file_batches", failure(500, "busy"))
    store.routes.on("DELETE /files/.*", failure(500))
    with pytest.raises(IngestError, match="busy") as caught:
        await client.vector_stores.ingest("vs_1", [Source("a.txt", b"x")], remove_orphans=True)
    assert caught.value.report.file_ids == ("file_a.txt",)


async def test_an_error_of_on_progress_is_raised_unchanged(client: AssistantsClient, store: Store) -> None:
    """It is the caller's own, and no file's outcome."""

    def fail(_: IngestedFile) -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await client.vector_stores.ingest(
            "vs_1", [Source("a.txt", b"x")], on_progress=fail, remove_orphans=True, deadline=10_000 * MS
        )
    assert store.files == {}


async def test_a_file_in_the_store_is_no_orphan(client: AssistantsClient, store: Store) -> None:
    """For any end of the ingestion while the files of the batch are reported."""

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
    """Each error names the source and its fault."""
    path, plain = write(tmp_path, "a.txt", "plain")
    nameless = io.BytesIO(b"x")
    other = IngestReport(vector_store_id="vs_2")
    cases: list[tuple[Any, dict[str, Any], type[Exception], str]] = [
        ([], {}, ValueError, r"ingest\(\): sources is empty"),
        (path, {}, TypeError, "sources must be an iterable of sources, not PosixPath"),
        ("a.txt", {}, TypeError, "sources must be an iterable of sources, not str"),
        (5, {}, TypeError, "not int"),
        ([path, tmp_path], {}, IsADirectoryError, r"sources\[1\]: .* is a folder: pass its files"),
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
