"""The commits of a PostgreSQL store: statements inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b

import msgspec

from .interface import Changes, Claim, ClaimLostError, ConflictError, Document, Key, Write
from .kinds import columns
from .postgres_blobs import PostgresBlob
from .postgres_link import Connection
from .postgres_notices import News
from .postgres_reads import plain
from .run_rows import RunRow, row_after

_ROW = "thread, status, owner, 0.0::float8, epoch, losses"
_BY_KEY = "kind = $1 AND parent = $2 AND id = $3"


async def commit(
    connection: Connection, changes: Changes, claimer: tuple[str, float] | None = None
) -> tuple[News, Claim | None]:
    """Make changes inside a transaction; raises `ConflictError` and `ClaimLostError`.

    A run that a request queues is claimed by the worker that is given, for so many seconds.
    """
    news, claim = News(), None
    await _lock(connection, changes)
    if changes.claim is not None and not await _is_new(connection, changes.claim, changes.number):
        return news, None
    await _check(connection, changes)
    for kind, parent in changes.cleared:
        await _clear(connection, kind, parent, news)
    if changes.writes:
        await _write(connection, changes.writes, news)
        for key, write in changes.writes.items():
            if key.kind == "run" and write.document is not None:
                by_worker = changes.claim is not None
                # There is a slot for one.
                mine = claimer if claim is None else None
                made = await _write_row(connection, key, write.document, news, by_worker=by_worker, claimer=mine)
                claim = claim or made
    await _append(connection, changes, news)
    for blob in changes.kept:
        assert isinstance(blob, PostgresBlob)
        await blob.keep(connection)
    if changes.dropped:
        await connection.execute("DELETE FROM blobs WHERE id = ANY($1::text[])", changes.dropped)
    return news, claim


async def _lock(connection: Connection, changes: Changes) -> None:
    """Take turns with other commits on the same thread or vector store: places are then in the order of commits.

    A reader that has come to a place never misses a document that is committed later under a lower one.
    """
    names = {parent for _, parent in changes.cleared}
    for key, write in changes.writes.items():
        if key.parent:
            names.add(key.parent)
        elif write.new:
            names.add(key.kind)
    if names:
        # Always in the same order, so that no two wait for each other.
        numbers = sorted(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True) for name in names)
        await connection.execute("SELECT pg_advisory_xact_lock(n) FROM unnest($1::bigint[]) AS n", numbers)


async def _is_new(connection: Connection, claim: Claim, number: int) -> bool:
    """Count a worker's commit; False where it has been made already. Its run stays locked until the end."""
    counted = await connection.execute(
        "UPDATE runs SET commits = $3 WHERE id = $1 AND epoch = $2 AND commits < $3", claim.run_id, claim.epoch, number
    )
    if counted == "UPDATE 1":
        return True
    if await connection.fetchval("SELECT epoch FROM runs WHERE id = $1", claim.run_id) != claim.epoch:
        raise ClaimLostError
    return False


async def _check(connection: Connection, changes: Changes) -> None:
    """Raise where something was changed that the changes rely on, and lock it till they are made."""
    await _compare(connection, changes.guards, "SHARE")
    expected = {key: write.expected for key, write in changes.writes.items() if write.expected is not None}
    await _compare(connection, expected, "UPDATE")
    threads = [key.parent for key, write in changes.writes.items() if key.kind == "run" and write.new]
    if threads and await connection.fetchval("SELECT 1 FROM runs WHERE thread = ANY($1::text[])", threads):
        raise ConflictError("the thread has an active run")


async def _compare(connection: Connection, versions: Mapping[Key, int], lock: str) -> None:
    if not versions:
        return
    kinds, parents, ids = zip(*versions, strict=True)
    rows = await connection.fetch(
        "SELECT o.kind, o.parent, o.id, o.version FROM objects AS o"  # noqa: S608
        " JOIN unnest($1::text[], $2::text[], $3::text[]) AS k (kind, parent, id)"
        " ON o.kind = k.kind AND o.parent = k.parent AND o.id = k.id"
        f" WHERE o.doc IS NOT NULL ORDER BY o.seq FOR {lock} OF o",
        kinds,
        parents,
        ids,
    )
    # Version 0 is that of a document that must not be there; its parent is locked, so that none can come in between.
    if {Key(*row[:3]): row[3] for row in rows} != {key: version for key, version in versions.items() if version}:
        raise ConflictError("a document was changed")


async def _write(connection: Connection, writes: Mapping[Key, Write], news: News) -> None:
    rows = await connection.fetch("SELECT nextval('numbers') FROM generate_series(1, $1)", len(writes))
    puts: list[tuple[object, ...]] = []
    saves: list[tuple[object, ...]] = []
    removals: list[tuple[object, ...]] = []
    for (key, write), (version,) in zip(writes.items(), rows, strict=True):
        document = write.document
        if document is None:
            removals.append((*key, version))
            continue
        write.version = version
        entry = columns(key.kind, document)
        due = None if entry.due is None else float(entry.due)
        row = (*key, version, plain(entry.state), plain(entry.ref), due, entry.amount, text_of(document))
        (puts if write.new else saves).append(row)
        if due is not None:
            news.dues[key.kind] = min(due, news.dues.get(key.kind, due))
    if puts:
        await connection.executemany(
            "INSERT INTO objects (kind, parent, id, version, seq, state, ref, due, amount, doc)"
            " VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9)"
            " ON CONFLICT (kind, parent, id) DO UPDATE SET version = excluded.version, seq = excluded.seq,"
            " state = excluded.state, ref = excluded.ref, due = excluded.due, amount = excluded.amount,"
            " removed = NULL, doc = excluded.doc",
            puts,
        )
    if saves:
        await connection.executemany(
            "UPDATE objects SET version = $4, state = $5, ref = $6, due = $7, amount = $8, doc = $9"  # noqa: S608
            f" WHERE {_BY_KEY}",
            saves,
        )
    if removals:
        await connection.executemany(
            "UPDATE objects SET version = $4, state = '', ref = '', due = NULL, amount = 0,"  # noqa: S608
            " removed = now(), doc = NULL"
            f" WHERE {_BY_KEY} AND doc IS NOT NULL",
            removals,
        )


async def _write_row(
    connection: Connection,
    key: Key,
    document: Document,
    news: News,
    *,
    by_worker: bool,
    claimer: tuple[str, float] | None,
) -> Claim | None:
    found = await connection.fetchrow(f"SELECT {_ROW} FROM runs WHERE id = $1 FOR UPDATE", key.id)  # noqa: S608
    before = None if found is None else RunRow(*found)
    row, notice = row_after(before, key.parent, document["status"], by_worker=by_worker)
    if row is None:
        await _end(connection, [key.id], news)
    elif notice == "queued" and claimer is not None and not by_worker:
        return await _claim(connection, key.id, row, *claimer)
    elif before is None:
        await connection.execute(
            "INSERT INTO runs (id, thread, status, owner, lease, epoch, losses, commits, turn)"
            " VALUES ($1, $2, $3, '', now(), 0, 0, 0, nextval('numbers'))",
            key.id,
            row.thread_id,
            row.status,
        )
    elif row != before:
        # The lease is a matter of claims alone; a run that nobody works on has a new turn.
        await connection.execute(
            "UPDATE runs SET status = $2, owner = $3, losses = $4,"
            " turn = CASE WHEN $3 = '' THEN nextval('numbers') ELSE turn END WHERE id = $1",
            key.id,
            row.status,
            row.owner,
            row.losses,
        )
    if notice is not None:
        news.notices.append((notice, key.id))
    return None


async def _claim(connection: Connection, run_id: str, row: RunRow, worker: str, seconds: float) -> Claim:
    """Write the row of a run that is queued, and claim it."""
    epoch: int = await connection.fetchval(
        "INSERT INTO runs (id, thread, status, owner, lease, epoch, losses, commits, turn)"
        " VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5), 1, 0, 0, nextval('numbers'))"
        " ON CONFLICT (id) DO UPDATE SET status = excluded.status, owner = excluded.owner, lease = excluded.lease,"
        " epoch = runs.epoch + 1, losses = 0, commits = 0 RETURNING epoch",
        run_id,
        row.thread_id,
        row.status,
        worker,
        seconds,
    )
    return Claim(run_id, row.thread_id, epoch)


async def _end(connection: Connection, run_ids: Collection[str], news: News) -> None:
    await connection.execute("DELETE FROM runs WHERE id = ANY($1::text[])", run_ids)
    await connection.execute(
        "INSERT INTO ended SELECT id, now() FROM unnest($1::text[]) AS id ON CONFLICT (run) DO NOTHING", run_ids
    )
    news.runs.extend(run_ids)


async def _clear(connection: Connection, kind: str, parent: str, news: News) -> None:
    if kind == "run":
        rows = await connection.fetch("SELECT id FROM runs WHERE thread = $1 FOR UPDATE", parent)
        run_ids = [run_id for (run_id,) in rows]
        await _end(connection, run_ids, news)
        news.notices.extend(("gone", run_id) for run_id in run_ids)
        await connection.execute(
            "DELETE FROM events WHERE run IN (SELECT id FROM objects WHERE kind = 'run' AND parent = $1)", parent
        )
    await connection.execute("DELETE FROM objects WHERE kind = $1 AND parent = $2", kind, parent)


async def _append(connection: Connection, changes: Changes, news: News) -> None:
    for run_id, events in changes.events.items():
        columns_of: Sequence[Sequence[str]] = (
            [event.name for event in events],
            [event.kind for event in events],
            [text_of(event.document) for event in events],
        )
        # The row of the run is locked, so that no other commit counts on from the same event.
        rows = await connection.fetch(
            "WITH last AS (SELECT coalesce(max(seq), 0) AS seq FROM events WHERE run = $1)"
            " INSERT INTO events SELECT $1, last.seq + e.n, e.name, e.kind, e.doc"
            " FROM last, unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS e (name, kind, doc, n)"
            " RETURNING seq",
            run_id,
            *columns_of,
        )
        changes.positions[run_id] = min(seq for (seq,) in rows) - 1
        news.runs.append(run_id)


def text_of(document: Document) -> str:
    """Write a document as text."""
    return msgspec.json.encode(document).decode()
