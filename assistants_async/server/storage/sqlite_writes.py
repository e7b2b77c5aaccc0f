"""The changes of a SQLite store: whole commits and claims, on the connection, in its thread."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from .interface import Changes, Claim, ClaimLostError, ConflictError, Document, Key, Notice, Write
from .kinds import ACTIVE, columns
from .run_rows import RunRow, claim_of, claimed, is_claimable, row_after
from .sqlite_file import transaction

# Seconds for which the events of a run can be followed after its end.
_EVENTS_KEPT = 600.0
# Seconds for which the place of a removed document is kept for cursors.
_PLACES_KEPT = 7 * 86_400
# Runs whose events go at once, and places that do: everything else waits meanwhile.
_MOST_SWEPT = 500
_ROW = "thread, status, owner, lease, epoch, losses"


@dataclass(slots=True)
class Committed:
    """The news of a commit for others."""

    notices: list[tuple[Notice, str]] = field(default_factory=list)
    """Notices to give."""
    firsts: dict[str, int] = field(default_factory=dict)
    """The position of the first new event of each run."""
    over: list[str] = field(default_factory=list)
    """Runs that are active no longer."""
    dues: dict[str, float] = field(default_factory=dict)
    """The soonest time that was set, by kind."""
    claim: Claim | None = None
    """The claim of the run that was queued."""


class SqliteWriter:
    """Makes commits and claims on a connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        ((opens,),) = connection.execute("SELECT opens FROM meta")
        # Versions of an earlier process, and places, never come again: each opening begins far above the last.
        self._version = opens << 32
        self._synchronous = ""
        self._texts: dict[int, str] = {}

    def commit(self, changes: Changes, claimer: tuple[str, float] | None = None) -> Committed:
        """Make changes, all or none; raises `ConflictError` and `ClaimLostError`.

        A run that a request queues is claimed by the worker that is given, with the end of its lease.
        """
        # A request, and the end of a run, are on the disk before they are answered; the words of an answer need not be.
        is_answered = changes.claim is None or any(_ends(key, write) for key, write in changes.writes.items())
        self._set_synchronous("FULL" if is_answered else "NORMAL")
        result = Committed()
        # By identity: most events of a commit have a document that it writes as well, which is encoded once.
        self._texts = {}
        with transaction(self._connection):
            if self._check(changes):
                for kind, parent in changes.cleared:
                    self._clear(kind, parent, result)
                for key, write in changes.writes.items():
                    self._write(key, write, result)
                    if key.kind == "run" and write.document is not None:
                        status, by_worker = write.document["status"], changes.claim is not None
                        self._write_row(key, status, result, by_worker=by_worker, claimer=claimer)
                self._append(changes, result)
                for blob in changes.kept:
                    self._connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, ?)", (blob.id, blob.size))
                for blob_id in changes.dropped:
                    self._connection.execute("DELETE FROM blobs WHERE id = ?", (blob_id,))
        return result

    def claim(self, worker: str, now: float, lease: float, run_id: str | None) -> Claim | None:
        """Claim a run."""
        # It need not be on the disk: every start makes all claims free.
        self._set_synchronous("NORMAL")
        names = self._claimable(now, run_id)
        if not names:
            return None
        name, row = names[0]
        after = claimed(row, worker, now + lease)
        self._put_row(name, after, commits=0)
        return claim_of(name, row, after, more=len(names) > 1)

    def renew(self, worker: str, run_ids: Sequence[str], lease: float) -> Sequence[str]:
        """Renew leases of a worker, sweep what nobody can ask for any more, and return the runs that it has lost."""
        statement = "UPDATE runs SET lease = ? WHERE id = ? AND owner = ?"
        with transaction(self._connection):
            rows = [(run_id, self._connection.execute(statement, (lease, run_id, worker))) for run_id in run_ids]
            old = self._connection.execute(
                "SELECT run FROM ended WHERE at < ? LIMIT ?", (time.time() - _EVENTS_KEPT, _MOST_SWEPT)
            ).fetchall()
            self._connection.executemany("DELETE FROM events WHERE run = ?", old)
            self._connection.executemany("DELETE FROM ended WHERE run = ?", old)
            self._connection.execute(
                "DELETE FROM objects WHERE seq IN (SELECT seq FROM objects WHERE removed < ? LIMIT ?)",
                (time.time() - _PLACES_KEPT, _MOST_SWEPT),
            )
        return [run_id for run_id, cursor in rows if not cursor.rowcount]

    def release(self, worker: str) -> None:
        """Give back the claims of a worker as lost ones."""
        self._connection.execute("UPDATE runs SET lease = 0 WHERE owner = ?", (worker,))

    def _check(self, changes: Changes) -> bool:
        """Raise where the changes cannot be made; False where they have been made already."""
        claim = changes.claim
        if claim is not None and not self._count(claim, changes.number):
            return False
        for key, version in changes.guards.items():
            self._compare(key, version)
        for key, write in changes.writes.items():
            # An update compares by itself.
            if write.expected is not None and (write.new or not write.expected):
                self._compare(key, write.expected)
            if key.kind == "run" and write.new and self._is_busy(key.parent):
                raise ConflictError(f"thread {key.parent} has an active run")
        return True

    def _count(self, claim: Claim, number: int) -> bool:
        """Count a worker's commit; False where it was made before: the answer was lost, and it is sent once more."""
        counted = self._connection.execute(
            "UPDATE runs SET commits = ? WHERE id = ? AND epoch = ? AND commits < ?",
            (number, claim.run_id, claim.epoch, number),
        )
        if counted.rowcount:
            return True
        found = self._connection.execute("SELECT epoch FROM runs WHERE id = ?", (claim.run_id,)).fetchone()
        if found is None or found[0] != claim.epoch:
            raise ClaimLostError
        return False

    def _is_busy(self, thread_id: str) -> bool:
        return self._connection.execute("SELECT 1 FROM runs WHERE thread = ?", (thread_id,)).fetchone() is not None

    def _compare(self, key: Key, version: int) -> None:
        found = self._connection.execute(
            "SELECT version FROM objects WHERE kind = ? AND parent = ? AND id = ? AND doc IS NOT NULL", key
        ).fetchone()
        if (0 if found is None else found[0]) != version:
            raise ConflictError(f"{key.kind} {key.id} was changed")

    def _write(self, key: Key, write: Write, result: Committed) -> None:
        self._version += 1
        document = write.document
        if document is None:
            self._update(
                "version = ?, state = '', ref = '', due = NULL, amount = 0, removed = ?, doc = NULL",
                (self._version, time.time()), key, write.expected,
            )  # fmt: skip
            return
        write.version = self._version
        entry = columns(key.kind, document)
        values = (write.version, entry.state, entry.ref, entry.due, entry.amount, self._text(document))
        if write.new:
            # One with its key is replaced; versions only grow, so that its place is behind all others.
            self._connection.execute(
                "INSERT OR REPLACE INTO objects (seq, version, state, ref, due, amount, doc, kind, parent, id)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (write.version, *values, *key),
            )
        else:
            changes = "version = ?, state = ?, ref = ?, due = ?, amount = ?, doc = ?"
            self._update(changes, values, key, write.expected)
        if entry.due is not None:
            result.dues[key.kind] = min(entry.due, result.dues.get(key.kind, entry.due))

    def _update(self, changes: str, values: tuple[object, ...], key: Key, expected: int | None) -> None:
        """Change a document; raises `ConflictError` where it has not the version that is expected."""
        statement = f"UPDATE objects SET {changes} WHERE kind = ? AND parent = ? AND id = ?"  # noqa: S608
        if expected is None:
            self._connection.execute(statement, (*values, *key))
            return
        found = self._connection.execute(f"{statement} AND version = ? AND doc IS NOT NULL", (*values, *key, expected))
        if expected and not found.rowcount:
            raise ConflictError(f"{key.kind} {key.id} was changed")

    def _write_row(
        self, key: Key, status: str, result: Committed, *, by_worker: bool, claimer: tuple[str, float] | None
    ) -> None:
        found = self._connection.execute(f"SELECT {_ROW} FROM runs WHERE id = ?", (key.id,)).fetchone()  # noqa: S608
        before = None if found is None else RunRow(*found)
        row, notice = row_after(before, key.parent, status, by_worker=by_worker)
        if row is None:
            self._end(key.id, result)
        elif notice == "queued" and claimer is not None and result.claim is None and not by_worker:
            waiting, row, notice = row, claimed(row, *claimer), None
            self._put_row(key.id, row, commits=0)
            result.claim = claim_of(key.id, waiting, row, more=True)
        elif row != before:
            self._put_row(key.id, row)
        if notice is not None:
            result.notices.append((notice, key.id))

    def _put_row(self, run_id: str, row: RunRow, commits: int | None = None) -> None:
        """Write the row of a run; the order in which runs were queued is that of `turn`."""
        self._version += 1
        self._connection.execute(
            "INSERT INTO runs (id, thread, status, owner, lease, epoch, losses, commits, turn)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?) ON CONFLICT (id) DO UPDATE SET status = excluded.status,"
            " owner = excluded.owner, lease = excluded.lease, epoch = excluded.epoch, losses = excluded.losses,"
            " turn = CASE WHEN excluded.owner = '' THEN excluded.turn ELSE turn END,"
            " commits = coalesce(?, commits)",
            (run_id, *row, self._version, commits),
        )

    def _end(self, run_id: str, result: Committed) -> None:
        self._connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))
        self._connection.execute("INSERT OR REPLACE INTO ended VALUES (?, ?)", (run_id, time.time()))
        result.over.append(run_id)

    def _clear(self, kind: str, parent: str, result: Committed) -> None:
        if kind == "run":
            for (run_id,) in self._connection.execute("SELECT id FROM runs WHERE thread = ?", (parent,)).fetchall():
                self._end(run_id, result)
                result.notices.append(("gone", run_id))
            ids = "SELECT id FROM objects WHERE kind = 'run' AND parent = ?"
            self._connection.execute(f"DELETE FROM events WHERE run IN ({ids})", (parent,))  # noqa: S608
        self._connection.execute("DELETE FROM objects WHERE kind = ? AND parent = ?", (kind, parent))

    def _append(self, changes: Changes, result: Committed) -> None:
        for run_id, events in changes.events.items():
            (last,) = self._connection.execute("SELECT max(seq) FROM events WHERE run = ?", (run_id,)).fetchone()
            position = changes.positions[run_id] = last or 0
            result.firsts[run_id] = position + 1
            rows = [
                (run_id, seq, event.name, event.kind, self._text(event.document))
                for seq, event in enumerate(events, position + 1)
            ]
            self._connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)

    def _claimable(self, now: float, run_id: str | None) -> list[tuple[str, RunRow]]:
        """Return this run, or the next two, if they may be claimed."""
        statement = f"SELECT id, {_ROW} FROM runs WHERE "  # noqa: S608
        if run_id is None:
            terms = "owner = '' AND status IN ('queued', 'cancelling') OR owner <> '' AND lease <= ?"
            rows = self._connection.execute(f"{statement}({terms}) ORDER BY turn LIMIT 2", (now,))
        else:
            rows = self._connection.execute(f"{statement}id = ?", (run_id,))
        found = [(row[0], RunRow(*row[1:])) for row in rows.fetchall()]
        return [(name, row) for name, row in found if is_claimable(row, now, by_name=run_id is not None)]

    def _text(self, document: Document) -> str:
        text = self._texts.get(id(document))
        if text is None:
            text = self._texts[id(document)] = msgspec.json.encode(document).decode()
        return text

    def _set_synchronous(self, mode: str) -> None:
        if mode != self._synchronous:
            self._connection.execute(f"PRAGMA synchronous = {mode}")
            self._synchronous = mode


def _ends(key: Key, write: Write) -> bool:
    """Return True for a worker's write that ends a run, or its round."""
    if key.kind != "run" or write.document is None:
        return False
    status: str = write.document["status"]
    return status == "requires_action" or status not in ACTIVE
