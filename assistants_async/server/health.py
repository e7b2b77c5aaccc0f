"""Health of the server for probes: `/healthz` says that it is alive, `/readyz` that it can answer runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import msgspec
from aiohttp import web

from ..errors import AssistantsError
from .engine.responder import Backend, Responder
from .storage.interface import Store

PATHS = frozenset(("/healthz", "/readyz"))
"""Paths outside of the API; they need no key, since probes have none."""

# Seconds that a backend has to list its models.
_TIME = 5.0
# Seconds for which the last answer of the backend is used again: many probes together must not be a load on it.
_FRESH = 2.0


class Health:
    """Answers the two paths."""

    def __init__(self, responder: Responder, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._responder = responder
        self._store = store
        self._clock = clock
        self._checked_at: float | None = None
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
        """Return the reason why runs cannot be answered, without an address; None where they can."""
        try:
            await self._store.check()
        except OSError as error:
            return f"the store cannot be reached: {type(error).__name__}"
        if not isinstance(self._responder, Backend):
            return None
        if self._checked_at is None or self._clock() - self._checked_at > _FRESH:
            self._problem = await _problem_of(self._responder)
            self._checked_at = self._clock()
        return self._problem


async def _problem_of(backend: Backend) -> str | None:
    try:
        async with asyncio.timeout(_TIME):
            await backend.models()
    except TimeoutError:
        return f"the backend did not answer within {_TIME:g} s"
    except AssistantsError as error:
        # The class alone: the text of the error may have the backend's address, and anyone can read this answer.
        return f"the backend does not list its models: {type(error).__name__}"
    return None


def _answer(status: int, text: str) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode({"status": text}), content_type="application/json")
