"""The client under aioresponses, as users mock it: no socket, the same values, errors and limits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from aioresponses import CallbackResult, aioresponses
from yarl import URL

from assistants_async import (
    Assistant,
    AssistantsClient,
    ConnectionLostError,
    NotFoundError,
    PaginationError,
    RateLimitedError,
    StatusError,
    TimedOutError,
    Timeout,
    TransportError,
)
from assistants_async.core.requests.endpoint import Endpoint
from assistants_async.endpoints import TABLE
from assistants_async.models.pages import is_page
from assistants_async.testing.mocks import json_of, mocked
from tests.support.http_server import ASSISTANT, KEY
from tests.support.steady_loop import MS

BASE = "http://mocked.test/v1"


@pytest.fixture
def mock() -> Iterator[aioresponses]:
    """Answers in place of the network."""
    with mocked() as made:
        yield made


@pytest.fixture
async def client(mock: aioresponses) -> AsyncIterator[AssistantsClient]:
    """A client whose requests never leave the process."""
    async with AssistantsClient(base_url=BASE, api_key=KEY, retry=None) as made:
        yield made


NEEDED: dict[str, dict[str, Any]] = {
    "createAssistant": {"model": "m"},
    "createAssistantFile": {"file_id": "file_1"},
    "createThreadAndRun": {"assistant_id": "asst_1"},
    "createMessage": {"role": "user", "content": "hi"},
    "createRun": {"assistant_id": "asst_1"},
    "submitToolOuputsToRun": {"tool_outputs": [{"tool_call_id": "c", "output": "x"}]},
    "createFile": {"file": b"x", "filename": "a.txt", "purpose": "assistants"},
    "searchVectorStore": {"query": "q"},
    "createVectorStoreFile": {"file_id": "file_1"},
    "updateVectorStoreFileAttributes": {"attributes": {"a": 1}},
    "createVectorStoreFileBatch": {"file_ids": ["file_1"]},
    "createUpload": {"filename": "a.txt", "purpose": "assistants", "bytes": 1, "mime_type": "text/plain"},
    "completeUpload": {"part_ids": ["part_1"]},
    "addUploadPart": {"data": b"x"},
}
"""Keywords that an operation cannot be called without."""


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
async def test_every_operation_sends_its_row_and_reads_its_result(mock: aioresponses, row: Endpoint[Any, Any]) -> None:
    """Method, path and body go out as the table says, and the answer is decoded to the row's type."""
    ids: dict[str, Any] = {name: f"{name}_1" for name in row.parameters}
    url = BASE + row.path.format(**ids)
    item = {"text": "x"} if row.page_parameter else {"id": "x_1"}
    payload = {"object": "list", "data": [item], "has_more": False} if is_page(row.result) else {"id": "x_1"}
    mock.add(url, row.method, payload=payload)
    async with AssistantsClient(base_url=BASE, api_key=KEY, protocol=row.protocols[-1]) as client:
        value = await client.operation(row.operation, body=NEEDED.get(row.operation), **ids)
    (sent,) = mock.requests[row.method, URL(url)]
    assert sent.kwargs["headers"]["authorization"] == f"Bearer {KEY}"
    if row.result is bytes:
        assert value == b'{"id": "x_1"}'
    elif is_page(row.result):
        assert value == row.result(object="list", data=(row.item.from_dict(item),), has_more=False)
    else:
        assert value == row.result(id="x_1")
    if row.takes_body and not row.form:
        assert json_of(sent) == NEEDED.get(row.operation, {})


async def test_a_call_is_recorded_as_it_was_sent(mock: aioresponses, client: AssistantsClient) -> None:
    """URL with its query, headers, and the JSON of the body."""
    mock.post(f"{BASE}/threads/thread_1/runs?include[]=x", payload={"id": "run_1"}, status=201)
    run = await client.runs.create("thread_1", assistant_id="asst_1", include=["x"])
    assert run.id == "run_1"
    (sent,) = next(iter(mock.requests.values()))
    assert json_of(sent) == {"assistant_id": "asst_1"}
    assert sent.kwargs["headers"]["openai-beta"] == "assistants=v2"
    assert sent.kwargs["allow_redirects"] is False


async def test_pages_are_requested_by_their_urls(mock: aioresponses, client: AssistantsClient) -> None:
    """A walk over three pages, each mocked by its cursor."""
    for query, name, more in (("", "a", True), ("?after=a", "b", True), ("?after=b", "c", False)):
        mock.get(f"{BASE}/assistants{query}", payload={"data": [{"id": name}], "last_id": name, "has_more": more})
    assert [item.id async for item in client.assistants.list()] == ["a", "b", "c"]


async def test_a_mock_that_repeats_is_a_cycle(mock: aioresponses, client: AssistantsClient) -> None:
    """The same page for every cursor does not go on for ever."""
    page = {"data": [{"id": "a"}], "last_id": "a", "has_more": True}
    mock.get(re.compile(rf"{re.escape(BASE)}/assistants.*"), payload=page, repeat=True)
    with pytest.raises(PaginationError):
        await client.assistants.list().collect()


STATUSES: dict[int, type[StatusError]] = {404: NotFoundError, 429: RateLimitedError}


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
async def test_statuses_are_errors(
    mock: aioresponses, client: AssistantsClient, status: int, kind: type[StatusError]
) -> None:
    """With the server's words."""
    mock.get(f"{BASE}/assistants/a", status=status, payload={"error": {"message": "no"}}, headers={"retry-after": "3"})
    with pytest.raises(kind, match="no"):
        await client.assistants.retrieve("a")


EXCEPTIONS: dict[str, Exception] = {
    "disconnected": aiohttp.ServerDisconnectedError(),
    "payload": aiohttp.ClientPayloadError("cut"),
    "os error": aiohttp.ClientOSError(104, "reset"),
    "plain": ConnectionResetError("reset"),
}


@pytest.mark.parametrize("error", EXCEPTIONS.values(), ids=EXCEPTIONS.keys())
async def test_exceptions_of_the_library_are_lost_connections(
    mock: aioresponses, client: AssistantsClient, error: Exception
) -> None:
    """None of aiohttp's own comes out."""
    mock.post(f"{BASE}/threads", exception=error)
    with pytest.raises(ConnectionLostError):
        await client.threads.create()


async def test_a_mocked_time_out_is_a_transport_error(mock: aioresponses, client: AssistantsClient) -> None:
    """aioresponses raises a bare TimeoutError for `timeout=True`."""
    mock.post(f"{BASE}/threads", timeout=True)
    with pytest.raises(TransportError):
        await client.threads.create()


async def test_limits_work_without_sockets(mock: aioresponses, client: AssistantsClient) -> None:
    """The client's own limits do not depend on aiohttp's."""

    async def slow(url: URL, **_: Any) -> CallbackResult:
        await asyncio.sleep(60_000 * MS)
        raise AssertionError("it was not cancelled")

    mock.get(f"{BASE}/assistants/a", callback=slow, repeat=True)
    for timeout, phase in ((Timeout(head=20 * MS), "head"), (Timeout(total=20 * MS), "total")):
        with pytest.raises(TimedOutError) as caught:
            await client.assistants.retrieve("a").with_options(timeout=timeout)
        assert caught.value.phase == phase


async def test_large_bodies_are_read(mock: aioresponses, client: AssistantsClient) -> None:
    """Beyond the 128 KiB at which an unmended mock breaks."""
    text = "x" * 300_000
    mock.get(f"{BASE}/assistants/a", payload={**ASSISTANT, "instructions": text})
    assert (await client.assistants.retrieve("a")).instructions == text
    mock.get(f"{BASE}/files/f/content", body=text.encode())
    assert await client.files.content("f") == text.encode()


async def test_a_borrowed_session_can_be_mocked(mock: aioresponses) -> None:
    """The same requests over a session of the caller's."""
    mock.get(f"{BASE}/assistants/a", payload={"id": "a"})
    async with aiohttp.ClientSession() as session, AssistantsClient(base_url=BASE, session=session) as client:
        assert await client.assistants.retrieve("a") == Assistant(id="a")


async def test_other_requests_are_refused(mock: aioresponses, client: AssistantsClient) -> None:
    """An unexpected request is an error, not a call to a real server."""
    with pytest.raises(TransportError):
        await client.assistants.retrieve("a")
