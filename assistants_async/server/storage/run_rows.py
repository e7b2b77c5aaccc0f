"""The rows of active runs: who works on each, and what a write of its document does to that. Pure rules."""

from __future__ import annotations

from typing import NamedTuple

from .interface import Changes, Claim, Notice
from .kinds import ACTIVE

_WAITING = frozenset({"queued", "cancelling"})
_LOSABLE = frozenset({"queued", "in_progress", "cancelling"})


class RunRow(NamedTuple):
    """An active run."""

    thread_id: str
    status: str
    owner: str = ""
    """The worker that has claimed it; empty where none has."""
    lease: float = 0.0
    """Time at which the claim is lost."""
    epoch: int = 0
    """Number of its latest claim."""
    losses: int = 0
    """Claims that were lost since a request last queued it."""


def row_after(
    row: RunRow | None, thread_id: str, status: str, *, by_worker: bool
) -> tuple[RunRow | None, Notice | None]:
    """Return the row after its run was written with this status, and the notice to give; no row where it has ended."""
    if status not in ACTIVE:
        return None, None
    if row is None:
        return RunRow(thread_id, status), "queued" if status == "queued" else None
    if row.status == status:
        return row, None
    row = row._replace(status=status)
    if by_worker:
        # A run that goes on waits for the client or for a worker; the claim ends with that.
        return (row, None) if status in {"in_progress", "cancelling"} else (row._replace(owner=""), _news(status))
    if status == "queued":
        row = row._replace(owner="", losses=0)
    return row, _news(status)


def _news(status: str) -> Notice | None:
    return "queued" if status == "queued" else "cancelling" if status == "cancelling" else None


def is_claimable(row: RunRow, now: float, *, by_name: bool = False) -> bool:
    """Return True for a run that a worker may claim; `by_name` is for what ends it, whatever it waits for."""
    if not row.owner:
        return by_name or row.status in _WAITING
    return row.lease <= now and (by_name or row.status in _LOSABLE)


def claimed(row: RunRow, worker: str, lease: float) -> RunRow:
    """Return the row of a claimed run."""
    return row._replace(owner=worker, lease=lease, epoch=row.epoch + 1, losses=row.losses + bool(row.owner))


def claim_of(run_id: str, before: RunRow, after: RunRow, *, more: bool) -> Claim:
    """Return the claim that led from one row to the other."""
    return Claim(run_id, after.thread_id, after.epoch, lost=bool(before.owner), losses=after.losses, more=more)


def queues_run(changes: Changes) -> bool:
    """Return True where a request writes a run that waits for a worker."""
    runs = (write.document for key, write in changes.writes.items() if key.kind == "run")
    return changes.claim is None and any(run is not None and run["status"] == "queued" for run in runs)
