"""`if_active` among failures: failures that pass in the wait, calls of hooks, and retries."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    ClientClosedError,
    ConnectionLostError,
    HTTPResponse,
    Request,
    Retry,
    RetryPolicy,
    Run,
    ServerError,
    ThreadBusyError,
    Timeout,
)
from assistants_async.workflows.runs.requests import PASSING
from tests.support.busy_thread import BUSY, CANCEL, CREATE, GET, MADE, MESSAGES, QUICK, SOON, Busy, other, start
from tests.support.http_server import Wire, answer, failure, silent, then_cut
from tests.support.run_events import run
from tests.support.steady_loop import MS


async def test_passing_failures_do_not_end_the_wait(wire: Wire, client: AssistantsClient) -> None:
    """After a server error or a cut connection the request is repeated; no hook gets an error."""
    busy = Busy(wire)
    slow_down = failure(429, retry_after_ms="1")
    busy.routes.on(GET + "run_7", failure(503, retry_after_ms="1"), then_cut(b""), slow_down, other("completed"))
    reports: list[Exception] = []
    assert (await start(client, on_error=reports.append)).id == "run_1"
    assert busy.places == [CREATE, *[GET + "run_7"] * 4, CREATE]
    assert reports == []


async def test_failures_that_stay_are_raised(wire: Wire, client: AssistantsClient) -> None:
    """After so many in a row."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", failure(500, "broken", retry_after_ms="1"))
    with pytest.raises(ServerError, match="broken"):
        await start(client)
    assert busy.places == [CREATE, *[GET + "run_7"] * (PASSING + 1)]


async def test_a_request_of_the_wait_that_hangs(wire: Wire, client: AssistantsClient) -> None:
    """The call's limit is the limit of the wait, whatever is under way; no run has been seen by then."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", silent)
    with pytest.raises(ThreadBusyError, match="no run was seen") as caught:
        await start(client, timeout=Timeout(total=200 * MS))
    assert caught.value.run_id == "run_7"


async def test_a_time_out_of_the_wait_is_borne_too(wire: Wire, client: AssistantsClient) -> None:
    """It is not the call's own."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", silent, other("completed"))
    assert (await start(client, timeout=Timeout(head=150 * MS))).id == "run_1"


async def test_a_time_out_of_a_hook(wire: Wire, client: AssistantsClient) -> None:
    """It is the caller's own, not the end of the wait."""
    Busy(wire)

    def late(http: HTTPResponse) -> None:
        if http.method == "GET":
            raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match=r"^mine"):
        await start(client, on_response=late)


async def test_closing_the_client_ends_a_pause_after_a_failure(wire: Wire, client: AssistantsClient) -> None:
    """For any delay that the server demands."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", failure(503, retry_after="50"))
    task = asyncio.ensure_future(start(client).response())
    await wire.until_seen(2)
    await asyncio.sleep(5 * MS)
    await client.close()
    with pytest.raises(ClientClosedError):
        await task


# Hooks and retries


async def test_the_calls_of_hooks(wire: Wire, client: AssistantsClient) -> None:
    """Of the call once, of each answer, of each request in the wait, and of no error."""
    busy = Busy(wire, BUSY, BUSY, MADE)
    calls: list[str] = []
    answers: list[tuple[str, int]] = []
    others: list[object] = []

    def note(request: Request) -> None:
        calls.append(request.endpoint.name)
        request.headers["x-asked"] = str(len(calls))

    def answered(http: HTTPResponse) -> None:
        answers.append((http.method, http.status))

    hooks = {"on_request": note, "on_response": answered, "on_retry": others.append, "on_error": others.append}
    await start(client, **hooks)
    assert busy.places == [CREATE, GET + "run_7", GET + "run_7", CREATE, GET + "run_7", CREATE]
    assert calls == ["runs.create", *["runs.retrieve"] * 3]
    assert [seen.header("x-asked") for seen in busy.creates] == ["1"] * 3
    assert answers == [("POST", 400), ("GET", 200), ("GET", 200), ("POST", 400), ("GET", 200), ("POST", 200)]
    assert others == []


@pytest.mark.parametrize("status", [429, 503])
async def test_a_retry_after_the_wait(status: int, wire: Wire, client: AssistantsClient) -> None:
    """Has the key of the attempt before it."""
    busy = Busy(wire, BUSY, failure(status), MADE)
    retries: list[Retry] = []
    assert (await start(client, retry=QUICK, on_retry=retries.append)).id == "run_1"
    first, second, third = (seen.header("idempotency-key") for seen in busy.creates)
    assert first != second == third
    assert [(retry.operation, retry.attempt) for retry in retries] == [("runs.create", 1)]


async def test_a_retry_before_the_wait(wire: Wire, client: AssistantsClient) -> None:
    """A request that was refused for a passing reason made no run."""
    busy = Busy(wire, failure(429), BUSY, MADE)
    assert (await start(client, retry=QUICK)).id == "run_1"
    assert len(busy.creates) == 3


@pytest.mark.parametrize("first", [failure(502), then_cut(b"")])
async def test_a_run_that_may_be_ones_own(first: Any, wire: Wire, client: AssistantsClient) -> None:
    """Waiting for it would only make it a second time: the caller gets the error."""
    busy = Busy(wire, first, BUSY, MADE)
    retry = RetryPolicy(initial_delay=MS, max_delay=MS, resend_creates=True)
    with pytest.raises(ThreadBusyError) as caught:
        await start(client, retry=retry)
    error = caught.value
    assert (error.run_id, error.attempts, error.waited) == ("run_7", 2, None)
    assert error.__notes__ == [
        "not waited for: an earlier attempt of this call may have started that run",
        "while calling runs.create: POST /threads/{thread_id}/runs (2 attempts)",
    ]
    assert len(wire.seen) == 2
    # One that is cancelled is replaced, and a message makes no run.
    busy = Busy(wire, first, BUSY, MADE)
    busy.routes.on(CANCEL + "run_7/cancel", other("cancelled"))
    assert (await start(client, "cancel", retry=retry)).id == "run_1"
    busy = Busy(wire)
    busy.routes.on(MESSAGES, first, BUSY, answer({"id": "msg_1", "object": "thread.message"}))
    message = client.messages.create("thread_1", role="user", content="hi", if_active="wait")
    assert (await message.with_options(retry=retry)).id == "msg_1"


async def test_an_idle_connection_that_was_closed(wire: Wire) -> None:
    """It has made nothing: a refusal on the next one starts the wait."""
    async with AssistantsClient(base_url=wire.base_url, api_key="k") as client:
        busy = Busy(wire, then_cut(b""), BUSY, MADE)
        assert (await client.runs.retrieve("thread_1", "run_7")).status == "in_progress"
        assert (await start(client)).id == "run_1"
        assert len(busy.creates) == 3


async def test_a_connection_that_is_lost_after_the_wait(wire: Wire, client: AssistantsClient) -> None:
    """Is an error like any other of a create: a run may have been made."""
    Busy(wire, BUSY, then_cut(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"))
    with pytest.raises(ConnectionLostError) as caught:
        await start(client, retry=QUICK)
    assert caught.value.maybe_processed


async def test_a_view_can_be_polled_through_it_all(wire: Wire, client: AssistantsClient) -> None:
    """The hooks of a poll see the run that was made, not the one that was in the way."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_1", answer(run("completed"), **SOON))
    seen: list[Run] = []
    ended = await start(client).poll(on_status=seen.append)
    assert [(each.id, each.status) for each in seen] == [("run_1", "queued"), ("run_1", "completed")]
    assert ended.id == "run_1"
