"""From a file of results to the README: the table, the list of targets missed, and the plot."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from benchmarks.plot import draw
from benchmarks.results import HAND, LEAN, OURS, Grown, Measured, Outcome, Results, Spread
from benchmarks.targets import TARGETS
from benchmarks.work import spaced

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PLOT = HERE / "results.svg"
READMES = {HERE / "README.md": False, HERE.parent / "README.md": True}
"""Files with a place for figures, and whether it is for the few that say most."""
SHORT = ("get", "get-64", "paging", "stream-coalesced", "streams-200", "download", "import")

_PLACE = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def write(results: Results) -> None:
    """Write the plot, and the figures into each README that has a place for them."""
    PLOT.write_text(draw(results), encoding="utf-8")
    for path, short in READMES.items():
        text = path.read_text(encoding="utf-8")
        path.write_text(placed(text, results, short=short), encoding="utf-8")


def placed(text: str, results: Results, *, short: bool) -> str:
    """A README with the figures in their place; as it was where it has none."""
    figures = "\n".join(_short(results) if short else _whole(results))
    return _PLACE.sub(lambda match: f"{match[1]}\n{figures}\n\n{match[2]}", text)


def _whole(results: Results) -> Iterable[str]:
    yield _origin(results)
    yield ""
    yield from _table(results.outcomes)
    yield ""
    yield from _missed(results.outcomes)
    if results.growth:
        yield ""
        yield from _growth(results.growth)
    if results.left_out:
        yield ""
        yield "Left out: " + "; ".join(results.left_out) + "."


def _short(results: Results) -> Iterable[str]:
    yield from _table([outcome for outcome in results.outcomes if outcome.name in SHORT], _median)
    yield ""
    yield _origin(results)


def _origin(results: Results) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    return f"{results.date}, {results.machine}; {results.python}; {versions}."


def _table(outcomes: Sequence[Outcome], cell: Callable[[Measured | None], str] | None = None) -> Iterable[str]:
    names = [HAND, OURS]
    for outcome in outcomes:
        names += [name for name in outcome.clients if name not in names]
    yield "| work | by hand | " + " | ".join(f"`{name}`" for name in names[1:]) + " |"
    yield "|---|---|" + "---|" * (len(names) - 1)
    for outcome in outcomes:
        hand, *others = (outcome.clients.get(name) for name in names)
        assert hand is not None
        cells = [outcome.title, f"{_number(hand.value.median)} {outcome.unit}", *map(cell or _ratio, others)]
        yield f"| {' | '.join(cells)} |"


def _ratio(measured: Measured | None) -> str:
    if measured is None:
        return "-"
    ratio = measured.ratio
    return f"{_number(ratio.median)} ({_number(ratio.low)} to {_number(ratio.high)})"


def _median(measured: Measured | None) -> str:
    return "-" if measured is None else _number(measured.ratio.median)


def _growth(growth: Iterable[Grown]) -> Iterable[str]:
    yield "What one more costs:"
    yield ""
    for found in growth:
        steps = ", ".join(
            f"{_number(cost)} up to {spaced(count)}" for count, cost in zip(found.counts, found.costs, strict=True)
        )
        yield f"- {found.title}, {found.unit}: {steps}"


def _missed(outcomes: Iterable[Outcome]) -> Iterable[str]:
    missed = [line for outcome in outcomes for line in _misses(outcome)]
    if not missed:
        yield "Every target is met."
        return
    yield "Targets that are missed:"
    yield ""
    yield from missed


def _misses(outcome: Outcome) -> Iterable[str]:
    wanted = TARGETS.get(outcome.name)
    if wanted is None:
        return
    for client, most in ((OURS, wanted.ours), (LEAN, wanted.lean)):
        measured = outcome.clients.get(client)
        if measured is not None and most is not None and measured.ratio.median > most:
            name = "" if client == OURS else ", lean"
            yield (
                f"- {outcome.title}{name}: {_number(measured.ratio.median)}, and at most {most:g} was wanted; "
                f"by hand against itself {_spread(outcome.noise)}"
            )
    lean = outcome.clients.get(LEAN)
    if lean is not None and wanted.lean_value is not None and lean.value.median > wanted.lean_value:
        yield (
            f"- {outcome.title}, lean: {_number(lean.value.median)} {outcome.unit}, and at most "
            f"{wanted.lean_value:g} {outcome.unit} was wanted"
        )


def _spread(spread: Spread | None) -> str:
    return "not measured" if spread is None else f"{_number(spread.low)} to {_number(spread.high)}"


def _number(value: float) -> str:
    """A number with as many places as it deserves."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
