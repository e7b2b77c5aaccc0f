"""`drive` where streams are cut, missing or silent, and where submissions fail."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import (
    AssistantsClient,
    BadRequestError,
    RunDeadlineError,
    ServerError,
    StreamInterruptedError,
    TimedOutError,
    Timeout,
)
from assistants_async.tools import Toolbox
from tests.support.byte_server import RESET, STALL, Body, frame
from tests.support.drives import start
from tests.support.embedded import TOOLS, Server, listed, required_calls
from tests.support.http_server import Wire, failure, silent
from tests.support.run_events import DONE, TEXT, message, run, run_frames, step
from tests.support.steady_loop import MS

WHOLE = "".join(TEXT)


# Servers that stream badly, or not at all


def server_of(wire: Wire, *frames: Any, **more: list[Any]) -> Server:
    """A server whose stream of a new run is made of these frames, and which can be polled for the rest."""
    more.setdefault("get", [run("in_progress"), run("completed", usage={"total_tokens": 3})])
    more.setdefault("steps", [listed(step("completed"))])
    more.setdefault("messages", [listed(message("completed", WHOLE))])
    return Server(wire, create=[Body(*frames)], **more)


@pytest.mark.parametrize("place", range(1, 14))
async def test_a_stream_that_is_cut_is_polled_on(wire: Wire, client: AssistantsClient, place: int) -> None:
    """Once the run is known; the text comes once, whole, and no second run is made."""
    server = server_of(wire, *run_frames(*TEXT)[:place], RESET)
    async with start(client) as channel:
        assert "".join([text async for text in channel.text()]) == WHOLE
        result = await channel.result()
    assert (result.text, [step.id for step in result.steps], result.run.status) == (WHOLE, ["step_1"], "completed")
    assert (server.polls, wire.seen[0].json["stream"]) == (2, True)
    assert sum(seen.method == "POST" for seen in wire.seen) == 1


async def test_a_stream_that_is_cut_before_its_run(wire: Wire, client: AssistantsClient) -> None:
    """Nobody knows which run it was: that is the error."""
    server_of(wire, b": hello\n\n", RESET)
    with pytest.raises(StreamInterruptedError) as caught:
        await start(client)
    assert caught.value.run_id is None


async def test_a_stream_without_a_run(wire: Wire, client: AssistantsClient) -> None:
    """It ends in the proper way, but has no run."""
    server_of(wire, DONE)
    with pytest.raises(StreamInterruptedError, match="no run event"):
        await start(client)


async def test_a_server_that_does_not_stream(wire: Wire, client: AssistantsClient) -> None:
    """It answers with the run, which is polled."""
    server = Server(
        wire,
        create=[run("queued")],
        get=[run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}'))), run("completed")],
        submit=[run("queued")],
        steps=[listed(), listed(step("completed"))],
        messages=[listed(), listed(message("completed", "3"))],
    )
    result = await start(client, TOOLS)
    assert (result.text, result.rounds) == ("3", 1)
    assert server.outputs == [[{"tool_call_id": "c1", "output": "3"}]]


async def test_a_server_that_does_it_all_before_it_answers(wire: Wire, client: AssistantsClient) -> None:
    """The answer is the run at its end; its messages are looked up."""
    for stream in (True, False):
        Server(wire, create=[run("completed")], steps=[listed()], messages=[listed(message("completed", "hi"))])
        assert (await start(client, stream=stream)).text == "hi"


async def test_a_submission_whose_answer_is_lost(wire: Wire, client: AssistantsClient) -> None:
    """The run shows a submission that was taken; otherwise the same outputs are sent, and no tool is called twice."""
    called: list[str] = []

    def note(city: str) -> str:
        called.append(city)
        return city

    waiting = run("requires_action", required_action=required_calls(("c1", "note", '{"city":"x"}')))
    lost = failure(500, "lost", retry_after_ms="1")
    common: dict[str, Any] = {"steps": [listed()], "messages": [listed()]}
    server = Server(wire, create=[waiting], submit=[lost, run("completed")], get=[waiting], **common)
    assert (await start(client, Toolbox([note]), stream=False)).rounds == 1
    assert server.outputs == [[{"tool_call_id": "c1", "output": "x"}]] * 2
    server = Server(wire, create=[waiting], submit=[lost], get=[run("completed")], **common)
    assert (await start(client, Toolbox([note]), stream=False)).rounds == 1
    assert len(server.outputs) == 1
    taken = failure(400, "taken", retry_after_ms="1")
    Server(wire, create=[waiting], submit=[lost, taken], get=[waiting, run("completed")], **common)
    assert (await start(client, Toolbox([note]), stream=False)).rounds == 1
    Server(wire, create=[waiting], submit=[taken], get=[waiting])
    with pytest.raises(BadRequestError, match="taken"):  # the first time, it is a refusal like any other
        await start(client, Toolbox([note]), stream=False)
    assert called == ["x"] * 4


async def test_submissions_that_fail_once_in_each_round(wire: Wire, client: AssistantsClient) -> None:
    """Each round has its own tries: in a long run, failures that pass do not add up."""
    rounds = [
        run("requires_action", required_action=required_calls(("c", "add", f'{{"a":{n},"b":0}}'))) for n in range(8)
    ]
    lost = failure(500, "lost", retry_after_ms="1")
    server = Server(
        wire,
        create=[rounds[0]],
        submit=[each for after in [*rounds[1:], run("completed")] for each in (lost, after)],
        get=[*rounds],
        steps=[listed()],
        messages=[listed()],
    )
    assert (await start(client, TOOLS, stream=False)).rounds == 8
    assert len(server.outputs) == 16


async def test_a_submission_that_others_sent(wire: Wire, client: AssistantsClient) -> None:
    """It is refused, and the run goes on: so does the drive."""
    waiting = run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}')))
    common: dict[str, Any] = {"steps": [listed()], "messages": [listed(message("completed", "3"))]}
    for stream in (True, False):
        server = Server(
            wire, create=[waiting], submit=[failure(400, "sent")], get=[run("in_progress"), run("completed")], **common
        )
        assert (await start(client, TOOLS, stream=stream)).text == "3"
        assert len(server.outputs) == 1


async def test_a_submission_whose_stream_says_nothing(wire: Wire, client: AssistantsClient) -> None:
    """The state before it is not taken for the state after it: the run is requested."""
    waiting = run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}')))
    server = server_of(
        wire,
        frame("thread.run.created", run("queued")),
        frame("thread.run.requires_action", waiting),
        DONE,
        submit=[Body(DONE)],
    )
    assert (await start(client, TOOLS)).text == WHOLE
    assert len(server.outputs) == 1


async def test_a_step_that_the_server_never_ends(wire: Wire, client: AssistantsClient) -> None:
    """It is in the result all the same, as it was at the run's end."""
    Server(wire, create=[run("cancelled")], steps=[listed(step("in_progress"))], messages=[listed()])
    result = await start(client, stream=False, raise_on=())
    assert [step.status for step in result.steps] == ["in_progress"]


async def test_a_submission_that_goes_on_failing(wire: Wire, client: AssistantsClient) -> None:
    """After five more tries it is the error; the run is left, to be resumed."""
    waiting = run("requires_action", required_action=required_calls(("c1", "add", '{"a":1,"b":2}')))
    server = Server(wire, create=[waiting], submit=[failure(500, "down", retry_after_ms="1")], get=[waiting])
    with pytest.raises(ServerError, match="down") as caught:
        await start(client, TOOLS, stream=False)
    assert (len(server.outputs), server.cancels) == (6, 0)
    assert "was requires_action, and was left so" in caught.value.__notes__[-1]


async def test_ids_that_begin_anew_in_each_round(wire: Wire, client: AssistantsClient) -> None:
    """Other arguments are another call."""
    rounds = [
        run("requires_action", required_action=required_calls(("c", "add", f'{{"a":{n},"b":0}}'))) for n in (1, 2)
    ]
    server = Server(
        wire, create=[rounds[0]], submit=[rounds[1], run("completed")], steps=[listed()], messages=[listed()]
    )
    assert (await start(client, TOOLS, stream=False)).rounds == 2
    assert [outputs[0]["output"] for outputs in server.outputs] == ["1", "2"]


async def test_a_server_that_falls_silent(wire: Wire, client: AssistantsClient) -> None:
    """At the deadline a known run is cancelled; without one, the time-out says so."""
    server = server_of(wire, *run_frames(*TEXT)[:5], STALL, cancel=[run("cancelling")])
    with pytest.raises(RunDeadlineError, match="was cancelling: it was cancelled"):
        await start(client, deadline=30 * MS)
    assert server.cancels == 1
    for stream in (True, False):
        Server(wire, create=[silent])
        with pytest.raises(TimedOutError):
            await start(client, stream=stream, deadline=30 * MS, grace=30 * MS)


async def test_a_silent_stream_is_polled_on(wire: Wire, client: AssistantsClient) -> None:
    """After the idle limit."""
    server_of(wire, *run_frames(*TEXT)[:9], STALL)
    slow = client.with_options(timeout=Timeout(idle=30 * MS))
    assert (await start(slow)).text == WHOLE
