"""The raw response between its connection and its reader."""

from __future__ import annotations

import asyncio

import pytest

from assistants_async import ConnectionLostError
from assistants_async.transport.lean.response import LeanResponse


class Pipe(asyncio.Transport):
    """An end of a connection that takes note of what is done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []

    def abort(self) -> None:
        """Take note."""
        self.done.append("abort")

    def resume_reading(self) -> None:
        """Take note."""
        self.done.append("resume")


async def test_pieces_are_read_before_the_end() -> None:
    """And before the error of a break."""
    cause = OSError("gone")
    response = LeanResponse(Pipe(), 200, pieces=[b"a", b"b"])
    response.break_off(cause)
    assert response.read_all_nowait() is None
    assert await response.read() == b"ab"
    assert response.read_nowait() is None
    with pytest.raises(ConnectionLostError, match="inside the body") as caught:
        await response.read()
    assert caught.value.__cause__ is cause
    whole = LeanResponse(None, 200, pieces=[b"a"], ended=True)
    assert (await whole.read(), await whole.read(), whole.read_nowait(), whole.read_all_nowait()) == (b"a", *[b""] * 3)


async def test_a_read_starts_the_connection_again() -> None:
    """Once the waiting bytes have been taken."""
    pipe = Pipe()
    response = LeanResponse(pipe, 200, pieces=[b"a"], size=1, paused=True)
    assert (response.read_nowait(), response.size, response.paused, pipe.done) == (b"a", 0, False, ["resume"])
    assert LeanResponse(None, 200, pieces=[b"a"], size=1, paused=True).read_nowait() == b"a"


async def test_a_second_reader_is_refused() -> None:
    """It would take the first one's turn, who would wait for ever."""
    response = LeanResponse(Pipe(), 200)
    first = asyncio.ensure_future(response.read())
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="another task is reading"):
        await response.read()
    response.pieces.append(b"a")
    assert response.wake()
    assert await first == b"a"
    assert not response.wake()


async def test_a_close_ends_a_read() -> None:
    """At once, and again is no error."""
    pipe = Pipe()
    response = LeanResponse(pipe, 200)
    reading = asyncio.ensure_future(response.read())
    await asyncio.sleep(0)
    response.close()
    response.close()
    assert response.wake()
    with pytest.raises(ConnectionLostError):
        await reading
    assert pipe.done == ["abort"]


def test_it_shows_no_word_of_the_server() -> None:
    """The server's words may repeat the key."""
    assert repr(LeanResponse(None, 200, b"HTTP/1.1 200 key")) == "<RawResponse 200>"
