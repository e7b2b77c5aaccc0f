"""Client CPU of plain calls: this client against hand-written aiohttp + msgspec, on the same server and structs."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

import aiohttp
import msgspec

from assistants_async import AssistantsClient, Message, Page, Run
from benchmarks.serving import served

Work = Callable[[int], Awaitable[None]]

RUN = msgspec.json.encode(
    {
        "id": "run_1",
        "object": "thread.run",
        "created_at": 1_699_075_072,
        "thread_id": "thread_1",
        "assistant_id": "asst_1",
        "status": "completed",
        "started_at": 1_699_075_072,
        "completed_at": 1_699_075_073,
        "model": "gpt-4o",
        "instructions": "You are a helpful assistant. " * 20,
        "tools": [{"type": "function", "function": {"name": f"tool_{n}", "parameters": {}}} for n in range(5)],
        "metadata": {"topic": "benchmark"},
        "usage": {"prompt_tokens": 123, "completion_tokens": 456, "total_tokens": 579},
    }
)
MESSAGES = [
    {
        "id": f"msg_{n}",
        "object": "thread.message",
        "created_at": 1_699_075_072,
        "thread_id": "thread_1",
        "status": "completed",
        "role": "user",
        "content": [{"type": "text", "text": {"value": f"message {n} " * 30, "annotations": []}}],
        "attachments": [],
        "metadata": {},
    }
    for n in range(100)
]
PAGE = msgspec.json.encode(
    {"object": "list", "data": MESSAGES, "first_id": "msg_0", "last_id": "msg_99", "has_more": False}
)


async def compare(base_url: str, calls: int, rounds: int) -> None:
    runs, pages = msgspec.json.Decoder(Run), msgspec.json.Decoder(Page[Message])
    headers = {"Authorization": "Bearer key", "OpenAI-Beta": "assistants=v2"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        AssistantsClient(base_url=base_url, api_key="key") as client,
    ):

        async def get_by_hand(count: int) -> None:
            for _ in range(count):
                async with session.get(f"{base_url}/threads/thread_1/runs/run_1") as response:
                    runs.decode(await response.read())

        async def get(count: int) -> None:
            for _ in range(count):
                await client.runs.retrieve("thread_1", "run_1")

        async def page_by_hand(count: int) -> None:
            for _ in range(count):
                async with session.get(f"{base_url}/threads/thread_1/messages?limit=100") as response:
                    pages.decode(await response.read())

        async def page(count: int) -> None:
            for _ in range(count):
                await client.messages.list("thread_1", limit=100)

        print(
            f"{'client CPU, µs a call':24} {'by hand':>8} {'this':>8} {'ratio':>7}   middle half      by hand / by hand"
        )
        await report("GET of a run", get_by_hand, get, calls, rounds)
        await report("page of 100 messages", page_by_hand, page, calls, rounds)


async def report(name: str, by_hand: Work, ours: Work, calls: int, rounds: int) -> None:
    """Print a line: each round is by hand, this client, by hand; what by hand differs from itself is the noise."""
    for warm in (by_hand, ours):
        await warm(5 * calls)
    samples = [[await cpu(work, calls) for work in (by_hand, ours, by_hand)] for _ in range(rounds)]
    base = statistics.median(time for before, _, after in samples for time in (before, after))
    mine = statistics.median(sample[1] for sample in samples)
    low, ratio, high = statistics.quantiles([2 * this / (before + after) for before, this, after in samples], n=4)
    noise = statistics.median(after / before for before, _, after in samples)
    print(f"{name:24} {base:8.0f} {mine:8.0f} {ratio:7.3f}   {low:.3f} to {high:.3f}   {noise:.3f}")


async def cpu(work: Work, calls: int) -> float:
    """CPU microseconds of one of so many calls; short rounds, so that a busy machine spoils few of them."""
    started = time.process_time()
    await work(calls)
    return (time.process_time() - started) / calls * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=40, help="calls a round (default: 40)")
    parser.add_argument("--rounds", type=int, default=200, help="rounds of each table line, at least 2 (default: 200)")
    options = parser.parse_args()
    with served({b"/messages": PAGE}, RUN) as base_url:
        asyncio.run(compare(base_url, options.calls, options.rounds))


if __name__ == "__main__":
    main()
