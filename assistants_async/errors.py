"""Everything the client raises, as data; `__str__` writes the sentence.

    AssistantsError
    ├── TransportError              nothing usable came back
    │   ├── ConnectFailedError      no connection could be made: nothing was sent
    │   ├── TimedOutError           a limit passed: `phase` says which
    │   ├── ConnectionLostError     cut or broken after the request was sent
    │   └── ClientClosedError       the client was closed
    ├── StatusError                 the server answered with an error
    │   ├── RedirectError           3xx
    │   ├── BadRequestError         400
    │   │   └── ThreadBusyError     the thread has an active run
    │   ├── AuthenticationError     401
    │   ├── PermissionDeniedError   403
    │   ├── NotFoundError           404
    │   │   └── EndpointRetiredError    404 from the vendor's retired servers
    │   ├── ConflictError           409
    │   ├── UnprocessableError      422
    │   ├── RateLimitedError        429
    │   └── ServerError             5xx
    ├── DecodeError                 a 2xx body that is not what the operation promises
    ├── BodyTooLargeError           a body past the client's cap
    ├── StreamError
    │   ├── StreamInterruptedError  a run's stream ended before its terminal event
    │   ├── StreamTruncatedError    the body ended inside an item
    │   ├── ItemDecodeError         an item that cannot be decoded
    │   ├── ItemTooLargeError       an item past the limit
    │   └── StreamEventError        an `error` event
    └── PaginationError             a server that repeats a cursor

Misuse is not among them: it is `TypeError`, `ValueError` (`ValidationError`, `WrongProtocolError`)
or `RuntimeError`, raised before anything is sent.
Every error can be pickled. Each keeps one note that names the operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Literal, cast

from ._typing import override
from .wire import HTTPResponse

Phase = Literal["pool", "connect", "head", "idle", "total"]
"""The limits of `Timeout`, in the order in which a call meets them."""

_SECRET = re.compile(r"\b(?:sk|key|sess)-[A-Za-z0-9_\-]{6,}")
# C0, DEL, C1 and the two Unicode line ends: what would forge a log line or move a terminal's cursor.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def printable(text: str, limit: int = 200) -> str:
    """Make a server's text safe to show: key-shaped parts masked, controls escaped, cut at `limit` characters."""
    masked = _SECRET.sub("[masked]", text[: 4 * limit])
    escaped = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), masked)
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + "…"


class AssistantsError(Exception):
    """The base of every error that a call or a stream can end with."""

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[Exception], args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    # Not `kind(*args)`: the constructors take keywords, and would run twice.
    error = kind.__new__(kind, *args)
    error.args = args  # which OSError, a base of time-outs, does not set before its __init__
    error.__dict__.update(state)
    return error


class TransportError(AssistantsError):
    """Nothing usable came back from the server."""

    def __init__(self, message: str, *, maybe_processed: bool = False, attempts: int = 1) -> None:
        super().__init__(message)
        self.maybe_processed = maybe_processed
        """Whether the server may have acted on the request: look before sending a create again."""
        self.attempts = attempts
        """How many times the request was sent."""


class ConnectFailedError(TransportError):
    """No connection could be made (DNS, refused, TLS, proxy): the request was not sent."""


class ConnectionLostError(TransportError):
    """The connection was cut, or what came over it is not HTTP, after the request was sent."""


class ClientClosedError(TransportError, RuntimeError):  # pyright: ignore[reportUnsafeMultipleInheritance]  both only store the message
    """The client was closed: before the call was made, or while it was under way."""


class TimedOutError(TransportError, TimeoutError):  # pyright: ignore[reportUnsafeMultipleInheritance]  both only store the message
    """A time limit passed before the answer was whole."""

    def __init__(
        self, phase: Phase, limit: float, *, status: int | None = None, maybe_processed: bool = False, attempts: int = 1
    ) -> None:
        super().__init__(f"{phase} time-out of {limit:g} s", maybe_processed=maybe_processed, attempts=attempts)
        self.phase: Phase = phase
        """Which limit it was: waiting for a pool slot, connecting, for the head, between bytes, or in all."""
        self.limit = limit
        """The limit in seconds."""
        self.status = status
        """Status code of the head, where one had arrived."""

    @property
    def is_long_poll(self) -> bool:
        """Whether a 2xx head had arrived, so that the server only stopped talking."""
        return self.status is not None and 200 <= self.status < 300


class StatusError(AssistantsError):
    """The server answered with a status that is not 2xx."""

    def __init__(self, http: HTTPResponse, error: dict[str, Any] | None = None, *, attempts: int = 1) -> None:
        super().__init__()
        error = error or {}
        self.http = http
        """The answer: head and body."""
        self.status = http.status
        """Status code."""
        self.message = _text(error.get("message")) or ""
        """The server's own words, unchanged; empty where it sent none."""
        self.type = _text(error.get("type"))
        """The server's class of error, such as `"invalid_request_error"`."""
        self.code = _text(error.get("code"))
        """The server's code, such as `"rate_limit_exceeded"`."""
        self.param = _text(error.get("param"))
        """The request field that the server names."""
        self.attempts = attempts
        """How many times the request was sent."""

    @property
    def request_id(self) -> str | None:
        """The server's own name of the request, to quote when asking its operator."""
        return self.http.request_id

    @override
    def __str__(self) -> str:
        reason = f" {printable(self.http.reason, 60)}" if self.http.reason else ""
        text = printable(self.message) or self._excerpt()
        code = f" ({printable(self.code, 60)})" if self.code else ""
        request = f" [request {printable(self.request_id, 80)}]" if self.request_id else ""
        return f"{self.status}{reason}{': ' if text else ''}{text}{code}{request}"

    def _excerpt(self) -> str:
        body = printable(self.http.content[:1000].decode("utf-8", "replace").strip())
        return f"{self.http.content_type or 'untyped'} body {body!r}" if body else "no body"


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None if value is None else str(value)


class RedirectError(StatusError):
    """3xx: redirects are never followed, since they would carry the key to another place."""


class BadRequestError(StatusError):
    """400: the server refuses the request as it is."""


class AuthenticationError(StatusError):
    """401: no key, or not one that the server knows."""


class PermissionDeniedError(StatusError):
    """403: the key may not do this."""


class NotFoundError(StatusError):
    """404: no such object, or no such operation on this server."""


class ConflictError(StatusError):
    """409: the object is not in a state that allows this."""


class UnprocessableError(StatusError):
    """422: well formed, but not acceptable to the server."""


class ServerError(StatusError):
    """5xx: the server failed."""


class RateLimitedError(StatusError):
    """429: too many requests, or no quota left (`code` tells which)."""

    retry_after: float | None = None
    """Seconds that the server asks to wait; None where it did not say."""


class ThreadBusyError(BadRequestError):
    """The thread has an active run, which locks it against new messages and runs."""

    run_id: str | None = None
    """The active run, read from the server's message; None where it names none."""


class EndpointRetiredError(NotFoundError):
    """404 from the vendor, which stopped serving this protocol on 2026-08-26."""

    @override
    def __str__(self) -> str:
        return (
            f"{self.http.url.partition('?')[0]} answered 404: the vendor stopped serving the Assistants API on "
            "2026-08-26; point base_url at a server that speaks it, or run one: python -m assistants_async serve"
        )


class DecodeError(AssistantsError):
    """A 2xx body that is not the JSON document which the operation promises."""

    def __init__(self, problem: str, http: HTTPResponse, path: str = "$") -> None:
        super().__init__(problem)
        self.http = http
        """The answer: head and body."""
        self.path = path
        """Where in the document, such as `"$.data[3].status"`."""

    @override
    def __str__(self) -> str:
        body = printable(self.http.content[:1000].decode("utf-8", "replace"), 120)
        kind = self.http.content_type or "no content type"
        return f"{printable(str(self.args[0]))} at {printable(self.path)} ({self.http.status}, {kind}, body {body!r})"


class BodyTooLargeError(AssistantsError):
    """A body, or what it decompresses to, is past the client's cap; nothing more of it was read."""

    def __init__(self, limit: int, *, status: int) -> None:
        super().__init__(f"body of more than {limit} bytes")
        self.limit = limit
        """The cap in bytes."""
        self.status = status
        """Status code of the answer."""


class StreamError(AssistantsError):
    """A response stream that did not end well; the items before it have been delivered."""

    def __init__(self, message: str, *, items: int = 0) -> None:
        super().__init__(message)
        self.items = items
        """How many items were delivered before."""


class StreamInterruptedError(StreamError):
    """A run's stream ended without its terminal event; the run itself may go on at the server."""

    def __init__(
        self,
        message: str,
        *,
        items: int = 0,
        run_id: str | None = None,
        thread_id: str | None = None,
        last_event: str | None = None,
    ) -> None:
        super().__init__(message, items=items)
        self.run_id = run_id
        """The run, from its first event; None where none had come: list the thread's runs to find it."""
        self.thread_id = thread_id
        """The run's thread."""
        self.last_event = last_event
        """Name of the last event that was delivered."""


class StreamTruncatedError(StreamError):
    """The body ended inside an item."""

    def __init__(self, message: str, *, items: int = 0, partial: bytes = b"") -> None:
        super().__init__(message, items=items)
        self.partial = partial
        """The bytes of the unfinished item, cut at 1 KiB."""


class ItemDecodeError(StreamError):
    """An item of a stream cannot be decoded."""

    def __init__(self, message: str, *, items: int = 0, index: int = 0, raw: bytes = b"", path: str = "$") -> None:
        super().__init__(message, items=items)
        self.index = index
        """Place of the item in the stream, from 0."""
        self.raw = raw
        """The item's bytes."""
        self.path = path
        """Where in the item, such as `"$.delta.content[0]"`."""


class ItemTooLargeError(StreamError):
    """An item of a stream is longer than the limit."""

    def __init__(self, message: str, *, items: int = 0, limit: int = 0) -> None:
        super().__init__(message, items=items)
        self.limit = limit
        """The limit in bytes."""


class StreamEventError(StreamError):
    """The server reported an error inside the stream."""

    def __init__(self, error: dict[str, Any], *, items: int = 0) -> None:
        message = _text(error.get("message")) or ""
        super().__init__(printable(message) or "the server sent an error event", items=items)
        self.message = message
        """The server's own words, unchanged."""
        self.type = _text(error.get("type"))
        """The server's class of error."""
        self.code = _text(error.get("code"))
        """The server's code."""
        self.param = _text(error.get("param"))
        """The request field that the server names."""


class PaginationError(AssistantsError):
    """The server sent a cursor that was used before, so the list would never end."""

    def __init__(self, cursor: str, *, items: int = 0) -> None:
        super().__init__(f"the server repeated the cursor {printable(cursor)!r} after {items} items")
        self.cursor = cursor
        """The cursor that came again."""
        self.items = items
        """How many items were delivered before."""


class ValidationError(ValueError):
    """A request value that breaks a rule of the protocol; nothing was sent."""

    def __init__(self, operation: str, path: str, rule: str, value: object = None) -> None:
        super().__init__(operation, path, rule, value)
        self.operation = operation
        """The method, such as `"runs.create"`."""
        self.path = path
        """Where in the arguments, such as `"messages[0].content"`."""
        self.rule = rule
        """What the protocol asks for there."""
        self.value = value
        """What was given."""

    @override
    def __str__(self) -> str:
        shown = printable(repr(self.value), 80)
        return f"{self.operation}(): {self.path}: {self.rule}, not {shown}"


class WrongProtocolError(ValueError):
    """An operation or field that the client's protocol version lacks; nothing was sent."""

    def __init__(self, operation: str, field: str | None, protocol: str, wanted: str) -> None:
        super().__init__(operation, field, protocol, wanted)
        self.operation = operation
        """The method, such as `"assistants.create"`."""
        self.field = field
        """The argument that the version lacks; None for the whole operation."""
        self.protocol = protocol
        """The version that the client speaks."""
        self.wanted = wanted
        """The version that has it."""

    @override
    def __str__(self) -> str:
        what = f"{self.operation}(): {self.field}" if self.field else f"{self.operation}()"
        return f"{what} is in protocol {self.wanted} only, and this client speaks {self.protocol}"


def is_long_poll_timeout(error: BaseException) -> bool:
    """Whether an error is, holds or was caused by a time-out after a 2xx head: the server only stopped talking."""
    return any(isinstance(inner, TimedOutError) and inner.is_long_poll for inner in _all_of(error))


def is_interrupted(error: BaseException) -> bool:
    """Whether an error is, holds or was caused by the client being closed while the call was under way."""
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
