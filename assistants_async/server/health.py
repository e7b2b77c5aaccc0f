"""Health of the server for what watches it: `/healthz` says that it is alive, `/readyz` that runs can be answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from ..errors import AssistantsError
from .engine.responder import Backend, Responder

PATHS = frozenset(("/healthz", "/readyz"))
"""Paths outside of the API: no key is asked for, since what watches a server has none."""

# Seconds that a backend has to list its models.
_TIME = 5.0
# Seconds for which an answer of the backend counts, so that probes of many do not add up to a load.
_FRESH = 2.0


class Health:
    """Answers the two paths."""

    def __init__(self, responder: Responder, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._responder = responder
        self._clock = clock
        self._asked: float | None = None
        self._problem: str | None = None

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """Add the paths to an application."""
        router.add_get("/healthz", self._alive)
        router.add_get("/readyz", self._ready)

    async def _alive(self, _request: web.Request) -> web.Response:
        return _answer(200, "alive")

    async def _ready(self, _request: web.Request) -> web.Response:
        problem = await self.problem()
        return _answer(200, "ready") if problem is None else _answer(503, problem)

    async def problem(self) -> str | None:
        """Return, in words without an address, why runs cannot be answered; None where they can."""
        if not isinstance(self._responder, Backend):
            return None
        if self._asked is None or self._clock() - self._asked > _FRESH:
            self._problem = await _asked(self._responder)
            self._asked = self._clock()
        return self._problem


async def _asked(backend: Backend) -> str | None:
    try:
        async with asyncio.timeout(_TIME):
            await backend.models()
    except TimeoutError:
        return f"the backend did not answer within {_TIME:g} s"
    except AssistantsError as error:
        return f"the backend cannot be asked for its models: {type(error).__name__}"
    return None


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode({"status": text}), content_type="application/json")
