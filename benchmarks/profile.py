"""This client's own time in one work: a profile of a block, its functions by the time of each itself."""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats

from benchmarks.clients import made
from benchmarks.processes import pin
from benchmarks.results import OURS
from benchmarks.serving import served
from benchmarks.table import BY_NAME
from benchmarks.work import Work


async def profiled(work: Work, origin: str) -> cProfile.Profile:
    """The profile of one block, after one to warm up."""
    url = f"{origin}/{work.answer(work.count)}/v1"
    profile = cProfile.Profile()
    async with made(OURS, url, connections=work.connections, settings=work.settings) as client:
        await work.ours(client, work.count)
        profile.enable()
        await work.ours(client, work.count)
        profile.disable()
    return profile


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", choices=BY_NAME)
    parser.add_argument("--lines", type=int, default=25)
    options = parser.parse_args()
    with served() as origin:
        pin(0)
        stats = pstats.Stats(asyncio.run(profiled(BY_NAME[options.work], origin)))
    stats.strip_dirs().sort_stats("tottime").print_stats(options.lines)


if __name__ == "__main__":
    main()
