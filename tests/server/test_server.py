"""The server as an object: started, closed, mounted, reset, and what it remembers of requests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from assistants_async.server import Action, AssistantsServer, Say, Turn
from tests.support.steady_loop import MS
from tests.support.talk import Talk, talking


async def test_start_and_close() -> None:
    """A server has an address from `start` on, and none of its tasks outlive `close`."""
    before = asyncio.all_tasks()
    server = AssistantsServer(pace=0)
    with pytest.raises(RuntimeError, match="no address"):
        _ = server.base_url
    await server.start()
    async with server, aiohttp.ClientSession() as session:
        talk = Talk(session, server, "v2")
        await talk.run("/stall")
        with pytest.raises(RuntimeError, match="started before"):
            await server.start()
    await server.close()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_close_before_start() -> None:
    """A server that was never started can be closed."""
    await AssistantsServer().close()


async def test_close_is_quick() -> None:
    """Idle connections and stalled runs do not keep a server from closing."""
    async with aiohttp.ClientSession() as session:
        async with AssistantsServer() as server:
            talk = Talk(session, server, "v2")
            await talk.run("/stall")
            started = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - started < 300 * MS


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.invalid"])
async def test_open_to_others(host: str) -> None:
    """A server that others can reach needs a key."""
    server = AssistantsServer()
    with pytest.raises(ValueError, match="give an api_key"):
        await server.start(host)


async def test_other_hosts() -> None:
    """With a key any address will do, and the base URL is one that can be reached."""
    async with AssistantsServer(api_key="sk-right") as server, aiohttp.ClientSession() as session:
        assert server.base_url.startswith("http://127.0.0.1:")
        async with session.get(server.base_url + "/assistants", headers={"api-key": "sk-right"}) as response:
            assert response.status == 200
    server = AssistantsServer(api_key="sk-right")
    await server.start("0.0.0.0")
    assert server.base_url.startswith("http://127.0.0.1:")
    await server.close()


async def test_taken_port() -> None:
    """A port that is taken is an error, and leaves nothing open."""
    async with AssistantsServer() as server:
        port = int(server.base_url.rpartition(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match="address already in use"):
            await AssistantsServer().start(port=port)


@pytest.mark.parametrize("settings", [{"protocol": "v3"}, {"pace": -1}, {"chunk": 0}])
def test_settings(settings: dict[str, Any]) -> None:
    """A setting out of its range is refused."""
    with pytest.raises(ValueError, match=next(iter(settings))):
        AssistantsServer(**settings)


async def test_mounted() -> None:
    """The application can be part of another."""
    outer = web.Application()
    outer.add_subapp("/inner", AssistantsServer(pace=0).app)
    runner = web.AppRunner(outer)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/inner/v1"
    async with aiohttp.ClientSession() as session:
        async with session.post(url + "/assistants", json={"model": "m"}) as response:
            assert response.status == 200
        async with session.get(url + "/nowhere") as response:
            assert (await response.json())["error"]["code"] == "unknown_url"
    await runner.cleanup()


async def test_reset() -> None:
    """After a reset nothing is left, and the ids begin anew."""
    async with talking() as talk:
        run = await talk.run("/stall")
        talk.server.reset()
        assert talk.server.requests == ()
        assert (await talk.get("/threads"))["data"] == []
        assert (await talk.run("hello"))["id"] == run["id"]


async def test_requests() -> None:
    """The latest requests are there, oldest first, with their bodies where those are recorded."""
    async with talking(record_bodies=True) as talk:
        file = await talk.upload()
        await talk("GET", "/files?purpose=vision")
        await talk("POST", "/threads", {"metadata": {"k": "v"}})
        await talk("POST", "/threads", {"metadata": 1})
        await talk("GET", "/nowhere")
        rows = [(record.method, record.path, record.operation, record.status) for record in talk.server.requests]
        assert rows == [
            ("POST", "/v1/files", "createFile", 200),
            ("GET", "/v1/files", "listFiles", 200),
            ("POST", "/v1/threads", "createThread", 200),
            ("POST", "/v1/threads", "createThread", 400),
            ("GET", "/v1/nowhere", None, 404),
        ]
        bodies = [record.body for record in talk.server.requests]
        assert bodies == [
            {"purpose": "assistants", "file": file["filename"]},
            None,
            {"metadata": {"k": "v"}},
            {"metadata": 1},
            None,
        ]
        assert talk.server.requests[1].query == "purpose=vision"
        assert talk.server.requests[1].headers["openai-beta"] == "assistants=v2"


async def test_turns() -> None:
    """A responder gets the thread, the run and its tools, and may be any of three kinds."""
    turns: list[Turn] = []

    async def one(turn: Turn) -> Say:
        turns.append(turn)
        return Say("one")

    async def several(_turn: Turn) -> Sequence[Action]:
        return [Say("one"), Say("two")]

    async def generator(_turn: Turn) -> AsyncIterator[Action]:
        yield Say("one")
        yield Say("two")

    class Pieces:
        """An async iterator that is no generator."""

        def __init__(self, *items: Any) -> None:
            self._items = list(items)

        def __aiter__(self) -> Pieces:
            return self

        async def __anext__(self) -> Any:
            if not self._items:
                raise StopAsyncIteration
            return self._items.pop(0)

    def iterator(_turn: Turn) -> AsyncIterator[Action]:
        return Pieces(Say("one"), Say(Pieces("t", "wo")))

    both = ["one", "two"]
    for responder, texts in ((one, ["one"]), (several, both), (generator, both), (iterator, both)):
        async with talking(responder=responder) as talk:
            run = await talk.until(await talk.run("hello", instructions="Be brief."), "completed")
            messages = (await talk.get(f"/threads/{run['thread_id']}/messages?order=asc"))["data"]
            assert [message["content"][0]["text"]["value"] for message in messages] == ["hello", *texts]
    [turn] = turns
    assert [(message.role, message.text) for message in turn.messages] == [("user", "hello")]
    assert (turn.instructions, turn.functions, turn.outputs) == ("Be brief.", ("get_weather",), ())
    assert turn.run["status"] == "in_progress"


@pytest.mark.parametrize("late", [Say("too late"), (), LookupError("too late")])
async def test_responder_that_will_not_stop(late: Action | Sequence[Action] | Exception) -> None:
    """A responder that swallows its cancellation changes nothing about the run's end."""
    arrived = asyncio.Event()

    async def respond(_turn: Turn) -> Action | Sequence[Action]:
        arrived.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        if isinstance(late, Exception):
            raise late
        return late

    async with talking(responder=respond) as talk:
        run = await talk.run("hello")
        await arrived.wait()
        await talk.make(f"/threads/{run['thread_id']}/runs/{run['id']}/cancel")
        run = await talk.until(run, "cancelled")
        assert len((await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]) == 1


@pytest.mark.parametrize("key", ["", " ", "two words", "line\n", "\x00"])
def test_a_key_that_would_let_everyone_in_is_refused(key: str) -> None:
    """An unset variable gives an empty key; it is refused before the server listens, and the text is not shown."""
    with pytest.raises(ValueError, match=r"api_key must be one word of printable characters, and not empty$"):
        AssistantsServer(api_key=key)


def test_a_key_of_another_type_is_refused_by_name() -> None:
    """Before the server listens."""
    with pytest.raises(TypeError, match=r"^api_key must be a str or None, not list$"):
        AssistantsServer(api_key=["key"])  # type: ignore[arg-type]


async def test_many_connections_find_room_while_the_server_is_busy() -> None:
    """asyncio's own limit is 100: one more would wait for the system's next try."""
    async with AssistantsServer() as server:
        port = int(server.base_url.split(":")[2].split("/")[0])
        with contextlib.ExitStack() as stack:
            for _ in range(300):  # in one go, so that none is accepted before the last
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
