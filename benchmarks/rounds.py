"""Interleaved rounds: by hand, this client over each transport, and by hand again in one process, then each peer."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.clients import OWN
from benchmarks.results import HAND, OURS, Measured, Outcome, Spread
from benchmarks.work import Work
from benchmarks.worker import Block, Job, Worker, working

WARM_UPS = 3
FEWEST = 5
"""Rounds at least, however long they take."""
SHARE = 0.3
"""Each peer's share of the seconds: it takes ten times as long, and needs fewer rounds for a clear difference."""


class Setting(NamedTuple):
    """The setting of a work."""

    origin: str
    suffix: str = ""
    """The difference to the plain setting, such as `TLS`."""
    authority: bytes | None = None
    uvloop: bool = False
    cold: bool = False
    """True for processes that have never freed a large block of memory; see `worker.warm`."""

    def named(self, name: str, between: str = "-") -> str:
        """The name of a work that is done here."""
        return f"{name}{between}{self.suffix}" if self.suffix else name


def measure(work: Work, setting: Setting, peers: Sequence[str], *, seconds: float, quick: bool) -> Outcome:
    """Do a work in rounds for so many seconds, and a share more for each peer; peers join in the plain setting only."""
    count = work.quick if quick else work.count
    with ExitStack() as stack:

        def start(*clients: str) -> Worker:
            job = Job(
                work=work.name,
                clients=clients,
                origin=setting.origin,
                count=count,
                authority=setting.authority,
                uvloop=setting.uvloop,
                cold=setting.cold,
            )
            return stack.enter_context(working(job))

        workers = {name: start(name) for name in peers if work.peer is not None and not setting.suffix}
        own = start(HAND, *OWN)
        taken = _rounds(own, workers, seconds, fewest=2 if quick else FEWEST)
    return _outcome(work, setting, count, taken)


class _Taken(NamedTuple):
    """Blocks by client, one list a round; those by hand are in a round twice."""

    by_hand: list[tuple[Block, Block]]
    others: dict[str, list[Block]]


def _rounds(own: Worker, peers: dict[str, Worker], seconds: float, *, fewest: int) -> _Taken:
    for worker, client in [
        *((own, name) for name in (HAND, *OWN)),
        *((worker, name) for name, worker in peers.items()),
    ]:
        for _ in range(WARM_UPS if worker is own else 1):
            worker.block(client)
    taken = _Taken([], {name: [] for name in (*OWN, *peers)})
    spent = dict.fromkeys(taken.others, 0.0)
    while len(taken.by_hand) < fewest or spent[OURS] < seconds:
        started = time.perf_counter()
        before = own.block(HAND)
        for name in OWN:
            taken.others[name].append(own.block(name))
        taken.by_hand.append((before, own.block(HAND)))
        spent[OURS] += time.perf_counter() - started
        for name, worker in peers.items():
            # Slower clients do fewer rounds, always the first ones: their ratios are to the blocks of the same round.
            if spent[name] < seconds * SHARE:
                block = worker.block(name)
                taken.others[name].append(block)
                spent[name] += block.wall
    return taken


def _outcome(work: Work, setting: Setting, count: int, taken: _Taken) -> Outcome:
    def cost(block: Block) -> float:
        return (block.cpu if work.by == "cpu" else block.wall) / count * 1e6

    hand = [(cost(before) + cost(after)) / 2 for before, after in taken.by_hand]
    clients = {
        HAND: _measured(hand, hand, [(before.wall + after.wall) / 2 for before, after in taken.by_hand], count),
        **{
            name: _measured([cost(block) for block in blocks], hand, [block.wall for block in blocks], count)
            for name, blocks in taken.others.items()
        },
    }
    return Outcome(
        name=setting.named(work.name),
        title=setting.named(work.title, ", "),
        unit=f"µs {'CPU' if work.by == 'cpu' else 'wall'} · {work.unit}",
        rounds=len(hand),
        noise=Spread.of([cost(after) / cost(before) for before, after in taken.by_hand]),
        clients=clients,
    )


def _measured(costs: Sequence[float], hand: Sequence[float], walls: Sequence[float], count: int) -> Measured:
    ratios = [cost / base for cost, base in zip(costs, hand, strict=False)]
    return Measured(
        value=Spread.of(costs), ratio=Spread.of(ratios), wall=Spread.of([wall / count * 1e6 for wall in walls])
    )


def summary(outcome: Outcome) -> str:
    """One line of an outcome, for the terminal."""
    noise = f"{outcome.noise.median:.3f}" if outcome.noise else "-"
    ratios = "  ".join(
        f"{name} {measured.ratio.median:.3f} ({measured.ratio.low:.3f} to {measured.ratio.high:.3f})"
        for name, measured in outcome.clients.items()
        if name != HAND
    )
    base = outcome.clients[HAND].value.median
    return f"{outcome.name:24} {base:9.1f} {outcome.unit:16} {ratios}   by hand twice {noise}, {outcome.rounds} rounds"
