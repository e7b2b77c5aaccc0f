"""A stream pushed into the sending end of another channel."""

from __future__ import annotations

import contextlib
from typing import TypeVar

from ..response import HTTPResponse
from .channel import Channel
from .pipe import PipeSender, Sender

T = TypeVar("T")


async def push(channel: Channel[T], sender: Sender[T], *, close: bool) -> HTTPResponse:
    """Read a channel to its end into a sender; an error that ends it reaches a pipe's reader, and is raised here."""
    import anyio

    try:
        async with channel:
            # A reader that has gone is no error: there is nobody left to read for.
            gone = contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError)
            told = (
                sender.on_receiver_closed(channel.close) if isinstance(sender, PipeSender) else contextlib.nullcontext()
            )
            with gone, told:
                async for item in channel:
                    await sender.send(item)
            return channel.http
    except Exception as error:
        if isinstance(sender, PipeSender):
            sender.fail(error)
        raise
    finally:
        if close:
            sender.close()
