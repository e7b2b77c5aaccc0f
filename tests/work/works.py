"""The counted works, each with its bound. `python -m tests.work.works` prints today's counts beside the bounds.

A bound is the count of CPython 3.11 at the time and about a tenth more, so that a small change of the code stays within
it and a new call for each event or item does not. Other versions of Python inline other things, and stay within it. A
change that makes the package do more raises a bound knowingly; one that makes it do less lowers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from assistants_async import AssistantsClient, RunChannel
from assistants_async.models.runs import ToolCall
from assistants_async.tools import Toolbox
from benchmarks.bodies import PAGE, answer, cut, frames
from benchmarks.canned import Canned, CannedTransport
from tests.support.http_server import KEY, RUN, TransportName, Wire
from tests.support.http_server import answer as sent
from tests.work.counting import Counting, Work

JSON, SSE = "application/json", "text/event-stream"
CHUNK = 16 * 1024

Use = Callable[[AssistantsClient], Awaitable[object]]


def client_of(*answers: Canned) -> AssistantsClient:
    """A client that is answered out of memory."""
    return AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, transport=CannedTransport(answers))


def body(line: bytes) -> bytes:
    """The body of a whole answer of the benchmarks' server."""
    return answer(line).pieces[0].partition(b"\r\n\r\n")[2]


def unchunked(data: bytes) -> list[bytes]:
    """The chunks of a body in chunked coding."""
    pieces: list[bytes] = []
    while size := int(data[: data.find(b"\r\n")], 16):
        start = data.find(b"\r\n") + 2
        pieces.append(data[start : start + size])
        data = data[start + size + 2 :]
    return pieces


MESSAGE_BODY = body(b"POST /message/v1/threads/thread_1/messages HTTP/1.1")
RUN_BODY = body(b"GET /run/v1/threads/thread_1/runs/run_1 HTTP/1.1")


def a_run() -> Canned:
    """A run, as an answer."""
    return Canned(JSON, [RUN_BODY])


def streamed(deltas: int, size: int = CHUNK) -> Canned:
    """A stream of so many deltas, cut in pieces of one size."""
    return Canned(SSE, cut(b"".join(frames(deltas)), size))


class Live(Canned):
    """An answer whose pieces arrive one by one, each after the reader has begun to wait."""

    def read_all_nowait(self) -> None:  # type: ignore[override]  # the interface has both
        """Say that the body is not whole."""

    def read_nowait(self) -> bytes | None:
        """Say that nothing has arrived."""
        return None

    async def read(self) -> bytes:
        """Wait for a turn of the loop."""
        await asyncio.sleep(0)
        return next(self._pieces, b"")


async def retrieve(client: AssistantsClient) -> None:
    """Ask for a run."""
    await client.runs.retrieve("thread_1", "run_1")


def stream(client: AssistantsClient) -> AbstractAsyncContextManager[RunChannel]:
    """A run's stream, to be entered."""
    return client.runs.create("thread_1", assistant_id="asst_1").stream()


async def iterate(client: AssistantsClient) -> None:
    """Read every event."""
    async with stream(client) as channel:
        async for _ in channel:
            pass


async def read_text(client: AssistantsClient) -> None:
    """Read the text."""
    async with stream(client) as channel:
        async for _ in channel.text():
            pass


async def counted(use: Use, *answers: Canned) -> Work:
    """The cost of a use of a client, after a first use that is not counted."""
    async with client_of(*answers) as client:
        await use(client)
        with Counting() as counting:
            await use(client)
    return counting.work


async def calls(count: int) -> Work:
    async def use(client: AssistantsClient) -> None:
        for _ in range(count):
            await retrieve(client)

    return await counted(use, *(a_run() for _ in range(count * 2)))


async def creates(count: int) -> Work:
    async def use(client: AssistantsClient) -> None:
        for _ in range(count):
            await client.runs.create("thread_1", assistant_id="asst_1")

    return await counted(use, *(a_run() for _ in range(count * 2)))


async def long_creates(count: int) -> Work:
    async def use(client: AssistantsClient) -> None:
        for _ in range(count):
            content = [{"type": "text", "text": "x" * 200_000}]
            await client.messages.create("thread_1", role="user", content=content)

    return await counted(use, *(Canned(JSON, [MESSAGE_BODY]) for _ in range(count * 2)))


async def streams(count: int) -> Work:
    async def use(client: AssistantsClient) -> None:
        for _ in range(count):
            await iterate(client)

    return await counted(use, *(streamed(1) for _ in range(count * 2)))


async def lean_calls_over_the_wire(count: int) -> Work:
    return await calls_over_the_wire(count, "lean")


async def calls_over_the_wire(count: int, transport: TransportName = None) -> Work:
    async with (
        Wire().serve() as wire,
        AssistantsClient(base_url=wire.base_url, api_key=KEY, transport=transport) as client,
    ):
        wire.answer(sent(RUN))
        await retrieve(client)
        with Counting() as counting:
            for _ in range(count):
                await retrieve(client)
    return counting.work


async def pages(count: int) -> Work:
    def page(number: int) -> Canned:
        cursor = b"&after=msg_%d" % (number * PAGE - 1) if number else b""
        line = b"GET /pages-%d/v1/threads/thread_1/messages?limit=100%b HTTP/1.1" % (count, cursor)
        return Canned(JSON, [body(line)])

    async def use(client: AssistantsClient) -> None:
        seen = [message async for message in client.messages.list("thread_1", limit=PAGE)]
        assert len(seen) == count * PAGE

    return await counted(use, *(page(number) for number in [*range(count)] * 2))


async def items(count: int) -> Work:
    data = b",".join(b'{"id":"msg_%d","object":"thread.message","role":"user"}' % number for number in range(count))
    text = b'{"object":"list","data":[' + data + b'],"has_more":false}'

    async def use(client: AssistantsClient) -> None:
        assert len(await client.messages.list("thread_1").collect()) == count

    return await counted(use, Canned(JSON, [text]), Canned(JSON, [text]))


async def events(count: int) -> Work:
    return await counted(iterate, streamed(count), streamed(count))


async def live_events(count: int) -> Work:
    return await counted(iterate, Live(SSE, frames(count)), Live(SSE, frames(count)))


async def tool_rounds(count: int) -> Work:
    def said(path: str) -> Canned:
        line = f"POST /tools-1/v1/threads/thread_1/runs{path} HTTP/1.1".encode()
        return Canned(SSE, unchunked(body(line)))

    async def double(number: int) -> int:
        return 2 * number

    toolbox = Toolbox([double])

    async def use(client: AssistantsClient) -> None:
        for _ in range(count):
            async with client.runs.create("thread_1", assistant_id="asst_1").drive(toolbox) as channel:
                assert len([event async for event in channel]) > 10

    return await counted(use, *(said(path) for path in ["", "/run_1/submit_tool_outputs"] * 2 * count))


async def events_in_small_pieces(count: int) -> Work:
    return await counted(iterate, streamed(count, 7), streamed(count, 7))


async def texts(count: int) -> Work:
    return await counted(read_text, streamed(count), streamed(count))


async def echo(text: str) -> str:
    return text


async def tool_calls(count: int) -> Work:
    toolbox = Toolbox([echo])
    function = {"name": "echo", "arguments": '{"text":"x"}'}
    call = ToolCall.from_dict({"id": "call_1", "type": "function", "function": function})
    await toolbox.answer([call] * count)
    with Counting() as counting:
        await toolbox.answer([call] * count)
    return counting.work


class Bounded(NamedTuple):
    """A work, and the most that each further one of it may cost."""

    do: Callable[[int], Awaitable[Work]]
    fewer: int
    more: int
    most: Work

    async def each(self) -> Work:
        """The cost of each unit that `more` has beyond `fewer`."""
        few, many = await self.do(self.fewer), await self.do(self.more)
        return many.for_each(few, self.more - self.fewer)


WORKS: Mapping[str, Bounded] = {
    "a call": Bounded(calls, 20, 120, Work(33, 18, 1)),
    "a create": Bounded(creates, 20, 120, Work(50, 30, 2)),
    "a create of 200 KB": Bounded(long_creates, 2, 12, Work(82, 62, 1)),
    "a stream of one delta": Bounded(streams, 20, 120, Work(144, 72, 6)),
    "a call, over the wire": Bounded(calls_over_the_wire, 20, 120, Work(42, 21, 1)),
    "a call, over the wire, lean": Bounded(lean_calls_over_the_wire, 20, 120, Work(53, 39, 1)),
    "a page of 100": Bounded(pages, 2, 12, Work(138, 22, 1)),
    "an item of a page": Bounded(items, 100, 1_100, Work(1, 0, 0)),
    "an event": Bounded(events, 1_000, 2_000, Work(4.5, 4.5, 1)),
    "a live event": Bounded(live_events, 200, 1_200, Work(18, 12, 1)),
    "a run with a tool round": Bounded(tool_rounds, 5, 25, Work(900, 500, 17)),
    "an event in 7-byte pieces": Bounded(events_in_small_pieces, 200, 300, Work(384, 176, 1)),
    "a tool call of a round": Bounded(tool_calls, 20, 120, Work(22, 19, 0)),
    "a piece of text": Bounded(texts, 1_000, 2_000, Work(6.5, 5.5, 1)),
}


def main() -> None:
    for name, bounded in WORKS.items():
        found = asyncio.run(bounded.each())
        counts = tuple(round(value, 3) for value in found)
        print(f"{name:28} {counts}, at most {tuple(bounded.most)}")  # noqa: T201  # run by hand


if __name__ == "__main__":
    main()
