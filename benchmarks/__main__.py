"""The runner: `python -m benchmarks` measures and prints; `report` writes down what was found as well."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from benchmarks import fresh, growth, memory, report
from benchmarks.clients import PEERS, missing
from benchmarks.results import Grown, Outcome, Results, read, results, written
from benchmarks.rounds import Setting, measure, summary
from benchmarks.serving import served
from benchmarks.table import WORKS

SECONDS = 4.0
QUICK = 0.1
GROWTH = "growth"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join([*(work.name for work in WORKS), *fresh.NAMES, *memory.NAMES, GROWTH]))
    elif options.command != "report":
        found = _measured(options.only, QUICK if options.quick else options.seconds, quick=options.quick)
        if options.json is not None:
            options.json.write_bytes(written(found))
    elif options.quick or options.only:
        raise SystemExit("a report is of every work, measured in earnest: without --quick and --only")
    else:
        if options.file is None:
            report.RESULTS.write_bytes(written(_measured((), options.seconds, quick=False)))
        report.write(read((options.file or report.RESULTS).read_bytes()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small counts and few rounds: to see that it runs")
    parser.add_argument("--only", nargs="+", default=(), metavar="NAME", help="works whose names begin so")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"for each work (default: {SECONDS:g})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where results go, else nowhere")
    parser.add_argument("--list", action="store_true", help="name the works and end")
    writer = parser.add_subparsers(dest="command").add_parser(
        "report", help="measure all, and write file, plot, READMEs"
    )
    writer.add_argument("file", type=Path, nargs="?", help="results that are there already: nothing is measured")
    return parser


def _measured(only: Sequence[str], seconds: float, *, quick: bool) -> Results:
    """Measure, and say each thing as it is found."""
    started = time.monotonic()
    left_out: list[str] = []
    found: list[Outcome] = []
    for outcome in _outcomes(only, seconds, left_out, quick=quick):
        print(summary(outcome), flush=True)
        found.append(outcome)
    grown: tuple[Grown, ...] = growth.measure(quick=quick) if _wanted(GROWTH, only) else ()
    print(*map(growth.summary, grown), sep="\n")
    if not found and not grown:
        raise SystemExit(f"no work is named {' or '.join(only)}: see --list")
    print(*left_out, f"{time.monotonic() - started:.0f} s in all", sep="\n", file=sys.stderr)
    return results(found, left_out, grown)


def _outcomes(only: Sequence[str], seconds: float, left_out: list[str], *, quick: bool) -> Iterator[Outcome]:
    peers = [name for name in PEERS if missing(name) is None]
    left_out += [f"{name}: no {missing(name)} installed" for name in PEERS if name not in peers]
    with ExitStack() as stack:
        plain, *variants = _settings(stack, left_out)
        for work in WORKS:
            for setting in (plain, *(variants if work.variants else ())):
                if _wanted(setting.named(work.name), only):
                    yield measure(work, setting, peers, seconds=seconds, quick=quick)
        for module in (fresh, memory):
            for name in module.NAMES:
                if _wanted(name, only):
                    yield module.measure(name, plain.origin, peers, quick=quick)


def _settings(stack: ExitStack, left_out: list[str]) -> list[Setting]:
    """The settings of works: the plain one, then the variants."""
    plain = stack.enter_context(served())
    settings = [Setting(plain)]
    if find_spec("trustme") is None:
        left_out.append("TLS: no trustme installed")
    else:
        trustme = import_module("trustme")
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.bytes()
        settings.append(Setting(stack.enter_context(served(certificate)), "TLS", authority.cert_pem.bytes()))
    if find_spec("uvloop") is None:
        left_out.append("uvloop: not installed")
    else:
        settings.append(Setting(plain, "uvloop", uvloop=True))
    return [*settings, Setting(plain, "cold", cold=True)]


def _wanted(name: str, only: Sequence[str]) -> bool:
    return not only or any(name.startswith(start) for start in only)


if __name__ == "__main__":
    main()
