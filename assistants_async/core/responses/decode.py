"""Decoding of an answer: into a value, or into the error that says why there is none."""

from __future__ import annotations

import re
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import msgspec

from ..._typing import is_array, is_object
from ...errors import (
    AuthenticationError,
    BadRequestError,
    ConflictError,
    DecodeError,
    EndpointRetiredError,
    ItemDecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    RedirectError,
    ServerError,
    StatusError,
    ThreadBusyError,
    UnprocessableError,
)
from ...models.decoding import decoder_for, rule_and_path
from ...models.kinds import check_kind
from ...models.pages import AnyPage
from ...response import HTTPResponse
from ..requests.retry import retry_after

T = TypeVar("T")

_VENDOR = "api.openai.com"

_BY_STATUS: dict[int, type[StatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableError,
    429: RateLimitedError,
}

_BOM = b"\xef\xbb\xbf"
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
# The id may lack its prefix on other servers.
_RUN_ID = r"\brun (?!is\b)([A-Za-z0-9_\-]+)"


class Answer(Protocol):
    """A whole answer: its body, and its head for errors."""

    @property
    def content(self) -> bytes:
        """The body."""
        ...

    @property
    def http(self) -> HTTPResponse:
        """The answer with its head, for errors to show."""
        ...


def decode(  # noqa: C901  # each answer comes through here, and a call for a part of it costs more than the part
    type: type[T], answer: Answer, *, strict: bool = False, keep_unknown: bool = False
) -> T:
    """Read a 2xx answer as the operation's type.

    Gives None for the empty answer of a delete. Raises `DecodeError`, and `StatusError` where a
    server put an error object under a 2xx status.
    """
    if type is bytes:
        return cast("T", answer.content)
    content = answer.content
    if content[:1] != b"{":  # as hardly any does
        content = content.removeprefix(_BOM)
        if not content.strip():
            if answer.http.method == "DELETE":  # which needs no more than its status
                return cast("T", None)
            raise DecodeError("empty body", answer.http)
    decoder = decoder_for(type)
    try:
        read = decoder.decode_strict if strict else decoder.decode_keeping if keep_unknown else decoder.decode
        value = read(content)
        # Every member of a page has a default, so an error object, too, would read as an empty one.
        page: Any = value
        named, blank = page, False
        listed = isinstance(value, AnyPage)
        if listed:
            blank = not page.data and "data" not in _members.decode(content)
            named = page.data[0] if page.data else None  # the items of a list are of one kind
        # Looked at here, as a call for each answer would cost more than the look.
        if decoder.has_kind and named is not None and named.object not in named.kinds:
            check_kind(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        text, path = _problem(error)
        problem = DecodeError(_no_json(content) or text, answer.http, path)
    else:
        if not blank:
            return value
        problem = DecodeError("object missing required field `data`", answer.http)
    if (reported := in_band_error(content)) is not None:
        raise StatusError(answer.http, reported, attempts=answer.http.attempts)
    raise problem


def in_band_error(content: bytes, *, whole: bool = False) -> dict[str, Any] | None:
    """The error that a server sent in place of an object; `whole` if it may come without `error` around it."""
    if b'"error"' not in content and not whole:
        return None
    body = _loads(content)
    if is_object(body) and body.get("error") and "id" not in body:
        return _error_of(body)
    return _error_of(body if is_object(body) else {"message": content.decode("utf-8", "replace")}) if whole else None


def unreadable(what: str, raw: bytes, error: Exception, items: int) -> ItemDecodeError:
    """The error of a stream's item that cannot be decoded; `items` came before it."""
    problem, path = _problem(error)
    return ItemDecodeError(f"{what}: {problem} at {path}", items=items, index=items, raw=raw, path=path)


def _no_json(content: bytes) -> str | None:
    """Say what a body begins with that is no JSON at all, in the words of the streamed form; None for any other."""
    start = content.lstrip()[:5]
    if not start or start[:1] in b'{["-0123456789' or start.startswith((b"true", b"false", b"null")):
        return None
    return f"expected a JSON value, not {start[:1]!r}"


def _problem(error: Exception) -> tuple[str, str]:
    """Return the problem in words, and its path."""
    if isinstance(error, RecursionError):
        return "nested too deeply", "$"
    return rule_and_path(error)


def is_vendor(url: str) -> bool:
    """Check whether a URL leads to the protocol's vendor, who has retired parts of it."""
    return urlsplit(url).hostname == _VENDOR


def _is_retired(url: str) -> bool:
    """Return True for the vendor's retired operations: all but those of files, vector stores and uploads."""
    return is_vendor(url) and not {"assistants", "threads"}.isdisjoint(urlsplit(url).path.split("/")[:3])


def error_for(http: HTTPResponse, now: float) -> StatusError:
    """The error of a status that is not 2xx, with the server's own words from whatever shape they came in.

    `now` is seconds since 1970, to read dates in headers by.
    """
    error = _error_of(_loads(http.content))
    kind = _BY_STATUS.get(http.status, StatusError)
    if http.status >= 500:
        kind = ServerError
    elif 300 <= http.status < 400:
        kind = RedirectError
    elif http.status == 404 and _is_retired(http.url):
        kind = EndpointRetiredError
    elif http.status == 400 and _names_active_run(str(error.get("message") or "")):
        kind = ThreadBusyError
    failure = kind(http, error, attempts=http.attempts)
    if isinstance(failure, ThreadBusyError):
        found = re.search(_RUN_ID, failure.message)
        failure.run_id = found[1] if found else None
    failure.retry_after = retry_after(http.headers, now)
    return failure


def _names_active_run(message: str) -> bool:
    """Return True for the refusal of a thread with an active run, in either of the vendor's wordings."""
    # "Thread thread_x already has an active run run_y.", "Can't add messages to thread_x while a run run_y is active."
    # Two searches and no pattern: `while a run.*is active` takes hours for 1 MiB of the first half.
    return "already has an active run" in message or "is active" in message.partition("while a run ")[2]


def _loads(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _error_of(body: Any) -> dict[str, Any]:
    """The members `message`, `type`, `code` and `param`, from the shapes that servers really send."""
    if not is_object(body):
        return {}
    error = body.get("error")
    if is_object(error):
        return error
    detail = body.get("detail")
    if is_array(detail):  # FastAPI's validation errors
        detail = "; ".join(str(item.get("msg", item)) if is_object(item) else str(item) for item in detail)
    elif is_object(detail):
        return _error_of({"error": detail})
    message = body.get("message") or detail or error
    return {
        "message": message if isinstance(message, str) else None,
        **{k: body.get(k) for k in ("type", "code", "param")},
    }
