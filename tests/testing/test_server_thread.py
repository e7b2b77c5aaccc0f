"""The fixture's server beside tests of every kind: sync code, scripts by a mark, responders that raise."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, BadRequestError
from assistants_async.server import Say
from assistants_async.testing.plugin import ServerFactory
from assistants_async.testing.server_thread import ServerThread
from tests.support.projects import run_pytest


def post(server: ServerThread, path: str, body: Any) -> Any:
    """A request of sync code that blocks this thread until the answer is there."""
    request = urllib.request.Request(
        server.base_url + path, json.dumps(body).encode(), {"content-type": "application/json", "api-key": "test"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def test_sync_code_is_answered(assistants_server: ServerThread) -> None:
    """The server does not wait for the test's thread, which waits for it."""
    thread = post(assistants_server, "/threads", {"messages": [{"role": "user", "content": "Hello"}]})
    assert thread["object"] == "thread"
    assert [record.operation for record in assistants_server.requests] == ["createThread"]
    assistants_server.reset()
    assert assistants_server.requests == ()


@pytest.mark.assistants(script=[{"say": "One."}, Say("Two.")], pace=0.0)
async def test_a_script_by_a_mark(assistants_client: AssistantsClient) -> None:
    """Runs follow the script of the mark, in actions or in objects."""
    assistant = await assistants_client.assistants.create(model="m")
    thread = await assistants_client.threads.create(messages=[{"role": "user", "content": "Hello"}])
    texts = [(await assistants_client.runs.create(thread, assistant_id=assistant).drive()).text for _ in range(2)]
    assert texts == ["One.", "Two."]


@pytest.mark.assistants(script=[{"approve": [["docs", "search", {}]]}, {"say": "Done."}], dialect="foundry")
async def test_a_dialect_by_a_mark(assistants_client: AssistantsClient) -> None:
    """The client of the fixture speaks it too."""
    assistant = await assistants_client.assistants.create(model="m")
    thread = await assistants_client.threads.create(messages=[{"role": "user", "content": "Hello"}])
    call = assistants_client.runs.create(thread, assistant_id=assistant)
    assert (await call.drive(approve_mcp=lambda call, arguments: True)).text == "Done."


@pytest.mark.assistants(strict=True)
async def test_a_strict_server_by_a_mark(assistants_client: AssistantsClient) -> None:
    """It refuses misspelt words."""
    with pytest.raises(BadRequestError, match="funtion"):
        await assistants_client.assistants.create(model="m", tools=[{"type": "funtion"}])


async def test_several_servers(assistants_servers: ServerFactory) -> None:
    """A test may start as many as it needs, each with its own settings."""
    one, two = assistants_servers(script=[{"say": "One."}]), assistants_servers(api_key="other")
    assert one.base_url != two.base_url
    one.close()
    one.close()


def test_a_server_that_cannot_start_says_why() -> None:
    """The error comes out of `start`, in the test's thread."""
    with pytest.raises(ValueError, match="pace, speed and keepalive"):
        ServerThread(pace=-1)
    server = ServerThread()
    server.reset()
    assert server.requests == ()
    server.close()  # which does nothing to one that never ran
    with server, pytest.raises(RuntimeError, match="started before"):
        server.start()


PROJECT = """
import pytest
from assistants_async import AssistantsClient
from assistants_async.testing.server_thread import ServerThread

async def broken(turn):
    raise ZeroDivisionError("in the responder")

async def run(client):
    assistant = await client.assistants.create(model="m")
    thread = await client.threads.create(messages=[{"role": "user", "content": "Hello"}])
    return await client.runs.create(thread, assistant_id=assistant).poll(raise_on=())

@pytest.mark.assistants(responder=broken)
async def test_broken(assistants_client):
    assert (await run(assistants_client)).status == "failed"

@pytest.mark.assistants(scripts=[])
def test_misspelt(assistants_server):
    pass

@pytest.mark.assistants([])
def test_positional(assistants_server):
    pass

@pytest.mark.assistants(script=[], responder=broken)
def test_both(assistants_server):
    pass

@pytest.mark.assistants(script=[{"sya": "x"}])
def test_bad_script(assistants_server):
    pass
"""


def test_a_bad_mark_or_responder_fails_the_test(tmp_path: Path) -> None:
    """Errors of the responder come at teardown with their traceback; wrong marks before the test."""
    (tmp_path / "test_project.py").write_text(PROJECT, encoding="utf-8")
    done = run_pytest(tmp_path, "--asyncio-mode=auto", "--strict-markers")
    assert "1 passed, 5 errors" in done.stdout, done.stdout
    assert 'raise ZeroDivisionError("in the responder")' in done.stdout
    for words in (
        "takes script=, responder=, pace=, dialect=, strict=, not scripts",
        "takes script=, responder=, pace=, dialect=, strict=, not []",
        "give a script or a responder, not both",
        "script[0]: 'sya' is no action",
    ):
        assert words in done.stdout
