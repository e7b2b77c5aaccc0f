"""A pytest plugin, registered when the package is installed; it imports nothing heavy until a fixture is used.

Each test has its own server and its own client. The server runs in its own thread, so that it answers sync tests
(`TestClient`, Django, Flask) too; `@pytest.mark.assistants(script=[…])` sets the answers of its runs. The client works
with pytest-asyncio, in auto and strict mode, and with anyio's plugin on its asyncio backend, alone or beside
pytest-asyncio in strict mode. It refuses anyio's trio backend, and tests marked `anyio` while pytest-asyncio is in auto
mode: pytest-asyncio runs those on another event loop than that of their fixtures, where no request would get an answer.

Where pytest loads no plugins by itself, name it `-p assistants_async`: pytest refuses a plugin that is registered
once by its name and once more by its module.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

import pytest

from ..client import AssistantsClient

if TYPE_CHECKING:
    from aioresponses import aioresponses

    from ..server.engine.script import ScriptEntry
    from .server_thread import ServerThread

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
            "assistants_client needs asyncio, and this test runs on trio: add a fixture anyio_backend that returns "
            "'asyncio'"
        ) from None
    # anyio sets the fixtures up on its loop, and pytest-asyncio runs the test on another.
    if "anyio_backend" in request.fixturenames and type(request.node).__module__.startswith("pytest_asyncio"):
        raise RuntimeError(
            "anyio sets up the fixtures of this test, but pytest-asyncio runs it on another event loop: set "
            "asyncio_mode to strict, or remove the anyio mark"
        )


_KEYWORDS = ("script", "responder", "pace", "dialect", "strict")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    keywords = "script=, responder=, pace=, dialect=, strict="
    text = f"assistants({keywords}): answers and pace of the runs of the fixture assistants_server, and its form"
    config.addinivalue_line("markers", text)


class ServerFactory(Protocol):
    """Starts embedded servers for a test."""

    def __call__(self, *, script: Iterable[ScriptEntry] | None = None, **settings: Any) -> ServerThread:
        """Start a server with a script, or with keywords of `AssistantsServer`; it is closed after the test."""
        ...


@pytest.fixture
def assistants_servers() -> Generator[ServerFactory, None, None]:
    """A function that starts embedded servers; an error that a responder raises fails the test."""
    # Imported on use here and below: pytest loads this plugin in every project that has the package installed.
    from .server_thread import ServerThread, scripted

    started: list[ServerThread] = []

    def start(*, script: Iterable[ScriptEntry] | None = None, **settings: Any) -> ServerThread:
        if script is not None and settings.get("responder") is not None:
            raise pytest.UsageError("give a script or a responder, not both")
        server = ServerThread(**{"seed": 0, "record_bodies": True, **settings, **scripted(script)})
        server.start()
        started.append(server)
        return server

    yield start
    # Closed before any error is raised: a thread that is left would outlive the test.
    for server in started:
        server.close()
    errors = [error for server in started for error in server.errors]
    if errors:
        raise errors[0] if len(errors) == 1 else ExceptionGroup("responders raised", errors)


@pytest.fixture
def assistants_server(request: pytest.FixtureRequest, assistants_servers: ServerFactory) -> ServerThread:
    """An embedded server on a free loopback port, with ids that are the same in every run."""
    mark: pytest.Mark | None = request.node.get_closest_marker("assistants")
    keywords: dict[str, Any] = {} if mark is None else dict(mark.kwargs)
    wrong = [name for name in keywords if name not in _KEYWORDS]
    if wrong or (mark is not None and mark.args):
        given = wrong[0] if wrong else repr(mark.args[0] if mark is not None else None)
        raise pytest.UsageError(f"pytest.mark.assistants takes {'=, '.join(_KEYWORDS)}=, not {given}")
    return assistants_servers(**keywords)


@_async_fixture
async def assistants_client(
    request: pytest.FixtureRequest, assistants_server: ServerThread
) -> AsyncGenerator[AssistantsClient, None]:
    """A client of the embedded server, also of one of Foundry's form."""
    _refuse_other_loops(request)
    # Foundry wants a version in every query, and the embedded server takes any.
    query = {"api-version": "v1"} if assistants_server.server.dialect == "foundry" else {}
    async with AssistantsClient(base_url=assistants_server.base_url, api_key="test", query=query) as client:
        yield client


@pytest.fixture
def assistants_mock() -> Generator[aioresponses, Any, None]:
    """`aioresponses` around the test, mended for aiohttp 3.14; it gives the answers that the test sets on it."""
    from .mocks import mocked

    with mocked() as mock:
        yield mock
