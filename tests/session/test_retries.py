"""Calls that are sent more than once: on the wire, and in the caller's eyes."""

from __future__ import annotations

import asyncio
import gzip
import logging
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from assistants_async import (
    Assistant,
    AssistantsClient,
    BadRequestError,
    ClientClosedError,
    ConnectFailedError,
    ConnectionLostError,
    RateLimitedError,
    Retry,
    RetryPolicy,
    ServerError,
    TimedOutError,
    Timeout,
)
from tests.support.http_server import (
    FILE,
    KEY,
    RUN,
    THREAD,
    Answer,
    Wire,
    answer,
    failure,
    head,
    page,
    raw,
    silent,
    then_cut,
    then_silent,
)
from tests.support.retries import BODY, QUICK, closed, cut
from tests.support.steady_loop import MS


@pytest.fixture
async def client(wire: Wire) -> AsyncIterator[AssistantsClient]:
    """A client that tries again soon."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=QUICK) as made:
        yield made


# What is sent again

PASSING: dict[str, Answer] = {
    "408": failure(408),
    "409": failure(409),
    "429": failure(429),
    "500": failure(500),
    "529": failure(529),
    "reset": cut,
    "closed": closed,
    "half a head": then_cut(b"HTTP/1.1 200 OK\r\ncontent-"),
    "half a body": then_cut(BODY[:-5]),
    "gzip that is cut short": raw(gzip.compress(b"{}")[:-9], content_encoding="gzip"),
    "silence": silent,
    "silence in the body": then_silent(BODY[:-5]),
}


@pytest.mark.parametrize("given", PASSING.values(), ids=PASSING.keys())
async def test_reading_is_tried_again(wire: Wire, client: AssistantsClient, given: Answer) -> None:
    """Twice, and the third answer is the call's; the caller sees how often it was sent."""
    wire.answer(given, given, BODY)
    limited = client.with_options(timeout=Timeout(head=100 * MS, idle=100 * MS))
    assistant, http = await limited.assistants.retrieve("asst_1").response()
    assert (assistant.id, http.attempts, len(wire.seen)) == ("asst_1", 3, 3)


@pytest.mark.parametrize("given", PASSING.values(), ids=PASSING.keys())
async def test_a_create_whose_answer_is_lost_is_not(wire: Wire, client: AssistantsClient, given: Answer) -> None:
    """After an answer with an error it is sent again; after a lost answer it is not, and the error says so."""
    wire.answer(given, BODY)
    call = client.assistants.create(model="gpt-4o").with_options(timeout=Timeout(head=100 * MS, idle=100 * MS))
    if isinstance(given, bytes) and b"gzip" not in given:
        assert await call
        assert len(wire.seen) == 2
    else:
        with pytest.raises((ConnectionLostError, TimedOutError)) as caught:
            await call
        assert caught.value.maybe_processed
        assert (caught.value.attempts, len(wire.seen)) == (1, 1)


async def test_the_last_failure_is_the_calls(wire: Wire, client: AssistantsClient) -> None:
    """With the number of attempts, the time it took in all, and the operation with both in its note."""
    wire.answer(failure(503), failure(502))
    with pytest.raises(ServerError) as caught:
        await client.assistants.retrieve("asst_1")
    assert (caught.value.status, caught.value.attempts, len(wire.seen)) == (502, 3, 3)
    assert caught.value.http.elapsed > 0
    assert caught.value.__notes__ == ["while calling assistants.retrieve: GET /assistants/{assistant_id} (3 attempts)"]
    wire.answer(cut)
    with pytest.raises(ConnectionLostError) as lost:
        await client.assistants.retrieve("asst_1")
    # The first went over the connection that had been idle, which is nobody's failure.
    assert (lost.value.attempts, len(wire.seen)) == (4, 4)
    assert lost.value.elapsed > 0


async def test_unsent_requests_are_tried_again() -> None:
    """A create too: no server can have acted on it."""
    reports: list[Retry] = []
    async with Wire().serve() as wire:
        pass
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=QUICK, on_retry=reports.append) as client:
        with pytest.raises(ConnectFailedError) as caught:
            await client.threads.create()
    assert (caught.value.attempts, caught.value.maybe_processed) == (3, False)
    assert [(retry.operation, retry.attempt, type(retry.cause)) for retry in reports] == [
        ("threads.create", 1, ConnectFailedError),
        ("threads.create", 2, ConnectFailedError),
    ]


@pytest.mark.parametrize("retry", [None, 0, RetryPolicy(max_retries=0)])
async def test_retries_can_be_left_out(wire: Wire, client: AssistantsClient, retry: Any) -> None:
    """For a client, a view or a call."""
    wire.answer(failure(500))
    with pytest.raises(ServerError):
        await client.assistants.retrieve("asst_1").with_options(retry=retry)
    with pytest.raises(ServerError):
        await client.with_options(retry=retry).assistants.retrieve("asst_1")
    assert len(wire.seen) == 2


async def test_returned_error_statuses_are_tried_again_too(wire: Wire, client: AssistantsClient) -> None:
    """The last answer is returned, not raised."""
    wire.answer(failure(500))
    call = client.assistants.retrieve("asst_1").with_options(raise_for_status=False)
    _, http = await call.response()
    assert (http.status, http.attempts) == (500, 3)


async def test_a_stream_is_tried_again_before_its_head_only(wire: Wire, client: AssistantsClient) -> None:
    """An error status is; a body that breaks is not, since items may have been acted on."""
    wire.answer(failure(503), page("a", "b"))
    async with client.assistants.list().stream() as channel:
        assert [item.id async for item in channel] == ["a", "b"]
        assert channel.http.attempts == 2
    wire.answer(then_cut(page("a", "b")[:-20]))
    async with client.assistants.list().stream() as channel:
        with pytest.raises(Exception, match="the body ended inside"):
            [item async for item in channel]
    assert len(wire.seen) == 1


async def test_each_page_has_attempts_of_its_own(wire: Wire, client: AssistantsClient) -> None:
    """No item comes twice."""
    wire.answer(page("a", more=True), failure(500), failure(500), page("b", more=True), cut, page("c"))
    assert [item.id async for item in client.assistants.list()] == ["a", "b", "c"]


# The key of a call


async def test_every_post_has_a_key_of_its_own(wire: Wire, client: AssistantsClient) -> None:
    """The same on each attempt of a call, another for each call; nothing else has one."""
    wire.answer(failure(500), failure(500), BODY, BODY)
    await client.assistants.create(model="gpt-4o")
    await client.assistants.create(model="gpt-4o")
    first, again, third, other = (seen.header("idempotency-key") for seen in wire.seen)
    assert first == again == third != other
    assert first is not None
    assert len(bytes.fromhex(first)) * 8 == 128
    wire.answer(answer(RUN), answer(THREAD), answer({"id": "thread_1", "deleted": True}), answer(FILE))
    await client.runs.cancel("thread_1", "run_1")
    await client.threads.retrieve("thread_1")
    await client.threads.delete("thread_1")
    await client.files.create(file=b"x", filename="a.txt", purpose="assistants")
    assert [seen.header("idempotency-key") is not None for seen in wire.seen] == [True, False, False, True]


async def test_a_key_of_the_callers_own_stays(wire: Wire, client: AssistantsClient) -> None:
    """And None sends none."""
    wire.answer(BODY)
    for value in ("order-7", None):
        await client.assistants.create(model="gpt-4o").with_options(headers={"Idempotency-Key": value})
        assert wire.last.header("idempotency-key") == value


async def test_a_file_is_sent_whole_again(wire: Wire, client: AssistantsClient) -> None:
    """From the same bytes; an iterator cannot be, so its one failure is the call's."""
    wire.answer(failure(503), answer(FILE))
    await client.files.create(file=b"content", filename="a.txt", purpose="assistants")
    assert [b"content" in seen.body for seen in wire.seen] == [True, True]

    async def pieces() -> AsyncIterator[bytes]:
        yield b"content"

    wire.answer(failure(503), answer(FILE))
    with pytest.raises(ServerError) as caught:
        await client.files.create(file=pieces(), filename="a.txt", purpose="assistants")
    assert (caught.value.attempts, len(wire.seen)) == (1, 1)


# Waits


async def test_the_servers_own_delay(wire: Wire, client: AssistantsClient) -> None:
    """`on_retry` gets it; one that is too long is raised with the error."""
    reports: list[Retry] = []
    wire.answer(failure(429, retry_after_ms="3"), failure(503, retry_after="0"), BODY)

    async def on_retry(retry: Retry) -> None:
        await asyncio.sleep(0)
        reports.append(retry)

    await client.assistants.retrieve("asst_1").with_options(on_retry=on_retry)
    assert reports[0].delay == 0.003
    assert MS / 2 <= reports[1].delay <= MS
    assert [type(retry.cause) for retry in reports] == [RateLimitedError, ServerError]
    wire.answer(failure(429, retry_after="121"))
    with pytest.raises(RateLimitedError) as caught:
        await client.assistants.retrieve("asst_1")
    assert (caught.value.retry_after, len(wire.seen)) == (121, 1)


async def test_no_wait_outlasts_the_total_limit(wire: Wire, client: AssistantsClient) -> None:
    """The error is raised when the wait could not end in time, not after it."""
    wire.answer(failure(429, retry_after="60"))
    with pytest.raises(RateLimitedError) as caught:
        await client.assistants.retrieve("asst_1").with_options(timeout=50)
    assert (caught.value.retry_after, len(wire.seen)) == (60, 1)


async def test_the_total_limit_spans_the_attempts(wire: Wire, client: AssistantsClient) -> None:
    """And its error has their number."""
    wire.answer(failure(500), silent)
    with pytest.raises(TimedOutError) as caught:
        await client.assistants.retrieve("asst_1").with_options(timeout=200 * MS)
    assert (caught.value.phase, caught.value.attempts, len(wire.seen)) == ("total", 2, 2)
    assert caught.value.elapsed >= 0.2 * 1000 * MS


async def test_a_hook_that_raises_ends_the_call(wire: Wire, client: AssistantsClient) -> None:
    """Its exception comes out unchanged, and nothing more is sent."""

    def on_retry(retry: Retry) -> None:
        raise KeyError(retry.attempt)

    wire.answer(failure(500))
    with pytest.raises(KeyError):
        await client.assistants.retrieve("asst_1").with_options(on_retry=on_retry)
    assert len(wire.seen) == 1


async def test_a_cancelled_wait_is_a_cancellation(wire: Wire, client: AssistantsClient) -> None:
    """At once; nothing more is sent, and the client works on."""
    waits = asyncio.Event()
    wire.answer(failure(429, retry_after="100"), BODY)
    call = client.assistants.retrieve("asst_1").with_options(on_retry=lambda _: waits.set())
    task = asyncio.create_task(call)
    await waits.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(wire.seen) == 1
    assert await client.assistants.retrieve("asst_1")


async def test_a_close_ends_the_wait(wire: Wire, client: AssistantsClient) -> None:
    """As it ends every call."""
    waits = asyncio.Event()
    wire.answer(failure(429, retry_after="100"))
    call = client.assistants.retrieve("asst_1").with_options(on_retry=lambda _: waits.set())
    task = asyncio.create_task(call)
    await waits.wait()
    await client.close()
    with pytest.raises(ClientClosedError):
        await task


async def test_an_outage_is_not_multiplied(wire: Wire) -> None:
    """The budget of the client: 100 calls are sent 135 times, not 300; a view has the same budget."""
    wire.answer(failure(503))
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=QUICK) as client:
        view = client.with_options(headers={"x-a": "b"})
        results = await asyncio.gather(
            *(one.assistants.retrieve("a") for one in (client, view) * 50), return_exceptions=True
        )
    assert all(isinstance(result, ServerError) for result in results)
    assert len(wire.seen) == 100 + 500 // 14


async def test_attempts_are_logged(wire: Wire, client: AssistantsClient, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, by method, with the cause of each further one, without ids, bodies or headers."""
    caplog.set_level(logging.DEBUG, "assistants_async")
    wire.answer(failure(500, "sk-secret-secret, hush"), cut, BODY)
    await client.assistants.retrieve("asst_private")
    lines = [record.getMessage() for record in caplog.records if record.name == "assistants_async"]
    assert any(re.search(r"attempt 1 failed, next in 0\.00\d s: ServerError: 500$", line) for line in lines)
    assert any(re.search(r"attempt 2 failed, next in .*: ConnectionLostError: \w", line) for line in lines)
    assert not [line for line in lines if "secret" in line or "hush" in line or "asst_private" in line]


async def test_lasting_failures_are_sent_once(wire: Wire, client: AssistantsClient) -> None:
    """An exhausted quota, a switch of protocols, an unrequested coding, other statuses."""
    quota = answer({"error": {"message": "no", "code": "insufficient_quota"}}, 429)
    wire.answer(quota)
    with pytest.raises(RateLimitedError):
        await client.assistants.retrieve("asst_1")
    assert len(wire.seen) == 1
    wire.answer(failure(400))
    with pytest.raises(BadRequestError):
        await client.assistants.retrieve("asst_1")
    assert len(wire.seen) == 1
    for odd, text in (
        (head(101, {"upgrade": "websocket", "connection": "upgrade"}), "a switch of protocols"),
        (raw(b"x", content_encoding="br"), "a body in the coding 'br', which was not requested"),
    ):
        wire.answer(odd)
        with pytest.raises(ConnectionLostError, match=text):
            await client.assistants.retrieve("asst_1")
        assert len(wire.seen) == 1


async def test_a_compressed_body_is_read(wire: Wire, client: AssistantsClient) -> None:
    """From servers that compress in spite of `identity`."""
    packed = gzip.compress(BODY.partition(b"\r\n\r\n")[2])
    wire.answer(raw(packed, content_encoding="gzip", content_type="application/json"))
    assert isinstance(await client.assistants.retrieve("asst_1"), Assistant)
    assert wire.last.header("accept-encoding") == "identity"
