"""The seeds of mutations: real bytes of the embedded server, tables of the tests, and the words of each format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from assistants_async import AssistantsClient
from assistants_async.models.assistants import Assistant, AssistantFile
from assistants_async.models.deltas import MessageDelta, RunStepDelta
from assistants_async.models.files import File
from assistants_async.models.messages import Message, MessageFile
from assistants_async.models.pages import Deleted, Page
from assistants_async.models.runs import Run, ToolCall
from assistants_async.models.steps import RunStep
from assistants_async.models.threads import Thread
from assistants_async.server import AssistantsServer, CallTools, Say, ScriptedResponder
from assistants_async.workflows.runs.call import RunCall
from tests.core.requests.test_retry import FORMS
from tests.support.run_events import DONE, TEXT, run_frames
from tests.support.sse_cases import CASES

KINDS: tuple[Any, ...] = (
    Assistant,
    AssistantFile,
    Deleted,
    File,
    Message,
    MessageDelta,
    MessageFile,
    Run,
    RunStep,
    RunStepDelta,
    Thread,
    ToolCall,
    Page[Assistant],
    Page[Message],
    Page[Run],
    Page[RunStep],
)
"""The forms that bodies are read as."""

SSE_WORDS = (b"data", b"event", b"id", b"retry", b":", b": ", b"\n", b"\r", b"\r\n", b"\n\n", b"\0", b"\xff",
             b"\xef\xbb\xbf", b"data: [DONE]\n\n", b"event: done\n", b"event: error\n", b"event: thread.run.completed\n",  # noqa: E501
             b'data: {"error": {"message": "x"}}\n\n', b'{"event": "thread.run.queued", "data": {}}')  # fmt: skip
JSON_WORDS = (b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"true", b"false", b"0", b"-1", b"1e400", b"1.5",  # noqa: E501
              b"9223372036854775808", b"\\ud800", b"\\u0000", b"\xff", b"\xc0\xaf", b"\xef\xbb\xbf", b'"type": "mcp"',
              b'"id": null', b'"data": []', b'"error": {}', b'"object": "list"', b'"status": 7', b"[" * 200,
              b"2023-11-14T22:13:20Z", b"\n", b"\x1e", b"  ")  # fmt: skip
HEADER_WORDS = (b"nan", b"inf", b"-", b"1e999", b"0", b"9" * 30, b"GMT", b"Mon, 23 Nov 2026 12:00:30 GMT", b"+2400",
                b"\xe9", b"\xff", b",", b";", b'"', b"..", b"/", b"\\", b"%00", b"%2e%2e", b"UTF-8''", b"filename*=",
                b"filename=", b"application/json", b"charset=x", b"true", b"false")  # fmt: skip
ID_WORDS = tuple(word.encode("utf-8", "surrogatepass") for word in (
    "/", "..", ".", "%2e%2e", "%2F", "?", "#", "\\", "\r\n", "\0", " ", "\x85", "\u2028", "\ud800", "\udfff", "é", "％",  # noqa: RUF001
    "\u202e", "\N{GRINNING FACE}", "@", ":", ";", "//host/", "x-admin: 1"))  # fmt: skip

HEADERS: dict[str, tuple[str, ...]] = {
    "retry-after": tuple(form["retry-after"] for form, _ in FORMS.values() if "retry-after" in form),
    "retry-after-ms": ("250", "1500", "soon", "0"),
    "openai-poll-after-ms": ("500", "soon", "-1", "1e9"),
    "x-should-retry": ("true", "false", " True "),
    "content-type": ("application/json", "text/event-stream; charset=utf-8", "application/x-ndjson", ""),
    "content-disposition": ('attachment; filename="a.txt"', "attachment; filename*=UTF-8''%e2%82%ac.txt", "inline"),
    "content-length": ("12", "-1", "abc"),
    "x-request-id": ("req_1",),
}
"""Headers that the client reads, and values they have."""


class Corpus(NamedTuple):
    """Bodies by format."""

    sse: tuple[bytes, ...]
    json: tuple[bytes, ...]
    errors: tuple[bytes, ...]


@cache
def tables() -> Corpus:
    """The bodies in the tables of the tests."""
    whole = [b"".join([*run_frames(*TEXT, end=end), DONE]) for end in ("completed", "failed", "requires_action")]
    sse = (*(case.body for case in CASES if len(case.body) < 2000), *whole)
    frames = [line.removeprefix(b"data: ") for body in whole for line in body.split(b"\n") if line.startswith(b"data")]
    errors = (
        b'{"error": {"message": "no", "type": "invalid_request_error", "param": "model", "code": "bad"}}',
        b'{"error": "no"}',
        b'{"detail": [{"loc": ["body", "x"], "msg": "field required", "type": "missing"}]}',
        b'{"message": "Thread thread_1 already has an active run run_7.", "code": 7}',
        b"<html><title>502</title></html>",
        b"",
    )
    return Corpus(sse, tuple(dict.fromkeys(frames)), errors)


async def recorded() -> Corpus:
    """The tables and real bytes of the embedded server: objects, lists, streams and errors of a whole scenario."""
    json: list[bytes] = []
    errors: list[bytes] = []
    streams: list[bytes] = []
    script = ScriptedResponder([CallTools({"lookup": {"city": "Zürich"}}), Say("It is sunny. ☀")])
    async with (
        AssistantsServer(responder=script, seed=0, pace=0, clock=lambda: 1.7e9) as server,
        AssistantsClient(base_url=server.base_url, api_key="key", retry=None) as plain,
    ):
        client = plain.with_options(
            on_response=lambda http: (json if http.status < 400 else errors).append(http.content),
            raise_for_status=False,
        )
        function = {"name": "lookup", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
        tools: Any = [{"type": "function", "function": function}, {"type": "code_interpreter"}]
        assistant = await client.assistants.create(model="gpt-4o", tools=tools, metadata={"a": "b"})
        thread = await client.threads.create(messages=[{"role": "user", "content": "Weather?"}])
        run = await _streamed(client.runs.create(thread, assistant_id=assistant), streams)
        outputs: Any = [{"tool_call_id": call.id, "output": "sunny"} for call in run.tool_calls]
        await _streamed(client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs), streams)
        for call in (
            client.runs.list(thread),
            client.messages.list(thread),
            client.steps.list(thread, run),
            client.assistants.list(),
            client.files.create(file=b"a,b\n", filename="a.csv", purpose="assistants"),
            client.files.list(),
            client.threads.retrieve("thread_none"),
            client.runs.cancel(thread, run),
        ):
            await call.response()
    base = tables()
    return Corpus(
        (*base.sse, *streams),
        tuple(dict.fromkeys((*base.json, *filter(None, json), *_payloads(streams)))),
        (*base.errors, *errors),
    )


async def _streamed(call: RunCall, streams: list[bytes]) -> Run:
    """Stream a run and keep its bytes; return the run as it was at the end."""
    async with call.stream() as channel:
        streams.append(b"".join([piece async for piece in channel.sse()]))
    run = channel.run
    assert run is not None
    return run


def _payloads(streams: Sequence[bytes]) -> Iterator[bytes]:
    for stream in streams:
        for line in stream.split(b"\n"):
            if line.startswith(b"data: {"):
                yield line.removeprefix(b"data: ")
