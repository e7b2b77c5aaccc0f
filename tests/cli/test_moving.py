"""`export`, `import` and `convert`, called in this process."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient
from assistants_async.cli.main import main
from assistants_async.cli.moving import run_move
from assistants_async.moving import MovingProblem, MovingProgress, MovingReport, export_account
from assistants_async.server import AssistantsServer
from assistants_async.testing.faults import FaultyServer
from tests.support.account import account
from tests.support.http_server import KEY


async def command(*arguments: str) -> int:
    """Run a command; return its code."""
    try:
        return await asyncio.to_thread(main, arguments)
    except SystemExit as end:
        return int(end.code or 0)


async def test_an_account_is_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a line of what was written; a thread that is not there makes the code 3."""
    async with account(threads=2) as server:
        assert await command("export", "--from", server.base_url, "--to", str(tmp_path / "a")) == 0
        assert "2 thread" in capsys.readouterr().out
        ids = tmp_path / "ids"
        ids.write_text("thread_none\n\n", encoding="utf-8")
        more = ["--threads", str(ids), "--since", "2020-01-01", "--no-files", "--concurrency", "2"]
        assert await command("export", "--from", server.base_url, "--to", str(tmp_path / "b"), *more) == 3
        assert "thread thread_none: " in capsys.readouterr().err


async def test_an_export_is_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0, also where something has no counterpart; 2 for a folder that is none."""
    async with account(threads=1) as server:
        assert await command("export", "--from", server.base_url, "--to", str(tmp_path / "a")) == 0
    out = ["--to", "responses", "--out", str(tmp_path / "b")]
    assert await command("convert", "--from", str(tmp_path / "a"), *out) == 0
    assert "has no counterpart" in capsys.readouterr().err
    assert await command("convert", "--from", str(tmp_path / "b"), *out) == 2
    assert "is no exported account" in capsys.readouterr().err


async def test_an_export_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Once: the second time there is nothing new."""
    async with account(threads=1) as server:
        assert await command("export", "--from", server.base_url, "--to", str(tmp_path / "a")) == 0
    async with AssistantsServer() as server:
        for words in ("1 thread", "nothing new"):
            assert await command("import", "--from", str(tmp_path / "a"), "--to", server.base_url) == 0
            assert words in capsys.readouterr().out


async def test_a_key_file_and_the_forms_of_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Foundry's token comes from the environment, or the file; Azure's form puts its version in the query."""
    key = tmp_path / "key"
    key.write_text(KEY, encoding="utf-8")
    key.chmod(0o600)
    async with AssistantsServer(dialect="foundry", api_key=KEY) as server:
        monkeypatch.setenv("AZURE_AI_TOKEN", KEY)
        assert await command("export", "--foundry", "--from", server.base_url, "--to", str(tmp_path / "a")) == 0
        monkeypatch.delenv("AZURE_AI_TOKEN")
        monkeypatch.setitem(sys.modules, "azure.identity.aio", None)
        assert await command("export", "--foundry", "--from", server.base_url, "--to", str(tmp_path / "b")) == 2
        assert "$AZURE_AI_TOKEN" in capsys.readouterr().err
    async with AssistantsServer(api_key=KEY) as server:
        url = server.base_url.removesuffix("/v1")
        given = ["--azure", "--key-file", str(key), "--api-version", "v", "--from", url, "--to", str(tmp_path / "c")]
        assert await command("export", *given) == 0
        # No rights: one sentence.
        key.write_text("wrong", encoding="utf-8")
        assert await command("export", *given) == 2
        assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "noon"], "'noon' is not a time"),
        (["--concurrency", "0"], "not a whole number from 1"),
        (["--threads", "none"], "No such file"),
        (["--threads", "bytes"], "not UTF-8"),
        (["--to", "bytes"], "is not a folder"),
        (["--from", "nonsense"], "base_url must look like https://host/v1"),
    ],
    ids=["since", "concurrency", "no ids", "no text", "folder", "url"],
)
async def test_bad_input(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    """One sentence each, and 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bytes").write_bytes(b"\xff")
    async with AssistantsServer() as server:
        assert await command("export", "--from", server.base_url, "--to", "to", *options) == 2
    assert words in capsys.readouterr().err


def test_a_server_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path, unused_tcp_port: int) -> None:
    """1, since a rerun may find it."""

    async def move(_on_progress: Any, _stack: Any) -> MovingReport:
        url = f"http://127.0.0.1:{unused_tcp_port}/v1"
        async with AssistantsClient(base_url=url, api_key=KEY, retry=None) as client:
            return await export_account(client, tmp_path)

    assert run_move("export", move) == 1
    assert capsys.readouterr().err.count("\n") == 1


async def test_waits_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that is away for a moment, or a wrong address, is a line and not a silence."""
    async with account(threads=1) as server, FaultyServer(server) as faulty:
        faulty.add("reset_before_headers", operation="listAssistants", times=1)
        assert await command("export", "--from", faulty.base_url, "--to", str(tmp_path / "a")) == 0
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "next attempt in" in line]
    assert line.startswith("the connection broke: ")


async def _report(on_progress: Any, _stack: Any) -> MovingReport:
    for number in range(1, 101):
        on_progress(MovingProgress("threads", number, None))
    return MovingReport({}, tuple(MovingProblem("thread", f"t{number}", "gone") for number in range(22)))


@pytest.mark.parametrize("form", ["lines", "plain", "bars"])
def test_progress_and_problems(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Bars on a terminal with rich, else a line for each hundred; the first problems are printed."""
    if form == "plain":
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    if form == "bars":
        monkeypatch.setenv("FORCE_COLOR", "1")
    assert run_move("export", _report) == 3
    shown = capsys.readouterr()
    assert "nothing new" in shown.out
    assert "and 2 more" in shown.err
    assert ("threads: 100" in shown.err) is (form != "bars")
