"""Metrics: calls, retries, durations, open connections, and the tokens of each run once."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, RunCall
from assistants_async.server import AssistantsServer, Say, ScriptedResponder
from tests.support.http_server import KEY, RUN, Memory, Wire, answer, failure, head, then_silent
from tests.support.spans import Kept
from tests.support.steady_loop import MS


async def test_calls_are_counted_by_operation(wire: Wire) -> None:
    """Those that fail with the class of their error; by no id, which would make a series of each call."""
    kept = Kept()
    wire.answer(failure(404), answer(RUN))
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, telemetry=kept.telemetry) as client:
        with pytest.raises(Exception, match="404"):
            await client.runs.retrieve("thread_1", "run_1")
        for number in range(3):
            await client.runs.retrieve("thread_1", f"run_{number}")
    points = {attributes.get("error.type"): value for attributes, value in kept.points("assistants_async.calls")}
    assert points == {"NotFoundError": 1, None: 3}
    names = {name for attributes, _ in kept.points("gen_ai.client.operation.duration") for name in attributes}
    expected = {"gen_ai.operation.name", "gen_ai.provider.name", "server.address", "server.port", "error.type"}
    assert names == expected


async def use(client: AssistantsClient, call: RunCall, form: str) -> Run:
    """Take a run to its end in one of the forms."""
    match form:
        case "drive":
            return (await call.drive()).run
        case "poll":
            return await call.poll()
        case "stream":
            async with call.stream() as channel:
                return await channel.final_run()
        case _:
            run = await call
            while not run.is_terminal:
                run = await client.runs.retrieve(run.thread_id or "", run)
            return run


@pytest.mark.parametrize("form", ["drive", "poll", "stream", "by hand"])
async def test_the_tokens_of_a_run_are_counted_once(form: str) -> None:
    """However it was waited for, and however often it is looked up afterwards."""
    kept = Kept()
    async with (
        AssistantsServer(responder=ScriptedResponder([Say("one two three")]), pace=MS) as server,
        AssistantsClient(base_url=server.base_url, api_key=KEY, telemetry=kept.telemetry) as client,
    ):
        assistant = await client.assistants.create(model="m")
        thread = await client.threads.create(messages=[{"role": "user", "content": "hi"}])
        run = await use(client, client.runs.create(thread, assistant_id=assistant), form)
        await client.runs.retrieve(thread, run)
        await client.runs.wait(thread, run)
        usage = await client.usage(thread)
    points = {attributes["gen_ai.token.type"]: value for attributes, value in kept.points("gen_ai.client.token.usage")}
    assert points == {"input": usage.prompt_tokens, "output": usage.completion_tokens}


async def test_the_tokens_of_others_runs_are_not_counted(wire: Wire) -> None:
    """A run that had ended when it was first seen was somebody else's, or this client's of long ago."""
    kept = Kept()
    old = {**RUN, "status": "completed", "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}}
    wire.answer(answer(old))
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, telemetry=kept.telemetry) as client:
        await client.runs.retrieve("thread_1", "run_1")
    assert kept.points("gen_ai.client.token.usage") == []


async def test_usage_may_be_in_part() -> None:
    """As some servers have it, or not at all."""
    kept = Kept()
    for usage in (None, {"prompt_tokens": 5}):
        body = answer({**RUN, "status": "completed", "usage": usage})
        async with AssistantsClient(api_key=KEY, transport=Memory(body), telemetry=kept.telemetry) as client:
            await client.runs.create("thread_1", assistant_id="asst_1")
    assert [value for _, value in kept.points("gen_ai.client.token.usage")] == [5]


def connections(kept: Kept) -> dict[Any, Any]:
    """The open connections by state."""
    points = kept.points("http.client.open_connections")
    return {attributes["http.connection.state"]: value for attributes, value in points}


async def test_open_connections_are_counted(wire: Wire) -> None:
    """Those of all clients of a server together, and none of a client that is closed."""
    kept = Kept()
    wire.answer(answer(RUN))
    streamed = then_silent(head(200, {"content-type": "text/event-stream"}))
    async with (
        AssistantsClient(base_url=wire.base_url, api_key=KEY, telemetry=kept.telemetry) as first,
        AssistantsClient(base_url=wire.base_url, api_key=KEY, telemetry=kept.telemetry) as second,
    ):
        await first.runs.retrieve("thread_1", "run_1")
        assert connections(kept) == {"active": 0, "idle": 1}
        await second.runs.retrieve("thread_1", "run_1")
        wire.answer(streamed)
        async with second.runs.create("thread_1", assistant_id="asst_1").stream():
            assert connections(kept) == {"active": 1, "idle": 1}
    assert set(connections(kept).values()) <= {0}


async def test_other_transports_are_not_counted() -> None:
    """The number of their open connections is unknown."""
    kept = Kept()
    async with AssistantsClient(api_key=KEY, transport=Memory(answer(RUN)), telemetry=kept.telemetry) as client:
        await client.runs.retrieve("thread_1", "run_1")
        assert connections(kept) == {}


async def test_a_client_that_is_gone_is_not_counted(wire: Wire) -> None:
    """The instrument keeps none alive."""
    kept = Kept()
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, telemetry=kept.telemetry)
    session = weakref.ref(client._context.session)
    del client
    gc.collect()
    assert session() is None
    assert connections(kept) == {}
