"""Time limits: the limit that passed, the data until then, and a client that works on."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from assistants_async import (
    Assistant,
    AssistantsClient,
    BodyTooLargeError,
    ConnectFailedError,
    NotFoundError,
    TimedOutError,
    Timeout,
)
from assistants_async.session.open_response import MAX_ERROR, MAX_JSON
from tests.support.http_server import (
    ANYTHING,
    KEY,
    Answer,
    Peer,
    Seen,
    TransportName,
    Wire,
    answer,
    chunk,
    head,
    raw,
    silent,
    then_cut,
    then_silent,
)
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

SHORT = 30 * MS
BODY = answer(ANYTHING)


async def drip(seen: Seen, peer: Peer) -> None:
    """A body that never stops coming, one byte at a time."""
    await peer.send(head(200, {"content-type": "application/json", "transfer-encoding": "chunked"}))
    while True:
        await peer.send(chunk(b" "))
        await asyncio.sleep(MS)


async def endless_1xx(seen: Seen, peer: Peer) -> None:
    """A server that only ever says to go on."""
    while True:
        await peer.send(head(102, reason="Processing"))
        await asyncio.sleep(MS)


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that connecting takes for ever."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                other.connect(listener.getsockname())
        yield listener.getsockname()[1]


LIMITS: dict[str, tuple[Timeout, Answer, str, int | None, bool]] = {
    # limits, answer, phase, status of the head, whether it is a long poll
    "head": (Timeout(head=SHORT), silent, "head", None, False),
    "head, half of it": (Timeout(head=SHORT), then_silent(b"HTTP/1.1 200 OK\r\ncontent-"), "head", None, False),
    "head, only 1xx": (Timeout(head=SHORT), endless_1xx, "head", None, False),
    "idle": (Timeout(idle=SHORT), then_silent(BODY[:-5]), "idle", 200, True),
    "idle, right after the head": (
        Timeout(idle=SHORT),
        then_silent(head(200, {"content-length": "9"})),
        "idle",
        200,
        True,
    ),
    "idle, body without a length": (Timeout(idle=SHORT), then_silent(head() + b"{"), "idle", 200, True),
    "total, before the head": (Timeout(total=SHORT), silent, "total", None, False),
    "total, in the body": (Timeout(total=SHORT), then_silent(BODY[:-5]), "total", 200, True),
    "total, dripping body": (Timeout(total=SHORT, idle=60), drip, "total", 200, True),
}


@pytest.mark.parametrize(("timeout", "given", "phase", "status", "long_poll"), LIMITS.values(), ids=LIMITS.keys())
async def test_each_limit_has_its_name(
    wire: Wire,
    client: AssistantsClient,
    timeout: Timeout,
    given: Answer,
    phase: str,
    status: int | None,
    long_poll: bool,
) -> None:
    """The error names the limit and the data so far; the connection is closed, and the client works on."""
    wire.answer(given, BODY)
    with pytest.raises(TimedOutError) as caught:
        await client.assistants.retrieve("asst_1").with_options(timeout=timeout)
    error = caught.value
    assert (error.phase, error.limit, error.status, error.is_long_poll) == (phase, SHORT, status, long_poll)
    assert error.maybe_processed
    assert isinstance(error, TimeoutError)
    assert str(error) == f"{phase} time-out of {SHORT:g} s"
    assert error.__notes__ == ["while calling assistants.retrieve: GET /assistants/{assistant_id}"]
    assert error.__cause__ is error.__context__ is None
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
    assert wire.connections == 2
    await wire.until_open(1)


async def test_an_error_that_breaks_off_is_that_error(wire: Wire, client: AssistantsClient) -> None:
    """Its status says more than the break; the part of its body is kept."""
    start = head(404, {"content-length": "900"})
    wire.answer(then_silent(start + b'{"error"'), then_cut(start))
    limited = client.with_options(timeout=Timeout(idle=SHORT))
    with pytest.raises(NotFoundError) as caught:
        await limited.assistants.retrieve("asst_1")
    assert caught.value.http.content == b'{"error"'
    with pytest.raises(NotFoundError):
        await limited.assistants.retrieve("asst_1")


async def test_an_error_that_drips_ends_with_the_call(wire: Wire, client: AssistantsClient) -> None:
    """The total limit covers the bodies of errors too."""
    wire.answer(then_silent(head(404, {"content-length": "900"})))
    with pytest.raises(TimedOutError) as caught:
        await client.assistants.retrieve("asst_1").with_options(timeout=Timeout(total=SHORT))
    assert (caught.value.phase, caught.value.status) == ("total", 404)


async def test_the_limit_of_connecting_has_its_name(transport: TransportName) -> None:
    """Nothing was sent, so nothing can have been processed."""
    with deaf_port() as port:
        async with AssistantsClient(base_url=f"http://127.0.0.1:{port}", api_key=KEY, transport=transport) as client:
            with pytest.raises(TimedOutError) as caught:
                await client.threads.create().with_options(timeout=Timeout(connect=SHORT))
    assert (caught.value.phase, caught.value.limit, caught.value.maybe_processed) == ("connect", SHORT, False)


async def test_the_wait_for_a_connection_has_its_name(wire: Wire, transport: TransportName) -> None:
    """With all connections busy the call waits for its pool limit, and the busy one is left alone."""
    wire.answer(silent)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=1, transport=transport) as client:
        busy = asyncio.create_task(client.assistants.retrieve("asst_1"))
        await wire.until_seen(1)
        with pytest.raises(TimedOutError) as caught:
            await client.assistants.retrieve("asst_1").with_options(timeout=Timeout(pool=SHORT))
        assert (caught.value.phase, caught.value.limit, caught.value.maybe_processed) == ("pool", SHORT, False)
        assert not busy.done()
        busy.cancel()
        with pytest.raises(asyncio.CancelledError):
            await busy
        wire.answer(BODY)
        assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


async def test_a_waiting_call_gets_the_connection_when_it_is_free(wire: Wire, transport: TransportName) -> None:
    """More calls than connections all end."""
    wire.answer(BODY)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=3, transport=transport) as client:
        got = await asyncio.gather(*(client.assistants.retrieve("asst_1") for _ in range(60)))
    assert {value.id for value in got} == {"asst_1"}
    assert wire.connections == 3


async def test_a_slow_answer_within_the_limits_is_read(wire: Wire, client: AssistantsClient) -> None:
    """Each pause is shorter than its limit, and all of them together are longer."""

    async def slow(seen: Seen, peer: Peer) -> None:
        for start in range(0, len(BODY), 20):
            await asyncio.sleep(10 * MS)
            await peer.send(BODY[start : start + 20])

    wire.answer(slow)
    got = await client.assistants.retrieve("asst_1").with_options(timeout=Timeout(idle=2000 * MS, head=2000 * MS))
    assert got.id == "asst_1"


async def test_the_time_of_the_caller_is_not_counted(wire: Wire, client: AssistantsClient) -> None:
    """Pages are requested one by one: the caller's own work between them passes no limit."""
    wire.answer(answer({"data": [{"id": "a"}], "last_id": "a", "has_more": True}), answer({"data": [{"id": "b"}]}))
    got: list[Assistant] = []
    async for item in client.assistants.list().with_options(timeout=100 * MS):
        got.append(item)
        await asyncio.sleep(110 * MS)
    assert [item.id for item in got] == ["a", "b"]


async def test_two_views_have_two_time_outs(wire: Wire, client: AssistantsClient) -> None:
    """Views used side by side keep their own limits, headers and queries, and leave the client's alone."""

    async def slow(seen: Seen, peer: Peer) -> None:
        await asyncio.sleep(100 * MS)
        await peer.send(BODY)

    wire.answer(slow)
    hasty = client.with_options(timeout=SHORT, headers={"x-view": "hasty"}, query={"v": 1})
    patient = client.with_options(timeout=60_000 * MS, headers={"x-view": "patient"})
    get = [view.assistants.retrieve("asst_1") for view in (hasty, patient, client, hasty, patient)]
    got: list[Any] = await asyncio.gather(*get, return_exceptions=True)
    assert [type(each) for each in got] == [TimedOutError, Assistant, Assistant, TimedOutError, Assistant]
    assert sorted((seen.header("x-view") or "", seen.target[-4:]) for seen in wire.seen) == [
        ("", "st_1"), ("hasty", "?v=1"), ("hasty", "?v=1"), ("patient", "st_1"), ("patient", "st_1"),
    ]  # fmt: skip
    assert {got[0].limit, got[3].limit} == {SHORT}


async def test_views_of_views_add_up(wire: Wire, client: AssistantsClient) -> None:
    """A view keeps the settings of the view before it; None removes a header or a parameter."""
    wire.answer(BODY)
    first = client.with_options(headers={"X-A": "1", "X-B": "1"}, query={"a": 1, "b": 1})
    await first.with_options(headers={"x-b": None}, query={"b": None, "c": [1, 2]}).assistants.retrieve("asst_1")
    assert (wire.last.header("x-a"), wire.last.header("x-b")) == ("1", None)
    assert wire.last.target.endswith("?a=1&c=1&c=2")
    await first.assistants.retrieve("asst_1")
    assert (wire.last.header("x-b"), wire.last.target[-8:]) == ("1", "?a=1&b=1")


# Sizes


async def endless(seen: Seen, peer: Peer) -> None:
    """A body that fills any memory."""
    await peer.send(head(200 if "x" in seen.path else 500, {"transfer-encoding": "chunked"}))
    piece = chunk(b" " * 65536)
    while True:
        await peer.send(piece)


async def test_an_endless_error_body_is_cut(wire: Wire, client: AssistantsClient) -> None:
    """An error keeps the first of its body and is raised at once."""
    wire.answer(endless)
    value, http = await client.assistants.retrieve("a").with_options(raise_for_status=False).response()
    assert http.status == 500
    assert len(http.content) == MAX_ERROR
    await wire.until_open(0)
    assert value is None


async def test_an_announced_size_takes_no_memory(wire: Wire, client: AssistantsClient) -> None:
    """A length of 100 GB that is not sent is a time-out like any other."""
    wire.answer(then_silent(head(200, {"content-length": "100000000000"}) + b"{"))
    with pytest.raises(TimedOutError):
        await client.assistants.retrieve("asst_1").with_options(timeout=SHORT)


async def test_an_endless_answer_ends_at_the_cap(wire: Wire, client: AssistantsClient) -> None:
    """A JSON answer past the cap is an error with the cap and the status, and the connection is closed."""
    wire.answer(endless)
    with pytest.raises(BodyTooLargeError) as caught:
        await client.assistants.retrieve("x")
    assert (caught.value.limit, caught.value.status) == (MAX_JSON, 200)
    await wire.until_open(0)


async def test_a_refused_connection_is_an_error_of_its_own(transport: TransportName) -> None:
    """Nobody listens: the error names host and port, and nothing was sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    async with AssistantsClient(base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY, transport=transport) as client:
        with pytest.raises(ConnectFailedError, match=rf"cannot connect to 127\.0\.0\.1:{port}") as caught:
            await client.threads.create()
    assert not caught.value.maybe_processed
    assert isinstance(caught.value.__cause__, OSError)


async def test_a_gzipped_answer_is_read(wire: Wire, client: AssistantsClient) -> None:
    """A server that compresses unasked is understood."""
    wire.answer(raw(gzip.compress(b'{"id":"asst_1"}'), content_encoding="gzip"))
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
