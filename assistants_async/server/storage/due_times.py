"""Times at which things are due, soonest first."""

from __future__ import annotations

from heapq import heapify, heappop, heappush


class DueTimes:
    """A heap of due times by key; taking a key back costs nothing until its entry comes up.

    Looking for what is due costs the same with one key as with 100,000, where a scan of 100,000 files took 5.6 ms
    of each request (2026-11).
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._heap: list[tuple[float, str]] = []

    def add(self, key: str, due: float) -> None:
        """Set the time of a key."""
        self._due[key] = due
        heappush(self._heap, (due, key))

    def discard(self, key: str) -> None:
        """Take a key back; one that is not there is ignored."""
        self._due.pop(key, None)
        # Entries of keys that were taken back would pile up until their time.
        if len(self._heap) > 2 * len(self._due) + 64:
            self._heap = [(due, key) for key, due in self._due.items()]
            heapify(self._heap)

    def take(self, now: float) -> list[str]:
        """Take the keys that are due, soonest first."""
        taken: list[str] = []
        while self._heap and self._heap[0][0] <= now:
            due, key = heappop(self._heap)
            if self._due.get(key) == due:
                del self._due[key]
                taken.append(key)
        return taken
