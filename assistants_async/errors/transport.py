"""Nothing usable came back from the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

from .base import AssistantsError

Phase = Literal["pool", "connect", "head", "idle", "total"]
"""The limits of `Timeout`, in the order in which a call meets them."""


class TransportError(AssistantsError):
    """Nothing usable came back from the server."""

    def __init__(self, message: str, *, maybe_processed: bool = False, attempts: int = 1) -> None:
        super().__init__(message)
        self.maybe_processed = maybe_processed
        """True where the server may have acted on the request: look before sending a create again."""
        self.attempts = attempts
        """The number of attempts to send the request."""
        self.elapsed = 0.0
        """Seconds from the start of the call to this error, waits between attempts included."""

    permanent: bool = False
    """True where another attempt cannot help, as with a certificate that is not trusted."""


class ConnectFailedError(TransportError):
    """No connection could be made (DNS, refused, TLS, proxy): the request was not sent."""


class ConnectionLostError(TransportError):
    """The connection was cut, or what came over it is not HTTP, after the request was sent."""

    stale: bool = False
    """True for an idle connection that was cut before a byte of the answer: the server may have been closing it."""


class ClientClosedError(TransportError, RuntimeError):  # pyright: ignore[reportUnsafeMultipleInheritance]  both only store the message
    """The client was closed: before the call was made, or while it was under way."""


class TimedOutError(TransportError, TimeoutError):  # pyright: ignore[reportUnsafeMultipleInheritance]  both only store the message
    """A time limit passed before the answer was whole."""

    def __init__(
        self, phase: Phase, limit: float, *, status: int | None = None, maybe_processed: bool = False, attempts: int = 1
    ) -> None:
        super().__init__(f"{phase} time-out of {limit:g} s", maybe_processed=maybe_processed, attempts=attempts)
        self.phase: Phase = phase
        """The limit that passed: waiting for a pool slot, connecting, for the head, between bytes, or in all."""
        self.limit = limit
        """The limit in seconds."""
        self.status = status
        """Status code of the head, where one had arrived."""

    @property
    def is_long_poll(self) -> bool:
        """True where a 2xx head had arrived, so that the server only fell silent."""
        return self.status is not None and 200 <= self.status < 300


def is_long_poll_timeout(error: BaseException) -> bool:
    """Check whether an error is, contains or was caused by a time-out after a 2xx head: the server only fell silent."""
    return any(isinstance(inner, TimedOutError) and inner.is_long_poll for inner in _all_of(error))


def is_interrupted(error: BaseException) -> bool:
    """Check whether an error is, contains or was caused by the client being closed while the call was under way."""
    return any(isinstance(inner, ClientClosedError) for inner in _all_of(error))


def _all_of(error: BaseException) -> Iterator[BaseException]:
    """An error with what it groups and what caused it, each once."""
    found: dict[int, BaseException] = {}
    left: list[BaseException] = [error]
    while left:
        inner = left.pop()
        if id(inner) not in found:
            found[id(inner)] = inner
            yield inner
            left += [cause for cause in (inner.__cause__, inner.__context__) if cause is not None]
            if isinstance(inner, BaseExceptionGroup):
                left += cast("BaseExceptionGroup[BaseException]", inner).exceptions
