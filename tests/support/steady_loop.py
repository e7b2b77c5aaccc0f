"""An event loop whose clock does not run on while the machine is busy with something else."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Mapping
from typing import Any

MS = 0.001
"""One millisecond, by the clock of this loop."""

TURN = 5e-5
"""Seconds that one turn of the loop takes on its clock, so that work without a pause reaches a time limit too."""


class SteadyLoop(asyncio.SelectorEventLoop):
    """An event loop on real sockets whose clock counts its pauses and its turns, not what they took in fact.

    A limit of 30 ms ends after 30 ms in which nothing could be done. The processor may go to other processes for
    seconds meanwhile: neither a limit nor a measured duration changes by that.
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

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for sockets; data that ends a pause early counts as if it had been there at once."""
        ready = self._usual.select(timeout)
        self._loop.advance(TURN if ready or timeout is None else max(TURN, timeout))
        return ready

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch a socket."""
        return self._usual.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        """Watch it no longer."""
        return self._usual.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """Watch it for other events."""
        return self._usual.modify(fileobj, events, data)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        """Return the watched sockets."""
        return self._usual.get_map()

    def close(self) -> None:
        """Watch nothing any more."""
        self._usual.close()
