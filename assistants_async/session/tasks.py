"""Tasks and threads for code that may refuse its cancellation: the caller can end without it."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

_LEFT: set[asyncio.Task[Any]] = set()  # the loop has weak references alone: a task that is left behind would vanish


Outcome: TypeAlias = tuple[Any, BaseException | None]
"""The end of some work: its value, or the error that it raised."""


async def contained(work: Callable[[], Awaitable[Any]]) -> Outcome:
    """Do work and return its end; a `SystemExit` raised through a task would stop the event loop."""
    try:
        return await work(), None
    except BaseException as error:  # noqa: BLE001  # raised again by the task that waits for this one
        return None, error


def outcome_of(task: asyncio.Task[Outcome]) -> Outcome:
    """Return the end of contained work whose task is done; a task that was cancelled before it began has none."""
    return (None, asyncio.CancelledError()) if task.cancelled() else task.result()


def in_thread(function: Callable[[], T], *, abandoned: bool = False) -> Coroutine[Any, Any, T]:
    """Run a function in a worker thread, which has the caller's context variables.

    An `abandoned` one goes on alone when the caller is cancelled.
    """
    anyio = load_anyio()
    # Abandoned threads count towards no limit: nobody waits for them to make room.
    own = anyio.CapacityLimiter(1) if abandoned else None
    running: Coroutine[Any, Any, T] = anyio.to_thread.run_sync(function, abandon_on_cancel=abandoned, limiter=own)
    return running


def load_anyio() -> Any:
    """Import anyio on use: most calls need no thread, and nothing of theirs is waited for against its will."""
    import anyio.to_thread  # pyright: ignore[reportUnusedImport]  # a part that `anyio` may lack by itself

    return anyio


async def settled(
    futures: Iterable[asyncio.Future[Any]], seconds: float | None = None, *, first: bool = False
) -> asyncio.CancelledError | None:
    """Wait until futures are done, or the first of them, or the seconds have passed; cancellations do not end the wait.

    Returns the last cancellation that came meanwhile: the caller raises it when all is done.
    """
    pending = {future for future in futures if not future.done()}
    if not pending:
        return None

    anyio = load_anyio()
    clock = asyncio.get_running_loop().time
    until = None if seconds is None else clock() + seconds
    again: asyncio.CancelledError | None = None
    when = asyncio.FIRST_COMPLETED if first else asyncio.ALL_COMPLETED
    while pending:
        left = None if until is None else until - clock()
        if left is not None and left <= 0:
            break
        try:
            # Shielded, since a scope of anyio cancels again at every turn of the loop.
            with anyio.CancelScope(shield=True):
                await asyncio.wait(pending, timeout=left, return_when=when)
        except asyncio.CancelledError as error:
            again = error
        done = {future for future in pending if future.done()}
        pending = set[asyncio.Future[Any]]() if first and done else pending - done
    return again


def leave_behind(task: asyncio.Task[Any], name: str) -> str:
    """Let a task that refused its cancellation go on alone; return, and warn with, the sentence that says so."""
    _LEFT.add(task)
    task.add_done_callback(_LEFT.discard)
    text = f"{name} did not end when it was cancelled, and was left behind"
    warnings.warn(text, RuntimeWarning, stacklevel=2)
    return text
