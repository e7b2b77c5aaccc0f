"""The results of a run of the benchmarks, as values that are written as JSON and read back for the report."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Self

import msgspec

from assistants_async import __version__

PACKAGES = ("aiohttp", "msgspec", "anyio", "openai", "httpx2", "httpx-aiohttp", "httptools", "uvloop")

HAND = "by hand"
OURS = "assistants_async"
LEAN = f"{OURS}, lean"
"""This client over the lean transport."""


class Spread(msgspec.Struct, frozen=True):
    """The middle of several measurements, with the half of them that lies around it."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """The spread of at least one value, in as many digits as mean something."""
        quartiles = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3
        return cls(*(float(f"{value:.4g}") for value in quartiles))


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """One client at one work."""

    value: Spread
    """In the unit of the work."""
    ratio: Spread
    """To the client written by hand, in the same round."""
    wall: Spread | None = None
    """Microseconds of wall time, where the value is CPU time."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One work, done by every client that can."""

    name: str
    title: str
    unit: str
    """The unit of the values, such as `µs CPU a call`."""
    rounds: int
    noise: Spread | None = None
    """The client by hand against itself, in the same rounds: no ratio is better than this."""
    clients: Mapping[str, Measured]


class Grown(msgspec.Struct, frozen=True, kw_only=True):
    """The cost of one more item for this client, from few to very many."""

    title: str
    unit: str
    counts: tuple[int, ...]
    costs: tuple[float, ...]
    """Of each item that a count has more than the one before; those of the first bear what the call itself costs."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run."""

    date: str
    machine: str
    python: str
    versions: Mapping[str, str]
    left_out: tuple[str, ...]
    """Failed measurements, a line each."""
    outcomes: tuple[Outcome, ...]
    growth: tuple[Grown, ...] = ()


def written(results: Results) -> bytes:
    """The JSON of a run, a line for each work, so that two runs can be compared line by line."""
    parts: list[bytes] = []
    for name in results.__struct_fields__:
        value: Any = getattr(results, name)
        text = msgspec.json.encode(value)
        if name in ("outcomes", "growth"):
            text = b"[\n  " + b",\n  ".join(map(msgspec.json.encode, value)) + b"\n]"
        parts.append(b'"%b": %b' % (name.encode(), text))
    return b"{\n" + b",\n".join(parts) + b"\n}\n"


def read(text: bytes) -> Results:
    """A run out of its JSON."""
    return msgspec.json.decode(text, type=Results)


def results(outcomes: Sequence[Outcome], left_out: Sequence[str], growth: Sequence[Grown] = ()) -> Results:
    """The results, with place and time."""
    versions = {"assistants-async": __version__} | {name: found for name in PACKAGES if (found := version_of(name))}
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return Results(
        date=date,
        machine=_machine(),
        python=python,
        versions=versions,
        left_out=tuple(left_out),
        outcomes=tuple(outcomes),
        growth=tuple(growth),
    )


def version_of(package: str) -> str:
    """Its version; empty where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _machine() -> str:
    return f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release().partition('-')[0]}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
