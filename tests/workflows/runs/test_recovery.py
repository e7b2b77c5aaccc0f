"""`recover=True`: a stream that is cut goes on by polling, every text exactly once, and no second run."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, ClientClosedError, ServerError, Timeout
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.errors import StreamEventError, StreamInterruptedError
from assistants_async.models.events import StreamEvent
from assistants_async.workflows.runs.call import RunChannel
from tests.support.byte_server import CLOSE, RESET, STALL, Body, Step, frame
from tests.support.http_server import KEY, Peer, Seen, Wire, answer, failure
from tests.support.run_events import DONE, ERROR, TEXT, delta, message, names, page, payload, run, run_frames, step
from tests.support.steady_loop import MS

WHOLE = "".join(TEXT)
FRAMES = run_frames(*TEXT)


class Polled:
    """A server whose stream is a script, and whose run, steps and messages are what polling finds."""

    def __init__(
        self,
        *steps: Step,
        run: dict[str, Any] | None = None,
        steps_found: list[dict[str, Any]] | None = None,
        messages: list[dict[str, Any]] | None = None,
        pending: int = 0,
    ) -> None:
        self.body = Body(*steps)
        self.run: dict[str, Any] = run or {**_RUN}
        self.steps = [step("completed")] if steps_found is None else steps_found
        self.messages = [message("completed", WHOLE)] if messages is None else messages
        self.pending = pending
        self.posts = 0
        self.polls = 0

    async def __call__(self, seen: Seen, peer: Peer) -> None:
        """Answer one request."""
        if seen.method == "POST":
            self.posts += 1
            await self.body(seen, peer)
        elif seen.path.endswith("/steps"):
            await peer.send(answer_page(self.steps))
        elif seen.path.endswith("/messages"):
            wanted = seen.query.get("run_id")
            found = [one for one in self.messages if wanted in (None, one["run_id"])]
            await peer.send(answer_page(found[::-1] if seen.query.get("order") == "desc" else found))
        else:
            self.polls += 1
            shown = self.run if self.polls > self.pending else run("in_progress")
            await peer.send(answer(shown, openai_poll_after_ms="1"))


_RUN = run("completed", usage={"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3})


def answer_page(items: list[dict[str, Any]]) -> bytes:
    """A page as an HTTP answer."""
    body = page(*items)
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


def start(client: AssistantsClient, **options: Any) -> RunChannel:
    """The stream of a new run that recovers."""
    return client.runs.create("thread_1", assistant_id="asst_1").with_options(**options).stream(recover=True)


def text_of(events: list[StreamEvent]) -> str:
    """The text that the deltas of events make."""
    return "".join(getattr(event, "text", "") for event in events)


def broken() -> list[tuple[str, list[Step]]]:
    """The recorded run cut at each boundary of its frames and inside each, by a reset, a close and a clean end."""
    cases: list[tuple[str, list[Step]]] = []
    for place, one in enumerate(FRAMES):
        if place:
            way: Step = (RESET, CLOSE, b": \n")[place % 3]
            cases.append((f"before-{place}", [*FRAMES[:place], way]))
            cases.append((f"inside-{place}", [*FRAMES[:place], one[: len(one) // 2], way]))
            cases.append((f"end-of-{place}", [*FRAMES[:place], one[:-1], way]))
    return cases


@pytest.mark.parametrize(("steps"), [steps for _, steps in broken()], ids=[name for name, _ in broken()])
async def test_recover_gives_the_missed_events_of_any_cut(
    wire: Wire, client: AssistantsClient, steps: list[Step]
) -> None:
    """The text is whole and nothing of it twice, the run ends as it did, and one POST was sent."""
    server = Polled(*steps, pending=2)
    wire.answer(server)
    async with start(client) as channel:
        events = [event async for event in channel]
        assert channel.run == (await channel.final_run())
        assert channel.run is not None
        assert (channel.run.status, channel.outcome) == ("completed", "completed")
        assert channel.items_delivered == len(events)
        assert [one.text for one in channel.snapshot.messages] == [WHOLE]
        assert channel.http.content_type == "text/event-stream"
    assert text_of(events) == WHOLE
    assert events[-1].event == "thread.run.completed"
    happened = [event.event for event in events]
    for once in ("thread.message.created", "thread.message.completed", "thread.run.step.completed"):
        assert happened.count(once) == 1
    assert server.posts == 1


@pytest.mark.parametrize("view", ["text", "messages", "steps"])
async def test_recover_works_in_every_view(wire: Wire, client: AssistantsClient, view: str) -> None:
    """Text once, each message once, each step once, cut in the middle of the text."""
    wire.answer(Polled(*FRAMES[:9], RESET))
    async with start(client) as channel:
        got = [item async for item in getattr(channel, view)()]
    expected: dict[str, Any] = {"text": [*TEXT[:2], "".join(TEXT[2:])], "messages": ["msg_1"], "steps": ["step_1"]}
    assert [getattr(item, "id", item) for item in got] == expected[view]


async def test_a_stream_that_is_not_cut_is_not_polled(wire: Wire, client: AssistantsClient) -> None:
    """A whole stream is the same with `recover` and without."""
    server = Polled(*FRAMES, DONE)
    wire.answer(server)
    async with start(client) as channel:
        assert names(FRAMES) == [event.event async for event in channel]
    assert (server.posts, server.polls) == (1, 0)


async def test_without_recover_a_cut_is_an_error(wire: Wire, client: AssistantsClient) -> None:
    """The client sends nothing on its own."""
    server = Polled(*FRAMES[:9], RESET)
    wire.answer(server)
    async with client.runs.create("t", assistant_id="a").stream() as channel:
        with pytest.raises(StreamInterruptedError):
            await channel.until_done()
    assert (server.posts, server.polls) == (1, 0)


async def test_a_cut_before_the_run_is_known_cannot_be_recovered(wire: Wire, client: AssistantsClient) -> None:
    """Without a run event there is no run to ask for, and the error says so by its empty id."""
    for first in ((), (frame("thread.created", payload("thread.created")),), (FRAMES[0][:-1],)):
        server = Polled(*first, RESET)
        wire.answer(server)
        async with start(client) as channel:
            with pytest.raises(StreamInterruptedError) as caught:
                await channel.until_done()
        assert (caught.value.run_id, server.polls, server.posts) == (None, 0, 1)


@pytest.mark.parametrize("status", ["failed", "cancelled", "expired", "incomplete", "requires_action"])
async def test_recover_ends_as_the_run_did(wire: Wire, client: AssistantsClient, status: str) -> None:
    """Any end of the run is the last event; an unfinished message is given as incomplete."""
    half = message("incomplete", "Hello wö")
    wire.answer(Polled(*FRAMES[:9], RESET, run=run(status), steps_found=[step("in_progress")], messages=[half]))
    async with start(client) as channel:
        events = [event async for event in channel]
    assert [event.event for event in events[9:]] == [
        "thread.message.delta",
        "thread.message.incomplete",
        f"thread.run.{status}",
    ]
    assert text_of(events) == "Hello wö"


async def test_recover_of_several_messages_and_parts(wire: Wire, client: AssistantsClient) -> None:
    """Messages given whole, in part and not at all, with text in several parts around an image: each text once."""
    parts = [
        {"type": "text", "text": {"value": "ab", "annotations": []}},
        {"type": "image_file", "image_file": {"file_id": "file_1"}},
        {"type": "text", "text": {"value": "cd", "annotations": []}},
    ]
    found = [
        message("completed", "one", "msg_1"),
        {**message("completed", id="msg_2"), "content": parts},
        message("completed", "three", "msg_3"),
        {**message("completed", "another run's", "msg_9"), "run_id": "run_0"},
    ]
    frames = [
        *FRAMES[:3],
        frame("thread.message.completed", found[0]),
        frame("thread.message.delta", delta("a", "msg_2")),
    ]
    wire.answer(Polled(*frames, RESET, messages=found))
    async with start(client) as channel:
        assert [text async for text in channel.text()] == ["one", "a", "bcd", "three"]
        assert [(one.id, one.text) for one in channel.snapshot.messages] == [
            ("msg_1", "one"),
            ("msg_2", "abcd"),
            ("msg_3", "three"),
        ]
        assert len(channel.snapshot.messages[1].content) == 3


async def test_recover_puts_the_rest_into_its_part(wire: Wire, client: AssistantsClient) -> None:
    """The delta of the missed text has the indexes of the parts, so that other readers' snapshots are right."""
    parts = [{"type": "text", "text": {"value": value}} for value in ("ab", "cd", "ef")]
    found = {**message("completed"), "content": parts}
    wire.answer(Polled(*FRAMES[:7], frame("thread.message.delta", delta("abc")), RESET, messages=[found]))
    async with start(client) as channel:
        events = [event async for event in channel]
    (rest,) = [event for event in events[8:] if event.event == "thread.message.delta"]
    data: Any = rest.data
    assert [(part.index, part.text.value) for part in data.delta.content] == [(1, "d"), (2, "ef")]


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_recover_in_both_protocols(wire: Wire, protocol: ProtocolVersion) -> None:
    """Version 1 cannot filter messages by run: the list is read back to the run's start, and no further."""
    older = [{**message("completed", "old", f"msg_old{n}"), "run_id": None, "created_at": 1} for n in range(3)]
    server = Polled(*FRAMES[:9], RESET, messages=[*older, message("completed", WHOLE)])
    wire.answer(server)
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY, protocol=protocol) as client,
        start(client) as channel,
    ):
        assert "".join([text async for text in channel.text()]) == WHOLE
    listed = [seen.query for seen in wire.seen if seen.path.endswith("/messages")]
    assert [query.get("run_id") for query in listed] == ["run_1" if protocol == "v2" else None]
    assert server.posts == 1


async def test_recover_from_servers_that_leave_things_out(wire: Wire, client: AssistantsClient) -> None:
    """Steps and messages without a status count as finished."""
    bare_step = {"id": "step_7", "object": "thread.run.step"}
    bare = {key: value for key, value in message("completed", WHOLE).items() if key != "status"}
    wire.answer(Polled(*FRAMES[:3], RESET, steps_found=[bare_step], messages=[bare]))
    async with start(client) as channel:
        events = [event async for event in channel]
    assert [event.event for event in events[3:]] == [
        "thread.run.step.completed",
        "thread.message.created",
        "thread.message.delta",
        "thread.message.completed",
        "thread.run.completed",
    ]


async def test_an_error_event_is_not_recovered_from(wire: Wire, client: AssistantsClient) -> None:
    """The server named its failure; polling would hide it."""
    server = Polled(*FRAMES[:9], frame("error", ERROR))
    wire.answer(server)
    async with start(client) as channel:
        with pytest.raises(StreamEventError):
            await channel.until_done()
    assert server.polls == 0


async def test_a_silent_stream_is_recovered_from(wire: Wire, client: AssistantsClient) -> None:
    """The idle limit passes, the stream is let go, and polling finds the rest."""
    server = Polled(*FRAMES[:9], STALL)
    wire.answer(server)
    async with start(client, timeout=Timeout(idle=30 * MS)) as channel:
        assert "".join([text async for text in channel.text()]) == WHOLE
    assert server.body.left.is_set()
    assert server.posts == 1


async def test_recovery_that_fails_is_still_an_interruption(wire: Wire, client: AssistantsClient) -> None:
    """The run's id stays on the error, and its cause is what polling came to."""
    post = Body(*FRAMES[:9], RESET)
    wire.answer(post, failure(500, "down"))
    async with start(client) as channel:
        with pytest.raises(StreamInterruptedError, match=r"the stream broke off, and then: .*down") as caught:
            await channel.until_done()
        assert channel.outcome == "failed"
        with pytest.raises(StopAsyncIteration):
            await anext(channel)
    assert (caught.value.run_id, caught.value.items) == ("run_1", 9)
    assert isinstance(caught.value.__cause__, ServerError)


async def test_a_run_that_never_ends_is_given_up(wire: Wire, client: AssistantsClient) -> None:
    """At the time of a call (`timeout.total`) the interruption is raised after all."""
    wire.answer(Polled(*FRAMES[:9], RESET, pending=10**9))
    async with start(client, timeout=Timeout(total=50 * MS)) as channel:
        with pytest.raises(StreamInterruptedError, match="was still in_progress") as caught:
            await channel.until_done()
    assert (caught.value.run_id, caught.value.thread_id) == ("run_1", "thread_1")


async def test_r11_a_cancelled_recovery_begins_anew(wire: Wire, client: AssistantsClient) -> None:
    """Time-outs around reads while it polls lose no event and send no second POST."""
    server = Polled(*FRAMES[:9], RESET, pending=10**9)
    wire.answer(server)
    events: list[StreamEvent] = []
    async with start(client) as channel:
        for _ in range(9):
            events.append(await anext(channel))  # noqa: PERF401  # the tenth would wait
        for _ in range(4):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(10 * MS):
                    await anext(channel)
        server.pending = 0
        events += [event async for event in channel]
    assert text_of(events) == WHOLE
    assert events[-1].event == "thread.run.completed"
    assert server.posts == 1


async def test_r09_closing_ends_a_recovery_that_waits(wire: Wire, client: AssistantsClient) -> None:
    """From another task, between polls or in one: the read ends as if nothing followed, and polling stops."""
    server = Polled(*FRAMES[:9], RESET, pending=10**9)
    wire.answer(server)
    async with start(client) as channel:
        waiting = asyncio.ensure_future(channel.until_done())
        while server.polls < 2:
            await asyncio.sleep(MS)
        await channel.aclose()
        await asyncio.wait_for(waiting, 30)
        polls = server.polls
        await asyncio.sleep(10 * MS)
        assert server.polls <= polls + 1
        with pytest.raises(StopAsyncIteration):
            await anext(channel)


async def test_r22_the_client_closes_under_a_recovery(wire: Wire) -> None:
    """It ends with `ClientClosedError`."""
    server = Polled(*FRAMES[:9], RESET, pending=10**9)
    wire.answer(server)
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    async with start(client) as channel:
        waiting = asyncio.ensure_future(channel.until_done())
        while server.polls < 2:
            await asyncio.sleep(MS)
        await client.close()
        with pytest.raises(ClientClosedError):
            await asyncio.wait_for(waiting, 30)


async def test_r21_a_second_reader_of_a_recovery_is_refused(wire: Wire, client: AssistantsClient) -> None:
    """As in any other stream."""
    server = Polled(FRAMES[0], RESET, pending=10**9)
    wire.answer(server)
    async with start(client) as channel:
        waiting = asyncio.ensure_future(channel.until_done())
        while not server.polls:
            await asyncio.sleep(MS)
        with pytest.raises(RuntimeError, match="another task is reading"):
            await anext(channel)
        await channel.aclose()
        await waiting
