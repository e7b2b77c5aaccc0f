"""A fresh server for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.postgres import new_database
from tests.support.talk import Talk, talking


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    """Speaks v2 to a server that answers at once."""
    async with talking() as made:
        yield made


@pytest.fixture
async def talk_v1() -> AsyncIterator[Talk]:
    """Speaks v1 to a server that answers at once."""
    async with talking(protocol="v1") as made:
        yield made


@pytest.fixture
async def database() -> AsyncIterator[str]:
    """The URL of an empty PostgreSQL database."""
    with new_database() as url:
        yield url
