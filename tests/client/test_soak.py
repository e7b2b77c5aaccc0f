"""Short slices of the soak and leak checks in `benchmarks/`: nothing grows, and nothing is left."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import leaks, soak
from benchmarks.leaks import Sample
from tests.support.http_server import TransportName


@pytest.mark.both_transports
@pytest.mark.parametrize("work", soak.KINDS.values(), ids=soak.KINDS.keys())
async def test_nothing_grows(work: soak.Work, transport: TransportName) -> None:
    """After the first few, objects, files, tasks and connections stay as many, and the close lets go of all."""
    looks = await soak.soak(work, 200, events=5, parallel=4, samples=5, transport=transport)
    first, last, closed = looks[2], looks[-2], looks[-1]
    assert last.done == 200
    assert last.objects - first.objects < 50
    assert last.fds <= first.fds
    assert last.tasks == 1
    assert last.connections <= 4
    assert (closed.tasks, closed.connections) == (1, 0)


@pytest.mark.both_transports
async def test_random_cancellations_leave_nothing(transport: TransportName) -> None:
    """Fifty at once on twenty connections, each cancelled at some time: nothing is left, and the client works."""
    outcomes, looks = await leaks.cancellations(300, samples=3, transport=transport)
    assert outcomes.total() == 300
    assert outcomes["cancelled"] > 20
    assert outcomes["ended"] > 20
    assert {look.tasks for look in looks} == {1}
    assert max(look.connections for look in looks) <= 20
    assert looks[-1].connections == 0


def test_slopes() -> None:
    """Growth per thousand, the warming up left out."""

    def looks(*values: int) -> list[Sample]:
        return [Sample(10 * place, value, 0, 0, 1, 0) for place, value in enumerate(values)]

    assert leaks.slope(looks(0, 90, 90, 90, 90), "rss") == 0
    assert leaks.slope(looks(0, 0, 1, 2, 3, 4), "rss") == pytest.approx(100)


@pytest.mark.parametrize(
    ("script", "arguments"),
    [
        (soak, ["--calls", "20", "--streams", "20", "--events", "2", "--only", "calls", "--only", "streams"]),
        (leaks, ["--count", "8"]),
    ],
)
def test_the_scripts_print_a_table(
    script: Any, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line for each kind of work, under its heading."""
    monkeypatch.setattr("sys.argv", ["script", *arguments])
    script.main()
    lines = capsys.readouterr().out.splitlines()
    assert leaks.TITLE in lines
    assert len(lines) >= 3
