"""Long bodies, with a length and without: all of them is read, however much one read brings."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping

import pytest
import trustme

from assistants_async import AssistantsClient, ConnectionLostError
from assistants_async.transport.lean.connection import READ
from tests.support.http_server import ANYTHING, FILE, KEY, Peer, Seen, Wire, answer, chunk, head, listening

SIZE = 32 * READ + 12_345
"""So long that reads soon bring as much as one can, and one that is cut at no even place."""
BODY = (bytes(range(256)) * (SIZE // 256 + 1))[:SIZE]
NEXT = answer(ANYTHING)


def file_answer(body: bytes = BODY, headers: Mapping[str, str] = {}) -> bytes:
    """Write the answer with the file of these tests."""
    return head(200, {"content-length": str(SIZE), **headers}) + body


async def check(client: AssistantsClient) -> None:
    """Read the file, and then a short answer."""
    assert await client.files.content("file_1") == BODY
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


ANSWERS: dict[str, tuple[bytes, bool]] = {
    "a length": (file_answer(), True),
    "1.0, kept": (file_answer(headers={"connection": "keep-alive"}).replace(b"HTTP/1.1", b"HTTP/1.0"), True),
    "1.0": (file_answer().replace(b"HTTP/1.1", b"HTTP/1.0"), False),
    "a length and a close": (file_answer(headers={"connection": "close"}), False),
    "hints first": (b"HTTP/1.1 103 Early Hints\r\ncontent-length: 7\r\n\r\n" + file_answer(), True),
    "chunks": (head(200, {"transfer-encoding": "chunked"}) + chunk(BODY) + b"0\r\n\r\n", True),
    "bytes behind it": (file_answer(BODY + b"HTTP/1.1 408"), False),
}


@pytest.mark.parametrize(("data", "kept"), ANSWERS.values(), ids=ANSWERS)
async def test_a_long_body_is_read(wire: Wire, client: AssistantsClient, data: bytes, kept: bool) -> None:
    """And the connection is kept where it can be."""
    wire.answer(data, NEXT, data, NEXT)
    await check(client)
    await check(client)
    assert (wire.connections == 1) is kept


async def test_a_long_body_that_breaks_is_read_up_to_there(wire: Wire, client: AssistantsClient) -> None:
    """The bytes before the break come before the error."""

    async def send(seen: Seen, peer: Peer) -> None:
        await peer.send(file_answer(BODY[:-100]))
        peer.finish()

    wire.answer(send, NEXT)
    got = 0
    with pytest.raises(ConnectionLostError, match="inside the body"):
        async with client.files.content("file_1").stream() as channel:
            async for piece in channel:
                got += len(piece)
    assert got == SIZE - 100
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


async def test_a_reader_that_leaves_a_long_body_ends_its_connection(wire: Wire, client: AssistantsClient) -> None:
    """What is left of the body is read by nobody."""
    wire.answer(file_answer(), NEXT)
    async with client.files.content("file_1").stream() as channel:
        got = 0
        while got < SIZE // 2:
            got += len(await anext(channel))
    await wire.until_open(0)
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


async def test_a_long_body_may_come_before_the_request_is_read(wire: Wire, client: AssistantsClient) -> None:
    """The rest of the request goes out meanwhile, and the next upload finds the connection ready."""
    body = json.dumps({**ANYTHING, "more": "a" * SIZE}).encode()

    async def send(seen: Seen, peer: Peer) -> None:
        await peer.send(head(200, {"content-length": str(len(body))}) + body[: SIZE // 2])
        await peer._reader.readexactly(int(seen.header("content-length") or 0))
        await peer.send(body[SIZE // 2 :])
        wire.early = False

    wire.early = True
    wire.answer(send, answer(FILE))
    await client.with_options(extra_body={"more": "a" * SIZE}).assistants.create(model="m")
    assert (await client.files.create(file=BODY, filename="a", purpose="assistants")).id == "file_1"
    assert wire.connections == 1


async def test_a_long_body_over_tls(wire: Wire) -> None:
    """Its pieces are the small ones of TLS."""
    authority = trustme.CA()
    inside, outside = (ssl.SSLContext(kind) for kind in (ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT))
    authority.issue_cert("localhost").configure_cert(inside)
    authority.configure_trust(outside)
    wire.answer(file_answer(), NEXT)
    async with listening(wire._accept, wire._tasks, inside) as port:
        base_url = f"https://localhost:{port}/v1"
        async with AssistantsClient(base_url=base_url, ssl=outside, api_key=KEY, transport="lean") as client:
            await check(client)
