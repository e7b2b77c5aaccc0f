"""A cache of what can be made again: the least recently used goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

KeyT = TypeVar("KeyT", bound=Hashable)
ValueT = TypeVar("ValueT")


class Cache(Generic[KeyT, ValueT]):
    """Keeps values up to a total cost."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._cost = 0
        self._entries: OrderedDict[KeyT, tuple[ValueT, int]] = OrderedDict()

    def get(self, key: KeyT) -> ValueT | None:
        """Return a value, which is the last to go from now on; None where it is not there."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        self._entries.move_to_end(key)
        return entry[0]

    def put(self, key: KeyT, value: ValueT, cost: int) -> None:
        """Keep a value of this cost; one that is dearer than the cache is kept alone."""
        old = self._entries.pop(key, None)
        self._cost += cost - (0 if old is None else old[1])
        self._entries[key] = value, cost
        while self._cost > self._most and len(self._entries) > 1:
            self._cost -= self._entries.popitem(last=False)[1][1]
