"""Stopping an operation at a suspension of the tester's choice: every await that gives the loop a turn is a number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from enum import Enum
from typing import Any, Literal, NamedTuple

import anyio

Moment = Literal["waiting", "woken"]
"""The moment to stop: at the start of a wait, or at its result before the operation goes on."""


class Steps:
    """Counts the suspensions of one operation, in all of its tasks, and calls `stop` at one of them, or at several."""

    def __init__(self, at: int, moment: Moment, stop: Callable[[], object], times: int = 1) -> None:
        self.count = 0
        """Suspensions so far."""
        self.stopped = False
        """True once the operation reached the chosen suspension."""
        self._chosen = range(at, at + times)
        self._moment = moment
        self._stop = stop

    def suspended(self, waits_for: Any) -> None:
        """Note a suspension; `waits_for` is the object yielded to the loop: a future, or None for a bare turn of it."""
        self.count += 1
        if self.count not in self._chosen:
            return
        self.stopped = True
        if self._moment == "woken" and asyncio.isfuture(waits_for):
            # Put on before the task's own callback, so that it runs when the future is done and before the task does.
            waits_for.add_done_callback(lambda _: self._stop())
        else:
            self._stop()


_steps: ContextVar[Steps | None] = ContextVar("steps", default=None)


class Stepped(Coroutine[Any, Any, Any]):
    """A coroutine whose suspensions are counted."""

    def __init__(self, inner: Coroutine[Any, Any, Any], steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def send(self, value: Any, /) -> Any:
        """Step it."""
        waits_for = self._inner.send(value)
        self._steps.suspended(waits_for)
        return waits_for

    def throw(self, typ: Any, val: Any = None, tb: Any = None, /) -> Any:
        """Step it with an exception."""
        waits_for = self._inner.throw(typ if val is None else val)
        self._steps.suspended(waits_for)
        return waits_for

    def close(self) -> None:
        """Give it up."""
        self._inner.close()

    # anyio reads it to find a task that has not started.

    @property
    def cr_running(self) -> bool:
        """True while it is stepped."""
        return bool(getattr(self._inner, "cr_running"))  # noqa: B009  # not every coroutine type says that it has it

    @property
    def cr_suspended(self) -> bool:
        """True while it waits."""
        return bool(getattr(self._inner, "cr_suspended"))  # noqa: B009  # the same

    @property
    def cr_frame(self) -> Any:
        """Its frame."""
        return getattr(self._inner, "cr_frame")  # noqa: B009  # the same

    def __await__(self) -> Any:
        raise NotImplementedError  # tasks step it


def begin(coroutine: Coroutine[Any, Any, Any], steps: Steps) -> asyncio.Task[Any]:
    """Make the operation's task; tasks that it starts in its turn are counted too."""
    context = copy_context()
    context.run(_steps.set, steps)
    return asyncio.get_running_loop().create_task(coroutine, context=context)


@contextmanager
def counting() -> Iterator[None]:
    """Enter to have the loop's tasks counted, those of operations: the server's are made in other contexts."""
    loop = asyncio.get_running_loop()
    before = loop.get_task_factory()
    loop.set_task_factory(_make)
    try:
        yield
    finally:
        loop.set_task_factory(before)


def _make(loop: asyncio.AbstractEventLoop, coro: Any, context: Context | None = None) -> asyncio.Task[Any]:
    steps = (context or copy_context()).get(_steps)
    return asyncio.Task(coro if steps is None else Stepped(coro, steps), loop=loop, context=context)


Operation = Callable[[], Coroutine[Any, Any, Any]]
Way = Callable[[Operation, int, Moment], Coroutine[Any, Any, Any]]
"""Runs an operation and stops it at its n-th suspension; returns its outcome.

An error that is not this way's own is raised.
"""


class End(Enum):
    """The end of an operation without a value."""

    STOPPED = "stopped"
    """It ended as the way of stopping it says."""


STOPPED = End.STOPPED


class Result(NamedTuple):
    """The result of an operation."""

    value: Any
    """Its value, or `STOPPED` if it ended just as the way of stopping it says."""
    reached: bool
    """True where the suspension was reached at all."""


async def by_cancel(operation: Operation, at: int, moment: Moment, times: int = 1) -> Result:
    """`task.cancel()`: the task ends as cancelled, and nothing else."""
    task: asyncio.Task[Any]
    steps = Steps(at, moment, lambda: task.cancel(), times)  # noqa: PLW0108  # there is no task yet
    with counting():
        task = begin(operation(), steps)
        await asyncio.wait([task])
    got: Any = asyncio.CancelledError() if task.cancelled() else task.exception() or task.result()
    if not steps.stopped:
        return Result(_value(got), reached=False)
    assert isinstance(got, asyncio.CancelledError), f"cancelled at {at}, and it went on to {got!r}"
    return Result(STOPPED, reached=True)


async def by_cancel_twice(operation: Operation, at: int, moment: Moment) -> Result:
    """The same, and once more at the next suspension, in what cleans up."""
    return await by_cancel(operation, at, moment, 2)


async def by_timeout(operation: Operation, at: int, moment: Moment) -> Result:
    """`asyncio.timeout` around it: the scope's own `TimeoutError`, unless it was done in that moment."""
    scope = asyncio.timeout(None)

    def expire() -> None:
        if not scope.expired():
            scope.reschedule(0)

    steps = Steps(at, moment, expire)

    async def run() -> Any:
        try:
            async with scope:
                return await operation()
        except TimeoutError as error:
            assert type(error) is TimeoutError
            assert scope.expired()
            return STOPPED
        finally:
            assert _cancelling() == 0

    with counting():
        return Result(await begin(run(), steps), steps.stopped)


async def by_anyio(operation: Operation, at: int, moment: Moment) -> Result:
    """An anyio scope around it, which catches its own cancellation."""
    scope = anyio.CancelScope()
    steps = Steps(at, moment, scope.cancel)

    async def run() -> Any:
        value: Any = STOPPED
        with scope:
            value = await operation()
        assert scope.cancelled_caught == (value is STOPPED)
        assert _cancelling() == 0
        return value

    with counting():
        return Result(await begin(run(), steps), steps.stopped)


async def by_neighbour(operation: Operation, at: int, moment: Moment) -> Result:
    """A task of the same group that fails: the group raises that error alone."""
    fall = asyncio.Event()
    steps = Steps(at, moment, fall.set)
    values: list[Any] = []

    async def run() -> None:
        values.append(await operation())

    async def fail() -> None:
        await fall.wait()
        raise KeyError("neighbour")

    try:
        with counting():
            async with asyncio.TaskGroup() as group:
                neighbour = group.create_task(fail())
                context = copy_context()
                context.run(_steps.set, steps)
                task = group.create_task(run(), context=context)
                task.add_done_callback(lambda _: steps.stopped or neighbour.cancel())
    except ExceptionGroup as error:
        assert [repr(each) for each in error.exceptions] == ["KeyError('neighbour')"]
    return Result(values[0] if values else STOPPED, steps.stopped)


def _cancelling() -> int:
    task = asyncio.current_task()
    assert task is not None
    return task.cancelling()


def _value(got: Any) -> Any:
    if isinstance(got, BaseException):
        raise got
    return got
