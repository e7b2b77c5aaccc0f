"""Two processes of `serve` on one PostgreSQL database, at full size: each streams, cancels and ends the other's runs.

Needs a database that nobody else uses (`--store postgresql://…`). `--help` has the sizes; the defaults are 200 runs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from statistics import median
from typing import Any, NamedTuple

import aiohttp

from benchmarks.serve_process import ServeProcess, serving, started

Document = dict[str, Any]

_WORDS = "one two three four five six seven eight"
_WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
_CALL = "/call get_weather " + json.dumps({"city": _WORDS})
# Streams that are open at the same time.
_AT_ONCE = 50
# Seconds in which the runs of a killed server must have ended: the lease, and five more.
_END = 20.0
_LIMIT = 300.0


class Talk:
    """Speaks to one server."""

    def __init__(self, session: aiohttp.ClientSession, server: ServeProcess) -> None:
        self._session = session
        self.server = server
        """The server."""

    async def post(self, path: str, body: object = None) -> tuple[int, Document]:
        """POST a document; return status and answer."""
        async with self._session.post(self.server.url + path, json=body) as response:
            return response.status, await response.json()

    async def make(self, path: str, body: object = None) -> Document:
        """POST something that must succeed."""
        status, document = await self.post(path, body)
        if status != 200:
            raise SystemExit(f"{path}: {status} {document}")
        return document

    async def get(self, path: str) -> Document:
        """GET something that must be there."""
        async with self._session.get(self.server.url + path) as response:
            response.raise_for_status()
            found: Document = await response.json()
            return found

    async def events(self, path: str, body: Document) -> AsyncIterator[tuple[str, Document]]:
        """POST something that is streamed; yield its events, those of a stream that is cut too."""
        async with self._session.post(self.server.url + path, json={**body, "stream": True}) as response:
            response.raise_for_status()
            name = ""
            try:
                async for line in response.content:
                    key, _, value = line.decode().rstrip("\n").partition(": ")
                    if key == "event":
                        name = value
                    elif key == "data":
                        yield name, {} if value == "[DONE]" else json.loads(value)
            except aiohttp.ClientError:
                return

    async def until(self, run: Document, *statuses: str) -> Document:
        """Return a run when it has one of these statuses."""
        async with asyncio.timeout(_LIMIT):
            while (run := await self.get(_path(run)))["status"] not in statuses:
                await asyncio.sleep(0.01)
        return run


def _path(run: Document) -> str:
    return f"/threads/{run['thread_id']}/runs/{run['id']}"


def _asked(assistant: str, text: str) -> Document:
    return {"assistant_id": assistant, "thread": {"messages": [{"role": "user", "content": text}]}}


@asynccontextmanager
async def talking(store: str, *options: str) -> AsyncIterator[Talk]:
    """Enter for a server on the database, with answers of some length in time."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None), read_bufsize=2**20
    )
    async with started(*serving("--store", store, *options)) as server, session:
        yield Talk(session, server)


# Streams


async def streams_of_others(store: str, count: int) -> list[str]:
    """Stream so many runs with a call, and their outputs, from a server without a free slot; return the faults."""
    async with talking(store, "--concurrency", "1") as full:
        assistant = (await full.make("/assistants", {"model": "m", "tools": [_WEATHER]}))["id"]
        stalled = await full.make("/threads/runs", _asked(assistant, "/stall"))
        await full.until(stalled, "in_progress")
        async with talking(store, "--speed", "0.005") as working:
            found = [
                fault
                for start in range(0, count, _AT_ONCE)
                for faults in await asyncio.gather(
                    *(_streamed(full, working, assistant) for _ in range(min(_AT_ONCE, count - start)))
                )
                for fault in faults
            ]
            # Else the slot was free, and nothing of this was shown.
            if (await working.get(_path(stalled)))["status"] != "in_progress":
                found.append("the run that took the slot has ended")
            return found


async def _streamed(full: Talk, working: Talk, assistant: str) -> list[str]:
    async with asyncio.timeout(_LIMIT):
        first = [event async for event in full.events("/threads/runs", _asked(assistant, _CALL))]
        run = next(data for name, data in first if name == "thread.run.created")
        stored = await working.get(_path(run))
        calls = stored["required_action"]["submit_tool_outputs"]["tool_calls"]
        outputs = {"tool_outputs": [{"tool_call_id": call["id"], "output": _WORDS} for call in calls]}
        second = [event async for event in full.events(f"{_path(run)}/submit_tool_outputs", outputs)]
        messages = (await working.get(f"/threads/{run['thread_id']}/messages?run_id={run['id']}"))["data"]
    said = [message["content"][0]["text"]["value"] for message in messages]
    wrong = {
        "another order of events": _names(first) != _FIRST or _names(second) != _SECOND,
        "other arguments": _arguments(first) != calls[0]["function"]["arguments"],
        "another text": [_text(second)] != said or _WORDS not in said[0],
        "an event came twice": _twice(first) or _twice(second),
    }
    return [f"{run['id']}: {name} in {first}, {second}, {said}" for name, bad in wrong.items() if bad]


_FIRST = [
    *("thread.created", "thread.run.created", "thread.run.queued", "thread.run.in_progress"),
    *("thread.run.step.created", "thread.run.step.in_progress", "thread.run.step.delta"),
    *("thread.run.requires_action", "done"),
]
_SECOND = [
    *("thread.run.step.completed", "thread.run.queued", "thread.run.in_progress"),
    *("thread.run.step.created", "thread.run.step.in_progress", "thread.message.created", "thread.message.in_progress"),
    *("thread.message.delta", "thread.message.completed", "thread.run.step.completed", "thread.run.completed", "done"),
]


def _names(events: Iterable[tuple[str, Document]]) -> list[str]:
    """Return the names of events, deltas in a row as one."""
    found: list[str] = []
    for name, _ in events:
        if not (name.endswith(".delta") and found[-1:] == [name]):
            found.append(name)
    return found


def _text(events: Iterable[tuple[str, Document]]) -> str:
    return "".join(
        part["text"]["value"]
        for name, data in events
        if name == "thread.message.delta"
        for part in data["delta"]["content"]
    )


def _arguments(events: Iterable[tuple[str, Document]]) -> str:
    return "".join(call["function"].get("arguments", "") for call in _calls(events))


def _calls(events: Iterable[tuple[str, Document]]) -> Iterator[Document]:
    for name, data in events:
        if name == "thread.run.step.delta":
            yield from data["delta"]["step_details"]["tool_calls"]


# A server is killed


class Killed(NamedTuple):
    """The runs of two servers after one was killed."""

    ends: Counter[str]
    """Number of runs by status."""
    seconds: float
    """Seconds from the kill until the last of them had ended."""
    faults: list[str]


async def killed(store: str, count: int) -> Killed:
    """Stream so many runs from one server, kill the other, which works on half of them, and see all of them end."""
    options = ("--speed", "0.1", "--concurrency", str(count // 2))
    async with talking(store, *options) as doomed, talking(store, *options) as left:
        assistant = (await left.make("/assistants", {"model": "m"}))["id"]
        working: asyncio.Semaphore = asyncio.Semaphore(0)
        tasks = [asyncio.create_task(_followed(left, assistant, working)) for _ in range(count)]
        for _ in range(count * 3 // 4):
            await working.acquire()
        doomed.server.process.kill()
        begun = time.monotonic()
        async with asyncio.timeout(_LIMIT):
            followed = await asyncio.gather(*tasks)
        seconds = max(at for _, at in followed) - begun
        ends = Counter(status for (_, status, _), _ in followed)
        faults = [f"{run_id}: {fault}" for (run_id, _, fault), _ in followed if fault]
    if seconds > _END:
        faults.append(f"the last run ended {seconds:.1f} s behind the kill")
    return Killed(ends, seconds, faults)


async def _followed(talk: Talk, assistant: str, working: asyncio.Semaphore) -> tuple[tuple[str, str, str], float]:
    """Follow a run; return its id, its status, and what is wrong with it, and the time of its end."""
    events: list[tuple[str, Document]] = []
    async for event in talk.events("/threads/runs", _asked(assistant, _WORDS)):
        events.append(event)
        if event[0] == "thread.message.delta" and _names(events).count(event[0]) == 1 and events[-2][0] != event[0]:
            working.release()
    ended = time.monotonic()
    run = next(data for name, data in events if name == "thread.run.created")
    run = await talk.get(_path(run))
    messages = (await talk.get(f"/threads/{run['thread_id']}/messages?run_id={run['id']}"))["data"]
    said = [message["content"][0]["text"]["value"] for message in messages]
    error = run["last_error"]["message"] if run["last_error"] else ""
    wrong = {
        f"it is {run['status']} ({error})": run["status"] != "completed" and "restarted" not in error,
        f"its stream ends in {_names(events)[-2:]}": _names(events)[-2:] != [f"thread.run.{run['status']}", "done"],
        f"its answers are {said}, told {_text(events)!r}": "".join(said) != _text(events) or len(said) > 1,
        "its answer is not whole": run["status"] == "completed" and said != [f"Echo: {_WORDS}"],
        # Its status may come again: a run whose server was lost before it told anything is begun anew.
        "an event came twice": _twice(event for event in events if event[1].get("object") != "thread.run"),
    }
    return (run["id"], run["status"], ", ".join(words for words, bad in wrong.items() if bad)), ended


def _twice(events: Iterable[tuple[str, Document]]) -> bool:
    told = [str(event) for event in events]
    return len(told) != len(set(told))


# One run a thread, and cancellations


async def conflicts(store: str, rounds: int) -> list[str]:
    """Create 100 runs at once on one thread, through both servers, some times; return the faults."""
    faults: list[str] = []
    async with talking(store) as one, talking(store) as two:
        assistant = (await one.make("/assistants", {"model": "m"}))["id"]
        for _ in range(rounds):
            thread = (await one.make("/threads", {"messages": [{"role": "user", "content": "/stall"}]}))["id"]
            path = f"/threads/{thread}/runs"
            answers = await asyncio.gather(
                *((one, two)[number % 2].post(path, {"assistant_id": assistant}) for number in range(100))
            )
            statuses = Counter(status for status, _ in answers)
            runs = (await two.get(path))["data"]
            if statuses != {200: 1, 400: 99} or len(runs) != 1:
                faults.append(f"of 100 creates at once {dict(statuses)}, {len(runs)} runs")
    return faults


async def cancellations(store: str, count: int) -> list[float]:
    """Cancel so many runs at the server that does not work on them; return the seconds until each has ended there."""
    found: list[float] = []
    async with talking(store) as working:
        assistant = (await working.make("/assistants", {"model": "m"}))["id"]
        async with talking(store, "--concurrency", "1") as full:
            stalled = [await working.make("/threads/runs", _asked(assistant, "/stall half")) for _ in range(count)]
            for run in stalled:
                await full.until(run, "in_progress")
                begun = time.monotonic()
                await full.make(f"{_path(run)}/cancel")
                await full.until(run, "cancelled")
                found.append(time.monotonic() - begun)
    return found


async def measure(store: str, runs: int) -> list[str]:
    """Do all of it, print what was found, and return the faults."""
    faults = await streams_of_others(store, runs)
    print(f"{runs} runs and their outputs, streamed where there is no slot: {len(faults)} faults", flush=True)
    found = await killed(store, runs)
    ends = ", ".join(f"{number} {status}" for status, number in sorted(found.ends.items()))
    print(f"one of two servers killed amid {runs} runs: {ends}; the last ended after {found.seconds:.1f} s", flush=True)
    several = max(1, runs // 20)
    more = await conflicts(store, several)
    print(f"100 creates at once on one thread, {several} times: {len(more)} faults", flush=True)
    times = await cancellations(store, max(2, runs // 4))
    print(f"{len(times)} cancellations: {median(times) * 1e3:.0f} ms in the median, {max(times) * 1e3:.0f} ms at most")
    return [*faults, *found.faults, *more]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", required=True, help="postgresql://… of a database that nobody else uses")
    parser.add_argument("--runs", type=int, default=200, help="runs of each part (default: 200)")
    options = parser.parse_args()
    faults = asyncio.run(measure(options.store, options.runs))
    print(*faults or ["no fault"], sep="\n")
    raise SystemExit(bool(faults))


if __name__ == "__main__":
    main()
