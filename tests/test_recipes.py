"""The recipes of the guides, driven by browsers, over broken runs and for a thousand threads."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx
import pytest
from aiohttp import web
from starlette.websockets import WebSocketDisconnect

from assistants_async import AssistantsClient, RunChannel
from assistants_async.server import AssistantsServer, Fail, Say, ScriptedResponder
from tests.support.pages import PAGES, blocks
from tests.support.steady_loop import MS

BLOCKS = [block for text in PAGES.values() for block in blocks(text)]

ASK = '/call get_weather {"city": "Rome"}'


async def ran(marker: str, client: AssistantsClient) -> dict[str, Any]:
    """The names of the block with a marker, run for a client, with an assistant and a thread."""
    (block,) = [block for block in BLOCKS if marker in block]
    assistant = await client.assistants.create(model="gpt-4o")
    thread = await client.threads.create(messages=[{"role": "user", "content": "Say it"}])
    names: dict[str, Any] = {"client": client, "assistant": assistant, "thread": thread, "__name__": "page"}
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    if (waiting := eval(compile(block, "page.md", "exec", flags, dont_inherit=True), names)) is not None:
        await waiting
    return names


def browser_of(app: Any) -> httpx.AsyncClient:
    """A browser of an ASGI application."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://app.example")


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """The address of an application of aiohttp.web, over a real connection."""
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def said(body: AsyncIterator[bytes]) -> tuple[str, str | None]:
    """The text in a body of events, and how its run ended."""
    async with RunChannel.from_sse(body) as channel:
        text = "".join([piece async for piece in channel.text()])
    return text, channel.run.status if channel.run else None


async def test_fastapi_passes_the_events_on(assistants_client: AssistantsClient) -> None:
    """As `text/event-stream`, to be read back as the same run."""
    names = await ran("StreamingResponse", assistants_client)
    path = f"/threads/{names['thread'].id}/answer"
    async with browser_of(names["app"]) as browser, browser.stream("POST", path) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert await said(response.aiter_bytes()) == ("Echo: Say it", "completed")


async def test_fastapi_refuses_a_thread_that_is_not_there(assistants_client: AssistantsClient) -> None:
    """Before the stream begins, with the server's words."""
    names = await ran("StreamingResponse", assistants_client)
    async with browser_of(names["app"]) as browser:
        refused = await browser.post("/threads/thread_gone/answer")
    assert refused.status_code == 404
    assert "thread_gone" in refused.json()["detail"]


async def test_aiohttp_refuses_a_thread_that_is_not_there(assistants_client: AssistantsClient) -> None:
    """The same."""
    names = await ran("channel.sse():\n                await response.write", assistants_client)
    async with served(names["app"]) as site, aiohttp.ClientSession(site) as browser:
        refused = await browser.post("/threads/thread_gone/answer")
        assert (refused.status, "thread_gone" in await refused.text()) == (404, True)


async def test_aiohttp_passes_the_events_on(assistants_client: AssistantsClient) -> None:
    """Over a real connection."""
    names = await ran("channel.sse():\n                await response.write", assistants_client)
    path = f"/threads/{names['thread'].id}/answer"
    async with served(names["app"]) as site, aiohttp.ClientSession(site) as browser, browser.post(path) as response:
        assert response.content_type == "text/event-stream"
        assert await said(response.content.iter_any()) == ("Echo: Say it", "completed")


async def test_fastapi_answers_from_a_run_with_tools(assistants_client: AssistantsClient) -> None:
    """Questions that come at once are answered one after the other."""
    names = await ran("HTTPException(504", assistants_client)
    path = f"/threads/{names['thread'].id}/ask"
    async with browser_of(names["app"]) as browser:
        answers = await asyncio.gather(*(browser.post(path, params={"question": ASK}) for _ in range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert all("sunny in Rome" in answer.json()["answer"] and answer.json()["rounds"] == 1 for answer in answers)


async def test_fastapi_says_that_a_run_failed() -> None:
    """As a bad gateway, with the server's reason."""
    responder = ScriptedResponder([Fail("server_error", "out of order")])
    async with AssistantsClient.local(responder=responder) as client:
        names = await ran("HTTPException(504", client)
        async with browser_of(names["app"]) as browser:
            answer = await browser.post(f"/threads/{names['thread'].id}/ask", params={"question": "Hello"})
    assert answer.status_code == 502
    assert "out of order" in answer.json()["detail"]


async def test_aiohttp_answers_from_a_run_with_tools(assistants_client: AssistantsClient) -> None:
    """The text of all rounds."""
    names = await ran("await request.text()", assistants_client)
    path = f"/threads/{names['thread'].id}/ask"
    async with served(names["app"]) as site, aiohttp.ClientSession(site) as browser:
        assert "sunny in Rome" in await (await browser.post(path, data=ASK)).text()


async def test_a_browser_that_goes_away_cancels_the_run() -> None:
    """In the middle of a long answer."""

    async def endless() -> AsyncIterator[str]:
        while True:
            yield "and on "
            await asyncio.sleep(20 * MS)

    async with AssistantsClient.local(responder=ScriptedResponder([Say(endless())])) as client:
        names = await ran("await request.text()", client)
        thread = names["thread"]
        async with served(names["app"]) as site, aiohttp.ClientSession(site) as browser:
            response = await browser.post(f"/threads/{thread.id}/ask", data="Go on")
            await response.content.readany()
            response.close()
            (run,) = (await client.runs.list(thread)).data
            assert (await client.runs.wait(thread, run, deadline=10, raise_on=())).status == "cancelled"


async def test_fastapi_keeps_a_client_for_its_life(
    assistants_server: AssistantsServer, assistants_client: AssistantsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One client from the environment, open while the application runs."""
    monkeypatch.setenv("OPENAI_BASE_URL", assistants_server.base_url)
    names = await ran("lifespan=lifespan", assistants_client)
    app, thread = names["app"], names["thread"]
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": state}, receive, send)  # as a server of ASGI does

        async with browser_of(with_state) as browser:
            assert (await browser.get(f"/threads/{thread.id}")).json() == thread.to_dict()


async def test_aiohttp_keeps_a_client_for_its_life(
    assistants_server: AssistantsServer, assistants_client: AssistantsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One client from the environment, open while the application runs."""
    monkeypatch.setenv("OPENAI_BASE_URL", assistants_server.base_url)
    names = await ran("cleanup_ctx", assistants_client)
    async with served(names["app"]) as site, aiohttp.ClientSession(site) as browser:
        assert await (await browser.get(f"/threads/{names['thread'].id}")).json() == names["thread"].to_dict()


async def test_litestar_passes_the_events_on(assistants_client: AssistantsClient) -> None:
    """As `text/event-stream`; a thread that is not there is refused before the stream begins."""
    names = await ran("from litestar import", assistants_client)
    async with browser_of(names["app"]) as browser:
        async with browser.stream("POST", f"/threads/{names['thread'].id}/answer") as response:
            assert response.status_code == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            assert await said(response.aiter_bytes()) == ("Echo: Say it", "completed")
        refused = await browser.post("/threads/thread_gone/answer")
    assert refused.status_code == 404
    assert "thread_gone" in refused.json()["detail"]


class Socket:
    """The browser's end of a WebSocket of an ASGI application."""

    def __init__(self, app: Any) -> None:
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._got: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._gone = False
        scope = {"type": "websocket", "path": "/talk", "headers": [], "query_string": b"", "subprotocols": []}
        self._sent.put_nowait({"type": "websocket.connect"})
        self.served = asyncio.ensure_future(app(scope, self._sent.get, self._take))
        """The application's work for this socket."""

    async def _take(self, message: dict[str, Any]) -> None:
        if self._gone:
            raise OSError("the browser has gone")
        self._got.put_nowait(message)

    def say(self, text: str) -> None:
        """Send a text."""
        self._sent.put_nowait({"type": "websocket.receive", "text": text})

    async def heard(self) -> Any:
        """Wait for the next text of the application, and read it as JSON."""
        while (message := await self._got.get())["type"] != "websocket.send":
            pass
        return json.loads(message["text"])

    async def leave(self) -> None:
        """Go away, and wait until the application has noticed."""
        self._gone = True
        self._sent.put_nowait({"type": "websocket.disconnect", "code": 1001})
        with contextlib.suppress(WebSocketDisconnect):
            await self.served


async def test_starlette_answers_over_a_websocket(assistants_client: AssistantsClient) -> None:
    """Each question on the thread of the socket, in pieces, then the run's status."""
    names = await ran("WebSocketRoute", assistants_client)
    socket = Socket(names["app"])
    for question in ("One", "Two"):
        socket.say(question)
        text = ""
        while "end" not in (heard := await socket.heard()):
            text += heard["text"]
        assert (text, heard["end"]) == (f"Echo: {question}", "completed")
    await socket.leave()


async def test_a_browser_that_leaves_a_websocket_cancels_the_run() -> None:
    """In the middle of the answer."""
    async with (
        AssistantsServer(responder=ScriptedResponder([Say("a " * 10_000)]), speed=MS) as server,
        AssistantsClient(base_url=server.base_url, api_key="key") as client,
    ):
        names = await ran("WebSocketRoute", client)
        socket = Socket(names["app"])
        socket.say("Go on")
        await socket.heard()
        await socket.leave()
        assert [record.status for record in server.requests if record.operation == "cancelRun"] == [200]


async def test_an_approved_call_is_made(assistants_client: AssistantsClient) -> None:
    """And the run goes on with its output."""
    names = await ran("decisions", assistants_client)
    assert "20.0 paid back for A1" in names["result"].text


async def test_a_call_that_no_one_approved_is_not_made(assistants_client: AssistantsClient) -> None:
    """The model gets the refusal as its output."""
    names = await ran("decisions", assistants_client)
    names["decisions"].clear()
    (call,) = names["run"].tool_calls
    (result,) = await names["toolbox"].answer([call])
    assert "a person refused it" in result.output


async def test_a_batch_of_hundreds_of_threads() -> None:
    """Each is summed up or has its error, and no more than so many runs are alive at a time."""
    async with AssistantsClient.local() as client:
        nightly = (await ran("async def nightly", client))["nightly"]
        made = [client.threads.create(messages=[{"role": "user", "content": str(n)}]) for n in range(300)]
        ids = [thread.id for thread in await asyncio.gather(*made)]
        done = await nightly([*ids, "thread_gone"])
    assert [done[each] for each in ids] == [f"Echo: {n}" for n in range(300)]
    assert "thread_gone" in str(done["thread_gone"])
