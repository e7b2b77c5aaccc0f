"""The answers of a PostgreSQL store: one function a question, on a connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from .interface import Event, Key, Page, PageQuery, Stored, Tally, UnknownCursorError
from .kinds import UNIFORM
from .postgres_link import Connection

# Values only ever come as parameters; this is a piece of statements.
_FOUND = "kind = $1 AND parent = $2 AND doc IS NOT NULL"
# The kinds of documents that can be due.
_DUE_KINDS = ("file", "idempotency", "run", "store_file")
# Events that are read at a time: a reader that stalls has no more of them in memory.
_EVENTS = 500


def plain(text: str) -> str:
    """Return a text as PostgreSQL takes it: it has no character 0, which no id has either."""
    return text.replace("\0", "\ufffd")


async def get(connection: Connection, key: Key) -> Stored | None:
    """Return a document."""
    statement = f"SELECT doc, version, seq FROM objects WHERE {_FOUND} AND id = $3"  # noqa: S608
    row = await connection.fetchrow(statement, *map(plain, key))
    return None if row is None else _stored(row)


async def page(connection: Connection, kind: str, parent: str, query: PageQuery) -> Page:
    """Return a page; raises `UnknownCursorError`."""
    after = await _place(connection, kind, parent, "after", query.after)
    before = await _place(connection, kind, parent, "before", query.before)
    backward = before is not None and after is None
    ascending = query.ascending != backward
    terms: list[str] = [_FOUND]
    values: list[str | int] = [kind, plain(parent)]
    # With `before` alone the walk goes away from the cursor, and the page is turned round at the end.
    for place, is_start in ((after, True), (before, backward)):
        if place is not None:
            values.append(place)
            terms.append(f"seq {'>' if ascending == is_start else '<'} ${len(values)}")
    for name, value in (("ref", query.ref), ("state", query.state)):
        if value is not None:
            values.append(plain(value))
            terms.append(f"{name} = ${len(values)} AND {name} <> ''")
    limit = ""
    if query.limit is not None:
        values.append(query.limit + 1)
        limit = f"LIMIT ${len(values)}"
    order = "ASC" if ascending else "DESC"
    statement = f"SELECT doc, version, seq FROM objects WHERE {' AND '.join(terms)} ORDER BY seq {order} {limit}"  # noqa: S608
    found = [_stored(row) for row in await connection.fetch(statement, *values)]
    rows = found if query.limit is None else found[: query.limit]
    return Page(rows[::-1] if backward else rows, len(found) > len(rows))


async def tally(connection: Connection, kind: str, parent: str, ref: str | None) -> Tally:
    """Add documents up."""
    values = [kind, plain(parent)] if ref is None else [kind, plain(parent), plain(ref)]
    term = "" if ref is None else " AND ref = $3 AND ref <> ''"
    if kind in UNIFORM:
        statement = f"SELECT '', count(*), 0::bigint FROM objects WHERE {_FOUND}{term}"  # noqa: S608
    else:
        statement = f"SELECT state, count(*), sum(amount)::bigint FROM objects WHERE {_FOUND}{term} GROUP BY state"  # noqa: S608
    rows = await connection.fetch(statement, *values)
    stamp = 0
    if kind == "store_file":
        # Places of removed documents have the version of their removal.
        stamp = await connection.fetchval(
            "SELECT coalesce(max(version), 0) FROM objects WHERE kind = 'store_file' AND parent = $1", plain(parent)
        )
    return Tally({state: count for state, count, _ in rows if count}, sum(amount for _, _, amount in rows), stamp)


async def parents(connection: Connection, id: str) -> Sequence[str]:
    """Return the vector stores that have a file."""
    rows = await connection.fetch(
        "SELECT parent FROM objects WHERE kind = 'store_file' AND id = $1 AND doc IS NOT NULL", plain(id)
    )
    return [parent for (parent,) in rows]


async def active(connection: Connection, thread_id: str) -> str | None:
    """Return the id of a thread's active run."""
    found: str | None = await connection.fetchval("SELECT id FROM runs WHERE thread = $1", plain(thread_id))
    return found


async def due(connection: Connection, kind: str, now: float) -> Sequence[Key]:
    """Return the documents that are due."""
    rows = await connection.fetch(
        "SELECT kind, parent, id FROM objects WHERE kind = $1 AND due <= $2 ORDER BY due", kind, float(now)
    )
    return [Key(*row) for row in rows]


async def dues(connection: Connection) -> Mapping[str, float]:
    """Return the soonest time of each kind."""
    rows = await connection.fetch(
        "SELECT k, (SELECT min(due) FROM objects WHERE kind = k AND due IS NOT NULL) FROM unnest($1::text[]) AS k",
        _DUE_KINDS,
    )
    return {kind: first for kind, first in rows if first is not None}


async def events(
    connection: Connection, run_id: str, after: int, limit: int | None = _EVENTS
) -> tuple[list[tuple[int, Event]], bool]:
    """Return the events of a run behind a position, each with its own, and True where more may come."""
    # One statement, and so one moment: a run that has ended by then has all its events in it.
    rows = await connection.fetch(
        "SELECT alive, seq, name, kind, doc FROM (SELECT EXISTS (SELECT 1 FROM runs WHERE id = $1) AS alive) AS run"
        " LEFT JOIN LATERAL (SELECT * FROM events WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3) AS e ON true"
        " ORDER BY seq",
        run_id,
        after,
        limit,
    )
    found = [(seq, Event(name, kind, msgspec.json.decode(doc))) for _, seq, name, kind, doc in rows if seq is not None]
    return found, bool(rows[0][0]) or len(found) == limit


def _stored(row: Sequence[Any]) -> Stored:
    return Stored(msgspec.json.decode(row[0]), row[1], row[2])


async def _place(connection: Connection, kind: str, parent: str, name: str, id: str | None) -> int | None:
    if id is None:
        return None
    key = (kind, plain(parent), plain(id))
    statement = "SELECT seq FROM objects WHERE kind = $1 AND parent = $2 AND id = $3"
    found: int | None = await connection.fetchval(statement, *key)
    if found is None:
        raise UnknownCursorError(name, id)
    return found
