"""The shared parts of all tests: one unit of time, a clean environment, and both ways to run."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

from assistants_async import AssistantsClient
from tests.support.http_server import KEY, TransportName, Wire
from tests.support.steady_loop import SteadyLoop

VARIABLES = (
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
    *("ASSISTANTS_API_KEY", "ASSISTANTS_BACKEND_KEY"),
    *("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN", "AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"),
)

# How long an example takes is up to the machine.
settings.register_profile("any machine", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Give a run of all tests a worker a processor; a part of them is done before workers have started."""
    option = config.option
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # a worker has no workers of its own
    if config.args == config.getini("testpaths") and getattr(option, "numprocesses", 0) is None and not option.usepdb:
        option.numprocesses = "auto"
        option.dist = "worksteal"  # a slow module at the end would keep one processor busy and the others idle


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Refuse ids that differ between processes: every worker has to collect the same tests."""
    unstable = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if unstable:
        raise pytest.UsageError("ids with an address in memory, give other ids=:\n" + "\n".join(unstable))


def pytest_collection_finish() -> None:
    """Leave what the collected tests are made of to no later collection of garbage: each took 0.3 s for it."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Write down what was covered: a worker that is not gone 10 s later is killed, on a busy machine before it does."""
    measured = Coverage.current()
    if measured is not None:
        measured.save()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], SteadyLoop]]:
    """Run every test on a loop whose time limits do not depend on how busy the machine is."""
    return {"steady": SteadyLoop}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module that is marked `both_transports` over each of them, where they use one."""
    if "transport" in metafunc.fixturenames and metafunc.definition.get_closest_marker("both_transports"):
        metafunc.parametrize("transport", [None, "lean"], ids=["aiohttp", "lean"])


@pytest.fixture
def transport() -> TransportName:
    """Name the transport of a client: the usual one, but where a test runs over both."""
    return None


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the settings of the machine's environment."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """Serve bytes on loopback; afterwards no connection and no task of a client is left."""
    async with Wire().serve() as server:
        yield server
        await server.until_open(0)
        left = asyncio.all_tasks() - {asyncio.current_task()} - server._tasks
        assert not {task for task in left if "_accept" not in repr(task) and "Wire" not in repr(task)}


@pytest.fixture
async def client(wire: Wire, transport: TransportName) -> AsyncIterator[AssistantsClient]:
    """Make a client of that server that sends once: what a failure is, not what becomes of it."""
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, retry=None, transport=transport) as made:
        yield made
