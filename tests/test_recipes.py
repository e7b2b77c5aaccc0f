"""The README's web recipes, driven: what a browser gets is what the server sent."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from aiohttp import web

from assistants_async import AssistantsClient, RunChannel

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


async def made(marker: str, client: AssistantsClient) -> tuple[Any, str]:
    """The application of the block that holds a marker, and a path that answers on a thread."""
    (block,) = [block for block in BLOCKS if marker in block]
    assistant = await client.assistants.create(model="gpt-4o")
    thread = await client.threads.create(messages=[{"role": "user", "content": "Say it"}])
    names: dict[str, Any] = {"client": client, "assistant": assistant}
    exec(compile(block, "README.md", "exec", dont_inherit=True), names)
    return names["app"], f"/threads/{thread.id}/answer"


async def said(body: AsyncIterator[bytes]) -> tuple[str, str | None]:
    """The text in a body of events, and how its run ended."""
    async with RunChannel.from_sse(body) as channel:
        text = "".join([piece async for piece in channel.text()])
    return text, channel.run.status if channel.run else None


async def test_fastapi_passes_the_events_on(assistants_client: AssistantsClient) -> None:
    """As `text/event-stream`, to be read back as the same run."""
    app, path = await made("StreamingResponse", assistants_client)
    transport = httpx.ASGITransport(app=app)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://app.example") as browser,
        browser.stream("POST", path) as response,
    ):
        assert response.headers["content-type"].startswith("text/event-stream")
        assert await said(response.aiter_bytes()) == ("Echo: Say it", "completed")


async def test_aiohttp_passes_the_events_on(assistants_client: AssistantsClient) -> None:
    """Over a real connection."""
    app, path = await made("web.StreamResponse", assistants_client)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as browser, browser.post(f"http://127.0.0.1:{port}{path}") as response:
            assert response.content_type == "text/event-stream"
            assert await said(response.content.iter_any()) == ("Echo: Say it", "completed")
    finally:
        await runner.cleanup()
