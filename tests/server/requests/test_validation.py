"""Requests are checked before anything is stored; nulls without a meaning count as absent."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.raw_requests import send
from tests.support.talk import WEATHER, Document, Talk, path_of, talking

SEARCH = [{"type": "file_search"}]
ASK = {"role": "user", "content": "x"}
LONE = {**ASK, "attachments": [{"tools": SEARCH}]}


@pytest.mark.parametrize("place", ["message", "thread", "run", "thread and run"])
async def test_tools_without_a_file(talk: Talk, place: str) -> None:
    """Version 2 lets an attachment have tools and no file: the message is kept once, and nothing is made for it."""
    thread, assistant = await talk.thread(), await talk.assistant()
    path = f"/threads/{thread['id']}"
    if place == "message":
        message = await talk.make(f"{path}/messages", LONE)
        assert message["attachments"] == LONE["attachments"]
    elif place == "thread":
        path = f"/threads/{(await talk.make('/threads', {'messages': [LONE]}))['id']}"
    elif place == "run":
        run = await talk.make(f"{path}/runs", {"assistant_id": assistant["id"], "additional_messages": [LONE]})
        await talk.until(run, "completed")
    else:
        run = await talk.make("/threads/runs", {"assistant_id": assistant["id"], "thread": {"messages": [LONE]}})
        path = f"/threads/{(await talk.until(run, 'completed'))['thread_id']}"
    written = [message for message in (await talk.get(f"{path}/messages"))["data"] if message["role"] == "user"]
    assert len(written) == 1
    assert (await talk.get("/vector_stores"))["data"] == []


@pytest.mark.parametrize("gone", ["deleted", "expired"])
async def test_a_store_that_cannot_be_used(gone: str) -> None:
    """A file for a vector store that is not there any more is refused before its message is kept."""
    now = [time.time()]
    async with talking(clock=lambda: now[0]) as talk:
        file, assistant = await talk.upload(), await talk.assistant()
        expiry = {"anchor": "last_active_at", "days": 1}
        store = await talk.make("/vector_stores", {"expires_after": expiry})
        resources = {"file_search": {"vector_store_ids": [store["id"]]}}
        thread = await talk.make("/threads", {"tool_resources": resources})
        if gone == "deleted":
            await talk("DELETE", f"/vector_stores/{store['id']}")
        else:
            now[0] += 2 * 86_400
        path = f"/threads/{thread['id']}"
        attached = {**ASK, "attachments": [{"file_id": file["id"], "tools": SEARCH}]}
        for where, body in (
            (f"{path}/messages", attached),
            (f"{path}/runs", {"assistant_id": assistant["id"], "additional_messages": [ASK, attached]}),
            ("/threads", {"messages": [ASK, attached], "tool_resources": resources}),
        ):
            answer = await talk("POST", where, body)
            assert answer.status == {"deleted": 404, "expired": 400}[gone]
        assert (await talk.get(f"{path}/messages"))["data"] == []
        assert (await talk.get(f"{path}/runs"))["data"] == []
        assert len((await talk.get("/threads"))["data"]) == 1


NULLED: dict[str, tuple[str, Document, Document]] = {
    "assistant": (
        "/assistants",
        {"model": "m", "tools": None, "name": None, "metadata": None, "tool_resources": None, "file_ids": None},
        {"model": "m"},
    ),
    "function": (
        "/assistants",
        {"model": "m", "tools": [{"type": "function", "function": {"name": "f", "parameters": None, "strict": None}}]},
        {"model": "m", "tools": [{"type": "function", "function": {"name": "f", "strict": None}}]},
    ),
    "search": (
        "/assistants",
        {"model": "m", "tools": [{"type": "file_search", "file_search": None, "function": None}]},
        {"model": "m", "tools": [{"type": "file_search"}]},
    ),
    "message": (
        "/threads",
        {"messages": [{**ASK, "attachments": [{"file_id": None, "tools": SEARCH}], "file_ids": None}]},
        {"messages": [LONE]},
    ),
    "image": (
        "/threads",
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u", "detail": None}}]}]},
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "u"}}]}]},
    ),
    "store": (
        "/vector_stores",
        {"name": None, "file_ids": None, "expires_after": None, "chunking_strategy": None},
        {},
    ),
}


@pytest.mark.parametrize(("path", "nulled", "plain"), NULLED.values(), ids=NULLED.keys())
async def test_null_is_absent(path: str, nulled: Document, plain: Document) -> None:
    """The same object comes of a body with nulls and of one without them."""
    made = []
    for body in (nulled, plain):
        async with talking(clock=lambda: 1_700_000_000) as talk:
            answer = await talk("POST", path, body)
            assert answer.status == 200, answer.content
            made.append(answer.document)
    assert made[0] == made[1]


async def test_null_in_runs(talk: Talk) -> None:
    """A run with a null for everything else is the run of its assistant, and an output of null is an empty one."""
    assistant = await talk.assistant()
    names = ("model", "instructions", "tools", "metadata", "parallel_tool_calls", "tool_resources", "stream")
    nothing = dict.fromkeys((*names, "max_prompt_tokens", "truncation_strategy", "tool_choice", "response_format"))
    thread = {"messages": [{"role": "user", "content": "/call get_weather {}"}], "metadata": None}
    run = await talk.make("/threads/runs", {"assistant_id": assistant["id"], "thread": thread, **nothing})
    assert run["tools"] == [WEATHER]
    run = await talk.until(run, "requires_action")
    [call] = run["required_action"]["submit_tool_outputs"]["tool_calls"]
    outputs = [{"tool_call_id": call["id"], "output": None}]
    await talk.make(path_of(run) + "/submit_tool_outputs", {"tool_outputs": outputs, "stream": None})
    assert (await talk.until(run, "completed"))["model"] == assistant["model"]
    await talk.make("/threads/runs", {"assistant_id": assistant["id"], "thread": None})


async def test_null_of_the_other_version(talk_v1: Talk) -> None:
    """A client of both versions sends a null for what only the other one has."""
    made = await talk_v1.make("/assistants", {"model": "m", "tool_resources": None, "reasoning_effort": None})
    assert "tool_resources" not in made


async def test_null_that_means_something(talk: Talk) -> None:
    """Where the documents allow null, it removes a value; a required member that is null counts as missing."""
    assistant = await talk.assistant(name="n", metadata={"k": "v"})
    changed = await talk.make(f"/assistants/{assistant['id']}", {"name": None, "metadata": None, "tools": None})
    assert (changed["name"], changed["metadata"], changed["tools"]) == (None, {}, [WEATHER])
    answer = await talk("POST", "/threads", {"messages": [{"role": "user", "content": None}]})
    assert answer.error["param"] == "messages[0].content"
    answer = await talk("POST", "/assistants", {"model": None})
    assert (answer.error["param"], answer.error["code"]) == ("model", "missing_required_parameter")


async def test_nulls_of_the_callers_own(talk: Talk) -> None:
    """A JSON schema keeps its nulls; metadata takes text only."""
    schema = {"type": "object", "properties": {"a": {"default": None, "enum": ["x", None]}}}
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    assert (await talk.assistant(tools=[tool]))["tools"] == [tool]
    answer = await talk("POST", "/threads", {"metadata": {"k": None}})
    assert answer.error["param"] == "metadata.k"


ODD: dict[str, tuple[str, Any]] = {
    "deep": ("/assistants", b'{"model": "m", "tools": ' + b"[" * 900 + b"]" * 900 + b"}"),
    "deep filter": ("/assistants", b'{"model": ' + b'{"filters": [' * 400 + b"1" + b"]}" * 400 + b"}"),
    "surrogate": ("/assistants", b'{"model": "\\ud800"}'),
    "infinite": ("/assistants", b'{"model": "m", "temperature": 1e999}'),
}


@pytest.mark.parametrize(("path", "body"), ODD.values(), ids=ODD.keys())
async def test_odd_json(talk: Talk, path: str, body: bytes) -> None:
    """JSON that cannot be kept, or not be written again, is a 400."""
    answer = await talk("POST", path, data=body, headers={"content-type": "application/json"})
    assert (answer.status, answer.error["type"]) == (400, "invalid_request_error")


FORMS: dict[str, tuple[bytes, int]] = {
    "text and object": (b'name="purpose"\r\n\r\nassistants\r\n--b\r\n%b; name="purpose[x]"\r\n\r\ny', 400),
    "name in Latin-1": (b'name="purpose"\r\n\r\nassistants\r\n--b\r\n%b; name="\xff"\r\n\r\ny', 400),
    "value in Latin-1": (b'name="purpose"\r\n\r\n\xff', 400),
    "two files": (b'name="file"; filename="b.txt"\r\n\r\ny', 400),
    "long head": (b'name="purpose"; x="%s"\r\n\r\ny' % (b"x" * 10_000), 400),
    "many heads": (b'name="purpose"\r\n%s\r\ny' % (b"x: y\r\n" * 1_000), 400),
    "no name": (b"\r\n\r\ny", 400),
    "a form inside": (b'name="purpose"\r\ncontent-type: multipart/mixed; boundary=c\r\n\r\n--c--', 400),
    "file name in Latin-1": (b'name="purpose"\r\n\r\nassistants', 200),
}


@pytest.mark.parametrize(("part", "status"), FORMS.values(), ids=FORMS.keys())
async def test_odd_forms(talk: Talk, part: bytes, status: int) -> None:
    """A form that makes no sense is a 400; a file's name keeps what of it is UTF-8."""
    disposition = b"content-disposition: form-data"
    file = b'--b\r\n%b; name="file"; filename="\xff.txt"\r\n\r\nabc\r\n' % disposition
    rest = b"--b\r\n%b; " % disposition + part.replace(b"%b", disposition) + b"\r\n--b--\r\n"
    answer = await talk("POST", "/files", data=file + rest, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status == status, answer.content
    if status == 200:
        assert answer.document["filename"] == "\ufffd.txt"


async def test_signs_alone(talk: Talk) -> None:
    """A file without a word is found by none."""
    file = await talk.upload(b"!!! ???")
    store = await talk.make("/vector_stores", {"file_ids": [file["id"]]})
    found = await talk.make(f"/vector_stores/{store['id']}/search", {"query": "rain"})
    assert found["data"] == []


async def test_a_text_of_half_a_character(talk: Talk) -> None:
    """A value that UTF-8 cannot encode is refused with a 400, and nothing is stored."""
    body = b'{"model": "m", "name": "\\ud800"}'
    head = b"POST /v1/assistants HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    answer = await send(talk.server, head + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert (await talk.get("/assistants"))["data"] == []
