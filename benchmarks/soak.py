"""A client at work for long: does anything grow? Calls, streams and errors by the thousand, on one client.

`--help` has the sizes; the defaults are 10^5 calls and 10^4 streams of 100 events. Memory is this process's, the
small server in it included.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from assistants_async import AssistantsClient, NotFoundError
from benchmarks.leaks import TITLE, Sample, Server, sample, show

Work = Callable[[AssistantsClient], Awaitable[None]]


async def call(client: AssistantsClient) -> None:
    """One GET."""
    await client.threads.retrieve("thread_1")


async def create(client: AssistantsClient) -> None:
    """One POST."""
    await client.assistants.create(model="gpt-4o", metadata={"a": "b"})


async def refused(client: AssistantsClient) -> None:
    """One error, caught."""
    with contextlib.suppress(NotFoundError):
        await client.threads.retrieve("missing")


async def stream(client: AssistantsClient) -> None:
    """One run's stream to its end."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        await channel.until_done()


async def left(client: AssistantsClient) -> None:
    """One run's stream that is left after an event."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        await anext(channel)


KINDS: dict[str, Work] = {
    "calls": call,
    "creates": create,
    "errors": refused,
    "streams": stream,
    "streams left": left,
}


async def soak(
    work: Work,
    count: int,
    *,
    events: int = 100,
    parallel: int = 8,
    samples: int = 40,
    transport: Literal["lean"] | None = None,
) -> list[Sample]:
    """Do one kind of work so many times, and look at the process now and then; the last look is after the close."""
    looks: list[Sample] = []
    async with Server(events).serve() as server:
        async with AssistantsClient(base_url=server.base_url, api_key="key", retry=None, transport=transport) as client:

            async def share(times: int) -> None:
                for _ in range(times):
                    await work(client)

            for begin in range(0, count, step := max(parallel, count // samples)):
                times = min(step, count - begin)
                await asyncio.gather(*(share(len(range(place, times, parallel))) for place in range(parallel)))
                looks.append(sample(begin + times, server))
        async with asyncio.timeout(10):
            while server.open:
                await asyncio.sleep(0.001)
        looks.append(sample(count, server))
    return looks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000, help="of each kind of call (default: 100 000)")
    parser.add_argument("--streams", type=int, default=10_000, help="of each kind of stream (default: 10 000)")
    parser.add_argument("--events", type=int, default=100, help="deltas of a stream (default: 100)")
    parser.add_argument("--parallel", type=int, default=8, help="at once (default: 8)")
    parser.add_argument("--only", choices=KINDS, action="append", help="one kind of work; may be repeated")
    parser.add_argument("--lean", action="store_true", help="over the lean transport")
    options = parser.parse_args()
    transport: Literal["lean"] | None = "lean" if options.lean else None
    print(TITLE)
    for name in options.only or KINDS:
        count = options.streams if name.startswith("streams") else options.calls
        started = time.perf_counter()
        looks = asyncio.run(
            soak(KINDS[name], count, events=options.events, parallel=options.parallel, transport=transport)
        )
        show(name, looks[:-1], time.perf_counter() - started)


if __name__ == "__main__":
    main()
