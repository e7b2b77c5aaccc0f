"""The key in nothing that anybody prints, logs, keeps or pickles: every kind of operation over a list of faults."""

from __future__ import annotations

import asyncio
import gc
import logging
import pickle
import traceback
import types
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, AssistantsError, RetryPolicy, Timeout, open_pipe
from tests.support.http_server import (
    ANYTHING,
    KEY,
    Answer,
    Peer,
    Seen,
    TransportName,
    Wire,
    answer,
    failure,
    head,
    page,
    raw,
    silent,
    then_cut,
    then_silent,
)
from tests.support.run_events import TEXT, run_frames
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

QUICK = RetryPolicy(max_retries=1, initial_delay=MS, max_delay=MS)
LIMITS = Timeout(head=60 * MS, idle=60 * MS, total=2000 * MS)
SSE = head(200, {"content-type": "text/event-stream"})
TOLD = run_frames(*TEXT)
BODY = answer(ANYTHING)

SECRETS = (KEY, "org-secret", "proj-secret", "cookie-secret", "azure-secret")


async def echo_key(seen: Seen, peer: Peer) -> None:
    """Refuse the key by showing it, as vendors do, in every place that an error is read from."""
    error = dict.fromkeys(("message", "type", "code", "param"), f"Incorrect API key provided: {KEY}.")
    await peer.send(answer({"error": error}, 401, f"no {KEY}"))


FAULTS: dict[str, Answer] = {
    "400": failure(400),
    "429 with a wait that is too long": failure(429, retry_after="1000"),
    "500": failure(500),
    "redirect": raw(b"", 307, location="http://127.0.0.1:9/"),
    "HTML": raw(b"<html>", content_type="text/html"),
    "empty": raw(b""),
    "wrong type": answer({"id": 5}),
    "error under 200": answer({"error": {"message": "x"}}),
    "deep": raw(b"[" * 100_000, content_type="application/json"),
    "never answers": silent,
    "stalls": then_silent(BODY[:-5]),
    "stalls in a stream": then_silent(SSE + TOLD[0]),
    "cut before the head": then_cut(b""),
    "cut in the head": then_cut(b"HTTP/1.1 200 OK\r\ncontent-"),
    "cut in the body": then_cut(BODY[:-5]),
    "cut in a stream": then_cut(SSE + TOLD[0] + b"event: x"),
    "an error event": raw(TOLD[0] + b'event: error\ndata: {"message": "x"}\n\n', content_type="text/event-stream"),
    "a bad event": raw(b"event: thread.run.created\ndata: {\n\n", content_type="text/event-stream"),
    "not HTTP": then_cut(b"nonsense\r\n\r\n"),
    "a bad header": then_cut(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"),
    "a bad chunk": then_cut(head(200, {"transfer-encoding": "chunked"}) + b"zz\r\n"),
    "bad gzip": raw(b"nonsense", content_encoding="gzip"),
    "a switch of protocols": head(101, {"upgrade": "x", "connection": "upgrade"}),
}

# The operations


async def get(client: AssistantsClient, folder: Path) -> None:
    await client.threads.retrieve("thread_1")


async def create(client: AssistantsClient, folder: Path) -> None:
    await client.assistants.create(model="gpt-4o", metadata={"a": "b"})


async def walk(client: AssistantsClient, folder: Path) -> None:
    await client.assistants.list().collect()


async def prefetch(client: AssistantsClient, folder: Path) -> None:
    async with client.assistants.list().prefetch() as items:
        await items.collect()


async def events(client: AssistantsClient, folder: Path) -> None:
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        await channel.until_done()


async def recover(client: AssistantsClient, folder: Path) -> None:
    async with client.runs.create("thread_1", assistant_id="asst_1").stream(recover=True) as channel:
        await channel.until_done()


async def into(client: AssistantsClient, folder: Path) -> None:
    sender, receiver = open_pipe(10)
    async with receiver:
        await client.messages.list("thread_1").into(sender)


async def save(client: AssistantsClient, folder: Path) -> None:
    await client.files.content("file_1").save(folder)


async def upload(client: AssistantsClient, folder: Path) -> None:
    await client.files.create(file=b"abc", filename="a.txt", purpose="assistants")


OPERATIONS = [get, create, walk, prefetch, events, recover, into, save, upload]
Operation = Callable[[AssistantsClient, Path], Coroutine[Any, Any, None]]
operations = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)


def secretive(wire: Wire, transport: TransportName, auth: Any = "bearer") -> AssistantsClient:
    """A client with every kind of credential, made in a frame that is gone when something fails."""
    return AssistantsClient(
        base_url=wire.base_url,
        api_key=KEY,
        auth=auth,
        organization="org-secret",
        project="proj-secret",
        headers={"cookie": "cookie-secret", "Api-Key": "azure-secret"} if auth == "bearer" else {},
        timeout=LIMITS,
        retry=QUICK,
        transport=transport,
    )


# Where to look


def shown(error: BaseException) -> Iterator[str]:
    """The texts of an error, its causes and its group in tracebacks with locals, reprs and pickles."""
    yield from traceback.TracebackException.from_exception(error, capture_locals=True).format()
    yield repr(error)
    yield repr(vars(error))
    if isinstance(error, AssistantsError):
        yield repr(pickle.dumps(error))
    for inner in (error.__cause__, error.__context__, *getattr(error, "exceptions", ())):
        if inner is not None:
            yield from shown(inner)


def reachable(error: BaseException) -> Iterator[str]:
    """Every text that can be reached from an error by its attributes, with the tracebacks left out."""
    seen: set[int] = set()
    queue: list[Any] = [error]
    while queue:
        value = queue.pop()
        if id(value) in seen or isinstance(value, (type, types.ModuleType, types.TracebackType, types.FunctionType)):
            continue
        seen.add(id(value))
        if isinstance(value, (str, bytes)):
            yield value if isinstance(value, str) else value.decode("latin-1")
        else:
            queue += gc.get_referents(value)


def logged(caplog: pytest.LogCaptureFixture) -> Iterator[str]:
    """Messages and arguments of every logger, but for asyncio's tales of the server's own tasks."""
    for record in caplog.records:
        yield record.getMessage()
        yield repr(record.args)
        yield repr(vars(record))


def clean(texts: Iterator[str]) -> None:
    """None of the secrets is in any of the texts."""
    for text in texts:
        for secret in SECRETS:
            assert secret not in text, f"{secret} in {text[:2000]}"


async def fails(operation: Callable[[], Awaitable[None]]) -> BaseException | None:
    """The error that an operation ends with."""
    try:
        await operation()
    except BaseException as error:  # noqa: BLE001  # looked at
        return error
    return None


@operations
async def test_no_fault_shows_the_key(
    wire: Wire,
    transport: TransportName,
    operation: Operation,
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
    tmp_path: Path,
) -> None:
    """Over all faults: not in an error, a cause, a local, an attribute however deep, a pickle, a log or a warning."""
    caplog.set_level(logging.DEBUG)
    failed = 0
    async with secretive(wire, transport) as client:
        for fault in FAULTS.values():
            wire.answer(fault)
            error = await fails(lambda: operation(client, tmp_path))
            assert KEY in str(wire.last.headers)
            if error is not None:
                failed += 1
                clean(shown(error))
                clean(reachable(error))
    gc.collect()
    clean(logged(caplog))
    clean(str(each.message) for each in recwarn)
    assert failed >= len(FAULTS) // 2


@pytest.mark.parametrize("auth", ["bearer", "api-key"])
@operations
async def test_a_key_that_the_server_echoes_is_not_printed(
    wire: Wire,
    transport: TransportName,
    operation: Operation,
    auth: Any,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """In the text of an error it is masked; `message` and `http` have the server's own words."""
    caplog.set_level(logging.DEBUG)
    wire.answer(echo_key)
    async with secretive(wire, transport, auth) as client:
        error = await fails(lambda: operation(client, tmp_path))
    assert isinstance(error, AssistantsError)
    clean(iter(["".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())]))
    clean(iter([str(error), repr(error)]))
    clean(logged(caplog))


@operations
@pytest.mark.parametrize("stall", ["never answers", "stalls", "stalls in a stream"])
async def test_no_cancellation_shows_the_key(
    wire: Wire, transport: TransportName, operation: Operation, stall: str, tmp_path: Path
) -> None:
    """A time-out of the caller's own, and a cancelled task: down to the frame that waited."""
    async with secretive(wire, transport) as client:
        wire.answer(FAULTS[stall])

        async def limited() -> None:
            async with asyncio.timeout(20 * MS):
                await operation(client, tmp_path)

        async def cancelled() -> None:
            task = asyncio.create_task(operation(client, tmp_path))
            await asyncio.sleep(20 * MS)
            task.cancel()
            await task

        for way in (limited, cancelled):
            error = await fails(way)
            if error is not None:
                clean(shown(error))
                clean(reachable(error))


async def test_no_close_shows_the_key(wire: Wire, transport: TransportName, tmp_path: Path) -> None:
    """The errors of calls under way when the client closes, and of calls on a closed client."""
    wire.answer(silent)
    client = secretive(wire, transport)
    tasks = [asyncio.create_task(operation(client, tmp_path)) for operation in OPERATIONS]
    await wire.until_seen(len(tasks))
    await client.close()
    for error in [*await asyncio.gather(*tasks, return_exceptions=True), await fails(lambda: get(client, tmp_path))]:
        assert isinstance(error, AssistantsError)
        clean(shown(error))
        clean(reachable(error))


async def test_no_pool_or_connection_that_fails_shows_the_key(
    wire: Wire, transport: TransportName, tmp_path: Path
) -> None:
    """A wait for the pool, a refused port, a name that does not resolve, and TLS where there is none."""
    wire.answer(silent)
    async with secretive(wire, transport).with_options(timeout=Timeout(pool=20 * MS)) as view:
        held_up = asyncio.create_task(get(view, tmp_path))
        error = await fails(lambda: get(view.with_options(timeout=Timeout(total=20 * MS)), tmp_path))
        held_up.cancel()
        await asyncio.wait([held_up])
        assert error is not None
        clean(shown(error))
        await view._context.session.close()
    for base_url in ("http://127.0.0.1:1/v1", "https://nowhere.invalid/v1", wire.base_url.replace("http:", "https:")):
        async with AssistantsClient(
            base_url=base_url, api_key=KEY, retry=None, timeout=LIMITS, transport=transport
        ) as client:
            error = await fails(lambda client=client: get(client, tmp_path))  # type: ignore[misc]  # mypy cannot read a lambda's default
            assert isinstance(error, AssistantsError)
            clean(shown(error))
            clean(reachable(error))


# Keys from functions


def bad_keys() -> dict[str, Callable[[], Any]]:
    """Functions that give a bad key, or fail with the key in a local."""

    def raises() -> str:
        raise LookupError("no key today")

    async def raises_later() -> str:
        await asyncio.sleep(0)
        raise LookupError("no key today")

    async def two_lines() -> str:
        return f"{KEY}\r\nx-admin: 1"

    return {
        "two words": lambda: f"{KEY} {KEY}",
        "two lines": lambda: f"{KEY}\nx",
        "two lines later": two_lines,
        "not latin-1": lambda: f"{KEY}\N{SNOWMAN}",
        "bytes": KEY.encode,
        "a list": lambda: [KEY],
        "raises": raises,
        "raises later": raises_later,
    }


@pytest.mark.parametrize("name", bad_keys())
@operations
async def test_no_key_that_is_refused_is_shown(wire: Wire, operation: Operation, name: str, tmp_path: Path) -> None:
    """A function that gives a bad key: the error names the fault of it, and nothing is sent."""
    async with AssistantsClient(base_url=wire.base_url, api_key=bad_keys()[name]) as client:
        error = await fails(lambda: operation(client, tmp_path))
    assert isinstance(error, (TypeError, ValueError, LookupError))
    clean(shown(error))
    clean(reachable(error))
    assert wire.seen == []


async def test_no_warning_shows_the_key(wire: Wire) -> None:
    """A call that was never awaited, a stream never entered, a client never closed."""
    with pytest.warns((RuntimeWarning, ResourceWarning)) as warned:
        client = secretive(wire, None)
        wire.answer(BODY)
        await client.assistants.retrieve("asst_1")
        client.threads.create()  # type: ignore[unused-awaitable]  # what the test is about
        client.assistants.list().stream()
        transport: Any = client._context.session._transport
        del client
        gc.collect()
        await transport.close()
    assert len(warned) == 3
    clean(f"{each.message} {each.source!r}" for each in warned)


async def test_hooks_and_traces_show_no_key(wire: Wire) -> None:
    """The printed arguments of hooks, and the lines of a trace, over a retry."""
    reports: list[str] = []

    def hook(value: object) -> None:
        reports.append(repr(value))

    wire.answer(failure(500), page("a"))
    async with secretive(wire, None) as client:
        view = client.with_options(
            on_request=hook,
            on_send=hook,
            on_response=hook,
            on_retry=hook,
            on_error=hook,
            trace=lambda kind, text: reports.append(f"{kind} {text}"),
        )
        await view.assistants.list().with_options(headers={"authorization": f"Bearer {KEY}"})
        reports += [repr(view), repr(client.assistants.list), repr(vars(client))]
    clean(iter(reports))
    assert any("[masked]" in each for each in reports)
    assert any("Retry(" in each for each in reports)
