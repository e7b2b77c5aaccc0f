"""The life of a client: made anywhere, bound to one loop, closed once, and never silently left open."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import pickle
import warnings
from typing import Any

import aiohttp
import pytest

from assistants_async import AssistantsClient, ClientClosedError
from tests.support.http_server import (
    ANYTHING,
    KEY,
    Answer,
    Memory,
    Wire,
    answer,
    failure,
    page,
    silent,
    then_silent,
)
from tests.support.steady_loop import MS

BODY = answer(ANYTHING)

MODULE_CLIENT = AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY, transport=Memory(BODY))
"""Made at import, without a loop."""


def test_a_client_can_be_made_at_module_level() -> None:
    """It binds to the loop of its first call."""

    async def main() -> str:
        async with MODULE_CLIENT as client:
            return (await client.assistants.retrieve("asst_1")).id

    assert asyncio.run(main()) == "asst_1"


def test_another_loop_is_refused_in_one_sentence() -> None:
    """The error names the cause, not a future somewhere in the depths."""
    transport = Memory(BODY)
    client = AssistantsClient(base_url="http://127.0.0.1/v1", transport=transport)
    asyncio.run(client.assistants.retrieve("asst_1"))
    with pytest.raises(RuntimeError, match="belongs to another event loop: make one client per loop"):
        asyncio.run(client.assistants.retrieve("asst_1"))
    assert len(transport.sent) == 1
    asyncio.run(client.close())


def test_a_call_outside_a_task_is_refused() -> None:
    """Limits need a task to interrupt; the error says how to get one."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1", transport=Memory(BODY))
    loop = asyncio.new_event_loop()
    errors: list[BaseException] = []

    def step() -> None:
        try:
            client.assistants.retrieve("asst_1").send(None)
        except RuntimeError as error:
            errors.append(error)
        loop.stop()

    loop.call_soon(step)
    loop.run_forever()
    loop.run_until_complete(client.close())
    loop.close()
    assert [str(error) for error in errors] == ["calls must be awaited in a task: use asyncio.run, or create_task"]


async def test_a_client_works_without_async_with(wire: Wire) -> None:
    """`close()` is as good; closing twice is no error."""
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    wire.answer(BODY)
    await client.assistants.retrieve("asst_1")
    await client.close()
    await client.close()
    await wire.until_open(0)


async def test_a_call_after_close_is_refused(wire: Wire) -> None:
    """The typed error says so, for calls made before and after, and for views."""
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    made_before = client.assistants.retrieve("asst_1")
    view = client.with_options(timeout=1)
    await client.close()
    for call in (made_before, client.assistants.retrieve("asst_1"), view.assistants.retrieve("asst_1")):
        with pytest.raises(ClientClosedError, match="the client is closed") as caught:
            await call
        assert isinstance(caught.value, RuntimeError)
        assert not caught.value.maybe_processed
    assert wire.seen == []


STALLS: dict[str, Answer] = {
    "before the head": silent,
    "in the body": then_silent(BODY[:-5]),
    "in an endless body": then_silent(b"HTTP/1.1 200 OK\r\n\r\n{"),
    "in an error": then_silent(failure(500)[:-5]),
}


@pytest.mark.parametrize("stall", STALLS.values(), ids=STALLS.keys())
async def test_closing_ends_the_calls_under_way(wire: Wire, stall: Answer) -> None:
    """Each ends at once with the typed error, and no socket is left."""
    wire.answer(stall)
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY, max_connections=2)
    calls = [asyncio.create_task(client.assistants.retrieve("asst_1")) for _ in range(4)]
    await wire.until_seen(2)
    await client.close()
    got = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(each) for each in got] == [ClientClosedError] * 4
    assert all("closed while the call was under way" in str(each) for each in got)
    await wire.until_open(0)


async def test_closing_ends_a_second_attempt_too(wire: Wire) -> None:
    """A call that was sent again with a fresh key is under way like any other."""
    wire.answer(failure(401), silent)
    client = AssistantsClient(base_url=wire.base_url, api_key=lambda: KEY)
    call = asyncio.create_task(client.assistants.retrieve("asst_1"))
    await wire.until_seen(2)
    await client.close()
    with pytest.raises(ClientClosedError):
        await asyncio.wait_for(call, 5000 * MS)


async def test_closing_between_pages_ends_the_walk(wire: Wire) -> None:
    """The next page is refused; the items before it were delivered."""
    wire.answer(page("a", more=True), page("b"))
    client = AssistantsClient(base_url=wire.base_url, api_key=KEY)
    got: list[str] = []
    with pytest.raises(ClientClosedError):  # the block is what fails
        async for item in client.assistants.list():
            got.append(item.id)
            await client.close()
    assert got == ["a"]


async def test_closing_a_view_closes_nothing(wire: Wire, client: AssistantsClient) -> None:
    """The connections belong to the client that was made first."""
    wire.answer(BODY)
    async with client.with_options(timeout=60) as view:
        await view.assistants.retrieve("asst_1")
    await view.close()
    await client.assistants.retrieve("asst_1")
    assert wire.connections == 1


async def test_a_borrowed_session_is_never_closed(wire: Wire) -> None:
    """The client uses the caller's session, headers of its own included, and leaves it open."""
    wire.answer(BODY)
    async with aiohttp.ClientSession(headers={"x-session": "1"}) as session:
        async with AssistantsClient(base_url=wire.base_url, api_key=KEY, session=session) as client:
            await client.assistants.retrieve("asst_1")
        assert not session.closed
        assert wire.last.header("x-session") == "1"
        with pytest.raises(ClientClosedError):
            await client.assistants.retrieve("asst_1")
        async with session.get(wire.base_url + "/x") as again:
            assert again.status == 200


async def test_a_client_never_closed_warns(wire: Wire) -> None:
    """A ResourceWarning names the remedy; one that sent nothing has nothing to warn of."""
    used = AssistantsClient(base_url="http://127.0.0.1/v1", transport=Memory(BODY))
    await used.assistants.retrieve("asst_1")
    with pytest.warns(
        ResourceWarning, match="a client was never closed: use 'async with'"
    ):  # the garbage is what warns
        del used
        gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unused = AssistantsClient(base_url=wire.base_url)
        view = unused.with_options(timeout=1)
        del unused, view
        gc.collect()


def test_with_instead_of_async_with_is_corrected() -> None:
    """The TypeError names the right form."""
    client: Any = AssistantsClient(base_url="http://127.0.0.1/v1")
    with pytest.raises(TypeError, match="did you mean 'async with'"), client:
        pass


def test_a_client_is_neither_pickled_nor_copied() -> None:
    """It would take sockets and a key along; the error says what to do."""
    client = AssistantsClient(base_url="http://127.0.0.1/v1", api_key=KEY)
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled or copied") as caught:
            way(client)
        assert KEY not in str(caught.value)


async def test_connections_are_kept_and_reused(wire: Wire, client: AssistantsClient) -> None:
    """Calls one after another, errors included, go over one connection."""
    wire.answer(BODY, failure(404), BODY, page("a"))
    await client.assistants.retrieve("asst_1")
    with pytest.raises(Exception, match="404"):
        await client.assistants.retrieve("asst_1")
    await client.assistants.create(model="gpt-4o")
    await client.assistants.list()
    assert wire.connections == 1


async def test_left_over_bytes_never_become_an_answer(wire: Wire, client: AssistantsClient) -> None:
    """Bytes behind an answer are not read as the next one."""
    wire.answer(BODY + answer({"id": "stolen"}), answer({"id": "mine"}))
    await client.assistants.retrieve("asst_1")
    assert (await client.assistants.retrieve("asst_1")).id == "mine"


async def test_two_clients_share_nothing(wire: Wire) -> None:
    """Calls of two clients side by side keep their keys."""
    wire.answer(BODY)
    async with (
        AssistantsClient(base_url=wire.base_url, api_key="key-one") as one,
        AssistantsClient(base_url=wire.base_url, api_key="key-two") as two,
    ):
        await asyncio.gather(*(each.assistants.retrieve(name) for each, name in [(one, "one"), (two, "two")] * 50))
    assert {(seen.path[-3:], seen.header("authorization")) for seen in wire.seen} == {
        ("one", "Bearer key-one"),
        ("two", "Bearer key-two"),
    }


def test_a_client_that_was_used_before_a_fork_is_refused_in_the_child() -> None:
    """A child's loop is another one: no socket is ever shared."""
    transport = Memory(BODY)
    client = AssistantsClient(base_url="http://127.0.0.1/v1", transport=transport)
    asyncio.run(client.assistants.retrieve("asst_1"))
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            asyncio.run(client.assistants.retrieve("asst_1"))
        except BaseException as error:  # noqa: BLE001  # the child's only way to tell
            os.write(write, str(error).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(write)
    assert b"make one client per loop" in os.read(read, 4096)
    os.close(read)
    asyncio.run(client.close())


@pytest.mark.parametrize("form", ["await", "stream"])
def test_another_event_loop_is_refused(form: str) -> None:
    """For trio, and for coroutines stepped by hand: nothing of asyncio runs there."""
    client = AssistantsClient(base_url="http://127.0.0.1:1/v1", api_key=KEY)

    async def use() -> None:
        if form == "await":
            await client.threads.create()
        else:
            async with client.threads.create().stream():
                pass

    coroutine = use()
    with pytest.raises(RuntimeError, match="no event loop of asyncio is running"):
        coroutine.send(None)
