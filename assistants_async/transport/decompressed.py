"""A compressed body, undone while it is read."""

from __future__ import annotations

from ..core.responses.decompression import Inflater
from ..errors import ConnectionLostError, TransportError
from .interface import RawResponse


def decompressed(raw: RawResponse, coding: str) -> RawResponse:
    """Undo the compression of a raw response while it is read; raises `ValueError` for a coding not known here."""
    return _Decompressed(raw, Inflater(coding))


class _Decompressed:
    __slots__ = ("_inflater", "_raw", "headers", "reason", "status")

    def __init__(self, raw: RawResponse, inflater: Inflater) -> None:
        self._raw = raw
        self._inflater = inflater
        self.status = raw.status
        self.reason = raw.reason
        self.headers = raw.headers

    def read_all_nowait(self) -> bytes | None:
        return None

    def read_nowait(self) -> bytes | None:
        return None

    async def read(self) -> bytes:
        inflater, piece = self._inflater, b""
        try:
            while True:
                if not inflater.pending:
                    piece = await self._raw.read()
                    if not piece:
                        inflater.finish()
                        return b""
                if found := inflater.feed(piece):
                    return found
                piece = b""
        except ValueError as error:
            raise ConnectionLostError(f"the server sent {error}", maybe_processed=True) from None

    def translated(self, error: BaseException) -> TransportError | None:
        return error if isinstance(error, TransportError) else self._raw.translated(error)

    def close(self) -> None:
        self._raw.close()
