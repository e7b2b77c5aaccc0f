"""Faults of the connection: cuts, stalls, drips, broken framing, odd heads, and idle connections."""

from __future__ import annotations

from typing import Literal

from .exchange import Exchange, Fault, Play
from .http import CHUNKED, TO_THE_END, Answer, chunk

End = Literal["close", "reset", "stall"]
"""The end of a connection: an ordinary close, a RST, or none until the client leaves."""

STALE = b'{"id": "left_over", "object": "left_over"}'
"""The body of an extra answer; no client may return it."""


async def end(exchange: Exchange, how: End) -> None:
    """End the connection, or leave it silent."""
    if how == "stall":
        await exchange.forever()
    elif how == "reset":
        exchange.reset()
    else:
        exchange.close()


def lost(how: End, sent: bytes = b"") -> Play:
    """The server acts on the request; the client gets no more than `sent` of its answer."""

    async def play(exchange: Exchange) -> None:
        await exchange.answer()
        await exchange.send(sent)
        await end(exchange, how)

    return play


def half(how: End, framing: tuple[str, str] | None = None, part: float = 0.5) -> Play:
    """The real answer, cut inside the body; without `framing`, under the Content-Length of the whole body."""

    async def play(exchange: Exchange) -> None:
        answer = await exchange.answer()
        body = answer.body[: int(len(answer.body) * part)]
        if framing == CHUNKED:
            body = b"%x\r\n%b" % (len(answer.body), body)
        await exchange.send(answer.head(framing or ("content-length", str(len(answer.body)))) + body)
        await end(exchange, how)

    return play


def framed(*fields: tuple[str, str], extra: bytes = b"", how: End = "close") -> Play:
    """The real answer, framed by other header fields than its own."""

    async def play(exchange: Exchange) -> None:
        answer = await exchange.answer()
        await exchange.send(answer.head(*fields) + extra + answer.body)
        await end(exchange, how)

    return play


# Time


async def latency(exchange: Exchange) -> None:
    """Pass the request on after a pause."""
    await exchange.wait()
    await exchange.forward()


async def drip_head(exchange: Exchange) -> None:
    """Send the real answer byte by byte, with a pause after each."""
    await _drip(exchange, (await exchange.answer()).whole)


async def drip_body(exchange: Exchange) -> None:
    """Send the head of the real answer as a whole, and its body byte by byte, with a pause after each."""
    answer = await exchange.answer()
    await exchange.send(answer.head(("content-length", str(len(answer.body)))))
    await _drip(exchange, answer.body)


async def _drip(exchange: Exchange, data: bytes) -> None:
    for byte in data:
        await exchange.send(bytes((byte,)))
        await exchange.wait()


# Request bodies that are not read


async def never_read_body(exchange: Exchange) -> None:
    """Cut the connection after a pause, with the body of the request unread."""
    await exchange.wait()
    exchange.reset()


async def reset_during_upload(exchange: Exchange) -> None:
    """Cut the connection after the first piece of the body."""
    await exchange.read_some()
    exchange.reset()


async def early_413(exchange: Exchange) -> None:
    """Refuse the request after its head, while the client still sends the body."""
    error = {"message": "The body is too large.", "type": "invalid_request_error", "param": None, "code": None}
    await exchange.send(Answer.json(413, {"error": error}, connection="close").whole)
    await exchange.drop_body()


# Idle connections


async def stale_close(exchange: Exchange) -> None:
    """Answer well, then close the connection without having announced it."""
    await exchange.forward()
    await exchange.wait()
    exchange.close()


async def stale_on_reuse(exchange: Exchange) -> None:
    """Answer the first request of a connection, and cut it at the second request without a byte."""
    if exchange.earlier:
        exchange.reset()
    else:
        await exchange.forward()


async def late_408(exchange: Exchange) -> None:
    """Answer well, then send a 408 on the idle connection and close it."""
    await exchange.forward()
    await exchange.wait()
    await exchange.send(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    exchange.close()


async def poisoned_connection(exchange: Exchange) -> None:
    """Answer well, and send an extra answer right behind it."""
    stale = Answer.json(200, None).holding(STALE)
    await exchange.send((await exchange.answer()).whole + stale.whole)


async def content_length_short(exchange: Exchange) -> None:
    """Announce half of the body and send all of it, so that half is left on the connection."""
    answer = await exchange.answer()
    await exchange.send(answer.head(("content-length", str(len(answer.body) // 2))) + answer.body)


# Heads


def before(interim: bytes) -> Play:
    """The real answer behind an interim answer of status 1xx."""

    async def play(exchange: Exchange) -> None:
        await exchange.send(interim)
        await exchange.forward()

    return play


async def endless_1xx(exchange: Exchange) -> None:
    """Send interim answers without end."""
    while True:
        await exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await exchange.wait()


def with_lines(lines: bytes) -> Play:
    """The real answer with these bytes among its header lines."""

    async def play(exchange: Exchange) -> None:
        first, line_end, rest = (await exchange.answer()).whole.partition(b"\r\n")
        await exchange.send(first + line_end + lines + rest)

    return play


async def huge_header(exchange: Exchange) -> None:
    """One header line of `bytes` bytes."""
    await with_lines(b"x-huge: " + b"a" * int(exchange.number("bytes")) + b"\r\n")(exchange)


async def many_headers(exchange: Exchange) -> None:
    """`count` header lines."""
    lines = (b"x-many-%d: a\r\n" % number for number in range(int(exchange.number("count"))))
    await with_lines(b"".join(lines))(exchange)


_GARBAGE = bytes(range(256)) * 4
_NUMBERS = (
    b"retry-after: soon\r\nretry-after-ms: NaN\r\nopenai-poll-after-ms: soon\r\nopenai-processing-ms: -1e999\r\n"
    b"x-ratelimit-remaining-requests: 0x10\r\nage: 99999999999999999999\r\ndate: yesterday\r\n"
)
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"

CONNECTION_FAULTS = (
    Fault("latency", latency, {"ms": 100.0}),
    # The answer is lost although the server has acted: a retry may do the work twice.
    Fault("reset_before_headers", lost("reset")),
    Fault("close_before_headers", lost("close")),
    Fault("partial_status_line", lost("close", b"HTTP/1.1 20")),
    Fault("partial_headers", lost("close", _HEAD)),
    Fault("reset_after_headers", half("reset", part=0)),
    Fault("reset_mid_body", half("reset")),
    Fault("truncated_content_length", half("close")),
    Fault("chunked_truncated", half("close", CHUNKED)),
    Fault("eof_delimited_truncated", half("close", TO_THE_END)),
    Fault("garbage_response", lost("close", _GARBAGE)),
    Fault("http09", lost("close", b"<html>It works!</html>\r\n")),
    Fault("bad_status_code", lost("close", b"HTTP/1.1 abc OK\r\ncontent-length: 0\r\n\r\n")),
    Fault("switching_101", lost("stall", b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")),
    Fault("chunked_bad_size", framed(CHUNKED, extra=chunk(b"{") + b"zz\r\n")),
    Fault("chunked_huge_size", framed(CHUNKED, extra=b"ffffffffffff\r\n", how="stall")),
    Fault("content_length_huge", framed(("content-length", str(10**15)), how="stall")),
    Fault("content_length_abc", framed(("content-length", "abc"))),
    Fault("content_length_negative", framed(("content-length", "-1"))),
    Fault("content_length_conflict", framed(("content-length", "2"), ("content-length", "3"))),
    Fault("content_length_short", content_length_short),
    Fault("poisoned_connection", poisoned_connection),
    Fault("never_answer", lost("stall")),
    Fault("stall_mid_body", half("stall")),
    Fault("slow_headers", drip_head, {"ms": 40.0}),
    Fault("slow_body", drip_body, {"ms": 40.0}),
    Fault("never_read_body", never_read_body, {"ms": 30_000.0}, early=True),
    Fault("reset_during_upload", reset_during_upload, early=True),
    Fault("early_413", early_413, early=True),
    Fault("stale_close", stale_close, {"ms": 0.0}),
    Fault("stale_on_reuse", stale_on_reuse),
    Fault("late_408", late_408, {"ms": 0.0}),
    Fault("continue_100", before(b"HTTP/1.1 100 Continue\r\n\r\n")),
    Fault("early_hints_103", before(b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n")),
    Fault("endless_1xx", endless_1xx, {"ms": 1.0}),
    Fault("huge_header", huge_header, {"bytes": 2.0**20}),
    Fault("many_headers", many_headers, {"count": 10_000.0}),
    Fault("header_without_colon", with_lines(b"this is no header\r\n")),
    Fault("header_nul", with_lines(b"x-nul: a\0b\r\n")),
    Fault("header_nonascii", with_lines("x-text: žluťoučký\r\n".encode() + b"x-latin: \xe9\xff\r\n")),
    Fault("header_garbage_numbers", with_lines(_NUMBERS)),
    Fault("set_cookie", with_lines(b"set-cookie: session=stolen; Path=/\r\n")),
    Fault("flaky_reset", lost("reset"), times=2),
    Fault("flaky_truncate", half("close"), times=2),
    Fault("flaky_stall", lost("stall"), times=2),
)
