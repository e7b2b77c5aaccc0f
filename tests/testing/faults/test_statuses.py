"""Rows 20 to 34: error statuses and storms of them, redirects, and answers that are no document."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

import pytest

from assistants_async import (
    Assistant,
    AssistantsClient,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    Retry,
    RetryPolicy,
    ServerError,
    StatusError,
    ThreadBusyError,
    UnprocessableError,
)
from assistants_async.server import AssistantsServer
from assistants_async.testing.faults import FaultyServer
from assistants_async.testing.faults.table import requested
from tests.support.faults import CALLS, Ids, failing
from tests.support.http_server import KEY
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports


class Status(NamedTuple):
    """A row of statuses: the error's class, and how often any call is sent."""

    row: int
    text: str
    kind: type[StatusError] = ServerError
    sent: int = 3


PASSING = {408: StatusError, 409: ConflictError, 429: RateLimitedError}
CLASSES = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: UnprocessableError,
    **dict.fromkeys((300, 304, 305, 399), RedirectError),
    **dict.fromkeys((402, 405, 406, 410, 411, 412, 413, 414, 415, 418, 423, 425, 428, 431, 451, 499), StatusError),
}

STATUSES = (
    *(Status(23, f"status; code={code}", kind) for code, kind in PASSING.items()),
    *(Status(23, f"status; code={code}") for code in (500, 501, 502, 503, 504, 505, 529, 599)),
    *(Status(24, f"status; code={code}", kind, 1) for code, kind in CLASSES.items()),
    *(Status(27, f"storm_429; after={after}", RateLimitedError) for after in ("-1", "0", "nan", "inf", "soon", "")),
    Status(27, "storm_429; after=Fri, 31 Dec 100000 23:59:59 GMT", RateLimitedError),
    Status(27, "storm_429; after=1e9", RateLimitedError, 1),
    Status(29, "insufficient_quota", RateLimitedError, 1),
    Status(29, "unauthorized", AuthenticationError, 1),
    Status(29, "proxy_407", StatusError, 1),
    Status(30, "active_run_400", ThreadBusyError, 1),
    *(Status(33, name) for name in ("error_html_502", "error_empty_500", "error_odd_shape", "error_null")),
    Status(34, "error_log_injection", BadRequestError, 1),
)


@pytest.mark.parametrize("case", STATUSES, ids=lambda case: f"row{case.row:02}-{case.text.replace('; ', '-')}")
async def test_an_error_status(
    case: Status, faulty: FaultyServer, client: AssistantsClient, ids: Ids, caplog: pytest.LogCaptureFixture
) -> None:
    """Each has its class and its attempts, creates too; no word of the server forges a line or shows the key."""
    caplog.set_level(logging.DEBUG)
    rule = faulty.add(requested(case.text))
    reports: list[Retry] = []
    view = client.with_options(on_retry=reports.append)
    for name in ("get", "create", "delete"):
        before = rule.played
        error = await failing(CALLS[name](view, ids))
        assert type(error) is case.kind
        assert isinstance(error, StatusError)
        assert (error.attempts, rule.played - before) == (case.sent, case.sent)
    assert all(0 <= retry.delay <= MS for retry in reports)
    assert faulty.connections == 1
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("assistants_async")]
    assert lines
    assert all(line.isprintable() and KEY not in line for line in lines)


async def test_row27_a_too_long_wait_is_left_to_the_caller(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """No client sleeps for 31 years; the caller may."""
    faulty.add("storm_429")
    error = await failing(client.assistants.retrieve(ids.assistant))
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after, len(faulty.seen)) == (1e9, 1)


async def test_row28_retry_after_date_is_waited_for(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """The wait ends at the date; a date has whole seconds, so it is up to one shorter than the given time."""
    reports: list[Retry] = []
    faulty.add("retry_after_date")
    call = client.assistants.retrieve(ids.assistant)
    _, http = await call.with_options(on_retry=reports.append, retry=RetryPolicy(initial_delay=0)).response()
    assert (http.attempts, len(faulty.seen)) == (2, 2)
    assert 0.5 < reports[0].delay <= 2
    assert http.elapsed >= reports[0].delay


async def test_row25_flaky_status_gives_the_result(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """At the third attempt, with the same key each time; another call has another."""
    keys: list[set[Any]] = []
    for _ in range(2):
        rule = faulty.add("flaky_status", operation="createAssistant")
        before = len(faulty.seen)
        assistant, http = await client.assistants.create(model="gpt-4o").response()
        assert (type(assistant), http.attempts, rule.played) == (Assistant, 3, 2)
        keys.append({seen.headers.get("idempotency-key") for seen in faulty.seen[before:]})
    assert [len(each) for each in keys] == [1, 1]
    assert keys[0] != keys[1]
    made = [assistant.id async for assistant in client.assistants.list()]
    assert len(made) == 3


async def test_row29_an_echoed_key_is_masked(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """`unauthorized`: the server repeats the key, and the error does not."""
    faulty.add("unauthorized")
    error = await failing(client.assistants.retrieve(ids.assistant))
    assert isinstance(error, AuthenticationError)
    assert "[masked]" in str(error)
    assert error.code == "invalid_api_key"


async def test_row30_active_run_400_names_the_run(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """And keeps the server's message."""
    faulty.add("active_run_400")
    error = await failing(client.messages.create(ids.thread, role="user", content="Hello"))
    assert isinstance(error, ThreadBusyError)
    assert (error.run_id, error.message) == ("run_1", "Thread thread_1 already has an active run run_1.")


# Redirects

REDIRECTS = (
    *((20, f"redirect_{what}") for what in ("cross", "localhost", "scheme_relative", "userinfo", "chain_back")),
    *((21, f"redirect_post_301; code={code}") for code in (301, 302, 303, 307, 308)),
    *((22, f"redirect_{what}") for what in ("file", "ftp", "no_location", "loop", "crlf_location")),
)


@pytest.mark.parametrize(
    ("row", "text"), REDIRECTS, ids=[f"row{row}-{text.replace('; ', '-')}" for row, text in REDIRECTS]
)
async def test_a_redirect(
    row: int, text: str, server: AssistantsServer, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """It is an error, sent once, and nothing goes anywhere else: no key, and no POST that became a GET."""
    async with FaultyServer(server) as other:
        fault = requested(text)
        if "to" in fault.parameters:
            fault = fault.given(to=other.base_url.split("/")[2])
        faulty.add(fault)
        for name in ("get", "create", "delete"):
            error = await failing(CALLS[name](client, ids))
            assert type(error) is RedirectError
            assert error.attempts == 1
        assert [seen.method for seen in faulty.seen] == ["GET", "POST", "DELETE"]
        assert other.connections == 0


# No document

NO_DOCUMENT = {
    "status_204": "empty body at $ (204, no content type",
    "empty_200": "empty body at $ (200, application/json",
    "html_200": "(200, text/html, body '<html>",
    "html_as_json": "(200, application/json, body '<html>",
}


@pytest.mark.parametrize("name", NO_DOCUMENT, ids=lambda name: f"row31-{name}")
async def test_an_answer_that_is_no_document(
    name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """The error shows its type and how it begins; it is sent once. A delete needs no more than its status."""
    faulty.add(name)
    for call in ("get", "create", "list", "delete"):
        if call == "delete" and name in ("status_204", "empty_200"):
            assert await CALLS[call](client, ids) is None
            continue
        error = await failing(CALLS[call](client, ids))
        assert type(error) is DecodeError
        assert NO_DOCUMENT[name] in str(error)
        assert len(str(error)) < 400
    assert len(faulty.seen) == 4
