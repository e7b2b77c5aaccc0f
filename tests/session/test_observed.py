"""Notes of telemetry and limits about runs and streams, each without the other and both together."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from assistants_async import AssistantsClient, RateLimit
from tests.support.embedded import Server, listed
from tests.support.http_server import ANYTHING, KEY, RUN, Memory, Wire, answer
from tests.support.run_events import run, run_frames
from tests.support.spans import Kept, of
from tests.support.steady_loop import MS, SteadyLoop

USAGE = {"prompt_tokens": 60, "completion_tokens": 40, "total_tokens": 100}
LIMIT = RateLimit(tokens_per_minute=100)


async def test_the_tokens_of_a_stream_count_into_the_limit(wire: Wire) -> None:
    """Also those of one that broke off, as the polls in its place show them."""
    ended = run("completed", thread_id="thread_1", usage=USAGE)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n"

    async def cut(seen: Any, peer: Any) -> None:
        await peer.send(head + b"".join(run_frames("Hel")[:3]))
        peer.reset()

    Server(wire, create=[cut, RUN], get=[ended], steps=[listed()], messages=[listed()])
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, limit_rate=LIMIT) as client:
        async with client.runs.create("thread_1", assistant_id="asst_1").stream(recover=True) as channel:
            await channel.until_done()
        sent = len(wire.seen)
        waiting = asyncio.create_task(_create(client))
        for _ in range(40):
            await asyncio.sleep(MS)
        assert len(wire.seen) == sent
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SteadyLoop)
        loop.advance(60)
        await waiting


async def _create(client: AssistantsClient) -> None:
    await client.runs.create("thread_1", assistant_id="asst_1").with_options(retry=None)


async def test_both_together(wire: Wire) -> None:
    """A client with a limit has its spans."""
    kept = Kept()
    wire.answer(answer(ANYTHING))
    async with AssistantsClient(
        base_url=wire.base_url, api_key=KEY, limit_rate=RateLimit(requests_per_minute=9), telemetry=kept.telemetry
    ) as client:
        await client.assistants.retrieve("asst_1")
    assert of(kept.one("assistants.retrieve"))["assistants_async.attempts"] == 1


class Runs(Memory):
    """A transport whose every run is another: active, or ended at a second request."""

    async def open(self, outgoing: Any, timeout: Any) -> Any:
        """Answer with the run of the path."""
        name = outgoing.url.rpartition("/")[2]
        seen = any(each.url == outgoing.url for each in self.sent)
        body = {**RUN, "id": name, "status": "completed" if seen else "queued", "usage": USAGE if seen else None}
        self._body = json.dumps(body).encode()
        return await super().open(outgoing, timeout)


async def test_runs_of_long_ago_are_forgotten() -> None:
    """Some thousand runs are remembered as being at work, so that a client that lives for years does not grow."""
    kept = Kept()
    transport = Runs(answer(RUN))
    async with AssistantsClient(api_key=KEY, transport=transport, telemetry=kept.telemetry) as client:
        for number in range(4_100):
            await client.runs.retrieve("thread_1", f"run_{number}")
        for number in (0, 4_099):
            await client.runs.retrieve("thread_1", f"run_{number}")
    points = kept.points("gen_ai.client.token.usage")
    assert sorted(value for _, value in points) == [40, 60]  # of the later one
