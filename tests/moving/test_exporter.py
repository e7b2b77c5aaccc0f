"""Accounts written to folders."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, RateLimitedError, Request
from assistants_async.core.requests.endpoint import ProtocolVersion
from assistants_async.moving import MovingProgress, export_account
from assistants_async.server import AssistantsServer, Dialect
from tests.support.account import PNG, account, client_of, snapshot
from tests.support.http_server import Peer, Seen, Wire, answer, failure


def lines(path: Path) -> list[dict[str, Any]]:
    """Read the lines of a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def test_everything_is_written_as_the_server_gave_it(tmp_path: Path) -> None:
    """Assistants, files with their bytes, vector stores with their files, and threads with runs and steps."""
    progress: list[MovingProgress] = []
    async with account(threads=2) as server, client_of(server) as client:
        report = await export_account(client, tmp_path / "a", on_progress=progress.append)
        assert report.is_complete
        assert report.counts["thread"] == 2
        manifest = json.loads((tmp_path / "a" / "manifest.json").read_text(encoding="utf-8"))
        assert manifest.pop("made_at") > 0
        assert manifest == {"format": 1, "source": server.base_url, "complete": True}
        assert [line["kind"] for line in lines(tmp_path / "a" / "assistants.jsonl")] == ["assistant"]
        stores = lines(tmp_path / "a" / "vector_stores.jsonl")
        assert [(line["kind"], line.get("parent")) for line in stores[:2]] == [
            ("vector_store", None),
            ("vector_store_file", stores[0]["object"]["id"]),
        ]
        files = {line["object"]["filename"]: line["object"]["id"] for line in lines(tmp_path / "a" / "files.jsonl")}
        assert (tmp_path / "a" / "files" / files["rome.png"]).read_bytes() == PNG
        for path in (tmp_path / "a" / "threads").iterdir():
            thread = lines(path)
            assert [line["kind"] for line in thread] == ["thread", "message", "message", "run", "step", "step"]
            for line in thread[1:4]:
                assert line["parent"] == thread[0]["object"]["id"]
            assert thread[4]["parent"] == thread[3]["object"]["id"]
            run = await client.runs.retrieve(path.stem, thread[3]["object"]["id"]).response()
            assert json.loads(run.http.content) == thread[3]["object"]
    assert progress[-1] == MovingProgress("threads", 2, None)


@pytest.mark.parametrize(
    ("protocol", "dialect"), [("v2", None), ("v1", None), ("v2", "foundry")], ids=["v2", "v1", "foundry"]
)
async def test_an_export_that_was_broken_off_goes_on(
    tmp_path: Path, protocol: ProtocolVersion, dialect: Dialect | None
) -> None:
    """Cancelled at any request and run again, it gives the same folder as one run."""
    async with account(threads=3, protocol=protocol, dialect=dialect) as server:
        seen = [0, 10**9]

        def count(_request: Request) -> None:
            seen[0] += 1
            if seen[0] == seen[1]:
                task.cancel()

        async with client_of(server, protocol, on_request=count) as client:
            task = asyncio.create_task(_export(client, tmp_path / "whole"))
            await task
            whole, total = snapshot(tmp_path / "whole"), seen[0]
            for number in random.Random(1).sample(range(1, total + 1), min(20, total)):
                folder = tmp_path / f"broken-{number}"
                seen[:] = [0, number]
                task = asyncio.create_task(_export(client, folder))
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert '"complete": false' in (folder / "manifest.json").read_text(encoding="utf-8")
                task = asyncio.create_task(_export(client, folder))
                await task
                assert snapshot(folder) == whole


async def _export(client: AssistantsClient, folder: Path) -> None:
    await export_account(client, folder)


async def test_a_rerun_brings_the_folder_up_to_date(tmp_path: Path) -> None:
    """New threads and assistants come in; with `since`, threads with new messages are written anew."""
    async with account(threads=2) as server, client_of(server) as client:
        await export_account(client, tmp_path)
        before = snapshot(tmp_path)
        assert (await export_account(client, tmp_path)).counts.get("thread", 0) == 0
        assert snapshot(tmp_path) == before
        thread = await client.threads.list(order="asc").first()
        assert thread is not None
        message = await client.messages.create(thread, role="user", content="More?")
        since = (message.created_at or 0) + 1
        assert (await export_account(client, tmp_path, since=since)).counts.get("thread", 0) == 0
        assert snapshot(tmp_path) == before
        await client.assistants.create(model="m")
        report = await export_account(client, tmp_path, threads=[thread.id, thread.id], since=1, concurrency=2)
        assert report.counts["thread"] >= 1
        changed = {name for name, content in snapshot(tmp_path).items() if content != before[name]}
        assert changed == {"assistants.jsonl", f"threads/{thread.id}.jsonl"}


async def test_threads_by_their_ids(tmp_path: Path) -> None:
    """From a list or a generator; one that is not there is in the report, and contents can be left out."""
    async with account(threads=3) as server, client_of(server) as client:
        ids = [thread.id async for thread in client.threads.list(order="asc")]

        async def some() -> AsyncIterator[str]:
            yield ids[1]

        report = await export_account(client, tmp_path, threads=[ids[0], "thread_none"], files=False)
        assert [(problem.kind, problem.id) for problem in report.problems] == [("thread", "thread_none")]
        assert not report.is_complete
        assert (await export_account(client, tmp_path, threads=some(), files=False)).is_complete
    assert {path.stem for path in (tmp_path / "threads").iterdir()} == set(ids[:2])
    assert list((tmp_path / "files").iterdir()) == []


def wanting(answers: dict[str, Any]) -> Any:
    """Make an answer that depends on the path; an unknown path is an empty list."""

    async def serve(seen: Seen, peer: Peer) -> None:
        found = answers.get(seen.path.removeprefix("/v1"), {"object": "list", "data": [], "has_more": False})
        await peer.send(found if isinstance(found, bytes) else answer(found))

    return serve


def listed(*items: dict[str, Any]) -> dict[str, Any]:
    """Make a page that names no cursor, as some servers do."""
    return {"data": list(items), "has_more": False}


FILE = {"id": "file_1", "object": "file", "filename": "a.txt", "own": {"x": None}}


async def test_refused_contents_are_fetched_as_text(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """From the vector store that has the file; the refusal is in the report, on a rerun too."""
    wire.answer(
        wanting(
            {
                "/files": listed(FILE, {**FILE, "id": "file_2"}, {**FILE, "id": "file_3"}),
                "/files/file_1/content": failure(400, "not allowed"),
                "/files/file_2/content": failure(403, "not allowed"),
                "/files/file_3/content": failure(400, "not allowed"),
                "/vector_stores": listed({"id": "vs_1", "object": "vector_store"}, {"id": "vs_2"}),
                "/vector_stores/vs_1/files": listed({"id": "file_1"}, {"id": "file_3"}),
                "/vector_stores/vs_2/files": failure(500, "broken"),
                "/vector_stores/vs_1/files/file_1/content": {"data": [{"type": "text", "text": "Hello"}]},
                "/vector_stores/vs_1/files/file_3/content": failure(404, "gone"),
            }
        )
    )
    for _ in range(2):
        report = await export_account(client, tmp_path)
        assert [problem.id for problem in report.problems] == ["file_1", "file_2", "file_3", "vs_2"]
        assert "its text is in file_1.txt" in report.problems[0].reason
        assert "no vector store has it" in report.problems[1].reason
        assert "its text cannot be had" in report.problems[2].reason
    assert (tmp_path / "files" / "file_1.txt").read_bytes() == b"Hello"
    assert lines(tmp_path / "files.jsonl")[0] == {"kind": "file", "object": FILE}


async def test_lists_that_a_server_lacks(wire: Wire, client: AssistantsClient, tmp_path: Path) -> None:
    """Are empty, and in the report; a list of threads is to be given then."""
    wire.answer(
        wanting({"/vector_stores": failure(404, "no such path"), "/threads": failure(401, "use a session key")})
    )
    report = await export_account(client, tmp_path)
    assert [(problem.kind, problem.id) for problem in report.problems] == [("thread", ""), ("vector_store", "")]
    assert "name them by their ids" in report.problems[0].reason
    assert (tmp_path / "vector_stores.jsonl").read_bytes() == b""


UNUSABLE: dict[str, Any] = {"number": 5, "null": None, "empty": "", "dots": "..", "control": "a\nb", "long": "t" * 5000}


@pytest.mark.parametrize("bad", UNUSABLE.values(), ids=UNUSABLE)
async def test_an_id_that_cannot_be_used_costs_that_object_alone(
    wire: Wire, client: AssistantsClient, tmp_path: Path, bad: object
) -> None:
    """Every other one is written, and the report has the kind and the id."""
    answers = {
        "/files": listed({"id": bad}, {"id": "f"}),
        "/files/f/content": {"a": 1},
        "/assistants": listed({"id": "a"}, {"id": bad}),
        "/vector_stores": listed({"id": bad}, {"id": "v"}),
        "/vector_stores/v/files": listed({"id": bad}, {"id": "f"}),
        "/threads": listed({"id": bad}, {"id": "t"}),
        "/threads/t/messages": listed({"id": bad}, {"id": "m"}),
        "/threads/t/runs": listed({"id": bad}, {"id": "r"}),
        "/threads/t/runs/r/steps": listed({"id": bad}, {"id": "s"}),
    }
    wire.answer(wanting(answers))
    report = await export_account(client, tmp_path)
    kinds = ["assistant", "file", "message", "run", "step", "thread", "vector_store", "vector_store_file"]
    assert [problem.kind for problem in report.problems] == kinds
    assert all(problem.reason.startswith("one is listed whose id cannot be used:") for problem in report.problems)
    assert [line["object"]["id"] for line in lines(tmp_path / "threads" / "t.jsonl")] == ["t", "m", "r", "s"]
    assert [line["object"]["id"] for line in lines(tmp_path / "vector_stores.jsonl")] == ["v", "f"]
    await export_account(client, tmp_path)


@pytest.mark.parametrize(
    "path", ["/files", "/threads", "/files/f/content", "/threads/t/messages", "/vector_stores/v/files"]
)
async def test_an_error_of_the_server_ends_the_export(
    wire: Wire, client: AssistantsClient, tmp_path: Path, path: str
) -> None:
    """Where it is about the key or the moment, every other object would fail as well."""
    answers: dict[str, Any] = {
        "/files": listed({"id": "f"}),
        "/files/f/content": {"a": 1},
        "/vector_stores": listed({"id": "v"}),
        "/threads": listed({"id": "t"}),
    }
    wire.answer(wanting({**answers, path: failure(429, "slow down")}))
    with pytest.raises(RateLimitedError):
        await export_account(client, tmp_path)
    assert '"complete": false' in (tmp_path / "manifest.json").read_text(encoding="utf-8")
    assert [name for name in snapshot(tmp_path) if name.endswith(".part")] == []


async def test_the_text_of_a_refused_file_can_meet_the_limit(
    wire: Wire, client: AssistantsClient, tmp_path: Path
) -> None:
    """The export ends then, too, and leaves no half a text."""
    wire.answer(
        wanting(
            {
                "/files": listed({"id": "f"}),
                "/files/f/content": failure(400, "not allowed"),
                "/vector_stores": listed({"id": "v"}),
                "/vector_stores/v/files": listed({"id": "f"}),
                "/vector_stores/v/files/f/content": failure(429, "slow down"),
            }
        )
    )
    with pytest.raises(RateLimitedError):
        await export_account(client, tmp_path)
    assert list((tmp_path / "files").iterdir()) == []


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"concurrency": 0}, "concurrency must be a whole number"),
        ({"since": "yesterday"}, "since must be a whole number"),
        ({"files": "no"}, "files must be True or False"),
        ({"on_progress": 1}, "on_progress must be a function"),
        ({"threads": [""]}, "threads must be ids"),
    ],
    ids=["concurrency", "since", "files", "on_progress", "threads"],
)
async def test_wrong_arguments(tmp_path: Path, keywords: dict[str, Any], words: str) -> None:
    """Are refused by name."""
    async with AssistantsServer() as server, client_of(server) as client:
        with pytest.raises((TypeError, ValueError), match=words):
            await export_account(client, tmp_path, **keywords)
