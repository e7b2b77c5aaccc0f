"""`rerun`: a run that failed for a reason that another one may not meet is started again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, RunFailedError, StreamInterruptedError
from assistants_async.models.runs import Usage
from assistants_async.server import CallTools, Fail, Incomplete, Say
from assistants_async.workflows.runs.options import Rerun
from assistants_async.workflows.runs.result import total
from tests.support.byte_server import RESET, Body, frame
from tests.support.embedded import TOOLS, Served, Server, serving
from tests.support.http_server import Wire
from tests.support.run_events import DONE, run
from tests.support.steady_loop import MS

LIMITED, BROKEN, REFUSED = Fail("rate_limit_exceeded", "slow down"), Fail(), Fail("invalid_prompt", "no")
AGAIN = Rerun(delay=MS)


async def poll(served: Served, call: Any, **options: Any) -> Run:
    """The run at its end, polled."""
    ended: Run = await call.poll(**options)
    return ended


async def drive(served: Served, call: Any, **options: Any) -> Run:
    """The run at its end, driven."""
    ended: Run = (await call.drive(TOOLS, **options)).run
    return ended


WAYS = [poll, drive]


@pytest.mark.parametrize("way", WAYS)
async def test_a_run_is_started_again(way: Any) -> None:
    """With the same arguments, but its messages are on the thread already."""
    async with serving(LIMITED, BROKEN, Say("hello")) as served:
        more = [{"role": "user", "content": "more"}]
        call = served.start(additional_messages=more, metadata={"a": "b"}, instructions="Be brief.")
        ended = await way(served, call, rerun=AGAIN)
        runs = await served.runs()
        assert [run.status for run in runs] == ["failed", "failed", "completed"]
        assert ended == runs[-1]
        assert {(run.instructions, str(run.metadata)) for run in runs} == {("Be brief.", "{'a': 'b'}")}
        texts = [message.text async for message in served.client.messages.list(served.thread, order="asc")]
        assert texts == ["hi", "more", "hello"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_thread_made_with_its_run_is_not_made_again(way: Any) -> None:
    """The next run is started on the thread that there is now."""
    async with serving(LIMITED, Say("hello")) as served:
        thread = {"messages": [{"role": "user", "content": "hi"}]}
        call = served.client.threads.create_and_run(assistant_id=served.assistant, thread=thread, temperature=0.5)
        ended = await way(served, call, rerun=AGAIN)
        assert (ended.status, ended.temperature) == ("completed", 0.5)
        assert (served.sent("createThreadAndRun"), served.sent("createRun")) == (1, 1)
        assert len((await served.client.runs.list(str(ended.thread_id))).data) == 2


@pytest.mark.parametrize("way", WAYS)
async def test_it_has_an_end(way: Any) -> None:
    """After so many runs the failure is raised; and at once for another one."""
    async with serving(*[LIMITED] * 3, REFUSED, Incomplete(), LIMITED) as served:
        with pytest.raises(RunFailedError, match="slow down"):
            await way(served, served.start(), rerun=AGAIN)
        assert len(await served.runs()) == 3
        with pytest.raises(RunFailedError, match="no"):
            await way(served, served.start(), rerun=AGAIN)
        assert (await way(served, served.start(), rerun=AGAIN, raise_on={"failed"})).status == "incomplete"
        with pytest.raises(RunFailedError):
            await way(served, served.start(), rerun=Rerun(codes={"server_error"}))
        assert len(await served.runs()) == 6


@pytest.mark.parametrize("way", WAYS)
async def test_without_a_word_nothing_is_started_again(way: Any) -> None:
    """Nor with one attempt."""
    async with serving(LIMITED, LIMITED) as served:
        for options in ({}, {"rerun": Rerun(attempts=1)}):
            with pytest.raises(RunFailedError):
                await way(served, served.start(), **options)
        assert len(await served.runs()) == 2


async def test_a_failure_may_pass_after_it_was_started_again() -> None:
    """`raise_on` has its say at the last one."""
    async with serving(LIMITED, LIMITED) as served:
        ended = await served.start().poll(rerun=Rerun(attempts=2, delay=MS), raise_on=())
        assert ended.status == "failed"
        assert len(await served.runs()) == 2


@pytest.mark.parametrize("stream", [True, False])
async def test_a_drive_that_started_again_counts_all_runs(stream: bool) -> None:
    """The result is the last run's, and counts the tokens and rounds of all; the events are those of all."""
    ask = CallTools({"add": {"a": 1, "b": 2}})
    async with serving(ask, Fail("server_error", "boom", "half"), ask, Say("3")) as served:
        states: list[str | None] = []
        call = served.start().drive(TOOLS, stream=stream, rerun=AGAIN, on_status=lambda run: states.append(run.status))
        async with call as channel:
            assert "".join([text async for text in channel.text()]) == "half3"
            result = await channel.result()
        first, second = await served.runs()
        assert result.run == second
        assert ([message.text for message in result.messages], len(result.steps), result.rounds) == (["3"], 2, 2)
        assert result.usage == total((first.usage or Usage(), second.usage or Usage()))
        assert first.usage != result.usage != second.usage
        assert [state for state in states if state in ("failed", "completed")] == ["failed", "completed"]


async def test_another_run_that_nobody_heard_of(wire: Wire, client: AssistantsClient) -> None:
    """The run that failed is not taken for it, and no third one is made."""
    failed = run("failed", last_error={"code": "server_error", "message": "boom"})
    first = Body(frame("thread.run.created", run("queued")), frame("thread.run.failed", failed), DONE)
    for second in (Body(b": hello\n\n", RESET), Body(DONE)):
        Server(wire, create=[first, second], get=[failed])
        with pytest.raises(StreamInterruptedError):
            await client.runs.create("t", assistant_id="a").drive(rerun=AGAIN)
        assert [seen.method for seen in wire.seen] == ["POST", "POST"]


async def test_the_deadline_spans_all_of_it() -> None:
    """Also the pause between two runs; a run that has failed is not cancelled."""
    async with serving(LIMITED) as served:
        with pytest.raises(TimeoutError, match="was failed"):
            await served.start().poll(rerun=Rerun(delay=3600), deadline=1000 * MS)
        task = asyncio.ensure_future(served.client.runs.list(served.thread))
        assert [run.status for run in (await task).data] == ["failed"]
        assert served.sent("cancelRun") == 0


def test_the_pause_grows() -> None:
    """By half each time, less some chance."""
    rerun = Rerun(delay=2.0)
    assert [rerun.pause(n, 0.0) for n in (1, 2, 3)] == [2.0, 3.0, 4.5]
    assert rerun.pause(100, 0.0) == 60.0
    assert rerun.pause(1, 1.0) == 1.5
    assert Rerun(delay=90).pause(2, 0.0) == 90


@pytest.mark.parametrize(
    ("options", "kind", "text"),
    [
        ({"attempts": 0}, ValueError, "attempts must be a whole number of at least 1, not 0"),
        ({"attempts": 2.5}, ValueError, "attempts must be"),
        ({"codes": "server_error"}, TypeError, "codes must be a set of codes, not the text 'server_error'"),
        ({"delay": -1}, ValueError, "delay must be a number of seconds from 0, not -1"),
        ({"delay": float("nan")}, ValueError, "delay must be"),
    ],
)
def test_a_senseless_policy_is_refused(options: dict[str, Any], kind: type[Exception], text: str) -> None:
    """Refused where it is made."""
    with pytest.raises(kind, match=text):
        Rerun(**options)


def test_only_runs_that_are_made_here_can_be_made_again() -> None:
    """Neither those of others nor a submission."""
    client = AssistantsClient(api_key="k")
    outputs = [{"tool_call_id": "c", "output": "x"}]
    refused: list[Any] = [
        lambda: client.runs.wait("t", "r", rerun=AGAIN),
        lambda: client.runs.resume("t", "r", rerun=AGAIN),
        lambda: client.runs.submit_tool_outputs("t", "r", tool_outputs=outputs).poll(rerun=AGAIN),
    ]
    for make in refused:
        with pytest.raises(ValueError, match="rerun is for runs that are made here"):
            make()


def test_tokens_are_added_up() -> None:
    """Missing counts count nothing."""
    one, two = Usage(prompt_tokens=1, completion_tokens=2, total_tokens=3), Usage(total_tokens=4)
    assert total(()) is None
    assert total((one,)) is one
    assert total((one, two)) == Usage(prompt_tokens=1, completion_tokens=2, total_tokens=7)
