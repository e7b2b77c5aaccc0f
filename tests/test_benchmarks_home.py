"""The benchmarks of `serve` as a process still run and check their work, each in a small size."""

from __future__ import annotations

from pathlib import Path

from benchmarks import server
from benchmarks.crashes import crash
from benchmarks.home import Cost, bounds, costs, shown, streams
from benchmarks.many_objects import grown
from benchmarks.two_servers import cancellations, conflicts, streams_of_others
from tests.support.postgres import new_database


async def test_a_crash(tmp_path: Path) -> None:
    """Killed in the midst of its first runs, the server has all of them again at its next start, and ends them."""
    found = await crash(f"sqlite:{tmp_path / 'home.db'}", moments=1, workers=2, longest=0.05, seed=1)
    assert (found.moments, found.faults, len(found.waits)) == (1, [], 1)
    assert found.ends.keys() <= {"completed", "failed"}
    assert found.ends.total() >= 1


async def test_costs() -> None:
    """Each server is measured beside the forwarder, and every run was whole."""
    found = await costs(2, 20, ["sqlite"])
    assert list(found) == ["by hand", "sqlite"]
    assert all(cost.run >= 0 for cost in found.values())
    assert shown({"by hand": Cost(1.0, 20.0), "sqlite": Cost(2.5, 10.0)}) == [
        "by hand: a run 1.00 ms (1.0), a delta 20 µs (1.0)",
        "sqlite: a run 2.50 ms (2.5), a delta 10 µs (0.5)",
    ]


async def test_costs_of_requests() -> None:
    """Of the embedded server beside a handler by hand, whose answers are held to be whole."""
    found = await server.costs(3)
    assert list(found) == ["by hand", "serve"]
    assert server.shown({"by hand": server.Costs(100, 200, 400, 5), "serve": server.Costs(115, 300, 600, 9)}) == [
        "get: by hand 100 µs, serve 115 µs (1.15)",
        "create: by hand 200 µs, serve 300 µs (1.50)",
        "list: by hand 400 µs, serve 600 µs (1.50)",
        "event: by hand 5 µs, serve 9 µs (1.80)",
    ]


async def test_streams_at_once() -> None:
    """All of them are whole, with each store."""
    assert await streams(3, 10, ["memory", "sqlite"]) == [
        "memory: 3 of 3 streams at once are whole",
        "sqlite: 3 of 3 streams at once are whole",
    ]


async def test_bounds() -> None:
    """A line for each; a file goes up and down piece by piece, and not as a whole."""
    threads, files, thread, file = await bounds(8, 12, 12, 64, rounds=20)
    assert threads.startswith("8 threads of 10 messages: ")
    assert files.startswith("a GET with 12 files: ")
    assert thread.startswith("a run on a thread of 12: ")
    assert file.startswith("64 MiB up and down: ")
    assert float(file.split(": ")[1].split(" MiB")[0]) < 40


async def test_two_servers() -> None:
    """Each streams what the other works on, one run a thread is made, and a cancellation ends the run at the other."""
    with new_database() as store:
        assert await streams_of_others(store, 2) == []
        assert await conflicts(store, 1) == []
        [seconds] = await cancellations(store, 1)
        assert seconds > 0


async def test_many_objects() -> None:
    """Every request is measured with few objects and with many, and all succeed."""
    found = await grown(30, 20)
    assert list(found)[:2] == ["GET of a file", "page of files"]
    assert all(ratio >= 0 for ratio in found.values())
