"""Cancellation and failure around a call: it ends at once as itself, and leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest

from assistants_async import AssistantsClient, ClientClosedError, RetryPolicy, ServerError, TimedOutError
from tests.support.http_server import ANYTHING, KEY, Answer, Wire, answer, failure, silent, then_silent
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)
SHORT = 20 * MS

STALLS: dict[str, Answer] = {"before the head": silent, "in the body": then_silent(BODY[:-5])}
stalls = pytest.mark.parametrize("stall", STALLS.values(), ids=STALLS.keys())


async def works_on(wire: Wire, client: AssistantsClient) -> None:
    """The stalled connection is gone, the task owes no cancellation, and another call succeeds."""
    await wire.until_open(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    wire.answer(BODY)
    assert (await client.assistants.retrieve("asst_1")).id == "asst_1"


@stalls
async def test_asyncio_timeout_around_a_call(wire: Wire, client: AssistantsClient, stall: Answer) -> None:
    """The scope's own TimeoutError comes out, not the client's."""
    wire.answer(stall)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(SHORT):
            await client.assistants.retrieve("asst_1")
    assert type(caught.value) is TimeoutError
    await works_on(wire, client)


@stalls
async def test_wait_for_around_a_call(wire: Wire, client: AssistantsClient, stall: Answer) -> None:
    """The same with `wait_for`, which makes a task of the call."""
    wire.answer(stall)
    with pytest.raises(TimeoutError) as caught:
        await asyncio.wait_for(client.assistants.retrieve("asst_1"), SHORT)
    assert type(caught.value) is TimeoutError
    await works_on(wire, client)


@stalls
async def test_anyio_scope_around_a_call(wire: Wire, client: AssistantsClient, stall: Answer) -> None:
    """The scope catches its own cancellation."""
    wire.answer(stall)
    with anyio.move_on_after(SHORT) as scope:
        await client.assistants.retrieve("asst_1")
    assert scope.cancelled_caught
    await works_on(wire, client)


@stalls
async def test_a_neighbour_that_fails(wire: Wire, client: AssistantsClient, stall: Answer) -> None:
    """A group ends the call, and has the neighbour's error only."""
    wire.answer(stall)

    async def fail() -> None:
        await wire.until_seen(1)
        raise KeyError("neighbour")

    with pytest.raises(ExceptionGroup) as caught:  # the block is what fails
        async with asyncio.TaskGroup() as group:
            group.create_task(client.assistants.retrieve("asst_1"))
            group.create_task(fail())
    assert [repr(error) for error in caught.value.exceptions] == ["KeyError('neighbour')"]
    await asyncio.create_task(works_on(wire, client))


async def test_a_task_that_was_cancelled_before_still_has_time_outs(wire: Wire, client: AssistantsClient) -> None:
    """The client's own time-out is not taken for an earlier cancellation that the task survived."""
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    assert task.cancelling() == 1
    wire.answer(silent)
    with pytest.raises(TimedOutError):
        await client.assistants.retrieve("asst_1").with_options(timeout=SHORT)
    assert task.cancelling() == 1
    assert task.uncancel() == 0


@stalls
async def test_a_cancelled_task_is_cancelled(wire: Wire, client: AssistantsClient, stall: Answer) -> None:
    """Neither wrapped nor swallowed, with the message of the cancellation."""
    wire.answer(stall)
    task = asyncio.create_task(client.assistants.retrieve("asst_1"))
    await wire.until_seen(1)
    task.cancel("mine")
    with pytest.raises(asyncio.CancelledError, match="mine"):
        await task
    assert task.cancelled()
    await works_on(wire, client)


async def test_a_call_cancelled_before_it_starts_sends_nothing(wire: Wire, client: AssistantsClient) -> None:
    """A task cancelled at once never opens a connection, and nothing warns."""
    task = asyncio.create_task(client.assistants.retrieve("asst_1"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert wire.connections == 0


async def test_both_limits_at_once_both_count(wire: Wire, client: AssistantsClient) -> None:
    """A cancellation from outside in the moment of the client's own time-out is not lost."""
    wire.answer(silent)
    task = asyncio.create_task(client.assistants.retrieve("asst_1").with_options(timeout=SHORT))
    loop = asyncio.get_running_loop()
    loop.call_later(SHORT, task.cancel)
    (result,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(result, (asyncio.CancelledError, TimeoutError))
    await works_on(wire, client)


async def test_cancellation_at_every_step(wire: Wire) -> None:
    """After any number of turns of the loop, cancelling ends the call and leaves neither socket nor task."""
    wire.answer(BODY)
    for connections in (1, 100):
        async with AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=connections) as client:
            turns = 0
            while True:
                call: Any = client.assistants.create(model="gpt-4o")
                task = asyncio.create_task(call)
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                result: Any = (await asyncio.gather(task, return_exceptions=True))[0]
                if not isinstance(result, asyncio.CancelledError):
                    assert result.id == "asst_1"
                    break
                turns += 1
                assert (await client.assistants.retrieve("asst_1")).id == "asst_1"
            assert turns > 5
        await wire.until_open(0)
    assert not [task for task in asyncio.all_tasks() - {asyncio.current_task()} if "_accept" not in repr(task)]


async def test_many_random_cancellations_leave_nothing(wire: Wire, client: AssistantsClient) -> None:
    """Some calls end, some are cancelled at one place or another; the client is none the worse."""
    wire.answer(BODY)

    async def one(turns: int) -> bool:
        task = asyncio.create_task(client.assistants.retrieve("asst_1"))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        return isinstance(result, asyncio.CancelledError)

    cancelled = [
        await asyncio.gather(*(one(turns % 40) for turns in range(start, start + 20))) for start in range(0, 400, 20)
    ]
    flat = [each for group in cancelled for each in group]
    assert True in flat
    await client.close()
    await wire.until_open(0)


# A client that is closed, and cancellations that are not its own

HOOKS = ("on_request", "on_send", "on_response", "on_retry", "on_error")
hooks = pytest.mark.parametrize("name", HOOKS)


class Waiting:
    """A hook that waits until it is let go."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.free = asyncio.Event()

    async def __call__(self, _: object) -> None:
        """Wait."""
        self.reached.set()
        await self.free.wait()


async def stream(client: AssistantsClient) -> None:
    """Wait for a stream's head."""
    async with client.assistants.retrieve("asst_1").stream():
        pass


async def retrieve(client: AssistantsClient) -> None:
    """Wait for an answer."""
    await client.assistants.retrieve("asst_1")


def hooked(client: AssistantsClient, name: str, hook: Any, **changes: Any) -> AssistantsClient:
    """Make a view with a hook by its name."""
    options: dict[str, Any] = {name: hook, **changes}
    return client.with_options(**options)


FORMS = pytest.mark.parametrize("form", [retrieve, stream], ids=["await", "stream"])


@hooks
@FORMS
async def test_close_ends_a_call_that_waits_in_a_hook(wire: Wire, name: str, form: Any) -> None:
    """At once, and not at the end of the hook or of the pause behind it."""
    wire.answer(failure(503, retry_after="60"))
    hook = Waiting()
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=0 if name == "on_error" else 2)
    task = asyncio.create_task(form(hooked(client, name, hook)))
    await hook.reached.wait()
    await client.close()
    await asyncio.wait({task})
    error = task.exception()
    if name == "on_error":  # the call had failed before
        assert isinstance(error, ServerError)
        assert any("on_error was left" in note for note in error.__notes__)
    else:
        assert isinstance(error, ClientClosedError)
    assert task.cancelling() == 0


@FORMS
async def test_close_ends_a_pause_between_attempts(wire: Wire, form: Any) -> None:
    """A server may ask for a long one."""
    wire.answer(failure(503, retry_after="60"))
    said = asyncio.Event()
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, on_retry=lambda _: said.set())
    task = asyncio.create_task(form(client))
    await said.wait()
    await client.close()
    await asyncio.wait({task})
    assert isinstance(task.exception(), ClientClosedError)


@hooks
async def test_a_cancellation_of_the_owners_passes_a_hook(wire: Wire, name: str) -> None:
    """Though the client is closed in the same moment: the task ends as its owner said."""
    wire.answer(failure(503, retry_after="60"))
    for close_first in (True, False):
        hook = Waiting()
        client = AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=0 if name == "on_error" else 2)
        task = asyncio.create_task(retrieve(hooked(client, name, hook)))
        await hook.reached.wait()
        if close_first:
            closing = asyncio.ensure_future(client.close())
            task.cancel()
            await closing
        else:
            task.cancel()
            await client.close()
        await asyncio.wait({task})
        assert task.cancelled()


@pytest.mark.parametrize("name", ["on_request", "on_send", "on_response", "on_retry"])
async def test_a_hook_may_close_the_client(wire: Wire, name: str) -> None:
    """The call ends as closed, the close is whole, and the task owes no cancellation."""
    wire.answer(failure(503))
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)

    async def close(_: object) -> None:
        await client.close()

    with pytest.raises(ClientClosedError):
        await retrieve(hooked(client, name, close))
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0)
    assert len(wire.seen) == (0 if name in ("on_request", "on_send") else 1)
    await wire.until_open(0)


@hooks
async def test_a_hook_is_bounded_by_the_time_out(wire: Wire, name: str) -> None:
    """A hook that never returns delays no call past its total limit, `on_error` as long again."""
    wire.answer(failure(503))
    hook = Waiting()
    retry = RetryPolicy(max_retries=0 if name == "on_error" else 2, initial_delay=MS)
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=retry) as client:
        with pytest.raises(ServerError if name == "on_error" else TimedOutError) as caught:
            await retrieve(hooked(client, name, hook, timeout=200 * MS))
    assert hook.reached.is_set()
    if name == "on_error":
        assert any("on_error was left" in note for note in caught.value.__notes__)
