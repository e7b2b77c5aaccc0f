"""The pytest plugin as a user's project has it, and the mocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aioresponses import aioresponses

from assistants_async import AssistantsClient, NotFoundError, TimedOutError
from assistants_async.testing.mocks import json_of
from assistants_async.testing.server_thread import ServerThread
from tests.support.projects import run_pytest

BASE = "https://server.example/v1"

# What a project has to say with pytest-asyncio, whose default is about to change.
_SCOPE = ("-o", "asyncio_default_fixture_loop_scope=function")

PROJECT = """
import pytest

MODE

async def test_client(assistants_client):
    thread = await assistants_client.threads.create()
    assert (await assistants_client.threads.retrieve(thread)).id == thread.id

async def test_server(assistants_server):
    assert assistants_server.base_url.startswith("http://127.0.0.1:")

async def test_mock(assistants_mock):
    assert assistants_mock.requests == {}
"""


ANYIO = """
pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""

EVERY_BACKEND = "pytestmark = pytest.mark.anyio"
"""anyio's own default: each test on asyncio, and once more on trio where that is installed."""


@pytest.mark.parametrize(
    ("mark", "options"),
    [
        ("", ("--asyncio-mode=auto", *_SCOPE)),
        ("pytestmark = pytest.mark.asyncio", ("--asyncio-mode=strict", *_SCOPE)),
        (ANYIO, ("--asyncio-mode=strict", *_SCOPE)),
        (ANYIO, ("-p", "no:asyncio")),
    ],
    ids=["asyncio-auto", "asyncio-strict", "anyio-beside-asyncio", "anyio-alone"],
)
def test_a_project_gets_the_fixtures(tmp_path: Path, mark: str, options: tuple[str, ...]) -> None:
    """Installed is enough, for pytest-asyncio in both modes and for anyio's plugin."""
    (tmp_path / "test_project.py").write_text(PROJECT.replace("MODE", mark), encoding="utf-8")
    done = run_pytest(tmp_path, "-W", "error", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_two_event_loops_are_an_error_and_not_a_hang(tmp_path: Path) -> None:
    """anyio's mark in pytest-asyncio's auto mode: fixtures on one loop, tests on another."""
    (tmp_path / "test_project.py").write_text(PROJECT.replace("MODE", ANYIO), encoding="utf-8")
    done = run_pytest(tmp_path, "-W", "error", "--asyncio-mode=auto", *_SCOPE)
    assert done.returncode == 1
    assert "set asyncio_mode to strict" in done.stdout
    assert "2 passed, 1 error" in done.stdout


def test_trio_is_refused_by_name(tmp_path: Path) -> None:
    """Tests on asyncio pass beside it, and the error says how to leave trio out."""
    pytest.importorskip("trio")
    (tmp_path / "test_project.py").write_text(PROJECT.replace("MODE", EVERY_BACKEND), encoding="utf-8")
    done = run_pytest(tmp_path, "-W", "error", "-p", "no:asyncio")
    assert done.returncode == 1
    assert "assistants_client needs asyncio" in done.stdout
    assert "5 passed, 1 error" in done.stdout


def test_the_plugin_can_be_named_where_none_load_by_themselves(tmp_path: Path) -> None:
    """By the name it is registered under."""
    (tmp_path / "test_project.py").write_text(PROJECT.replace("MODE", ""), encoding="utf-8")
    options = ("-p", "pytest_asyncio.plugin", "-p", "assistants_async", "--asyncio-mode=auto", *_SCOPE)
    done = run_pytest(tmp_path, "-W", "error", *options, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_the_plugin_imports_nothing_heavy(tmp_path: Path) -> None:
    """A project that uses no fixture pays for none."""
    code = "import sys, assistants_async.testing.plugin; print({'aiohttp', 'aioresponses'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True)
    assert done.stdout.strip() == "set()"


async def test_the_fixtures_belong_together(
    assistants_server: ServerThread, assistants_client: AssistantsClient
) -> None:
    """The client's requests are in the server's log."""
    await assistants_client.assistants.list()
    assert [request.operation for request in assistants_server.requests] == ["listAssistants"]


async def test_a_mocked_answer(assistants_mock: aioresponses) -> None:
    """A user's own answers, by method and URL; the body that was sent can be read."""
    assistants_mock.post(f"{BASE}/threads", payload={"id": "thread_1", "object": "thread"})
    async with AssistantsClient(base_url=BASE, api_key="k") as client:
        thread = await client.threads.create(metadata={"a": "b"})
    assert thread.id == "thread_1"
    ((request,),) = assistants_mock.requests.values()
    assert json_of(request) == {"metadata": {"a": "b"}}
    assert request.kwargs["headers"]["openai-beta"] == "assistants=v2"


async def test_a_request_without_a_body_has_no_json(assistants_mock: aioresponses) -> None:
    """None, and no error of a decoder."""
    assistants_mock.get(f"{BASE}/threads/t", payload={"id": "t"})
    async with AssistantsClient(base_url=BASE, api_key="k") as client:
        await client.threads.retrieve("t")
    ((request,),) = assistants_mock.requests.values()
    assert json_of(request) is None


async def test_mocked_errors_and_exceptions(assistants_mock: aioresponses) -> None:
    """Statuses become the client's errors, and so do exceptions."""
    assistants_mock.get(f"{BASE}/threads/t", status=404, payload={"error": {"message": "No thread"}})
    assistants_mock.get(f"{BASE}/threads/u", timeout=True)
    async with AssistantsClient(base_url=BASE, api_key="k") as client:
        with pytest.raises(NotFoundError, match="No thread"):
            await client.threads.retrieve("t")
        with pytest.raises(TimedOutError):
            await client.threads.retrieve("u")


async def test_a_mocked_list_pages(assistants_mock: aioresponses) -> None:
    """One answer for each page, selected by the cursor."""
    first = {"data": [{"id": "m1"}, {"id": "m2"}], "last_id": "m2", "has_more": True}
    assistants_mock.get(f"{BASE}/threads/t/messages?limit=2", payload=first)
    rest = {"data": [{"id": "m3"}], "last_id": "m3", "has_more": False}
    assistants_mock.get(f"{BASE}/threads/t/messages?limit=2&after=m2", payload=rest)
    async with AssistantsClient(base_url=BASE, api_key="k") as client:
        assert [message.id async for message in client.messages.list("t", limit=2)] == ["m1", "m2", "m3"]


async def test_a_mocked_stream_and_a_large_body(assistants_mock: aioresponses) -> None:
    """Streams work under mocks, and bodies past what aioresponses itself can take."""
    frames = (
        b'event: thread.run.completed\ndata: {"id": "run_1", "status": "completed"}\n\nevent: done\ndata: [DONE]\n\n'
    )
    assistants_mock.post(f"{BASE}/threads/t/runs", body=frames, content_type="text/event-stream")
    assistants_mock.get(f"{BASE}/files/f/content", body=b"x" * 400_000)
    async with AssistantsClient(base_url=BASE, api_key="k") as client:
        async with client.runs.create("t", assistant_id="a").stream() as channel:
            assert [event.event async for event in channel] == ["thread.run.completed"]
        assert len(await client.files.content("f")) == 400_000
