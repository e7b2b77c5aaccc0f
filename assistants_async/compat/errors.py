"""Errors under openai-python's names: each is a subclass of the native error, so that both names catch it."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

from .. import errors
from .._typing import override
from ..errors import AssistantsError
from .web import WebRequest, WebResponse


class OpenAIError(AssistantsError):
    """The base of all errors."""


class APIError(OpenAIError):
    """A call or a stream that failed."""

    type: str | None = None
    """The server's class of error."""
    code: str | None = None
    """The server's code."""
    param: str | None = None
    """The request field that the server names."""
    message: str = ""
    """The server's own words, or the problem in ours."""

    @property
    def body(self) -> object | None:
        """The error object of the answer, the answer's text where it has none, or None without an answer."""
        http = getattr(self, "http", None)
        if http is None:
            return None
        try:
            document: Any = json.loads(http.content)
        # A proxy answers in HTML: openai-python shows its text then.
        except ValueError:
            return cast("str", http.content.decode("utf-8", "replace"))
        error: object = cast("dict[str, Any]", document).get("error", document) if type(document) is dict else document
        return error

    @property
    def request(self) -> WebRequest | None:
        """Method and URL of the request that was answered; None where none was."""
        http = getattr(self, "http", None)
        return None if http is None else WebRequest(http.method, http.url)

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        # By the native class: pickle cannot find one that was made at run time.
        return _revived, (_native(type(self)), self.args, self.__dict__)


class APIConnectionError(APIError, errors.TransportError):
    """Nothing usable came back from the server."""


class APITimeoutError(APIConnectionError, errors.TimedOutError):
    """A time limit passed."""


class _AnsweredError(APIError):
    """The part of errors that have an answer."""

    @property
    def response(self) -> WebResponse:
        """The answer."""
        return WebResponse(cast("Any", self).http)

    @property
    def status_code(self) -> int:
        """Status code of the answer."""
        return self.response.status_code


class APIResponseValidationError(_AnsweredError, errors.DecodeError):
    """An answer that is not what the operation promises."""


class APIStatusError(_AnsweredError, errors.StatusError):
    """The server answered with a status that is not 2xx."""


class BadRequestError(APIStatusError, errors.BadRequestError):
    """400."""


class AuthenticationError(APIStatusError, errors.AuthenticationError):
    """401."""


class PermissionDeniedError(APIStatusError, errors.PermissionDeniedError):
    """403."""


class NotFoundError(APIStatusError, errors.NotFoundError):
    """404."""


class ConflictError(APIStatusError, errors.ConflictError):
    """409."""


class UnprocessableEntityError(APIStatusError, errors.UnprocessableError):
    """422."""


class RateLimitError(APIStatusError, errors.RateLimitedError):
    """429."""


class InternalServerError(APIStatusError, errors.ServerError):
    """5xx."""


_CLASSES: tuple[type[APIError], ...] = (
    *(BadRequestError, AuthenticationError, PermissionDeniedError, NotFoundError, ConflictError),
    *(UnprocessableEntityError, RateLimitError, InternalServerError, APIStatusError),
    *(APIResponseValidationError, APITimeoutError, APIConnectionError, APIError),
)
"""The classes by what they are subclasses of, the narrower first."""


def _native(kind: type) -> type[Any]:
    """Return the native class behind an error's."""
    return next(each for each in kind.__mro__ if each.__module__.startswith(errors.__name__))


@cache
def _class_for(kind: Any) -> Any:
    """Return the subclass of a native error that has openai-python's name among its bases."""
    theirs = next(each for each in _CLASSES if issubclass(kind, _native(each)))
    # Of both: old code catches openai-python's name, code that was ported the native one.
    return theirs if _native(theirs) is kind else type(kind.__name__, (theirs, kind), {"__doc__": kind.__doc__})


def _revived(kind: Any, args: tuple[Any, ...], state: dict[str, Any]) -> Exception:
    made = _class_for(kind)
    error: Exception = made.__new__(made, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def translated(error: AssistantsError) -> Exception:
    """Make the same error as a subclass of its class that openai-python's names catch."""
    made = _revived(type(error), error.args, error.__dict__)
    # Every error of openai-python has a message, and old code logs it.
    if not getattr(made, "message", ""):
        made.__dict__["message"] = str(error)
    return made.with_traceback(error.__traceback__)


@contextmanager
def translating() -> Generator[None]:
    """Enter to raise native errors under openai-python's names."""
    try:
        yield
    except AssistantsError as error:
        # Not from the native error, which is the same one: a traceback would show it twice.
        raise translated(error) from error.__cause__
