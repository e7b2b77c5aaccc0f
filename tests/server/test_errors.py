"""Refusals: the vendor's statuses and error objects."""

from __future__ import annotations

import asyncio
import gc
import io
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from assistants_async.server import AssistantsServer, Say, Turn
from assistants_async.server.errors import APIError
from assistants_async.server.storage.memory import MemoryBlob
from tests.support.steady_loop import MS
from tests.support.talk import Talk, talking


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/assistants/asst_x", "No assistant found with id 'asst_x'."),
        ("/threads/thread_x", "No thread found with id 'thread_x'."),
        ("/threads/thread_x/messages", "No thread found with id 'thread_x'."),
        ("/threads/{t}/messages/msg_x", "No message found with id 'msg_x'."),
        ("/threads/{t}/runs/run_x", "No run found with id 'run_x'."),
        ("/threads/{t}/runs/run_x/steps", "No run found with id 'run_x'."),
        ("/files/file-x", "No such File object: file-x"),
        ("/files/file-x/content", "No such File object: file-x"),
        ("/nowhere", "Invalid URL (GET /v1/nowhere)"),
    ],
)
async def test_not_found(talk: Talk, path: str, message: str) -> None:
    """The error names the missing object."""
    thread = await talk.thread()
    answer = await talk("GET", path.format(t=thread["id"]))
    assert (answer.status, answer.error["message"]) == (404, message)
    assert answer.error["type"] == "invalid_request_error"


async def test_step_not_found(talk: Talk) -> None:
    """A step is looked for in its own run."""
    run = await talk.until(await talk.run("hello"), "completed")
    answer = await talk("GET", f"/threads/{run['thread_id']}/runs/{run['id']}/steps/step_x")
    assert (answer.status, answer.error["message"]) == (404, "No run step found with id 'step_x'.")


async def test_method(talk: Talk) -> None:
    """A path with another method says which it has."""
    answer = await talk("PUT", "/threads")
    assert (answer.status, answer.error["code"]) == (405, "method_not_supported")
    assert answer.headers["allow"] == "GET,POST"


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "model", "missing_required_parameter"),
        ({"model": "m", "nam": "n"}, "nam", "unknown_parameter"),
        ({"model": "m", "stream": True}, "stream", "unknown_parameter"),
        ({"model": "m", "name": "n" * 257}, "name", "invalid_value"),
        ({"model": 1}, "model", "invalid_value"),
        ({"model": "m", "temperature": 3}, "temperature", "invalid_value"),
        ({"model": "m", "metadata": {str(number): "" for number in range(17)}}, "metadata", "invalid_value"),
        ({"model": "m", "metadata": {"k": "v" * 513}}, "metadata.k", "invalid_value"),
        ({"model": "m", "tools": [{"type": "function", "function": {}}]}, "tools[0].function", "invalid_value"),
        ({"model": "m", "tools": [{"type": "retrieval"}]}, "tools[0].type", "invalid_value"),
        ({"model": "m", "file_ids": []}, "file_ids", "unknown_parameter"),
        ({"model": "m", "tools": [None]}, "tools[0]", "invalid_value"),
        ({"model": "m", "tool_resources": "all"}, "tool_resources", "invalid_value"),
    ],
)
async def test_invalid(talk: Talk, body: dict[str, Any], param: str, code: str) -> None:
    """Bodies follow the documents' rules; the error names the place."""
    answer = await talk("POST", "/assistants", body)
    assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, code)
    assert (await talk.get("/assistants"))["data"] == []


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ("hello", "messages[1]"),
        ({"role": "user"}, "messages[1].content"),
        ({"role": "system", "content": "x"}, "messages[1].role"),
        ({"role": "user", "content": ""}, "messages[1].content"),
        ({"role": "user", "content": []}, "messages[1].content"),
        ({"role": "user", "content": [{}]}, "messages[1].content[0]"),
        ({"role": "user", "content": [{"type": "text", "text": {"value": "x"}}]}, "messages[1].content[0].text"),
    ],
)
async def test_invalid_inside(talk: Talk, message: Any, param: str) -> None:
    """Messages inside other requests follow the same rules, and a refused request makes nothing."""
    answer = await talk("POST", "/threads", {"messages": [{"role": "user", "content": "x"}, message]})
    assert (answer.status, answer.error["param"]) == (400, param)
    assert (await talk.get("/threads"))["data"] == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b"[" * 100_000])
async def test_malformed(talk: Talk, body: bytes) -> None:
    """A body that is no JSON object is a 400."""
    answer = await talk("POST", "/assistants", data=body, headers={"content-type": "application/json"})
    assert answer.status == 400
    assert "JSON body" in answer.error["message"]


@pytest.mark.parametrize(("messages", "param"), [("hello", "messages"), (1, "messages"), ({}, "messages.content")])
async def test_no_list(talk: Talk, messages: object, param: str) -> None:
    """Another value in place of a list is refused with its place."""
    answer = await talk("POST", "/threads", {"messages": messages})
    assert (answer.status, answer.error["param"]) == (400, param)


async def test_stream_must_be_a_boolean(talk: Talk) -> None:
    """`stream` is checked like the rest; null is no."""
    body = await talk.ask("hello", stream="yes")
    assert (await talk("POST", "/threads/runs", body)).error["param"] == "stream"
    assert (await talk("POST", "/threads/runs", {**body, "stream": None})).document["object"] == "thread.run"


async def test_files_must_exist(talk: Talk) -> None:
    """Every member with the id of a file needs an existing file."""
    thread = await talk.thread()
    resources = {"code_interpreter": {"file_ids": ["file-x"]}}
    parts = [{"type": "image_file", "image_file": {"file_id": "file-x"}}]
    for path, body in (
        ("/assistants", {"model": "m", "tool_resources": resources}),
        ("/threads", {"tool_resources": resources}),
        (f"/threads/{thread['id']}", {"tool_resources": resources}),
        (f"/threads/{thread['id']}/messages", {"role": "user", "content": "x", "attachments": [{"file_id": "file-x"}]}),
        (f"/threads/{thread['id']}/messages", {"role": "user", "content": parts}),
    ):
        answer = await talk("POST", path, body)
        assert (answer.status, answer.error["message"]) == (404, "No such File object: file-x")


async def test_keys() -> None:
    """With a key, a request needs it in one of two headers, and the answer does not repeat a wrong one."""
    async with talking(api_key="sk-right") as talk:
        for headers in ({"authorization": "Bearer sk-right"}, {"api-key": "sk-right"}):
            assert (await talk("GET", "/assistants", headers=headers)).status == 200
        answer = await talk("GET", "/assistants")
        assert (answer.status, answer.error["type"], answer.error["code"]) == (401, "invalid_request_error", None)
        for headers in (
            {"authorization": "Bearer sk-wrong"},
            {"api-key": "sk-wröng"},
            {"authorization": "Basic sk-right"},
        ):
            answer = await talk("GET", "/nowhere", headers=headers)
            assert answer.status == 401
            assert b"sk-" not in answer.content
        assert not any("authorization" in record.headers for record in talk.server.requests)


async def test_version_header(talk: Talk) -> None:
    """The header picks one of two versions; another is a 400."""
    answer = await talk("GET", "/assistants", headers={"openai-beta": "assistants=v3"})
    assert (answer.status, answer.error["code"]) == (400, "invalid_beta")
    answer = await talk("GET", "/assistants", headers={"openai-beta": "other=1, assistants=v2"})
    assert answer.status == 200


async def test_too_large() -> None:
    """A file past the cap, and a JSON body past its own, are 413."""
    async with talking(max_file_bytes=10) as talk:
        await talk.upload(b"x" * 10)
        form = {"file": io.BytesIO(b"x" * 11), "purpose": "assistants"}
        answer = await talk("POST", "/files", data=form)
        assert (answer.status, answer.error["code"]) == (413, "content_too_large")
        body = io.BytesIO(b" " * (32 * 2**20 + 1))
        answer = await talk("POST", "/threads", data=body, headers={"content-type": "application/json"})
        assert answer.status == 413


async def test_refusals_keep_no_memory() -> None:
    """What was read of a refused body is free at once, not when a full collection finds its error."""
    async with talking(max_file_bytes=2**20) as talk:
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                form = {"file": io.BytesIO(b"x" * (2**20 + 1)), "purpose": "assistants"}
                assert (await talk("POST", "/files", data=form)).status == 413
                assert (await talk("POST", "/threads", json={"messages": 7})).status == 400
                assert (await talk("GET", "/threads/thread_x")).status == 404
            left = [one for one in gc.get_objects() if isinstance(one, APIError | MemoryBlob)]
        finally:
            gc.enable()
    assert left == []


async def test_responder_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """A responder's exception fails its run, in words; the server goes on."""

    async def respond(turn: Turn) -> Say:
        raise LookupError(turn.last_user_text)

    async with talking(responder=respond) as talk:
        run = await talk.until(await talk.run("hello"), "failed")
        assert run["last_error"] == {"code": "server_error", "message": "the responder raised LookupError: hello"}
        assert "the responder failed" in caplog.text


async def test_responder_that_gives_nonsense() -> None:
    """A value that is no action fails the run."""

    async def respond(_turn: Turn) -> Any:
        return "hello"

    async with talking(responder=respond) as talk:
        run = await talk.until(await talk.run("hello"), "failed")
        assert "expected an action such as Say(…), not 'h'" in run["last_error"]["message"]


async def test_fault_of_the_server(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault is a 500 in the vendor's shape, and keeps its reason to itself."""

    def fail(_state: Any) -> bool:
        raise RuntimeError("secret")

    monkeypatch.setattr("assistants_async.server.requests.context.State.has_due", fail)
    answer = await talk("GET", "/assistants")
    assert (answer.status, answer.error["type"]) == (500, "server_error")
    assert b"secret" not in answer.content


async def test_body_that_cannot_be_read(talk: Talk) -> None:
    """A body that is not in the coding that it claims is a 400."""
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    answer = await talk("POST", "/assistants", data=b"junk", headers=headers)
    assert answer.status == 400
    assert "could not read the body" in answer.error["message"]


async def test_body_that_is_cut(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    """A client that leaves in the middle of its body is no fault of the server's."""
    host, port = talk.server.base_url.split("/")[2].split(":")
    kind = "content-type: application/json\r\ncontent-length: 100"
    head = f"POST /v1/assistants HTTP/1.1\r\nhost: {host}\r\n{kind}\r\n\r\n{{"
    _, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode())
    await writer.drain()
    await asyncio.sleep(5 * MS)
    writer.close()
    await writer.wait_closed()
    await talk.get("/assistants")
    assert [record.status for record in talk.server.requests] == [400, 200]
    assert caplog.text == ""


@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
async def test_an_expectation_that_is_not_known(talk: Talk, caplog: pytest.LogCaptureFixture, first: bool) -> None:
    """It is refused, whether or not the connection was used before."""
    host, port = talk.server.base_url.split("/")[2].split(":")
    kind = "content-type: application/json\r\ncontent-length: 2\r\n"
    head = f"POST /v1/threads HTTP/1.1\r\nhost: {host}\r\n{kind}"
    reader, writer = await asyncio.open_connection(host, int(port))
    if not first:
        writer.write(f"{head}\r\n{{}}".encode())
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"200"
        await reader.readuntil(b'"object":"thread"')
        await reader.readuntil(b"}")
    writer.write(f"{head}expect: 200-maybe\r\nconnection: close\r\n\r\n{{}}".encode())
    assert b" 417 " in await reader.read()
    writer.close()
    await writer.wait_closed()
    assert talk.server.requests[-1].status == 417
    assert caplog.text == ""


async def test_middleware_of_the_users_own() -> None:
    """Other refusals of the application have the vendor's shape too."""

    async def closed(request: web.Request, handler: Any) -> web.StreamResponse:
        raise web.HTTPServiceUnavailable

    server = AssistantsServer()
    server.app.middlewares.append(web.middleware(closed))
    async with server, aiohttp.ClientSession() as session:
        answer = await Talk(session, server, "v2")("GET", "/assistants")
        assert (answer.status, answer.error["message"]) == (503, "Service Unavailable")
