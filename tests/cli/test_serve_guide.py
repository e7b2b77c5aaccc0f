"""The guide to a server of one's own: its commands run as they are written, and its container files are in order."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from assistants_async.cli.environment import KEY
from assistants_async.cli.options import make_parser
from assistants_async.server.storage.locations import store_at
from assistants_async.testing.chat_backend import ChatAnswer, ChatBackend
from tests.support.pages import blocks, guide

yaml: Any = pytest.importorskip("yaml")

SERVICE = """
import json, os, time, urllib.request

def call(method, path, body=None):
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + path, json.dumps(body or {}).encode(), {
        "authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json",
        "openai-beta": "assistants=v2"}, method=method)
    if method == "GET":
        request.data = None
    with urllib.request.urlopen(request) as response:
        return json.load(response)

assistant = call("POST", "/assistants", {"model": "gpt-4o", "instructions": "Be brief."})
thread = call("POST", "/threads", {"messages": [{"role": "user", "content": "Hello"}]})["id"]
run = call("POST", f"/threads/{thread}/runs", {"assistant_id": assistant["id"]})
while run["status"] in ("queued", "in_progress"):
    time.sleep(0.05)
    run = call("GET", f"/threads/{thread}/runs/{run['id']}")
print(run["status"], call("GET", f"/threads/{thread}/messages")["data"][0]["content"][0]["text"]["value"])
"""
"""A service as it was written years ago: it knows the two variables, and nothing of this package."""
SHELL = {
    **{name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ASSISTANTS_"))},
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def part(heading: str) -> str:
    """One part of the guide."""
    return guide("server").split(f"\n## {heading}\n")[1].split("\n## ")[0]


@asynccontextmanager
async def running(script: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Lines of a shell in a folder; whatever still runs gets Ctrl-C in the end."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "-euc", script),
        stdout=asyncio.subprocess.PIPE,
        cwd=folder,
        env=SHELL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            # A script that has come to its end is gone before the loop hears of it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
        await process.communicate()


async def test_six_commands_and_the_old_client_answers(tmp_path: Path, unused_tcp_port: int) -> None:
    """From the installed package on: the double is the model, the service is as it was."""
    server, service = blocks(part("Your service lost its vendor"), "sh")
    install, pull, *commands = server.splitlines()
    assert len([install, pull, *commands, *service.splitlines()]) == 6
    # The package is installed here, and the model is the double.
    assert (install, pull) == ("pip install .", "ollama pull qwen3")
    (tmp_path / "service.py").write_text(SERVICE)
    async with ChatBackend([ChatAnswer(text="Hi")] * 6 + [ChatAnswer(text="Here again.")], models=["qwen3"]) as backend:
        script = "\n".join(commands).replace("http://127.0.0.1:11434/v1", backend.url)
        async with running(script.replace("8000", str(unused_tcp_port)), tmp_path) as home:
            assert home.stdout is not None
            while not (line := (await home.stdout.readline()).decode()).startswith("export OPENAI_BASE_URL="):
                assert line, "the server has ended"
            async with running(service.replace("8000", str(unused_tcp_port)), tmp_path) as old:
                assert old.stdout is not None
                assert (await old.stdout.read()).decode() == "completed Here again.\n"
    assert backend.requests[-1]["model"] == "qwen3"
    assert (tmp_path / "assistants.db").is_file()


def test_the_dockerfile() -> None:
    """At most ten lines of known instructions; what starts is `serve`, and it listens on the port that is open."""
    [text] = blocks(part("In containers"), "dockerfile")
    lines = [line.split(" ", 1) for line in text.splitlines()]
    assert len(lines) <= 10
    known = {"FROM", "COPY", "RUN", "USER", "WORKDIR", "VOLUME", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}
    assert {name for name, _ in lines} <= known
    values = dict(lines)
    program, *arguments = json.loads(values["ENTRYPOINT"])
    assert [program, *arguments[:2]] == ["python", "-m", "assistants_async"]
    options = make_parser().parse_args(arguments[2:])
    assert (options.command, options.host, str(options.port)) == ("serve", "0.0.0.0", values["EXPOSE"])
    checked = json.loads(values["HEALTHCHECK"].removeprefix("CMD "))
    compile(checked[2], "healthcheck", "exec")
    assert f":{values['EXPOSE']}/healthz" in checked[2]
    assert "[postgres]" in values["RUN"]


def test_the_compose_file() -> None:
    """Every name in it is defined, the options are those of `serve`, and no secret is in it or in a command line."""
    [text] = blocks(part("In containers"), "yaml")
    document = yaml.safe_load(text)
    services = document["services"]
    home, database = services["home"], services["database"]
    options = make_parser().parse_args(["serve", *shlex.split(home["command"])])
    assert store_at(options.store).name == "postgresql://database/home"
    assert options.backend.split("/")[2].split(":")[0] in services
    assert set(home["depends_on"]) <= services.keys()
    assert home["depends_on"]["database"] == {"condition": "service_healthy"}
    assert "healthcheck" in database
    assert home["environment"].keys() == {KEY, "PGPASSWORD"}
    secrets = [*home["environment"].values(), database["environment"]["POSTGRES_PASSWORD"]]
    assert all(re.fullmatch(r"\$\{\w+:\?[\w ]+\}", secret) for secret in secrets)
    mounted = {volume.split(":")[0] for service in services.values() for volume in service.get("volumes", ())}
    assert mounted == document["volumes"].keys()
    # Runs have `--grace` to end in, 30 seconds behind a backend, before the container is killed.
    assert int(home["stop_grace_period"].removesuffix("s")) > 30
