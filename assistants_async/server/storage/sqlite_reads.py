"""The answers of a SQLite store: one function a question, on the connection, in its thread."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from .interface import Event, Key, Page, PageQuery, Stored, Tally, UnknownCursorError
from .kinds import UNIFORM

# Values only ever come as parameters; these are pieces of statements.
_FOUND = "kind = ? AND parent = ? AND doc IS NOT NULL"


def get(connection: sqlite3.Connection, key: Key) -> Stored | None:
    """Return a document."""
    found = connection.execute(
        "SELECT doc, version, seq FROM objects WHERE kind = ? AND parent = ? AND id = ? AND doc IS NOT NULL", key
    ).fetchone()
    return None if found is None else _stored(found)


def page(connection: sqlite3.Connection, kind: str, parent: str, query: PageQuery) -> Page:
    """Return a page; raises `UnknownCursorError`."""
    after = _place(connection, kind, parent, "after", query.after)
    before = _place(connection, kind, parent, "before", query.before)
    backward = before is not None and after is None
    ascending = query.ascending != backward
    terms = [_FOUND]
    values: list[str | int] = [kind, parent]
    # With `before` alone the walk goes away from the cursor, and the page is turned round at the end.
    for place, is_start in ((after, True), (before, backward)):
        if place is not None:
            terms.append(f"seq {'>' if ascending == is_start else '<'} ?")
            values.append(place)
    for name, value in (("ref", query.ref), ("state", query.state)):
        if value is not None:
            terms.append(f"{name} = ? AND {name} <> ''")
            values.append(value)
    limit = "" if query.limit is None else "LIMIT ?"
    values += [] if query.limit is None else [query.limit + 1]
    order = "ASC" if ascending else "DESC"
    statement = f"SELECT doc, version, seq FROM objects WHERE {' AND '.join(terms)} ORDER BY seq {order} {limit}"  # noqa: S608
    found = [_stored(row) for row in connection.execute(statement, values)]
    rows = found if query.limit is None else found[: query.limit]
    return Page(rows[::-1] if backward else rows, len(found) > len(rows))


def pages(connection: sqlite3.Connection, parent: str, queries: Mapping[str, PageQuery]) -> list[Page]:
    """Return a page of each of some kinds of documents; raises `UnknownCursorError`."""
    return [page(connection, kind, parent, query) for kind, query in queries.items()]


def tally(connection: sqlite3.Connection, kind: str, parent: str, ref: str | None) -> Tally:
    """Add documents up."""
    term, values = ("", (kind, parent)) if ref is None else (" AND ref = ? AND ref <> ''", (kind, parent, ref))
    if kind in UNIFORM:
        statement = f"SELECT '', count(*), 0 FROM objects WHERE {_FOUND}{term}"  # noqa: S608
    else:
        statement = f"SELECT state, count(*), sum(amount) FROM objects WHERE {_FOUND}{term} GROUP BY state"  # noqa: S608
    rows = connection.execute(statement, values).fetchall()
    stamp = 0
    if kind == "store_file":
        # Places of removed documents have the version of their removal.
        (found,) = connection.execute(
            "SELECT max(version) FROM objects WHERE kind = 'store_file' AND parent = ?", (parent,)
        ).fetchone()
        stamp = found or 0
    return Tally({state: count for state, count, _ in rows if count}, sum(amount for _, _, amount in rows), stamp)


def parents(connection: sqlite3.Connection, id: str) -> Sequence[str]:
    """Return the vector stores that have a file."""
    statement = "SELECT parent FROM objects WHERE kind = 'store_file' AND id = ? AND doc IS NOT NULL"
    return [parent for (parent,) in connection.execute(statement, (id,))]


def active(connection: sqlite3.Connection, thread_id: str) -> str | None:
    """Return the id of a thread's active run."""
    found = connection.execute("SELECT id FROM runs WHERE thread = ?", (thread_id,)).fetchone()
    return None if found is None else found[0]


def due(connection: sqlite3.Connection, kind: str, now: float) -> tuple[list[Key], float | None]:
    """Return the documents that are due, and the soonest time of all."""
    rows = connection.execute(
        "SELECT kind, parent, id, due FROM objects WHERE kind = ? AND due <= ? ORDER BY due", (kind, now)
    ).fetchall()
    if rows:
        return [Key(*row[:3]) for row in rows], rows[0][3]
    (first,) = connection.execute("SELECT min(due) FROM objects WHERE kind = ? AND due IS NOT NULL", (kind,)).fetchone()
    return [], first


def events(connection: sqlite3.Connection, run_id: str, after: int) -> tuple[list[tuple[int, Event]], bool]:
    """Return the events of a run behind a position, each with its own, and True where more may come."""
    rows = connection.execute(
        "SELECT seq, name, kind, doc FROM events WHERE run = ? AND seq > ? ORDER BY seq", (run_id, after)
    )
    found = [(seq, Event(name, kind, msgspec.json.decode(doc))) for seq, name, kind, doc in rows]
    alive = connection.execute("SELECT 1 FROM runs WHERE id = ?", (run_id,)).fetchone()
    return found, alive is not None


def _stored(row: tuple[str, int, int]) -> Stored:
    return Stored(msgspec.json.decode(row[0]), row[1], row[2])


def _place(connection: sqlite3.Connection, kind: str, parent: str, name: str, id: str | None) -> Any:
    if id is None:
        return None
    found = connection.execute(
        "SELECT seq FROM objects WHERE kind = ? AND parent = ? AND id = ?", (kind, parent, id)
    ).fetchone()
    if found is None:
        raise UnknownCursorError(name, id)
    return found[0]
