"""CPU of `import assistants_async` against importing the three libraries it stands on, in fresh processes."""

from __future__ import annotations

import statistics
import subprocess
import sys

STACK = "import aiohttp, msgspec, anyio"
OURS = "import assistants_async"
ROUNDS = 11
PRINT = "; import resource; print(sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))"


def cpu(statement: str) -> float:
    """CPU milliseconds of a fresh process that runs a statement."""
    ran = subprocess.run([sys.executable, "-c", statement + PRINT], capture_output=True, text=True, check=True)
    return float(ran.stdout) * 1000


def main() -> None:
    for statement in ("pass", STACK, OURS):
        cpu(statement)  # byte code and file cache
    spent: dict[str, list[float]] = {"pass": [], STACK: [], OURS: []}
    for _ in range(ROUNDS):
        for statement, times in spent.items():
            times.append(cpu(statement))
    bare, stack, ours = (statistics.median(times) for times in spent.values())
    print(f"an empty process          {bare:6.0f} ms")
    print(f"{STACK}  {stack - bare:6.0f} ms more")
    print(f"{OURS}   {ours - bare:6.0f} ms more, {(ours - bare) / (stack - bare):.2f} of the stack")


if __name__ == "__main__":
    main()
