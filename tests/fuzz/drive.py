"""Fuzzing by hand: `python -m tests.fuzz.drive --target sse --inputs 1000000 --seed 1` from the project's root.

Inputs are mutations of real wire bytes, and depend on nothing but seed and number: what fails is printed with both, and
`--only NUMBER` runs it again by itself. The exit code is 1 where an input failed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from random import Random
from typing import NamedTuple

from tests.fuzz.corpus import Corpus, recorded
from tests.fuzz.targets import TARGETS


class Failure(NamedTuple):
    """An input that showed a bug."""

    number: int
    data: bytes
    error: Exception

    @property
    def place(self) -> str:
        """The place of a failure: failures of one place are one bug."""
        last = traceback.extract_tb(self.error.__traceback__)[-1]
        return f"{type(self.error).__name__} at {last.filename}:{last.lineno}"


def run(target: str, numbers: Iterable[int], seed: int, corpus: Corpus) -> tuple[Counter[str], list[Failure]]:
    """Check inputs by their numbers; return their outcomes, and the first failure of each place."""
    outcomes: Counter[str] = Counter()
    failures: dict[str, Failure] = {}
    make, check = TARGETS[target]
    for number in numbers:
        random = Random(f"{target} {seed} {number}")
        data = make(random, corpus)
        try:
            outcomes[check(random, data)] += 1
        except Exception as error:  # noqa: BLE001  # whatever it is, it is what was looked for
            failure = Failure(number, data, error)
            outcomes[failure.place] += 1
            failures.setdefault(failure.place, failure)
    return outcomes, list(failures.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", choices=TARGETS, required=True)
    parser.add_argument("--inputs", type=int, default=100_000, help="how many (default: 100 000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one input")
    options = parser.parse_args()
    corpus = asyncio.run(recorded())
    numbers = range(options.inputs) if options.only is None else [options.only]
    started = time.perf_counter()
    outcomes, failures = run(options.target, numbers, options.seed, corpus)
    seconds = time.perf_counter() - started
    print(f"{options.target}: {len(numbers)} inputs, seed {options.seed}, {len(numbers) / seconds:.0f} a second")
    for outcome, count in outcomes.most_common():
        print(f"{count:10} {outcome}")
    for failure in failures:
        print(f"\ninput {failure.number}: {failure.data!r}")
        traceback.print_exception(failure.error)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
