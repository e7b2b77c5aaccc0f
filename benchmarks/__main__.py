"""The runner: `python -m benchmarks` measures, `python -m benchmarks report` writes down what was found."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import msgspec
import trustme

from benchmarks import fresh, memory, report
from benchmarks.results import Outcome, Results, results
from benchmarks.rounds import Setting, measure, summary
from benchmarks.serving import served
from benchmarks.table import WORKS
from benchmarks.worker import PEERS, missing

SECONDS = 12.0
RESULTS = Path(__file__).parent / "results.json"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small counts and few rounds: to see that it runs")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="works whose names begin so")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="per work and client (default: 12)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where results go, else nowhere")
    parser.add_argument("--list", action="store_true", help="name the works and end")
    commands = parser.add_subparsers(dest="command")
    writer = commands.add_parser("report", help="write table and plot into the README, from a file of results")
    writer.add_argument("file", type=Path, nargs="?", default=RESULTS)
    options = parser.parse_args(arguments)
    if options.command == "report":
        report.write(msgspec.json.decode(options.file.read_bytes(), type=Results))
    elif options.list:
        print("\n".join([*(work.name for work in WORKS), *fresh.NAMES, *memory.NAMES]))
    else:
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    left_out: list[str] = []
    found: list[Outcome] = []
    for outcome in _outcomes(options, left_out):
        print(summary(outcome), flush=True)
        found.append(outcome)
    print(*left_out, sep="\n", file=sys.stderr)
    if not found:
        raise SystemExit(f"no work is named {' or '.join(options.only)}: see --list")
    if options.json is not None:
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(results(found, left_out)), indent=1) + b"\n")


def _outcomes(options: argparse.Namespace, left_out: list[str]) -> Iterator[Outcome]:
    peers = [name for name in PEERS if missing(name) is None]
    left_out += [f"{name}: no {missing(name)} installed" for name in PEERS if name not in peers]
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    secret = certificate.private_key_and_cert_chain_pem.bytes()
    seconds = 0.1 if options.quick else options.seconds
    with ExitStack() as stack:
        plain = stack.enter_context(served())
        settings = [
            Setting(stack.enter_context(served(secret)), "TLS", authority.cert_pem.bytes()),
            Setting(plain, "uvloop", uvloop=True),
        ]
        if find_spec("uvloop") is None:
            left_out.append("uvloop: not installed")
            settings.pop()
        for work in WORKS:
            for setting in [Setting(plain), *(settings if work.variants else ())]:
                if _wanted(work.name + (f"-{setting.suffix}" if setting.suffix else ""), options.only):
                    yield measure(work, setting, peers, seconds=seconds, quick=options.quick)
        for name in fresh.NAMES:
            if _wanted(name, options.only):
                yield fresh.measure(name, plain, peers, quick=options.quick)
        for name in memory.NAMES:
            if _wanted(name, options.only):
                yield memory.measure(name, plain, peers, quick=options.quick)


def _wanted(name: str, only: Sequence[str] | None) -> bool:
    return not only or any(name.startswith(start) for start in only)


if __name__ == "__main__":
    main()
