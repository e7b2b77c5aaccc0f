"""Decoders of plain answers: a body's JSON items, or its bytes as they arrive."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec

from ...errors import ConnectionLostError, StreamError, StreamEventError, StreamTruncatedError, TransportError
from ...models.kinds import check_kind
from ..requests.options import BadItemHook
from ..responses.decode import in_band_error, unreadable
from .framer import PARTIAL_CAP, JSONFramer
from .sse import ServerSentEvent, SSEDecoder

S = TypeVar("S")

# Bytes that are no part of a document: a byte order mark and white space.
_BLANK = b"\xef\xbb\xbf \t\r\n"


class ItemBodyDecoder(Generic[S]):
    """JSON values in any framing, each decoded as one type."""

    __slots__ = ("_decode", "_framer", "_has_kind", "_items", "_needed", "_skip", "finished")

    def __init__(
        self,
        framer: JSONFramer | SSEDecoder,
        decode: Callable[[bytes], S],
        skip: BadItemHook | None,
        *,
        needed: bool = False,
        has_kind: bool = False,
    ) -> None:
        # A document must follow until something of it has come: an empty body is none.
        self._needed = needed
        self._framer = framer
        self._decode = decode
        self._skip = skip
        self._has_kind = has_kind
        self._items = 0
        self.finished = False

    def feed(self, data: bytes) -> list[Any]:
        """The raw items that a piece of the body completes."""
        if self._needed and data.strip(_BLANK):
            self._needed = False
        return list[Any](self._framer.feed(data))

    def finish(self) -> list[Any]:
        """Return the raw items that the end completes; raises `StreamTruncatedError` inside an item, or before any."""
        if self._needed:
            raise StreamTruncatedError("the body is empty", items=0, partial=b"")
        if isinstance(self._framer, JSONFramer):
            return list[Any](self._framer.finish())
        if rest := self._framer.finish():
            text = "the body ended inside an event"
            raise StreamTruncatedError(text, items=self._items, partial=rest[:PARTIAL_CAP])
        return []

    @property
    def error(self) -> Exception | None:
        """The error that the framer found behind the items that it returned, or an error object in place of a list."""
        error, around = self._framer.error, self._around
        if error is not None and around is not None and (reported := in_band_error(around)) is not None:
            return StreamEventError(reported, items=self._items)
        return error

    @property
    def end_marker_seen(self) -> bool:
        """True once a list's closing brace, or `[DONE]`, has arrived."""
        return self.finished or self._around is not None

    @property
    def _around(self) -> bytes | None:
        return self._framer.closed_envelope if isinstance(self._framer, JSONFramer) else None

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """Make the error of a cut body: a truncation inside an item; else the connection's own error."""
        if isinstance(cause, ConnectionLostError) and not self._needed:
            try:
                self.finish()
            except StreamTruncatedError as error:
                error.__cause__ = cause
                return error
            except StreamError:
                pass
        return cause

    def decode(self, frame: Any) -> S | None:
        """Decode one raw item, leaving out a bad one where `on_bad_item` is given."""
        raw: bytes = frame.data if isinstance(frame, ServerSentEvent) else frame
        # The closing mark of servers that stream JSON as server-sent events; it is no item.
        if self.finished or raw == b"[DONE]":
            self.finished = True
            return None
        try:
            item = self._decode(raw)
            named: Any = item
            if self._has_kind and named.object not in named.kinds:
                check_kind(item)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            # Servers report an error in the middle of a list as an object among its items.
            if (reported := in_band_error(raw)) is not None:
                raise StreamEventError(reported, items=self._items) from None
            bad = unreadable("item", raw, error, self._items)
            if self._skip is None:
                raise bad from error
            self._skip(bad)
            return None
        self._items += 1
        return item


class RawBodyDecoder:
    """The body's pieces as they come."""

    error = None
    end_marker_seen = False
    finished = False

    def feed(self, data: bytes) -> list[Any]:
        """The piece itself."""
        return [data]

    def finish(self) -> list[Any]:
        """Nothing more."""
        return []

    def on_disconnect(self, cause: TransportError) -> Exception | None:
        """The connection's own error."""
        return cause

    def decode(self, frame: Any) -> bytes | None:
        """The piece itself."""
        piece: bytes = frame
        return piece
