"""`poll` of files and batches in a vector store."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    FileBatchError,
    FilesDeadlineError,
    ServerError,
    StoreFileError,
    TimedOutError,
    Timeout,
    VectorStoreFile,
)
from tests.support.http_server import Wire, answer, failure, page, silent
from tests.support.steady_loop import MS
from tests.support.vector_stores import STORE_FILE

DONE_FILE = {**STORE_FILE, "status": "completed"}
BATCH: dict[str, Any] = {"id": "vsfb_1", "object": "vector_store.files_batch", "status": "in_progress"}


# Waiting


async def test_poll_waits_for_a_file(wire: Wire, client: AssistantsClient) -> None:
    """It requests the file by its own path, at the interval of the server's hint, until it has ended."""
    hint = str(MS * 1000)
    wire.answer(
        answer(STORE_FILE, openai_poll_after_ms=hint),
        answer({**STORE_FILE, "status": "reading"}, openai_poll_after_ms=hint),
        answer(DONE_FILE),
    )
    file = await client.vector_stores.files.create("vs_1", file_id="file_1").poll(deadline=5000 * MS)
    assert file.status == "completed"
    places = ["/v1/vector_stores/vs_1/files", *["/v1/vector_stores/vs_1/files/file_1"] * 2]
    assert [seen.path for seen in wire.seen] == places
    assert [seen.method for seen in wire.seen] == ["POST", "GET", "GET"]


async def test_poll_waits_for_a_file_that_is_there(wire: Wire, client: AssistantsClient) -> None:
    """`retrieve` polls as well, at an interval of the caller's."""
    wire.answer(answer(STORE_FILE), answer(DONE_FILE))
    file = await client.vector_stores.files.retrieve("vs_1", "file_1").poll(interval=MS)
    assert file.status == "completed"
    assert [seen.target for seen in wire.seen] == ["/v1/vector_stores/vs_1/files/file_1"] * 2


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_poll_raises_where_a_file_did_not_get_in(wire: Wire, client: AssistantsClient, status: str) -> None:
    """With the file and the server's reason."""
    problem = {"code": "unsupported_file", "message": "No text."}
    wire.answer(answer({**STORE_FILE, "status": status, "last_error": problem}))
    with pytest.raises(StoreFileError, match="No text") as caught:
        await client.vector_stores.files.create("vs_1", file_id="file_1").poll()
    assert (caught.value.file.status, caught.value.code) == (status, "unsupported_file")
    assert caught.value.__notes__ == [
        "while calling vector_stores.files.create: POST /vector_stores/{vector_store_id}/files"
    ]


async def test_poll_waits_for_a_batch(wire: Wire, client: AssistantsClient) -> None:
    """It requests the batch until all its files are in."""
    whole = {**BATCH, "status": "completed", "file_counts": {"completed": 2, "failed": 0, "cancelled": 0, "total": 2}}
    wire.answer(answer(BATCH), answer(whole))
    batch = await client.vector_stores.file_batches.create("vs_1", file_ids=["a", "b"]).poll(interval=MS)
    assert batch.status == "completed"
    assert [seen.path for seen in wire.seen][1:] == ["/v1/vector_stores/vs_1/file_batches/vsfb_1"]


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
async def test_poll_raises_where_a_batch_is_not_whole(wire: Wire, client: AssistantsClient, status: str) -> None:
    """With the reason of each file, over all pages of them; a server that ignores the filter is no trouble."""
    ended = {**BATCH, "status": status, "file_counts": {"completed": 1, "failed": 2, "cancelled": 0, "total": 3}}
    failed = {"status": "failed", "last_error": {"code": "invalid_file", "message": "Torn."}}
    first = answer({"data": [{"id": "a", **failed}], "last_id": "a", "has_more": True})
    wire.answer(answer(ended), first, answer({"data": [{"id": "b", **failed}, DONE_FILE], "has_more": False}))
    with pytest.raises(FileBatchError, match=r"2 failed and 0 cancelled of 3 files; first a: Torn") as caught:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a", "b", "c"]).poll()
    assert caught.value.batch.status == status
    assert [file.id for file in caught.value.files] == ["a", "b"]
    assert [seen.path for seen in wire.seen][1:] == ["/v1/vector_stores/vs_1/file_batches/vsfb_1/files"] * 2
    assert wire.seen[1].query == {"limit": "100", "filter": "failed"}


async def test_a_batch_that_failed_without_reasons(wire: Wire, client: AssistantsClient) -> None:
    """The server does not give them, or not in time."""
    ended = answer({**BATCH, "status": "failed"})
    wire.answer(ended, failure(500))
    with pytest.raises(FileBatchError) as caught:
        await client.vector_stores.file_batches.retrieve("vs_1", "vsfb_1").poll()
    assert str(caught.value) == "batch vsfb_1 failed"
    assert isinstance(caught.value.__cause__, ServerError)
    wire.answer(ended, silent)
    with pytest.raises(FileBatchError) as caught:
        await client.vector_stores.file_batches.retrieve("vs_1", "vsfb_1").poll(deadline=50 * MS)
    assert isinstance(caught.value.__cause__, TimeoutError)


async def test_the_deadline_is_real(wire: Wire, client: AssistantsClient) -> None:
    """Between requests, and while one of them hangs; the error has what was seen last."""
    wire.answer(answer(STORE_FILE))
    with pytest.raises(FilesDeadlineError, match=r"still in_progress after") as caught:
        await client.vector_stores.files.create("vs_1", file_id="file_1").poll(deadline=30 * MS)
    assert caught.value.last == VectorStoreFile(id="file_1", object="vector_store.file", status="in_progress")
    assert caught.value.deadline == 30 * MS
    wire.answer(silent)
    with pytest.raises(FilesDeadlineError, match=r"file_batches\.create: unanswered after") as hung:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a"]).poll(deadline=30 * MS)
    assert hung.value.last is None


async def test_a_limit_of_one_request_stays_its_own_error(wire: Wire, client: AssistantsClient) -> None:
    """The deadline is the wait's, the time-out the request's."""
    wire.answer(silent)
    call = client.vector_stores.files.retrieve("vs_1", "file_1").with_options(timeout=Timeout(head=20 * MS))
    with pytest.raises(TimedOutError):
        await call.poll(deadline=10_000 * MS)


async def test_an_error_while_waiting_names_the_batch(wire: Wire, client: AssistantsClient) -> None:
    """The batch is at the server, and the note has its id to find it by; before it is made there is none."""
    wire.answer(answer(BATCH), failure(500))
    with pytest.raises(ServerError) as caught:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a"]).poll(interval=MS)
    assert caught.value.__notes__[-1] == "while waiting for vsfb_1, which was in_progress"
    wire.answer(failure(500))
    with pytest.raises(ServerError) as caught:
        await client.vector_stores.file_batches.create("vs_1", file_ids=["a"]).poll()
    assert len(caught.value.__notes__) == 1


async def test_a_time_out_of_the_callers_own_is_no_deadline(wire: Wire, client: AssistantsClient) -> None:
    """A hook's error is raised unchanged."""

    def refuse(_: object) -> None:
        raise TimeoutError("mine")

    wire.answer(answer(DONE_FILE))
    call = client.with_options(on_request=refuse).vector_stores.files.retrieve("vs_1", "file_1")
    with pytest.raises(TimeoutError, match="mine"):
        await call.poll(deadline=10_000 * MS)


async def test_cancelling_a_poll_gets_out_at_once(wire: Wire, client: AssistantsClient) -> None:
    """In the middle of its sleep."""
    wire.answer(answer(STORE_FILE))
    task = asyncio.create_task(client.vector_stores.files.retrieve("vs_1", "file_1").poll(interval=600))
    await wire.until_seen(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_poll_with_bad_seconds_is_refused(wire: Wire, client: AssistantsClient) -> None:
    """By name, before anything is sent; and a call polls once."""
    for seconds, kind in ((0, ValueError), (float("inf"), ValueError), ("5", ValueError), (True, ValueError)):
        call: Any = client.vector_stores.files.retrieve("vs_1", "file_1")
        with pytest.raises(kind, match=r"vector_stores.files.retrieve\(\): deadline must be"):
            await call.poll(deadline=seconds)
        with pytest.raises(kind, match="interval must be"):
            await call.poll(interval=seconds)
        call.close()
    assert wire.seen == []
    wire.answer(answer(DONE_FILE))
    call = client.vector_stores.files.retrieve("vs_1", "file_1")
    await call.poll()
    with pytest.raises(RuntimeError, match="only once"):
        await call.poll()


async def test_pages_of_ids_are_as_they_were(wire: Wire, client: AssistantsClient) -> None:
    """The lists of this module that page by ids go on behind the last one."""
    wire.answer(page("a", more=True), page("b"))
    assert [store.id async for store in client.vector_stores.list()] == ["a", "b"]
    assert wire.last.query == {"after": "a"}
