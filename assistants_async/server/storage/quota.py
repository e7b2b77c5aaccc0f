"""The memory that a server may take: the bytes of a store in memory, and those of requests under way."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from ..errors import full
from .collection import DOCUMENT_COST
from .interface import Store


class Room:
    """Memory of one request that makes or changes something: it is taken with its body, and given back at its end."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota
        self.taken = 0
        """Bytes that were taken."""

    def __enter__(self) -> Self:
        self.take(DOCUMENT_COST)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._quota.in_flight -= self.taken

    def take(self, size: int) -> None:
        """Take so many bytes more; raises the 507 where there is no room for them."""
        quota = self._quota
        if not quota.has_room(size):
            raise full(quota.most)
        quota.in_flight += size
        self.taken += size


class Quota:
    """The cap on the bytes of a store in memory and of the requests to it."""

    def __init__(self, store: Store, most: int) -> None:
        self._store = store
        self.most = most
        """Bytes at most, as an estimate."""
        self.in_flight = 0
        """Bytes of requests under way."""

    def has_room(self, size: int) -> bool:
        """Return True where so many bytes more may be kept."""
        return self._store.size + self.in_flight + size <= self.most
