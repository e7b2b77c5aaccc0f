"""Hooks that refuse their cancellation: a call ends at its limit without them, and says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from assistants_async import AssistantsClient, ClientClosedError, NotFoundError, RetryPolicy, TimedOutError, Timeout
from tests.support.http_server import ANYTHING, KEY, Wire, answer, failure
from tests.support.steady_loop import MS

SHORT = Timeout(head=60 * MS, total=60 * MS, stream=60 * MS)
WORDS = "{} did not end when it was cancelled, and was left behind"
HOOKS = ["on_request", "on_send", "on_response", "on_retry", "api_key"]
FORMS = ["awaited", "response", "stream", "listed", "content"]


class Stubborn:
    """A function that refuses every cancellation until it is released."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.release = asyncio.Event()
        self.calls = 0

    async def __call__(self, *_: object) -> str:
        """Wait, and go on waiting when cancelled."""
        self.calls += 1
        self.begun.set()
        while not self.release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.release.wait()
        return KEY


@pytest.fixture
async def stubborn() -> AsyncIterator[Stubborn]:
    """Released at the end, so that no task stays."""
    made = Stubborn()
    yield made
    made.release.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def go(client: AssistantsClient, form: str) -> None:
    """Call the client in one of the forms."""
    if form == "awaited":
        await client.threads.retrieve("thread_1")
    elif form == "response":
        await client.threads.retrieve("thread_1").response()
    elif form == "stream":
        async with client.runs.create("thread_1", assistant_id="asst_1").stream() as events:
            async for _ in events:
                pass
    elif form == "listed":
        async for _ in client.assistants.list():
            pass
    else:
        await client.files.content("file_1")


def settings_of(wire: Wire, hook: str, function: Any) -> dict[str, Any]:
    """Settings of a client with this hook, which a call reaches."""
    wire.answer(*[failure(503)] * 9 if hook == "on_retry" else [answer(ANYTHING)] * 9)
    retry = RetryPolicy(initial_delay=MS)
    return {"base_url": wire.base_url, "api_key": KEY, "timeout": SHORT, "retry": retry, hook: function}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("hook", HOOKS)
async def test_a_call_ends_at_its_limit(wire: Wire, stubborn: Stubborn, hook: str, form: str) -> None:
    """The time-out names the hook, a warning as well, and the hook is called no second time."""
    async with AssistantsClient(**settings_of(wire, hook, stubborn)) as client:
        with pytest.warns(RuntimeWarning, match=WORDS.format(hook)), pytest.raises(TimedOutError) as caught:
            await go(client, form)
    assert WORDS.format(hook) in caught.value.__notes__
    assert stubborn.calls == 1


@pytest.mark.parametrize("hook", HOOKS)
async def test_a_close_does_not_wait_for_a_hook(wire: Wire, stubborn: Stubborn, hook: str) -> None:
    """The call ends with the client."""
    settings = settings_of(wire, hook, stubborn) | {"timeout": None}
    async with AssistantsClient(**settings) as client:
        call = asyncio.ensure_future(client.threads.retrieve("thread_1"))
        await stubborn.begun.wait()
    with pytest.warns(RuntimeWarning, match=WORDS.format(hook)), pytest.raises(ClientClosedError) as caught:
        await call
    assert WORDS.format(hook) in caught.value.__notes__


async def test_an_error_hook_is_left_behind_too(wire: Wire, stubborn: Stubborn) -> None:
    """The error is the call's, with a note about its hook."""
    wire.answer(failure(404))
    settings: dict[str, Any] = {"base_url": wire.base_url, "timeout": SHORT, "on_error": stubborn}
    async with AssistantsClient(**settings) as client:
        with pytest.warns(RuntimeWarning, match=WORDS.format("on_error")), pytest.raises(NotFoundError) as caught:
            await client.threads.retrieve("thread_1")
    assert WORDS.format("on_error") in caught.value.__notes__


async def test_a_cancellation_comes_through(wire: Wire, stubborn: Stubborn) -> None:
    """A hook gets 5 s to end by itself then."""
    async with AssistantsClient(**settings_of(wire, "on_request", stubborn) | {"timeout": None}) as client:
        call = asyncio.ensure_future(client.threads.retrieve("thread_1"))
        await stubborn.begun.wait()
        call.cancel()
        for _ in range(9):
            await asyncio.sleep(0)
        assert not call.done()
        stubborn.release.set()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_an_error_of_a_hook_as_it_is_stopped(wire: Wire) -> None:
    """Its own error is not lost at a limit; a cancelled call raises the cancellation."""

    async def fail(_: object) -> None:
        try:
            await asyncio.sleep(9)
        finally:
            raise LookupError("mine")

    async with AssistantsClient(**settings_of(wire, "on_request", fail)) as client:
        with pytest.raises(LookupError, match="mine"):
            await client.threads.retrieve("thread_1")
        call = asyncio.ensure_future(client.with_options(timeout=None).threads.retrieve("thread_1"))
        await asyncio.sleep(MS)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_a_hook_that_cancels_itself_ends_the_call(wire: Wire) -> None:
    """As it would in the task of the call."""

    async def end(_: object) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        await asyncio.sleep(9)

    async with AssistantsClient(**settings_of(wire, "on_request", end)) as client:
        with pytest.raises(asyncio.CancelledError):
            await client.threads.retrieve("thread_1")


@pytest.mark.parametrize("hook", ["on_request", "on_send", "on_response"])
async def test_a_hook_may_close_the_client_and_go_on(wire: Wire, hook: str) -> None:
    """Its own task is not cancelled by that."""
    ended: list[str] = []

    async def close(_: object) -> None:
        await client.close()
        await asyncio.sleep(0)
        ended.append(hook)

    client = AssistantsClient(**settings_of(wire, hook, close))
    with pytest.raises(ClientClosedError):
        await client.threads.retrieve("thread_1")
    assert ended == [hook]
