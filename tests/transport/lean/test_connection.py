"""Answers as their bytes arrive: cut anyhow, and with bytes before, behind or in place of them."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable

import pytest

from assistants_async import AssistantsClient, ConnectionLostError, DecodeError
from assistants_async.transport.lean.connection import HIGH_WATER
from tests.support.http_server import (
    ANYTHING,
    KEY,
    Answer,
    Peer,
    Seen,
    Wire,
    answer,
    chunk,
    head,
    then_cut,
)
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)
TEXT = BODY.partition(b"\r\n\r\n")[2]
CHUNKED = head(200, {"transfer-encoding": "chunked"}) + chunk(TEXT[:20]) + chunk(TEXT[20:]) + b"0\r\n\r\n"


def bytewise(data: bytes) -> Answer:
    """Send an answer byte by byte, each as a segment of its own."""

    async def send(seen: Seen, peer: Peer) -> None:
        for place in range(len(data)):
            await peer.send(data[place : place + 1])
            await asyncio.sleep(0)

    return send


def closed(data: bytes) -> Answer:
    """Send bytes, and close the connection."""

    async def send(seen: Seen, peer: Peer) -> None:
        await peer.send(data)
        peer.finish()

    return send


def reset(data: bytes) -> Answer:
    """Send bytes, and reset the connection once they have been read."""

    async def send(seen: Seen, peer: Peer) -> None:
        await peer.send(data)
        await asyncio.sleep(20 * MS)
        linger = struct.pack("ii", 1, 0)
        peer._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        peer.reset()

    return send


KEPT: dict[str, bytes] = {
    "length": BODY,
    "chunks": CHUNKED,
    "trailers": CHUNKED[:-2] + b"x-sum: 1\r\n\r\n",
    "extensions": CHUNKED.replace(b"14\r\n", b"14 ;a=b\r\n"),
    "line feeds": BODY.replace(b"\r\n", b"\n"),
    "hints first": b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + BODY,
    "HTTP/1.0, kept": BODY.replace(b"HTTP/1.1 200 OK", b"HTTP/1.0 200 OK\r\nconnection: keep-alive"),
}


@pytest.mark.parametrize("data", KEPT.values(), ids=KEPT)
@pytest.mark.parametrize("cut", [lambda data: data, bytewise], ids=["whole", "by bytes"])
async def test_an_answer_is_read_and_the_connection_kept(
    wire: Wire, client: AssistantsClient, data: bytes, cut: Callable[[bytes], Answer]
) -> None:
    """However its bytes come."""
    wire.answer(cut(data), BODY)
    for _ in range(2):
        assistant, http = await client.assistants.retrieve("asst_1").response()
        assert (assistant.id, http.status, http.reason, http.content) == ("asst_1", 200, "OK", TEXT)
    assert wire.connections == 1


ENDED: dict[str, Answer] = {
    "a body to the end": closed(head() + TEXT),
    "a length and a close": BODY.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"),
    "HTTP/1.0": closed(BODY.replace(b"HTTP/1.1", b"HTTP/1.0")),
    "another answer behind it": BODY + BODY.replace(b"asst_1", b"asst_2"),
    "the start of another behind it": BODY + b"HTTP/1.1 408",
    "what is no answer behind it, later": bytewise(BODY + b"nonsense"),
}


@pytest.mark.parametrize("data", ENDED.values(), ids=ENDED)
async def test_an_answer_is_read_and_the_connection_ended(wire: Wire, client: AssistantsClient, data: Answer) -> None:
    """The next request has one of its own."""
    wire.answer(data, BODY)
    for _ in range(2):
        assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
        await asyncio.sleep(20 * MS)
    assert wire.connections == 2


LOST: dict[str, tuple[Answer, str]] = {
    "nothing": (closed(b""), "the server closed the connection before it answered"),
    "a reset": (then_cut(b""), "the (server closed the connection before it answered|connection broke: .*)"),
    "half a head": (closed(BODY[:30]), "the server closed the connection before it answered"),
    "no HTTP": (b"nonsense\r\n\r\n", "the server's answer is not HTTP"),
    "NUL": (BODY.replace(b"json", b"js\0n"), "the server's answer is not HTTP"),
    "half a body": (closed(BODY[:-5]), "the connection broke inside the body"),
    "half a body to the end": (reset(head() + TEXT[:-5]), "the connection broke inside the body"),
    "half a chunk": (closed(CHUNKED[:-20]), "the connection broke inside the body"),
    "a bad chunk": (head(200, {"transfer-encoding": "chunked"}) + b"zz\r\n", "the connection broke inside the body"),
    "a bad chunk behind a good one": (CHUNKED[:-5] + b"zz\r\n", "the connection broke inside the body"),
    "bytes behind a body": (BODY + b"nonsense", "the connection broke inside the body"),
    "a switch": (head(101, {"upgrade": "x", "connection": "upgrade"}), "a switch of protocols"),
    "a long line": (head(200, {"x-a": "a" * 9000}), r"more than 8190 bytes: raise max_header_bytes"),
    "a long line, half": (head(200, {"x-a": "a" * 9000})[:-50], r"more than 8190 bytes: raise max_header_bytes"),
    "many lines": (head(200, [("x-a", "1")] * 129), "more than 128 headers"),
    "an unknown coding": (head(200, {"content-encoding": "br", "content-length": "5"}), "coding 'br'"),
}


@pytest.mark.parametrize(("data", "words"), LOST.values(), ids=LOST)
async def test_an_answer_that_cannot_be_used(wire: Wire, client: AssistantsClient, data: Answer, words: str) -> None:
    """It is a lost one, and nothing is left of its connection."""
    wire.answer(data)
    with pytest.raises((ConnectionLostError, DecodeError), match=words) as caught:
        await client.assistants.retrieve("asst_1")
    assert isinstance(caught.value, ConnectionLostError)
    assert caught.value.maybe_processed
    await wire.until_open(0)


LARGE = answer({**ANYTHING, "metadata": {"a": "a" * 2**18}})
HEADS: dict[str, bytes] = {
    "usual": LARGE,
    "line feeds": LARGE.replace(b"\r\n", b"\n"),
    "hints first": head(103, {"link": "</a>"}) + LARGE,
    "long hints first": head(103, [("x-a", "1" * 5000)] * 8) + LARGE,
    "many lines": head(200, [("x-a", "1" * 5000)] * 8)[:-2] + LARGE.partition(b"\r\n")[2],
}


@pytest.mark.parametrize("data", HEADS.values(), ids=HEADS)
async def test_a_head_is_found_in_front_of_a_large_body(wire: Wire, client: AssistantsClient, data: bytes) -> None:
    """Wherever it ends in the bytes that came with it."""
    wire.answer(data)
    for _ in range(2):
        assistant, http = await client.assistants.retrieve("asst_1").response()
        assert assistant.metadata == {"a": "a" * 2**18}
        assert http.headers["content-type"] == "application/json"
        assert http.headers["content-length"] == str(len(http.content))
        assert ("x-a" in http.headers) is (b" 103 " not in data and b"x-a" in data)
    assert wire.connections == 1


async def test_a_long_line_within_the_limit_is_read(wire: Wire) -> None:
    """The setting is the transport's too; of a large body in the same read nothing counts."""
    wire.answer(answer({**ANYTHING, "metadata": {"a": "a\n" * 50_000}}, x_long="a" * 9000))
    async with AssistantsClient(
        base_url=wire.base_url, api_key=KEY, max_header_bytes=10_000, transport="lean"
    ) as client:
        assistant = await client.assistants.retrieve("asst_1")
        assert assistant.metadata == {"a": "a\n" * 50_000}


async def test_a_body_that_breaks_is_read_up_to_there(wire: Wire, client: AssistantsClient) -> None:
    """The bytes before the break come before the error."""
    wire.answer(closed(head(200, {"content-length": "9"}) + b"abc"))
    got: list[bytes] = []
    with pytest.raises(ConnectionLostError):
        async with client.files.content("file_1").stream() as channel:
            async for piece in channel:
                got.append(piece)  # noqa: PERF401  # what came before the error counts
    assert b"".join(got) == b"abc"


async def test_a_reader_that_waits_makes_the_server_wait(wire: Wire, client: AssistantsClient) -> None:
    """No more is taken than the mark and one read; nothing of it is lost."""
    size, sent = 64 * HIGH_WATER, 0

    async def pour(seen: Seen, peer: Peer) -> None:
        nonlocal sent
        await peer.send(head(200, {"content-length": str(size)}))
        while sent < size:
            await peer.send(b"a" * HIGH_WATER)
            sent += HIGH_WATER

    wire.answer(pour, BODY)
    async with client.files.content("file_1").stream() as channel:
        read = len(await anext(channel))
        before = -1
        while before != sent:  # until the server waits
            before = sent
            await asyncio.sleep(50 * MS)
        assert sent < size // 2
        async for piece in channel:
            read += len(piece)
    assert read == size
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
    assert wire.connections == 1


async def test_a_stream_that_is_left_in_a_pause_is_cut(wire: Wire, client: AssistantsClient) -> None:
    """The server is let go though it still sends."""

    async def pour(seen: Seen, peer: Peer) -> None:
        await peer.send(head(200, {"content-length": str(64 * HIGH_WATER)}))
        while True:
            await peer.send(b"a" * HIGH_WATER)

    wire.answer(pour)
    async with client.files.content("file_1").stream() as channel:
        await anext(channel)
        await asyncio.sleep(50 * MS)
    await wire.until_open(0)
