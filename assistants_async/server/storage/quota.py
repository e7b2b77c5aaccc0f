"""The memory that a server may take: the bytes of a store in memory, and those of requests under way."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from ..errors import full
from .collection import DOCUMENT_COST
from .interface import Store


class Room:
    """Memory that a request takes while its body is read; it is given back when the request has been served."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self.taken = 0
        """Bytes that were taken."""

    def take(self, size: int) -> None:
        """Take so many bytes more; raises the 507 where there is no room for them."""
        if not self._quota.has_room(size):
            raise full(self._quota.most)
        self._quota.in_flight += size
        self.taken += size


class Quota:
    """The cap on the bytes of a store in memory and of the requests to it."""

    def __init__(self, store: Store, most: int) -> None:
        self._store = store
        self.most = most
        """Bytes at most, as an estimate."""
        self.in_flight = 0
        """Bytes of requests under way."""

    @contextmanager
    def room(self) -> Generator[Room, None, None]:
        """Enter for the memory of one request that makes or changes something."""
        room = Room(self)
        try:
            room.take(DOCUMENT_COST)
            yield room
        finally:
            self.in_flight -= room.taken

    def has_room(self, size: int) -> bool:
        """Return True where so many bytes more may be kept."""
        return self._store.size + self.in_flight + size <= self.most
