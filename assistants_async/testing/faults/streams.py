"""Faults of a run's event stream, made from the real events: cut, stalled, rewritten, or endless.

They change event streams only: any other answer is passed on as it is.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

from .bodies import ODD, endless, expanding
from .connections import End, end
from .exchange import Exchange, Fault, Play
from .http import CHUNKED, Answer, chunk
from .statuses import fixed, html, vendor

Events = list[bytes]
"""Server-sent events as received, each with its empty line."""

_STREAM = Answer.json(200, None, content_type="text/event-stream; charset=utf-8")
_DONE = b"event: done\n"


def events(change: Callable[[Events, Exchange], Events], then: End | None = None, *, cut: bool = False) -> Play:
    """The real stream with its events changed, then its proper end or `then`.

    With `cut` the end comes inside the last event.
    """

    async def play(exchange: Exchange) -> None:
        found = await _real(exchange)
        if found is None:
            return
        answer, real = found
        changed_events = change(real, exchange)
        if cut:
            changed_events[-1] = changed_events[-1][: len(changed_events[-1]) // 2]
        await exchange.send(answer.head(CHUNKED))
        for event in changed_events:
            await exchange.send(chunk(event))
        if then is None:
            await exchange.send(chunk(b""))
        else:
            await end(exchange, then)

    return play


async def _real(exchange: Exchange) -> tuple[Answer, Events] | None:
    """Return the whole real stream and its events; None for any other answer, which is passed on."""
    answer = await exchange.answer()
    if not answer.headers.get("content-type", "").startswith("text/event-stream"):
        await exchange.send(answer.whole)
        return None
    # The embedded server ends every line with LF.
    return answer, [event + b"\n\n" for event in answer.body.split(b"\n\n")[:-1]]


def _first(real: Events, exchange: Exchange) -> Events:
    """Return the first `events` events."""
    return real[: int(exchange.number("events"))]


def frame(name: str | None, data: bytes) -> bytes:
    """Write one event; without a name, only its data."""
    return (b"" if name is None else b"event: %b\n" % name.encode()) + b"data: %b\n\n" % data


def then_one(name: str | None, data: bytes) -> Play:
    """The first events, then an invented one, and the proper end."""
    return events(lambda real, exchange: [*_first(real, exchange), frame(name, data)])


def among(name: str | None, data: bytes) -> Play:
    """All events, with an invented one among them."""

    def put(real: Events, exchange: Exchange) -> Events:
        count = int(exchange.number("events"))
        return [*real[:count], frame(name, data), *real[count:]]

    return events(put)


def _all(real: Events, _: Exchange) -> Events:
    return real


def _no_done(real: Events, _: Exchange) -> Events:
    return [event for event in real if not event.startswith(_DONE)]


def _and_more(real: Events, _: Exchange) -> Events:
    return [*real, frame("thread.message.delta", b'{"id":"msg_late"}'), frame("error", b'{"message":"late"}')]


def _unannounced(real: Events, _: Exchange) -> Events:
    announcing = (b"event: thread.message.created\n", b"event: thread.message.in_progress\n")
    return [event for event in real if not event.startswith(announcing)]


def ending(status: str, **members: Any) -> Play:
    """The real stream, with a run that ends in another status."""

    def rewrite(real: Events, _: Exchange) -> Events:
        last = next(event for event in reversed(real) if event.startswith(b"event: thread.run."))
        run = {**json.loads(last.partition(b"\ndata: ")[2]), "status": status, **members}
        ended = frame(f"thread.run.{status}", json.dumps(run).encode())
        return [ended if event is last else event for event in real]

    return events(rewrite)


def requiring_call(arguments: str) -> Play:
    """The real stream, with a run that ends by requiring one function call."""
    call = {"id": "call_1", "type": "function", "function": {"name": "lookup", "arguments": arguments}}
    wanted = {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [call]}}
    return ending("requires_action", required_action=wanted, completed_at=None)


def recoded(change: Callable[[bytes], bytes], **headers: str) -> Play:
    """The real stream with its bytes changed, as one piece with a Content-Length."""

    async def play(exchange: Exchange) -> None:
        found = await _real(exchange)
        if found is not None:
            await exchange.send(found[0].holding(change(found[0].body)).changed(**headers).whole)

    return play


async def byte_by_byte(exchange: Exchange) -> None:
    """The real stream, with each byte in its own chunk."""
    found = await _real(exchange)
    if found is not None:
        await exchange.send(found[0].head(CHUNKED))
        for byte in found[0].body:
            await exchange.send(chunk(bytes((byte,))))
        await exchange.send(chunk(b""))


def without_end(piece: bytes) -> Play:
    """The first events, then a piece without end, `ms` apart."""

    async def play(exchange: Exchange) -> None:
        found = await _real(exchange)
        if found is None:
            return
        answer, real = found
        await exchange.send(answer.head(CHUNKED) + b"".join(map(chunk, _first(real, exchange))))
        while True:
            await exchange.send(chunk(piece))
            await exchange.wait()

    return play


async def no_stream(exchange: Exchange) -> None:
    """A document in place of the stream: the run for `as=run`, otherwise a sign-in page."""
    found = await _real(exchange)
    if found is None:
        return
    answer, real = found
    run = next(event for event in real if event.startswith(b"event: thread.run."))
    as_run = answer.holding(run.partition(b"\ndata: ")[2]).changed(content_type="application/json")
    await exchange.send((as_run if exchange.text("as") == "run" else html(200, "Sign in")).whole)


_SOME = {"events": 3.0}
_ERROR = json.dumps(vendor("The model failed.", "model_error", "server_error")["error"]).encode()
_DELTA = (
    b'{"id":"msg_endless","object":"thread.message.delta",'
    b'"delta":{"content":[{"index":0,"type":"text","text":{"value":"a"}}]}}'
)
_FAILURE = {"code": "server_error", "message": "The model failed."}

STREAM_FAULTS = (
    # Cut
    Fault("sse_reset_between_events", events(_first, "reset"), _SOME),
    Fault("sse_reset_mid_event", events(_first, "reset", cut=True), {"events": 4.0}),
    Fault("sse_fin_mid_event", events(_first, "close", cut=True), {"events": 4.0}),
    Fault("sse_content_length_short", recoded(lambda body: body[: len(body) // 2])),
    Fault("sse_clean_end_early", events(_first), _SOME),
    Fault("sse_clean_end_mid_event", events(_first, cut=True), {"events": 4.0}),
    Fault("sse_empty", events(_first), {"events": 0.0}),
    # Proper ends
    Fault("sse_no_done", events(_no_done)),
    Fault("sse_after_done", events(_and_more)),
    Fault("sse_done_then_open", events(_all, "stall")),
    # Events
    Fault("sse_error_event", then_one("error", _ERROR), _SOME),
    Fault("sse_error_nested", then_one(None, b'{"error":%b}' % _ERROR), _SOME),
    Fault("sse_bad_json", then_one("thread.run.in_progress", b'{"id":'), _SOME),
    Fault("sse_invalid_utf8", then_one("thread.run.in_progress", b'{"id":"\xff","object":"thread.run"}'), _SOME),
    Fault("sse_unknown_event", among(f"thread.{ODD}", b'{"a":[1,null]}'), _SOME),
    Fault("sse_delta_before_created", events(_unannounced)),
    Fault("sse_run_failed", ending("failed", last_error=_FAILURE)),
    Fault("sse_requires_action", requiring_call('{"key":"a"}')),
    Fault("sse_bad_tool_arguments", requiring_call('{"key":')),
    # Bytes
    Fault("sse_bytes_1", byte_by_byte),
    Fault("sse_cr", recoded(lambda body: body.replace(b"\n", b"\r"))),
    Fault("sse_crlf", recoded(lambda body: body.replace(b"\n", b"\r\n"))),
    Fault("sse_bom", recoded(lambda body: b"\xef\xbb\xbf" + body)),
    Fault("sse_gzip", recoded(gzip.compress, content_encoding="gzip")),
    Fault("sse_content_length", recoded(bytes)),
    # Time and size
    Fault("sse_stall", events(_first, "stall"), _SOME),
    Fault("sse_comments_only", without_end(b": keep-alive\n\n"), {"events": 1.0, "ms": 10.0}),
    Fault("sse_endless", without_end(frame("thread.message.delta", _DELTA)), {"events": 3.0, "ms": 0.0}),
    Fault("sse_huge_line", endless(b"event: thread.run.created\ndata: ", b"a" * 2**16, _STREAM)),
    Fault("sse_gzip_bomb", expanding(b"event: thread.run.created\ndata: ", _STREAM)),
    # Another answer than a stream
    Fault("sse_wrong_type", no_stream, {"as": "html"}),
    Fault("sse_status", fixed(Answer.json(503, vendor("No stream now.", kind="server_error")))),
)
