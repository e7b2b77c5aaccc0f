"""What every test shares: one unit of time, and an environment without anybody's settings."""

from __future__ import annotations

import os

import pytest

MS = 0.001 * float(os.environ.get("ASSISTANTS_TEST_SCALE", "1"))
"""One millisecond; a slow machine stretches it, and with it every wait of the tests."""

VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID")


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the machine's environment would set."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
