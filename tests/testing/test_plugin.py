"""The pytest plugin as a user's project has it, and the mocks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from aioresponses import aioresponses

from assistants_async import AssistantsClient, NotFoundError, TimedOutError
from assistants_async.server import AssistantsServer
from assistants_async.testing.mocks import json_of

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

def test_plain(assistants_mock):
    assert assistants_mock.requests == {}
"""


@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_a_project_gets_the_fixtures(tmp_path: Path, mode: str) -> None:
    """Installed is enough: in both modes of pytest-asyncio, with warnings as errors."""
    mark = "pytestmark = pytest.mark.asyncio" if mode == "strict" else ""
    text = PROJECT.replace("MODE", mark).replace("def test_plain", "def test_plain")
    if mode == "strict":
        text = text.replace("\ndef test_plain", "\nasync def test_plain")
    (tmp_path / "test_project.py").write_text(text, encoding="utf-8")
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-W",
            "error",
            f"--asyncio-mode={mode}",
            "-p",
            "no:cacheprovider",
            *_SCOPE,
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout


def test_the_plugin_imports_nothing_heavy(tmp_path: Path) -> None:
    """A project that uses no fixture pays for none."""
    code = "import sys, assistants_async.testing.plugin; print({'aiohttp', 'aioresponses'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=True)
    assert ran.stdout.strip() == "set()"


async def test_the_fixtures_belong_together(
    assistants_server: AssistantsServer, assistants_client: AssistantsClient
) -> None:
    """What the client sends is in the server's journal."""
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
    """One answer for each page, told apart by the cursor."""
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
