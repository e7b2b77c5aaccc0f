"""How workflows call operations: rows of the table through the session."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from ..core.endpoint import Endpoint
from ..core.options import Options
from ..core.request import Form, Request, bind
from ..endpoints import KINDS
from ..errors import AssistantsError, FilesDeadlineError
from ..session import SessionManager
from ..wire import Response

T = TypeVar("T")
Job = Callable[[], Awaitable[None]]
"""Something to do, once."""

CLEANUP = 10.0
"""Most seconds that tidying up at the server may take once a workflow has failed or was cancelled."""


class Caller(msgspec.Struct, frozen=True):
    """What the calls of one workflow are made with."""

    session: SessionManager
    options: Options
    validate: bool = True

    def bind(
        self, row: Endpoint[Any, Any], ids: tuple[object, ...], keywords: Mapping[str, Any], form: Form | None = None
    ) -> Request:
        """Check the arguments of a call, and make its request."""
        protocol = self.session.protocol
        return bind(row, ids, keywords, protocol=protocol, validate=self.validate, kinds=KINDS, form=form)

    async def send(self, request: Request, result: type[T]) -> Response[T]:
        """Send a request, and read its answer."""
        return await self.session.send(request, self.options, result)

    async def call(self, row: Endpoint[T, Any], *ids: object, **keywords: Any) -> T:
        """Call an operation for its value."""
        return (await self.send(self.bind(row, ids, keywords), row.result)).value


async def in_parallel(jobs: Iterable[Job], limit: int, *beside: Job) -> None:
    """Run jobs, at most `limit` of them at once, and those in `beside` besides.

    The first error ends the others, and comes out as it is.
    """
    import anyio

    failures: list[Exception] = []

    async def work(jobs: Iterator[Job]) -> None:
        for job in jobs:
            try:
                await job()
            except Exception as error:  # noqa: BLE001  # raised below: the task group would wrap it in a group
                failures.append(error)
                group.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as group:
        left = iter(jobs)
        for source in (*([left] * limit), *(iter((job,)) for job in beside)):
            group.start_soon(work, source)
    if failures:
        raise failures[0]


def stopped_by(error: BaseException, scope: asyncio.Timeout, deadline: float | None) -> AssistantsError | None:
    """What ended a workflow before its end: its deadline, or an error of the client's; None for anything else.

    The rest, cancellation and what a callback of the caller's raises among it, comes out as it is.
    """
    if isinstance(error, AssistantsError):
        return error
    if deadline is not None and isinstance(error, TimeoutError) and scope.expired():
        return FilesDeadlineError(f"not done after {deadline:g} s", deadline=deadline)
    return None


def check_seconds(name: str, keyword: str, seconds: float | None) -> None:
    """Refuse what is no positive number of seconds."""
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{name}(): {keyword} must be seconds or None, not {type(seconds).__name__}")
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"{name}(): {keyword} must be positive and finite, not {seconds!r}")


def check_count(name: str, keyword: str, count: int, most: int | None = None) -> None:
    """Refuse what is no positive whole number, or past the most."""
    if isinstance(count, bool) or not isinstance(count, int):  # pyright: ignore[reportUnnecessaryIsInstance]  callers without a checker
        raise TypeError(f"{name}(): {keyword} must be int, not {type(count).__name__}")
    if count < 1 or (most is not None and count > most):
        wanted = "at least 1" if most is None else f"1 to {most}"
        raise ValueError(f"{name}(): {keyword} must be {wanted}, not {count}")
