"""`client.usage`: the tokens of all runs of a thread."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient, NotFoundError, ThreadUsage, ValidationError, sum_usage
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.server import Fail, Say, Stall
from tests.support.embedded import serving
from tests.support.http_server import Wire, answer, failure


@pytest.mark.parametrize("protocol", ["v1", "v2"])
async def test_all_runs_of_a_thread_count(protocol: ProtocolVersion) -> None:
    """Also one that failed; one at work is counted and has no tokens."""
    async with serving(Say("one"), Fail(text="half"), Say("three"), Stall(), protocol=protocol) as served:
        assert await served.client.usage(served.thread) == ThreadUsage(
            prompt_tokens=0, completion_tokens=0, total_tokens=0, runs=0, unreported=0
        )
        for _ in range(3):
            await served.start().poll(raise_on=())
        run = await served.start()
        spent = await served.client.usage(served.thread.id)
        await served.client.runs.cancel(served.thread, run)
        runs = await served.runs()
    tokens = sum_usage(runs[:3])
    assert (spent.prompt_tokens, spent.completion_tokens, spent.total_tokens) == (
        tokens.prompt_tokens,
        tokens.completion_tokens,
        tokens.total_tokens,
    )
    assert spent.total_tokens == spent.prompt_tokens + spent.completion_tokens > 0
    assert (spent.runs, spent.unreported) == (4, 1)


def page(*runs: dict[str, Any], more: bool) -> bytes:
    """A page of runs."""
    return answer({"object": "list", "data": runs, "last_id": runs[-1]["id"], "has_more": more})


async def test_all_pages_are_read(wire: Wire, client: AssistantsClient) -> None:
    """A hundred runs at a time; missing counts are no tokens."""
    spent = {"prompt_tokens": 5, "completion_tokens": 2}
    wire.answer(
        page({"id": "run_2", "usage": spent}, {"id": "run_1", "usage": None}, more=True),
        page({"id": "run_0", "usage": {"total_tokens": 1}}, more=False),
    )
    assert await client.usage("thread_1") == ThreadUsage(
        prompt_tokens=5, completion_tokens=2, total_tokens=8, runs=3, unreported=1
    )
    assert [seen.target for seen in wire.seen] == [
        "/v1/threads/thread_1/runs?limit=100",
        "/v1/threads/thread_1/runs?limit=100&after=run_1",
    ]


async def test_a_thread_that_is_not_there_is_an_error(wire: Wire, client: AssistantsClient) -> None:
    """As of any list, also for a client that lets error statuses through; a bad id is refused."""
    wire.answer(failure(404))
    with pytest.raises(NotFoundError) as caught:
        await client.with_options(raise_for_status=False).usage("thread_1")
    assert caught.value.__notes__ == ["while calling runs.list: GET /threads/{thread_id}/runs"]
    wire.answer(failure(404))
    with pytest.raises(ValidationError, match="thread_id"):
        await client.usage("..")
    assert wire.seen == []
