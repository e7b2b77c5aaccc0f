"""A call: every form it is awaited in, and what it says when it is misused."""

from __future__ import annotations

import asyncio
import gc
import warnings
from collections.abc import Coroutine
from typing import Any

import anyio
import msgspec
import pytest

from assistants_async import Assistant, AssistantsClient, Response, Run
from tests.support.http_server import ASSISTANT, KEY, RUN, THREAD, Memory, Wire, answer

WANTED = Assistant(id="asst_1", object="assistant", created_at=1, model="gpt-4o")


async def test_awaiting_gives_the_value(wire: Wire, client: AssistantsClient) -> None:
    """One request with the protocol's headers, one model back."""
    wire.answer(answer(ASSISTANT))
    assert await client.assistants.retrieve("asst_1") == WANTED
    (seen,) = wire.seen
    assert (seen.method, seen.target, seen.body) == ("GET", "/v1/assistants/asst_1", b"")
    assert seen.header("authorization") == f"Bearer {KEY}"
    assert seen.header("openai-beta") == "assistants=v2"
    assert seen.header("accept") == "application/json"
    assert seen.header("accept-encoding") == "identity"
    assert str(seen.header("user-agent")).startswith("assistants-async/")
    assert seen.header("content-type") is None


async def test_a_body_is_json_with_its_length(wire: Wire, client: AssistantsClient) -> None:
    """Keywords go as one JSON object, None as null."""
    wire.answer(answer(ASSISTANT))
    await client.assistants.create(model="gpt-4o", name=None, metadata={"a": "é"})
    assert wire.last.json == {"model": "gpt-4o", "name": None, "metadata": {"a": "é"}}
    assert wire.last.header("content-type") == "application/json"
    assert wire.last.header("content-length") == str(len(wire.last.body))


async def test_a_post_without_keywords_of_its_own_has_no_body(wire: Wire, client: AssistantsClient) -> None:
    """Cancelling sends neither a body nor a content type: some servers refuse an empty one that claims to be JSON."""
    wire.answer(answer(RUN))
    await client.runs.cancel("thread_1", "run_1")
    assert (wire.last.method, wire.last.body, wire.last.header("content-type")) == ("POST", b"", None)


async def test_response_gives_the_answer_beside_the_value(wire: Wire, client: AssistantsClient) -> None:
    """Status, reason, repeated headers, bytes, URL, request id, attempts and time."""
    body = answer(ASSISTANT, 200, "Fine", x_request_id="req_9", set_cookie="a=1")
    wire.answer(body.replace(b"\r\n\r\n", b"\r\nSet-Cookie: b=2\r\n\r\n", 1))
    value, http = await client.assistants.retrieve("asst_1").response()
    assert value == WANTED
    assert (http.status, http.reason, http.method) == (200, "Fine", "GET")
    assert http.url == wire.base_url + "/assistants/asst_1"
    assert http.headers.get_all("SET-COOKIE") == ("a=1", "b=2")
    assert http.headers["content-type"] == http.content_type == "application/json"
    assert msgspec.json.decode(http.content) == ASSISTANT
    assert (http.request_id, http.attempts) == ("req_9", 1)
    assert 0 < http.elapsed < 60


@pytest.mark.parametrize("status", [200, 201, 202, 203])
async def test_any_2xx_is_a_success(wire: Wire, client: AssistantsClient, status: int) -> None:
    """Three servers answer creates with 201."""
    wire.answer(answer(ASSISTANT, status))
    value, http = await client.assistants.create(model="gpt-4o").response()
    assert (value, http.status) == (WANTED, status)


class Own(msgspec.Struct):
    """A model of the caller's own."""

    id: str
    model: str


async def test_as_type_decodes_to_another_type(wire: Wire, client: AssistantsClient) -> None:
    """A model of the caller's own, plain values, or the bytes."""
    wire.answer(answer(ASSISTANT))
    assert await client.assistants.retrieve("asst_1").as_type(Own) == Own("asst_1", "gpt-4o")
    assert await client.assistants.retrieve("asst_1").as_type(dict) == ASSISTANT
    content = await client.assistants.retrieve("asst_1").as_type(bytes)
    assert msgspec.json.decode(content) == ASSISTANT


async def test_with_options_is_for_this_call_alone(wire: Wire, client: AssistantsClient) -> None:
    """Headers and query are added to this request, and the next one is as before."""
    wire.answer(answer(ASSISTANT))
    await client.assistants.retrieve("asst_1").with_options(headers={"X-A": "1"}, query={"trace": True})
    assert (wire.last.header("x-a"), wire.last.query) == ("1", {"trace": "true"})
    await client.assistants.retrieve("asst_1")
    assert (wire.last.header("x-a"), wire.last.query) == (None, {})


async def test_calls_are_coroutines(wire: Wire, client: AssistantsClient) -> None:
    """Tasks, gather, wait_for, timeouts and groups take a call as it is."""
    wire.answer(answer(ASSISTANT))
    assert isinstance(call := client.assistants.retrieve("asst_1"), Coroutine)
    assert await asyncio.create_task(call) == WANTED
    get = client.assistants.retrieve
    assert list(await asyncio.gather(get("a"), get("b"), get("c"))) == [WANTED] * 3
    assert await asyncio.wait_for(get("a"), 60) == WANTED
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        tasks = [group.create_task(get(name)) for name in "ab"]
    assert [task.result() for task in tasks] == [WANTED] * 2
    async with anyio.create_task_group() as own:
        own.start_soon(get, "asst_9")
        own.start_soon(get, "asst_9")
    assert [seen.path for seen in wire.seen[-2:]] == ["/v1/assistants/asst_9"] * 2


async def test_a_response_is_a_coroutine_too(wire: Wire, client: AssistantsClient) -> None:
    """`response()` can be a task of its own."""
    wire.answer(answer(ASSISTANT))
    answers = await asyncio.gather(*(client.assistants.retrieve("asst_1").response() for _ in range(2)))
    assert all(isinstance(each, Response) and each.value == WANTED for each in answers)


def test_asyncio_run_takes_a_call() -> None:
    """A script can hand a call to `asyncio.run`."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1", transport=Memory(answer(ASSISTANT)))
    assert asyncio.run(client.assistants.retrieve("asst_1")) == WANTED
    asyncio.run(client.close())


async def test_a_call_can_be_used_once(wire: Wire, client: AssistantsClient) -> None:
    """A second use, in any form, is refused before anything is sent."""
    wire.answer(answer(ASSISTANT))
    call = client.assistants.retrieve("asst_1")
    await call
    with pytest.raises(RuntimeError, match=r"assistants\.retrieve: a call can be used only once"):
        await call
    with pytest.raises(RuntimeError, match="only once"):
        await call.response()
    with pytest.raises(RuntimeError, match="only once"):
        call.as_type(dict)  # type: ignore[unused-awaitable]  # it raises
    with pytest.raises(RuntimeError, match="options must be set before"):
        call.with_options(timeout=1)  # type: ignore[unused-awaitable]  # it raises
    with pytest.raises(RuntimeError, match="only once"):
        await asyncio.create_task(call)
    assert len(wire.seen) == 1


async def test_a_call_that_is_never_awaited_warns_by_name(wire: Wire, client: AssistantsClient) -> None:
    """The warning names the method, as a coroutine's would, and nothing is sent."""
    with pytest.warns(RuntimeWarning, match=r"^threads\.delete\(\) was never awaited$"):  # the garbage is what warns
        client.threads.delete("thread_1")  # type: ignore[unused-awaitable]  # what the test is about
        gc.collect()
    assert wire.seen == []


async def test_a_call_given_up_does_not_warn(wire: Wire, client: AssistantsClient) -> None:
    """`close()` gives a call up, sent or not, as of a coroutine."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        call = client.threads.delete("thread_1")
        call.close()
        call.close()
        with pytest.raises(RuntimeError, match="only once"):
            await call

    async def pause(_: object) -> None:
        await asyncio.sleep(0)

    started: Any = client.threads.delete("thread_1").with_options(on_request=pause)
    started.send(None)
    started.close()
    with pytest.raises(RuntimeError, match="only once"):
        await started
    assert wire.seen == []


async def test_a_refused_call_does_not_warn(client: AssistantsClient) -> None:
    """A method that raises has made no call that could be forgotten."""
    with pytest.raises(ValueError, match="thread_id"):
        client.threads.delete("")  # type: ignore[unused-awaitable]  # it raises
    gc.collect()


async def test_the_repr_says_which_call_it_is(wire: Wire, client: AssistantsClient) -> None:
    """Operation and state, and no id or key."""
    wire.answer(answer(RUN))
    call = client.runs.retrieve("thread_1", "run_1")
    before = repr(call)
    assert await call == Run(id="run_1", object="thread.run", thread_id="thread_1", status="queued")
    assert before.endswith("runs.retrieve: GET /threads/{thread_id}/runs/{run_id}, not sent>")
    assert repr(call).endswith(", used>")
    assert "run_1" not in before


async def test_a_coroutine_steps_by_hand(wire: Wire, client: AssistantsClient) -> None:
    """`throw` before the first step ends the call with that error and sends nothing."""
    call: Any = client.assistants.retrieve("asst_1")
    with pytest.raises(KeyError):
        call.throw(KeyError("x"))
    other: Any = client.assistants.retrieve("asst_1")
    with pytest.raises(KeyError):
        other.throw(KeyError)
    assert wire.seen == []


async def test_the_checked_values_are_sent(wire: Wire, client: AssistantsClient) -> None:
    """A list that changes between the making of a call and its sending changes nothing."""
    messages: list[Any] = [{"role": "user", "content": "Hello"}]
    wire.answer(answer(THREAD))
    call = client.threads.create(messages=messages)
    messages.append({"role": "nobody", "content": 5})
    await call
    assert wire.last.json == {"messages": [{"role": "user", "content": "Hello"}]}
