"""Answers out of memory, in place of a server: what is left is the work of this client alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from assistants_async import Headers, PreparedRequest, Timeout


class Canned:
    """One answer, its pieces there at once: a transport whose server is ahead of the reader."""

    status = 200
    reason = "OK"

    def __init__(self, content_type: str, pieces: Iterable[bytes]) -> None:
        self.headers = Headers([("content-type", content_type)])
        self._pieces: Iterator[bytes] = iter(pieces)

    def read_all_nowait(self) -> bytes:
        return b"".join(self._pieces)

    def read_nowait(self) -> bytes | None:
        return next(self._pieces, b"")

    async def read(self) -> bytes:
        return next(self._pieces, b"")

    def translated(self, error: BaseException) -> None:
        pass

    def close(self) -> None:
        pass


class CannedTransport:
    """A transport that gives one answer after the other, to any request."""

    def __init__(self, answers: Iterable[Canned]) -> None:
        self._answers = iter(answers)

    def start(self, headers: Mapping[str, str] | None) -> None:
        pass

    async def open(self, outgoing: PreparedRequest, timeout: Timeout) -> Canned:  # noqa: ARG002
        return next(self._answers)

    async def close(self) -> None:
        pass
