"""The time-out of a view or a call as the limit of a whole wait, beside `deadline`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import pytest

from assistants_async import AssistantsClient, FilesDeadlineError, RunDeadlineError, Source, TimedOutError, Timeout
from assistants_async.core.requests.options import Options, earlier, merge
from assistants_async.server import Stall
from tests.support.embedded import GRACE, Served, Server, drop, serving
from tests.support.http_server import Wire, answer, silent
from tests.support.run_events import run
from tests.support.steady_loop import MS

WAYS = ["poll", "drive", "drive_polled", "entered", "wait", "resume"]


async def go(
    served: Served, client: AssistantsClient, way: str, *, of_call: float | None = None, **options: Any
) -> Any:
    """Wait for a run that never ends, in one of the ways; `of_call` is a time-out of the call alone."""
    if way in ("wait", "resume"):
        run = await served.start()
        return await getattr(client.runs, way)(served.thread, run, **options)
    call = client.runs.create(served.thread, assistant_id=served.assistant)
    if of_call is not None:
        call = call.with_options(timeout=of_call)
    if way == "entered":
        async with call.drive(grace=GRACE, **options) as channel:
            return await channel.result()
    if way == "poll":
        return await call.poll(grace=GRACE, **options)
    return await call.drive(stream=way == "drive", grace=GRACE, **options)


@pytest.mark.parametrize("way", WAYS)
async def test_a_time_out_of_a_view_bounds_the_wait(way: str) -> None:
    """As its deadline does, the run's fate included."""
    async with serving(Stall("half")) as served:
        view = served.client.with_options(timeout=200 * MS)
        with pytest.raises(RunDeadlineError, match=r"the deadline of .* passed") as caught:
            await go(served, view, way)
        assert caught.value.deadline == 200 * MS
        assert await served.status() == ("in_progress" if way == "wait" else "cancelled")


@pytest.mark.parametrize("way", WAYS[:4])
async def test_a_time_out_of_a_call_bounds_the_wait(way: str) -> None:
    """The earlier of both counts."""
    async with serving(*[Stall("half")] * 2) as served:
        with pytest.raises(RunDeadlineError) as caught:
            await go(served, served.client, way, of_call=200 * MS, deadline=3600)
        assert caught.value.deadline == 200 * MS
        assert await served.status() == "cancelled"
        with pytest.raises(RunDeadlineError) as caught:
            await go(served, served.client, way, of_call=3600, deadline=200 * MS)
        assert caught.value.deadline == 200 * MS


async def test_a_time_out_of_the_client_bounds_requests_alone(wire: Wire) -> None:
    """A wait of many requests takes as long as it takes."""
    Server(wire, create=[run("queued")], get=[*[run("in_progress")] * 20, run("completed")])
    async with AssistantsClient(base_url=wire.base_url, api_key="k", timeout=100 * MS, retry=None) as client:
        ended = await client.runs.create("thread_1", assistant_id="a").poll(interval=20 * MS, deadline=None)
        assert ended.status == "completed"
        Server(wire, create=[silent])
        with pytest.raises(TimedOutError):
            await client.runs.create("thread_1", assistant_id="a").poll()


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        (2, 2.0),
        (2.5, 2.5),
        (Timeout(total=2), 2),
        (600, 600.0),
        (Timeout(idle=3), None),
        (Timeout(total=None), None),
        (None, None),
    ],
    ids=["int", "float", "total", "usual number", "another limit", "no total", "none"],
)
def test_the_time_outs_that_bound_a_wait(given: Any, limit: float | None) -> None:
    """Those that set a total; the last one given counts."""
    assert merge(Options(), {"timeout": given}).wait_limit == limit
    assert merge(Options(wait_limit=9), {"timeout": given}).wait_limit == limit
    assert merge(Options(wait_limit=9), {"strict": True}).wait_limit == 9


def test_the_earlier_of_two_limits() -> None:
    """None is no limit."""
    assert [earlier(1, 2), earlier(2, 1), earlier(None, 3), earlier(3, None), earlier(None, None)] == [1, 1, 3, 3, None]


async def test_a_poll_of_files_is_bounded_too(wire: Wire, client: AssistantsClient) -> None:
    """A file of a store, and a batch."""
    wire.answer(answer({"id": "x_1", "object": "vector_store.file", "status": "in_progress"}, openai_poll_after_ms="5"))
    view = client.with_options(timeout=100 * MS)
    with pytest.raises(FilesDeadlineError, match=r"still in_progress after 0\.1 s|after"):
        await view.vector_stores.files.create("vs_1", file_id="file_1").poll()
    batch = {"id": "x_1", "object": "vector_store.files_batch", "status": "in_progress"}
    wire.answer(answer(batch, openai_poll_after_ms="5"))
    with pytest.raises(FilesDeadlineError):
        await view.vector_stores.file_batches.create("vs_1", file_ids=["file_1"]).poll(deadline=3600)


def test_a_timeout_is_no_keyword_of_a_wait(client: AssistantsClient) -> None:
    """The refusal names the one that is meant."""
    text = r"\(\) got an unexpected keyword argument 'timeout': pass deadline="
    options: Any = {"timeout": 2}
    for method in ("poll", "drive"):
        with pytest.raises(TypeError, match=method + text):
            drop(getattr(client.runs.create("t", assistant_id="a"), method)(**options))
    for method in ("wait", "resume"):
        with pytest.raises(TypeError, match=method + text):
            drop(getattr(client.runs, method)("t", "r", **options))


async def test_a_timeout_is_no_keyword_of_a_wait_for_files(client: AssistantsClient) -> None:
    """The same words, before anything is sent; a misspelt keyword is answered with the one that was meant."""
    stores = client.vector_stores
    file, batch = stores.files.create("vs_1", file_id="f"), stores.file_batches.create("vs_1", file_ids=["f"])
    waits: list[tuple[str, Callable[..., Coroutine[Any, Any, object]]]] = [
        ("poll", file.poll),
        ("poll", batch.poll),
        ("vector_stores.ingest", partial(stores.ingest, "vs_1", [Source("a.txt", b"x")])),
        ("uploads.send", partial(client.uploads.send, b"x", purpose="assistants", filename="a.txt")),
    ]
    for name, wait in waits:
        text = rf"^{re.escape(name)}\(\) got an unexpected keyword argument "
        with pytest.raises(TypeError, match=text + "'timeout': pass deadline="):
            await wait(timeout=2)
        with pytest.raises(TypeError, match=text + "'deadlin', did you mean 'deadline'"):
            await wait(deadlin=2)
    file.close()
    batch.close()


async def test_a_request_of_a_bounded_wait_that_hangs(wire: Wire, client: AssistantsClient) -> None:
    """The limit covers the poll under way, and a create that never answers."""
    Server(wire, create=[run("queued")], get=[silent], cancel=[run("cancelling")])
    with pytest.raises(RunDeadlineError, match="it was cancelled"):
        await client.runs.create("thread_1", assistant_id="a").with_options(timeout=150 * MS).poll()
    Server(wire, create=[silent])
    for way in ("poll", "drive"):
        call = client.runs.create("thread_1", assistant_id="a").with_options(timeout=100 * MS, retry=None)
        async with asyncio.timeout(30):
            with pytest.raises(TimedOutError):
                await getattr(call, way)()
