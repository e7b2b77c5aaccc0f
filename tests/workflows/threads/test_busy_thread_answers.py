"""`if_active` against possible answers in the wait: lost runs, races, refusals."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    AuthenticationError,
    BadRequestError,
    HTTPResponse,
    NotFoundError,
    PermissionDeniedError,
    ThreadBusyError,
    Timeout,
)
from tests.support.busy_thread import BUSY, BUSY_NAMELESS, CANCEL, CREATE, GET, LIST, MADE, Busy, other, start
from tests.support.embedded import listed
from tests.support.http_server import Wire, answer, failure
from tests.support.run_events import run
from tests.support.steady_loop import MS

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


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_a_run_that_is_gone(status: int, wire: Wire, client: AssistantsClient) -> None:
    """The list is requested in its place; one that goes during the wait has ended."""
    busy = Busy(wire, BUSY, MADE)
    busy.routes.on(GET + "run_7", failure(status))
    busy.routes.on(LIST, answer(listed(run("in_progress") | {"id": "run_8"})))
    busy.routes.on(GET + "run_8", failure(404))
    await start(client)
    assert busy.places == [CREATE, GET + "run_7", LIST, GET + "run_8", CREATE]


async def test_a_run_that_has_just_ended(wire: Wire, client: AssistantsClient) -> None:
    """The call is sent again at once, without a list."""
    busy = Busy(wire)
    busy.routes.on(GET + "run_7", other("completed"))
    await start(client)
    assert busy.places == [CREATE, GET + "run_7", CREATE]


@pytest.mark.parametrize("named", [True, False])
async def test_a_server_that_forgets_that_the_run_has_ended(named: bool, wire: Wire, client: AssistantsClient) -> None:
    """The requests are repeated after growing pauses, until the limit; the error names the run."""
    busy = Busy(wire, BUSY if named else BUSY_NAMELESS)
    busy.routes.on(GET + "run_7", other("completed"))
    busy.routes.on(LIST, answer(listed()))
    text = "run run_7 was completed" if named else "no run was seen"
    with pytest.raises(ThreadBusyError, match=f"; after .* s {text}\n") as caught:
        await start(client, timeout=Timeout(total=300 * MS))
    assert caught.value.run_id == ("run_7" if named else None)
    assert len(busy.creates) <= 2 + 300 * MS / 0.15  # the shortest pause


async def test_other_runs_that_get_in_between(wire: Wire, client: AssistantsClient) -> None:
    """Each is waited for in its turn, within one limit; the error is that of the last."""
    second = failure(400, "Can't add messages to thread_1 while a run run_8 is active.")
    busy = Busy(wire, BUSY, second)
    busy.routes.on(GET + "run_8", other("in_progress", "run_8"))
    with pytest.raises(
        ThreadBusyError, match=r"a run run_8 is active.*; after .* s run run_8 was in_progress"
    ) as caught:
        await start(client, timeout=Timeout(total=200 * MS))
    assert caught.value.run is not None
    assert (caught.value.run_id, caught.value.run.id) == ("run_8", "run_8")
    assert caught.value.waited is not None
    assert caught.value.waited >= 200 * MS
    assert busy.places[:4] == [CREATE, GET + "run_7", GET + "run_7", CREATE]


async def test_an_unknown_status_is_waited_on(wire: Wire, client: AssistantsClient) -> None:
    """With pauses: it counts as active."""
    busy = Busy(wire)
    odd = answer(run("pondering") | {"id": "run_7"}, openai_poll_after_ms=str(100_000 * MS))
    busy.routes.on(GET + "run_7", odd)
    with pytest.raises(ThreadBusyError, match="run run_7 was pondering"):
        await start(client, timeout=Timeout(total=200 * MS))
    assert busy.places in ([CREATE, GET + "run_7"], [CREATE, GET + "run_7", GET + "run_7"])


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
    """The cancel is sent again."""
    busy = Busy(wire)
    busy.routes.on(CANCEL + "run_7/cancel", failure(503, retry_after_ms="1"), other("cancelling"))
    await start(client, "cancel")
    assert busy.places[2:] == [*[CANCEL + "run_7/cancel"] * 2, GET + "run_7", CREATE]


@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (403, PermissionDeniedError)])
@pytest.mark.parametrize("if_active", ["wait", "cancel"])
async def test_a_key_that_may_not(
    if_active: Any, status: int, kind: type[Exception], wire: Wire, client: AssistantsClient
) -> None:
    """A refusal in the wait is raised, with its request and the call; `on_error` gets it once."""
    busy = Busy(wire)
    if if_active == "wait":
        busy.routes.on(GET + "run_7", failure(status))
    busy.routes.on(CANCEL + "run_7/cancel", failure(status))
    reports: list[Exception] = []
    with pytest.raises(kind) as caught:
        await start(client, if_active, on_error=reports.append)
    assert reports == [caught.value]
    assert len(caught.value.__notes__) == 2
    assert caught.value.__notes__[0].startswith(f"while calling runs.{'retrieve' if if_active == 'wait' else 'cancel'}")
    assert caught.value.__notes__[1] == "while calling runs.create: POST /threads/{thread_id}/runs"
