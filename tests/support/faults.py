"""Calls for the tests of faults: by name, with their limits, and the texts that no error may show."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from assistants_async import AssistantsClient, AssistantsError, RetryPolicy, StatusError, StreamEvent, Timeout
from assistants_async.testing.faults import FaultyServer
from assistants_async.testing.faults.table import requested
from tests.client.test_secrets import shown
from tests.support.http_server import KEY
from tests.support.steady_loop import MS

QUICK = RetryPolicy(initial_delay=MS, max_delay=MS)
PATIENT = Timeout(head=10_000 * MS, idle=10_000 * MS)
SOON = Timeout(head=150 * MS, idle=150 * MS, stream=600 * MS)


class Ids(NamedTuple):
    """The ids of the objects on the server."""

    assistant: str
    thread: str
    message: str
    run: str
    file: str


CALLS: dict[str, Callable[[AssistantsClient, Ids], Awaitable[Any]]] = {
    "get": lambda client, ids: client.assistants.retrieve(ids.assistant),
    "create": lambda client, _: client.assistants.create(model="gpt-4o"),
    "modify": lambda client, ids: client.threads.modify(ids.thread, metadata={"a": "b"}),
    "list": lambda client, ids: client.messages.list(ids.thread).collect(10),
    "run": lambda client, ids: client.runs.retrieve(ids.thread, ids.run),
    "message": lambda client, ids: client.messages.retrieve(ids.thread, ids.message),
    "content": lambda client, ids: client.files.content(ids.file),
    "delete": lambda client, ids: client.messages.delete(ids.thread, ids.message),
}
"""One call of each kind: the matrix says of each what it may do twice."""


def plain(client: AssistantsClient) -> AssistantsClient:
    """A view that sends each request once, so that a test sees the fault and no retry."""
    return client.with_options(retry=None)


async def failing(call: Awaitable[Any]) -> AssistantsError:
    """The error of ours that a call ends with; nowhere in it is the key."""
    try:
        await call
    except AssistantsError as error:
        check(error)
        return error
    raise AssertionError("the call has succeeded")


def check(error: AssistantsError) -> None:
    """Every error has its note, can be pickled, and shows no key and no control character."""
    assert [note for note in error.__notes__ if note.startswith("while ")] == error.__notes__[:1]
    # The words of the server are kept as they came; what is shown of them is not.
    text = f"{error} {error!r}" if isinstance(error, StatusError) and KEY in error.message else shown(error)
    assert KEY not in text
    assert str(error).isprintable()
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


async def streamed(client: AssistantsClient, ids: Ids) -> tuple[list[StreamEvent], AssistantsError | None]:
    """The events of a new run, and the error that its stream ended with."""
    got: list[StreamEvent] = []
    try:
        async with client.runs.create(ids.thread, assistant_id=ids.assistant).stream() as channel:
            async for event in channel:
                got.append(event)  # noqa: PERF401  # what came before the error counts too
    except AssistantsError as error:
        check(error)
        return got, error
    return got, None


async def until_open(faulty: FaultyServer, count: int) -> None:
    """Wait until so many connections are open: the test's time-out is the limit."""
    while faulty.open_connections != count:  # sockets tell nobody
        await asyncio.sleep(MS)


def name_of(text: str) -> str:
    """The name of the fault in the text of a header."""
    return requested(text).name
