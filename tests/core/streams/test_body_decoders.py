"""The reading of answers: the table of framings, and items, pages, bytes and events out of pieces."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import ConnectionLostError, Headers, HTTPResponse, Page, Thread, TimedOutError
from assistants_async.core.requests.options import Framing, Options
from assistants_async.core.streams.body_decoders import framing_of, item_decoder, run_decoder
from assistants_async.core.streams.item_decoders import ItemBodyDecoder, RawBodyDecoder
from assistants_async.core.streams.run_decoders import RunEventBodyDecoder
from assistants_async.endpoints import CREATE_RUN, DOWNLOAD_FILE, GET_THREAD, LIST_THREADS
from assistants_async.errors import ItemDecodeError, StreamEventError, StreamInterruptedError, StreamTruncatedError

LOST = ConnectionLostError("cut")


def head(kind: str | None) -> HTTPResponse:
    """The head of an answer with this content type."""
    return HTTPResponse(200, "OK", Headers([] if kind is None else [("Content-Type", kind)]), b"", "GET", "http://x/")


TABLE = [
    (None, "auto", "json"),
    ("", "auto", "json"),
    ("application/json", "auto", "json"),
    ("application/json; charset=utf-8", "auto", "json"),
    ("application/vnd.x+json", "auto", "json"),
    ("text/html", "auto", "json"),
    ("Application/X-NDJSON", "auto", "lines"),
    ("application/ndjson", "auto", "lines"),
    ("application/jsonl", "auto", "lines"),
    ("application/jsonlines", "auto", "lines"),
    ("application/x-jsonlines", "auto", "lines"),
    ("application/json-lines; x", "auto", "lines"),
    ("application/json-seq", "auto", "json-seq"),
    ("text/event-stream;charset=utf-8", "auto", "sse"),
    ("text/event-stream", "json", "json"),
    ("application/json", "sse", "sse"),
    (None, "bytes", "bytes"),
]


@pytest.mark.parametrize(("kind", "chosen", "expected"), TABLE)
def test_the_framing_of_an_answer(kind: str | None, chosen: Framing, expected: Framing) -> None:
    """The caller's choice, then the essence of the content type, then what was documented."""
    assert framing_of(head(kind), Options(framing=chosen), "json") == expected
    if not kind and chosen == "auto":
        assert framing_of(head(kind), Options(), "sse") == "sse"


def items(decoder: Any, *pieces: bytes, end: bool = True) -> list[Any]:
    """Everything that pieces give."""
    frames = [frame for piece in pieces for frame in decoder.feed(piece)]
    if end and decoder.error is None:
        frames += decoder.finish()
    return [item for frame in frames if (item := decoder.decode(frame)) is not None]


def test_a_run_that_streams_is_events_and_one_that_does_not_is_a_run() -> None:
    """By the content type; without one, the request for events decides."""
    for kind in (None, "text/event-stream"):
        assert isinstance(run_decoder(head(kind), Options()), RunEventBodyDecoder)
    plain = run_decoder(head("application/json"), Options())
    assert isinstance(plain, ItemBodyDecoder)
    (event,) = items(plain, b'{"id":"r","status":"queued"}')
    assert (event.event, event.data.id) == ("thread.run.queued", "r")


def test_a_list_is_its_elements_or_its_page() -> None:
    """One by one unless the caller wants pages; with a type of the caller's own, whole."""
    body = b'{"data":[{"id":"a"},{"id":"b"}],"has_more":false}'
    page: Any = Page[Thread]
    assert items(item_decoder(LIST_THREADS, head(None), Options(), page), body) == [Thread(id="a"), Thread(id="b")]
    whole = items(item_decoder(LIST_THREADS, head(None), Options(), page, pages=True), body)
    assert whole == [Page(data=(Thread(id="a"), Thread(id="b")), has_more=False)]
    assert items(item_decoder(LIST_THREADS, head(None), Options(), dict), b'{"x":1}') == [{"x": 1}]


@pytest.mark.parametrize("pages", [False, True])
def test_a_malformed_page_is_an_error(pages: bool) -> None:
    """An error object raises as such, anything else without `data` as undecodable; an empty page is a page."""
    page: Any = Page[Thread]

    def made() -> Any:
        return item_decoder(LIST_THREADS, head(None), Options(), page, pages=pages)

    def fail(body: bytes) -> Exception:
        decoder = made()
        try:
            items(decoder, body)
        except (StreamEventError, ItemDecodeError) as error:
            return error
        found: Exception | None = decoder.error
        assert found is not None
        return found

    reports = fail(b'{"error":{"message":"m","code":"c"}}')
    assert isinstance(reports, StreamEventError)
    assert (reports.message, reports.code) == ("m", "c")
    assert isinstance(fail(b'{"object":"list"}'), ItemDecodeError)
    assert items(made(), b'{"data":[],"has_more":false}') == ([Page(has_more=False)] if pages else [])


def test_files_and_bytes_are_pieces() -> None:
    """A file's content of any type, unless a framing is chosen; and anything on request."""
    decoder = item_decoder(DOWNLOAD_FILE, head("application/json"), Options(), bytes)
    assert isinstance(decoder, RawBodyDecoder)
    assert items(decoder, b"a", b"b") == [b"a", b"b"]
    assert (decoder.error, decoder.end_marker_seen, decoder.finished, decoder.on_disconnect(LOST)) == (
        None,
        False,
        False,
        LOST,
    )
    assert isinstance(item_decoder(GET_THREAD, head(None), Options(framing="bytes"), Thread), RawBodyDecoder)
    assert isinstance(item_decoder(DOWNLOAD_FILE, head(None), Options(framing="lines"), dict), ItemBodyDecoder)


@pytest.mark.parametrize("kind", ["application/json", "application/json-seq", "text/event-stream"])
def test_a_cut_inside_an_item_is_a_truncation(kind: str) -> None:
    """With the connection's error as its cause; between items, and in silence, the cause comes itself."""
    start = {"application/json-seq": b"\x1e", "text/event-stream": b"data: "}.get(kind, b"")
    silent = TimedOutError("idle", 1.0)
    decoder = item_decoder(GET_THREAD, head(kind), Options(), Thread)
    assert items(decoder, start + b'{"id":', end=False) == []
    assert decoder.on_disconnect(silent) is silent
    error = decoder.on_disconnect(LOST)
    assert isinstance(error, StreamTruncatedError)
    assert error.__cause__ is LOST
    assert item_decoder(GET_THREAD, head(kind), Options(), Thread).on_disconnect(LOST) is LOST


def test_a_cut_behind_garbage_is_still_the_cut() -> None:
    """Unreadable bytes do not hide the connection's error."""
    decoder = item_decoder(GET_THREAD, head(None), Options(), Thread)
    assert items(decoder, b"}", end=False) == []
    assert decoder.error is not None
    assert decoder.on_disconnect(LOST) is LOST


def test_strict_and_lenient() -> None:
    """`strict` decodes by the letter."""
    body = b'{"id":"t","created_at":1.0}'
    assert items(item_decoder(GET_THREAD, head(None), Options(), Thread), body) == [Thread(id="t", created_at=1)]
    with pytest.raises(ItemDecodeError):
        items(item_decoder(GET_THREAD, head(None), Options(strict=True), Thread), body)


def test_a_bad_item_is_left_out_on_request() -> None:
    """The callback gets its error, with its index among the items."""
    bad: list[ItemDecodeError] = []
    options = Options(on_bad_item=bad.append)
    decoder = item_decoder(GET_THREAD, head("application/jsonl"), options, Thread)
    assert [item.id for item in items(decoder, b'{"id":"a"}\nx\n{"id":"b"}\n{}\n')] == ["a", "b"]
    assert [(error.raw, error.index) for error in bad] == [(b"x", 1), (b"{}", 2)]


def test_an_event_stream_of_items_ends_with_done() -> None:
    """Nothing behind it is an item, in the same piece or not; an event that is cut is a truncation."""
    decoder = item_decoder(GET_THREAD, head("text/event-stream"), Options(), Thread)
    assert not decoder.end_marker_seen
    assert len(items(decoder, b'data: {"id":"a"}\n\ndata: [DONE]\n\ndata: {"id":"b"}\n\n')) == 1
    assert decoder.end_marker_seen
    assert decoder.finished
    cut = item_decoder(GET_THREAD, head("text/event-stream"), Options(), Thread)
    with pytest.raises(StreamTruncatedError) as caught:
        items(cut, b'data: {"id":"a"}\n')
    assert caught.value.partial == b'data: {"id":"a"}\n'


def test_a_run_says_where_it_broke_off() -> None:
    """By the end of the body and by a cut, before its end; afterwards neither is an error."""
    start = b'event: thread.run.queued\ndata: {"id":"r","thread_id":"t","status":"queued"}\n\n'
    decoder = run_decoder(head("text/event-stream"), Options())
    assert len(items(decoder, start, end=False)) == 1
    with pytest.raises(StreamInterruptedError) as caught:
        decoder.finish()
    for error in (decoder.on_disconnect(LOST), caught.value):
        assert isinstance(error, StreamInterruptedError)
        assert (error.run_id, error.thread_id, error.last_event, error.items) == ("r", "t", "thread.run.queued", 1)
    assert len(items(decoder, start.replace(b"queued", b"completed"), end=False)) == 1
    assert (decoder.on_disconnect(LOST), decoder.finish(), decoder.end_marker_seen, decoder.finished) == (
        None,
        [],
        False,
        False,
    )
    assert items(decoder, b"event: done\ndata: [DONE]\n\n" + start) == []
    assert (decoder.end_marker_seen, decoder.finished) == (True, True)


def test_the_rows_of_runs_stream() -> None:
    """The table marks the operations that stream events."""
    assert CREATE_RUN.streams
    assert not GET_THREAD.streams
