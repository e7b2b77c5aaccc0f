"""The base of all framers of a response: bytes in as they arrive, whole items out, errors after the items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final, Generic, TypeVar

from ..._typing import override
from ...errors import ItemDecodeError, ItemTooLargeError, StreamError
from ..requests.options import OwnFraming

Item = TypeVar("Item")

DEFAULT_LIMIT: Final = 64 * 1024 * 1024
"""Bytes that one item may have where the caller sets no limit."""

PARTIAL_CAP: Final = 1024
"""Bytes of an unfinished item that are kept for an error."""

_BOM = b"\xef\xbb\xbf"


class Framer(ABC, Generic[Item]):
    """Base of the decoders: finds the items of one body, however it is cut into pieces.

    Items come before errors: `feed` returns the items that were whole before something went wrong and leaves the
    error in `error`, to be raised once they have been handed over; feeding on raises it.
    """

    __slots__ = ("_limit", "_start", "error", "items")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # First bytes while they may still turn out to be a byte order mark; None from then on.
        self._start: bytes | None = b""
        self.error: StreamError | None = None
        """The error that ended the decoding; its `items` counts the items that `feed` returned before."""
        self.items = 0
        """The number of items returned so far."""

    def feed(self, data: bytes) -> list[Item]:
        """Take the next piece of the body and return the items that it completes.

        Raises what is in `error`, if that was there before the call.
        """
        if self.error is not None:
            raise self.error
        if self._start is not None:
            data = self._after_bom(self._start + data)
        found: list[Item] = []
        try:
            self._scan(data, found)
        except StreamError as error:
            self._fail(error, len(found))
        self.items += len(found)
        return found

    @abstractmethod
    def _scan(self, data: bytes, found: list[Item]) -> None:
        """Go on through the body and append each item that is whole."""

    def _after_bom(self, head: bytes) -> bytes:
        if _BOM.startswith(head) and head != _BOM:
            self._start = head
            return b""
        self._start = None
        return head.removeprefix(_BOM)

    def _fail(self, error: StreamError, found: int) -> None:
        # The items of this piece come before the error, so they count.
        error.items = self.items + found
        if isinstance(error, ItemDecodeError):
            error.index = error.items
        # It is raised later and from elsewhere: the frames of now would only keep the buffers alive.
        self.error = error.with_traceback(None)

    def _too_large(self, what: str) -> ItemTooLargeError:
        return ItemTooLargeError(f"{what} of more than {self._limit} bytes", limit=self._limit)


class JSONFramer(Framer[bytes]):
    """Base of the framers of JSON: `feed` as the body arrives, `finish` at its end.

    An item longer than `max_item_bytes` ends the framing with `ItemTooLargeError`, a byte that is not allowed between
    items with `ItemDecodeError`; both as `Framer` describes, after the items before.
    """

    __slots__ = ()

    def __init__(self, max_item_bytes: int = DEFAULT_LIMIT) -> None:
        super().__init__(max_item_bytes)

    @property
    def closed_envelope(self) -> bytes | None:
        """The JSON object around the items, once it has arrived whole; None before, and for formats without one."""
        return None

    def finish(self) -> list[bytes]:
        """Say that the body has ended, and return the item that only its end completes.

        Raises `StreamTruncatedError` where the body ended inside an item, and what is in `error` before that.
        """
        # A body of one or two bytes may begin like a byte order mark and be none.
        rest, self._start = self._start or b"", None
        found = self.feed(rest)
        if self.error is not None:
            raise self.error
        try:
            last = self._end()
        except StreamError as error:
            self._fail(error, 0)
            raise
        self.items += len(last)
        return found + last

    @abstractmethod
    def _end(self) -> list[bytes]:
        """The last item, if only the end completes it; raises for one that is cut."""


class OwnFramer(JSONFramer):
    """A framing of the caller's, with what every framer here has besides."""

    __slots__ = ("_own",)

    def __init__(self, own: OwnFraming, limit: int) -> None:
        super().__init__(limit)
        self._own = own

    @override
    def _scan(self, data: bytes, found: list[bytes]) -> None:
        found += self._own.feed(data)

    @override
    def _end(self) -> list[bytes]:
        return self._own.finish()
