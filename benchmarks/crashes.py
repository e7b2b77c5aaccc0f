"""`serve` killed at random moments and started again: is all there that was acknowledged, and does every run end?

Each start works on the store of the one before. `--help` has the sizes; the defaults are 200 moments.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from assistants_async import AssistantsClient, AssistantsError, Message, Run
from benchmarks.serve_process import serving, started

WORDS = "one two three four five six"
# Seconds in which every run of a dead server must have ended: the longest lease, and five more.
_END = 65.0


@dataclass
class Crashes:
    """The things that happened over all crashes."""

    moments: int = 0
    """Number of kills."""
    ends: Counter[str] = field(default_factory=Counter[str])
    """Number of runs by the status in which they were found after a kill and have ended."""
    faults: list[str] = field(default_factory=list[str])
    """Broken promises, a sentence each."""
    waits: list[float] = field(default_factory=list[float])
    """Seconds from each restart until all runs had ended."""


async def crash(store: str, *, moments: int, workers: int, longest: float, seed: int) -> Crashes:
    """Kill a server on a store so many times, each at most so many seconds after its first run, and check each time."""
    chance, found, made = random.Random(seed), Crashes(), list[tuple[str, str]]()
    arguments = serving("--store", store, "--pace", "0.01", "--speed", "0.01", "--grace", "0")
    for moment in range(moments + 1):
        async with (
            started(*arguments) as server,
            AssistantsClient(base_url=server.url, api_key="key", retry=None) as client,
        ):
            begun = time.monotonic()
            await asyncio.gather(*(_check(client, thread, run, found) for thread, run in made))
            if made:
                found.waits.append(time.monotonic() - begun)
            if moment < moments:
                made = await _killed(client, server.process, workers, chance.uniform(0, longest))
                found.moments += 1
    return found


async def _killed(
    client: AssistantsClient, process: asyncio.subprocess.Process, workers: int, seconds: float
) -> list[tuple[str, str]]:
    """Start runs until the server is killed; return those that it has acknowledged."""
    assistant = await client.assistants.create(model="m")
    made: list[tuple[str, str]] = []
    began = asyncio.Event()

    async def work() -> None:
        with suppress(AssistantsError):
            while True:
                thread = await client.threads.create(messages=[{"role": "user", "content": WORDS}])
                run = await client.runs.create(thread, assistant_id=assistant)
                made.append((thread.id, run.id))
                began.set()

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    await began.wait()
    await asyncio.sleep(seconds)
    process.kill()
    # Else a second kill, on the way out, could find it gone while asyncio does not know yet.
    await process.wait()
    await asyncio.gather(*tasks)
    return made


async def _check(client: AssistantsClient, thread_id: str, run_id: str, found: Crashes) -> None:
    try:
        run = await client.runs.wait(thread_id, run_id, raise_on=(), deadline=_END)
        found.ends[run.status or "?"] += 1
        messages = await client.messages.list(thread_id, order="asc").collect()
        found.faults += (f"{run_id}: {fault}" for fault in _faults(run, messages))
        await client.messages.create(thread_id, role="user", content="more")  # refused where a run is active
    except AssistantsError as error:
        found.faults.append(f"{run_id}: {error}")


def _faults(run: Run, messages: list[Message]) -> list[str]:
    """Return what is wrong with an ended run and its thread."""
    asked = [message.text for message in messages if message.role == "user"]
    said = [message.text for message in messages if message.role == "assistant"]
    error = run.last_error.message if run.last_error is not None else ""
    whole = f"Echo: {WORDS}"
    wrong = {
        f"the thread has the questions {asked}": asked != [WORDS],
        f"the thread has {len(said)} answers": len(said) > 1,
        f"it is {run.status}": run.status not in {"completed", "failed"},
        f"its answer is {said}": run.status == "completed" and said != [whole],
        f"half of its answer is {said}": run.status == "failed" and not all(whole.startswith(text) for text in said),
        f"it failed with {error!r}": run.status == "failed" and "restarted" not in (error or ""),
    }
    return [words for words, is_wrong in wrong.items() if is_wrong]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", help="a store, as `serve` takes it (default: SQLite in a folder of its own)")
    parser.add_argument("--moments", type=int, default=200, help="kills (default: 200)")
    parser.add_argument("--workers", type=int, default=4, help="tasks that start runs (default: 4)")
    parser.add_argument("--longest", type=float, default=1.0, help="most seconds up to a kill (default: 1)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default: 1)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = options.store or f"sqlite:{Path(folder, 'home.db')}"
        found = asyncio.run(
            crash(store, moments=options.moments, workers=options.workers, longest=options.longest, seed=options.seed)
        )
    ends = ", ".join(f"{count} {status}" for status, count in sorted(found.ends.items()))
    print(f"{found.moments} kills, {found.ends.total()} runs: {ends}")
    print(f"at most {max(found.waits):.1f} s from a start until all runs had ended")
    print(*found.faults or ["no fault"], sep="\n")
    raise SystemExit(bool(found.faults))


if __name__ == "__main__":
    main()
