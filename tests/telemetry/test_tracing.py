"""Spans of calls: their attributes, their parents, and their ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from assistants_async import AssistantsClient, NotFoundError, RateLimitedError, Request, Run, StreamError
from assistants_async.core.requests.request import bind
from assistants_async.endpoints import find
from assistants_async.telemetry.tracing import Tracing
from assistants_async.tools import Toolbox
from tests.support.embedded import get_weather
from tests.support.http_server import ASSISTANT, KEY, RUN, Wire, answer, failure, page, silent
from tests.support.retries import QUICK
from tests.support.run_events import run_frames
from tests.support.spans import Kept, of
from tests.support.steady_loop import MS


def client_of(wire: Wire, kept: Kept, **settings: Any) -> AssistantsClient:
    """A client of the server whose spans are kept."""
    return AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=QUICK, telemetry=kept.telemetry, **settings)


def events(*frames: bytes) -> bytes:
    """An answer of server-sent events."""
    body = b"".join(frames)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def test_a_call_is_a_span(wire: Wire) -> None:
    """With the names of the conventions, the server, the status and the request id."""
    kept = Kept()
    wire.answer(answer(ASSISTANT, x_request_id="req_7"))
    async with client_of(wire, kept) as client:
        await client.assistants.create(model="gpt-4o", name="Tutor", instructions="Be brief", temperature=0.5)
    span = kept.one("assistants.create")
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    port = int(wire.base_url.rpartition(":")[2].partition("/")[0])
    assert dict(of(span)) == {
        "gen_ai.operation.name": "create_agent",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.response.model": "gpt-4o",
        "gen_ai.agent.id": "asst_1",
        "gen_ai.agent.name": "Tutor",
        "server.address": "127.0.0.1",
        "server.port": port,
        "http.request.method": "POST",
        "url.template": "/assistants",
        "http.response.status_code": 200,
        "http.response.header.x-request-id": ("req_7",),
        "assistants_async.attempts": 1,
    }


async def test_attempts_are_events_of_one_span(wire: Wire) -> None:
    """Each that failed with its status and request id, and the number of all."""
    kept = Kept()
    wire.answer(failure(503, x_request_id="req_1"), failure(429, x_request_id="req_2"), answer(RUN))
    async with client_of(wire, kept) as client:
        await client.runs.retrieve("thread_1", "run_1")
    span = kept.one("runs.retrieve")
    assert of(span)["assistants_async.attempts"] == 3
    assert of(span)["http.request.resend_count"] == 2
    assert of(span)["gen_ai.conversation.id"] == "thread_1"
    assert of(span)["gen_ai.response.id"] == "run_1"
    failed = [dict(event.attributes or {}) for event in span.events]
    assert [each["http.response.status_code"] for each in failed] == [503, 429]
    assert [each["http.response.header.x-request-id"] for each in failed] == [("req_1",), ("req_2",)]
    assert [each["assistants_async.attempt"] for each in failed] == [1, 2]
    assert kept.points("assistants_async.retries")[0][1] == 2


async def test_a_lost_connection_is_an_attempt(wire: Wire) -> None:
    """With the class of its error in place of a status."""
    kept = Kept()

    async def cut(seen: Any, peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{")
        peer.reset()

    wire.answer(cut, answer(RUN))
    async with client_of(wire, kept) as client:
        await client.runs.retrieve("thread_1", "run_1")
    (event,) = kept.one("runs.retrieve").events
    assert (event.attributes or {})["error.type"] == "ConnectionLostError"


async def test_an_error_sets_the_status_without_words_of_anybody(wire: Wire) -> None:
    """Its class and codes; neither the server's message, which may have what the user wrote, nor a key."""
    kept = Kept()
    wire.answer(failure(429, f"you said hush, key {KEY}", x_request_id=KEY))
    async with client_of(wire, kept) as client:
        with pytest.raises(RateLimitedError):
            await client.messages.create("thread_1", role="user", content="hush").with_options(retry=None)
    span = kept.one("messages.create")
    assert span.status.status_code is StatusCode.ERROR
    assert span.status.description == "RateLimitedError 429 bad"
    assert of(span)["error.type"] == "RateLimitedError"
    assert of(span)["http.response.status_code"] == 429
    assert "hush" not in kept.text()
    assert KEY not in kept.text()


async def test_an_error_of_a_hook_shows_its_class_alone(wire: Wire) -> None:
    """With content too: its text may have any secret."""
    kept = Kept(content=True)

    def hook(request: Request) -> None:
        raise ValueError(KEY)

    async with client_of(wire, kept, on_request=hook) as client:
        with pytest.raises(ValueError, match="sk-test"):
            await client.assistants.retrieve("asst_1")
    assert kept.one("assistants.retrieve").status.description == "ValueError"
    assert KEY not in kept.text()


async def test_content_is_written_where_it_is_wanted(wire: Wire) -> None:
    """Messages in, and the server's message of an error, without the key."""
    kept = Kept(content=True)
    wire.answer(failure(400, f"not so, {KEY}"))
    async with client_of(wire, kept) as client:
        with pytest.raises(Exception, match="not so"):
            await client.messages.create("thread_1", role="user", content="hush")
    span = kept.one("messages.create")
    assert of(span)["gen_ai.input.messages"] == ('[{"role":"user","parts":[{"type":"text","content":"hush"}]}]')
    assert "not so" in (span.status.description or "")
    assert KEY not in kept.text()


async def test_a_span_is_a_child_of_the_caller_s(wire: Wire) -> None:
    """In each task its own, though the calls go on at the same time."""
    kept = Kept()
    wire.answer(answer(RUN))

    async def work(name: str) -> None:
        with kept.tracer.start_as_current_span(name):
            await client.runs.retrieve("thread_1", name)

    async with client_of(wire, kept) as client, asyncio.TaskGroup() as group:
        for name in ("a", "b", "c"):
            group.create_task(work(name))
    calls = [span for span in kept.spans if span.name == "runs.retrieve"]
    assert {(of(span)["url.template"], kept.parent(span)) for span in calls} == {
        ("/threads/{thread_id}/runs/{run_id}", name) for name in ("a", "b", "c")
    }


async def test_a_call_of_a_hook_is_a_child_of_its_call(wire: Wire) -> None:
    """And later spans are no children of either."""
    kept = Kept()
    wire.answer(answer(RUN))

    async def hook(request: Request) -> None:
        if request.path.endswith("run_1"):
            await client.runs.retrieve("thread_1", "run_2")

    async with client_of(wire, kept, on_request=hook) as client:
        await client.runs.retrieve("thread_1", "run_1")
        await client.runs.retrieve("thread_1", "run_3")
    assert [kept.parent(span) for span in kept.spans] == ["runs.retrieve", None, None]


async def test_a_cancelled_call_ends_its_span(wire: Wire) -> None:
    """As an error of that name, and the next call's span has the caller's parent."""
    kept = Kept()
    wire.answer(silent, answer(RUN))
    async with client_of(wire, kept) as client:
        with kept.tracer.start_as_current_span("mine"):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(30 * MS):
                    await client.runs.retrieve("thread_1", "run_1")
            await client.runs.retrieve("thread_1", "run_1")
    first, second, _ = kept.spans
    assert of(first)["error.type"] == "CancelledError"
    assert first.status.status_code is StatusCode.ERROR
    assert second.status.status_code is StatusCode.UNSET
    assert kept.parent(first) == kept.parent(second) == "mine"


async def test_a_list_has_a_span_a_page(wire: Wire) -> None:
    """Each under the span that is current at its request."""
    kept = Kept()
    wire.answer(page("a", "b", more=True), page("c"))
    async with client_of(wire, kept) as client:
        with kept.tracer.start_as_current_span("mine"):
            assert len([each async for each in client.messages.list("thread_1")]) == 3
    assert kept.names() == ["messages.list", "messages.list", "mine"]
    assert {kept.parent(span) for span in kept.spans[:2]} == {"mine"}


async def test_a_stream_is_a_run_and_its_call(wire: Wire) -> None:
    """The run's span has the ids, the model, the tokens and the status, and none of the caller's spans below it."""
    kept = Kept()
    wire.answer(events(*run_frames("Hel", "lo")))
    async with (
        client_of(wire, kept) as client,
        client.runs.create("thread_1", assistant_id="asst_1").stream() as channel,
    ):
        async for _ in channel:
            with kept.tracer.start_as_current_span("mine"):
                pass
    call, run = kept.one("runs.create"), kept.one("invoke_agent")
    assert kept.parent(call) == "invoke_agent"
    assert kept.parent(run) is None
    assert {kept.parent(span) for span in kept.spans if span.name == "mine"} == {None}
    assert of(call)["assistants_async.stream.outcome"] == "completed"
    assert of(run)["gen_ai.operation.name"] == "invoke_agent"
    assert of(run)["gen_ai.agent.id"] == "asst_1"
    assert of(run)["gen_ai.conversation.id"] == "thread_1"
    assert of(run)["gen_ai.response.finish_reasons"] == ("completed",)
    assert run.status.status_code is StatusCode.UNSET
    assert "Hel" not in kept.text()


async def test_a_stream_that_is_left_ends_its_spans(wire: Wire) -> None:
    """At the end of its block, which is no error."""
    kept = Kept()
    wire.answer(events(*run_frames("Hel", "lo")))
    async with client_of(wire, kept) as client:
        async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
            await anext(channel)
            assert kept.spans == []
        assert kept.names() == ["runs.create", "invoke_agent"]
    assert of(kept.one("runs.create"))["assistants_async.stream.outcome"] == "closed"
    assert {span.status.status_code for span in kept.spans} == {StatusCode.UNSET}


async def test_a_stream_that_breaks_shows_its_error(wire: Wire) -> None:
    """On the call and the run, with no key of it though the content is wanted."""
    kept = Kept(content=True)
    broken = b'event: error\ndata: {"error": {"message": "no, %b", "code": "x"}}\n\n' % KEY.encode()
    wire.answer(events(run_frames("Hel")[0], broken))
    async with client_of(wire, kept) as client:
        with pytest.raises(StreamError):
            async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
                await channel.until_done()
    assert {of(span)["error.type"] for span in kept.spans} == {"StreamEventError"}
    assert KEY not in kept.text()


async def test_a_refused_stream_ends_its_spans(wire: Wire) -> None:
    """Both, with the status."""
    kept = Kept()
    wire.answer(failure(400))
    async with client_of(wire, kept) as client:
        with pytest.raises(Exception, match="no"):
            async with client.runs.create("thread_1", assistant_id="asst_1").stream():
                pass
    assert kept.names() == ["runs.create", "invoke_agent"]
    assert {of(span)["http.response.status_code"] for span in kept.spans} == {400}


async def test_a_download_that_breaks_shows_its_error(wire: Wire, tmp_path: Any) -> None:
    """On the span of its call, which ends with the file."""
    kept = Kept()

    async def cut(seen: Any, peer: Any) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")
        peer.reset()

    wire.answer(cut)
    async with client_of(wire, kept) as client:
        with pytest.raises(Exception, match="broke"):
            await client.files.content("file_1").save(tmp_path)
    assert of(kept.one("files.content"))["error.type"] == "ConnectionLostError"


async def test_a_status_that_is_no_error_is_none(wire: Wire) -> None:
    """With the option for it; the attempt shows the status."""
    kept = Kept()
    wire.answer(failure(404))
    async with client_of(wire, kept, raise_for_status=False) as client:
        response = await client.runs.retrieve("thread_1", "run_1").response()
    assert response.http.status == 404
    span = kept.one("runs.retrieve")
    assert span.status.status_code is StatusCode.UNSET
    assert of(span)["http.response.status_code"] == 404


async def test_a_stream_of_a_status_that_is_taken(wire: Wire) -> None:
    """Its spans end with the block, as an error where somebody has read on to it."""
    kept = Kept()
    wire.answer(failure(404))
    async with client_of(wire, kept, raise_for_status=False) as client:
        async with client.runs.create("thread_1", assistant_id="asst_1").stream():
            pass
        with pytest.raises(NotFoundError):
            async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
                await anext(channel)
    assert kept.names() == ["runs.create", "invoke_agent"] * 2
    assert [of(span).get("error.type") for span in kept.spans] == [None, None, "NotFoundError", "NotFoundError"]
    assert {of(span).get("http.response.status_code") for span in kept.spans if span.name == "runs.create"} == {404}


async def test_a_refused_list_ends_its_span(wire: Wire) -> None:
    """Streamed, too; it is no run."""
    kept = Kept()
    wire.answer(failure(404))
    async with client_of(wire, kept) as client:
        with pytest.raises(NotFoundError):
            async with client.messages.list("thread_1").stream():
                pass
    assert kept.names() == ["messages.list"]


def test_what_comes_after_the_end_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """A span that has ended takes nothing more, and the SDK has no reason to warn."""
    kept = Kept()
    tracing = Tracing(kept.telemetry, "http://127.0.0.1/v1", lambda attributes: attributes)
    request = bind(find("createRun"), ("thread_1",), {"assistant_id": "asst_1"}, protocol="v2")
    run = tracing.run(request)
    run.seen(Run(id="run_1"))
    run.end()
    run.fail(ValueError())
    run.set({"late": True})
    run.seen(Run(id="run_2", status="failed"))
    run.end()
    (span,) = kept.spans
    assert of(span)["gen_ai.response.id"] == "run_1"
    assert "error.type" not in of(span)
    assert caplog.records == []


@pytest.mark.parametrize("key", [KEY, lambda: KEY], ids=["text", "function"])
async def test_a_server_that_echoes_the_key_puts_it_into_no_span(wire: Wire, key: Any) -> None:
    """In whatever member it does; neither spans nor metrics have it, with contents too."""
    kept = Kept(content=True)
    call = {"id": f"call_{KEY}", "type": "function", "function": {"name": f"f_{KEY}", "arguments": f'{{"a": "{KEY}"}}'}}
    waiting = {
        **RUN,
        "model": KEY,
        "assistant_id": f"asst_{KEY}",
        "status": "requires_action",
        "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}},
    }
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    ended = {**waiting, "status": "completed", "required_action": None, "usage": usage}
    text = {"type": "text", "text": {"value": f"It is {KEY}.", "annotations": []}}
    message = {"id": "msg_1", "object": "thread.message", "role": "assistant", "run_id": RUN["id"], "content": [text]}
    messages = answer({"object": "list", "data": [message], "first_id": "msg_1", "last_id": "msg_1", "has_more": False})
    wire.answer(answer(waiting), answer(ended), messages)
    async with AssistantsClient(base_url=wire.base_url, api_key=key, telemetry=kept.telemetry) as client:
        await client.runs.create("thread_1", assistant_id="asst_1").drive(Toolbox([get_weather]), stream=False)
    assert "execute_tool f_[masked]" in kept.names()
    assert KEY not in kept.text()
    points = kept.points("gen_ai.client.token.usage") + kept.points("gen_ai.client.operation.duration")
    assert "[masked]" in str(points)
    assert KEY not in str(points)
