"""`serve --backend`, `serve --script` and `check`, run as a user runs them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from assistants_async import AssistantsClient
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend, RawAnswer, error_answer
from tests.support.commands import run_here

COMMAND = (sys.executable, "-W", "error", "-m", "assistants_async")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}


async def ran(*arguments: str, **variables: str) -> tuple[int | None, str, str]:
    """A command to its end: exit code and both outputs."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**ENVIRONMENT, **variables},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def serving(
    *arguments: str, lines: int = 1, folder: Path | None = None, **variables: str
) -> AsyncIterator[tuple[list[str], list[str]]]:
    """`serve` while it runs: its first lines, and all that it wrote on standard error once it has ended."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("serve", "--port", "0", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**ENVIRONMENT, **variables},
        cwd=folder,
    )
    assert process.stdout is not None
    errors: list[str] = []
    try:
        yield [(await process.stdout.readline()).decode().strip() for _ in range(lines)], errors
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
        errors += err.decode().splitlines()
    assert process.returncode == 0


async def answer(base_url: str, **run: Any) -> tuple[str, Any]:
    """A run through a client that knows the base URL alone."""
    async with AssistantsClient(base_url=base_url, api_key="key") as client:
        assistant = await client.assistants.create(model="gpt-4o")
        thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
        ended = await client.runs.create(thread, assistant_id=assistant, **run).poll(raise_on=())
        message = await client.messages.list(thread).first()
        return (message.text if message is not None else ""), ended


async def test_one_url_and_the_service_runs_again(tmp_path: Path) -> None:
    """The first lines say where, how and who; the run is answered by the model under the backend's key."""
    key = tmp_path / "key"
    key.write_text("backend-key\n")
    key.chmod(0o600)
    async with ChatBackend([ChatAnswer(text="From the model.")]) as backend:
        arguments = ("--backend", backend.url, "--model", "qwen3", "--backend-key-file", str(key))
        async with serving(*arguments, lines=3, folder=tmp_path) as (reports, errors):
            text, run = await answer(reports[0])
    assert (text, run.status, run.model) == ("From the model.", "completed", "gpt-4o")
    assert reports[1:] == [
        f"export OPENAI_BASE_URL={reports[0]}",
        f"runs are answered by qwen3 at {backend.url}; all other objects are in sqlite:assistants.db",
    ]
    assert (tmp_path / "assistants.db").is_file()
    assert backend.requests[0]["model"] == "qwen3"
    assert backend.headers[0]["authorization"] == "Bearer backend-key"
    assert errors == []


async def test_ready_and_healthy() -> None:
    """Both paths need no key; a backend that is gone makes the server alive and not ready."""
    async with ChatBackend() as backend:
        arguments = ("--backend", backend.url, "--api-key", "key", "--store", "memory")
        async with serving(*arguments, lines=3) as (reports, errors), aiohttp.ClientSession() as session:
            root = reports[0].removesuffix("/v1")
            async with session.get(f"{root}/healthz") as health, session.get(f"{root}/readyz") as ready:
                assert (health.status, await health.json()) == (200, {"status": "alive"})
                assert (ready.status, await ready.json()) == (200, {"status": "ready"})
            async with session.get(f"{reports[0]}/assistants") as refused:
                assert refused.status == 401
    assert errors == []


async def test_a_backend_that_is_not_there_is_a_warning(unused_tcp_port: int) -> None:
    """The server starts, says so once, and is not ready."""
    arguments = ("--backend", f"http://127.0.0.1:{unused_tcp_port}/v1", "--store", "memory")
    async with (
        serving(*arguments, lines=3) as (reports, errors),
        aiohttp.ClientSession() as session,
        session.get(reports[0].removesuffix("/v1") + "/readyz") as ready,
    ):
        assert (ready.status, await ready.json()) == (
            503,
            {"status": "the backend does not list its models: ConnectFailedError"},
        )
    assert errors[0] == (
        "assistants-async serve: warning: the backend does not list its models: ConnectFailedError; "
        "runs fail for as long"
    )


async def test_a_script_of_runs(tmp_path: Path) -> None:
    """Clients in any language can be driven through what a file says, at any pace, and each request is logged."""
    script = tmp_path / "script.json"
    script.write_text('[{"say": "Hello."}, {"fail": ["rate_limit_exceeded", "Slow down."]}]')
    arguments = ("--script", str(script), "--pace", "0", "--chunk", "7", "--log", "--run-expiry", "60")
    async with serving(*arguments) as (reports, errors):
        text, run = await answer(reports[0])
        _, failed = await answer(reports[0])
    assert (text, failed.last_error.code) == ("Hello.", "rate_limit_exceeded")
    assert failed.expires_at is None
    assert "POST /threads/{thread_id}/runs 200 " in "\n".join(errors)
    assert run.thread_id not in "\n".join(errors)


async def test_a_key_that_nobody_needs() -> None:
    """A variable of the backend without one is a warning: the echo answers, which may not be what was meant."""
    async with serving(ASSISTANTS_BACKEND_KEY="backend-key-0001") as (reports, errors):
        text, _ = await answer(reports[0])
    assert text == "Echo: Hello"
    assert errors == ["assistants-async serve: warning: ASSISTANTS_BACKEND_KEY is not used without --backend"]


BAD: dict[str, tuple[Sequence[str], str]] = {
    "a malformed URL": (["--backend", "ftp://x"], "base_url"),
    "a model without a backend": (["--model", "m"], "--model needs --backend"),
    "a map without a backend": (["--model-map", "a=b"], "--model-map needs --backend"),
    "a malformed map": (["--backend", "http://127.0.0.1:1/v1", "--model-map", "a"], "'a' is not a list of pairs"),
    "a bad context": (["--backend", "http://127.0.0.1:1/v1", "--context", "0"], "'0' is not a whole number"),
    "a bad pace": (["--pace", "nan"], "'nan' is not a number of seconds"),
    "no such script": (["--script", "none.json"], "cannot read 'none.json': No such file"),
    "no such key file": (["--backend-key-file", "none"], "cannot read 'none': No such file"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_options_are_one_sentence(arguments: Sequence[str], words: str) -> None:
    """Exit code 2, and nothing has started."""
    refused = run_here("serve", "--port", "0", *arguments)
    assert (refused.returncode, refused.stdout, words in refused.stderr) == (2, "", True), refused.stderr


def test_a_script_and_a_backend_do_not_go_together(tmp_path: Path) -> None:
    """Both answer runs, so the command takes one of them; a bad script is refused with its place."""
    script = tmp_path / "script.json"
    script.write_text('[{"sya": "Hello."}]')
    refused = run_here("serve", "--port", "0", "--script", str(script))
    assert (refused.returncode, "script[0]: 'sya' is no action" in refused.stderr) == (2, True)
    refused = run_here("serve", "--backend", "http://127.0.0.1:1/v1", "--script", str(script))
    assert (refused.returncode, "give one of them" in refused.stderr) == (2, True)


async def test_check_lists_the_abilities() -> None:
    """A line for each ability, from short requests; exit code 0 where streams work."""
    answers: list[ChatAnswer | RawAnswer] = [
        ChatAnswer(text="Hello you"),
        ChatAnswer(text="Hello"),
        ChatAnswer(calls=[("get_weather", {"city": "Oslo"})]),
        ChatAnswer(calls=[("get_weather", {"city": "Oslo"}), ("get_weather", {"city": "Bergen"})]),
        ChatAnswer(text='{"city": "Oslo"}'),
        error_answer(400, "no images here"),
    ]
    async with ChatBackend(answers, models=["qwen3"], context=8192) as backend:
        code, out, err = await ran("check", "--backend", backend.url)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "yes models          qwen3",
        "yes stream          qwen3 answered in 2 pieces",
        "yes usage           10 prompt tokens for one short question",
        "yes tools           the model makes required calls",
        "yes parallel tools  2 of 2 calls in one answer",
        "yes schema          the answer fits its schema",
        "no  images          400: no images here",
        "yes context         8192 tokens",
    ]


async def test_check_of_a_poor_backend() -> None:
    """Each missing ability has a line with the option that helps."""
    async with ChatBackend([ChatAnswer(text="Hi", usage=None)] * 6) as backend:
        code, out, _ = await ran("check", "--backend", backend.url, "--model", "m")
    assert code == 0
    assert "no  usage           not counted: the usage of runs is an estimate" in out
    assert "no  tools           the model makes no required call: use serve --tools schema" in out
    assert "no  schema          the answer breaks its schema" in out
    assert "no  context         the backend names no size: use serve --context" in out


def test_check_of_nothing(unused_tcp_port: int) -> None:
    """Exit code 1 where no server answers, 2 for a malformed URL."""
    nobody = run_here("check", "--backend", f"http://127.0.0.1:{unused_tcp_port}/v1")
    assert (nobody.returncode, "the model is unknown: name one with --model" in nobody.stdout) == (1, True)
    refused = run_here("check", "--backend", "nonsense")
    assert (refused.returncode, refused.stderr.startswith("assistants-async check: ")) == (2, True)
