"""The progress and the result of a move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .._typing import override
from ..core.checks import plain_function
from ..errors import printable, short_repr

_NAMED = 10
"""Conflicts that an error names."""

Stage = Literal["checks", "assistants", "files", "vector_stores", "contents", "threads"]
"""A part of a move, in this order."""


class MovingProgress(NamedTuple):
    """The progress of one part of a move."""

    stage: Stage
    """The part."""
    done: int
    """Objects of this part that are done."""
    total: int | None
    """Objects of this part in all; None where the number is unknown."""


OnProgress = Callable[[MovingProgress], object]
"""Called after each object."""


class MovingProblem(NamedTuple):
    """An object, or a part of one, that could not be moved."""

    kind: str
    """Kind of the object, such as `"file"`."""
    id: str
    """Its id; empty where a whole list is missing."""
    reason: str
    """The reason, in one sentence."""


@dataclass(frozen=True, slots=True)
class MovingReport:
    """The result of a move."""

    counts: Mapping[str, int]
    """Objects that were written, by kind; those that were there already are not counted."""
    problems: tuple[MovingProblem, ...] = ()
    """All that could not be moved, in the order of their kinds and ids."""

    @property
    def is_complete(self) -> bool:
        """True where everything was moved."""
        return not self.problems


class ImportConflictError(ValueError):
    """A store has other objects under ids of the account; nothing was imported."""

    def __init__(self, store: str, conflicts: Sequence[MovingProblem]) -> None:
        super().__init__(store, conflicts)
        self.store = store
        """Kind and place of the store."""
        self.conflicts = tuple(sorted(conflicts))
        """All of them."""

    @override
    def __str__(self) -> str:
        named = [f"{one.kind} {one.id}" for one in self.conflicts[:_NAMED]]
        more = len(self.conflicts) - len(named)
        return (
            f"nothing was imported: {self.store} has other content for {', '.join(named)}"
            f"{f' and {more} more' if more else ''}; on_conflict 'skip' leaves those as they are"
        )


@dataclass(slots=True)
class Account:
    """The counts and problems of a move under way."""

    on_progress: OnProgress | None
    counts: Counter[str] = field(default_factory=Counter[str])
    problems: list[MovingProblem] = field(default_factory=list[MovingProblem])
    _done: Counter[str] = field(default_factory=Counter[str])

    def advance(self, stage: Stage, total: int | None = None) -> None:
        """Count one more object of a part as done, and call the caller's function."""
        self._done[stage] += 1
        if self.on_progress is not None:
            self.on_progress(MovingProgress(stage, self._done[stage], total))

    def miss(self, kind: str, id: str, reason: str) -> None:
        """Note an object that could not be moved."""
        self.problems.append(MovingProblem(kind, id, reason))

    def miss_without_id(self, kind: str, found: Mapping[str, object]) -> None:
        """Note an object whose id cannot name it in a path or a folder."""
        self.miss(kind, "", f"one is listed whose id cannot be used: {printable(short_repr(found.get('id'), 60))}")

    def report(self) -> MovingReport:
        """Make the report: sorted, since objects are moved side by side."""
        return MovingReport(dict(self.counts), tuple(sorted(self.problems)))


def check_progress(name: str, on_progress: OnProgress | None) -> None:
    """Refuse a function that is none, or is async."""
    plain_function(f"{name}(): on_progress", on_progress, "progress")
