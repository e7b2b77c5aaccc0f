"""Cancelling a run at the server."""

from __future__ import annotations

from typing import NamedTuple

from ...errors import AssistantsError, printable
from ...models.runs import Run
from .requests import RunRequests


class Left(NamedTuple):
    """A run as a wait has left it."""

    run: Run
    """The run as it was last seen."""
    text: str
    """Its state, in words for an error."""


async def cancel_run(requests: RunRequests, thread_id: str, run: Run) -> Left:
    """Cancel a run; one that refuses is looked up, since it may have ended by itself meanwhile."""
    try:
        run = await requests.cancel(thread_id, run.id)
    except (AssistantsError, ValueError) as error:  # a ValueError for an id that is none
        try:
            run = (await requests.run(thread_id, run.id)).value
        except (AssistantsError, ValueError):
            return Left(run, f"{named(thread_id, run)}, and could not be cancelled: {error}")
        if run.is_terminal:
            return Left(run, f"{named(thread_id, run)} by then")
        return Left(run, f"{named(thread_id, run)}, and could not be cancelled: {error}")
    return Left(run, f"{named(thread_id, run)}: it was cancelled")


def named(thread_id: str, run: Run) -> str:
    """Name a run, its thread and its status, as errors do."""
    thread = f" of thread {printable(thread_id, 80)}" if thread_id else ""
    return f"run {printable(run.id, 80)}{thread} was {printable(str(run.status), 80)}"
