"""Rows 46 to 57: a run's events, cut, stalled, rewritten, or without end."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import pytest

from assistants_async import (
    AssistantsClient,
    ConnectionLostError,
    ItemDecodeError,
    ItemTooLargeError,
    RunEvent,
    ServerError,
    StreamEventError,
    StreamInterruptedError,
    TimedOutError,
    Timeout,
    UnknownEvent,
)
from assistants_async.testing.faults import FaultyServer
from assistants_async.testing.faults.bodies import ODD
from assistants_async.testing.faults.table import requested
from tests.support.faults import SOON, Ids, streamed, until_open
from tests.support.steady_loop import MS

pytestmark = pytest.mark.both_transports

BEGIN = ["thread.run.created", "thread.run.queued", "thread.run.in_progress"]


class Cut(NamedTuple):
    """A row of streams that break off: the events before it, the error, and its cause."""

    row: int
    text: str
    whole: int = 3
    kind: type[Exception] = StreamInterruptedError
    cause: type[Exception] | None = None


CUTS = (
    Cut(46, "sse_reset_between_events", cause=ConnectionLostError),
    Cut(46, "sse_reset_mid_event", cause=ConnectionLostError),
    Cut(46, "sse_fin_mid_event", cause=ConnectionLostError),
    Cut(46, "sse_content_length_short", 4),
    Cut(47, "sse_clean_end_early"),
    Cut(47, "sse_clean_end_mid_event"),
    Cut(47, "sse_empty", 0),
    Cut(49, "sse_error_event", kind=StreamEventError),
    Cut(49, "sse_error_nested", kind=StreamEventError),
    Cut(50, "sse_bad_json", kind=ItemDecodeError),
    Cut(50, "sse_invalid_utf8", kind=ItemDecodeError),
    Cut(53, "sse_stall", cause=TimedOutError),
    Cut(53, "sse_comments_only", 1, cause=TimedOutError),
    Cut(56, "sse_wrong_type", 0, ItemDecodeError),
)


@pytest.mark.parametrize("case", CUTS, ids=lambda case: f"row{case.row}-{case.text}")
async def test_a_stream_that_breaks_off(case: Cut, faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """The whole events before it are delivered, then one typed error; nothing is sent again, and no socket is left."""
    faulty.add(case.text)
    view = client.with_options(timeout=SOON) if case.cause is TimedOutError else client
    events, error = await streamed(view, ids)
    assert [event.event for event in events][:3] == BEGIN[: case.whole]
    assert len(events) == case.whole
    assert type(error) is case.kind
    assert len(faulty.seen) == 1
    if case.cause is not None:
        await until_open(faulty, 0)
    if isinstance(error, StreamInterruptedError):
        assert (error.run_id is not None, error.thread_id) == (bool(events), ids.thread if events else None)
        assert (error.items, error.last_event) == (case.whole, events[-1].event if events else None)
        assert (None if error.__cause__ is None else type(error.__cause__)) is case.cause
    if isinstance(error, StreamEventError):
        assert (error.message, error.type, error.code) == ("The model failed.", "server_error", "model_error")
    if isinstance(error, ItemDecodeError) and case.whole:
        assert "thread.run.in_progress" in str(error)


WELL = (
    *((48, name) for name in ("sse_no_done", "sse_after_done", "sse_done_then_open")),
    *((52, f"sse_{what}") for what in ("bytes_1", "cr", "crlf", "bom", "gzip", "content_length")),
)


@pytest.mark.parametrize(("row", "name"), WELL, ids=[f"row{row}-{name}" for row, name in WELL])
async def test_a_stream_that_is_whole_in_spite_of_it(
    row: int, name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """It gives the same events as one without a fault, and ends with them."""
    wanted, error = await streamed(client, ids)
    assert error is None
    faulty.add(name)
    got, error = await streamed(client, ids)
    assert error is None
    assert [event.event for event in got] == [event.event for event in wanted]
    assert (got[-1].event, len(got)) == ("thread.run.completed", 12)
    assert faulty.seen[-1].fault == name


@pytest.mark.parametrize("end", ["sse_reset_between_events", "sse_clean_end_mid_event", "sse_stall"])
async def test_an_interrupted_stream_goes_on_by_polling(
    end: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """With `recover=True`; the run is started once, and its text is whole."""
    faulty.add(end)
    view = client.with_options(timeout=Timeout(idle=150 * MS)) if end == "sse_stall" else client
    async with view.runs.create(ids.thread, assistant_id=ids.assistant).stream(recover=True) as channel:
        assert "".join([text async for text in channel.text()]) == "Echo: Hello"
    assert [seen.method for seen in faulty.seen].count("POST") == 1


async def test_row51_sse_unknown_event_is_delivered(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """As unknown, with its data."""
    faulty.add("sse_unknown_event")
    events, error = await streamed(client, ids)
    assert error is None
    assert isinstance(events[3], UnknownEvent)
    assert events[3].event == f"thread.{ODD}"


async def test_row51_sse_delta_before_created_is_survived(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """By every view: the text, and the message that it makes."""
    faulty.add("sse_delta_before_created")
    call = client.runs.create(ids.thread, assistant_id=ids.assistant)
    async with call.stream() as channel:
        assert "".join([text async for text in channel.text()]) == "Echo: Hello"
        assert [message.text for message in await channel.final_messages()] == ["Echo: Hello"]


async def test_row53_silent_streams_differ_by_their_limit(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """`sse_stall`, `sse_comments_only`: the error has the limit that passed, and the run under way."""
    for name, phase in (("sse_stall", "idle"), ("sse_comments_only", "total")):
        rule = faulty.add(name)
        _, error = await streamed(client.with_options(timeout=SOON), ids)
        assert isinstance(error, StreamInterruptedError)
        assert isinstance(error.__cause__, TimedOutError)
        assert error.__cause__.phase == phase
        assert error.run_id
        faulty.remove(rule)


async def test_row54_sse_endless_ends_when_it_is_left(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """Closing frees the socket at once, and the client goes on."""
    faulty.add("sse_endless")
    async with client.runs.create(ids.thread, assistant_id=ids.assistant).stream() as channel:
        async for _ in channel:
            if channel.items_delivered == 100:
                break
    async with asyncio.timeout(1000 * MS):
        await until_open(faulty, 0)
    assert await client.assistants.retrieve(ids.assistant)


async def test_row55_an_event_past_the_callers_cap(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """`sse_huge_line`, `sse_gzip_bomb`: little more than the cap is read."""
    for name in ("sse_huge_line", "sse_gzip_bomb"):
        rule = faulty.add(name)
        _, error = await streamed(client.with_options(max_item_bytes=2**20), ids)
        assert isinstance(error, ItemTooLargeError)
        assert error.limit == 2**20
        faulty.remove(rule)


async def test_row56_sse_status_is_sent_again_before_the_first_event(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """And only then: a run is started once."""
    rule = faulty.add("sse_status", times=2)
    events, error = await streamed(client, ids)
    assert (len(events), error, rule.played) == (12, None, 2)
    faulty.remove(rule)
    faulty.add("sse_status")
    events, error = await streamed(client, ids)
    assert isinstance(error, ServerError)
    assert (events, error.attempts) == ([], 3)


async def test_row56_sse_wrong_type_that_is_the_run_is_its_one_event(
    faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """Servers that cannot stream answer so; a run that was only queued is no whole stream."""
    faulty.add(requested("sse_wrong_type; as=run"))
    events, error = await streamed(client, ids)
    assert isinstance(error, StreamInterruptedError)
    assert error.run_id is not None
    assert [type(event) for event in events] == [RunEvent]


ENDS = {
    "sse_run_failed": "failed",
    "sse_requires_action": "requires_action",
    "sse_bad_tool_arguments": "requires_action",
}


@pytest.mark.parametrize("name", ENDS, ids=lambda name: f"row57-{name}")
async def test_a_run_that_does_not_complete(
    name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """Its end is delivered, and no error."""
    faulty.add(name)
    events, error = await streamed(client, ids)
    assert error is None
    last = events[-1]
    assert isinstance(last, RunEvent)
    assert (last.event, last.data.status) == (f"thread.run.{ENDS[name]}", ENDS[name])
    if ENDS[name] == "failed":
        assert last.data.last_error is not None
        assert last.data.last_error.code == "server_error"


async def test_row57_bad_arguments_are_text(faulty: FaultyServer, client: AssistantsClient, ids: Ids) -> None:
    """Until somebody who calls a function with them has checked them."""
    for name, wanted in (("sse_requires_action", '{"key":"a"}'), ("sse_bad_tool_arguments", '{"key":')):
        rule = faulty.add(name)
        async with client.runs.create(ids.thread, assistant_id=ids.assistant).stream() as channel:
            run = await channel.final_run()
        assert run.needs_action
        assert run.required_action is not None
        assert run.required_action.submit_tool_outputs is not None
        (call,) = run.required_action.submit_tool_outputs.tool_calls
        assert call.to_dict()["function"] == {"name": "lookup", "arguments": wanted}
        faulty.remove(rule)
        await client.runs.cancel(ids.thread, run.id).with_options(raise_for_status=False)


@pytest.mark.parametrize("name", ["sse_stall", "sse_bytes_1", "sse_cr", "sse_comments_only", "sse_wrong_type"])
async def test_other_answers_are_left_alone(
    name: str, faulty: FaultyServer, client: AssistantsClient, ids: Ids
) -> None:
    """A fault of streams changes no other answer."""
    faulty.add(name)
    assert (await client.assistants.retrieve(ids.assistant)).name == "Ada"
