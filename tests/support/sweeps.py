"""Operations of every kind, and a sweep over their suspensions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from assistants_async import AssistantsClient, ClientClosedError, NotFoundError, RetryPolicy, StreamError, open_pipe
from tests.support.byte_server import RESET, Body, Step
from tests.support.cuts import steps
from tests.support.http_server import ASSISTANT, FILE, KEY, THREAD, Answer, Peer, Seen, Wire, answer, failure, page, raw
from tests.support.run_events import DONE, TEXT, message, run, run_frames
from tests.support.run_events import page as found
from tests.support.steady_loop import MS
from tests.support.stepping import (
    STOPPED,
    Moment,
    Way,
)

TOLD = run_frames(*TEXT)
CONTENT = b"0123456789" * 20_000
QUICK = RetryPolicy(initial_delay=MS, max_delay=MS)


class Operation(NamedTuple):
    """An operation to cancel: a coroutine function of a client, and its result without a cancellation."""

    run: Callable[[AssistantsClient], Coroutine[Any, Any, Any]]
    value: Any
    answers: Callable[[], list[Answer]]
    """Made anew for each time; the last one is given again and again."""
    least: int
    """Suspensions that it has at the least, so that a sweep of nothing does not pass for one."""
    settings: dict[str, Any] = {}  # noqa: RUF012
    usable: bool = True
    """True where the client must work afterwards."""


async def pieces(*data: bytes) -> AsyncIterator[bytes]:
    """A file that comes by and by."""
    for piece in data:
        await asyncio.sleep(0)
        yield piece


# The operations


async def get(client: AssistantsClient) -> str:
    """Retrieve a thread."""
    return (await client.threads.retrieve("thread_1")).id


async def create(client: AssistantsClient) -> str:
    """Create an assistant."""
    return (await client.assistants.create(model="gpt-4o")).id


async def walk(client: AssistantsClient) -> list[str]:
    """Iterate over all pages of a list."""
    return [item.id async for item in client.assistants.list()]


async def prefetch(client: AssistantsClient) -> list[str]:
    """Read a list ahead of time."""
    async with client.assistants.list().prefetch() as items:
        return [item.id async for item in items]


async def upload(client: AssistantsClient) -> str:
    """Upload bytes."""
    return (await client.files.create(file=pieces(b"a", b"b"), filename="a.txt", purpose="assistants")).id


async def upload_path(client: AssistantsClient) -> str:
    """Upload a file by its path."""
    return (await client.files.create(file=Path(__file__), purpose="assistants")).id


async def download(client: AssistantsClient) -> int:
    """Download a file."""
    return len(await client.files.content("file_1"))


async def elements(client: AssistantsClient) -> list[str]:
    """Stream the elements of a list."""
    async with client.assistants.list().stream() as channel:
        return [item.id async for item in channel]


async def events(client: AssistantsClient) -> int:
    """Stream the events of a run."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        return len([event async for event in channel])


async def text(client: AssistantsClient) -> str:
    """Stream the text of a run."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        return "".join([piece async for piece in channel.text()])


async def recover(client: AssistantsClient) -> str:
    """Stream a run that is cut, and poll it on."""
    async with client.runs.create("thread_1", assistant_id="asst_1").stream(recover=True) as channel:
        return "".join([piece async for piece in channel.text()])


async def into(client: AssistantsClient) -> list[str]:
    """Push items into a pipe."""
    sender, receiver = open_pipe(1)
    async with asyncio.TaskGroup() as group, receiver:
        group.create_task(client.assistants.list().into(sender))
        return [item.id async for item in receiver]


async def fan_out(client: AssistantsClient) -> list[list[str]]:
    """Read one stream by two readers."""

    async def read(receiver: Any) -> list[str]:
        return [item.id async for item in receiver]

    async with client.assistants.list().stream() as channel, channel.fan_out(2, capacity=1) as receivers:
        return list(await asyncio.gather(*(read(receiver) for receiver in receivers)))


async def refused(client: AssistantsClient) -> int:
    """Make a call that is refused."""
    try:
        await client.threads.retrieve("thread_1")
    except NotFoundError as error:
        return error.status
    return 0


async def refused_stream(client: AssistantsClient) -> int:
    """Enter a stream that is refused."""
    try:
        async with client.runs.create("thread_1", assistant_id="asst_1").stream():
            return 0
    except NotFoundError as error:
        return error.status


async def cut_stream(client: AssistantsClient) -> list[str]:
    """Read a stream that is cut."""
    got: list[str] = []
    try:
        async with client.assistants.list().stream() as channel:
            async for item in channel:
                got.append(item.id)  # noqa: PERF401
    except StreamError as error:
        got.append(type(error).__name__)
    return got


async def hooks(client: AssistantsClient) -> list[str]:
    """Make a call with every hook."""
    reports: list[str] = []

    async def hook(value: Any) -> None:
        await asyncio.sleep(0)
        reports.append(type(value).__name__)

    try:
        await client.threads.retrieve("thread_1").with_options(
            on_request=hook, on_send=hook, on_response=hook, on_retry=hook, on_error=hook
        )
    except NotFoundError:
        reports.append("404")
    return reports


async def wait_for_the_pool(client: AssistantsClient) -> list[str]:
    """Make calls that wait for one connection."""
    calls = [client.threads.retrieve(f"thread_{number}") for number in range(3)]
    return [thread.id for thread in await asyncio.gather(*calls)]


async def close(client: AssistantsClient) -> str:
    """Close a client with a call under way."""
    call = asyncio.ensure_future(client.threads.retrieve("thread_1"))
    try:
        await asyncio.sleep(0)
        await client.close()
    finally:
        await client.close()
        (got,) = await asyncio.gather(call, return_exceptions=True)
    return type(got).__name__


async def leave(client: AssistantsClient) -> str:
    """Leave a stream after its first item."""
    async with client:
        await client.threads.retrieve("thread_1")
    return "closed"


def renewed() -> Callable[[], Coroutine[Any, Any, str]]:
    """A key from a function, with a turn of the loop each time."""

    async def key() -> str:
        await asyncio.sleep(0)
        return KEY

    return key


async def echo(seen: Seen, peer: Peer) -> None:
    """A thread with the id of the request, a little later."""
    await asyncio.sleep(0)
    await peer.send(answer({**THREAD, "id": seen.path.rpartition("/")[2]}))


async def in_two(seen: Seen, peer: Peer) -> None:
    """Head and half a body, then the other half."""
    body = answer(ASSISTANT)
    await peer.send(body[:-20])
    await asyncio.sleep(0)
    await peer.send(body[-20:])


class Polled:
    """A run whose stream breaks off, and its states for polling: first under way, then ended."""

    def __init__(self) -> None:
        self._states = ["in_progress", "completed"]

    async def __call__(self, seen: Seen, peer: Peer) -> None:
        """Answer by the path of the request."""
        if seen.method == "POST":
            await slowly(*TOLD[:9], RESET)(seen, peer)
        elif seen.path.endswith("/steps"):
            await peer.send(raw(found(), content_type="application/json"))
        elif seen.path.endswith("/messages"):
            await peer.send(raw(found(message("completed", "".join(TEXT))), content_type="application/json"))
        else:
            state = self._states.pop(0) if len(self._states) > 1 else self._states[0]
            await peer.send(answer(run(state), openai_poll_after_ms="1"))


async def turn(seen: Seen, peer: Peer) -> None:
    """Let the client read the data so far before the next piece goes out."""
    for _ in range(3):
        await asyncio.sleep(0)


def slowly(*pieces: Step, **settings: Any) -> Body:
    """A body that comes in these pieces, one by one."""
    return Body(*(step for piece in pieces for step in (turn, piece)), turn, **settings)


def each(*answers: Answer) -> Callable[[], list[Answer]]:
    """The same answers each time."""
    return lambda: list(answers)


PAGES: list[Answer] = [page("a", "b", more=True), page("c", more=True), page("d")]
LIST = page("a", "b", "c", "d").partition(b"\r\n\r\n")[2]
LISTED: Answer = slowly(*steps(LIST, 20), kind="application/json")
CUT: Answer = Body(LIST[:60], RESET, kind="application/json")


OPERATIONS: dict[str, Operation] = {
    "a GET": Operation(get, "thread_1", each(answer(THREAD)), 2),
    "a create": Operation(create, "asst_1", each(in_two), 2),
    "a walk over pages": Operation(walk, [*"abcd"], lambda: PAGES, 4),
    "a walk with prefetch": Operation(prefetch, [*"abcd"], lambda: PAGES, 8),
    "an upload of an iterator": Operation(upload, "file_1", each(answer(FILE)), 4),
    "an upload of a path": Operation(upload_path, "file_1", each(answer(FILE)), 4),
    "a download": Operation(download, len(CONTENT), each(raw(CONTENT)), 3),
    "a stream of elements": Operation(elements, [*"abcd"], each(LISTED), 2),
    "a run's stream": Operation(events, len(TOLD), each(slowly(*TOLD, DONE)), 4),
    "a run's text": Operation(text, "".join(TEXT), each(slowly(*TOLD, DONE)), 4),
    "a stream that polls": Operation(recover, "".join(TEXT), lambda: [Polled()], 8),
    "into a pipe": Operation(into, [*"abcd"], each(LISTED), 6),
    "a stream for two": Operation(fan_out, [[*"abcd"]] * 2, each(LISTED), 6),
    "an error": Operation(refused, 404, each(failure(404)), 2),
    "an error in place of a stream": Operation(refused_stream, 404, each(failure(404)), 2),
    "a stream that is cut": Operation(cut_stream, ["a", "b", "StreamTruncatedError"], each(CUT), 2),
    "a retry": Operation(get, "thread_1", lambda: [failure(500), failure(429), answer(THREAD)], 4, {"retry": QUICK}),
    "hooks": Operation(
        hooks,
        [
            "Request",
            "PreparedRequest",
            "HTTPResponse",
            "Retry",
            "PreparedRequest",
            "HTTPResponse",
            "NotFoundError",
            "404",
        ],
        lambda: [failure(500), failure(404)],
        8,
        {"retry": QUICK},
    ),
    "a key that is renewed": Operation(
        get, "thread_1", lambda: [failure(401), answer(THREAD)], 4, {"api_key": renewed()}
    ),
    "a wait for the pool": Operation(wait_for_the_pool, ["thread_0", "thread_1", "thread_2"], each(echo), 6),
    "a close": Operation(close, ClientClosedError.__name__, each(answer(THREAD)), 2, usable=False),
    "the end of a block": Operation(leave, "closed", each(answer(THREAD)), 2, usable=False),
}
moments = pytest.mark.parametrize("moment", ["waiting", "woken"])


async def sweep(
    wire: Wire, operation: Operation, way: Way, moment: Moment, *, warm: bool = False, **settings: Any
) -> int:
    """Stop an operation at its first suspension, its second and so on, each time with a new client; return how many."""
    at = 0
    reached = True
    while reached:
        at += 1
        before = asyncio.all_tasks()
        given = {"base_url": wire.base_url, "api_key": KEY, "max_connections": 1, "retry": None, **operation.settings}
        async with AssistantsClient(**{**given, **settings}) as client:
            if warm:
                await works(wire, client)
            wire.answer(*operation.answers())
            value, reached = await way(partial(operation.run, client), at, moment)
            assert value in (STOPPED, operation.value) if reached else value == operation.value
            await nothing_runs(wire, before)
            if operation.usable:
                await works(wire, client)
        async with asyncio.timeout(10_000 * MS):
            await wire.until_open(0)
    return at - 1


async def works(wire: Wire, client: AssistantsClient) -> None:
    """A call succeeds, over the one connection that there may be."""
    wire.answer(answer(THREAD))
    async with asyncio.timeout(10_000 * MS):
        assert (await client.threads.retrieve("thread_1")).id == "thread_1"


async def nothing_runs(wire: Wire, before: set[asyncio.Task[Any]]) -> None:
    """No task is left but the server's."""
    left = asyncio.all_tasks() - before - wire._tasks
    assert not [task for task in left if "_accept" not in repr(task)]
