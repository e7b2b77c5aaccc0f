"""The benchmarks still run and check their work, and the figures in the READMEs are those of the file of results."""

from __future__ import annotations

import gc
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import resource_tracker
from pathlib import Path
from subprocess import PIPE
from typing import Any
from xml.etree import ElementTree as ET

import aiohttp
import pytest

from assistants_async import AssistantsClient
from benchmarks import fresh, growth, instructions, memory, micro, report
from benchmarks.canned import CannedTransport
from benchmarks.limit import LIMIT
from benchmarks.plot import FROM, TO, draw, place
from benchmarks.profile import profiled
from benchmarks.results import HAND, LEAN, OURS, Grown, Measured, Outcome, Spread, read, results, written
from benchmarks.serving import served
from benchmarks.table import BY_NAME, WORKS
from benchmarks.targets import TARGETS
from benchmarks.work import Hand
from benchmarks.worker import Job, working
from tests.support.places import ROOT
from tests.support.steady_loop import MS


@pytest.fixture(scope="module", autouse=True)
def _no_child_stays() -> Iterator[None]:
    """End the process that multiprocessing keeps: beside a child, later tests would wait in earnest."""
    yield
    tracker: Any = resource_tracker._resource_tracker
    tracker._stop()


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The server of the benchmarks, for the whole module."""
    with served() as found:
        yield found


@pytest.mark.parametrize("name", BY_NAME)
async def test_every_work_is_done(name: str, origin: str) -> None:
    """By hand and by this client alike: both give the proof that it was done."""
    work = BY_NAME[name]
    url = f"{origin}/{work.answer(work.quick)}/v1"
    proof = work.proof(work.quick)
    async with (
        aiohttp.ClientSession() as session,
        AssistantsClient(base_url=url, api_key="k", max_connections=work.connections) as client,
    ):
        assert await work.hand(Hand(session, url), work.quick) == proof
        assert await work.ours(client, work.quick) == proof


@pytest.mark.parametrize("name", growth.WORKS)
async def test_every_growth_is_done(name: str) -> None:
    """With the least count, out of memory."""
    work = growth.WORKS[name]
    shelf = CannedTransport(work.answers(work.counts[0]))
    async with AssistantsClient(base_url="http://127.0.0.1/v1", api_key="k", transport=shelf) as client:
        assert await work.use(client, work.counts[0]) == work.counts[0]


@pytest.mark.parametrize("name", micro.WORKS)
def test_every_micro_benchmark_is_done(name: str) -> None:
    """Each asserts itself that the timed work was done."""
    work, count = micro.WORKS[name]
    work()
    assert count > 0


async def test_a_work_is_profiled(origin: str) -> None:
    """The package's own functions are in it."""
    entries = (await profiled(BY_NAME["get"], origin)).getstats()
    assert any("assistants_async" in str(entry.code) for entry in entries)


async def test_a_work_is_counted_for_every_client(origin: str) -> None:
    """The least that a GET can take among them; each has two marks, and the second says what it took."""
    work = BY_NAME["get"]
    clients = instructions.clients_of(work)
    try:
        await instructions.do_all(work, origin, 3)
    finally:
        gc.unfreeze()
    assert clients == [HAND, OURS, LEAN, LIMIT]
    assert instructions.instructions("summary: 9\n\nfn=(1)\n1 5\n\ntotals: 12\n") == 12
    parts = [7, 1000, 7, 1100, 7, 500, 7, 200]
    assert instructions.row(work, 10, parts) == (
        "get: by hand 100, assistants_async 1.10, assistants_async, lean 0.50, a raw protocol 0.20"
    )


def test_names_are_unique() -> None:
    """`--only` and the files of results go by them."""
    assert len(BY_NAME) == len(WORKS)
    assert not BY_NAME.keys() & {*fresh.NAMES, *memory.NAMES}


def run(*arguments: str, module: str = "benchmarks") -> subprocess.CompletedProcess[str]:
    """Run a module as the README does."""
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, timeout=240, capture_output=True, text=True)


def test_the_runner_measures(tmp_path: Path) -> None:
    """A quick look, as the README calls it: ratios, their noise, and where they were found."""
    file = tmp_path / "results.json"
    ran = run("--quick", "--only", "get-TLS", "import", "memory-client", "--json", str(file))
    assert ran.returncode == 0, ran.stderr
    found = read(file.read_bytes())
    assert written(found) == file.read_bytes()
    assert {outcome.name for outcome in found.outcomes} == {"get-TLS", "import", *memory.NAMES[:1]}
    for outcome in found.outcomes:
        assert outcome.name in ran.stdout
        assert outcome.clients[HAND].ratio.median == 1
        assert (LEAN in outcome.clients) is (outcome.name != "import")
        assert outcome.clients[OURS].ratio.median > 0
        assert outcome.clients[OURS].value.median > 0
    assert found.outcomes[0].noise is not None
    assert "aiohttp" in found.versions


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "nothing"], "no work is named nothing: see --list"),
        (["--quick", "report"], "a report is of every work, measured in earnest"),
    ],
)
def test_unknown_works_are_refused(arguments: list[str], said: str) -> None:
    """With the names of those that can be measured."""
    ran = run(*arguments)
    assert ran.returncode == 1
    assert said in ran.stderr


def test_files_stay_out_of_memory() -> None:
    """Small ones at least."""
    ran = run("--megabytes", "1", module="benchmarks.files")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "files.create" in ran.stdout


def test_a_failing_worker_shows_its_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Its own error is above."""
    job = Job(work="get", clients=(HAND,), origin="http://127.0.0.1:1", count=1)
    with working(job) as worker, pytest.raises(RuntimeError, match="get: the process of by hand has died"):
        worker.block(HAND)
    assert "ClientConnectorError" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_the_server_ends_with_the_runner(name: str) -> None:
    """However that ends: nothing listens a moment later."""
    script = "from benchmarks.serving import served\nwith served() as origin: print(origin, flush=True), input()"
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        process.send_signal(signal.Signals[name])
        process.communicate(timeout=240)
    for _ in range(60_000):
        if not listens(port):
            return
        time.sleep(MS)
    pytest.fail("the server goes on")


def listens(port: int) -> bool:
    """True where a program listens at a port of this machine."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_growth_is_listed_step_by_step() -> None:
    """For each further item, so that the cost of the call itself is in the first step only."""
    assert growth.further([10, 100, 1_000], [0.11, 0.20, 1.10], 1e3) == (11, 1, 1)


def outcome(name: str, ratio: float, lean: float) -> Outcome:
    """A work at which this client has some ratios."""
    by_hand = Measured(value=Spread(90, 100, 110), ratio=Spread(1, 1, 1))
    ours, over_lean = (Measured(value=Spread.of([100 * value]), ratio=Spread.of([value])) for value in (ratio, lean))
    return Outcome(name=name, title="GET", unit="µs", rounds=1, clients={HAND: by_hand, OURS: ours, LEAN: over_lean})


@pytest.mark.parametrize(
    ("name", "ratio", "lean", "said"),
    [
        pytest.param("get", 1.25, 0.5, "- GET: 1.25, and at most 1 was wanted; by hand", id="by default"),
        pytest.param("get", 0.99, 0.7, "- GET, lean: 0.70, and at most 0.55 was wanted; by hand", id="lean"),
        pytest.param("memory-client", 0.99, 0.7, "- GET, lean: 70.0 µs, and at most 6 µs was wanted", id="a value"),
        pytest.param("get", 0.99, 0.5, "Every target is met.", id="met"),
        pytest.param("get-cold", 1.25, 0.7, "Every target is met.", id="no target"),
    ],
)
def test_the_report_names_its_losses(name: str, ratio: float, lean: float, said: str) -> None:
    """A loss is in words under the table."""
    before = "<!-- figures -->\nold\n<!-- /figures -->\n"
    grown = Grown(title="items", unit="µs · item", counts=(100, 1_000), costs=(5.5, 1.25))
    found = results([outcome(name, ratio, lean)], ["openai: not installed"], [grown])
    text = report.placed(before, found, short=False)
    assert said in text
    assert f"| GET | 100 µs | {ratio:.2f} ({ratio:.2f} to {ratio:.2f}) |" in text
    assert "- items, µs · item: 5.50 up to 100, 1.25 up to 1 000" in text
    assert "Left out: openai: not installed." in text
    assert "old" not in text


def test_targets_name_works() -> None:
    """A target of a work that was renamed would be met for ever."""
    suffixes = ("", "-TLS", "-uvloop")
    names = {f"{work.name}{suffix}" for work in WORKS for suffix in (suffixes if work.variants else [""])}
    assert set(TARGETS) <= {*names, *fresh.NAMES, "memory-client", "memory-stream"}


def test_a_spread_is_the_middle_half() -> None:
    """Of one value it is that value."""
    assert Spread.of([5, 1, 2, 3, 4]) == Spread(2, 3, 4)
    assert Spread.of([7]) == Spread(7, 7, 7)


def test_the_plot_has_a_logarithmic_axis() -> None:
    """Equal ratios are equal steps, and a value beyond the axis is at its end."""
    assert place(2) - place(1) == pytest.approx(place(8) - place(4), abs=0.2)
    assert (place(FROM / 2), place(TO * 2)) == (place(FROM), place(TO))
    svg = draw(results([outcome("get", 1.25, 1.25)], []))
    assert {element.get("class") for element in ET.fromstring(svg).iter() if element.tag.endswith("circle")} == {
        "ours",
        "lean",
    }
    assert "prefers-color-scheme: dark" in svg


def test_the_figures_shown_are_those_of_the_file() -> None:
    """`python -m benchmarks report` would change nothing."""
    found = read(report.RESULTS.read_bytes())
    assert report.PLOT.read_text(encoding="utf-8") == draw(found)
    for path, short in report.READMES.items():
        text = path.read_text(encoding="utf-8")
        assert report.placed(text, found, short=short) == text
