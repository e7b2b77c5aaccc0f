"""Bodies of every length as they are sent: those past aiohttp's own limit without its warning."""

from __future__ import annotations

from typing import Any

import pytest

from assistants_async import AssistantsClient, RetryPolicy
from tests.support.http_server import KEY, Wire, answer, failure
from tests.support.steady_loop import MS

THREAD: dict[str, Any] = {"id": "thread_1", "object": "thread", "created_at": 1}


@pytest.mark.parametrize("size", [10, 2**20 - 100, 2**20, 3 * 2**20])
async def test_a_body_of_any_length_is_sent_whole(wire: Wire, size: int) -> None:
    """With its length and type, and once more where it is sent again."""
    wire.answer(failure(503), answer(THREAD))
    content = "x" * size
    async with AssistantsClient(
        base_url=wire.base_url, api_key=KEY, retry=RetryPolicy(initial_delay=MS), validate=False
    ) as client:
        await client.threads.create(messages=[{"role": "user", "content": content}])
    assert len(wire.seen) == 2
    for seen in wire.seen:
        assert seen.json["messages"][0]["content"] == content
        assert seen.header("content-length") == str(len(seen.body))
        assert seen.header("content-type") == "application/json"
        assert seen.header("transfer-encoding") is None


async def test_a_hook_may_send_bytes_of_its_own_kind(wire: Wire) -> None:
    """A class of bytes goes as bytes do."""

    class Marked(bytes):
        """Bytes of a library."""

    def mark(outgoing: Any) -> None:
        outgoing.body = Marked(outgoing.body)

    wire.answer(answer(THREAD))
    async with AssistantsClient(base_url=wire.base_url, api_key=KEY, on_send=mark) as client:
        await client.threads.create(metadata={"a": "b"})
    assert wire.last.json == {"metadata": {"a": "b"}}
