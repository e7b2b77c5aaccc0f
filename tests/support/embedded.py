"""An embedded server with a script, a client of it, and a thread that a run can start on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from assistants_async import Assistant, AssistantsClient, Run, RunCall, Thread
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import AssistantsServer, ScriptedResponder
from assistants_async.server.engine.actions import Action
from assistants_async.tools import Toolbox
from tests.support.http_server import Peer, Seen, Wire, answer, failure
from tests.support.steady_loop import MS

GRACE = 1000 * MS
"""Seconds that a test gives a server for cancelling a run."""


def get_weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: The city.
    """
    return f"sunny in {city}"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


TOOLS = Toolbox([get_weather, add])


@dataclass
class Served:
    """All that a test of a run needs."""

    server: AssistantsServer
    client: AssistantsClient
    responder: ScriptedResponder
    assistant: Assistant
    thread: Thread

    def start(self, **keywords: Any) -> RunCall:
        """A new run on the thread."""
        return self.client.runs.create(self.thread, assistant_id=self.assistant, **keywords)

    async def runs(self) -> list[Run]:
        """The thread's runs, oldest first."""
        return await self.client.runs.list(self.thread, order="asc").collect()

    async def status(self) -> str | None:
        """The state of the last run, once it is no longer in between."""
        while (run := (await self.runs())[-1]).status == "cancelling":
            await asyncio.sleep(MS)
        return run.status

    def sent(self, operation: str) -> int:
        """The number of requests of an operation so far."""
        return sum(record.operation == operation for record in self.server.requests)


@contextlib.asynccontextmanager
async def serving(
    *turns: Action | Sequence[Action], protocol: ProtocolVersion = "v2", pace: float = MS, **settings: Any
) -> AsyncIterator[Served]:
    """Serve a script."""
    responder = ScriptedResponder(turns)
    async with (
        AssistantsServer(
            responder=responder, seed=0, pace=pace, protocol=protocol, record_bodies=True, **settings
        ) as server,
        AssistantsClient(base_url=server.base_url, api_key="test", protocol=protocol) as client,
    ):
        assistant = await client.assistants.create(model="m", tools=TOOLS.definitions)
        thread = await client.threads.create(messages=[{"role": "user", "content": "hi"}])
        yield Served(server, client, responder, assistant, thread)


class Server:
    """A server of one run, whose answers to each kind of request are a script; the last one is given on and on."""

    def __init__(self, wire: Wire, **answers: list[Any]) -> None:
        self._answers = answers
        self.polls = 0
        """The number of requests for the run."""
        self.cancels = 0
        """The number of cancellations."""
        self.outputs: list[Any] = []
        """The outputs in each submission."""
        self.submissions: list[Any] = []
        """The bodies of the submissions."""
        wire.answer(self)

    async def __call__(self, seen: Seen, peer: Peer) -> None:
        """Answer one request."""
        kind = _kind(seen)
        self.polls += kind == "get"
        self.cancels += kind == "cancel"
        if kind == "submit":
            self.submissions.append(seen.json)
            self.outputs.append(seen.json.get("tool_outputs"))
        script = self._answers.get(kind) or [failure(404, f"no answer for {seen.method} {seen.path}")]
        one = script.pop(0) if len(script) > 1 else script[0]
        if callable(one):
            await one(seen, peer)
        elif isinstance(one, bytes):
            await peer.send(one)
        else:
            await peer.send(answer(one, openai_poll_after_ms="1"))


def _kind(seen: Seen) -> str:
    last = seen.path.rpartition("/")[2]
    if last in ("cancel", "steps", "messages"):
        return last
    if last == "submit_tool_outputs":
        return "submit"
    return "create" if seen.method == "POST" else "get"


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    """A page."""
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {}
    return {"object": "list", "data": list(items), **ends, "has_more": False}


def required_calls(*calls: tuple[str, str, str]) -> dict[str, Any]:
    """The `required_action` of a run: ids, names and arguments of calls."""
    wanted = [
        {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}
        for call_id, name, arguments in calls
    ]
    return {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": wanted}}


def drop(call: object) -> None:
    """Close a coroutine that is never awaited."""
