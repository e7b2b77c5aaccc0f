"""Rows 1 to 19: connections that break, stall, drip, lie about lengths, or were idle for too long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest

from assistants_async import (
    AssistantsClient,
    ConnectionLostError,
    DecodeError,
    NotFoundError,
    StatusError,
    TimedOutError,
    Timeout,
    TransportError,
)
from assistants_async.testing.faults import FaultyServer
from assistants_async.testing.faults.table import requested
from tests.support.faults import CALLS, QUICK, SOON, Ids, failing, name_of, plain, until_open
from tests.support.http_server import KEY, TransportName
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

LOST = ConnectionLostError
LATE = TimedOutError


class Broken(NamedTuple):
    """A row of unusable answers: the kind of error, and the number of times a GET is sent."""

    row: int
    text: str
    kind: type[Exception] = LOST
    sent: int = 3


BROKEN = (
    *(
        Broken(1, name)
        for name in ("reset_before_headers", "close_before_headers", "partial_status_line", "partial_headers")
    ),
    *(
        Broken(2, name)
        for name in ("reset_after_headers", "reset_mid_body", "truncated_content_length", "chunked_truncated")
    ),
    Broken(3, "eof_delimited_truncated", DecodeError, 1),
    *(Broken(4, name) for name in ("garbage_response", "http09", "bad_status_code")),
    Broken(4, "switching_101", LOST, 1),
    Broken(5, "chunked_bad_size"),
    Broken(6, "chunked_huge_size", LATE),
    Broken(6, "content_length_huge", LATE),
    *(Broken(7, f"content_length_{what}") for what in ("abc", "negative", "conflict")),
    Broken(9, "never_answer", LATE),
    Broken(9, "stall_mid_body", LATE),
    Broken(16, "endless_1xx", LATE),
    *(Broken(17, name, LOST, 1) for name in ("huge_header", "many_headers")),
    *(Broken(17, name) for name in ("header_without_colon", "header_nul")),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"row{broken.row:02}-{name_of(broken.text)}")
async def test_an_answer_that_cannot_be_used(
    broken: Broken, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """One typed error: a repeatable request is retried first, a create is not, and the error has all known facts."""
    rule = faulty.add(requested(broken.text))
    view = client.with_options(timeout=SOON) if broken.kind is LATE else client
    for name, sent in (("get", broken.sent), ("modify", broken.sent), ("create", 1)):
        before = rule.played
        error = await failing(CALLS[name](view, ids))
        assert type(error) is broken.kind
        assert rule.played - before == sent
        if isinstance(error, TransportError):
            assert (error.attempts, error.maybe_processed) == (sent, True)
    await until_open(faulty, 0)
    faulty.remove(rule)
    assert (await client.assistants.retrieve(ids.assistant)).id == ids.assistant


async def test_a_delete_whose_answer_was_lost_finds_nothing(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """It is sent again, and by then the object is gone: the 404 says after how many attempts."""
    faulty.add("reset_mid_body", times=1)
    error = await failing(client.messages.delete(ids.thread, ids.message))
    assert isinstance(error, NotFoundError)
    assert error.attempts == 2


GOOD = (
    (0, "latency; ms=1"),
    (10, "slow_headers; ms=0"),
    (10, "slow_body; ms=0"),
    (15, "continue_100"),
    (15, "early_hints_103"),
    (18, "header_nonascii"),
    (18, "header_garbage_numbers"),
    (19, "set_cookie"),
)


@pytest.mark.parametrize(("row", "text"), GOOD, ids=[f"row{row:02}-{name_of(text)}" for row, text in GOOD])
async def test_an_answer_that_is_well_in_spite_of_it(
    row: int, text: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """It is read, over a connection that is kept; odd headers mean nothing, and a cookie is never sent back."""
    faulty.add(requested(text))
    for name in CALLS:
        assert await CALLS[name](client, ids)
    assert {seen.fault for seen in faulty.seen} == {name_of(text)}
    assert faulty.connections == 1
    assert not [seen for seen in faulty.seen if "cookie" in seen.headers]


@pytest.mark.parametrize("name", ["content_length_short", "poisoned_connection"])
async def test_row08_left_over_bytes_are_nobodys_answer(
    name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """The call they came with may fail; the next one is answered from the server, whatever it is."""
    for call in CALLS:
        rule = faulty.add(name, times=1)
        if name == "content_length_short":
            error = await failing(CALLS[call](plain(client), ids))
            assert isinstance(error, (ConnectionLostError, DecodeError))
        else:
            await CALLS[call](plain(client), ids)
        faulty.remove(rule)
        assert (await client.assistants.retrieve(ids.assistant)).name == "Ada"
        thread = await client.threads.create()
        assert (await client.threads.retrieve(thread.id)).id == thread.id


@pytest.mark.parametrize(("name", "phase"), [("never_answer", "head"), ("stall_mid_body", "idle")])
async def test_row09_a_stall_ends_at_its_limit(
    name: str, phase: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """Within 250 ms; the connection is cut, not kept for the next call."""
    faulty.add(name)
    error = await failing(client.with_options(retry=None, timeout=SOON).assistants.retrieve(ids.assistant))
    assert isinstance(error, TimedOutError)
    assert (error.phase, error.limit) == (phase, 150 * MS)
    assert error.limit <= error.elapsed <= error.limit + 250 * MS
    await until_open(faulty, 0)


@pytest.mark.parametrize("name", ["slow_headers", "slow_body"])
@pytest.mark.parametrize("call", ["get", "create", "content"])
async def test_row10_a_drip_does_not_extend_the_total_limit(
    name: str, call: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """Single bytes do not show that the answer will ever be whole."""
    faulty.add(requested(f"{name}; ms={20 * MS * 1000}"))
    error = await failing(CALLS[call](client.with_options(timeout=Timeout(total=200 * MS)), ids))
    assert isinstance(error, TimedOutError)
    assert (error.phase, error.attempts) == ("total", 1)
    assert error.elapsed <= 450 * MS


class Pieces:
    """A large body that can be read once, and that knows whether it has been let go of."""

    def __init__(self) -> None:
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            for _ in range(256):
                yield b"a" * 2**16
        finally:
            self.closed = True


async def test_row11_never_read_body_is_a_reset_in_the_end(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """For a client with a long enough limit."""
    faulty.add(requested("never_read_body; ms=1"))
    error = await failing(client.files.create(file=b"a" * 2**24, filename="a.txt", purpose="assistants"))
    assert type(error) is LOST
    assert (error.attempts, error.maybe_processed) == (1, True)


async def test_row11_reset_during_upload_of_nothing_is_a_reset(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """A request without a body has nothing to wait for."""
    faulty.add("reset_during_upload")
    error = await failing(client.assistants.retrieve(ids.assistant))
    assert type(error) is LOST
    assert error.attempts == 3


@pytest.mark.parametrize(
    ("name", "kind"), [("never_read_body", LATE), ("reset_during_upload", LOST), ("early_413", StatusError)]
)
async def test_row11_a_body_that_is_not_read(
    name: str, kind: type[Exception], server: Any, ids: Ids, transport: TransportName
) -> None:
    """Is not sent again where it cannot be; the caller's iterator is closed before the error is there."""
    pieces = Pieces()
    async with (
        FaultyServer(server) as faulty,
        AssistantsClient(
            base_url=faulty.base_url, api_key=KEY, retry=QUICK, timeout=Timeout(head=150 * MS), transport=transport
        ) as client,
    ):
        rule = faulty.add(name)
        error = await failing(client.files.create(file=aiter(pieces), filename="a.txt", purpose="assistants"))
        assert type(error) is kind
        assert rule.played == 1
        while not pieces.closed:  # aiohttp lets go of it in a task of its own
            await asyncio.sleep(MS)
        if isinstance(error, StatusError):
            assert error.status == 413
        # What a server does not read, it does not see the end of: leaving the block cuts it.


STALE = ((12, "stale_close"), (14, "late_408"))


@pytest.mark.parametrize(("row", "name"), STALE, ids=[f"row{row}-{name}" for row, name in STALE])
async def test_an_idle_connection_that_ends_costs_nothing(
    row: int, name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """Each of 400 calls succeeds, creates too, and not one of those is made twice."""
    rule = faulty.add(name)
    # A close is nobody's failure; a 408 that crosses the next request is an answer to it, which may pass.
    view = plain(client) if row == 12 else client
    for number in range(200):
        # At every place of the race between the close and the next request.
        if number % 3:
            await asyncio.sleep(0)
        assert (await view.assistants.retrieve(ids.assistant)).id == ids.assistant
        await view.assistants.create(model="gpt-4o", name=f"number {number}")
    faulty.remove(rule)
    made = [assistant.name async for assistant in client.assistants.list(limit=100, order="asc")]
    assert made == ["Ada", *(f"number {number}" for number in range(200))]


async def test_row13_a_connection_that_is_cut_when_it_is_used_again(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """`stale_on_reuse`: sent once more over a new one, a create too, with the same key, though retries are off."""
    faulty.add("stale_on_reuse")
    view = plain(client)
    for name in ("get", "create", "delete", "create"):
        assert await CALLS[name](view, ids)
    keys = [seen.headers.get("idempotency-key") for seen in faulty.seen]
    # The first went over a new connection; each later one first over that of the one before it.
    assert [seen.method for seen in faulty.seen] == ["GET", "POST", "POST", "DELETE", "DELETE", "POST", "POST"]
    assert keys[1] == keys[2] != keys[5] == keys[6]
    assert keys[1] is not None
    made = [assistant.id async for assistant in client.assistants.list()]
    assert len(made) == 3


@pytest.mark.parametrize("name", ["flaky_reset", "flaky_truncate", "flaky_stall"])
async def test_row26_two_failures_then_success(
    name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """A GET has its result at the third attempt; a create has the first error, and is made once."""
    rule = faulty.add(name, operation="createAssistant")
    view = client.with_options(timeout=SOON) if name == "flaky_stall" else client
    error = await failing(view.assistants.create(model="gpt-4o", name="once"))
    assert isinstance(error, TransportError)
    assert (error.attempts, error.maybe_processed, rule.played) == (1, True, 1)
    await until_open(faulty, 0)
    faulty.add(name)
    assistant, http = await view.assistants.retrieve(ids.assistant).response()
    assert (assistant.id, http.attempts) == (ids.assistant, 3)
    names = [made.name async for made in client.assistants.list()]
    assert names == ["once", "Ada"]
