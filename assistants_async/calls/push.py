"""A stream pushed into the sending end of another channel."""

from __future__ import annotations

import contextlib
from typing import Any, TypeVar

import anyio
from anyio.streams.memory import MemoryObjectSendStream

from ..errors import StreamInterruptedError
from ..response import HTTPResponse
from .channel import Channel
from .pipe import PipeSender, Sender

T = TypeVar("T")


async def push(channel: Channel[T], sender: Sender[T], *, close: bool) -> HTTPResponse | None:
    """Read a channel to its end into a sender; an error that ends it reaches a pipe's reader, and is raised here.

    Returns the head of the answer; None where the reader closed its end before the head had come.
    """
    if not (callable(getattr(sender, "send", None)) and callable(getattr(sender, "close", None))):
        # Before the error, so that no connection stays open behind a mistake in the call.
        channel.close()
        wanted = "the sending end of open_pipe() or of an anyio memory stream"
        raise TypeError(f"into() must be given {wanted}, not {type(sender).__name__}")
    try:
        if _has_no_reader(sender):
            channel.close()
            return None
        with _ended_by_reader(channel, sender):
            async with channel:
                http = channel.http if channel.outcome == "open" else None
                # A reader that has gone is no error: there is nobody left to read for.
                with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                    async for item in channel:
                        await sender.send(item)
                return http
    except Exception as error:
        if isinstance(sender, PipeSender):
            sender.fail(error)
        raise
    except BaseException:
        # A cancelled call would else look whole to the reader. Where other calls go on into the pipe, it is theirs.
        if close and isinstance(sender, PipeSender):
            sender.fail(StreamInterruptedError("the call into this pipe was cancelled", items=channel.items_delivered))
        raise
    finally:
        if close:
            sender.close()


def _has_no_reader(sender: Sender[Any]) -> bool:
    """Return True where no reader is left, so that nothing needs to be sent."""
    if isinstance(sender, PipeSender):
        return sender.receiver_closed
    return isinstance(sender, MemoryObjectSendStream) and not sender.statistics().open_receive_streams


def _ended_by_reader(channel: Channel[Any], sender: Sender[Any]) -> contextlib.AbstractContextManager[None]:
    """Enter to have the channel closed as soon as a pipe's reader closes its end: anyio's streams do not report it."""
    if isinstance(sender, PipeSender):
        return sender.on_receiver_closed(channel.close)
    return contextlib.nullcontext()
