"""CPU of `import assistants_async` against importing the three libraries it stands on, in fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys

STACK = "import aiohttp, msgspec, anyio"
OURS = "import assistants_async"
ROUNDS = 15
PRINT = "; import time; print(time.process_time())"


def cpu(statement: str) -> float:
    """CPU milliseconds of a fresh process that runs a statement."""
    ran = subprocess.run([sys.executable, "-c", statement + PRINT], capture_output=True, text=True, check=True)
    return float(ran.stdout) * 1000


def main() -> None:
    spent: dict[str, list[float]] = {"pass": [], STACK: [], OURS: []}
    for statement in spent:
        cpu(statement)  # byte code and file cache
    for _ in range(ROUNDS):
        for statement, times in spent.items():
            times.append(cpu(statement))
    print(f"{'CPU of a fresh process, ms':36} {'median':>7}   middle half")
    for statement, times in spent.items():
        low, middle, high = statistics.quantiles(times, n=4)
        print(f"{statement:36} {middle:7.0f}   {low:.0f} to {high:.0f}")
    bare, stack, ours = (statistics.median(times) for times in spent.values())
    print(
        f"beyond the stack: {ours - stack:+.0f} ms; beside what the stack costs: {(ours - bare) / (stack - bare):.2f}"
    )


if __name__ == "__main__":
    main()
