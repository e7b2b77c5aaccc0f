"""What every test shares: one unit of time, an environment without anybody's settings, and both ways to run."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest
from hypothesis import HealthCheck, settings

from tests.support.steady_loop import SteadyLoop

MS = 0.001
"""One millisecond, by the clock of the tests' event loop."""

VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")


# How long an example takes is up to the machine.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], SteadyLoop]]:
    """Run every test on a loop whose time limits do not depend on how busy the machine is."""
    return {"steady": SteadyLoop}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine's environment would set."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
