"""The same answers of a backend over each store: runs, messages, steps, events and requests are those of memory."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, Thread
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend, RawAnswer, error_answer
from assistants_async.workflows.runs.channel import RunChannel
from tests.server.backend.test_chat import ENDS, FORMS, PASSING, REFUSALS
from tests.support.backend_home import FUNCTION, HI, home, sse
from tests.support.stores import ENGINES

TALE = "It was a dark and stormy night. " * 40
SCRIPTS: Mapping[str, Sequence[ChatAnswer | RawAnswer]] = {
    **{f"form: {name}": [answer] for name, answer in FORMS.items()},
    **{f"end: {name}": [answer] for name, (answer, _) in ENDS.items()},
    **{f"refusal: {name}": [answer] for name, (answer, _) in REFUSALS.items()},
    **{f"passing: {name}": [answer, ChatAnswer(text="Hello")] for name, answer in PASSING.items()},
    "a long text": [ChatAnswer(text=TALE)],
    "a surrogate's place and a zero": [RawAnswer(pieces=[sse(HI[0], HI[1].replace("H", "\\u0000\U0001f327"), HI[3])])],
    "no usage": [ChatAnswer(text="One two", usage=None)],
    "calls": [ChatAnswer(calls=[("f", {"x": 1}), ("f", {"x": 2})]), ChatAnswer(text="Done.")],
    "words and calls": [ChatAnswer(text="One moment.", calls=[("f", {})]), ChatAnswer(text="Done.", usage=(20, 7))],
    "two rounds": [ChatAnswer(calls=[("f", {})]), ChatAnswer(calls=[("f", '{"a": ')]), ChatAnswer(text="Done.")],
    "calls and a refusal": [ChatAnswer(calls=[("f", {})]), error_answer(400, "no")],
    "a search": [ChatAnswer(calls=[("file_search", {"queries": ["Oslo"]})]), ChatAnswer(text="Rain 【1:0†w.txt】.")],
}
"""Answers to a run, in order; a run that asks for outputs gets them."""

_Story = dict[str, Any]


@pytest.mark.parametrize("engine", [name for name in ENGINES if name != "memory"])
async def test_a_store_changes_nothing_of_a_run(engine: str, tmp_path: Path) -> None:
    """Status, error, texts, steps, usage, order of events, and what the backend got, in the thread's second run too."""
    async with (
        ENGINES["memory"](tmp_path) as plain,
        ENGINES[engine](tmp_path) as kept,
        home([], store=plain) as first,
        home([], store=kept) as second,
    ):
        stores = [await _library(client) for _, client in (first, second)]
        for name, answers in SCRIPTS.items():
            wanted, found = [
                await _story(*one, answers, store_id) for one, store_id in zip((first, second), stores, strict=True)
            ]
            assert found == wanted, name


async def _library(client: AssistantsClient) -> str:
    file = await client.files.create(file=b"Rain in Oslo.", filename="w.txt", purpose="assistants")
    store = await client.vector_stores.create()
    await client.vector_stores.files.create(store, file_id=file).poll()
    return store.id


async def _story(
    backend: ChatBackend, client: AssistantsClient, answers: Sequence[ChatAnswer | RawAnswer], store_id: str
) -> _Story:
    """Everything that a client and the backend see of a run, and of the next one in its thread, without ids."""
    backend.requests.clear()
    backend.answers[:] = answers
    assistant = await client.assistants.create(
        model="gpt-4o",
        tools=[FUNCTION, {"type": "file_search"}],
        tool_resources={"file_search": {"vector_store_ids": [store_id]}},
    )
    thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
    events: list[str] = []
    run = await _told(client.runs.create(thread, assistant_id=assistant).stream(), events)
    while run.status == "requires_action":
        outputs: Any = [{"tool_call_id": call.id, "output": "1"} for call in run.tool_calls]
        run = await _told(client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs).stream(), events)
    first = await _objects(client, thread, run)
    await client.messages.create(thread, role="user", content="And then?")
    backend.answers[:] = [ChatAnswer(text="The end.")]
    second = await _told(client.runs.create(thread, assistant_id=assistant).stream(), [])
    assert second.status == "completed"
    return {
        **first,
        "events": [name for name, _ in groupby(events)],
        "requests": [_without_ids(request) for request in backend.requests],
    }


async def _told(channel: RunChannel, events: list[str]) -> Run:
    """The run at the end of a stream, whose events are named; deltas in a row count once, as stores join them."""
    async with channel:
        events += [event.event async for event in _all(channel)]
        return await channel.final_run()


async def _all(channel: RunChannel) -> AsyncIterator[Any]:
    async for event in channel:
        yield event


async def _objects(client: AssistantsClient, thread: Thread, run: Run) -> _Story:
    stored = (await client.runs.retrieve(thread, run)).to_dict()
    messages = [message.to_dict() for message in await client.messages.list(thread, order="asc").collect()]
    steps = [step.to_dict() for step in await client.steps.list(thread, run, order="asc").collect()]
    return {
        "run": _bare(stored),
        "messages": [(_bare(message), [part["type"] for part in message["content"]]) for message in messages],
        "texts": [part["text"]["value"] for m in messages for part in m["content"] if part["type"] == "text"],
        "steps": [_bare(step) for step in steps],
        "calls": [call.get("function") for step in steps for call in step["step_details"].get("tool_calls", [])],
    }


def _without_ids(request: Mapping[str, Any]) -> str:
    """A request as text; ids of the server's own calls differ, where the backend gave an id twice."""
    return re.sub(r"call_\w{8,}", "call_ours", json.dumps(request))


def _bare(document: Mapping[str, Any]) -> _Story:
    """The members of a document that have neither an id nor a time."""
    kept = ("object", "status", "type", "role", "last_error", "incomplete_details", "usage", "model", "instructions")
    return {name: document[name] for name in kept if name in document}
