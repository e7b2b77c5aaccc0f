"""Kinds of documents, and the columns by which stores look for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .interface import Document

ACTIVE = frozenset({"queued", "in_progress", "requires_action", "cancelling"})
"""Statuses of runs that have not ended."""


UNIFORM = frozenset({"message"})
"""Kinds without states and amounts: adding their documents up is counting them, for which an index is enough."""


class Columns(NamedTuple):
    """The members of a document that a store has an index of."""

    state: str = ""
    """The member by which lists are filtered and counted."""
    ref: str = ""
    """Id of another object that it belongs to besides its parent."""
    due: float | None = None
    """Seconds since 1970 at which something is to happen to it."""
    amount: int = 0
    """A number that is summed up."""


def columns(kind: str, document: Document) -> Columns:
    """Return the columns of a document."""
    made = _COLUMNS.get(kind)
    return _NONE if made is None else made(document)


_NONE = Columns()


def _message(message: Document) -> Columns:
    ref: str = message.get("run_id") or ""
    return Columns("", ref) if ref else _NONE


def _run(run: Document) -> Columns:
    status: str = run["status"]
    return Columns(state=status, due=run["expires_at"] if status in ACTIVE else None)


def _store_file(file: Document) -> Columns:
    # Read a pace after it came; one that is stalled for ever has no such time.
    due = file.get("read_at") if file["status"] == "in_progress" else None
    return Columns(file["status"], file.get("batch_id") or "", due, file["usage_bytes"])


_COLUMNS: Mapping[str, Callable[[Document], Columns]] = {
    "batch_file": lambda file: Columns(file["status"]),
    "file": lambda file: Columns(file["purpose"], "", file.get("expires_at")),
    "idempotency": lambda kept: Columns(due=kept["due"]),
    "message": _message,
    "run": _run,
    "step": lambda step: Columns(step["status"], step["run_id"]),
    "store_file": _store_file,
}
