"""The guide to moves: its five commands, run against a Foundry project on this machine."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from assistants_async.cli.options import make_parser
from assistants_async.server import SqliteStore
from tests.cli.test_moving import command
from tests.support.account import account, reexport, snapshot
from tests.support.pages import blocks, guide

COMMANDS = [line for block in blocks(guide("moving"), "sh") for line in block.splitlines()]
FIVE = blocks(guide("moving"), "sh")[0].splitlines()


async def test_off_foundry_in_five_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are written, but for the address; the last one serves what was exported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AZURE_AI_TOKEN", "k")
    assert [line.split()[0] for line in FIVE] == ["pip", "az", *["assistants-async"] * 3]
    async with account(threads=2, dialect="foundry") as server:
        url = "https://name.services.ai.azure.com/api/projects/project"
        assert url in FIVE[2]
        for line in FIVE[2:4]:
            assert await command(*shlex.split(line.replace(url, server.base_url))[1:]) == 0
    serve = make_parser().parse_args(shlex.split(FIVE[4])[1:])
    assert serve.store == "sqlite:assistants.db"
    await reexport(SqliteStore(serve.store.removeprefix("sqlite:")), tmp_path / "again", dialect="foundry")
    assert snapshot(tmp_path / "again") == snapshot(tmp_path / "account")


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("assistants-async")])
def test_every_command_is_one(line: str) -> None:
    """Its options are known."""
    assert make_parser().parse_args(shlex.split(line)[1:]).command in line
