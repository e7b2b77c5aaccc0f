"""The tokens that the runs of a thread have spent."""

from __future__ import annotations

import msgspec

from ...calls.context import CallContext
from ...core.usage import sum_usage
from ...endpoints import LIST_RUNS
from ...models.threads import Thread

_PAGE = 100


class ThreadUsage(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of all runs of a thread, as `client.usage` adds them up."""

    prompt_tokens: int
    """Tokens read."""
    completion_tokens: int
    """Tokens written."""
    total_tokens: int
    """Both together."""
    runs: int
    """The number of runs that the thread has."""
    unreported: int
    """The number of those that have no usage: they have not ended yet, or the server does not count."""


async def usage_of(context: CallContext, thread: Thread | str) -> ThreadUsage:
    """Add up the usage of a thread's runs; see `client.usage`."""
    runs = await context.list(LIST_RUNS, thread, limit=_PAGE).collect()
    spent = sum_usage(runs)
    return ThreadUsage(
        prompt_tokens=spent.prompt_tokens or 0,
        completion_tokens=spent.completion_tokens or 0,
        total_tokens=spent.total_tokens or 0,
        runs=len(runs),
        unreported=sum(run.usage is None for run in runs),
    )
