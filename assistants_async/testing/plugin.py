"""A pytest plugin, registered when the package is installed; it imports nothing heavy until a fixture is used.

Each test has a server and a client of its own. The async fixtures work with pytest-asyncio, in auto and strict mode,
and with anyio's plugin on its asyncio backend, alone or beside pytest-asyncio in strict mode. Tests marked
`anyio` while pytest-asyncio is in auto mode are refused: it runs them on another event loop than anyio gives to
their fixtures, where nothing would ever answer. Tests on anyio's trio backend are refused too.

Where plugins are not loaded by themselves, name it `-p assistants_async`: pytest refuses a plugin that is registered
once by its name and once more by its module.
"""

from __future__ import annotations

import asyncio
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


def _refuse_other_loops(request: pytest.FixtureRequest) -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        raise RuntimeError(
            "assistants_server and assistants_client run on asyncio: a fixture anyio_backend that returns 'asyncio' "
            "keeps the tests marked anyio off trio"
        ) from None
    # anyio sets up the fixtures of every test that has its backend; pytest-asyncio's items run on its own loop.
    if "anyio_backend" in request.fixturenames and type(request.node).__module__.startswith("pytest_asyncio"):
        raise RuntimeError(
            "this test is anyio's by its fixtures and pytest-asyncio's by its event loop: set asyncio_mode to strict, "
            "or leave out the anyio mark"
        )


@_async_fixture
async def assistants_server(request: pytest.FixtureRequest) -> AsyncGenerator[AssistantsServer, None]:
    """An embedded server on a free loopback port, with ids that are the same in every run."""
    _refuse_other_loops(request)
    from ..server import AssistantsServer

    async with AssistantsServer(seed=0, record_bodies=True) as server:
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
