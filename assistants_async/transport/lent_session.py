"""Sending over a session that the caller lent, with the guarantees of our own sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .connection_use import ConnectionUse

Handler = Callable[[Any], Awaitable[Any]]
"""aiohttp's next step of a request."""


def middlewares_of(session: Any, use: ConnectionUse) -> tuple[Any, ...]:
    """Make the middlewares of one request: one that notes its connection, then the session's own."""

    async def prepare(request: Any, handler: Handler) -> Any:
        own_headers = request.proxy_headers
        if own_headers is not None:
            # aiohttp fills these with the session's default headers, and they may contain the key of the API.
            name = "Proxy-Authorization"
            request.proxy_headers = {name: own_headers[name]} if name in own_headers else None
        make = request.response_class

        def make_response(*args: Any, **keywords: Any) -> Any:
            writer = keywords.get("stream_writer")
            use.transport = None if writer is None else writer.transport
            return make(*args, **keywords)

        request.response_class = make_response
        return await handler(request)

    return (prepare, *session._middlewares)  # noqa: SLF001  # given with a request, others would take their place


def takes_middlewares(session: Any) -> bool:
    """Return True for a session of aiohttp 3.12 or later."""
    return hasattr(session, "_middlewares")


def default_proxy(session: Any) -> str | None:
    """Return the URL of the proxy that the session sends through; None where it has none of its own."""
    proxy = getattr(session, "_default_proxy", None)
    return None if proxy is None else str(proxy)
