"""A plain HTTP voice for the tests: bytes in, documents out, no SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp

from assistants_async.server import AssistantsServer
from tests.support.steady_loop import MS

Document = dict[str, Any]

WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}


class Answer(NamedTuple):
    """An answer: status, headers, and the body as bytes."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def document(self) -> Document:
        """The JSON object in the body."""
        value = json.loads(self.content)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> Document:
        """The vendor's error object."""
        error = self.document["error"]
        assert list(error) == ["message", "type", "param", "code"]
        assert isinstance(error, dict)
        return error

    @property
    def events(self) -> list[tuple[str, Any]]:
        """The server-sent events: name, and the data decoded."""
        return list(parse(self.content))


class Talk:
    """Speaks to one server."""

    def __init__(self, session: aiohttp.ClientSession, server: AssistantsServer, protocol: str | None) -> None:
        self.session = session
        self.server = server
        self.protocol = protocol

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request and read the whole answer; a path that starts with `http` is taken as it is."""
        url = path if path.startswith("http") else self.server.base_url + path
        beta = {"openai-beta": f"assistants={self.protocol}"} if self.protocol else {}
        headers = {**beta, **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        async with self.session.request(method, url, headers=headers, **more) as response:
            return Answer(response.status, response.headers.copy(), await response.read())

    async def make(self, path: str, body: Any = None) -> Document:
        """POST something that must succeed."""
        answer = await self("POST", path, body)
        assert answer.status == 200, answer.content
        return answer.document

    async def get(self, path: str) -> Document:
        """GET something that must be there."""
        answer = await self("GET", path)
        assert answer.status == 200, answer.content
        return answer.document

    async def assistant(self, **members: Any) -> Document:
        """Make an assistant with a function tool."""
        return await self.make("/assistants", {"model": "gpt-4o", "tools": [WEATHER], **members})

    async def thread(self, *texts: str) -> Document:
        """Make a thread with messages of the user."""
        return await self.make("/threads", {"messages": [{"role": "user", "content": text} for text in texts]})

    async def run(self, text: str, **members: Any) -> Document:
        """Start a run on a new thread with one message."""
        return await self.make("/threads/runs", await self.ask(text, **members))

    async def stream(self, text: str, **members: Any) -> list[tuple[str, Any]]:
        """The events of a run on a new thread with one message."""
        answer = await self("POST", "/threads/runs", await self.ask(text, stream=True, **members))
        assert answer.status == 200, answer.content
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        return answer.events

    async def ask(self, text: str, **members: Any) -> Document:
        """The body of a createThreadAndRun with one message."""
        thread = {"messages": [{"role": "user", "content": text}]}
        return {"assistant_id": (await self.assistant())["id"], "thread": thread, **members}

    async def until(self, run: Document, *statuses: str) -> Document:
        """The run when it has one of these statuses."""
        for _ in range(1000):
            run = await self.get(path_of(run))
            if run["status"] in statuses:
                return run
            await asyncio.sleep(MS)
        raise AssertionError(f"the run is {run['status']}, not {statuses}")

    async def upload(self, content: bytes = b"abc", filename: str = "a.txt", purpose: str = "assistants") -> Document:
        """Upload a file."""
        form = aiohttp.FormData({"purpose": purpose}, quote_fields=False)
        form.add_field("file", content, filename=filename)
        answer = await self("POST", "/files", data=form)
        assert answer.status == 200, answer.content
        return answer.document


def path_of(run: Document) -> str:
    """The path of a run."""
    return f"/threads/{run['thread_id']}/runs/{run['id']}"


def outputs_for(run: Document, *outputs: str) -> Document:
    """The body that answers all calls of a run, in their order."""
    calls: Sequence[Document] = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    pairs = zip(calls, outputs, strict=True)
    return {"tool_outputs": [{"tool_call_id": call["id"], "output": output} for call, output in pairs]}


def parse(content: bytes) -> list[tuple[str, Any]]:
    """Part a stream into events; every frame is two lines and ends in LF LF."""
    assert content.endswith(b"\n\n")
    events: list[tuple[str, Any]] = []
    for frame in content.decode().removesuffix("\n\n").split("\n\n"):
        name, data = (line for line in frame.split("\n") if not line.startswith(":"))
        assert name.startswith("event: ")
        assert data.startswith("data: ")
        text = data.removeprefix("data: ")
        events.append((name.removeprefix("event: "), text if text == "[DONE]" else json.loads(text)))
    return events


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a test sees a condition, for which there is no event."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(MS)
    raise AssertionError("it never came true")


@asynccontextmanager
async def talking(*, protocol: str = "v2", **settings: Any) -> AsyncIterator[Talk]:
    """A server with these settings, and a voice that speaks to it."""
    async with (
        AssistantsServer(**{"pace": 0, "seed": 1, **settings}) as server,
        aiohttp.ClientSession() as session,
    ):
        yield Talk(session, server, protocol)
