"""The rules of every response stream: head first, promptness, order, ends of all kinds, and nothing left behind."""

from __future__ import annotations

import asyncio
import gc
import operator
import warnings
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from assistants_async import (
    AssistantsClient,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConnectionLostError,
    Page,
    RateLimitedError,
    Run,
    ServerError,
    StatusError,
    TimedOutError,
    Timeout,
)
from assistants_async.calls.channel import Channel
from assistants_async.errors import (
    DecodeError,
    ItemDecodeError,
    ItemTooLargeError,
    StreamError,
    StreamEventError,
    StreamInterruptedError,
    StreamTruncatedError,
)
from tests.conftest import MS
from tests.support.byte_server import CLOSE, RESET, STALL, Body, Hold, cuts, dumps, named, whole
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure, raw
from tests.support.run_events import DONE, page, run, told

LINES = "application/x-ndjson"
SEQ = "application/json-seq"
JSON = "application/json"


async def read(channel: Channel[Any], count: int) -> list[Any]:
    """The next items, so many of them."""
    return [await anext(channel) for _ in range(count)]


async def ids(channel: Channel[Any]) -> list[str]:
    """The ids of all items to come."""
    return [item.id async for item in channel]


async def ending(channel: Channel[Any]) -> tuple[list[str], Exception]:
    """The ids before the error that a stream ends with; after it nothing follows."""
    got: list[str] = []
    with pytest.raises(Exception) as caught:  # noqa: PT011  # which one is the caller's to say
        async for item in channel:
            got.append(getattr(item, "id", ""))  # noqa: PERF401  # what came before the error is the point
    with pytest.raises(StopAsyncIteration):
        await anext(channel)
    return got, caught.value


# What is known at the head


async def test_r01_the_head_does_not_change_while_the_body_is_read(wire: Wire, client: AssistantsClient) -> None:
    """Its time is that of the head, whenever it is asked for."""
    wire.answer(Body(b'{"id":"a"}\n', kind=LINES))
    async with client.threads.list().stream() as channel:
        first = channel.http
        assert await ids(channel) == ["a"]
        assert channel.http == first


@pytest.mark.parametrize("kind", [JSON, LINES, SEQ, "text/event-stream"])
async def test_r01_the_head_is_there_before_any_item(wire: Wire, client: AssistantsClient, kind: str) -> None:
    """Entering returns at the head, with status, headers and request id, while the body has not begun."""
    wire.answer(Body(STALL, kind=kind, status=201, x_request_id="req_7", x_a="1"))
    async with client.threads.list().stream() as channel:
        assert (channel.http.status, channel.http.request_id, channel.http.headers["X-A"]) == (201, "req_7", "1")
        assert channel.http.content == b""
        assert (channel.outcome, channel.items_delivered, channel.bytes_received) == ("open", 0, 0)


async def test_r01_the_answer_is_told_by_the_head_of_a_run_too(wire: Wire, client: AssistantsClient) -> None:
    """A run's channel shows its head before the first event, and its request asked for a stream."""
    wire.answer(Body(STALL, x_request_id="req_8"))
    async with client.runs.create("thread_1", assistant_id="asst_1").stream() as channel:
        assert channel.http.request_id == "req_8"
        assert channel.run is None
    assert wire.last.json == {"assistant_id": "asst_1", "stream": True}


@pytest.mark.parametrize("status", [400, 401, 429, 500])
@pytest.mark.parametrize("run_call", [False, True])
async def test_r02_an_error_status_raises_from_entering(
    wire: Wire, client: AssistantsClient, status: int, run_call: bool
) -> None:
    """The body is read as an error, in JSON or in HTML, and no item is given."""
    kinds = {400: BadRequestError, 401: AuthenticationError, 429: RateLimitedError, 500: ServerError}
    html = raw(b"<h1>no</h1>", status, content_type="text/html")
    for reply, message in ((failure(status, "not so"), "not so"), (html, "")):
        wire.answer(reply)
        call: Any = client.runs.create("thread_1", assistant_id="a") if run_call else client.threads.retrieve("t")
        channel = call.stream()
        with pytest.raises(kinds[status]) as caught:
            await channel.__aenter__()
        assert caught.value.message == message
        assert caught.value.http.content
        assert channel.items_delivered == 0
        assert len(wire.seen) == 1


async def test_r02_an_error_status_raises_whatever_the_options_say(wire: Wire, client: AssistantsClient) -> None:
    """A stream has no place for an error status, so `raise_for_status=False` changes nothing."""
    wire.answer(failure(404))
    with pytest.raises(StatusError):
        await client.threads.retrieve("t").with_options(raise_for_status=False).stream().__aenter__()


async def test_r02_an_endless_error_body_is_cut(wire: Wire, client: AssistantsClient) -> None:
    """A mebibyte of it is read, and the connection is let go."""
    body = Body(*[b"x" * 65536] * 40, STALL, kind="text/plain", status=500)
    wire.answer(body)
    with pytest.raises(ServerError) as caught:
        await client.threads.list().stream().__aenter__()
    assert 2**20 <= len(caught.value.http.content) <= 2**20 + 2**19
    await asyncio.wait_for(body.left.wait(), 30)


# How the bytes are framed


FRAMED = [
    (JSON, "auto", b'{"id":"a"}{"id":"b"}'),
    (None, "auto", b'{"id":"a"}\n{"id":"b"}'),
    ("application/json; charset=utf-8", "auto", b'{"id":\n"a"} {"id":"b"}'),
    ("APPLICATION/JSON", "auto", b'{"id":"a"}{"id":"b"}'),
    ("application/hal+json", "auto", b'{"id":"a"}{"id":"b"}'),
    ("text/plain", "auto", b'{"id":"a"}{"id":"b"}'),
    ("application/x-ndjson", "auto", b'{"id":"a"}\r\n\n{"id":"b"}'),
    ("application/jsonl; x=1", "auto", b'{"id":"a"}\n{"id":"b"}\n'),
    ("application/json-seq", "auto", b'\x1e{"id":"a"}\n\x1e{"id":"b"}\n'),
    ("text/event-stream", "auto", b'data: {"id":"a"}\n\ndata: {"id":"b"}\n\n'),
    (JSON, "lines", b'{"id":"a"}\n{"id":"b"}\n'),
    (LINES, "json", b'{"id":\n"a"}{"id":"b"}'),
    ("text/event-stream", "json-seq", b'\x1e{"id":"a"}\n\x1e{"id":"b"}\n'),
    (JSON, "sse", b'data: {"id":"a"}\n\ndata: {"id":"b"}\n\ndata: [DONE]\n\n'),
]


@pytest.mark.parametrize(("kind", "framing", "body"), FRAMED)
async def test_r03_framing_is_the_callers_then_the_content_types(
    wire: Wire, client: AssistantsClient, kind: str | None, framing: Any, body: bytes
) -> None:
    """A framing of the call's own goes before the content type's essence, and that before JSON."""
    wire.answer(Body(body, kind=kind))
    async with client.threads.retrieve("t").with_options(framing=framing).stream() as channel:
        assert await ids(channel) == ["a", "b"]
        assert channel.outcome == "completed"


async def test_r03_a_call_overrides_its_client(wire: Wire) -> None:
    """The client's framing holds where the call has none of its own."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, framing="lines") as client:
        wire.answer(Body(b'{"id":"a"}\n{"id":\n"b"}', kind=JSON))
        async with client.threads.retrieve("t").stream() as channel:
            got, error = await ending(channel)
        assert (got, type(error)) == (["a"], ItemDecodeError)
        async with client.threads.retrieve("t").with_options(framing="json").stream() as channel:
            assert await ids(channel) == ["a", "b"]


async def test_r03_bytes_are_a_framing_too(wire: Wire, client: AssistantsClient) -> None:
    """The pieces come as they are."""
    wire.answer(Body(b"ab", b"cd", kind=JSON))
    async with client.threads.retrieve("t").with_options(framing="bytes").stream() as channel:
        pieces: list[Any] = [piece async for piece in channel]
    assert b"".join(pieces) == b"abcd"


# Promptness, rule 4


ENDS = [
    (JSON, b'{"id":"a"}'),
    (JSON, b'{"id":"a","metadata":{"x":["}"]}}'),
    (LINES, b'{"id":"a"}\n'),
    (SEQ, b'\x1e{"id":"a"}'),
    ("text/event-stream", b'data: {"id":"a"}\n\n'),
]


@pytest.mark.parametrize(("kind", "item"), ENDS)
async def test_r04_an_item_is_there_with_its_last_byte(
    wire: Wire, client: AssistantsClient, kind: str, item: bytes
) -> None:
    """The server holds back everything after the last byte, and the item is delivered all the same."""
    almost = Hold()
    wire.answer(Body(item[:-1], almost, item[-1:], STALL, kind=kind))
    async with client.threads.retrieve("t").stream() as channel:
        waiting = asyncio.ensure_future(anext(channel))
        await almost.reached.wait()
        while channel.bytes_received < len(item) - 1:
            await asyncio.sleep(0)
        assert not waiting.done()
        almost.set()
        assert (await asyncio.wait_for(waiting, 30)).id == "a"


async def test_r04_an_element_does_not_wait_for_its_page(wire: Wire, client: AssistantsClient) -> None:
    """Each element of a list comes with its closing brace, the page unfinished."""
    second = Hold()
    wire.answer(Body(b'{"data":[{"id":"a"}', second, b',{"id":"b"}', STALL, kind=JSON))
    async with client.threads.list().stream() as channel:
        assert (await anext(channel)).id == "a"
        second.set()
        assert (await anext(channel)).id == "b"
        assert not channel.terminal_marker_seen


async def test_r04_numbers_wait_for_what_follows_them(wire: Wire, client: AssistantsClient) -> None:
    """A bare number is whole with a delimiter or with the end."""
    more = Hold()
    wire.answer(Body(b"1", more, b"2 3", kind=JSON))
    async with client.threads.retrieve("t").as_type(int).stream() as channel:
        waiting = asyncio.ensure_future(anext(channel))
        await more.reached.wait()
        while not channel.bytes_received:
            await asyncio.sleep(0)
        assert not waiting.done()
        more.set()
        assert [await waiting, *[item async for item in channel]] == [12, 3]


# Any cut gives the same, rule 5


SPLIT = [
    (JSON, '{"id":"é😀"} {"id":"b\\"}\\\\"}\r\n{"id":"\\u00e9"}'.encode()),
    (LINES, '\ufeff{"id":"é"}\r\n\n{"id":"b"}'.encode()),
    (SEQ, b'\x1e{"id":"a"}\n\x1e\x1e{"id":"b\\n"}\n'),
    ("text/event-stream", 'data: {"id":"é"}\r\n\r\n: x\r\rdata:{"id":\ndata: "b"}\n\n'.encode()),
    ("list", '{"has_more":false,"data":[{"id":"é"},{"id":"b","data":[1]}],"last_id":"b"}'.encode()),
]


@pytest.mark.parametrize(("kind", "body"), SPLIT)
async def test_r05_every_cut_gives_the_same_items(wire: Wire, client: AssistantsClient, kind: str, body: bytes) -> None:
    """Whole, in two pieces cut at every place, and byte by byte: the same items and the same end."""
    expected: list[str] = []
    bodies = [(body,), *cuts(body), tuple(body[place : place + 1] for place in range(len(body)))]
    wire.answer(*(Body(*pieces, kind=JSON if kind == "list" else kind) for pieces in bodies))
    for _ in bodies:
        call: Any = client.threads.list() if kind == "list" else client.threads.retrieve("t")
        async with call.stream() as channel:
            got = await ids(channel)
        expected = expected or got
        assert got == expected
    assert len(expected) >= 2


async def test_r05_every_cut_gives_the_same_error(wire: Wire, client: AssistantsClient) -> None:
    """A bad second item is the same error however the bytes are cut."""
    body = b'{"id":"a"}{"id":7}{"id":"c"}'
    wire.answer(*(Body(*pieces, kind=JSON) for pieces in cuts(body)))
    for _ in cuts(body):
        async with client.threads.retrieve("t").stream() as channel:
            got, error = await ending(channel)
        assert isinstance(error, ItemDecodeError)
        assert (got, error.index, error.items, error.raw, error.path) == (["a"], 1, 1, b'{"id":7}', "$.id")


# Order, memory, backpressure (R6 to R8)


@pytest.mark.parametrize("kind", [JSON, LINES])
async def test_r06_items_come_in_order_and_once(wire: Wire, client: AssistantsClient, kind: str) -> None:
    """Thousands of items in pieces of odd lengths keep their order."""
    body = b"".join(b'{"id":"%d"}\n' % number for number in range(5000))
    wire.answer(Body(*(body[place : place + 997] for place in range(0, len(body), 997)), kind=kind))
    async with client.threads.retrieve("t").stream() as channel:
        assert await ids(channel) == [str(number) for number in range(5000)]
        assert (channel.items_delivered, channel.bytes_received) == (5000, len(body))


@pytest.mark.parametrize("kind", [JSON, LINES, SEQ, "text/event-stream", "list"])
async def test_r07_an_item_past_the_limit_ends_the_stream(wire: Wire, client: AssistantsClient, kind: str) -> None:
    """The items before it are delivered, then `ItemTooLargeError`, whether or not the item ever ends."""
    small, open_end = b'{"id":"a"}', b'{"id":"' + b"x" * 100
    starts = {SEQ: b"\x1e", "text/event-stream": b"data: ", "list": b'{"data":['}
    between = {LINES: b"\n", "text/event-stream": b"\n\ndata: ", SEQ: b"\n\x1e", "list": b","}
    body = starts.get(kind, b"") + small + between.get(kind, b"") + open_end
    wire.answer(Body(body, STALL, kind=JSON if kind == "list" else kind))
    call: Any = client.threads.list() if kind == "list" else client.threads.retrieve("t")
    async with call.with_options(max_item_bytes=64).stream() as channel:
        got, error = await ending(channel)
        assert (got, type(error), channel.outcome) == (["a"], ItemTooLargeError, "failed")
        assert isinstance(error, ItemTooLargeError)
        assert error.limit == 64


async def test_r07_many_items_hold_no_more_than_one_read(wire: Wire, client: AssistantsClient) -> None:
    """Over a long stream with a slow reader, what the channel holds stays that of one read."""
    item = b'{"id":"%d"}\n' % (10**20)
    wire.answer(Body(*[item * 1000] * 100, kind=LINES))
    held = 0
    async with client.threads.retrieve("t").stream() as channel:
        async for _ in channel:
            if channel.items_delivered % 100 == 0:
                held = max(held, operator.length_hint(channel._frames))
                await asyncio.sleep(0)
    assert channel.items_delivered == 100_000
    assert held < 20_000


async def test_r08_an_idle_reader_stops_the_server(wire: Wire, client: AssistantsClient) -> None:
    """The server's writes come to a halt when the sockets' buffers are full, and go on when the reader does."""
    sent = 0
    piece = b'{"id":"%s"}\n' % (b"x" * 65000)

    async def flood(seen: Seen, peer: Peer) -> None:
        nonlocal sent
        for _ in range(400):
            await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))
            sent += 1

    wire.answer(Body(flood, kind=LINES))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(100 * MS)
        assert sent < 400
        assert len(await ids(channel)) == 399
    assert sent == 400


# Leaving (R9 to R11)


async def test_r09_closing_ends_a_read_that_waits(wire: Wire, client: AssistantsClient) -> None:
    """Closed from another task, the read ends as if nothing followed, and the server sees it."""
    body = Body(b'{"id":"a"}', STALL, kind=JSON)
    wire.answer(body)
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        waiting = asyncio.ensure_future(ids(channel))
        await asyncio.sleep(5 * MS)
        await channel.aclose()
        assert await asyncio.wait_for(waiting, 30) == []
        await asyncio.wait_for(body.left.wait(), 30)
        await channel.aclose()
        assert channel.outcome == "closed"
        with pytest.raises(StopAsyncIteration):
            await anext(channel)


async def test_r09_closing_needs_no_polling(wire: Wire, client: AssistantsClient) -> None:
    """While a read waits nothing runs: the loop makes no step of its own until the stream is closed."""
    wire.answer(Body(b'{"id":"a"}', STALL, kind=JSON))
    loop = asyncio.get_running_loop()
    async with client.threads.retrieve("t").with_options(timeout=Timeout(idle=None)).stream() as channel:
        await anext(channel)
        waiting = asyncio.ensure_future(ids(channel))
        await asyncio.sleep(20 * MS)
        steps = 0
        original = loop._run_once  # type: ignore[attr-defined]  # counts the turns of the loop itself

        def counted() -> None:
            nonlocal steps
            steps += 1
            original()

        loop._run_once = counted  # type: ignore[attr-defined]
        try:
            await asyncio.sleep(50 * MS)
        finally:
            del loop._run_once  # type: ignore[attr-defined]
        assert steps < 10
        await channel.aclose()
        assert await waiting == []


async def test_r09_items_that_were_not_taken_are_dropped(wire: Wire, client: AssistantsClient) -> None:
    """Closing throws away what had been read ahead."""
    wire.answer(Body(b'{"id":"a"}{"id":"b"}{"id":"c"}', kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
        await channel.aclose()
        assert await ids(channel) == []
        assert (channel.outcome, channel.items_delivered) == ("closed", 1)


async def test_r09_closing_before_entering_sends_nothing(wire: Wire, client: AssistantsClient) -> None:
    """A stream that was closed first cannot be entered, and does not warn."""
    channel = client.threads.retrieve("t").stream()
    await channel.aclose()
    with pytest.raises(RuntimeError, match="only once"):
        await channel.__aenter__()
    assert wire.connections == 0


@pytest.mark.parametrize("way", ["break", "raise", "return", "cancel"])
async def test_r10_leaving_the_block_closes(wire: Wire, client: AssistantsClient, way: str) -> None:
    """However the block is left, the server sees the connection close while the test still runs."""
    body = Body(b'{"id":"a"}{"id":"b"}', STALL, kind=JSON)
    wire.answer(body)

    async def leave() -> str:
        async with client.threads.retrieve("t").stream() as channel:
            async for item in channel:
                if way == "break":
                    break
                if way == "raise":
                    raise KeyError("mine")
                if way == "return":
                    return item.id
                await asyncio.Event().wait()
        return "left"

    task = asyncio.ensure_future(leave())
    if way == "cancel":
        while not (wire.seen and wire.open):
            await asyncio.sleep(MS)
        await asyncio.sleep(5 * MS)
        task.cancel()
    result = (await asyncio.gather(task, return_exceptions=True))[0]
    await asyncio.wait_for(body.left.wait(), 30)
    expected = {"break": "left", "return": "a"}
    assert result == expected[way] if way in expected else isinstance(result, (KeyError, asyncio.CancelledError))


def test_r10_a_channel_is_a_class() -> None:
    """A generator that is broken off does not run its cleanup; a channel has none to run."""
    assert not hasattr(Channel, "asend")
    assert not hasattr(Channel, "athrow")


async def test_r11_a_cancelled_read_loses_nothing(wire: Wire, client: AssistantsClient) -> None:
    """Time-outs around single reads, many of them, leave every byte where it was."""
    go = [Hold() for _ in range(6)]
    body = b'{"id":"abc"}{"id":"def"}'
    pieces: list[Any] = []
    for place, hold in enumerate(go):
        pieces += [hold, body[place * 4 : place * 4 + 4]]
    wire.answer(Body(*pieces, kind=JSON))
    got: list[str] = []
    cancelled = 0
    async with client.threads.retrieve("t").stream() as channel:
        for hold in go:
            await hold.reached.wait()
            for _ in range(3):
                try:
                    async with asyncio.timeout(2 * MS):
                        got.append((await anext(channel)).id)
                except TimeoutError:
                    cancelled += 1
            hold.set()
        got += await ids(channel)
    assert (got, cancelled) == (["abc", "def"], 17)


@pytest.mark.parametrize("scope", [asyncio.timeout, anyio.fail_after])
async def test_r11_a_time_out_around_the_block_is_its_own(
    wire: Wire, client: AssistantsClient, scope: Callable[[float], Any]
) -> None:
    """The scope's own error comes out, the task is not left cancelled, and the connection is cut."""
    body = Body(b'{"id":"a"}', STALL, kind=JSON)
    wire.answer(body)
    task = asyncio.current_task()
    assert task is not None
    got: list[str] = []
    with pytest.raises(TimeoutError) as caught:
        await in_scope(scope(50 * MS), client.threads.retrieve("t").stream(), got)
    assert not isinstance(caught.value, TimedOutError)
    assert (got, task.cancelling()) == (["a"], 0)
    await asyncio.wait_for(body.left.wait(), 30)


async def in_scope(scope: Any, channel: Channel[Any], got: list[str]) -> None:
    """Read a stream to its end inside a scope that is sync or async."""

    async def inside() -> None:
        async with channel:
            async for item in channel:
                got.append(getattr(item, "id", ""))  # noqa: PERF401  # what came before the error is the point

    if hasattr(scope, "__aenter__"):
        async with scope:
            await inside()
    else:
        with scope:
            await inside()


async def test_r11_cancellation_passes_through_untouched(wire: Wire, client: AssistantsClient) -> None:
    """The task ends cancelled with the message it was cancelled with."""
    wire.answer(Body(b'{"id":"a"}', STALL, kind=JSON))

    async def reading() -> None:
        async with client.threads.retrieve("t").stream() as channel:
            await read(channel, 2)

    task = asyncio.create_task(reading())
    while not wire.seen:
        await asyncio.sleep(MS)
    await asyncio.sleep(5 * MS)
    task.cancel("enough")
    with pytest.raises(asyncio.CancelledError, match="enough"):
        await task
    assert task.cancelled()


# Bodies that end too early (R12, R13)


@pytest.mark.parametrize("end", ["cut", "fin", "short", "closed"])
@pytest.mark.parametrize("kind", [JSON, SEQ, "list", "text/event-stream"])
async def test_r12_a_body_that_ends_inside_an_item(wire: Wire, client: AssistantsClient, kind: str, end: str) -> None:
    """All whole items first, then `StreamTruncatedError` with the unfinished bytes and what cut them."""
    starts = {SEQ: b"\x1e", "list": b'{"data":[', "text/event-stream": b"data: "}
    between = {SEQ: b"\n\x1e", "list": b",", "text/event-stream": b"\n\ndata: "}
    body = starts.get(kind, b"") + b'{"id":"a"}' + between.get(kind, b" ") + b'{"id":"bc'
    content_type = JSON if kind == "list" else kind
    wire.answer(
        {
            "cut": Body(body, RESET, kind=content_type),
            "fin": Body(body, CLOSE, kind=content_type),
            "short": Body(body, CLOSE, kind=content_type, framed="length", length=len(body) + 9),
            "closed": Body(body, kind=content_type, framed="close"),
        }[end]
    )
    call: Any = client.threads.list() if kind == "list" else client.threads.retrieve("t")
    async with call.stream() as channel:
        got, error = await ending(channel)
        assert channel.outcome == "failed"
    assert isinstance(error, StreamTruncatedError)
    assert (got, error.items, channel.items_delivered) == (["a"], 1, 1)
    assert error.partial.endswith(b'{"id":"bc') or error.partial == b'data: {"id":"bc\n' or kind == "text/event-stream"
    assert error.partial
    assert isinstance(error.__cause__, ConnectionLostError) == (end != "closed")
    (note,) = error.__notes__
    assert note == f"while streaming {'threads.list' if kind == 'list' else 'threads.retrieve'}"


async def test_r12_truncation_is_never_silent_in_lines(wire: Wire, client: AssistantsClient) -> None:
    """A last line that is cut is a truncation; one that is whole without its line end is an item."""
    wire.answer(Body(b'{"id":"a"}\n{"id":"b', kind=LINES, framed="close"))
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error)) == (["a"], StreamTruncatedError)
    wire.answer(Body(b'{"id":"a"}\n{"id":"b"}', kind=LINES, framed="close"))
    async with client.threads.retrieve("t").stream() as channel:
        assert await ids(channel) == ["a", "b"]


async def test_r13_between_items_the_transport_decides(wire: Wire, client: AssistantsClient) -> None:
    """A cut chunked or counted body is an error after the items; one that ends by closing has ended well."""
    body = b'{"id":"a"}\n'
    for broken in (
        Body(body, RESET, kind=LINES),
        Body(body, CLOSE, kind=LINES),
        Body(body, CLOSE, kind=LINES, framed="length", length=99),
    ):
        wire.answer(broken)
        async with client.threads.retrieve("t").stream() as channel:
            got, error = await ending(channel)
            assert (got, type(error), channel.outcome) == (["a"], ConnectionLostError, "failed")
    for well in (Body(body, kind=LINES), Body(body, kind=LINES, framed="close")):
        wire.answer(well)
        async with client.threads.retrieve("t").stream() as channel:
            assert await ids(channel) == ["a"]
            assert (channel.outcome, channel.terminal_marker_seen) == ("completed", False)


async def test_r13_an_end_mark_is_missed_where_there_is_one(wire: Wire, client: AssistantsClient) -> None:
    """A list without its closing brace and a run without its end are interruptions, however well the body ends."""
    wire.answer(Body(b'{"data":[{"id":"a"}', kind=JSON))
    async with client.threads.list().stream() as channel:
        got, error = await ending(channel)
        assert (got, type(error), channel.terminal_marker_seen) == (["a"], StreamTruncatedError, False)
    wire.answer(Body(b"".join(told("x")[:5])))
    async with client.runs.create("thread_1", assistant_id="a").stream() as events:
        with pytest.raises(StreamInterruptedError):
            await events.until_done()
        assert (events.outcome, events.terminal_marker_seen) == ("failed", False)


async def test_r13_the_outcome_says_how_it_ended(wire: Wire, client: AssistantsClient) -> None:
    """Completed with the mark seen, where the framing has one."""
    wire.answer(Body(page(*named("a")), kind=JSON))
    async with client.threads.list().stream() as channel:
        assert await ids(channel) == ["a"]
        assert (channel.outcome, channel.terminal_marker_seen) == ("completed", True)
    wire.answer(Body(b"".join(told("x")), DONE))
    async with client.runs.create("thread_1", assistant_id="a").stream() as events:
        await events.until_done()
        assert (events.outcome, events.terminal_marker_seen) == ("completed", True)


# Errors in the middle (R14, R15)


async def test_r14_a_bad_item_ends_the_stream(wire: Wire, client: AssistantsClient) -> None:
    """`ItemDecodeError` with place, bytes, path and cause, and the server sees the stream close."""
    body = Body(b'{"id":"a"}\n{"id":[]}\n{"id":"c"}\n', STALL, kind=LINES)
    wire.answer(body)
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
        await asyncio.wait_for(body.left.wait(), 30)
    assert isinstance(error, ItemDecodeError)
    assert (got, error.index, error.raw, error.path) == (["a"], 1, b'{"id":[]}', "$.id")
    assert error.__cause__ is not None


SKIPPING = [
    (LINES, b'{"id":"a"}\n{oops\n{"id":7}\n{"id":"c"}\n'),
    (SEQ, b'\x1e{"id":"a"}\n\x1eoops\n\x1e{"id":7}\n\x1e{"id":"c"}\n'),
    ("text/event-stream", b'data: {"id":"a"}\n\ndata: oops\n\ndata: {"id":7}\n\ndata: {"id":"c"}\n\n'),
]


@pytest.mark.parametrize(("kind", "body"), SKIPPING)
async def test_r14_bad_items_can_be_left_out(wire: Wire, client: AssistantsClient, kind: str, body: bytes) -> None:
    """`on_bad_item` is told of each, and the stream goes on where the framing finds its place again."""
    bad: list[ItemDecodeError] = []
    wire.answer(Body(body, kind=kind))
    async with client.threads.retrieve("t").with_options(on_bad_item=bad.append).stream() as channel:
        assert await ids(channel) == ["a", "c"]
        assert channel.outcome == "completed"
    assert [error.raw.strip() for error in bad][1] == b'{"id":7}'
    assert len(bad) == 2


async def test_r14_documents_that_lost_their_place_cannot_go_on(wire: Wire, client: AssistantsClient) -> None:
    """Concatenated JSON has nothing to find the next item by, so garbage ends it whatever the options say."""
    wire.answer(Body(b'{"id":"a"}}{"id":"c"}', kind=JSON))
    skipped: list[ItemDecodeError] = []
    async with client.threads.retrieve("t").with_options(on_bad_item=skipped.append).stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error), skipped) == (["a"], ItemDecodeError, [])


async def test_r14_what_the_callback_raises_comes_out(wire: Wire, client: AssistantsClient) -> None:
    """The caller's own exception is not wrapped, and leaving the block closes the stream."""
    body = Body(b'{"id":7}\n', STALL, kind=LINES)
    wire.answer(body)

    def refuse(error: ItemDecodeError) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        async with client.threads.retrieve("t").with_options(on_bad_item=refuse).stream() as channel:
            await anext(channel)
    await asyncio.wait_for(body.left.wait(), 30)


async def test_r15_an_error_is_raised_once(wire: Wire, client: AssistantsClient) -> None:
    """After it the stream is at its end, and closing it changes nothing."""
    wire.answer(Body(b'{"id":"a"}', RESET, kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
        assert (got, type(error)) == (["a"], ConnectionLostError)
        await channel.aclose()
        assert channel.outcome == "failed"
        assert await ids(channel) == []


# Connections (R17, R18); time limits (R16) have their own module


@pytest.mark.parametrize("framed", ["chunked", "length"])
async def test_r17_a_stream_read_to_its_end_frees_its_connection(
    wire: Wire, client: AssistantsClient, framed: Any
) -> None:
    """Streams of every kind, one after another, share one connection."""
    run_body = Body(b"".join(told("x")), DONE, framed=framed)
    wire.answer(run_body, Body(page(*named("a")), kind=JSON, framed=framed), run_body, answer({"id": "t"}))
    async with client.runs.create("thread_1", assistant_id="a").stream() as events:
        await events.until_done()
    async with client.threads.list().stream() as channel:
        assert await ids(channel) == ["a"]
    async with client.threads.create_and_run(assistant_id="a").stream() as events:
        async for _ in events:
            pass
    assert (await client.threads.retrieve("t")).id == "t"
    assert wire.connections == 1


async def test_r17_a_stream_left_early_does_not_free_its_connection(wire: Wire, client: AssistantsClient) -> None:
    """What is left of the body can never be taken for the next answer."""
    wire.answer(Body(b'{"id":"a"}{"id":"b"}', STALL, kind=JSON), answer({"id": "fresh"}))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
    assert (await client.threads.retrieve("t")).id == "fresh"
    assert wire.connections == 2


@pytest.mark.parametrize("way", ["end", "close", "error", "cancel", "break"])
async def test_r18_nothing_is_left_behind(wire: Wire, way: str) -> None:
    """No task, socket, pool slot or warning stays after any ending; one slot serves for all of them."""
    tail: dict[str, Any] = {"end": (), "close": (STALL,), "error": (RESET,), "cancel": (STALL,), "break": (STALL,)}
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=1, timeout=Timeout(pool=20))
    before = asyncio.all_tasks()
    async with client:
        for _ in range(3):
            wire.answer(Body(b'{"id":"a"}', *tail[way], kind=JSON))
            await leaving(client, way)
        wire.answer(answer({"id": "t"}))
        assert (await client.threads.retrieve("t")).id == "t"
        clock = client._context.session._clock
        assert clock is not None
        assert not clock.watches
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
    await wire.until_open(0)
    assert {task for task in asyncio.all_tasks() - before if "Wire" not in repr(task)} == set()


async def leaving(client: AssistantsClient, way: str) -> None:
    """Read one item, and end the stream in some way."""
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        if way == "close":
            await channel.aclose()
        elif way == "error":
            with pytest.raises(ConnectionLostError):
                await anext(channel)
        elif way == "cancel":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(2 * MS):
                    await anext(channel)
        elif way == "end":
            assert await ids(channel) == []


async def test_r18_a_stream_that_was_never_entered_warns_by_name(client: AssistantsClient, wire: Wire) -> None:
    """Nothing is sent, and the warning says which call it was."""
    with pytest.warns(RuntimeWarning, match=r"threads\.list\(\)\.stream\(\) was never entered"):
        client.threads.list().stream()
        gc.collect()
    assert wire.connections == 0


# Nothing is sent twice


async def test_r19_nothing_is_sent_again_after_an_item(wire: Wire, client: AssistantsClient) -> None:
    """A stream that breaks after its first item is one request, a GET or a create."""
    for call in (client.threads.list(), client.runs.create("thread_1", assistant_id="a")):
        wire.answer(Body(b"".join(told("x")[:1]), RESET))
        with pytest.raises((StreamError, ConnectionLostError)):
            async with call.stream() as channel:
                async for _ in channel:
                    pass
        assert len(wire.seen) == 1


# Isolation, rule 20


async def test_r20_a_stalled_reader_delays_nobody(wire: Wire, client: AssistantsClient) -> None:
    """While one stream is full and unread, others and plain calls go on."""
    piece = b'{"id":"%s"}' % (b"x" * 65000)
    flood = Body(*[piece] * 200, kind=JSON)
    small = Body(b'{"id":"a"}{"id":"b"}', kind=JSON)
    wire.answer(flood)
    async with client.threads.retrieve("t").stream() as stalled:
        await anext(stalled)
        wire.answer(*[small] * 20, answer({"id": "t"}))
        for _ in range(20):
            async with client.threads.retrieve("t").stream() as channel:
                assert await ids(channel) == ["a", "b"]
        assert (await client.threads.retrieve("t")).id == "t"
        assert not flood.finished
        await stalled.aclose()


async def test_r20_many_streams_at_once(wire: Wire, client: AssistantsClient) -> None:
    """Fifty streams on one client each get their own items, slow ones beside quick ones."""

    async def numbered(seen: Seen, peer: Peer) -> None:
        name = seen.path.rpartition("/")[2]
        body = b"".join(b'{"id":"%s-%d"}\n' % (name.encode(), number) for number in range(40))
        await Body(*(body[place : place + 50] for place in range(0, len(body), 50)), kind=LINES)(seen, peer)

    async def consume(name: str) -> list[str]:
        got = []
        async with client.threads.retrieve(name).stream() as channel:
            async for item in channel:
                got.append(item.id)
                if name.endswith("7"):
                    await asyncio.sleep(0)
        return got

    wire.answer(numbered)
    results = await asyncio.gather(*(consume(f"t{number}") for number in range(50)))
    assert results == [[f"t{number}-{place}" for place in range(40)] for number in range(50)]


# One reader, one client (R21, R22)


async def test_r21_a_second_reader_is_refused(wire: Wire, client: AssistantsClient) -> None:
    """It is told at once, and the first one reads on."""
    go = Hold()
    wire.answer(Body(b'{"id":"a"}', go, b'{"id":"b"}', kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
        first = asyncio.ensure_future(ids(channel))
        await go.reached.wait()
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match=r"threads\.retrieve: another task is reading this stream"):
            await anext(channel)
        go.set()
        assert await first == ["b"]


async def test_r21_a_stream_must_be_entered(wire: Wire, client: AssistantsClient) -> None:
    """Iterated or asked for its head without `async with`, it says how; entered twice, too."""
    wire.answer(Body(b"{}", kind=JSON))
    channel = client.threads.retrieve("t").stream()
    with pytest.raises(RuntimeError, match="enter the stream first: async with"):
        await anext(channel)
    with pytest.raises(RuntimeError, match="enter the stream first"):
        _ = channel.http
    assert not channel.terminal_marker_seen
    async with channel:
        with pytest.raises(RuntimeError, match="entered only once"):
            await channel.__aenter__()


@pytest.mark.parametrize("where", ["between", "inside", "waiting", "run"])
async def test_r22_closing_the_client_ends_open_streams(wire: Wire, where: str) -> None:
    """Each ends with `ClientClosedError`, read at that time or not, in the middle of an item or not."""
    bodies = {
        "between": Body(b'{"id":"a"}', STALL, kind=JSON),
        "inside": Body(b'{"id":"a"}{"id":', STALL, kind=JSON),
        "waiting": Body(b'{"id":"a"}', STALL, kind=JSON),
        "run": Body(b"".join(told("x")[:3]), STALL),
    }
    wire.answer(bodies[where])
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    call: Any = client.runs.create("t", assistant_id="a") if where == "run" else client.threads.retrieve("t")
    async with call.stream() as channel:
        await anext(channel)
        reading = asyncio.ensure_future(ending(channel)) if where in ("waiting", "run") else None
        await asyncio.sleep(5 * MS)
        await client.close()
        _, error = await asyncio.wait_for(ending(channel) if reading is None else reading, 30)
        assert isinstance(error, ClientClosedError)
        assert channel.outcome == "failed"
    await asyncio.wait_for(bodies[where].left.wait(), 30)
    task = asyncio.current_task()
    assert task is not None
    await asyncio.sleep(0)
    assert task.cancelling() == 0


@pytest.mark.parametrize("framed", ["length", "close"])
async def test_r22_a_body_that_was_read_ahead_does_not_look_complete(wire: Wire, framed: Any) -> None:
    """Bytes and an end that wait in a buffer when the client closes leave the reader's task uncancelled."""
    body = b'{"id":"a"}' + b" " * 200_000
    wire.answer(Body(body, kind=JSON, framed=framed))
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        await asyncio.sleep(20 * MS)
        await client.close()
        _, error = await ending(channel)
        assert isinstance(error, ClientClosedError)
        await asyncio.sleep(0)  # a cancellation that was left over would come out here


# Case (a): one object


async def test_case_a_one_object_is_one_item(wire: Wire, client: AssistantsClient) -> None:
    """It comes with its closing brace though the connection stays open, and then a clean end."""
    end = Hold()
    wire.answer(Body(b'\xef\xbb\xbf \n{"id":"a"}', end, b" \r\n", kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        end.set()
        assert await ids(channel) == []
        assert (channel.outcome, channel.items_delivered) == ("completed", 1)


@pytest.mark.parametrize(("body", "status"), [(b"", 204), (b"", 200), (b" \n", 200)])
async def test_case_a_an_empty_body_is_no_document(
    wire: Wire, client: AssistantsClient, body: bytes, status: int
) -> None:
    """It is an error, as it is where the call is awaited; only a delete needs no more than its status."""
    wire.answer(raw(body, status, content_type=JSON) if status == 200 else b"HTTP/1.1 204 No Content\r\n\r\n")
    calls: list[Callable[[], Any]] = [lambda: client.threads.retrieve("t"), client.threads.list, client.threads.create]
    for call in calls:
        with pytest.raises(DecodeError, match="empty body"):
            await call()
        async with call().stream() as channel:
            with pytest.raises(StreamTruncatedError, match="the body is empty"):
                await ids(channel)
            assert (channel.outcome, channel.items_delivered) == ("failed", 0)
    assert await client.threads.delete("t") is None
    assert (await client.threads.delete("t").response()).http.status == status
    async with client.threads.delete("t").stream() as gone:
        assert await ids(gone) == []
        assert (gone.outcome, gone.items_delivered) == ("completed", 0)


@pytest.mark.parametrize("tail", [b"}", b",", b"]", b"x"])
async def test_case_a_garbage_behind_the_object_is_an_error(wire: Wire, client: AssistantsClient, tail: bytes) -> None:
    """The object is delivered first, then `ItemDecodeError`."""
    wire.answer(whole(b'{"id":"a"}' + tail))
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error)) == (["a"], ItemDecodeError)


REFUSED = {"message": "no more", "type": "x", "code": "c", "param": "p"}


@pytest.mark.parametrize("form", ["object", "list", "pages", "lines"])
async def test_case_a_an_error_object_under_200_is_raised(wire: Wire, client: AssistantsClient, form: str) -> None:
    """It never becomes an empty item, for an object, a list, a page or a line."""
    wire.answer(whole(dumps({"error": REFUSED}), LINES if form == "lines" else JSON))
    calls: dict[str, Callable[[], Channel[Any]]] = {
        "object": client.threads.retrieve("t").stream,
        "list": client.threads.list().stream,
        "pages": lambda: client.threads.list().stream(pages=True),
        "lines": client.threads.retrieve("t").stream,
    }
    made = {name: make() for name, make in calls.items()}
    for name, channel in made.items():
        if name != form:
            await channel.aclose()
    async with made[form] as channel:
        got, error = await ending(channel)
    assert isinstance(error, StreamEventError)
    assert (got, error.message, error.type, error.code, error.param) == ([], "no more", "x", "c", "p")


# Case (b): sequences


async def test_case_b_records_of_a_list_are_its_elements(wire: Wire, client: AssistantsClient) -> None:
    """A list that comes line by line gives elements, the same that the envelope would."""
    wire.answer(Body(b'{"id":"a"}\n{"id":"b"}', kind=LINES))
    async with client.threads.list().stream() as channel:
        assert await ids(channel) == ["a", "b"]


async def test_case_b_pretty_printed_documents(wire: Wire, client: AssistantsClient) -> None:
    """They are fine as JSON, and no lines."""
    body = b'{\n  "id": "a"\n}\n{\n  "id": "b"\n}\n'
    wire.answer(Body(body, kind=JSON), Body(body, kind=LINES))
    async with client.threads.retrieve("t").stream() as channel:
        assert await ids(channel) == ["a", "b"]
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error)) == ([], ItemDecodeError)


async def test_case_b_json_seq_by_its_rfc(wire: Wire, client: AssistantsClient) -> None:
    """A leading RS makes no item, records may hold line ends, a number without white space is cut."""
    wire.answer(Body(b'\x1e{"id":\n"a"}\n\x1e{"id":"b"}\n', kind=SEQ))
    async with client.threads.retrieve("t").stream() as channel:
        assert await ids(channel) == ["a", "b"]
    wire.answer(Body(b"\x1e1\n\x1e12", kind=SEQ))
    async with client.threads.retrieve("t").as_type(int).stream() as numbers:
        assert await anext(numbers) == 1
        with pytest.raises(StreamTruncatedError):
            await anext(numbers)


async def test_case_b_an_error_record_is_raised(wire: Wire, client: AssistantsClient) -> None:
    """In the middle of records it comes after those before it."""
    wire.answer(Body(b'{"id":"a"}\n' + dumps({"error": REFUSED}) + b"\n", kind=LINES))
    async with client.threads.retrieve("t").stream() as channel:
        got, error = await ending(channel)
    assert isinstance(error, StreamEventError)
    assert (got, error.items, error.code) == (["a"], 1, "c")


# Case (d): lists


@pytest.mark.parametrize(
    "body",
    [
        b'{"object":"list","has_more":false,"first_id":"a","data":[{"id":"a"},{"id":"b"}]}',
        b'{"data":[{"id":"a"},{"id":"b"}],"object":"list","has_more":false}',
        b'{"x":{"data":[1]},"y":"\\"data\\":[","data":[{"id":"a","data":[{"id":"z"}]},{"id":"b","metadata":{"data":"]"}}]}',
        b'{"d\\u0061ta" : [ {"id":"a"} , {"id":"b"} ] }',
    ],
)
async def test_case_d_only_the_top_level_data_counts(wire: Wire, client: AssistantsClient, body: bytes) -> None:
    """The envelope may stand before or after, and `data` elsewhere is not it."""
    wire.answer(Body(body, kind=JSON))
    async with client.threads.list().stream() as channel:
        assert await ids(channel) == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "count"),
    [(b'{"data":null}', 0), (b'{"data":[]}', 0), (b'{"object":"list"}', None), (b'{"data":[],"data":[]}', None)],
)
async def test_case_d_null_missing_and_repeated_data(
    wire: Wire, client: AssistantsClient, body: bytes, count: int | None
) -> None:
    """Null is no items; a page without `data`, or with two, is an error."""
    wire.answer(whole(body))
    async with client.threads.list().stream() as channel:
        if count is None:
            got, error = await ending(channel)
            assert (got, type(error)) == ([], ItemDecodeError)
        else:
            assert await ids(channel) == []


async def test_case_d_a_truncated_page_gives_its_whole_elements(wire: Wire, client: AssistantsClient) -> None:
    """Cut at every byte, a page gives the elements that are whole there, and never fewer or an unfinished one."""
    items = [{"id": "a"}, {"id": "b}"}, {"id": 'c"'}]
    body = page(*items)
    ends = [body.index(dumps(item)) + len(dumps(item)) for item in items]
    places = range(1, len(body))
    wire.answer(*(Body(body[:place], kind=JSON, framed="close") for place in places))
    for place in places:
        async with client.threads.list().stream() as channel:
            got, error = await ending(channel)
        assert isinstance(error, StreamTruncatedError)
        assert got == ["a", "b}", 'c"'][: sum(end <= place for end in ends)]
        assert error.items == len(got)


async def test_case_d_a_bad_element_says_which(wire: Wire, client: AssistantsClient) -> None:
    """The elements before it, then `ItemDecodeError` with its index."""
    wire.answer(whole(b'{"data":[{"id":"a"},{"id":"b"},{"name":"c"},{"id":"d"}]}'))
    async with client.threads.list().stream() as channel:
        got, error = await ending(channel)
    assert isinstance(error, ItemDecodeError)
    assert (got, error.index, error.items) == (["a", "b"], 2, 2)


async def test_case_d_pages_are_whole(wire: Wire, client: AssistantsClient) -> None:
    """With `pages=True` the item is what awaiting the call gives."""
    wire.answer(whole(page(*named("a", "b"))))
    plain = await client.threads.list()
    async with client.threads.list().stream(pages=True) as channel:
        items = [item async for item in channel]
    assert items == [plain]
    assert isinstance(items[0], Page)


async def test_case_d_an_early_break_leaves_the_rest(wire: Wire, client: AssistantsClient) -> None:
    """Looking for the first match costs no more than the bytes up to it."""
    body = Body(b'{"data":[{"id":"a"},{"id":"b"}', STALL, kind=JSON)
    wire.answer(body)
    async with client.threads.list().stream() as channel:
        async for item in channel:
            if item.id == "b":
                break
    await asyncio.wait_for(body.left.wait(), 30)


async def test_an_event_stream_of_a_plain_call(wire: Wire, client: AssistantsClient) -> None:
    """Its data are the items; `[DONE]` ends it, and what follows is not read."""
    wire.answer(Body(b'data: {"id":"a"}\n\ndata: [DONE]\n\ndata: {"id":"b"}\n\n', STALL))
    async with client.threads.retrieve("t").stream() as channel:
        assert await ids(channel) == ["a"]
        assert (channel.outcome, channel.terminal_marker_seen) == ("completed", True)


async def test_strict_holds_in_streams(wire: Wire, client: AssistantsClient) -> None:
    """`strict=True` refuses in a stream what it refuses in the plain form."""
    wire.answer(Body(dumps(run("queued", created_at=1.5)), kind=JSON))
    async with client.runs.retrieve("t", "r").stream() as channel:
        assert isinstance(await anext(channel), Run)
    async with client.runs.retrieve("t", "r").with_options(strict=True).stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error)) == ([], ItemDecodeError)


# Hooks


async def test_on_error_is_told_what_ends_a_stream(wire: Wire, client: AssistantsClient) -> None:
    """Once, with the error that the reader gets; a stream that ends well tells nothing."""
    heard: list[Exception] = []

    async def hear(error: Exception) -> None:
        heard.append(error)

    wire.answer(Body(b'{"id":"a"}\n{"id":', CLOSE, kind=LINES))
    async with client.threads.list().with_options(on_error=hear).stream() as channel:
        got, error = await ending(channel)
    assert got == ["a"]
    assert heard == [error]
    wire.answer(Body(b'{"id":"a"}\n', kind=LINES))
    async with client.threads.list().with_options(on_error=hear).stream() as channel:
        assert await ids(channel) == ["a"]
    assert heard == [error]


async def test_a_stream_whose_client_was_closed_between_reads(wire: Wire, client: AssistantsClient) -> None:
    """The next read says so, though it never waited."""
    wire.answer(Body(b'{"id":"a"}\n', STALL, kind="application/x-ndjson"))
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        await client.close()
        with pytest.raises(ClientClosedError):
            await anext(channel)
