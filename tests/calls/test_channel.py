"""The rules of every response stream: head first, its framing, promptness, and the same from any cut."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    RateLimitedError,
    ServerError,
)
from assistants_async.errors import (
    ItemDecodeError,
)
from tests.support.byte_server import CLOSE, STALL, Body, Gate, cuts
from tests.support.channels import JSON, LINES, SEQ, ending, ids
from tests.support.http_server import KEY, Wire, failure, raw


async def test_r01_the_head_does_not_change_while_the_body_is_read(wire: Wire, client: AssistantsClient) -> None:
    """Its time is that of the head, at every read."""
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


async def test_r01_a_run_has_its_head_too(wire: Wire, client: AssistantsClient) -> None:
    """A run's channel shows its head before the first event, and its request has `"stream": true`."""
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
    """The client's framing is used where the call has none of its own."""
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
    """The item is delivered although the server sends no byte after its last one."""
    almost = Gate()
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
    second = Gate()
    wire.answer(Body(b'{"data":[{"id":"a"}', second, b',{"id":"b"}', STALL, kind=JSON))
    async with client.threads.list().stream() as channel:
        assert (await anext(channel)).id == "a"
        second.set()
        assert (await anext(channel)).id == "b"
        assert not channel.terminal_marker_seen


async def test_r04_numbers_wait_for_their_delimiter(wire: Wire, client: AssistantsClient) -> None:
    """A bare number is whole with a delimiter or with the end."""
    more = Gate()
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


# Hooks


async def test_on_error_gets_the_error_of_a_stream(wire: Wire, client: AssistantsClient) -> None:
    """Once, with the error that the reader gets; a stream with a proper end gives none."""
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
