"""Requests as openai-python 2.54 and 1.20 write them, as recorded, to a server before a model, over each store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest

from assistants_async.server import AssistantsServer, ChatCompletions
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend, RawAnswer, Silence
from tests.support.backend_home import HI, sse
from tests.support.steady_loop import MS
from tests.support.stores import ENGINES
from tests.support.talk import WEATHER, Document, outputs_for, parse, path_of

_PLATFORM = (
    "X-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\nX-Stainless-Runtime: CPython\r\n"
    "X-Stainless-Runtime-Version: 3.11.7\r\n"
)
_BOUNDARY = "71a8e2a77d16f56768d5da2b567a63b6"
_FORM = (
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
    f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="rain.md"\r\n'
    f"Content-Type: text/markdown\r\n\r\nIt rains in Bergen.\r\n--{_BOUNDARY}--\r\n"
)


class Client(NamedTuple):
    """The form of a client's requests."""

    protocol: str
    head: str
    tail: str
    separators: tuple[str, str]

    def write(self, method: str, target: str, body: Any = None, *helpers: str) -> bytes:
        """Write a request; a form is given as text, and other bodies as values."""
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:8000", "Accept-Encoding: gzip, deflate"]
        lines += ["Connection: keep-alive", *self.head.split("\r\n")[:-1], *helpers]
        if isinstance(body, str):
            lines += [f"Content-Type: multipart/form-data; boundary={_BOUNDARY}"]
        else:
            lines += ["Content-Type: application/json", f"OpenAI-Beta: assistants={self.protocol}"]
        data = "" if body is None else body if isinstance(body, str) else json.dumps(body, separators=self.separators)
        lines += [*self.tail.split("\r\n")[:-1], *([] if method == "GET" else [f"Content-Length: {len(data)}"])]
        return ("\r\n".join(lines) + "\r\n\r\n" + data).encode()


CLIENTS: Mapping[str, Client] = {
    "openai-python 2.54": Client(
        "v2",
        "Authorization: Bearer key\r\nAccept: application/json\r\nUser-Agent: OpenAI/Python 2.54.0\r\n"
        f"X-Stainless-Lang: python\r\nX-Stainless-Package-Version: 2.54.0\r\n{_PLATFORM}X-Stainless-Async: false\r\n",
        "x-stainless-retry-count: 0\r\nx-stainless-read-timeout: 600\r\n",
        (",", ":"),
    ),
    "openai-python 1.20": Client(
        "v1",
        "Accept: application/json\r\nUser-Agent: OpenAI/Python 1.20.0\r\nX-Stainless-Lang: python\r\n"
        f"X-Stainless-Package-Version: 1.20.0\r\n{_PLATFORM}Authorization: Bearer key\r\nX-Stainless-Async: false\r\n",
        "",
        (", ", ": "),
    ),
}
POLL = ("X-Stainless-Poll-Helper: true", "X-Stainless-Custom-Poll-Interval: 50")
STREAM = ("X-Stainless-Stream-Helper: threads.runs.create_and_stream", "X-Stainless-Custom-Event-Handler: false")


class Caller:
    """One kept connection of a client."""

    def __init__(self, client: Client, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.client = client
        self._reader = reader
        self._writer = writer

    async def send(self, method: str, path: str, body: Any = None, *helpers: str) -> bytes:
        """Send a request and read the body of its answer."""
        self._writer.write(self.client.write(method, f"/v1{path}", body, *helpers))
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 200 ok\r\n"), head
        if "content-length: " in head:
            return await self._reader.readexactly(int(head.split("content-length: ")[1].split("\r\n")[0]))
        read = b""
        while size := int(await self._reader.readline(), 16):
            read += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readline()
        return read

    async def __call__(self, method: str, path: str, body: Any = None, *helpers: str) -> Document:
        """Send a request and decode its answer."""
        document: Document = json.loads(await self.send(method, path, body, *helpers))
        return document

    async def stream(self, path: str, body: Any) -> list[tuple[str, Any]]:
        """Send a request for a stream and part it into events."""
        return parse(await self.send("POST", path, {**body, "stream": True}, *STREAM))

    async def until(self, run: Document, *statuses: str) -> Document:
        """Poll a run as the client's helpers do."""
        while (run := await self("GET", path_of(run), None, *POLL))["status"] not in statuses:
            await asyncio.sleep(MS)
        return run


@asynccontextmanager
async def calling(client: Client, engine: str, folder: Path) -> AsyncIterator[tuple[ChatBackend, Caller]]:
    """A server before a model and this store, with a client's connection to it."""
    async with ENGINES[engine](folder) as store, ChatBackend() as backend:
        responder = ChatCompletions(backend.url, timeout=30.0)
        async with AssistantsServer(responder=responder, store=store, pace=0.001) as server:
            url = urlsplit(server.base_url)
            reader, writer = await asyncio.open_connection(url.hostname, url.port)
            try:
                yield backend, Caller(client, reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()


def text_of(message: Document) -> str:
    """The text of a message."""
    text: str = message["content"][0]["text"]["value"]
    return text


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_runs(client: Client, engine: str, tmp_path: Path) -> None:
    """Polled, streamed, through two kinds of tool rounds, and cancelled."""
    async with calling(client, engine, tmp_path) as (backend, call):
        assistant = {"assistant_id": (await call("POST", "/assistants", {"model": "gpt-4o", "tools": [WEATHER]}))["id"]}
        thread = (await call("POST", "/threads", {"messages": [{"role": "user", "content": "Hello"}]}))["id"]
        runs, messages = f"/threads/{thread}/runs", f"/threads/{thread}/messages"

        backend.answers[:] = [ChatAnswer(text="Hello you")]
        run = await call.until(await call("POST", runs, {**assistant, "stream": False}), "completed")
        assert run["usage"]["total_tokens"] == 15
        await call("POST", messages, {"content": "more", "role": "user"})
        backend.answers[:] = [ChatAnswer(text="Once more")]
        events = await call.stream(runs, assistant)
        assert [name for name, _ in events if not name.startswith("thread.message")] == [
            *("thread.run.created", "thread.run.queued", "thread.run.in_progress"),
            *("thread.run.step.created", "thread.run.step.in_progress", "thread.run.step.completed"),
            *("thread.run.completed", "done"),
        ]

        backend.answers[:] = [ChatAnswer(calls=[("get_weather", {"city": "Oslo"})]), ChatAnswer(text="It is cold.")]
        run = await call.until(await call("POST", runs, assistant), "requires_action")
        run = await call("POST", path_of(run) + "/submit_tool_outputs", outputs_for(run, "cold"))
        await call.until(run, "completed")
        backend.answers[:] = [ChatAnswer(calls=[("get_weather", {})]), ChatAnswer(text="It is warm.")]
        name, run = (await call.stream(runs, assistant))[-2]
        assert name == "thread.run.requires_action"
        events = await call.stream(path_of(run) + "/submit_tool_outputs", outputs_for(run, "warm"))
        assert [name for name, _ in events][:2] == ["thread.run.step.completed", "thread.run.queued"]
        assert [name for name, _ in events][-2:] == ["thread.run.completed", "done"]

        backend.answers[:] = [RawAnswer(pieces=[sse(*HI[:2], done=False), Silence()])]
        run = await call("POST", runs, assistant)
        while not backend.open:
            await asyncio.sleep(MS)
        assert (await call("POST", path_of(run) + "/cancel"))["status"] == "cancelling"
        await call.until(run, "cancelled")
        page = await call("GET", f"{messages}?limit=4&order=asc")
        rest = await call("GET", f"{messages}?limit=4&order=asc&after={page['last_id']}")
        texts = [text_of(message) for message in (*page["data"], *rest["data"])]
        assert texts[:6] == ["Hello", "Hello you", "more", "Once more", "It is cold.", "It is warm."]
        assert (await call("DELETE", f"/threads/{thread}"))["deleted"] is True


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_files(client: Client, engine: str, tmp_path: Path) -> None:
    """Up as a form and down as bytes; with vector stores that a model searches, or as a file of an assistant."""
    async with calling(client, engine, tmp_path) as (backend, call):
        file = await call("POST", "/files", _FORM)
        assert (file["filename"], file["bytes"]) == ("rain.md", 19)
        assert await call.send("GET", f"/files/{file['id']}/content") == b"It rains in Bergen."
        assert [one["id"] for one in (await call("GET", "/files"))["data"]] == [file["id"]]
        if client.protocol == "v1":
            assistant = await call("POST", "/assistants", {"model": "gpt-4o", "file_ids": [file["id"]]})
            assert (await call("GET", f"/assistants/{assistant['id']}/files"))["data"][0]["id"] == file["id"]
        else:
            store = (await call("POST", "/vector_stores", {"name": "s"}))["id"]
            held = await call("POST", f"/vector_stores/{store}/files", {"file_id": file["id"]})
            while held["status"] == "in_progress":
                held = await call("GET", f"/vector_stores/{store}/files/{file['id']}", None, *POLL)
            found = await call("POST", f"/vector_stores/{store}/search", {"query": "Bergen"})
            assert (held["status"], found["data"][0]["filename"]) == ("completed", "rain.md")
            searched = {"file_search": {"vector_store_ids": [store]}}
            body = {"model": "gpt-4o", "tools": [{"type": "file_search"}], "tool_resources": searched}
            assistant = await call("POST", "/assistants", body)
            searching = ChatAnswer(calls=[("file_search", {"queries": ["Bergen"]})])
            backend.answers[:] = [searching, ChatAnswer(text="Rain 【1:0†rain.md】.")]
            asked = {"messages": [{"role": "user", "content": "Does it rain?"}]}
            events = await call.stream("/threads/runs", {"assistant_id": assistant["id"], "thread": asked})
            message = next(data for name, data in events if name == "thread.message.completed")
            (cited,) = message["content"][0]["text"]["annotations"]
            assert cited["file_citation"]["file_id"] == file["id"]
        assert (await call("DELETE", f"/files/{file['id']}"))["deleted"] is True
