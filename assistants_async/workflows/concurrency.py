"""Jobs side by side, so many at once: the first error ends the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator

from ..errors import AssistantsError, FilesDeadlineError

Work = Callable[[], Awaitable[None]]
"""Something to do, once."""

CLEANUP = 10.0
"""Most seconds that tidying up at the server may take once a workflow has failed or was cancelled."""


async def in_parallel(jobs: Iterable[Work], limit: int, *beside: Work) -> None:
    """Run jobs, at most `limit` of them at once, and those in `beside` besides.

    The first error ends the others, and comes out as it is.
    """
    import anyio

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
