"""The cost of a fresh process: CPU of the import, and of a whole life up to the first response."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory

from benchmarks.clients import OWN
from benchmarks.results import HAND, LEAN, OURS, Measured, Outcome, Spread

ROUNDS = 15
ROUNDS_OF_PEERS = 3

_IMPORTS: Mapping[str, str] = {
    HAND: "import aiohttp, msgspec, anyio",
    OURS: "import assistants_async",
    "openai": "import openai",
}

# What a module of a service looks like, its loop and first call included.
_BY_HAND = """
import asyncio, aiohttp, msgspec

class Run(msgspec.Struct):
    id: str
    status: str
    thread_id: str
    assistant_id: str
    created_at: int

async def main():
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer key"}) as session:
        async with session.get(URL + "/threads/thread_1/runs/run_1") as response:
            return msgspec.json.decode(await response.read(), type=Run)
"""
_OURS = """
import asyncio
from assistants_async import AssistantsClient

async def main():
    async with AssistantsClient(base_url=URL, api_key="key") as client:
        return await client.runs.retrieve("thread_1", "run_1")
"""
_OPENAI = """
import asyncio
from openai import AsyncOpenAI{more}

async def main():
    async with AsyncOpenAI(base_url=URL, api_key="key"{http}) as client:
        return await client.beta.threads.runs.retrieve("run_1", thread_id="thread_1")
"""
_FIRST: Mapping[str, str] = {
    HAND: _BY_HAND,
    OURS: _OURS,
    LEAN: _OURS.replace('api_key="key"', 'api_key="key", transport="lean"'),
    "openai": _OPENAI.format(more="", http=""),
    "openai, aiohttp": _OPENAI.format(more=", DefaultAioHttpClient", http=", http_client=DefaultAioHttpClient()"),
}

NAMES = ("import", "first-response")


def measure(name: str, origin: str, peers: Sequence[str], *, quick: bool) -> Outcome:
    """Run fresh processes in turn, each client's once a round."""
    if name == "import":
        scripts = dict(_IMPORTS)
        title = "import, beyond the interpreter's own start"
    else:
        start = f"URL = {origin + '/run/v1'!r}\n"
        scripts = {client: f"{start}{script}\nassert asyncio.run(main()).id" for client, script in _FIRST.items()}
        title = "a fresh process up to its first response"
    scripts = {client: script for client, script in scripts.items() if client in (HAND, *OWN, *peers)}
    taken = _rounds({"": "", **scripts} if name == "import" else scripts, 2 if quick else ROUNDS)
    bare = taken.pop("", [0.0] * len(taken[HAND]))
    cost = {client: [time - base for time, base in zip(times, bare, strict=False)] for client, times in taken.items()}
    clients = {
        client: Measured(
            value=Spread.of(times),
            ratio=Spread.of([time / hand for time, hand in zip(times, cost[HAND], strict=False)]),
        )
        for client, times in cost.items()
    }
    return Outcome(name=name, title=title, unit="ms CPU", rounds=len(bare), clients=clients)


def _rounds(scripts: Mapping[str, str], rounds: int) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {client: [] for client in scripts}
    with TemporaryDirectory() as cache:
        for script in scripts.values():
            _cpu(script, cache)  # byte code and file cache
        for number in range(rounds):
            for client, script in scripts.items():
                if number < ROUNDS_OF_PEERS or client in ("", HAND, *OWN):
                    taken[client].append(_cpu(script, cache))
    return taken


def _cpu(script: str, cache: str) -> float:
    """CPU milliseconds of a fresh process that runs a script, with byte code in a place of its own.

    Installed packages have theirs; a package in its source tree has none where the environment says not to write it.
    """
    code = f"{script}\nimport time; print(time.process_time())"
    command = [sys.executable, "-W", "ignore", "-X", f"pycache_prefix={cache}", "-c", code]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=None, text=True, check=True, env=environment)
    return float(ran.stdout) * 1000
