"""Items of response streams: one object, sequences, and the elements of lists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    Page,
    Run,
)
from assistants_async.calls.channel import Channel
from assistants_async.errors import (
    DecodeError,
    ItemDecodeError,
    StreamEventError,
    StreamTruncatedError,
)
from tests.support.byte_server import STALL, Body, Gate, dumps, named, whole
from tests.support.channels import JSON, LINES, SEQ, ending, ids
from tests.support.http_server import Wire, raw
from tests.support.run_events import page, run


async def test_case_a_one_object_is_one_item(wire: Wire, client: AssistantsClient) -> None:
    """It comes with its closing brace though the connection stays open, and then a clean end."""
    end = Gate()
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
    """A leading RS makes no item, records may have line ends, a number without white space is cut."""
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
    """The envelope may be before or after, and `data` elsewhere is not it."""
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
    """With `pages=True` each item is the value that awaiting the call gives."""
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


async def test_strict_applies_in_streams(wire: Wire, client: AssistantsClient) -> None:
    """`strict=True` refuses in a stream the same values as in the plain form."""
    wire.answer(Body(dumps(run("queued", created_at=1.5)), kind=JSON))
    async with client.runs.retrieve("t", "r").stream() as channel:
        assert isinstance(await anext(channel), Run)
    async with client.runs.retrieve("t", "r").with_options(strict=True).stream() as channel:
        got, error = await ending(channel)
    assert (got, type(error)) == ([], ItemDecodeError)
