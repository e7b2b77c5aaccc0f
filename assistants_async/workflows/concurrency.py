"""Several jobs at once, up to a limit: the first error ends the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

import anyio

from ..errors import AssistantsError, FilesDeadlineError

Work = Callable[[], Awaitable[None]]
"""A job, to be done once."""


async def in_parallel(jobs: Iterable[Work], limit: int, *beside: Work) -> None:
    """Run jobs, at most `limit` of them at once, and the jobs in `beside` together with them.

    The first error ends the others, and is raised unchanged.
    """
    failures: list[Exception] = []

    async def work(jobs: Iterator[Work]) -> None:
        for job in jobs:
            try:
                await job()
            except Exception as error:  # noqa: BLE001  # raised below: the task group would wrap it in a group
                failures.append(error)
                group.cancel_scope.cancel()
                return

    async with anyio.create_task_group() as group:
        # One iterator for all workers: each takes the next job when it is free, and none waits for a batch.
        left = iter(jobs)
        for source in (*([left] * limit), *(iter((job,)) for job in beside)):
            group.start_soon(work, source)
    if failures:
        raise failures[0]


def stopped_by(error: BaseException, scope: asyncio.Timeout, deadline: float | None) -> AssistantsError | None:
    """Return the error of a workflow that its deadline or an error of the client ended; None for any other end.

    Any other error, such as a cancellation or one of the caller's callback, is raised unchanged.
    """
    if isinstance(error, AssistantsError):
        return error
    if deadline is not None and isinstance(error, TimeoutError) and scope.expired():
        return FilesDeadlineError(f"not done after {deadline:g} s", deadline=deadline)
    return None
