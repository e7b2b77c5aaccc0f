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
    """A fault, and the requests that it is played to: those that fit everything that is given.

    `nth`, `every` and `times` count the requests that fit. A rule holds its counts, so it belongs to one server.
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
            method: Such as `"POST"`.
            path: A pattern of the path, such as `"*/threads/*/runs"`.
            operation: An operationId, such as `"createRun"`.
            when: Any other condition; it sees the request before its body has been read.
            nth: Only the nth of them, from 1.
            every: Only each second, third, ... of them.
            times: No more than so many; else what the fault itself says, or all.
            probability: From 0 to 1; the server's seed decides which.

        Raises `ValueError` for names that there are not, and for numbers out of their range.
        """
        if isinstance(fault, str):
            fault = named(fault)
        elif not isinstance(fault, Fault):
            fault = Fault(getattr(fault, "__name__", "own"), fault)
        if every < 1 or not 0 <= probability <= 1 or any(count is not None and count < 1 for count in (nth, times)):
            raise ValueError("nth, every and times are at least 1, probability is from 0 to 1")
        self.fault = fault
        """The fault that is played."""
        self.matched = 0
        """The number of requests that matched, with or without the fault played."""
        self.played = 0
        """The number of requests it was played to."""
        self._method = method
        self._path = path
        self._operation = None if operation is None else find(operation).operation
        self._when = when
        self._nth = nth
        self._every = every
        self._times = fault.times if times is None else times
        self._probability = probability

    def takes(self, seen: Seen, random: Random) -> bool:
        """Count this request, and check whether the fault is to be played to it."""
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
    """The operationId of a request; None where there is no such operation."""
    for operation, verb, pattern in _patterns():
        if verb == method and pattern.fullmatch(path):
            return operation
    return None


@cache
def _patterns() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    # Fixed parts before ids, as the server's router has it: `/threads/runs` is no thread.
    rows = sorted(TABLE.values(), key=lambda row: [part.startswith("{") for part in row.path.split("/")])
    prefixes = "|".join(_segments(prefix) for prefix in PREFIXES)
    return tuple((row.operation, row.method, re.compile(f"(?:{prefixes}){_segments(row.path)}")) for row in rows)


def _segments(path: str) -> str:
    return re.sub(r"\{\w+\}", "[^/]+", path)
