"""Waiting for a place under a client's own limits, one request after the other."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from ..core.requests.rate_limit import Place, RateLimit, RateWindow, tokens_in
from ..core.requests.request import Request
from ..core.requests.validation import encoded
from ..models.runs import Usage
from ..response import Headers


class RateLimiter:
    """The limits of a client and its views: requests go in the order in which they came."""

    def __init__(self, limit: RateLimit) -> None:
        self._counts_tokens = limit.tokens_per_minute is not None
        self._window = RateWindow(limit)
        # The first waits for the window, the others for their turn, so that no small request overtakes a large one.
        self._turn = asyncio.Lock()
        self._changed: asyncio.Future[None] | None = None

    async def wait(self, request: Request) -> Place:
        """Wait until a request may be sent, and take its place; a wait that is cancelled takes none."""
        tokens = self._tokens_of(request)
        clock = asyncio.get_running_loop().time
        async with self._turn:
            while (delay := self._window.delay(clock(), tokens)) > 0:
                await self._pause(delay)
            return self._window.take(tokens)

    def settle(self, place: Place) -> None:
        """Note that a request is no longer on its way."""
        self._change(lambda now: self._window.settle(place, now))

    def give_back(self, place: Place) -> None:
        """Free the place of a request that was not sent."""
        self._change(lambda _: self._window.give_back(place))

    def heed(self, headers: Headers) -> None:
        """Read the limits that a server names in an answer."""
        self._change(lambda now: self._window.heed(headers, now, time.time()))

    def use(self, usage: Usage) -> None:
        """Note the tokens that a run has used."""
        if self._counts_tokens:
            spent = usage.total_tokens or (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
            self._change(lambda now: self._window.use(spent, now))

    def _tokens_of(self, request: Request) -> int:
        if not (self._counts_tokens and request.endpoint.streams and request.body is not None):
            return 0
        known = request.encoded_body
        body = known[1] if known and known[0] is request.body else encoded(request.endpoint.name, request.body)
        return tokens_in(body)

    def _change(self, change: Callable[[float], None]) -> None:
        change(asyncio.get_running_loop().time())
        self._wake()

    async def _pause(self, seconds: float) -> None:
        """Sleep until the time is over or the window has changed."""
        loop = asyncio.get_running_loop()
        self._changed = changed = loop.create_future()
        timer = None if seconds == math.inf else loop.call_later(seconds, self._wake)
        try:
            await changed
        finally:
            self._changed = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
