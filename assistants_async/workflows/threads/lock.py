"""A lock that keeps a thread to one task of this process."""

from __future__ import annotations

import asyncio
from types import TracebackType
from weakref import WeakKeyDictionary, WeakValueDictionary


class _Lock(asyncio.Lock):
    """A lock that knows its owner."""

    owner: asyncio.Task[object] | None = None


class ThreadLock:
    """A lock of one thread for the tasks of this process and event loop; first come, first served.

    Other processes, the server, other event loops, and calls outside of such blocks know nothing of the lock. It can be
    entered again once it was left; a task that has the thread's lock already gets a `RuntimeError`, since it would wait
    for itself for ever.
    """

    __slots__ = ("_held", "_key")

    def __init__(self, base_url: str, thread_id: str) -> None:
        self._key = (base_url, thread_id)
        self._held: dict[asyncio.AbstractEventLoop, _Lock] = {}

    async def __aenter__(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        lock = _LOCKS.setdefault(loop, WeakValueDictionary()).setdefault(self._key, _Lock())
        if lock.locked() and lock.owner is task:
            raise RuntimeError(f"threads.lock: this task has the lock of thread {self._key[1]} already")
        await lock.acquire()
        lock.owner, self._held[loop] = task, lock

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        lock = self._held.pop(asyncio.get_running_loop())
        lock.owner = None
        lock.release()


# The locks of each event loop, by server and thread: weak, so that a lock is freed with its last owner or waiter.
_Locks = WeakValueDictionary[tuple[str, str], _Lock]
_LOCKS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Locks] = WeakKeyDictionary()
