"""Responders that misbehave: the run ends, its thread is free, other runs are served, the server closes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from assistants_async.server import CallTools, Fail, Incomplete, Say, Stall, Turn
from tests.support.talk import talking


class UnspeakableError(Exception):
    """An error that has no text."""

    def __str__(self) -> str:
        raise RuntimeError


class Abrupt(BaseException):
    """An error that is no `Exception`."""


async def _endless_pieces() -> AsyncIterator[str]:
    while True:
        yield "x" * 100


async def _no_pieces() -> AsyncIterator[str]:
    nothing: tuple[str, ...] = ()
    for piece in nothing:
        yield piece


def _number() -> Any:
    return 5


async def _odd_pieces() -> AsyncIterator[Any]:
    yield 5


def _raising(error: BaseException) -> Callable[[Turn], Any]:
    async def respond(_turn: Turn) -> Any:
        raise error

    return respond


def _giving(answer: Callable[[], Any]) -> Callable[[Turn], Any]:
    async def respond(_turn: Turn) -> Any:
        return answer()

    return respond


async def _endless(_turn: Turn) -> AsyncIterator[Say]:
    while True:
        yield Say("x")


async def _endless_silence(_turn: Turn) -> AsyncIterator[Say]:
    while True:
        yield Say(_no_pieces())


FAILING: dict[str, tuple[Callable[[Turn], Any], str]] = {
    "cancels itself": (_raising(asyncio.CancelledError("mine")), "CancelledError: mine"),
    "raises no Exception": (_raising(Abrupt("x")), "Abrupt: x"),
    "raises without a text": (_raising(UnspeakableError()), "an error without a text"),
    "raises a surrogate": (_raising(LookupError("\ud800")), r"\ud800"),
    "raises a novel": (_raising(LookupError("x" * 10_000_000)), "LookupError: x"),
    "says a surrogate": (_giving(lambda: Say("a \udc80 b")), "lone surrogate"),
    "calls a surrogate": (_giving(lambda: CallTools({"get_weather": "\ud800"})), "lone surrogate"),
    "calls by a surrogate": (_giving(lambda: CallTools({"\ud800": "{}"})), "lone surrogate"),
    "fails by a surrogate": (_giving(lambda: Fail("server_error", "\ud800")), "lone surrogate"),
    "is cut by a surrogate": (_giving(lambda: Incomplete("max_prompt_tokens", "\ud800")), "lone surrogate"),
    "stalls at a surrogate": (_giving(lambda: Stall("\ud800")), "lone surrogate"),
    "says 10 MB": (_giving(lambda: Say("word " * 2_000_000)), "at most 2097152 characters"),
    "calls with 10 MB": (_giving(lambda: CallTools({"get_weather": " " * 10_000_000})), "at most 2097152"),
    "says a number": (_giving(lambda: Say(_number())), "TypeError"),
    "says numbers": (_giving(lambda: Say(_odd_pieces())), "a responder says text, not int"),
    "fails with a number": (_giving(lambda: Fail(_number())), "a responder says text, not int"),
    "never ends a message": (_giving(lambda: Say(_endless_pieces())), "at most 2097152 characters"),
    "never ends": (_endless, "at most 2097152 characters"),
    "never ends to say nothing": (_endless_silence, "at most 2097152 characters"),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["polled", "streamed"])
@pytest.mark.parametrize(("responder", "reason"), FAILING.values(), ids=FAILING.keys())
async def test_its_run_fails(
    responder: Callable[[Turn], Any], reason: str, streamed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """In words; then the thread takes a message, and what the run left can be read."""
    caplog.set_level(logging.CRITICAL, "assistants_async.server")  # the log would have the raw text of the errors
    async with talking(responder=responder) as talk:
        if streamed:
            name, run = (await talk.stream("hello"))[-2]
            assert name == "thread.run.failed"
        else:
            run = await talk.until(await talk.run("hello"), "failed")
        assert run["last_error"]["code"] == "server_error"
        assert reason in run["last_error"]["message"]
        assert len(run["last_error"]["message"]) < 1_100
        path = f"/threads/{run['thread_id']}"
        await talk.make(f"{path}/messages", {"role": "user", "content": "more"})
        await talk.get(f"{path}/messages?limit=1")
        await talk.get(f"{path}/runs/{run['id']}/steps?limit=1")


async def test_others_are_served_meanwhile() -> None:
    """A responder that always has something to say leaves every other request its turn."""
    begun = asyncio.Event()

    async def endless(_turn: Turn) -> AsyncIterator[Say]:
        begun.set()
        while True:
            yield Say("x")

    async with talking(responder=endless) as talk:
        run = await talk.run("hello")
        await begun.wait()
        assert (await talk.get(f"/threads/{run['thread_id']}/runs/{run['id']}"))["status"] == "in_progress"


async def test_one_that_never_gives_in(caplog: pytest.LogCaptureFixture) -> None:
    """Cancelling ends the run all the same, the thread is free, and closing leaves the responder behind."""
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def respond(_turn: Turn) -> Say:
        begun.set()
        while not let_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await let_go.wait()
        return Say("too late")

    async with talking(responder=respond) as talk:
        run = await talk.run("hello")
        await begun.wait()
        path = f"/threads/{run['thread_id']}"
        await talk.make(f"{path}/runs/{run['id']}/cancel")
        await talk.until(run, "cancelled")
        await talk.make(f"{path}/messages", {"role": "user", "content": "more"})
    assert "1 responders refuse their cancellation" in caplog.text
    let_go.set()
    await asyncio.sleep(0)


async def test_pieces_after_the_end() -> None:
    """Pieces that come after their run was cancelled are written nowhere."""
    begun = asyncio.Event()

    async def pieces() -> AsyncIterator[str]:
        yield "a"
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        yield "b"

    async def respond(_turn: Turn) -> Say:
        return Say(pieces())

    async with talking(responder=respond) as talk:
        run = await talk.run("hello")
        await begun.wait()
        await talk.make(f"/threads/{run['thread_id']}/runs/{run['id']}/cancel")
        await talk.until(run, "cancelled")
        [message, _] = (await talk.get(f"/threads/{run['thread_id']}/messages"))["data"]
        assert message["content"][0]["text"]["value"] == "a"
