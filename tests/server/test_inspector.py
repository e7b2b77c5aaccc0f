"""The inspector: requests of the page sent on by a client, which has the key; nothing else is, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import yarl

from assistants_async import AssistantsClient
from assistants_async.server import AssistantsServer
from assistants_async.server.inspector import Inspector
from assistants_async.server.page_files import PageSettings
from tests.support.http_server import KEY, Wire, head, raw, then_cut

PAGE = PageSettings(api="", client="AssistantsClient()")


@asynccontextmanager
async def inspecting(client: AssistantsClient) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    """Serve the page in front of a client's server, and give its address without the slash."""
    inspector = Inspector(client, PAGE)
    address = await inspector.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield address.rstrip("/"), session
    finally:
        await inspector.close()


async def test_operations_go_through_with_the_key_of_this_process() -> None:
    """JSON, queries, forms, files and event streams arrive unchanged; the page has no key."""
    async with (
        AssistantsServer(api_key="the-key", record_bodies=True) as server,
        AssistantsClient(base_url=server.base_url, api_key="the-key") as client,
        inspecting(client) as (address, session),
    ):
        async with session.get(f"{address}/page/settings.json") as answer:
            told = await answer.text()
            assert json.loads(told) == {"api": "v1", "server": server.base_url, "client": "AssistantsClient()"}
        form = aiohttp.FormData({"purpose": "assistants"})
        form.add_field("file", b"\x00\xffbytes", filename="a.bin")
        async with session.post(f"{address}/v1/files", data=form) as answer:
            file = await answer.json()
            assert (answer.status, file["bytes"], file["filename"]) == (200, 7, "a.bin")
        async with session.get(f"{address}/v1/files/{file['id']}/content") as answer:
            assert await answer.read() == b"\x00\xffbytes"
            assert answer.headers["content-type"] == "application/octet-stream"
            assert answer.headers["content-disposition"] == "attachment"
            assert "sandbox" in answer.headers["content-security-policy"]
        async with session.post(f"{address}/v1/assistants", json={"model": "m", "metadata": {"a": "ä"}}) as answer:
            assistant = await answer.json()
            assert assistant["metadata"] == {"a": "ä"}
        body: Any = {
            "assistant_id": assistant["id"],
            "stream": True,
            "thread": {"messages": [{"role": "user", "content": "hi"}]},
        }
        async with session.post(f"{address}/v1/threads/runs", json=body) as answer:
            assert answer.content_type == "text/event-stream"
            text = await answer.text()
        assert text.startswith("event: thread.created\n")
        assert text.rstrip().endswith("data: [DONE]")
        async with session.get(f"{address}/v1/threads", params={"limit": "1", "order": "asc"}) as answer:
            threads = (await answer.json())["data"]
            assert len(threads) == 1
        thread = threads[0]["id"]
        async with session.get(f"{address}/v1/threads/{thread}/runs") as answer:
            run = (await answer.json())["data"][0]["id"]
        query = [("include[]", "step_details.tool_calls[*].file_search.results[*].content"), ("limit", "5")]
        async with session.get(f"{address}/v1/threads/{thread}/runs/{run}/steps", params=query) as answer:
            assert answer.status == 200
        assert "include[]=" in server.requests[-1].query


async def test_errors_go_through_as_they_are() -> None:
    """Status, words and code of the server, whatever the client would make of them."""
    async with (
        AssistantsServer(api_key="the-key") as server,
        AssistantsClient(base_url=server.base_url, api_key="a-wrong-key", retry=None) as client,
        inspecting(client) as (address, session),
        session.get(f"{address}/v1/threads/thread_none") as answer,
    ):
        assert answer.status == 401
        assert (await answer.json())["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/models", 404),
        ("POST", "/v1/chat/completions", 404),
        ("GET", "/v1/assistants/a/files", 404),
        ("GET", "/v1/../admin", 404),
        ("DELETE", "/v1/threads", 405),
        ("GET", "/v1/threads/..%2f..%2fadmin", 400),
        ("GET", "/v1/threads/%2E%2E", 400),
        ("GET", "/admin", 404),
    ],
)
async def test_nothing_but_the_protocol_is_sent_on(wire: Wire, method: str, path: str, status: int) -> None:
    """Other paths, of protocol v1 alone too, and ids that lead elsewhere never reach the server."""
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY) as client,
        inspecting(client) as (address, session),
        session.request(method, yarl.URL(address + path, encoded=True)) as answer,
    ):
        assert answer.status == status
        assert (await answer.json())["error"]["message"]
    assert wire.seen == []


async def test_a_body_that_is_no_object_is_refused(wire: Wire) -> None:
    """Before anything is sent."""
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY) as client,
        inspecting(client) as (address, session),
    ):
        for body, said in ((b"{", "The body is no JSON"), (b"[1]", "The body must be a JSON object.")):
            async with session.post(f"{address}/v1/threads", data=body) as answer:
                assert answer.status == 400
                assert (await answer.json())["error"]["message"].startswith(said)
    assert wire.seen == []


async def test_foreign_pages_are_not_answered(wire: Wire) -> None:
    """A name that is not this machine's, and a page of another origin: they would have the key's power."""
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY) as client,
        inspecting(client) as (address, session),
    ):
        for headers in ({"host": "attacker.example"}, {"origin": "https://attacker.example"}):
            for path in ("/", "/v1/threads"):
                async with session.get(address + path, headers=headers) as answer:
                    assert answer.status == 403
    assert wire.seen == []


async def test_a_page_of_the_server_does_not_run_here(wire: Wire) -> None:
    """HTML of the server behind arrives as bytes to save, so that it is no page of this origin."""
    wire.answer(raw(b"<script>alert(1)</script>", content_type="text/html"))
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY) as client,
        inspecting(client) as (address, session),
        session.get(f"{address}/v1/threads") as answer,
    ):
        assert answer.content_type == "application/octet-stream"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert await answer.read() == b"<script>alert(1)</script>"


async def test_a_server_that_is_gone_is_a_sentence(unused_tcp_port: int) -> None:
    """With a 502, and without the key."""
    async with (
        AssistantsClient(base_url=f"http://127.0.0.1:{unused_tcp_port}/v1", api_key="the-key", retry=None) as client,
        inspecting(client) as (address, session),
        session.get(f"{address}/v1/threads") as answer,
    ):
        assert answer.status == 502
        text = await answer.text()
    assert "The server cannot be asked: " in text
    assert "the-key" not in text


async def test_a_stream_that_breaks_off_does_so_here_too(wire: Wire) -> None:
    """What came is passed on, and then the connection is cut: it never looks whole."""
    start = b"event: thread.run.created\ndata: {}\n\n"
    wire.answer(then_cut(head(headers={"content-type": "text/event-stream", "content-length": "999"}) + start))
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None) as client,
        inspecting(client) as (address, session),
        session.post(f"{address}/v1/threads/t/runs", json={"assistant_id": "a", "stream": True}) as answer,
    ):
        assert await answer.content.readexactly(len(start)) == start
        with pytest.raises(aiohttp.ClientError):
            await answer.content.read()


async def test_a_port_that_is_taken_is_an_error(wire: Wire) -> None:
    """The inspector is closed then, and listens nowhere."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY) as client:
        inspector = Inspector(client, PAGE)
        with pytest.raises(OSError, match="address already in use"):
            await inspector.start(int(wire.base_url.split(":")[2].split("/")[0]))
        await inspector.close()
