"""`serve --store`, run as a user runs it: killed and started again, and refused where its store cannot be used."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from assistants_async import AssistantsClient, AssistantsError
from assistants_async.models.runs import TERMINAL_STATUSES
from tests.cli.test_backend import COMMAND, ENVIRONMENT, ran
from tests.support.commands import run_here
from tests.support.steady_loop import MS


@asynccontextmanager
async def killed(path: Path, *arguments: str) -> AsyncIterator[tuple[AssistantsClient, asyncio.subprocess.Process]]:
    """`serve` on a SQLite store, killed without warning in the end."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("serve", "--port", "0", "--store", f"sqlite:{path}", *arguments),
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with AssistantsClient(base_url=url, api_key="key", retry=None) as client:
            yield client, process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.mark.parametrize("begun", [1, 8, 30], ids=["at once", "soon", "later"])
async def test_a_server_that_is_killed(tmp_path: Path, begun: int) -> None:
    """Whatever was acknowledged is there, each run ends, no message is there twice, and threads are free."""
    made: list[tuple[str, str]] = []

    async def work(client: AssistantsClient, assistant_id: str) -> None:
        with suppress(AssistantsError):
            while True:
                thread = await client.threads.create(messages=[{"role": "user", "content": "one two three four"}])
                run = await client.runs.create(thread, assistant_id=assistant_id)
                made.append((thread.id, run.id))

    path = tmp_path / "home.db"
    async with killed(path, "--speed", "0.02", "--pace", "0.02") as (client, process):
        assistant = await client.assistants.create(model="m")
        workers = [asyncio.create_task(work(client, assistant.id)) for _ in range(2)]
        while len(made) < begun:
            await asyncio.sleep(MS)
        process.kill()
        await asyncio.gather(*workers)
    async with killed(path, "--pace", "0") as (client, _):
        assert (await client.assistants.retrieve(assistant.id)).model == "m"
        for thread_id, run_id in made:
            run = await client.runs.wait(thread_id, run_id, raise_on=())
            assert run.status in TERMINAL_STATUSES
            messages = await client.messages.list(thread_id).collect()
            assert [message.role for message in messages] in (["assistant", "user"], ["user"])
            if run.status == "completed":
                assert messages[0].text == "Echo: one two three four"
            else:
                assert run.last_error is not None
                assert "restarted" in (run.last_error.message or "")
            await client.messages.create(thread_id, role="user", content="more")


async def test_a_grace(tmp_path: Path) -> None:
    """SIGTERM lets runs end for a while, and a second one ends that."""
    async with killed(tmp_path / "a.db", "--speed", "0.05", "--pace", "0", "--grace", "60") as (client, process):
        assistant = await client.assistants.create(model="m")
        thread = await client.threads.create(messages=[{"role": "user", "content": "one two three four"}])
        run = await client.runs.create(thread, assistant_id=assistant)
        while (await client.runs.retrieve(thread, run)).status == "queued":
            await asyncio.sleep(MS)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    async with killed(tmp_path / "a.db", "--grace", "60", "--concurrency", "1") as (client, process):
        assert (await client.runs.retrieve(thread, run)).status == "completed"
        stalled = await client.threads.create_and_run(
            assistant_id=assistant, thread={"messages": [{"role": "user", "content": "/stall"}]}
        )
        while (await client.runs.retrieve(stalled.thread_id or "", stalled)).status == "queued":
            await asyncio.sleep(MS)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(100 * MS)
        assert process.returncode is None
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == -signal.SIGTERM


BAD: dict[str, tuple[Sequence[str], str]] = {
    "an unknown scheme": (["--store", "mysql://h/d"], "'mysql://h/d' is not a store"),
    "a folder that is not there": (["--store", "sqlite:none/home.db"], "cannot be opened"),
    "something else": (["--store", "sqlite:other.db"], "its tables are customers"),
    "no runs at a time": (["--concurrency", "0"], "'0' is not a whole number from 1"),
    "a grace that is none": (["--grace", "-1"], "'-1' is not a number of seconds"),
}


@pytest.mark.parametrize(("arguments", "words"), BAD.values(), ids=BAD)
def test_bad_stores_are_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], words: str
) -> None:
    """Exit code 2, and nothing has started."""
    with sqlite3.connect(tmp_path / "other.db") as connection:
        connection.execute("CREATE TABLE customers (name)")
    connection.close()
    monkeypatch.chdir(tmp_path)
    refused = run_here("serve", "--port", "0", *arguments)
    assert (refused.returncode, refused.stdout, words in refused.stderr) == (2, "", True), refused.stderr


async def test_a_second_process(tmp_path: Path) -> None:
    """It is told which store serves several."""
    async with killed(tmp_path / "home.db"):
        code, out, err = await ran("serve", "--port", "0", "--store", f"sqlite:{tmp_path / 'home.db'}")
    assert (code, out) == (2, "")
    assert "home.db is used by another process" in err
    assert "PostgreSQL" in err
