"""News of commits as payloads of notifications."""

from __future__ import annotations

import pytest

from assistants_async.server.storage.postgres_notices import News, news_of, payload_of

NEWS = News([("queued", "r1"), ("gone", "r2")], ["r2"], {"run": 1.5})


def test_others_get_the_news() -> None:
    """All of them, but for the process that they come from."""
    payload = payload_of("one", NEWS)
    assert news_of(payload, "two") == NEWS
    assert not news_of(payload, "one")


def test_news_that_are_too_many() -> None:
    """They are none: PostgreSQL refuses a payload of 8000 bytes, and every process looks by itself."""
    payload = payload_of("one", News(runs=[f"run_{number}" for number in range(2_000)]))
    assert len(payload) < 8_000
    assert not news_of(payload, "two")


@pytest.mark.parametrize("payload", ["", "hello", "[]", '["x", 5]', '["x", {"notices": [["what", "r"]]}]'])
def test_something_else(payload: str) -> None:
    """Other payloads on the channel are no news."""
    assert not news_of(payload, "two")
