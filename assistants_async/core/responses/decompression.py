"""Bodies that are compressed though no request accepts that: decompressed piece by piece, and checked to the end.

aiohttp would pass a gzip body that is cut short as a whole one, and has no bound on what a small one grows to.
"""

from __future__ import annotations

import zlib
from typing import Protocol

PIECE = 256 * 1024
"""Bytes given out at once: the reader, which counts them, can stop before the next."""

_GZIP = 16 + zlib.MAX_WBITS
# Bytes at the start that say how the rest is packed.
_TELLING = 2


class _Inner(Protocol):
    """The object that `zlib.decompressobj` makes; its class has no public name."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    @property
    def unconsumed_tail(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class Inflater:
    """Undoes one content coding (RFC 9110, 8.4.1); raises `ValueError` for an unknown one."""

    def __init__(self, coding: str) -> None:
        self._coding = coding.strip().lower().removeprefix("x-")
        if self._coding not in ("gzip", "deflate"):
            raise ValueError(f"a body in the coding {coding[:60]!r}, which was not requested")
        self._inner: _Inner | None = None
        self._rest: bytes = b""
        self.pending = False
        """True while `feed` may have more to give without another byte."""

    def feed(self, data: bytes) -> bytes:
        """Take compressed bytes and return at most `PIECE` decompressed ones; raises `ValueError` for bad ones."""
        data = self._rest + data
        if self._inner is None or self._inner.eof:
            if self._inner is not None:
                # What follows a gzip member is another one (RFC 1952, 2.2), or padding.
                data = data.lstrip(b"\0")
            if len(data) < _TELLING:
                self._rest, self.pending = data, False
                return b""
            self._inner = self._begin(data)
        try:
            found = self._inner.decompress(data, PIECE)
        except zlib.error as error:
            raise ValueError(f"a body that is no {self._coding}: {error}") from None
        self._rest = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
        self.pending = bool(self._rest) or len(found) == PIECE
        return found

    def finish(self) -> None:
        """Take note of the end of the body; raises `ValueError` where it comes before that of the compressed data."""
        if self._rest or (self._inner is not None and not self._inner.eof):
            raise ValueError(f"a {self._coding} body that is cut short")

    def _begin(self, data: bytes) -> _Inner:
        if self._coding == "gzip":
            return zlib.decompressobj(_GZIP)
        # What is called deflate should have zlib's two bytes in front, and often has not.
        wrapped = data[0] & 15 == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
        return zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
