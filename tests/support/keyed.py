"""Requests with an `Idempotency-Key`."""

from __future__ import annotations

from typing import Any

from tests.support.talk import Answer, Talk


async def post(talk: Talk, key: str, path: str, body: Any = None, **more: Any) -> Answer:
    """POST with a key."""
    return await talk("POST", path, body, headers={"idempotency-key": key, **more.pop("headers", {})}, **more)


async def twice(talk: Talk, path: str, body: Any = None) -> Answer:
    """POST the same twice under one key, which gives the same bytes."""
    key = f"twice {path}"
    first, second = await post(talk, key, path, body), await post(talk, key, path, body)
    assert first.status == 200, first.content
    assert (second.status, second.content) == (200, first.content), path
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers.get("openai-poll-after-ms") == first.headers.get("openai-poll-after-ms")
    return first
