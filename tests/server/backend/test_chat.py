"""A model behind the embedded server: a scripted backend answers, the client sees how the run ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.server import AssistantsServer
from assistants_async.server.backend.chat import ChatCompletions
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend, Cut, RawAnswer, Silence, error_answer
from tests.support.backend_home import FUNCTION, HI, KEY, chunk, home, played, sse, thread_and_run

FORMS: Mapping[str, RawAnswer] = {
    "as the vendor's": RawAnswer(pieces=[sse(*HI)]),
    "CRLF": RawAnswer(pieces=[sse(*HI, end="\r\n\r\n")]),
    "no end mark": RawAnswer(pieces=[sse(*HI, done=False)]),
    "comments": RawAnswer(pieces=[b": ping\n\n", sse(*HI[:2], done=False), b": ping\n\n", sse(*HI[2:])]),
    "byte by byte": RawAnswer(pieces=[bytes([one]) for one in sse(*HI)]),
    "characters cut in two": RawAnswer(
        pieces=[(whole := sse(*HI))[: (place := whole.index(b"\xc3") + 1)], whole[place:]]
    ),
    "events with names and ids": RawAnswer(pieces=[sse(*HI).replace(b"data:", b"event: chunk\nid: 1\ndata:")]),
    "no space behind the colon": RawAnswer(pieces=[sse(*HI).replace(b"data: ", b"data:")]),
    "a byte order mark": RawAnswer(pieces=[b"\xef\xbb\xbf" + sse(*HI)]),
    "JSON in place of a stream": RawAnswer(
        pieces=[b'{"choices":[{"message":{"content":"H\\u00e9llo"},"finish_reason":"stop"}]}'],
        headers={"content-type": "application/json"},
    ),
    "reasoning first": RawAnswer(pieces=[sse(chunk(reasoning_content="hm"), *HI)]),
    "a thought first": RawAnswer(pieces=[sse(chunk(content="<think>hm</think>\n"), *HI)]),
    "the finish reason beside the last text": RawAnswer(pieces=[sse(HI[1], chunk("stop", content="llo"))]),
    "open after the end mark": RawAnswer(pieces=[sse(*HI), Silence()]),
    "cut after the end mark": RawAnswer(pieces=[sse(*HI), Cut()]),
}


@pytest.mark.parametrize("answer", FORMS.values(), ids=FORMS)
async def test_answers_in_every_form(answer: RawAnswer) -> None:
    """However a backend writes it, the message is whole and the run completed."""
    ended = await played(answer)
    assert ended.shown == ("completed", "Héllo", "completed")


async def test_usage_is_the_backends_own() -> None:
    """Step and run have the tokens that the backend counted, summed over rounds."""
    answers = [ChatAnswer(calls=[("f", {})], usage=(10, 5)), ChatAnswer(text="Done.", usage=(20, 7))]
    async with home(answers) as (_, client):
        thread, run = await thread_and_run(client, FUNCTION)
        outputs: Any = [{"tool_call_id": call.id, "output": "1"} for call in run.tool_calls]
        run = await client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs).poll()
        steps = await client.steps.list(thread, run, order="asc").collect()
    assert run.usage is not None
    assert (run.usage.prompt_tokens, run.usage.completion_tokens, run.usage.total_tokens) == (30, 12, 42)
    assert [step.usage and step.usage.total_tokens for step in steps] == [15, 27]


async def test_usage_is_estimated_where_the_backend_counts_none() -> None:
    """There is a usage all the same."""
    ended = await played(ChatAnswer(text="One two three", usage=None))
    assert ended.run.usage is not None
    assert ended.run.usage.completion_tokens == 3


ENDS: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "length": (ChatAnswer(text="Hel", finish_reason="length"), ("incomplete", "Hel", "incomplete")),
    "content filter": (ChatAnswer(text="Hel", finish_reason="content_filter"), ("incomplete", "Hel", "incomplete")),
    "nothing": (ChatAnswer(), ("completed", "", "completed")),
    "a refusal": (ChatAnswer(refusal="No."), ("completed", "", "completed")),
    "cut in the text": (RawAnswer(pieces=[sse(*HI[:2], done=False), Cut()]), ("failed", "Hé", "incomplete")),
    "ended in the text": (RawAnswer(pieces=[sse(*HI[:2], done=False)]), ("failed", "Hé", "incomplete")),
    "the end mark in the text": (RawAnswer(pieces=[sse(*HI[:2])]), ("failed", "Hé", "incomplete")),
    "an error in the text": (
        RawAnswer(pieces=[sse(*HI[:2], '{"error":{"message":"overloaded"}}')]),
        ("failed", "Hé", "incomplete"),
    ),
    "an error in the text that sounds like a refusal of usage": (
        RawAnswer(pieces=[sse(*HI[:2], '{"error":{"message":"unknown parameter stream_options"}}')]),
        ("failed", "Hé", "incomplete"),
    ),
    "rubbish in the text": (RawAnswer(pieces=[sse(*HI[:2], "<html>")]), ("failed", "Hé", "incomplete")),
}


@pytest.mark.parametrize(("answer", "wanted"), ENDS.values(), ids=ENDS)
async def test_ends(answer: RawAnswer | ChatAnswer, wanted: tuple[Any, ...]) -> None:
    """Each end of an answer is an end of the run; no request is repeated after output."""
    ended = await played(answer)
    assert (*ended.shown, len(ended.backend.requests)) == (*wanted, 1)
    if ended.run.status == "failed":
        assert ended.error[0] == "server_error"


REFUSALS: Mapping[str, tuple[RawAnswer, tuple[str, str]]] = {
    "400": (error_answer(400, "bad"), ("invalid_prompt", "the backend answered 400: bad")),
    "404": (error_answer(404, "no model"), ("invalid_prompt", "the backend answered 404: no model")),
    "413": (error_answer(413, "large"), ("invalid_prompt", "the backend answered 413: large")),
    "422": (error_answer(422, "odd"), ("invalid_prompt", "the backend answered 422: odd")),
    "401": (error_answer(401, f"bad key {KEY}"), ("server_error", "the backend refused the server's key (401)")),
    "403": (error_answer(403, "no"), ("server_error", "the backend refused the server's key (403)")),
    "context": (
        error_answer(400, "too long", code="context_length_exceeded"),
        ("invalid_prompt", "the backend answered 400: too long"),
    ),
    "quota": (
        error_answer(429, "no money", code="insufficient_quota"),
        ("rate_limit_exceeded", "the backend answered 429: no money"),
    ),
    "a wait past the expiry": (
        error_answer(429, "later", retry_after="100000"),
        ("rate_limit_exceeded", "the backend answered 429: later"),
    ),
    "key and address in its words": (
        error_answer(400, f"key {KEY} is wrong"),
        ("invalid_prompt", "the backend answered 400: key [masked] is wrong"),
    ),
    "an error frame by its own code": (
        RawAnswer(pieces=[sse('{"error":{"message":"too long","code":"context_length_exceeded"}}')]),
        ("invalid_prompt", "the backend answered with an error: too long"),
    ),
}


@pytest.mark.parametrize(("answer", "wanted"), REFUSALS.values(), ids=REFUSALS)
async def test_refusals_are_final(answer: RawAnswer, wanted: tuple[str, str]) -> None:
    """These fail the run at the first answer, in the backend's words without key and address."""
    ended = await played(answer)
    assert (ended.run.status, ended.error, len(ended.backend.requests)) == ("failed", wanted, 1)


SOON = {"retry_after_ms": "1"}
PASSING: Mapping[str, RawAnswer] = {
    "429": error_answer(429, "busy", **SOON),
    "500": error_answer(500, "oops", **SOON),
    "503": error_answer(503, "loading", **SOON),
}


@pytest.mark.parametrize("answer", PASSING.values(), ids=PASSING)
async def test_passing_failures_are_retried_inside_the_run(answer: RawAnswer) -> None:
    """Three retries at most, all before the first output; then the run has no trace of them."""
    ended = await played(answer, answer, answer, ChatAnswer(text="Hello"))
    assert (ended.run.status, len(ended.backend.requests)) == ("completed", 4)
    assert all(request == ended.backend.requests[0] for request in ended.backend.requests)


async def test_lasting_failures_fail_the_run() -> None:
    """Four requests, then the run ends by the kind of failure."""
    ended = await played(*[error_answer(503, "loading", **SOON)] * 5)
    assert (ended.error, len(ended.backend.requests)) == (("server_error", "the backend answered 503: loading"), 4)
    ended = await played(*[error_answer(429, "busy", **SOON)] * 5)
    assert ended.error == ("rate_limit_exceeded", "the backend answered 429: busy")


BEFORE_OUTPUT: Mapping[str, RawAnswer] = {
    "cut before the head": RawAnswer(pieces=[Cut()]),
    "cut before output": RawAnswer(pieces=[sse(HI[0], done=False), Cut()]),
    "ended before output": RawAnswer(pieces=[sse(HI[0])]),
    "an error frame": RawAnswer(pieces=[sse('{"error":{"message":"overloaded","code":503}}')]),
}


@pytest.mark.parametrize("answer", BEFORE_OUTPUT.values(), ids=BEFORE_OUTPUT)
async def test_a_break_before_output_is_tried_again(answer: RawAnswer) -> None:
    """Nobody has seen anything of the answer."""
    ended = await played(answer, ChatAnswer(text="Hello"))
    assert (*ended.shown, len(ended.backend.requests)) == ("completed", "Hello", "completed", 2)


async def test_a_silent_backend_is_given_up() -> None:
    """Silence counts like a 5xx before the first output."""
    ended = await played(RawAnswer(pieces=[Silence()]), ChatAnswer(text="Hello"), settings={"timeout": 0.05})
    assert (ended.run.status, len(ended.backend.requests)) == ("completed", 2)


async def test_a_backend_that_is_not_there(unused_tcp_port: int) -> None:
    """The run fails in words, without the address."""
    responder = ChatCompletions(f"http://127.0.0.1:{unused_tcp_port}/v1", timeout=1.0)
    async with (
        AssistantsServer(responder=responder, pace=0.001) as server,
        AssistantsClient(base_url=server.base_url, api_key="key") as client,
    ):
        _, run = await thread_and_run(client, interval=0.5)
    await responder.close()
    assert run.last_error is not None
    assert run.last_error.message == "the backend cannot be reached"


async def test_usage_is_left_out_where_it_is_refused() -> None:
    """`stream_options` is refused once, and never sent again."""
    refusal = error_answer(400, "Unknown parameter: 'stream_options'")
    async with home([refusal, ChatAnswer(text="Hello"), ChatAnswer(text="Hello")]) as (backend, client):
        _, run = await thread_and_run(client)
        await thread_and_run(client)
    assert run.status == "completed"
    assert ["stream_options" in request for request in backend.requests] == [True, False, False]


async def test_a_cancelled_run_cuts_the_backend() -> None:
    """The connection is closed, and the text so far stays."""
    async with home([RawAnswer(pieces=[sse(*HI[:2], done=False), Silence()])]) as (backend, client):
        assistant = await client.assistants.create(model="gpt-4o")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
        async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
            async for _ in channel.text():
                assert backend.open == 1
                break
        run = await client.runs.list(thread).first()
        assert run is not None
        await client.runs.cancel(thread, run)
        ended = await client.runs.wait(thread, run, raise_on=())
        message = await client.messages.list(thread).first()
        while backend.open:
            await client.runs.retrieve(thread, run)
    assert message is not None
    assert (ended.status, message.text, message.status) == ("cancelled", "Hé", "incomplete")


async def test_budgets_over_rounds() -> None:
    """The answer that exceeds a budget ends the run; its calls are not required."""
    ended = await played(ChatAnswer(calls=[("f", {})], usage=(60, 5)), tools=[FUNCTION], max_prompt_tokens=256)
    assert ended.run.status == "requires_action"
    ended = await played(ChatAnswer(calls=[("f", {})], usage=(300, 5)), tools=[FUNCTION], max_prompt_tokens=256)
    assert ended.run.incomplete_details is not None
    assert (ended.run.status, ended.run.incomplete_details.reason) == ("incomplete", "max_prompt_tokens")


async def test_a_budget_that_is_used_up_sends_nothing() -> None:
    """The next round would have nothing left to write."""
    answers = [ChatAnswer(calls=[("f", {})], usage=(10, 300)), ChatAnswer(text="Done.")]
    async with home(answers) as (backend, client):
        thread, run = await thread_and_run(client, FUNCTION, max_completion_tokens=300)
        outputs: Any = [{"tool_call_id": call.id, "output": "1"} for call in run.tool_calls]
        run = await client.runs.submit_tool_outputs(thread, run, tool_outputs=outputs).poll(raise_on=())
    assert run.incomplete_details is not None
    assert (run.status, run.incomplete_details.reason) == ("incomplete", "max_completion_tokens")
    assert [request["max_tokens"] for request in backend.requests] == [300]


async def test_tools_by_a_schema() -> None:
    """The request has no tools; the object that comes back is a call of the client's function."""
    text = '{"calls": [{"tool": "f", "arguments": {"x": 1}}]}'
    ended = await played(ChatAnswer(text=text), tools=[FUNCTION], settings={"tools": "schema"}, tool_choice="required")
    assert ended.run.status == "requires_action"
    assert [call.function and call.function.arguments for call in ended.run.tool_calls] == ['{"x": 1}']
    assert "tools" not in ended.backend.requests[0]


async def test_an_answer_by_a_schema_that_the_limit_cuts() -> None:
    """The message has the text that was written, and nothing of the object around it."""
    answer = ChatAnswer(text='{"answer": "Once upon a', finish_reason="length")
    ended = await played(answer, tools=[FUNCTION], settings={"tools": "schema"})
    assert ended.message is not None
    assert (ended.run.status, ended.message.status, ended.message.text) == ("incomplete", "incomplete", "Once upon a")


async def test_code_interpreter_fails_the_run_and_not_the_assistant() -> None:
    """Assistants with it load; their runs say that no sandbox is configured."""
    ended = await played(tools=[{"type": "code_interpreter"}])
    assert ended.error == ("server_error", "code_interpreter: no sandbox is configured on this server")
    assert ended.backend.requests == []


async def test_the_key_of_the_backend_is_sent_to_it_alone() -> None:
    """The backend gets the server's key, and none of this protocol's headers."""
    ended = await played(ChatAnswer(text="Hello"))
    headers = ended.backend.headers[0]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert not {"openai-beta", "idempotency-key"} & headers.keys()


async def test_models_and_their_context() -> None:
    """The backend says which models it has, and some how much fits into them."""
    async with ChatBackend(models=["a", "b"], context=4096) as backend:
        responder = ChatCompletions(backend.url)
        assert await responder.models() == {"a": 4096, "b": 4096}
        await responder.close()


async def test_a_context_size_from_the_backend() -> None:
    """The thread is cut to the size that the backend lists, without any setting."""
    async with ChatBackend(models=["gpt-4o"], context=40) as backend:
        responder = ChatCompletions(backend.url)
        async with (
            AssistantsServer(responder=responder, pace=0.001) as server,
            AssistantsClient(base_url=server.base_url, api_key="key") as client,
        ):
            assistant = await client.assistants.create(model="gpt-4o")
            messages: Any = [{"role": "user", "content": f"message {number} {'x' * 90}"} for number in range(5)]
            thread = await client.threads.create(messages=messages)
            await client.runs.create(thread, assistant_id=assistant).poll()
    assert [message["content"][:9] for message in backend.requests[0]["messages"]] == ["message 0", "message 4"]
