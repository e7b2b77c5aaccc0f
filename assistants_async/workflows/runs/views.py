"""Views: iterators over a part of what a channel's events say."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeVar

from ..._typing import override
from ...calls.channel import Channel
from ...errors import AssistantsError

V = TypeVar("V")


class View(AsyncIterator[V]):
    """The values that one function makes of a channel's events, and another at their end.

    A view that gives the answer of a run has `check_run`, which raises the run's error after a bad end.
    """

    __slots__ = ("_channel", "_check_run", "_left", "_pick", "_rest")

    def __init__(
        self,
        channel: Channel[Any],
        pick: Callable[[object], V | None],
        rest: Callable[[], Iterable[V | None]] = tuple,
        check_run: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._channel = channel
        self._pick = pick
        self._rest = rest
        self._left: Iterator[V | None] | None = None
        self._check_run = check_run

    @override
    async def __anext__(self) -> V:
        channel, pick = self._channel, self._pick
        while True:
            event = channel._ready()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  a view is part of its channel
            if event is None:
                try:
                    event = await channel.__anext__()
                except StopAsyncIteration:
                    break
            if item := pick(event):
                return item
        if self._left is None:
            # Not before the end: what has not ended by then will not.
            self._left = iter(self._rest() if self._channel.outcome == "completed" else ())
        for item in self._left:
            if item is not None:
                return item
        if self._check_run is not None:
            check_run, self._check_run = self._check_run, None
            await check_run()
        raise StopAsyncIteration


class SSEView(View[bytes]):
    """The bytes of a stream's events; an error that ends the stream is written as the last frame."""

    __slots__ = ("_failure", "_frame_of_error", "_over")

    def __init__(
        self,
        channel: Channel[Any],
        pick: Callable[[object], bytes],
        rest: Callable[[], Iterable[bytes]],
        frame_of_error: Callable[[Exception], bytes],
    ) -> None:
        super().__init__(channel, pick, rest)
        self._frame_of_error = frame_of_error
        self._over = False
        self._failure: Exception | None = None

    @override
    async def __anext__(self) -> bytes:
        channel = self._channel
        event = channel._ready()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  a view is part of its channel
        # Nearly every frame is there already: no second coroutine for it.
        if event is not None and (frame := self._pick(event)):
            return frame
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        if self._over:
            raise StopAsyncIteration
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise
        except Exception as error:
            if channel.outcome != "failed":  # such as a second reader
                raise
            self._over = True
            self._failure = None if isinstance(error, AssistantsError) else error
            return self._frame_of_error(error)
