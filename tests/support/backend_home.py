"""A server in front of a scripted backend, for tests of runs that a model answers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from assistants_async import AssistantsClient, Message, Run, RunStep, Thread
from assistants_async.server import AssistantsServer
from assistants_async.server.backend.chat import ChatCompletions
from assistants_async.server.storage.interface import Store
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend, RawAnswer

FUNCTION: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
KEY = "backend-key-0001"


@dataclass
class Ended:
    """A run at its end, with the objects of its thread."""

    run: Run
    message: Message | None
    steps: list[RunStep]
    backend: ChatBackend

    @property
    def error(self) -> tuple[str | None, str | None]:
        """Code and message of the run's error."""
        assert self.run.last_error is not None
        return self.run.last_error.code, self.run.last_error.message

    @property
    def shown(self) -> tuple[str | None, str | None, str | None]:
        """Status of the run, and text and status of its message."""
        own = self.message if self.message is not None and self.message.role == "assistant" else None
        return (self.run.status, None, None) if own is None else (self.run.status, own.text, own.status)


@asynccontextmanager
async def home(
    answers: Sequence[ChatAnswer | RawAnswer], *, store: Store | None = None, **settings: Any
) -> AsyncIterator[tuple[ChatBackend, AssistantsClient]]:
    """A server whose runs the scripted backend answers."""
    async with ChatBackend(answers) as backend:
        responder = ChatCompletions(backend.url, api_key=KEY, **{"timeout": 30.0, **settings})
        async with (
            AssistantsServer(responder=responder, store=store, pace=0.001) as server,
            AssistantsClient(base_url=server.base_url, api_key="key") as client,
        ):
            yield backend, client
        await responder.close()


async def thread_and_run(
    client: AssistantsClient, *tools: Any, interval: float | None = None, **run: Any
) -> tuple[Thread, Run]:
    """A thread that says hello, and its run at an end."""
    assistant = await client.assistants.create(model="gpt-4o", tools=list(tools))
    thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
    return thread, await client.runs.create(thread, assistant_id=assistant, **run).poll(raise_on=(), interval=interval)


async def played(
    *answers: ChatAnswer | RawAnswer, tools: Sequence[Any] = (), settings: Any = None, **run: Any
) -> Ended:
    """A run over these answers."""
    async with home(answers, **(settings or {})) as (backend, client):
        thread, ended = await thread_and_run(client, *tools, **run)
        message = await client.messages.list(thread).first()
        steps = await client.steps.list(thread, ended, order="asc").collect()
    return Ended(ended, message, steps, backend)


def chunk(finish: str | None = None, **delta: Any) -> str:
    """One chunk as JSON."""
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}, ensure_ascii=False)


def sse(*chunks: str, end: str = "\n\n", done: bool = True) -> bytes:
    """Chunks as events."""
    return "".join(f"data: {one}{end}" for one in (*chunks, *(["[DONE]"] if done else []))).encode()


HI = (chunk(role="assistant", content=""), chunk(content="Hé"), chunk(content="llo"), chunk("stop"))
