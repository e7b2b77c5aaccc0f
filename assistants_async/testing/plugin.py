"""A pytest plugin, registered when the package is installed; it imports nothing heavy until a fixture is used.

The async fixtures need pytest-asyncio, in auto or strict mode. Each test has a server and a client of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Generator
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

import pytest

if TYPE_CHECKING:
    from aioresponses import aioresponses

    from ..client import AssistantsClient
    from ..server import AssistantsServer

F = TypeVar("F", bound=Callable[..., Any])


def _async_fixture(function: F) -> F:
    decorate: Any = pytest.fixture
    # A project without pytest-asyncio still gets `assistants_mock`.
    with contextlib.suppress(ImportError):
        decorate = import_module("pytest_asyncio").fixture
    return cast("F", decorate(function))


@_async_fixture
async def assistants_server() -> AsyncGenerator[AssistantsServer, None]:
    """An embedded server on a free loopback port, with ids that are the same in every run."""
    from ..server import AssistantsServer

    async with AssistantsServer(seed=0) as server:
        yield server


@_async_fixture
async def assistants_client(assistants_server: AssistantsServer) -> AsyncGenerator[AssistantsClient, None]:
    """A client of that server."""
    from ..client import AssistantsClient

    async with AssistantsClient(base_url=assistants_server.base_url, api_key="test") as client:
        yield client


@pytest.fixture
def assistants_mock() -> Generator[aioresponses, Any, None]:
    """`aioresponses` around the test, made to work with aiohttp 3.14: the answers are those set on it."""
    from .mocks import mocked

    with mocked() as mock:
        yield mock
