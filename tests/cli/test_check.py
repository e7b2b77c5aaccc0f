"""`check`, called in this process."""

from __future__ import annotations

import asyncio

import pytest

from assistants_async.cli.check import run_check
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend, Cut, RawAnswer, error_answer


async def test_refused_and_broken_answers_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Each ability has a line with the result, for any answer of the backend."""
    answers: list[ChatAnswer | RawAnswer] = [
        ChatAnswer(text="Hello"),
        error_answer(500, "no usage"),
        RawAnswer(pieces=[b'data: {"error": {"message": "no tools"}}\n\n']),
        RawAnswer(pieces=[Cut()]),
        ChatAnswer(text="not JSON"),
        error_answer(400, "no images"),
    ]
    async with ChatBackend(answers, models=[f"m{number}" for number in range(7)]) as backend:
        assert await asyncio.to_thread(run_check, backend.url, None, None, 30.0) == 0
    shown = capsys.readouterr().out
    for words in ("m0, m1, m2, m3, m4, …", "500: no usage", "no tools", "breaks its schema", "400: no images"):
        assert words in shown


async def test_a_backend_without_a_list(capsys: pytest.CaptureFixture[str], unused_tcp_port: int) -> None:
    """Return 1 where no server answers, and 2 for a malformed URL."""
    assert await asyncio.to_thread(run_check, f"http://127.0.0.1:{unused_tcp_port}/v1", None, None, 5.0) == 1
    assert "the model is unknown" in capsys.readouterr().out
    assert await asyncio.to_thread(run_check, "nonsense", None, None, 5.0) == 2
    assert capsys.readouterr().err.startswith("assistants-async check: ")
