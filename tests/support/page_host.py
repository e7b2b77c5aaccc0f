"""A server with the page, in a thread of its own, so that a browser can be driven beside it."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from assistants_async import Assistant, AssistantsClient, Run, Thread
from assistants_async.server import AssistantsServer
from assistants_async.testing.faults import FaultyServer, Rule

T = TypeVar("T")

WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Name of the city"},
                "unit": {"type": "string"},
            },
            "required": ["city"],
        },
    },
}
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
GUIDE = b"# Bergen\n\nIt often rains in Bergen: on more than 200 days of the year.\n"


@dataclass
class Host:
    """The server as a test has it."""

    loop: asyncio.AbstractEventLoop
    client: AssistantsClient
    base_url: str
    server: AssistantsServer
    faulty: FaultyServer

    def do(self, work: Callable[[AssistantsClient], Awaitable[T]]) -> T:
        """Do something with the client in the thread of the server."""

        async def done() -> T:
            return await work(self.client)

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(120)

    def thread(self, *texts: str, **keywords: Any) -> Thread:
        """Make a thread with messages of the user."""
        messages: Any = [{"role": "user", "content": text} for text in texts]
        return self.do(lambda client: client.threads.create(messages=messages, **keywords))

    def assistant(self, **keywords: Any) -> Assistant:
        """Make an assistant."""
        return self.do(lambda client: client.assistants.create(**{"model": "gpt-4o", "name": "Clerk"} | keywords))

    def run(self, thread: Thread, assistant: Assistant, until: str, **keywords: Any) -> Run:
        """Make a run, and wait for one of its states."""

        async def made(client: AssistantsClient) -> Run:
            run = await client.runs.create(thread, assistant_id=assistant, **keywords)
            while run.status != until:
                await asyncio.sleep(0.005)
                run = await client.runs.retrieve(thread, run)
            return run

        return self.do(made)

    def store(self, name: str = "Guides") -> tuple[str, str]:
        """Make a vector store with a guide in it, and return its id and the file's."""

        async def made(client: AssistantsClient) -> tuple[str, str]:
            file = await client.files.create(file=GUIDE, filename="bergen.md", purpose="assistants")
            store = await client.vector_stores.create(name=name, file_ids=[file])
            while (await client.vector_stores.retrieve(store)).status != "completed":
                await asyncio.sleep(0.005)
            return store.id, file.id

        return self.do(made)


@contextmanager
def hosting(*rules: Rule, api_key: str | None = None, **settings: Any) -> Iterator[Host]:
    """Serve the page; with rules, from behind a server that plays their faults."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = AsyncExitStack()

    async def start() -> Host:
        server = await stack.enter_async_context(AssistantsServer(page=True, api_key=api_key, **settings))
        faulty = await stack.enter_async_context(FaultyServer(server, rules))
        query = {"api-version": "v1"} if "dialect" in settings else {}
        client = AssistantsClient(base_url=server.base_url, api_key=api_key or "any", query=query)
        base_url = faulty.base_url if rules else server.base_url
        return Host(loop, await stack.enter_async_context(client), base_url, server, faulty)

    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def operations(host: Host) -> Sequence[str | None]:
    """Return the operations of the latest requests, oldest first."""
    return [record.operation for record in host.server.requests]
