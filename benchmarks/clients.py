"""The clients that are compared: made by hand, this one, and the installed peers."""

from __future__ import annotations

import importlib
import ssl
import warnings
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from importlib.util import find_spec
from typing import Any

import aiohttp

from assistants_async import AssistantsClient
from benchmarks.results import HAND, LEAN, OURS
from benchmarks.work import Hand

OWN = (OURS, LEAN) if find_spec("httptools") else (OURS,)
"""This client, over each transport that is installed."""

PEERS = {"openai": ("openai",), "openai, aiohttp": ("openai", "httpx_aiohttp")}
"""Other clients, and the modules that they need."""

HEADERS = {"Authorization": "Bearer key", "OpenAI-Beta": "assistants=v2"}
"""The headers of every request that is made by hand."""


def missing(peer: str) -> str | None:
    """The module that a peer needs and that is not installed."""
    return next((name for name in PEERS[peer] if find_spec(name) is None), None)


@asynccontextmanager
async def made(
    name: str,
    url: str,
    *,
    connections: int = 100,
    trust: ssl.SSLContext | None = None,
    settings: Mapping[str, Any] | None = None,
) -> AsyncGenerator[Any]:
    """Enter for a client by its name, which is closed with the block; see `make`."""
    user = make(name, url, connections=connections, trust=trust, settings=settings)
    try:
        yield user
    finally:
        await close(user)


def make(
    name: str,
    url: str,
    *,
    connections: int = 100,
    trust: ssl.SSLContext | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Any:
    """Make a client by its name; `settings` are this package's client's.

    By hand it is a `Hand`, and a peer an `openai.AsyncOpenAI`, whose warnings about the protocol's end are turned off.
    """
    if name == HAND:
        connector = aiohttp.TCPConnector(limit=connections, ssl=True if trust is None else trust)
        return Hand(aiohttp.ClientSession(headers=HEADERS, connector=connector), url)
    if name in (OURS, LEAN):
        more: Any = {"api_key": "key", "ssl": trust, **(settings or {})}
        if name == LEAN:
            more["transport"] = "lean"
        return AssistantsClient(base_url=url, max_connections=connections, **more)
    warnings.simplefilter("ignore")
    openai: Any = importlib.import_module("openai")
    http_client = openai.DefaultAioHttpClient if "aiohttp" in name else openai.DefaultAsyncHttpxClient
    http = http_client() if trust is None else http_client(verify=trust)
    return openai.AsyncOpenAI(api_key="key", base_url=url, http_client=http)


async def close(user: Any) -> None:
    """Close a client."""
    await (user.session if isinstance(user, Hand) else user).close()
