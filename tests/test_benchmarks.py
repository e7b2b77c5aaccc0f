"""The benchmarks still run, do what they say, and the figures in the READMEs are those of the file of results."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import aiohttp
import msgspec
import pytest

from assistants_async import AssistantsClient
from benchmarks import fresh, memory, report
from benchmarks.plot import FROM, TO, draw, place
from benchmarks.results import HAND, OURS, Measured, Outcome, Results, Spread, results
from benchmarks.serving import served
from benchmarks.table import BY_NAME, WORKS
from benchmarks.work import Hand

ROOT = Path(__file__).parents[1]
FOUND = ROOT / "benchmarks" / "results.json"


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


def test_names_are_unique() -> None:
    """`--only` and the files of results go by them."""
    assert len(BY_NAME) == len(WORKS)
    assert not BY_NAME.keys() & {*fresh.NAMES, *memory.NAMES}


def test_the_runner_measures(tmp_path: Path) -> None:
    """A quick look at one work, as the README calls it: a ratio, its noise, and where it was measured."""
    file = tmp_path / "results.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--only", "create", "--json", str(file)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=50, capture_output=True)
    found = msgspec.json.decode(file.read_bytes(), type=Results)
    (outcome,) = found.outcomes
    assert outcome.name == "create"
    assert outcome.clients[HAND].ratio.median == 1
    assert outcome.clients[OURS].ratio.median > 0
    assert outcome.clients[OURS].value.median > 0
    assert outcome.noise is not None
    assert "aiohttp" in found.versions


def test_an_unknown_work_is_refused() -> None:
    """With a word on how to find the right name."""
    command = [sys.executable, "-m", "benchmarks", "--only", "nothing"]
    ran = subprocess.run(command, cwd=ROOT, check=False, timeout=50, capture_output=True, text=True)
    assert ran.returncode == 1
    assert "no work is named nothing: see --list" in ran.stderr


def outcome(ratio: float, target: float | None) -> Outcome:
    """A work at which this client has some ratio."""
    by_hand = Measured(value=Spread(90, 100, 110), ratio=Spread(1, 1, 1))
    ours = Measured(value=Spread.of([100 * ratio]), ratio=Spread.of([ratio]))
    return Outcome(name="get", title="GET", unit="µs", rounds=1, target=target, clients={HAND: by_hand, OURS: ours})


@pytest.mark.parametrize(("ratio", "said"), [(1.25, "- GET: 1.25, and at most 1.1"), (1.05, "Every target is met.")])
def test_the_report_says_what_was_missed(ratio: float, said: str) -> None:
    """A loss stands in words under the table."""
    before = "<!-- figures -->\nold\n<!-- /figures -->\n"
    found = results([outcome(ratio, 1.1)], ["openai: not installed"])
    text = report.placed(before, found, short=False)
    assert said in text
    assert f"| GET | 100 µs | {ratio:.2f} ({ratio:.2f} to {ratio:.2f}) |" in text
    assert "Left out: openai: not installed." in text
    assert "old" not in text


def test_a_spread_is_the_middle_half() -> None:
    """Of one value it is that value."""
    assert Spread.of([5, 1, 2, 3, 4]) == Spread(2, 3, 4)
    assert Spread.of([7]) == Spread(7, 7, 7)


def test_the_plot_stands_on_a_logarithmic_axis() -> None:
    """Equal ratios are equal steps, and what is beyond the axis stands at its end."""
    assert place(2) - place(1) == pytest.approx(place(8) - place(4), abs=0.2)
    assert (place(FROM / 2), place(TO * 2)) == (place(FROM), place(TO))
    svg = draw(results([outcome(1.25, None)], []))
    assert {element.get("class") for element in ET.fromstring(svg).iter() if element.tag.endswith("circle")} == {"ours"}
    assert "prefers-color-scheme: dark" in svg


def test_the_figures_shown_are_those_of_the_file() -> None:
    """`python -m benchmarks report` would change nothing."""
    found = msgspec.json.decode(FOUND.read_bytes(), type=Results)
    assert report.PLOT.read_text(encoding="utf-8") == draw(found)
    for path, short in report.READMES.items():
        text = path.read_text(encoding="utf-8")
        assert report.placed(text, found, short=short) == text
