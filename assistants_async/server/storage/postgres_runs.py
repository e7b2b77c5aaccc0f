"""The claims of a PostgreSQL store, and the sweep of what nobody can read any more; one statement each.

Times are the database's: the clocks of machines differ, and one clock decides when a lease has run out.
"""

from __future__ import annotations

from collections.abc import Sequence

from .interface import Claim
from .postgres_link import Connection

SWEEP = 0x61737375
"""The number of the lock that lets one process at a time sweep."""

# Removed in one sweep: leases are renewed by the same task, and run out where it takes seconds.
_MOST_RUNS, _MOST_PLACES, _MOST_BLOBS = 2_000, 20_000, 50

_CLAIM = (
    " UPDATE runs SET owner = $1, lease = clock_timestamp() + make_interval(secs => $2), epoch = runs.epoch + 1,"
    " losses = runs.losses + CASE WHEN next.owner = '' THEN 0 ELSE 1 END, commits = 0"
    " FROM next WHERE runs.id = next.id RETURNING runs.id, runs.thread, runs.epoch, next.owner <> '', runs.losses"
)
# As `is_claimable` has it, and so is the condition of a named run.
_WAITING = (
    "(owner = '' AND status IN ('queued', 'cancelling')"
    " OR owner <> '' AND lease <= clock_timestamp() AND status IN ('queued', 'in_progress', 'cancelling'))"
)
# Runs that other processes are just claiming or writing are theirs.
_NEXT = (
    f"WITH next AS (SELECT id, owner FROM runs WHERE {_WAITING} ORDER BY turn LIMIT 1 FOR UPDATE SKIP LOCKED)"  # noqa: S608
    f"{_CLAIM}, EXISTS (SELECT 1 FROM runs AS other WHERE other.id <> next.id AND {_WAITING})"
)
_NAMED = (
    "WITH next AS (SELECT id, owner FROM runs WHERE id = $3 AND (owner = '' OR lease <= clock_timestamp()) FOR UPDATE)"  # noqa: S608
    f"{_CLAIM}, true"
)


async def claim(connection: Connection, worker: str, lease: float, run_id: str | None) -> Claim | None:
    """Claim the next run, or this one."""
    if run_id is None:
        row = await connection.fetchrow(_NEXT, worker, lease)
    else:
        row = await connection.fetchrow(_NAMED, worker, lease, run_id)
    if row is None:
        return None
    name, thread_id, epoch, lost, losses, more = row
    return Claim(name, thread_id, epoch, lost=lost, losses=losses, more=more)


async def renew(connection: Connection, worker: str, lease: float, run_ids: Sequence[str]) -> dict[str, str]:
    """Renew a worker's leases, and return the status of each run that it still has."""
    rows = await connection.fetch(
        "UPDATE runs SET lease = clock_timestamp() + make_interval(secs => $2)"
        " WHERE owner = $1 AND id = ANY($3::text[]) RETURNING id, status",
        worker,
        lease,
        run_ids,
    )
    return {str(row[0]): str(row[1]) for row in rows}


async def release(connection: Connection, worker: str) -> Sequence[str]:
    """Give back the claims of a worker as lost ones, and return the runs."""
    rows = await connection.fetch("UPDATE runs SET lease = '-infinity' WHERE owner = $1 RETURNING id", worker)
    return [run_id for (run_id,) in rows]


async def sweep(connection: Connection) -> None:
    """Remove events ten minutes after the end of their run, places of documents removed a week ago, and lost bytes.

    Only so much of each goes at once.
    """
    if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", SWEEP):
        await connection.execute(
            "WITH old AS (DELETE FROM ended WHERE run IN"
            " (SELECT run FROM ended WHERE at < now() - interval '10 minutes' LIMIT $1) RETURNING run)"
            " DELETE FROM events USING old WHERE events.run = old.run",
            _MOST_RUNS,
        )
        await connection.execute(
            "DELETE FROM objects WHERE seq IN"
            " (SELECT seq FROM objects WHERE removed < now() - interval '7 days' LIMIT $1)",
            _MOST_PLACES,
        )
        await connection.execute(
            "DELETE FROM blobs WHERE id IN"
            " (SELECT id FROM blobs WHERE NOT kept AND at < now() - interval '1 day' LIMIT $1)",
            _MOST_BLOBS,
        )
