"""Protocol v1's `retrieval`: a model searches the files of the assistant and of messages."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async.server import ChatCompletions
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend
from tests.support.talk import Document, Talk, parse, path_of, talking

ANSWERS = (
    ChatAnswer(calls=[("file_search", {"queries": ["Oslo"]})]),
    ChatAnswer(text="It rains 【1:0†w.txt】."),
)


async def file_of(talk: Talk, content: bytes = b"Rain in Oslo.", filename: str = "w.txt") -> str:
    """The id of a new file."""
    return str((await talk.upload(content, filename))["id"])


async def body_with(talk: Talk, place: str, *file_ids: str) -> Document:
    """The body of a run whose assistant, or whose message, has these files."""
    files = {"file_ids": list(file_ids)}
    assistant = await talk.assistant(tools=[{"type": "retrieval"}], **(files if place == "assistant" else {}))
    message: Document = {"role": "user", "content": "Oslo?", **(files if place == "message" else {})}
    return {"assistant_id": assistant["id"], "thread": {"messages": [message]}}


@pytest.mark.parametrize("place", ["assistant", "message"])
@pytest.mark.parametrize("search", ["tool", "inject"])
async def test_retrieval(place: str, search: Any) -> None:
    """The model gets the passages; message, step and deltas have version 1's forms."""
    async with ChatBackend(ANSWERS if search == "tool" else ANSWERS[1:]) as backend:
        responder = ChatCompletions(backend.url, timeout=30.0, file_search=search)
        async with talking(protocol="v1", responder=responder) as talk:
            file_id = await file_of(talk)
            body = await body_with(talk, place, file_id)
            events = parse((await talk("POST", "/threads/runs", {**body, "stream": True})).content)
            run = next(data for name, data in events if name == "thread.run.completed")
            (message, *_) = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]
            steps = (await talk.get(f"{path_of(run)}/steps?order=asc"))["data"]
    sent = backend.requests[-1]["messages"]
    assert any("【1:0†w.txt】\nRain in Oslo." in (one["content"] or "") for one in sent)
    (citation,) = message["content"][0]["text"]["annotations"]
    assert citation["file_citation"] == {"file_id": file_id, "quote": "Rain in Oslo."}
    (call,) = steps[0]["step_details"]["tool_calls"]
    assert call == {"id": call["id"], "type": "retrieval", "retrieval": {}}
    deltas = [data["delta"]["step_details"]["tool_calls"] for name, data in events if name == "thread.run.step.delta"]
    assert deltas == [[{"index": 0, **call}]]
    (completed,) = [
        data for name, data in events if name == "thread.run.step.completed" and data["type"] == "tool_calls"
    ]
    assert completed["step_details"]["tool_calls"] == [call]


async def test_files_that_say_nothing() -> None:
    """One without text, and one that was deleted, have no results; the others are found."""
    async with ChatBackend(ANSWERS) as backend:
        responder = ChatCompletions(backend.url, timeout=30.0)
        async with talking(protocol="v1", responder=responder) as talk:
            names = [await file_of(talk, b"\x00\xff", "a.bin"), await file_of(talk), await file_of(talk, b"Oslo gone.")]
            body = await body_with(talk, "assistant", *names)
            await talk("DELETE", f"/files/{names[2]}")
            run = (await talk("POST", "/threads/runs", body)).document
            await talk.until(run, "completed")
    results = [one["content"] for one in backend.requests[1]["messages"] if one["role"] == "tool"]
    assert results == ["【1:0†w.txt】\nRain in Oslo."]
