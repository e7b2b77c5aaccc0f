"""`if_active` against what servers may answer in the wait: lost runs, races, refusals, failures."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConnectionLostError,
    HTTPResponse,
    NotFoundError,
    PermissionDeniedError,
    Request,
    Retry,
    RetryPolicy,
    Run,
    ServerError,
    ThreadBusyError,
    Timeout,
)
from assistants_async.workflows.lookups import PASSING
from tests.client.wire import Seen, Wire, answer, failure, silent, then_cut
from tests.conftest import MS
from tests.streams.told import run
from tests.workflows.routes import Routes
from tests.workflows.served import listed

CREATE, GET, CANCEL = "POST /threads/thread_1/runs", "GET /threads/thread_1/runs/", "POST /threads/thread_1/runs/"
LIST = "GET /threads/thread_1/runs"
MESSAGES = "POST /threads/thread_1/messages"
SOON = {"openai_poll_after_ms": "1"}
QUICK = RetryPolicy(initial_delay=MS, max_delay=MS)

BUSY = failure(400, "Thread thread_1 already has an active run run_7.")
BUSY_NAMELESS = failure(400, "Thread already has an active run.")
MADE = answer(run("queued"))


def other(status: str, id: str = "run_7") -> bytes:
    """The run that is in the way."""
    return answer(run(status) | {"id": id}, **SOON)


class Busy:
    """A server of one thread, which refuses the first run as it is told."""

    def __init__(self, wire: Wire, *creates: Any) -> None:
        self.wire = wire
        self.routes = Routes()
        self.routes.on(CREATE, *(creates or (BUSY, MADE)))
        self.routes.on(GET + "run_7", other("in_progress"), other("completed"))
        wire.answer(self.routes)

    @property
    def places(self) -> list[str]:
        """What was asked, in order."""
        return [f"{seen.method} {seen.path.removeprefix('/v1')}" for seen in self.wire.seen]

    @property
    def creates(self) -> list[Seen]:
        """The requests that were to make a run."""
        return [seen for seen in self.wire.seen if (seen.method, seen.path) == ("POST", "/v1/threads/thread_1/runs")]


def start(client: AssistantsClient, if_active: Any = "wait", **options: Any) -> Any:
    """A run on the thread."""
    call = client.runs.create("thread_1", assistant_id="asst_1", instructions="Sei wörtlich.", if_active=if_active)
    return call.with_options(**options)


# What is sent


async def test_it_is_sent_again_to_the_byte(wire: Wire, client: AssistantsClient) -> None:
    """With another key, since a server may keep the refusal under the first one."""
    busy = Busy(wire, BUSY, BUSY, MADE)
    assert (await start(client)).id == "run_1"
    assert len(busy.creates) == 3
    assert len({seen.body for seen in busy.creates}) == 1
    assert len({seen.header("idempotency-key") for seen in busy.creates}) == 3
    assert all(len(seen.header("idempotency-key") or "") == 32 for seen in busy.creates)


async def test_the_answer_counts_the_wait(wire: Wire, client: AssistantsClient) -> None:
    """In its time, but not in its attempts; a type of the caller's own is for the answer, not for the wait."""
    Busy(wire)
    resolved: list[str] = []

    def resolve(operation: str, _: HTTPResponse) -> Any:
        resolved.append(operation)

    began = asyncio.get_running_loop().time()
    value, http = await start(client, resolve_type=resolve).as_type(dict).response()
    assert (value["id"], http.attempts, resolved) == ("run_1", 1, ["createRun"])
    assert 0.5 * MS < http.elapsed <= asyncio.get_running_loop().time() - began


@pytest.mark.parametrize("if_active", ["wait", "cancel"])
async def test_another_error_is_raised_at_once(if_active: Any, wire: Wire, client: AssistantsClient) -> None:
    """Also where it comes after the wait."""
    busy = Busy(wire, failure(400, "no such model"))
    with pytest.raises(BadRequestError, match="no such model"):
        await start(client, if_active)
    assert len(wire.seen) == 1
    busy = Busy(wire, BUSY, failure(404, "no such assistant"))
    busy.routes.on(CANCEL + "run_7/cancel", other("cancelling"))
    with pytest.raises(NotFoundError, match="no such assistant") as caught:
        await start(client, if_active)
    assert caught.value.__notes__ == ["while calling runs.create: POST /threads/{thread_id}/runs"]
    value, http = await start(client, if_active, raise_for_status=False).response()
    assert (value, http.status) == (None, 404)


# Which run


async def test_a_run_that_the_server_does_not_name(wire: Wire, client: AssistantsClient) -> None:
    """The thread's list has it: the newest that has not ended."""
    busy = Busy(wire, BUSY_NAMELESS, MADE)
    runs = [run("completed") | {"id": "run_9"}, run("in_progress") | {"id": "run_7"}, run("queued") | {"id": "run_6"}]
    busy.routes.on(LIST, answer(listed(*runs)))
    await start(client)
    assert busy.places == [CREATE, LIST, GET + "run_7", GET + "run_7", CREATE]
    assert wire.seen[1].query == {"order": "desc", "limit": "100"}


async def test_a_run_that_is_gone(wire: Wire, client: AssistantsClient) -> None:
    """The list is asked in its place; one that goes while it is waited for has ended."""
    busy = Busy(wire, BUSY, MADE)
    busy.routes.on(GET + "run_7", failure(404))
    busy.routes.on(LIST, answer(listed(run("in_progress") | {"id": "run_8"})))
    busy.routes.on(GET + "run_8", failure(404))
    await start(client)
    assert busy.places == [CREATE, GET + "run_7", LIST, GET + "run_8", CREATE]


async def test_a_run_that_has_just_ended(wire: Wire, client: AssistantsClient) -> None:
    """The call is sent again at once; the list need not be asked."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", other("completed"))
    await start(client)
    assert busy.places == [CREATE, GET + "run_7", CREATE]


@pytest.mark.parametrize("named", [True, False])
async def test_a_server_that_forgets_that_the_run_has_ended(named: bool, wire: Wire, client: AssistantsClient) -> None:
    """It is asked after growing pauses, until the limit; the error names what there was."""
    busy = Busy(wire, BUSY if named else BUSY_NAMELESS)
    busy.routes.on(GET + "run_7", other("completed"))
    busy.routes.on(LIST, answer(listed()))
    text = "run run_7 was completed" if named else "no run was seen"
    with pytest.raises(ThreadBusyError, match=f"; after .* s {text}\n") as caught:
        await start(client, timeout=Timeout(total=300 * MS))
    assert caught.value.run_id == ("run_7" if named else None)
    assert len(busy.creates) <= 4


async def test_other_runs_that_get_in_between(wire: Wire, client: AssistantsClient) -> None:
    """Each is waited for in its turn, within one limit; the error is that of the last."""
    second = failure(400, "Can't add messages to thread_1 while a run run_8 is active.")
    busy = Busy(wire, BUSY, second)
    busy.routes.on(GET + "run_8", other("in_progress", "run_8"))
    with pytest.raises(
        ThreadBusyError, match=r"a run run_8 is active.*; after .* s run run_8 was in_progress"
    ) as caught:
        await start(client, timeout=Timeout(total=100 * MS))
    assert caught.value.run is not None
    assert (caught.value.run_id, caught.value.run.id) == ("run_8", "run_8")
    assert caught.value.waited is not None
    assert caught.value.waited >= 100 * MS
    assert busy.places[:4] == [CREATE, GET + "run_7", GET + "run_7", CREATE]


async def test_an_unknown_status_is_waited_on(wire: Wire, client: AssistantsClient) -> None:
    """With pauses: it counts as active."""
    busy = Busy(wire)
    odd = answer(run("pondering") | {"id": "run_7"})
    busy.routes.on(GET + "run_7", odd)
    with pytest.raises(ThreadBusyError, match="run run_7 was pondering"):
        await start(client, timeout=Timeout(total=100 * MS))
    assert busy.places == [CREATE, GET + "run_7"]


# Cancelling


@pytest.mark.parametrize("ends", ["cancelled", "completed"])
async def test_a_cancel_that_is_answered_by_the_end(ends: str, wire: Wire, client: AssistantsClient) -> None:
    """Needs no further look."""
    busy = Busy(wire)
    busy.routes.on(CANCEL + "run_7/cancel", other(ends))
    await start(client, "cancel")
    assert busy.places == [CREATE, GET + "run_7", CANCEL + "run_7/cancel", CREATE]


async def test_a_run_that_is_cancelling_is_not_cancelled_again(wire: Wire, client: AssistantsClient) -> None:
    """It is waited for."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", other("cancelling"), other("cancelling"), other("cancelled"))
    await start(client, "cancel")
    assert busy.places == [CREATE, *[GET + "run_7"] * 3, CREATE]


@pytest.mark.parametrize("status", [400, 404, 409])
async def test_a_cancel_that_comes_too_late(status: int, wire: Wire, client: AssistantsClient) -> None:
    """Is no error: the run has ended by itself."""
    busy = Busy(wire)
    busy.routes.on(CANCEL + "run_7/cancel", failure(status, "Cannot cancel run with status 'completed'."))
    await start(client, "cancel")
    assert busy.places == [CREATE, GET + "run_7", CANCEL + "run_7/cancel", GET + "run_7", CREATE]


async def test_a_cancel_that_fails_for_a_reason_that_passes(wire: Wire, client: AssistantsClient) -> None:
    """Is asked for again."""
    busy = Busy(wire)
    busy.routes.on(CANCEL + "run_7/cancel", failure(503, retry_after_ms="1"), other("cancelling"))
    await start(client, "cancel")
    assert busy.places[2:] == [*[CANCEL + "run_7/cancel"] * 2, GET + "run_7", CREATE]


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)])
@pytest.mark.parametrize("if_active", ["wait", "cancel"])
async def test_a_key_that_may_not(
    if_active: Any, status: int, kind: type[Exception], wire: Wire, client: AssistantsClient
) -> None:
    """What is refused in the wait is raised, with what it was and whose call it was for; told once."""
    busy = Busy(wire)
    if if_active == "wait":
        busy.routes.on(GET + "run_7", failure(status))
    busy.routes.on(CANCEL + "run_7/cancel", failure(status))
    told: list[Exception] = []
    with pytest.raises(kind) as caught:
        await start(client, if_active, on_error=told.append)
    assert told == [caught.value]
    assert len(caught.value.__notes__) == 2
    assert caught.value.__notes__[0].startswith(f"while calling runs.{'retrieve' if if_active == 'wait' else 'cancel'}")
    assert caught.value.__notes__[1] == "while calling runs.create: POST /threads/{thread_id}/runs"


# Failures in the wait


async def test_failures_that_pass_are_borne(wire: Wire, client: AssistantsClient) -> None:
    """A server that fails or a connection that is cut is asked again; nobody is told of an error that is none."""
    busy = Busy(wire)
    slow_down = failure(429, retry_after_ms="1")
    busy.routes.on(GET + "run_7", failure(503, retry_after_ms="1"), then_cut(b""), slow_down, other("completed"))
    told: list[Exception] = []
    assert (await start(client, on_error=told.append)).id == "run_1"
    assert busy.places == [CREATE, *[GET + "run_7"] * 4, CREATE]
    assert told == []


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
        await start(client, timeout=Timeout(total=60 * MS))
    assert caught.value.run_id == "run_7"


async def test_a_time_out_of_the_wait_is_borne_too(wire: Wire, client: AssistantsClient) -> None:
    """It is not the call's own."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", silent, other("completed"))
    assert (await start(client, timeout=Timeout(head=30 * MS))).id == "run_1"


async def test_closing_the_client_ends_a_pause_after_a_failure(wire: Wire, client: AssistantsClient) -> None:
    """However long the server asked to stay away."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", failure(503, retry_after="50"))
    task = asyncio.ensure_future(start(client).response())
    await wire.until_seen(2)
    await asyncio.sleep(5 * MS)
    await client.close()
    with pytest.raises(ClientClosedError):
        await task


# Hooks and retries


async def test_what_the_hooks_are_told(wire: Wire, client: AssistantsClient) -> None:
    """Of the call once, of each answer, of each request in the wait, and of no error."""
    busy = Busy(wire, BUSY, BUSY, MADE)
    calls: list[str] = []
    answers: list[tuple[str, int]] = []
    others: list[object] = []

    def asked(request: Request) -> None:
        calls.append(request.endpoint.name)
        request.headers["x-asked"] = str(len(calls))

    def answered(http: HTTPResponse) -> None:
        answers.append((http.method, http.status))

    hooks = {"on_request": asked, "on_response": answered, "on_retry": others.append, "on_error": others.append}
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
    """What was refused for a reason that passes made no run."""
    busy = Busy(wire, failure(429), BUSY, MADE)
    assert (await start(client, retry=QUICK)).id == "run_1"
    assert len(busy.creates) == 3


@pytest.mark.parametrize("first", [failure(502), then_cut(b"")])
async def test_a_run_that_may_be_ones_own(first: Any, wire: Wire, client: AssistantsClient) -> None:
    """Is not waited for, only to make it a second time: the caller is told."""
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
    """Has made nothing: what is refused on the next one is waited for."""
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
