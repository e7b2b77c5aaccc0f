"""`show`: a run of any server, its steps and tokens."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from assistants_async import AssistantsClient, Run, RunStep, Toolbox
from assistants_async.cli.main import main
from assistants_async.cli.run_report import overview, steps_table
from assistants_async.server import AssistantsServer, CallTools, Say, ScriptedResponder
from tests.support.embedded import get_weather
from tests.support.http_server import KEY

ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
SCRIPT: list[Any] = [CallTools([("get_weather", {"city": "Rome"})]), Say("Sunny.")]


@pytest.fixture
async def served() -> AsyncIterator[tuple[AssistantsServer, Run]]:
    """Serve a run that has ended, to those with the key."""
    async with (
        AssistantsServer(responder=ScriptedResponder(SCRIPT), api_key=KEY, seed=0) as server,
        AssistantsClient(base_url=server.base_url, api_key=KEY) as client,
    ):
        toolbox = Toolbox([get_weather])
        assistant = await client.assistants.create(model="gpt-4o", tools=toolbox)
        thread = await client.threads.create(messages=[{"role": "user", "content": "hi"}])
        yield server, (await client.runs.create(thread, assistant_id=assistant).drive(toolbox)).run


async def shown(*arguments: str, **variables: str) -> tuple[int | None, str, str]:
    """Run the command; return its code and its output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "assistants_async", "show", *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**ENVIRONMENT, **variables},
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_a_run_is_shown(served: tuple[AssistantsServer, Run], tmp_path: Path) -> None:
    """Its status and tokens, and a line for each step with its work; the key comes from a file."""
    server, run = served
    key = tmp_path / "key"
    key.touch(0o600)
    key.write_text(KEY, encoding="utf-8")
    thread = run.thread_id or ""
    code, out, err = await shown(thread, run.id, "--base-url", server.base_url, "--api-key-file", str(key))
    assert (code, err) == (0, "")
    assert f"Run {run.id}" in out
    assert re.search(r"status\W+completed", out)
    assert run.usage is not None
    assert f"{run.usage.total_tokens} in all" in out
    assert re.search(r"1 .*step_\w+.*completed.*get_weather\(\{\"city\": ?\"Rome\"\}\)", out)
    assert re.search(r"2 .*step_\w+.*completed.*message msg_\w+", out)
    assert re.search(rf"run .*completed .*{run.usage.prompt_tokens}.*{run.usage.total_tokens}", out)


async def test_settings_come_from_the_environment(served: tuple[AssistantsServer, Run]) -> None:
    """As those of a client do."""
    server, run = served
    thread = run.thread_id or ""
    code, out, _ = await shown(thread, run.id, OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY=KEY)
    assert code == 0
    assert run.id in out


async def test_refusals_are_one_line(served: tuple[AssistantsServer, Run]) -> None:
    """Of the server, or of the arguments, without the key."""
    server, run = served
    url = ("--base-url", server.base_url)
    code, out, err = await shown("thread_none", run.id, *url, OPENAI_API_KEY=KEY)
    assert (code, out) == (1, "")
    assert err.startswith("assistants-async show: 404")
    code, _, err = await shown("thread_none", run.id, *url)
    assert code == 1
    assert err.startswith("assistants-async show: 401")
    code, _, err = await shown("..", run.id, *url, OPENAI_API_KEY=KEY)
    assert code == 2
    assert "thread_id" in err
    assert KEY not in err


def test_a_server_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    """The vendor's own, which a client would take, is no more."""
    with pytest.raises(SystemExit) as caught:
        main(["show", "thread_1", "run_1"])
    assert caught.value.code == 2
    assert "show needs --base-url, or OPENAI_BASE_URL" in capsys.readouterr().err


def cells(rows: Any) -> dict[str, str]:
    """The second cells of a table by the first."""
    return {row[0]: row[1] for row in rows}


def test_each_known_fact_of_a_run_has_a_line() -> None:
    """Unknown facts have none."""
    assert cells(overview(Run(id="run_1"), []).rows) == {"steps": "0"}
    failed = {
        "id": "run_1",
        "status": "failed",
        "created_at": 10,
        "started_at": 20,
        "failed_at": 25,
        "last_error": {"code": "server_error", "message": "no\u001b[31m"},
        "incomplete_details": {"reason": "max_prompt_tokens"},
        "required_action": {
            "type": "submit_tool_outputs",
            "submit_tool_outputs": {"tool_calls": [{"id": "call_1", "function": {"name": "add"}}, {"id": "call_2"}]},
        },
    }
    assert cells(overview(Run.from_dict(failed), []).rows) == {
        "status": "failed",
        "error": "server_error: no\\x1b[31m",
        "incomplete": "max_prompt_tokens",
        "waits for": "add, ?",
        "created": "1970-01-01 00:00:10 UTC",
        "took": "5 s",
        "steps": "0",
    }


def made(kind: str, call: dict[str, Any]) -> dict[str, Any]:
    """The details of a step with one tool call."""
    return {"type": "tool_calls", "tool_calls": [{"id": "call_1", "type": kind, kind: call}]}


WORKS: dict[str, tuple[dict[str, Any], str]] = {
    "code": (
        {
            "type": "tool_calls",
            "tool_calls": [{"id": "c", "type": "code_interpreter", "code_interpreter": {"input": "1"}}],
        },
        "code_interpreter: 1",
    ),
    "search": (
        {"type": "tool_calls", "tool_calls": [{"id": "c", "type": "file_search", "file_search": {}}]},
        "file_search",
    ),
    "function without a name": (
        {"type": "tool_calls", "tool_calls": [{"id": "c", "type": "function", "function": {}}]},
        "?()",
    ),
    "message without an id": ({"type": "message_creation"}, "message ?"),
    "unknown": ({"type": "dreaming"}, "tool_calls"),
}


@pytest.mark.parametrize(("details", "work"), WORKS.values(), ids=WORKS)
def test_the_work_of_a_step(details: dict[str, Any], work: str) -> None:
    """By the kind of its details, or else its own."""
    step = RunStep.from_dict({"id": "step_1", "type": "tool_calls", "step_details": details, "usage": {}})
    first, last = steps_table(Run(id="run_1"), [step]).rows
    assert first == ("1", "step_1", "?", "", work, "", "", "")
    assert last == ("", "run", "?", "", "", "", "", "")


def test_a_failed_step_shows_its_error() -> None:
    """In place of its work, with the seconds that it took."""
    error = {"code": "server_error", "message": "no"}
    step = RunStep.from_dict({"id": "step_1", "created_at": 1, "failed_at": 4, "last_error": error})
    assert steps_table(Run(id="run_1"), [step]).rows[0][3:5] == ("3", "server_error: no")
