"""The server answered: with an error, or with a body that cannot be used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._typing import override
from ..response import HTTPResponse
from .base import AssistantsError, printable, text_of

if TYPE_CHECKING:
    from ..models.runs import Run


class StatusError(AssistantsError):
    """The server answered with a status that is not 2xx."""

    def __init__(self, http: HTTPResponse, error: dict[str, Any] | None = None, *, attempts: int = 1) -> None:
        super().__init__()
        error = error or {}
        self.http = http
        """The answer: head and body."""
        self.status = http.status
        """Status code."""
        self.message = text_of(error.get("message")) or ""
        """The server's own words, unchanged; empty where it sent none."""
        self.type = text_of(error.get("type"))
        """The server's class of error, such as `"invalid_request_error"`."""
        self.code = text_of(error.get("code"))
        """The server's code, such as `"rate_limit_exceeded"`."""
        self.param = text_of(error.get("param"))
        """The request field that the server names."""
        self.attempts = attempts
        """The number of times the request was sent."""

    retry_after: float | None = None
    """Seconds that the server asks to wait; None where it did not say."""

    @property
    def request_id(self) -> str | None:
        """The server's own name of the request, to quote when asking its operator."""
        return self.http.request_id

    @override
    def __str__(self) -> str:
        reason = f" {printable(self.http.reason, 60)}" if self.http.reason else ""
        # A body that is no error object (a proxy's HTML) still says something about its cause.
        text = printable(self.message) or self._excerpt()
        if self.status == 407:  # which no server of the API answers with
            text = f"a proxy wants a user name and a password, to be put into its URL; {text}"
        code = f" ({printable(self.code, 60)})" if self.code else ""
        request = f" [request {printable(self.request_id, 80)}]" if self.request_id else ""
        return f"{self.status}{reason}{': ' if text else ''}{text}{code}{request}"

    def _excerpt(self) -> str:
        body = printable(self.http.content[:1000].decode("utf-8", "replace").strip())
        return f"{printable(self.http.content_type, 60) or 'untyped'} body {body!r}" if body else "no body"


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
    """429: too many requests, or no quota left, as `code` says."""


class ThreadBusyError(BadRequestError):
    """The thread has an active run, which locks it against new messages and runs."""

    run_id: str | None = None
    """The active run: the one that was waited for last, else as the server's message names it; None where unknown."""
    run: Run | None = None
    """The active run as last retrieved, where `if_active` made the call wait for it."""
    waited: float | None = None
    """Seconds for which the call had been trying by then; None where it was not to wait."""

    @override
    def __str__(self) -> str:
        if self.waited is None:
            return super().__str__()
        left = (
            f"run {printable(self.run.id, 80)} was {printable(str(self.run.status), 80)}"
            if self.run
            else "no run was seen"
        )
        return f"{super().__str__().removesuffix('.')}; after {self.waited:.3g} s {left}"


class EndpointRetiredError(NotFoundError):
    """404 of an operation on assistants or threads, which the vendor stopped serving on 2026-08-26."""

    @override
    def __str__(self) -> str:
        said = super().__str__().removesuffix(".")
        return (
            f"{said}; the vendor stopped serving the Assistants API on 2026-08-26: point base_url at a server that "
            "speaks it, or run one: python -m assistants_async serve"
        )


class DecodeError(AssistantsError):
    """A 2xx body that is not the JSON document which the operation promises."""

    def __init__(self, problem: str, http: HTTPResponse, path: str = "$") -> None:
        super().__init__(problem)
        self.http = http
        """The answer: head and body."""
        self.path = path
        """The path within the document, such as `"$.data[3].status"`."""

    @override
    def __str__(self) -> str:
        body = printable(self.http.content[:1000].decode("utf-8", "replace"), 120)
        kind = printable(self.http.content_type, 60) or "no content type"
        return f"{printable(str(self.args[0]))} at {printable(self.path)} ({self.http.status}, {kind}, body {body!r})"


class BodyTooLargeError(AssistantsError):
    """A body, or what it decompresses to, is past the client's cap; nothing more of it was read."""

    def __init__(self, limit: int, *, status: int) -> None:
        super().__init__(f"body of more than {limit} bytes")
        self.limit = limit
        """The cap in bytes."""
        self.status = status
        """Status code of the answer."""
