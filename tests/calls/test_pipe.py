"""Pipes: progress at the sending end, and items at the reading end."""

from __future__ import annotations

import pytest

from assistants_async import open_pipe


async def test_the_first_error_stays() -> None:
    """A pipe that failed twice raises the first error."""
    send, receive = open_pipe(2)
    await send.send("a")
    send.fail(LookupError("first"))
    send.fail(LookupError("second"))
    assert await anext(receive) == "a"
    with pytest.raises(LookupError, match="first"):
        await anext(receive)


async def test_a_reader_that_left_before() -> None:
    """The function is called at once."""
    send, receive = open_pipe(1)
    receive.close()
    reports: list[str] = []
    with send.on_receiver_closed(lambda: reports.append("left")):
        assert reports == ["left"]
    assert send.receiver_closed
    send.close()
