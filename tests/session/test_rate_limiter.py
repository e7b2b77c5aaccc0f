"""`limit_rate`: requests wait for their place, by the clock of the loop, which the tests put forward."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, ClientClosedError, ConnectFailedError, RateLimit, Request, TimedOutError
from tests.support.http_server import KEY, RUN, Memory, Wire, answer, failure, silent
from tests.support.retries import QUICK, cut
from tests.support.steady_loop import MS, SteadyLoop


def client_of(wire: Wire, requests: int | None = None, tokens: int | None = None, **settings: Any) -> AssistantsClient:
    """A client of the server with limits."""
    limit = RateLimit(requests_per_minute=requests, tokens_per_minute=tokens)
    return AssistantsClient(base_url=wire.base_url, api_key=KEY, limit_rate=limit, **settings)


def now() -> float:
    """The time by the loop's clock."""
    return asyncio.get_running_loop().time()


def forward(seconds: float) -> None:
    """Put the loop's clock forward."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SteadyLoop)
    loop.advance(seconds)


async def settle(turns: int = 40) -> None:
    """Let all go on that can."""
    for _ in range(turns):
        await asyncio.sleep(MS)


async def retrieve(client: AssistantsClient) -> None:
    await client.runs.retrieve("thread_1", "run_1")


async def test_no_minute_has_more_than_the_limit(wire: Wire) -> None:
    """Counted over the client and its views, in the order of the calls."""
    times: list[float] = []

    async def count(seen: Any, peer: Any) -> None:
        times.append(now())
        await peer.send(answer(RUN))

    wire.answer(count)
    async with client_of(wire, 3) as client, asyncio.TaskGroup() as group:
        view = client.with_options(headers={"x-view": "1"})
        for number in range(9):
            group.create_task(retrieve(view if number % 2 else client))
        for minute in (3, 6, 9):
            await wire.until_seen(minute)
            await settle()
            assert len(wire.seen) == minute
            forward(60)
    assert all(late - early >= 60 for early, late in zip(times, times[3:], strict=False))
    assert [seen.header("x-view") for seen in wire.seen] == [None, "1"] * 4 + [None]


async def test_nothing_is_sent_before_the_server_s_reset(wire: Wire) -> None:
    """After an answer with no remaining requests or tokens; no limit of the client's own is needed."""
    headers = {"x_ratelimit_remaining_tokens": "0", "x_ratelimit_reset_tokens": "1m30s"}
    wire.answer(answer(RUN, **headers), answer(RUN))
    async with client_of(wire) as client:
        await retrieve(client)
        waiting = asyncio.create_task(retrieve(client))
        await settle()
        forward(80)
        await settle()
        assert len(wire.seen) == 1
        forward(10)
        await waiting
    assert len(wire.seen) == 2


async def test_a_refusal_names_a_reset_too(wire: Wire) -> None:
    """Another attempt waits for it, beside the pause of the retry."""
    headers = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "20s"}
    wire.answer(failure(429, **headers), answer(RUN))
    async with client_of(wire, retry=QUICK) as client:
        waiting = asyncio.create_task(retrieve(client))
        await settle()
        assert len(wire.seen) == 1
        forward(20)
        await waiting
    assert len(wire.seen) == 2


async def test_the_wait_counts_into_the_total(wire: Wire) -> None:
    """The request was not sent, which the error says."""
    wire.answer(answer(RUN))
    async with client_of(wire, 1, timeout=60 * MS) as client:
        await retrieve(client)
        with pytest.raises(TimedOutError, match="total time-out") as caught:
            await retrieve(client)
        with pytest.raises(TimedOutError, match="total time-out"):
            async with client.runs.create("thread_1", assistant_id="asst_1").stream():
                pass
    assert not caught.value.maybe_processed
    assert caught.value.elapsed >= 60 * MS
    assert len(wire.seen) == 1


async def test_a_request_before_the_wait_may_have_been_processed(wire: Wire) -> None:
    """An earlier attempt was answered with an error of the server's."""
    headers = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "20s"}
    wire.answer(failure(500, **headers))
    async with client_of(wire, retry=QUICK, timeout=60 * MS) as client:
        with pytest.raises(TimedOutError) as caught:
            await retrieve(client)
    assert caught.value.maybe_processed
    assert caught.value.attempts == 2


async def test_a_cancelled_wait_gives_its_place_back(wire: Wire) -> None:
    """Of the first that waits and of one behind it; those after them go at the time that was theirs."""
    wire.answer(answer(RUN))
    async with client_of(wire, 1) as client:
        await retrieve(client)
        tasks = [asyncio.create_task(retrieve(client)) for _ in range(4)]
        await settle()
        tasks[0].cancel()
        tasks[2].cancel()
        forward(60)
        await tasks[1]
        assert len(wire.seen) == 2
        await settle()
        assert not tasks[3].done()
        forward(60)
        await tasks[3]
        assert len(wire.seen) == 3
        assert tasks[0].cancelled()
        assert tasks[2].cancelled()


async def test_a_cancelled_request_keeps_its_place(wire: Wire) -> None:
    """The server may have counted it."""
    wire.answer(silent, answer(RUN))
    async with client_of(wire, 1) as client:
        sent = asyncio.create_task(retrieve(client))
        await wire.until_seen(1)
        waiting = asyncio.create_task(retrieve(client))
        await settle()
        sent.cancel()
        await settle()
        assert len(wire.seen) == 1
        forward(60)
        await waiting


async def test_a_request_that_was_not_sent_gives_its_place_back() -> None:
    """No connection, no request."""
    limit = RateLimit(requests_per_minute=1)
    async with AssistantsClient(base_url="http://127.0.0.1:1/v1", api_key=KEY, limit_rate=limit, retry=None) as client:
        for _ in range(3):
            with pytest.raises(ConnectFailedError):
                await retrieve(client)


async def test_a_slow_answer_frees_its_place_late(wire: Wire) -> None:
    """A waiting request is woken by the answer, and goes 60 s after it."""
    release = asyncio.Event()

    async def slow(seen: Any, peer: Any) -> None:
        await release.wait()
        await peer.send(answer(RUN))

    wire.answer(slow)
    async with client_of(wire, 1) as client:
        first = asyncio.create_task(retrieve(client))
        await wire.until_seen(1)
        second = asyncio.create_task(retrieve(client))
        forward(100)
        await settle()
        release.set()
        await first
        await settle()
        assert len(wire.seen) == 1
        forward(60)
        await second


async def test_closing_the_client_ends_the_wait(wire: Wire) -> None:
    """At once, with its own error."""
    wire.answer(answer(RUN))
    client = client_of(wire, 1)
    await retrieve(client)
    waiting = asyncio.create_task(retrieve(client))
    await settle()
    await client.close()
    with pytest.raises(ClientClosedError):
        await waiting
    assert len(wire.seen) == 1


RAN = {**RUN, "status": "completed", "usage": {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100}}


@pytest.mark.parametrize("usage", [RAN["usage"], {"prompt_tokens": 60, "completion_tokens": 40}], ids=["all", "parts"])
async def test_the_tokens_of_runs_have_a_limit(wire: Wire, usage: Any) -> None:
    """Another run waits for it; other requests do not."""
    wire.answer(answer({**RAN, "usage": usage}))
    async with client_of(wire, tokens=100) as client:
        await client.runs.create("thread_1", assistant_id="asst_1")
        await retrieve(client)
        waiting = asyncio.create_task(client.runs.create("thread_1", assistant_id="asst_1").poll())
        await settle()
        assert len(wire.seen) == 2
        forward(60)
        await waiting


async def test_a_large_request_counts_ahead(wire: Wire) -> None:
    """By its bytes, also where a hook has changed it."""
    wire.answer(answer(RUN))

    def enlarge(request: Request) -> None:
        assert request.body is not None
        request.body["instructions"] = "x" * 400

    async with client_of(wire, tokens=150, on_request=enlarge) as client:
        await client.runs.create("thread_1", assistant_id="asst_1")
        waiting = asyncio.create_task(_create(client))
        await settle()
        assert len(wire.seen) == 1
        forward(60)
        await waiting


async def _create(client: AssistantsClient) -> None:
    await client.runs.create("thread_1", assistant_id="asst_1")


async def test_a_lost_answer_keeps_its_place(wire: Wire) -> None:
    """The server may have counted the request."""
    wire.answer(cut, answer(RUN))
    async with client_of(wire, 1, retry=QUICK) as client:
        waiting = asyncio.create_task(retrieve(client))
        await settle()
        assert len(wire.seen) == 1
        forward(60)
        await waiting
    assert len(wire.seen) == 2


async def test_requests_alone_may_be_limited(wire: Wire) -> None:
    """Then the tokens of runs are not counted."""
    wire.answer(answer(RAN))
    async with client_of(wire, 9) as client:
        for _ in range(2):
            await client.runs.create("thread_1", assistant_id="asst_1")
    assert len(wire.seen) == 2


async def test_no_limit_is_no_wait() -> None:
    """None is as good as nothing given."""
    async with AssistantsClient(api_key=KEY, transport=Memory(answer(RUN)), limit_rate=None) as client:
        await retrieve(client)


@pytest.mark.parametrize("value", [60, "60", RateLimit], ids=["number", "text", "class"])
def test_other_limits_are_refused(value: Any) -> None:
    """Refused where the client is made; it is no option of a view."""
    with pytest.raises(TypeError, match="limit_rate must be a RateLimit or None, not"):
        AssistantsClient(api_key=KEY, limit_rate=value)
    with pytest.raises(TypeError, match="limit_rate"):
        AssistantsClient(api_key=KEY).with_options(limit_rate=RateLimit())  # type: ignore[call-arg]
