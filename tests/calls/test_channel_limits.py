"""Limits of time, of memory and of connections, and what each leaves working."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
import zlib
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient, TimedOutError, Timeout
from assistants_async.errors import StreamEventError, StreamInterruptedError, StreamTruncatedError
from assistants_async.models.events import MessageDeltaEvent
from assistants_async.server import AssistantsServer, Say, ScriptedResponder
from tests.support.byte_server import RESET, STALL, Body, Gate, dumps
from tests.support.http_server import KEY, Peer, Seen, Wire, answer
from tests.support.run_events import DONE, ERROR, run_frames
from tests.support.steady_loop import MS

LINES = "application/x-ndjson"
JSON = "application/json"


def limited(wire: Wire, **limits: float | None) -> AssistantsClient:
    """A client with these limits."""
    return AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, timeout=Timeout(**limits))


async def test_t29_the_first_item_does_not_wait_for_the_second(wire: Wire, client: AssistantsClient) -> None:
    """The server stalls between two items: the first is there meanwhile, then exactly the second."""
    more = Gate()
    wire.answer(Body(b'{"id":"a"}', more, b'{"id":"b"}', kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        async with asyncio.timeout(2):
            assert (await anext(channel)).id == "a"
        await more.reached.wait()
        more.set()
        assert [item.id async for item in channel] == ["b"]


async def test_t30_a_slow_answer_within_the_limits_is_an_answer(wire: Wire) -> None:
    """A head and a body that come late, but in time."""

    async def late(seen: Seen, peer: Peer) -> None:
        await asyncio.sleep(20 * MS)
        await Body(pause, b'{"id":"a"}', kind=JSON)(seen, peer)

    async def pause(seen: Seen, peer: Peer) -> None:
        await asyncio.sleep(20 * MS)

    wire.answer(late)
    async with (
        limited(wire, head=2000 * MS, idle=2000 * MS) as client,
        client.threads.retrieve("t").stream() as channel,
    ):
        assert [item.id async for item in channel] == ["a"]


@pytest.mark.parametrize("phase", ["head", "idle", "total"])
async def test_t31_a_limit_that_passes_leaves_the_client_usable(wire: Wire, phase: str) -> None:
    """The error names the limit, and the next call goes through."""
    silent = Body(STALL, kind=JSON)

    async def mute(seen: Seen, peer: Peer) -> None:
        await peer.gone()

    wire.answer(mute if phase == "head" else silent, answer({"id": "t"}))
    limit: dict[str, float | None] = {"head": 30 * MS} if phase == "head" else {"idle": 30 * MS}
    if phase == "total":
        limit = {"stream": 30 * MS}
    async with limited(wire, **limit) as client:
        with pytest.raises(TimedOutError) as caught:
            async with client.threads.retrieve("t").stream() as channel:
                await anext(channel)
        error = caught.value
        assert (error.phase, error.limit) == (phase, 30 * MS)
        assert (error.status, error.is_long_poll) == ((None, False) if phase == "head" else (200, True))
        assert (await client.threads.retrieve("t")).id == "t"


def test_t32_streams_have_no_hidden_cap() -> None:
    """By default nothing limits a whole stream, and only silence ends it."""
    limits = Timeout()
    assert (limits.stream, limits.idle) == (None, 60.0)


async def test_t32_a_stream_outlives_the_limit_of_a_call(wire: Wire) -> None:
    """`timeout.total` is for calls that are no streams."""

    async def drip(seen: Seen, peer: Peer) -> None:
        for number in range(8):
            await asyncio.sleep(10 * MS)
            piece = b'{"id":"%d"}\n' % number
            await peer.send(b"%x\r\n%b\r\n" % (len(piece), piece))

    wire.answer(Body(drip, kind=LINES))
    async with (
        limited(wire, total=40 * MS, idle=2000 * MS) as client,
        client.threads.retrieve("t").stream() as channel,
    ):
        assert len([item async for item in channel]) == 8


@pytest.mark.parametrize("form", ["documents", "inside", "list", "bytes"])
async def test_t33_silence_after_an_item_is_a_long_poll_time_out(wire: Wire, form: str) -> None:
    """The item comes first; the error says that a head had come, and is no truncation: the body has not ended."""
    bodies = {
        "documents": Body(b'{"id":"a"}', STALL, kind=JSON),
        "inside": Body(b'{"id":"a"}{"id":', STALL, kind=JSON),
        "list": Body(b'{"data":[{"id":"a"}', STALL, kind=JSON),
        "bytes": Body(b"abc", STALL, kind=JSON),
    }
    wire.answer(bodies[form])
    async with limited(wire, idle=30 * MS) as client:
        makers: dict[str, Any] = {"list": client.threads.list, "bytes": lambda: client.files.content("f")}
        call = makers.get(form, lambda: client.threads.retrieve("t"))()
        async with call.stream() as channel:
            await anext(channel)
            with pytest.raises(TimedOutError) as caught:
                await anext(channel)
            assert channel.outcome == "failed"
        assert (caught.value.phase, caught.value.is_long_poll, caught.value.status) == ("idle", True, 200)
    await asyncio.wait_for(bodies[form].left.wait(), 30)


async def test_n14_thinking_is_not_silence(wire: Wire) -> None:
    """A reader that takes longer over an item than the idle limit gets the next one all the same."""
    more = asyncio.Event()
    wire.answer(Body(b'{"id":"a"}', more, b'{"id":"b"}', kind=JSON))
    async with limited(wire, idle=40 * MS) as client, client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
        await asyncio.sleep(120 * MS)
        asyncio.get_running_loop().call_later(10 * MS, more.set)
        assert (await anext(channel)).id == "b"


@pytest.mark.parametrize(("kind", "sign"), [(LINES, b"\n"), (JSON, b" "), ("text/event-stream", b": x\n\n")])
async def test_n15_signs_of_life_keep_a_stream_open(wire: Wire, kind: str, sign: bytes) -> None:
    """Blank lines, white space and comments reset the idle limit and are no items."""

    async def alive(seen: Seen, peer: Peer) -> None:
        for _ in range(10):
            await asyncio.sleep(20 * MS)
            await peer.send(b"%x\r\n%b\r\n" % (len(sign), sign))

    item = b'data: {"id":"a"}\n\n' if kind == "text/event-stream" else b'{"id":"a"}\n'
    wire.answer(Body(alive, item, kind=kind))
    async with limited(wire, idle=100 * MS) as client, client.threads.retrieve("t").stream() as channel:
        assert [item.id async for item in channel] == ["a"]


async def test_n17_nothing_is_sent_twice_on_a_new_connection(wire: Wire, client: AssistantsClient) -> None:
    """A create whose answer breaks off is one request, in the first item and behind it."""
    for steps in ([RESET], [run_frames("a")[0], RESET], [run_frames("a")[0][:9], RESET]):
        wire.answer(Body(*steps))
        async with client.runs.create("t", assistant_id="a").stream() as channel:
            with pytest.raises(StreamInterruptedError):
                await channel.until_done()
        assert len(wire.seen) == 1


async def test_n19_a_full_pool_fails_fast_and_clearly(wire: Wire) -> None:
    """With one connection and an open stream, a plain call waits no longer than `timeout.pool`."""
    wire.answer(Body(b'{"id":"a"}', STALL, kind=JSON), answer({"id": "t"}))
    limits = Timeout(pool=50 * MS)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=1, timeout=limits) as client:
        async with client.threads.retrieve("t").stream() as channel:
            await anext(channel)
            with pytest.raises(TimedOutError) as caught:
                await client.threads.retrieve("t")
            assert (caught.value.phase, caught.value.maybe_processed) == ("pool", False)
        assert (await client.threads.retrieve("t")).id == "t"


async def test_t85_four_ends_are_distinct(wire: Wire, client: AssistantsClient) -> None:
    """A drop between items, a drop inside one, an error inside a 200, and the reader's own close."""
    item = b'{"id":"a"}\n'
    bodies = {
        "between": Body(item, RESET, kind=LINES),
        "inside": Body(item, b'{"id":', RESET, kind=LINES),
        "error": Body(item, dumps({"error": ERROR}) + b"\n", kind=LINES),
        "closed": Body(item, STALL, kind=LINES),
    }
    outcomes: dict[str, tuple[str, str | None]] = {}
    for name, body in bodies.items():
        wire.answer(body)
        async with client.threads.retrieve("t").stream() as channel:
            assert (await anext(channel)).id == "a"
            failed: Exception | None = None
            if name == "closed":
                await channel.aclose()
            try:
                async for _ in channel:
                    pass
            except Exception as error:  # noqa: BLE001  # which one is the point
                failed = error
            outcomes[name] = (channel.outcome, type(failed).__name__ if failed else None)
    assert outcomes == {
        "between": ("failed", "ConnectionLostError"),
        "inside": ("failed", StreamTruncatedError.__name__),
        "error": ("failed", StreamEventError.__name__),
        "closed": ("closed", None),
    }


async def test_t70_an_endless_stream_is_closed_at_once(wire: Wire, client: AssistantsClient) -> None:
    """Take one, close: the server sees it within the bound, though it never stops sending."""

    async def endless(seen: Seen, peer: Peer) -> None:
        while True:
            await peer.send(b"b\r\n" + b'{"id":"a"}\n' + b"\r\n")
            await asyncio.sleep(0)

    body = Body(endless, kind=LINES)
    wire.answer(body)
    async with client.threads.retrieve("t").stream() as channel:
        assert (await anext(channel)).id == "a"
    async with asyncio.timeout(5):
        await wire.until_open(0)


async def test_t63_to_t68_items_are_typed_in_every_framing(wire: Wire, client: AssistantsClient) -> None:
    """Numbers from lines, strings cut inside a record, one object over two chunks, and a field of the wrong type."""
    wire.answer(Body(b"1\n2\n", b"3", kind=LINES))
    async with client.threads.retrieve("t").as_type(int).stream() as numbers:
        assert numbers.http.status == 200
        assert [number async for number in numbers] == [1, 2, 3]
    wire.answer(Body(b'\x1e"al', b'pha"\n\x1e"beta"\n', kind="application/json-seq"))
    async with client.threads.retrieve("t").as_type(str).stream() as texts:
        assert [text async for text in texts] == ["alpha", "beta"]
    wire.answer(Body(b'{"id":', b'"a"}{"id":"b"}', b'{"id":"c"}', kind=JSON))
    async with client.threads.retrieve("t").stream() as channel:
        assert [item.id async for item in channel] == ["a", "b", "c"]
    wire.answer(Body(b'{"a":1}', kind=JSON))
    async with client.threads.retrieve("t").as_type(dict).stream() as plain:
        assert [item async for item in plain] == [{"a": 1}]


async def test_t71_a_type_of_the_callers_own_is_for_its_call_alone(wire: Wire, client: AssistantsClient) -> None:
    """The next call of the same operation decodes as ever."""
    wire.answer(Body(b'{"id":"a"}', kind=JSON))
    async with client.threads.retrieve("t").as_type(dict).stream() as own:
        assert [item async for item in own] == [{"id": "a"}]
    async with client.threads.retrieve("t").stream() as channel:
        assert [type(item).__name__ async for item in channel] == ["Thread"]


async def test_t57_t58_a_trace_of_a_stream(wire: Wire, client: AssistantsClient) -> None:
    """The request with its body, the status line, and the stream's bytes as they are read."""
    log_lines: list[tuple[str, str]] = []
    wire.answer(Body(*run_frames("a"), DONE))
    call = client.runs.create("t", assistant_id="a").with_options(
        trace=lambda kind, text: log_lines.append((kind, text))
    )
    async with call.stream() as channel:
        await channel.until_done()
    assert any(kind == "TEXT" and text.startswith("200 OK") for kind, text in log_lines)
    assert [text for kind, text in log_lines if kind == "DATA OUT"] == ['{"assistant_id":"a","stream":true}']
    assert "".join(text for kind, text in log_lines if kind == "DATA IN").encode() == b"".join((*run_frames("a"), DONE))
    assert not any(KEY in text for _, text in log_lines)


async def test_n02_a_long_stream_does_not_grow(wire: Wire, client: AssistantsClient) -> None:
    """Memory after a hundred thousand items is what it was after a thousand."""
    piece = b'{"id":"%s"}\n' % (b"x" * 20) * 1000
    wire.answer(Body(*[piece] * 100, kind=LINES))
    sizes: list[int] = []
    async with client.threads.retrieve("t").stream() as channel:
        tracemalloc.start()
        try:
            async for _ in channel:
                if channel.items_delivered % 25_000 == 1000:
                    gc.collect()
                    sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
    assert channel.items_delivered == 100_000
    assert max(sizes) - sizes[0] < 2_000_000


async def test_n04_an_unread_item_costs_nothing(wire: Wire, client: AssistantsClient) -> None:
    """While an item lies unread no task of the client runs or exists."""
    wire.answer(Body(b'{"id":"a"}{"id":"b"}', STALL, kind=JSON))
    before = asyncio.all_tasks()
    async with client.threads.retrieve("t").stream() as channel:
        await anext(channel)
        assert {task for task in asyncio.all_tasks() - before if "Wire" not in repr(task)} <= set()
        clock = asyncio.get_running_loop().time
        turns, end = 0, clock() + 30 * MS
        while clock() < end:
            turns += 1
            await asyncio.sleep(5 * MS)
        assert turns <= 8
        assert (await anext(channel)).id == "b"


async def test_n31_an_unrequested_gzip(wire: Wire, client: AssistantsClient) -> None:
    """Events that a server compresses all the same are the same events, whole or cut."""

    packer = zlib.compressobj(wbits=31)
    data = packer.compress(b"".join([*run_frames("a"), DONE])) + packer.flush()
    wire.answer(Body(*(data[place : place + 40] for place in range(0, len(data), 40)), content_encoding="gzip"))
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        assert (await channel.final_run()).status == "completed"
    wire.answer(Body(data[: len(data) // 2], content_encoding="gzip"))
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        with pytest.raises(StreamInterruptedError):
            await channel.until_done()


# Against the embedded server


async def test_a_streamed_run_of_the_embedded_server() -> None:
    """Token by token, every view whole, and the same as polling finds afterwards."""
    async with AssistantsClient.local(responder=ScriptedResponder([Say("Hello there, wörld 😀!")])) as client:
        assistant = await client.assistants.create(model="m")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hi"}])
        async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
            deltas = [event async for event in channel if isinstance(event, MessageDeltaEvent)]
            final = await channel.final_run()
            messages = await channel.final_messages()
        assert len(deltas) > 3
        assert "".join(event.text for event in deltas) == "Hello there, wörld 😀!"
        assert await client.runs.retrieve(thread, final) == final
        listed = [message async for message in client.messages.list(thread, run_id=final.id)]
        assert tuple(listed) == messages
        steps = [step async for step in client.steps.list(thread, final)]
        assert tuple(steps) == channel.snapshot.steps


@pytest.mark.parametrize("chunk", [1, 7, 4096])
async def test_r05_the_embedded_servers_chunks_do_not_matter(chunk: int) -> None:
    """Cut into single bytes or coalesced, the text is the same."""
    responder = ScriptedResponder([Say("é😀 a b")])
    async with (
        AssistantsServer(responder=responder, chunk=chunk, pace=0.001) as server,
        AssistantsClient(base_url=server.base_url, api_key="k") as client,
    ):
        assistant = await client.assistants.create(model="m")
        async with client.threads.create_and_run(assistant_id=assistant.id).stream() as channel:
            assert "".join([text async for text in channel.text()]) == "é😀 a b"
            assert channel.snapshot.thread is not None


async def test_leaving_a_stream_does_not_end_the_run() -> None:
    """The run goes on at the server, and can be polled to its end."""
    async with AssistantsClient.local() as client:
        assistant = await client.assistants.create(model="m")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hi"}])
        async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
            await anext(channel)
            assert channel.run is not None
            run_id = channel.run.id
        async with asyncio.timeout(20):
            while not (await client.runs.retrieve(thread, run_id)).is_terminal:
                await asyncio.sleep(2 * MS)
        assert (await client.runs.retrieve(thread, run_id)).status == "completed"


async def test_many_streams_of_the_embedded_server_at_once() -> None:
    """Thirty runs on thirty threads, each with its own text."""
    async with AssistantsClient.local() as client:
        assistant = await client.assistants.create(model="m")

        async def one(number: int) -> str:
            thread = await client.threads.create(messages=[{"role": "user", "content": f"number {number}"}])
            async with client.runs.create(thread, assistant_id=assistant).stream() as channel:
                return "".join([text async for text in channel.text()])

        texts = await asyncio.gather(*(one(number) for number in range(30)))
    assert texts == [f"Echo: number {number}" for number in range(30)]


async def test_a_scope_of_anyio_around_a_view(wire: Wire, client: AssistantsClient) -> None:
    """`move_on_after` ends the reading and nothing else."""
    wire.answer(Body(*run_frames("a")[:8], STALL))
    got: list[str] = []
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        with anyio.move_on_after(30 * MS) as scope:
            async for text in channel.text():
                got.append(text)  # noqa: PERF401  # the loop is left by the scope
        assert scope.cancelled_caught
        assert got == ["a"]
        assert channel.outcome == "open"
