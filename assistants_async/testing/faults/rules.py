"""The choice of a fault for each request."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cache
from random import Random

from ..._typing import override
from ...endpoints import TABLE, find
from ...server.app import PREFIXES
from .exchange import Fault, Play
from .http import Seen
from .table import named


class Rule:
    """A fault, and the conditions of the requests that get it: all of them must be met.

    `nth`, `every` and `times` count the requests that meet the others. A rule keeps its counts, so use it for one
    server.
    """

    def __init__(
        self,
        fault: str | Fault | Play,
        *,
        method: str | None = None,
        path: str | None = None,
        operation: str | None = None,
        when: Callable[[Seen], bool] | None = None,
        nth: int | None = None,
        every: int = 1,
        times: int | None = None,
        probability: float = 1.0,
    ) -> None:
        """Make a rule.

        Args:
            fault: A name of `FAULTS`, a `Fault`, or a function that plays one.
            method: A method, such as `"POST"`.
            path: A pattern of the path, such as `"*/threads/*/runs"`.
            operation: An operationId, such as `"createRun"`.
            when: Any other condition, a function of the request before its body has been read.
            nth: Only the nth such request, from 1.
            every: Only each second, third, … such request.
            times: At most this number of requests; None takes the number of the fault itself.
            probability: From 0 to 1; the choice depends on the server's seed.

        Raises `ValueError` for unknown names, and for numbers out of their range.
        """
        if isinstance(fault, str):
            fault = named(fault)
        elif not isinstance(fault, Fault):
            fault = Fault(getattr(fault, "__name__", "own"), fault)
        if every < 1 or not 0 <= probability <= 1 or any(count is not None and count < 1 for count in (nth, times)):
            raise ValueError("nth, every and times must be 1 or more, probability must be from 0 to 1")
        self.fault = fault
        """The fault of the rule."""
        self.matched = 0
        """The number of requests that met the conditions, with or without the fault."""
        self.played = 0
        """The number of requests that got the fault."""
        self._method = method
        self._path = path
        # Looked up here: a misspelled operation fails where it is written, not as a rule that never matches.
        self._operation = None if operation is None else find(operation).operation
        self._when = when
        self._nth = nth
        self._every = every
        self._times = fault.times if times is None else times
        self._probability = probability

    def takes(self, seen: Seen, random: Random) -> bool:
        """Count a request that meets the conditions, and check its turn; True where it gets the fault."""
        if not self._fits(seen):
            return False
        self.matched += 1
        due = (
            self.matched % self._every == 0
            and self._nth in (None, self.matched)
            and (self._times is None or self.played < self._times)
            and (self._probability >= 1 or random.random() < self._probability)
        )
        self.played += due
        return due

    def _fits(self, seen: Seen) -> bool:
        return (
            self._method in (None, seen.method)
            and (self._path is None or fnmatchcase(seen.path, self._path))
            and (self._operation is None or operation_of(seen.method, seen.path) == self._operation)
            and (self._when is None or self._when(seen))
        )

    @override
    def __repr__(self) -> str:
        return f"<Rule {self.fault.name}, played to {self.played} of {self.matched}>"


def operation_of(method: str, path: str) -> str | None:
    """Return the operationId of a request; None for a request of no operation."""
    for operation, verb, pattern in _patterns():
        if verb == method and pattern.fullmatch(path):
            return operation
    return None


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    # Fixed parts before ids, as in the server's router: `runs` in `/threads/runs` is no id of a thread.
    rows = sorted(TABLE.values(), key=lambda row: [part.startswith("{") for part in row.path.split("/")])
    prefixes = "|".join(_segments(prefix) for prefix in PREFIXES)
    return tuple((row.operation, row.method, re.compile(f"(?:{prefixes}){_segments(row.path)}")) for row in rows)


def _segments(path: str) -> str:
    return re.sub(r"\{\w+\}", "[^/]+", path)
