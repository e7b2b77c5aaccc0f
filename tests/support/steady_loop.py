"""An event loop whose clock does not run on while the machine is busy, and runs ahead where nothing can come."""

from __future__ import annotations

import asyncio
import os
import selectors
import stat
import threading
import time
from collections.abc import Mapping
from typing import Any

MS = 0.001
"""One millisecond, by the clock of this loop."""

TURN = 5e-5
"""Seconds that one turn of the loop takes on its clock, so that work without a pause reaches a time limit too."""


GLANCE = 0.02
"""Seconds for which a pause looks for data where only this loop could send it."""

LONGEST_LEAP = 2.0
"""Seconds of the longest pause that is cut short: what is longer guards against hanging, and is not meant to end."""

_THREADS = threading.active_count()  # those of pytest, and of the workers that it may run in


class SteadyLoop(asyncio.SelectorEventLoop):
    """An event loop on real sockets whose clock counts its pauses and its turns, not what they took in fact.

    A limit of 30 ms ends after 30 ms in which nothing could be done. The processor may go to other processes for
    seconds meanwhile: neither a limit nor a measured duration changes by that. Where no thread and no other process
    could send anything, a pause is cut short: the clock goes on by all of it after a glance at the sockets.
    """

    def __init__(self) -> None:
        self._elapsed = time.monotonic()
        super().__init__(_Pauses(self))

    def time(self) -> float:
        """Read the clock: seconds of pauses and turns so far."""
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._elapsed += seconds


class _Pauses(selectors.BaseSelector):
    """The usual selector, which puts the loop's clock forward by each pause that nothing ended early."""

    def __init__(self, loop: SteadyLoop) -> None:
        self._loop = loop
        self._usual = selectors.DefaultSelector()
        self._others: set[int] = set()  # pipes and the like, whose other end is a process

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets; data that ends a pause early counts as if it had been there at once."""
        leaps = timeout is not None and GLANCE < timeout <= LONGEST_LEAP and not self._others and _is_alone()
        ready = self._usual.select(GLANCE if leaps else timeout)
        self._loop.advance(TURN if ready or timeout is None else max(TURN, timeout))
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a socket."""
        key = self._usual.register(fileobj, events, data)
        if not stat.S_ISSOCK(os.fstat(key.fd).st_mode):
            self._others.add(key.fd)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Watch it no longer."""
        key = self._usual.unregister(fileobj)
        self._others.discard(key.fd)
        return key

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch it for other events."""
        return self._usual.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return the watched sockets."""
        return self._usual.get_map()

    def close(self) -> None:
        """Watch nothing any more."""
        self._usual.close()


def _is_alone() -> bool:
    """Return True where neither a thread nor a child of this process could send anything."""
    if threading.active_count() > _THREADS:
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    return False
