"""A fresh store of each kind for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from assistants_async.server.storage.interface import Store
from tests.support.stores import ENGINES


@pytest.fixture(params=ENGINES.keys())
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """A store that is open and has nothing in it."""
    async with ENGINES[request.param](tmp_path) as opened:
        yield opened
