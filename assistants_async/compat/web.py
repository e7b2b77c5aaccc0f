"""Answers as httpx shows them, as far as code that talks to an API looks at them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NamedTuple

from .._typing import override
from ..response import Headers, HTTPResponse


class WebRequest(NamedTuple):
    """The request that was answered; its headers are kept nowhere, since they have the key."""

    method: str
    """Request method."""
    url: str
    """The URL, with its query."""


class WebResponse:
    """An answer under httpx's names."""

    __slots__ = ("_close", "_http")

    def __init__(self, http: HTTPResponse, close: Callable[[], Awaitable[None]] | None = None) -> None:
        self._http = http
        self._close = close

    async def aclose(self) -> None:
        """Let go of the connection of a stream; of an answer that was read, do nothing."""
        if self._close is not None:
            await self._close()

    @property
    def status_code(self) -> int:
        """Status code."""
        return self._http.status

    @property
    def reason_phrase(self) -> str:
        """Reason phrase; empty where the server sent none."""
        return self._http.reason

    @property
    def headers(self) -> Headers:
        """Response headers."""
        return self._http.headers

    @property
    def content(self) -> bytes:
        """The body."""
        return self._http.content

    @property
    def text(self) -> str:
        """The body as text."""
        return self._http.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """Decode the body; raises `ValueError` for what is no JSON."""
        return json.loads(self._http.content)

    @property
    def request(self) -> WebRequest:
        """The request."""
        return WebRequest(self._http.method, self._http.url)

    @property
    def url(self) -> str:
        """The URL that answered."""
        return self._http.url

    @property
    def elapsed(self) -> timedelta:
        """Time from the first attempt to the end of the body."""
        return timedelta(seconds=self._http.elapsed)

    @property
    def is_success(self) -> bool:
        """True for a status of 2xx."""
        return 200 <= self._http.status < 300

    @property
    def is_error(self) -> bool:
        """True for a status of 4xx or 5xx."""
        return self._http.status >= 400

    @override
    def __repr__(self) -> str:
        return f"<Response [{self._http.status} {self._http.reason}]>"
