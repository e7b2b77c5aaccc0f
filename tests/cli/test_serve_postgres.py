"""`serve --store postgresql://…`, run as a user runs it: several processes, one of which is killed, and bad stores."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import aiohttp
import asyncpg
import pytest

from assistants_async import AssistantsClient, AssistantsError
from assistants_async.models.runs import TERMINAL_STATUSES
from tests.cli.test_backend import COMMAND, ENVIRONMENT, ran
from tests.support.postgres import PostgresServer, missing_postgres, new_database, own_time, postgres_server
from tests.support.steady_loop import MS

LIMIT = 240.0


@pytest.fixture
async def database() -> AsyncIterator[str]:
    """The URL of an empty database."""
    with new_database() as url:
        yield url


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A database server that a test may stop."""
    problem = missing_postgres()
    if problem is not None:
        pytest.skip(problem)
    with postgres_server() as running:
        yield running


@asynccontextmanager
async def serving(
    store: str, *arguments: str
) -> AsyncIterator[tuple[AssistantsClient, asyncio.subprocess.Process, str]]:
    """`serve` on a database, killed in the end."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *("serve", "--port", "0", "--store", store, *arguments),
        stdout=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with AssistantsClient(base_url=url, api_key="key", retry=None) as client:
            yield client, process, url
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_two_processes_one_of_which_is_killed(database: str) -> None:
    """Whatever was acknowledged is there, each run ends, no message is there twice, and threads are free."""
    made: list[tuple[str, str]] = []

    async def work(client: AssistantsClient, assistant_id: str, count: int) -> None:
        with suppress(AssistantsError):
            for _ in range(count):
                thread = await client.threads.create(messages=[{"role": "user", "content": "one two three four"}])
                run = await client.runs.create(thread, assistant_id=assistant_id)
                made.append((thread.id, run.id))

    async with AsyncExitStack() as stack:
        slow = ("--speed", "0.05", "--pace", "0.02")
        one, killed, _ = await stack.enter_async_context(serving(database, *slow))
        two, other, _ = await stack.enter_async_context(serving(database, *slow))
        assistant = await one.assistants.create(model="m")
        workers = [asyncio.create_task(work(client, assistant.id, 10)) for client in (one, two)]
        while len(made) < 8:
            await asyncio.sleep(MS)
        killed.kill()
        await asyncio.gather(*workers)
        async with asyncio.timeout(LIMIT):
            for thread_id, run_id in made:
                run = await two.runs.wait(thread_id, run_id, raise_on=())
                assert run.status in TERMINAL_STATUSES
                messages = await two.messages.list(thread_id).collect()
                assert [message.role for message in messages] in (["assistant", "user"], ["user"])
                if run.status == "completed":
                    assert messages[0].text == "Echo: one two three four"
                else:
                    assert run.last_error is not None
                    assert "restarted" in (run.last_error.message or "")
                await two.messages.create(thread_id, role="user", content="more")
        other.send_signal(signal.SIGTERM)
        assert await other.wait() == 0


async def test_a_run_goes_on_when_the_database_is_back(server: PostgresServer) -> None:
    """Its stream too, with each word once; meanwhile requests get a 503, and `/readyz` says why."""
    with own_time():
        async with serving(server.new_database(), "--speed", "0.2", "--pace", "0") as (client, _, url):
            assistant = await client.assistants.create(model="m")
            text = " ".join(map(str, range(20)))
            call = client.threads.create_and_run(
                assistant_id=assistant, thread={"messages": [{"role": "user", "content": text}]}
            )
            pieces: list[str] = []
            async with call.stream() as channel:
                async for piece in channel.text():
                    pieces.append(piece)
                    if len(pieces) == 1:
                        await asyncio.to_thread(server.stop)
                        with pytest.raises(AssistantsError) as raised:
                            await client.assistants.retrieve(assistant)
                        assert getattr(raised.value, "status", None) == 503
                        async with (
                            aiohttp.ClientSession() as session,
                            session.get(f"{url.removesuffix('/v1')}/readyz") as answer,
                        ):
                            assert (answer.status, "store" in await answer.text()) == (503, True)
                        await asyncio.to_thread(server.start)
            assert "".join(pieces) == f"Echo: {text}"
            assert (await client.assistants.retrieve(assistant)).id == assistant.id


async def test_bad_stores_are_one_sentence(database: str, unused_tcp_port: int) -> None:
    """Exit code 2, nothing has started, and no password is shown."""
    async with serving(database):
        pass
    connection = await asyncpg.connect(database)
    await connection.execute("UPDATE assistants_async.meta SET schema_version = 1000")
    await connection.close()
    for store, words in (
        (database, "schema version 1000"),
        (f"postgresql://ada:secret@127.0.0.1:{unused_tcp_port}/home", "cannot be opened"),
        ("mysql://ada:secret@db/home", "postgresql://…"),
    ):
        code, out, err = await ran("serve", "--port", "0", "--store", store)
        assert (code, out, len(err.splitlines())) == (2, "", 1), err
        assert words in err
        assert "secret" not in err
