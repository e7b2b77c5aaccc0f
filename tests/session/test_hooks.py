"""Hooks: their arguments, their moments, and the effect of their changes on the wire."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assistants_async import (
    Assistant,
    AssistantsClient,
    ConnectFailedError,
    DecodeError,
    HTTPResponse,
    NotFoundError,
    PreparedRequest,
    Request,
    Run,
    TimedOutError,
)
from tests.support.http_server import (
    ANYTHING,
    ASSISTANT,
    KEY,
    RUN,
    Wire,
    answer,
    failure,
    head,
    page,
    silent,
    then_silent,
)
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)


async def test_two_phases(wire: Wire, client: AssistantsClient) -> None:
    """The second phase moves the value of the first into the URL and replaces it, so the wire shows only the end."""

    def on_request(request: Request) -> None:
        request.headers["x-secret"] = "hush"
        assert request.body is not None
        request.body["metadata"] = {"password": "draft"}

    def on_send(outgoing: PreparedRequest) -> None:
        secret = outgoing.headers.pop("x-secret")
        outgoing.url += f"?secret={secret}"
        assert isinstance(outgoing.body, bytes)
        outgoing.body = outgoing.body.replace(b"draft", b"final")

    wire.answer(BODY)
    await client.assistants.create(model="gpt-4o").with_options(on_request=on_request, on_send=on_send)
    assert wire.last.header("x-secret") is None
    assert wire.last.query == {"secret": "hush"}
    assert wire.last.json == {"model": "gpt-4o", "metadata": {"password": "final"}}
    assert wire.last.header("content-length") == str(len(wire.last.body))


async def test_each_hook_is_called_in_its_place(wire: Wire) -> None:
    """Once a call before it, once an attempt before sending, once an answer; sync and async alike."""
    reports: list[str] = []

    async def on_request(request: Request) -> None:
        await asyncio.sleep(0)
        reports.append(f"request {request.endpoint.operation} {request.path}")

    async def on_send(outgoing: PreparedRequest) -> None:
        await asyncio.sleep(0)
        reports.append(f"send {outgoing.operation} {outgoing.method} {outgoing.attempt}")

    async def on_response(http: HTTPResponse) -> None:
        await asyncio.sleep(0)
        reports.append(f"response {http.status} {http.attempts}")

    wire.answer(failure(401), BODY)
    async with AssistantsClient(
        base_url=wire.base_url, api_key=lambda: KEY, on_request=on_request, on_send=on_send, on_response=on_response
    ) as client:
        await client.assistants.retrieve("asst_1")
    assert reports == [
        "request getAssistant /assistants/asst_1",
        "send assistants.retrieve GET 1",
        "response 401 1",
        "send assistants.retrieve GET 2",
        "response 200 2",
    ]


async def test_each_page_is_a_request_of_its_own(wire: Wire, client: AssistantsClient) -> None:
    """Hooks see the cursor of every page."""
    cursors: list[object] = []
    wire.answer(page("a", more=True), page("b"))
    call = client.assistants.list().with_options(on_request=lambda request: cursors.append(request.query.get("after")))
    assert [item.id async for item in call] == ["a", "b"]
    assert cursors == [None, "a"]


@pytest.mark.parametrize("name", ["on_request", "on_send"])
async def test_a_hook_that_raises_stops_the_call(wire: Wire, client: AssistantsClient, name: Any) -> None:
    """Its exception comes out unchanged, and nothing is sent."""

    async def refuse(_: object) -> None:
        raise PermissionError("not today")

    hook: Any = {name: refuse}
    with pytest.raises(PermissionError, match="not today") as caught:
        await client.threads.create().with_options(**hook)
    assert not hasattr(caught.value, "__notes__")
    assert wire.seen == []
    wire.answer(BODY)
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


async def test_on_response_sees_errors_too(wire: Wire, client: AssistantsClient) -> None:
    """Each answer with its body, and before the error is raised; what it raises itself comes out."""
    seen: list[HTTPResponse] = []
    wire.answer(failure(404, "gone"))
    with pytest.raises(NotFoundError):
        await client.threads.retrieve("thread_1").with_options(on_response=seen.append)
    (http,) = seen
    assert (http.status, b"gone" in http.content) == (404, True)

    def refuse(_: object) -> None:
        raise LookupError("mine")

    wire.answer(BODY, BODY)
    with pytest.raises(LookupError, match="mine"):
        await client.threads.retrieve("thread_1").with_options(on_response=refuse)
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
    assert wire.connections == 1


async def test_on_error_gets_the_raised_error(wire: Wire, client: AssistantsClient) -> None:
    """The very error, note included, for statuses, bodies and the wire; never for a success."""
    reports: list[Exception] = []
    view = client.with_options(on_error=reports.append, timeout=30 * MS)
    for given, kind in ((failure(404), NotFoundError), (answer([]), DecodeError), (silent, TimedOutError)):
        wire.answer(given)
        with pytest.raises(kind) as caught:
            await view.threads.retrieve("thread_1")
        assert reports.pop() is caught.value
        assert caught.value.__notes__ == ["while calling threads.retrieve: GET /threads/{thread_id}"]
    wire.answer(BODY)
    await view.threads.retrieve("thread_1")
    assert reports == []


async def test_resolve_type_chooses_the_type(wire: Wire, client: AssistantsClient) -> None:
    """By operationId and answer; None leaves it at the usual type."""
    answers_seen: list[tuple[str, int]] = []

    def resolve(operation: str, http: HTTPResponse) -> type | None:
        answers_seen.append((operation, http.status))
        return Run if http.headers.get("x-kind") == "run" else None

    view = client.with_options(resolve_type=resolve)
    wire.answer(answer(RUN, 201, x_kind="run"), BODY)
    got: Any = await view.assistants.retrieve("asst_1")
    assert type(got) is Run
    assert type(await view.assistants.retrieve("asst_1")) is Assistant
    assert answers_seen == [("getAssistant", 201), ("getAssistant", 200)]


async def test_strict_reads_answers_by_the_letter(wire: Wire, client: AssistantsClient) -> None:
    """Slips that are mended by default are an error with the option, with its path."""
    wire.answer(answer({**ASSISTANT, "tools": [{"type": "mcp"}]}))
    assert str((await client.assistants.retrieve("asst_1")).tools[0].type) == "mcp"
    with pytest.raises(DecodeError) as caught:
        await client.assistants.retrieve("asst_1").with_options(strict=True)
    assert caught.value.path == "$.tools[0].type"


async def test_trace_shows_everything_but_secrets(wire: Wire, client: AssistantsClient) -> None:
    """The kinds in the order of the wire; bodies as they are, credentials and cookies masked."""
    reports: list[tuple[str, str]] = []
    wire.answer(answer(ANYTHING, 200, set_cookie="session=hush", x_request_id="req_1"))
    await client.assistants.create(model="gpt-4o").with_options(
        trace=lambda kind, text: reports.append((kind, text)), headers={"Cookie": "a=hush", "X-A": "1"}
    )
    kinds = [kind for kind, _ in reports]
    assert list(dict.fromkeys(kinds)) == ["TEXT", "HEADER OUT", "DATA OUT", "HEADER IN", "DATA IN"]
    assert ("TEXT", f"assistants.create: POST {wire.base_url}/assistants, attempt 1") in reports
    assert ("DATA OUT", '{"model":"gpt-4o"}') in reports
    assert [text for kind, text in reports if kind == "DATA IN"] == [BODY.partition(b"\r\n\r\n")[2].decode()]
    out = dict(text.split(": ", 1) for kind, text in reports if kind == "HEADER OUT")
    assert (out["authorization"], out["cookie"], out["x-a"]) == ("[masked]", "[masked]", "1")
    into = dict(text.lower().split(": ", 1) for kind, text in reports if kind == "HEADER IN")
    assert (into["set-cookie"], into["x-request-id"]) == ("[masked]", "req_1")
    assert "200 OK" in next(text for kind, text in reports if kind == "TEXT" and text.startswith("200"))
    assert KEY not in repr(reports)


async def test_trace_names_an_upload_without_its_bytes(wire: Wire, client: AssistantsClient) -> None:
    """Media type and size."""
    reports: list[str] = []
    wire.answer(answer({"id": "file_1"}))
    call = client.files.create(file=b"secret content", filename="a.txt", purpose="assistants")
    await call.with_options(trace=lambda kind, text: reports.append(text) if kind == "DATA OUT" else None)
    (line,) = reports
    assert line.startswith("<multipart/form-data; boundary=")
    assert line.endswith(f", {len(wire.last.body)} bytes>")


@pytest.mark.parametrize("name", ["on_response", "trace"])
async def test_a_hook_that_raises_at_the_head_closes_the_connection(
    wire: Wire, client: AssistantsClient, tmp_path: Path, name: Any
) -> None:
    """No half-read answer stays open, with a body read whole or piece by piece."""

    def refuse(*reports: object) -> None:
        if reports[0] == "HEADER IN" or isinstance(reports[0], HTTPResponse):
            raise LookupError("mine")

    hook: Any = {name: refuse}
    wire.answer(then_silent(head(200, {"content-length": "9"})))
    with pytest.raises(LookupError, match="mine"):
        await client.files.content("file_1").with_options(**hook).save(tmp_path)
    await wire.until_open(0)
    if name == "trace":
        with pytest.raises(LookupError, match="mine"):
            await client.threads.create().with_options(**hook)
        await wire.until_open(0)


async def test_an_error_of_the_error_hook(wire: Wire) -> None:
    """An `on_error` that fails itself, with an error such as calls have, is raised after the error of the call."""

    def fail(_: Exception) -> None:
        raise ConnectFailedError("no route to the log")

    wire.answer(failure(404))
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, on_error=fail) as client:
        with pytest.raises(ConnectFailedError, match="no route to the log") as caught:
            await client.threads.retrieve("thread_1")
    assert isinstance(caught.value.__context__, NotFoundError)


async def test_an_error_of_many_levels(wire: Wire) -> None:
    """A hook's error is raised unchanged, at any depth of causes."""
    deep: Any = "end"
    for _ in range(20):
        deep = [deep]

    def fail(_: HTTPResponse) -> None:
        raise LookupError(deep)

    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, on_response=fail) as client:
        with pytest.raises(LookupError) as caught:
            await client.threads.create()
    assert caught.value.args == (deep,)


async def test_a_hook_that_breaks_the_address(wire: Wire) -> None:
    """A malformed address is a failure to connect, and it is not tried again."""

    def break_it(outgoing: PreparedRequest) -> None:
        outgoing.url = "http://"

    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, on_send=break_it) as client:
        with pytest.raises(ConnectFailedError, match="must look like"):
            await client.threads.create()
    assert wire.seen == []
