"""The span of a run that is taken to its end: over all its requests and tools, in every form."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from assistants_async import AnswerDecodeError, AssistantsClient, RunFailedError, Toolbox, ToolError
from assistants_async.server import AssistantsServer, CallTools, Fail, Say, ScriptedResponder, Stall
from tests.support.embedded import Server, listed
from tests.support.http_server import KEY, Wire
from tests.support.run_events import run, run_frames
from tests.support.spans import Kept, of
from tests.support.steady_loop import MS


@asynccontextmanager
async def kept_runs(kept: Kept, *turns: Any) -> AsyncIterator[tuple[AssistantsClient, Any]]:
    """A client whose spans are kept, and the arguments of a run of a script."""
    async with (
        AssistantsServer(responder=ScriptedResponder(turns), seed=0, pace=MS) as server,
        AssistantsClient(base_url=server.base_url, api_key=KEY, telemetry=kept.telemetry) as client,
    ):
        plain = client.with_options(retry=None)
        assistant = await plain.assistants.create(model="m")
        thread = await plain.threads.create(messages=[{"role": "user", "content": "hi"}])
        yield client, client.runs.create(thread, assistant_id=assistant, instructions="hush")


async def echo(text: str) -> str:
    """Give it back."""
    return text


async def broken() -> str:
    """Fail."""
    raise ToolError("hush")


ROUND = CallTools([("echo", {"text": "hush"}), ("broken", {}), ("unknown", {})])


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "polled"])
async def test_a_drive_is_a_span(stream: bool) -> None:
    """With its requests and tools below it, its tokens, ids and status, and nothing of what was written."""
    kept = Kept()
    async with kept_runs(kept, ROUND, Say("Tell nobody.")) as (_, call):
        with kept.tracer.start_as_current_span("mine"):
            result = await call.drive(Toolbox([echo, broken]), stream=stream)
    span = kept.one("invoke_agent")
    assert kept.parent(span) == "mine"
    assert of(span)["gen_ai.operation.name"] == "invoke_agent"
    assert of(span)["gen_ai.agent.id"] == result.run.assistant_id
    assert of(span)["gen_ai.conversation.id"] == result.run.thread_id
    assert of(span)["gen_ai.response.id"] == result.run.id
    assert of(span)["gen_ai.response.model"] == "m"
    assert of(span)["gen_ai.response.finish_reasons"] == ("completed",)
    assert result.usage is not None
    assert of(span)["gen_ai.usage.input_tokens"] == result.usage.prompt_tokens
    assert of(span)["gen_ai.usage.output_tokens"] == result.usage.completion_tokens
    assert span.status.status_code is StatusCode.UNSET
    below = {each.name for each in kept.spans if kept.parent(each) == "invoke_agent"}
    tools = {"execute_tool echo", "execute_tool broken", "execute_tool unknown"}
    assert below >= {"runs.create", "runs.submit_tool_outputs", *tools}
    assert not any(text in kept.text() for text in ("hush", "Tell nobody"))


async def test_a_tool_is_a_span() -> None:
    """Parent of what its function does; its error by class; one that was refused has a span of no length."""
    kept = Kept()

    async def ask(text: str) -> str:
        with kept.tracer.start_as_current_span("inside"):
            return text

    round_ = CallTools([("ask", {"text": "a"}), ("broken", {}), ("unknown", {})])
    async with kept_runs(kept, round_, Say("Done.")) as (_, call):
        await call.drive(Toolbox([ask, broken]))
    good, bad, unknown = (kept.one(f"execute_tool {name}") for name in ("ask", "broken", "unknown"))
    assert kept.parent(kept.one("inside")) == "execute_tool ask"
    assert of(good)["gen_ai.tool.name"] == "ask"
    assert of(good)["gen_ai.tool.type"] == "function"
    assert str(of(good)["gen_ai.tool.call.id"]).startswith("call_")
    assert good.status.status_code is StatusCode.UNSET
    assert of(bad)["error.type"] == "ToolError"
    assert of(unknown)["error.type"] == "ToolCallError"
    assert unknown.status.status_code is StatusCode.ERROR


async def test_a_sync_tool_has_its_span_in_its_thread() -> None:
    """So that what the function does there is below it."""
    kept = Kept()

    def ask() -> str:
        with kept.tracer.start_as_current_span("inside"):
            return ""

    async with kept_runs(kept, CallTools({"ask": {}}), Say("Done.")) as (_, call):
        await call.drive(Toolbox([ask]))
    assert kept.parent(kept.one("inside")) == "execute_tool ask"


async def test_a_run_that_a_tool_streams_is_a_run_of_its_own() -> None:
    """Below the tool: it is no part of the run that called the tool."""
    kept = Kept()
    async with kept_runs(kept, CallTools({"ask": {}}), Say("Inner."), Say("Outer.")) as (client, call):

        async def ask() -> str:
            made = client.threads.create_and_run(assistant_id="asst_gone")
            with pytest.raises(Exception, match="asst_gone"):
                async with made.stream():
                    pass
            return ""

        await call.drive(Toolbox([ask]))
    inner, outer = [span for span in kept.spans if span.name == "invoke_agent"]
    assert kept.parent(inner) == "execute_tool ask"
    assert kept.parent(outer) is None


async def test_content_is_written_where_it_is_wanted() -> None:
    """Instructions, messages, arguments and outputs."""
    kept = Kept(content=True)
    async with kept_runs(kept, CallTools({"echo": {"text": "in"}}), Say("Tell nobody.")) as (_, call):
        await call.drive(Toolbox([echo]))
    span, tool = kept.one("invoke_agent"), kept.one("execute_tool echo")
    assert of(span)["gen_ai.system_instructions"] == '[{"type":"text","content":"hush"}]'
    assert "Tell nobody." in str(of(span)["gen_ai.output.messages"])
    assert of(tool)["gen_ai.tool.call.arguments"] == '{"text":"in"}'
    assert of(tool)["gen_ai.tool.call.result"] == "in"


async def test_an_entered_drive_is_a_span_of_the_caller_s() -> None:
    """Though its work goes on in a task of its own, and the reader's spans are none of its."""
    kept = Kept()
    async with kept_runs(kept, Say("Hello there.")) as (_, call):
        with kept.tracer.start_as_current_span("mine"):
            async with call.drive() as channel:
                async for _ in channel.text():
                    with kept.tracer.start_as_current_span("reading"):
                        pass
    assert kept.parent(kept.one("invoke_agent")) == "mine"
    assert {kept.parent(span) for span in kept.spans if span.name == "reading"} == {"mine"}


async def test_a_poll_and_a_wait_are_spans() -> None:
    """With the polls below them."""
    kept = Kept()
    async with kept_runs(kept, Say("Hello.")) as (client, call):
        run = await call.poll()
        await client.runs.wait(run.thread_id or "", run)
    assert kept.names().count("invoke_agent") == 2
    assert {kept.parent(span) for span in kept.spans if span.name == "runs.retrieve"} == {"invoke_agent"}
    assert of(kept.spans[-1])["gen_ai.response.id"] == run.id


async def test_a_failed_run_sets_the_status() -> None:
    """By the class and the code of its error."""
    kept = Kept()
    async with kept_runs(kept, Fail("rate_limit_exceeded", "hush")) as (_, call):
        with pytest.raises(RunFailedError):
            await call.poll()
    span = kept.one("invoke_agent")
    assert of(span)["error.type"] == "RunFailedError"
    assert span.status.description == "RunFailedError rate_limit_exceeded"
    assert "hush" not in kept.text()


async def test_a_failed_run_that_raises_nothing_sets_the_status_too() -> None:
    """Of a stream that is read event by event, and of a poll that returns it."""
    kept = Kept()
    async with kept_runs(kept, Fail("server_error", "hush"), Fail("server_error", "hush")) as (client, call):
        async with call.stream() as channel:
            run = await channel.final_run()
        await client.runs.wait(run.thread_id or "", run, raise_on=())
    for span in (each for each in kept.spans if each.name == "invoke_agent"):
        assert of(span)["error.type"] == "failed"
        assert span.status.description == "the run failed"


async def test_an_answer_that_does_not_fit_sets_the_status() -> None:
    """It is read within the span."""
    kept = Kept()
    async with kept_runs(kept, Say("no JSON")) as (_, call):
        with pytest.raises(AnswerDecodeError):
            await call.drive(output_type=dict[str, int])
    assert of(kept.one("invoke_agent"))["error.type"] == "AnswerDecodeError"


async def test_a_drive_that_is_left_ends_its_spans() -> None:
    """Those of the tools under way too, and the run is cancelled below it."""
    kept = Kept()
    begun = asyncio.Event()

    async def hang() -> str:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with kept_runs(kept, CallTools({"hang": {}})) as (_, call):
        async with call.drive(Toolbox([hang])):
            await begun.wait()
        assert {"execute_tool hang", "invoke_agent", "runs.cancel"} <= set(kept.names())
    assert of(kept.one("execute_tool hang"))["error.type"] == "CancelledError"
    assert of(kept.one("invoke_agent"))["error.type"] == "CancelledError"
    assert kept.parent(kept.one("runs.cancel")) == "invoke_agent"


async def test_a_cancelled_poll_ends_its_span() -> None:
    """And the caller's own span is the current one again."""
    kept = Kept()
    async with kept_runs(kept, Stall()) as (_, call):
        with kept.tracer.start_as_current_span("mine"):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(50 * MS):
                    await call.poll()
            with kept.tracer.start_as_current_span("after"):
                pass
    assert of(kept.one("invoke_agent"))["error.type"] == "CancelledError"
    assert kept.parent(kept.one("after")) == "mine"


async def test_a_recovered_stream_is_one_run(wire: Wire) -> None:
    """The call has the error of its stream; the run goes on with the polls below it, and ends well."""
    kept = Kept()
    frames = run_frames("Hel", "lo")
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n"

    async def cut(seen: Any, peer: Any) -> None:
        await peer.send(head + b"".join(frames[:3]))
        peer.reset()

    ended = run("completed", thread_id="thread_1", usage={"prompt_tokens": 1, "completion_tokens": 2})
    Server(wire, create=[cut], get=[ended], steps=[listed()], messages=[listed()])
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY, telemetry=kept.telemetry) as client,
        client.runs.create("thread_1", assistant_id="asst_1").stream(recover=True) as channel,
    ):
        await channel.until_done()
    assert kept.names().count("invoke_agent") == 1
    assert of(kept.one("runs.create"))["error.type"] == "StreamInterruptedError"
    span = kept.one("invoke_agent")
    assert kept.parent(kept.one("runs.retrieve")) == "invoke_agent"
    assert span.status.status_code is StatusCode.UNSET
    assert of(span)["gen_ai.usage.output_tokens"] == 2
