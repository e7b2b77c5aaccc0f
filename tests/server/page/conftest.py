"""One browser a test module. After each test: nothing was asked of another host, and no rule of the page was broken."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, browsing, missing


@pytest.fixture(scope="module")
def _window() -> Iterator[Browser]:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    with browsing() as window:
        yield window


@pytest.fixture
def browser(_window: Browser) -> Iterator[Browser]:
    """Open a window of the usual size."""
    _window.style()
    yield _window
    asked, complaints = _window.requests(), _window.complaints()
    own = (_window.origin + "/", "data:", "blob:" + _window.origin, "about:blank")
    assert [url for url in asked if not url.startswith(own)] == []
    assert complaints == []
