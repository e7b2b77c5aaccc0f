"""The lean transport for every client of these tests."""

from __future__ import annotations

import pytest

from tests.support.http_server import TransportName


@pytest.fixture
def transport() -> TransportName:
    """The lean one alone."""
    return "lean"
