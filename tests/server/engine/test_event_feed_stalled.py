"""Readers that do not read: what waits for them is bounded by the text, and the run goes on."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from assistants_async.server import Action, AssistantsServer, Ended, Piece, Turn
from assistants_async.server.engine.event_feed import EventFrames
from assistants_async.server.storage.batch import Batch
from assistants_async.server.storage.interface import Changes, Event, Key, Write
from tests.support.stores import ENGINES, run_of, word
from tests.support.talk import path_of, talking

WORDS, WORD = 20_000, "a word, "


@pytest.mark.parametrize("engine", ENGINES)
async def test_what_waits_for_a_reader_is_the_text(engine: str, tmp_path: Path) -> None:
    """Words that were written one by one come in few frames, whichever store keeps them: no 5 MB of frames wait."""
    async with ENGINES[engine](tmp_path) as store:
        batch = Batch(store)
        batch.put("run", run_of("a"), "t")
        batch.emit("a", [Event("thread.run.created", "run", run_of("a"))])
        await batch.commit()
        claim = await store.claim("w", 0.0)
        assert claim is not None
        follower = store.follow("a", 0)
        for number in range(WORDS // 500):
            await store.commit(Changes(claim, number + 1, events={"a": [word(WORD)] * 500}))
        end = Event("thread.run.completed", "run", run_of("a", "t", "completed"))
        last = {Key("run", "t", "a"): Write(end.document)}
        await store.commit(Changes(claim, WORDS, writes=last, events={"a": [end]}))
        one = len(EventFrames("v2").frame(word(WORD)))
        pieces = [piece async for piece in EventFrames("v2").pieces(follower, None, 60.0)]
        follower.close()
    frames = b"".join(pieces).split(b"\n\n")
    text = "".join(_text_of(frame) for frame in frames)
    assert text == WORD * WORDS
    assert sum(map(len, pieces)) < 4 * len(text) < one * WORDS / 4


def _text_of(frame: bytes) -> str:
    if not frame.startswith(b"event: thread.message.delta"):
        return ""
    (part,) = json.loads(frame.split(b"data: ", 1)[1])["delta"]["content"]
    return str(part["text"]["value"])


async def test_a_reader_that_never_reads() -> None:
    """Its run ends all the same, and less than 8 MiB of the answer wait for it in the server."""
    pieces = 100_000

    async def respond(_turn: Turn) -> AsyncIterator[Action]:
        for number in range(pieces):
            yield Piece("a word, ")
            if number % 1000 == 0:
                await asyncio.sleep(0)  # as a model's connection would
        yield Ended()

    async with talking(responder=respond) as talk:
        body = json.dumps(await talk.ask("hello", stream=True)).encode()
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            reader.setblocking(False)
            port = int(talk.server.base_url.split(":")[2].split("/")[0])
            await asyncio.get_running_loop().sock_connect(reader, ("127.0.0.1", port))
            head = (
                b"POST /v1/threads/runs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
                b"openai-beta: assistants=v2\r\ncontent-length: %d\r\n\r\n" % len(body)
            )
            await asyncio.get_running_loop().sock_sendall(reader, head + body)
            while not (threads := (await talk.get("/threads"))["data"]):
                await asyncio.sleep(0)
            (run,) = (await talk.get(f"/threads/{threads[0]['id']}/runs"))["data"]
            ended = await talk.until({"id": run["id"], "thread_id": threads[0]["id"]}, "completed", "failed")
            assert ended["status"] == "completed"
            assert 0 < _queued(talk.server) < 8 * 2**20
        assert (await talk.get(path_of(ended)))["status"] == "completed"


def _queued(server: AssistantsServer) -> int:
    """The bytes that wait in the server's connections."""
    assert server._runner is not None
    assert isinstance(server._runner.server, web.Server)
    transports = [connection.transport for connection in server._runner.server.connections]
    return sum(
        transport.get_write_buffer_size() for transport in transports if isinstance(transport, asyncio.Transport)
    )
