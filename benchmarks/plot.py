"""The plot: each client's ratio to the one written by hand, on a logarithmic axis, as SVG for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from benchmarks.results import HAND, LEAN, OURS, Measured, Outcome, Results

WIDTH, LABELS, RIGHT = 940, 400, 20
TOP, ROW, FOOT = 64, 20, 34
FROM, TO = 0.25, 128.0
TICKS = (0.25, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)
MARKS = {OURS: "ours", LEAN: "lean", "openai": "a", "openai, aiohttp": "b"}
"""Clients in the plot, and their class in the style sheet."""

_STYLE = """
  svg { font: 12px system-ui, sans-serif; --page: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0;
        --ours: #0969da; --lean: #1a7f37; --a: #bc4c00; --b: #8250df }
  @media (prefers-color-scheme: dark) {
    svg { --page: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d;
          --ours: #4493f8; --lean: #3fb950; --a: #f0883e; --b: #ab7df8 }
  }
  .page { fill: var(--page) } text { fill: var(--ink) } .soft { fill: var(--soft) }
  .line { stroke: var(--line) } .hand { stroke: var(--ink) }
  .ours { fill: var(--ours); stroke: var(--ours) } .a { fill: var(--a); stroke: var(--a) }
  .lean { fill: var(--lean); stroke: var(--lean) } .b { fill: var(--b); stroke: var(--b) }
"""


def draw(results: Results) -> str:
    """The whole picture."""
    height = TOP + ROW * len(results.outcomes) + FOOT
    box = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img">',
        "<title>Cost of each client, as a ratio to aiohttp and msgspec by hand</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height}"/>',
        *_legend(results),
        *_axis(height),
        *(line for place, outcome in enumerate(results.outcomes) for line in _row(outcome, TOP + ROW * place)),
        _text(WIDTH - RIGHT, height - 12, f"{results.date}, {results.machine}", "soft", "end"),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def place(ratio: float) -> float:
    """The place of a ratio from the left; a value beyond the axis is at its end."""
    share = math.log(min(max(ratio, FROM), TO) / FROM) / math.log(TO / FROM)
    return round(LABELS + share * (WIDTH - RIGHT - LABELS), 1)


def _legend(results: Results) -> Iterator[str]:
    yield _text(12, 24, "Cost, as a ratio to aiohttp + msgspec by hand (1); less is better")
    left = 12
    for client, mark in MARKS.items():
        if any(client in outcome.clients for outcome in results.outcomes):
            yield f'<circle class="{mark}" cx="{left + 5}" cy="42" r="4.5"/>'
            yield _text(left + 16, 46, client)
            left += 40 + 7 * len(client)


def _axis(height: int) -> Iterator[str]:
    for tick in TICKS:
        mark = "hand" if tick == 1 else "line"
        yield f'<path class="{mark}" d="M{place(tick)} {TOP - 4}V{height - FOOT}"/>'
        yield _text(place(tick), TOP - 10, f"{tick:g}", "soft", "middle")


def _row(outcome: Outcome, top: int) -> Iterator[str]:
    yield _text(12, top + 14, outcome.title)
    for client, measured in sorted(outcome.clients.items(), key=lambda pair: pair[0] == OURS):
        if client != HAND:
            yield from _dot(measured, MARKS.get(client, "a"), top + ROW / 2)


def _dot(measured: Measured, mark: str, middle: float) -> Iterator[str]:
    ratio = measured.ratio
    yield f'<path class="{mark}" stroke-width="2" d="M{place(ratio.low)} {middle}H{place(ratio.high)}"/>'
    yield f'<circle class="{mark}" cx="{place(ratio.median)}" cy="{middle}" r="4.5"/>'


def _text(left: float, base: float, text: str, mark: str = "", anchor: str = "start") -> str:
    style = f' class="{mark}"' if mark else ""
    return f'<text{style} x="{left}" y="{base}" text-anchor="{anchor}">{escape(text)}</text>'
